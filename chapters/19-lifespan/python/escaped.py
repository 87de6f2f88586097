"""A start-up that fails, and lets the exception out of its call, under Uvicorn.

    target/python/bin/python chapters/19-lifespan/python/escaped.py

examples/escaped.rs is the same in Rust.
"""

import http.client
import signal
import socket
import subprocess
import sys
import time

import uvicorn


# ANCHOR: app
def open_book():
    raise FileNotFoundError("there is no guest book")


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()  # lifespan.startup
        scope["state"]["guest_book"] = open_book()
        await send({"type": "lifespan.startup.complete"})
    elif scope["type"] == "http":
        book = scope["state"]["guest_book"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": book})
# ANCHOR_END: app


def ask(port):
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", "/")
            break
        except ConnectionRefusedError:
            time.sleep(0.02)
    response = connection.getresponse()
    connection.close()
    return f"{response.status} {response.reason}"


if sys.argv[1:2] == ["serve"]:
    uvicorn.run(app, port=int(sys.argv[2]), log_level="info", use_colors=False)
else:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, __file__, "serve", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if "process" not in line:  # the process has another number each time
            print(" ", line.rstrip().replace(str(port), "PORT"))
        if "running" in line:
            break
    print("  a client hears", ask(port))
    server.send_signal(signal.SIGTERM)
    server.communicate()
