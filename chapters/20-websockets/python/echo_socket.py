"""An echo under Uvicorn, and a visitor.

    target/python/bin/python chapters/20-websockets/python/echo_socket.py

examples/echo_socket.rs says the same, line for line.
"""

import asyncio
import socket

import uvicorn
import websockets


# ANCHOR: app
async def echo(scope, receive, send):
    if scope["type"] != "websocket":
        raise NotImplementedError(scope["type"])
    await receive()  # websocket.connect
    await send({"type": "websocket.accept"})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            print(f"server   {event['code']} {event.get('reason')!r}")
            break
        await send({"type": "websocket.send", **said(event)})


def said(event):
    return {key: event[key] for key in ("text", "bytes") if event.get(key) is not None}
# ANCHOR_END: app


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(echo, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    host, port = listener.getsockname()
    async with websockets.connect(f"ws://{host}:{port}/") as ada:
        await ada.send("How are the crabs?")
        print(f"client   {await ada.recv()!r}")
        await ada.send(b"\x00\x01")
        print(f"client   {await ada.recv()!r}")
        await (await ada.ping())
        print("client   has its pong")
        await ada.close(1000, "bye")

    server.should_exit = True
    await serving


if __name__ == "__main__":
    asyncio.run(main())
