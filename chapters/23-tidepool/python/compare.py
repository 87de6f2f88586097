"""What the servers in Python serve in examples/compare, to the byte what the others do."""

import asyncio

TEXT = (b"content-type", b"text/plain; charset=utf-8")
HELLO = b"Hello, crabs!\n"
PAGE = b"x" * (10 * 1024 - 1) + b"\n"


async def app(scope, receive, send):
    match scope["type"]:
        case "http":
            await answer(scope["path"], receive, send)
        case "websocket":
            await echo(receive, send)
        case "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})


async def answer(path, receive, send):
    match path:
        case "/":
            body = HELLO
        case "/page":
            body = PAGE
        case "/echo":
            body = await whole(receive)
        case "/wait":
            await asyncio.sleep(0.01)
            body = HELLO
        case _:
            raise NotImplementedError(path)
    headers = [TEXT, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def whole(receive):
    parts = []
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return b""
        parts.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(parts)


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        text = event.get("text")
        said = {"bytes": event["bytes"]} if text is None else {"text": text}
        await send({"type": "websocket.send", **said})
