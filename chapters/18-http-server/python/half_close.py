"""A client that closes its sending side and reads on, at Uvicorn's.

    target/python/bin/python chapters/18-http-server/python/half_close.py

It needs the packages of book/requirements.txt, which README.md says how to install.
"""

import asyncio
import socket

import uvicorn


# ANCHOR: app
async def gauge(scope, receive, send):
    """Measures the tide for half a second, unless nobody waits for it any more."""
    while (await receive()).get("more_body"):
        pass
    measured = asyncio.create_task(asyncio.sleep(0.5))
    told = asyncio.create_task(receive())
    done, _ = await asyncio.wait({measured, told}, return_when=asyncio.FIRST_COMPLETED)
    if told in done:
        print("  the application is told", told.result()["type"])
        return
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"0.50 m"})
# ANCHOR_END: app


# ANCHOR: main
async def main():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(gauge, lifespan="off", log_level="error")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listener]))
        print("Uvicorn")

        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: crab\r\n\r\n")
        writer.write_eof()  # I have said all that I have to say
        response = (await reader.read()).decode()
        body = response.partition("\r\n\r\n")[2] or "nothing"
        print("  the client reads", body)
        server.should_exit = True
        await serving
# ANCHOR_END: main


asyncio.run(main())
