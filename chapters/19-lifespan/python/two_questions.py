"""The two questions that a server asks an application about its life, and the state between them; by hand, without a server.

    python3 chapters/19-lifespan/python/two_questions.py

examples/two_questions.rs says the same, line for line.
"""

import asyncio
from urllib.parse import parse_qs


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await open_and_close(scope, receive, send)
    elif scope["type"] == "http":
        form = parse_qs((await receive())["body"].decode())
        scope["state"]["guest_book"].append(form["name"][0])
        await send({"type": "http.response.start", "status": 303, "headers": [(b"location", b"/guests")]})
        await send({"type": "http.response.body", "body": b"Thank you.\n"})


async def open_and_close(scope, receive, send):
    await receive()  # lifespan.startup
    scope["state"]["guest_book"] = ["Judit"]
    await send({"type": "lifespan.startup.complete"})
    await receive()  # lifespan.shutdown
    await send({"type": "lifespan.shutdown.complete"})


def tell(who, what):
    print(f"  {who:<8} {what}")


def guests(state):
    return ", ".join(state["guest_book"])


# ANCHOR: life
class Life:
    def __init__(self):
        self.state, self.to_app, self.from_app = {}, asyncio.Queue(), asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self.call = asyncio.create_task(app(scope, self.receive, self.send))

    async def receive(self):
        event = await self.to_app.get()
        tell("receive", event["type"])
        return event

    async def send(self, event):
        tell("send", event["type"])
        await self.from_app.put(event)

    async def ask(self, question):
        await self.to_app.put({"type": question})
        assert (await self.from_app.get())["type"] == f"{question}.complete"
# ANCHOR_END: life


async def request(body, state):
    answers = asyncio.Queue()
    parts = asyncio.Queue()
    parts.put_nowait({"type": "http.request", "body": body, "more_body": False})
    await app({"type": "http", "method": "POST", "path": "/guests", "state": dict(state)}, parts.get, answers.put)
    return (await answers.get())["status"]


async def main():
    # ANCHOR: questions
    life = Life()
    await life.ask("lifespan.startup")
    tell("state", guests(life.state))

    status = await request(b"name=Ada", life.state)
    tell("client", f"{status} See Other")
    tell("state", guests(life.state))

    await life.ask("lifespan.shutdown")
    # ANCHOR_END: questions
    await life.call


asyncio.run(main())
