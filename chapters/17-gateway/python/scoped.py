"""The chat as an ASGI application, and a driver that plays the server for two visitors.

    python3 chapters/17-gateway/python/scoped.py

steps/scoped.rs says the same, line for line.
"""

import asyncio


# ANCHOR: app
async def crab_chat(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<h1>Come in and chat</h1>\n"})
    elif scope["type"] == "websocket":
        await chat(scope["query_string"].decode(), scope["state"]["room"], receive, send)
    elif scope["type"] == "lifespan":
        await receive()  # lifespan.startup
        scope["state"]["room"] = set()
        await send({"type": "lifespan.startup.complete"})
        await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})


async def chat(name, room, receive, send):
    others = asyncio.Queue()
    room.add(others)

    def say(line):
        for mailbox in room:
            mailbox.put_nowait(line)

    told, heard = asyncio.create_task(receive()), asyncio.create_task(others.get())
    while True:
        done, _ = await asyncio.wait({told, heard}, return_when=asyncio.FIRST_COMPLETED)
        if heard in done:
            await send({"type": "websocket.send", "text": heard.result()})
            heard = asyncio.create_task(others.get())
        if told in done:
            event = told.result()
            if event["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
            elif event["type"] == "websocket.receive":
                say(f"{name}: {event['text']}")
            elif event["type"] == "websocket.disconnect":
                break
            told = asyncio.create_task(receive())
    heard.cancel()
    room.remove(others)
    say(f"{name} has left")
# ANCHOR_END: app


class Call:
    """A call of the application, and the server's side of it."""

    def __init__(self, scope):
        self.to_app, self.from_app = asyncio.Queue(), asyncio.Queue()
        self.task = asyncio.create_task(crab_chat(scope, self.to_app.get, self.from_app.put))

    async def enter(self, name):
        await self.to_app.put({"type": "websocket.connect"})
        assert (await self.from_app.get())["type"] == "websocket.accept"
        print(f"websocket  {name} is in")

    async def say(self, line):
        await self.to_app.put({"type": "websocket.receive", "text": line})

    async def hears(self, name):
        print(f"websocket  {name} hears {(await self.from_app.get())['text']}")


async def main():
    state = {}
    server = Call({"type": "lifespan", "state": state})
    await server.to_app.put({"type": "lifespan.startup"})
    assert (await server.from_app.get())["type"] == "lifespan.startup.complete"
    print("lifespan   the application is ready")

    page = Call({"type": "http", "method": "GET", "path": "/", "state": dict(state)})
    start, body = await page.from_app.get(), await page.from_app.get()
    print(f"http       {start['status']} OK {body['body'].decode()}", end="")

    ada = Call({"type": "websocket", "query_string": b"Ada", "state": dict(state)})
    await ada.enter("Ada")
    ben = Call({"type": "websocket", "query_string": b"Ben", "state": dict(state)})
    await ben.enter("Ben")
    await ada.say("hello?")
    await ben.hears("Ben")
    await ben.say("hello, Ada")
    await ada.hears("Ada")  # her own
    await ada.hears("Ada")
    await ben.to_app.put({"type": "websocket.disconnect", "code": 1001})
    await ada.hears("Ada")

    await server.to_app.put({"type": "lifespan.shutdown"})
    assert (await server.from_app.get())["type"] == "lifespan.shutdown.complete"
    print("lifespan   the application has put everything away")
    ada.task.cancel()


asyncio.run(main())
