"""An endless event stream under Uvicorn, at the shutdown.

    target/python/bin/python chapters/19-lifespan/python/feed_uvicorn.py

ASGI has no word for the news, so the stream goes on. Without a bound Uvicorn waits for it, and with one it cuts it.
examples/feed_ends.rs does the same with and without the news.
"""

import asyncio
import http.client
import signal
import socket
import subprocess
import sys
import time

import uvicorn


# ANCHOR: app
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while True:
        await send({"type": "http.response.body", "body": b"data: the tide\n\n", "more_body": True})
        await asyncio.sleep(0.1)
# ANCHOR_END: app


def visit(title, bound):
    print(title)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, __file__, "serve", str(port), *bound])
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", "/")
            break
        except ConnectionRefusedError:
            time.sleep(0.02)
    feed = connection.getresponse()
    feed.read1(100)
    print("  signal   SIGTERM")
    server.send_signal(signal.SIGTERM)
    try:
        after = 0
        while feed.read1(100):
            after += 1
            if after == 20:
                print("  client   hears the tide, 2 seconds later as well")
                print("  signal   SIGINT")
                server.send_signal(signal.SIGINT)
        print("  client   has heard the end")
    except http.client.IncompleteRead:
        print("  client   has heard no end: the stream is cut")
    server.wait()


if sys.argv[1:2] == ["serve"]:
    bound = int(sys.argv[3]) if len(sys.argv) > 3 else None
    uvicorn.run(app, port=int(sys.argv[2]), log_level="critical", timeout_graceful_shutdown=bound)
else:
    visit("Without a bound", [])
    visit("With timeout_graceful_shutdown=1", ["1"])
