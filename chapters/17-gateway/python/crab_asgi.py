"""crabsarecool.com as an ASGI application: what python/follow.py calls, and what src/crab.rs mirrors.

It is a part of the site: the guest book and the feed. Nothing in it needs a package.
"""

import asyncio
import math
from urllib.parse import parse_qs

ENTRY_BYTES = 1_024


# ANCHOR: crab_app
async def crab_app(scope, receive, send):
    if scope["type"] == "http":
        await site(scope, receive, send)
    elif scope["type"] == "lifespan":
        await open_and_close(scope, receive, send)
    else:
        raise NotImplementedError(scope["type"])
# ANCHOR_END: crab_app


# ANCHOR: lifespan
async def open_and_close(scope, receive, send):
    while True:
        event = await receive()
        if event["type"] == "lifespan.startup":
            scope["state"]["guest_book"] = ["Judit"]
            await send({"type": "lifespan.startup.complete"})
        elif event["type"] == "lifespan.shutdown":
            return await send({"type": "lifespan.shutdown.complete"})
# ANCHOR_END: lifespan


async def site(scope, receive, send):
    method, path = scope["method"], scope["path"]
    if path == "/guests" and method == "POST":
        await sign(scope, receive, send)
    elif path == "/feed" and method in ("GET", "HEAD"):
        await feed(scope, send)
    else:
        await respond(send, 404, [], b"Nothing but sand here.\n")


# ANCHOR: sign
async def sign(scope, receive, send):
    form, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        form += event.get("body", b"")
        more = event.get("more_body", False)
        if len(form) > ENTRY_BYTES:
            return await respond(send, 413, [], b"Shorter, please.\n")
    name = parse_qs(form.decode()).get("name", [""])[0].strip()
    if not name:
        return await respond(send, 400, [], b"Please give a name.\n")
    scope["state"]["guest_book"].append(name)
    await respond(send, 303, [(b"location", b"/guests")], b"Thank you.\n")
# ANCHOR_END: sign


async def respond(send, status, headers, body):
    headers = headers + [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# ANCHOR: feed
async def feed(scope, send):
    readings = parse_qs(scope["query_string"].decode()).get("readings")
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    number = 0
    while readings is None or number < int(readings[0]):
        if number > 0:
            await asyncio.sleep(1)
        part = f"data: {tide(number)}\n".encode()
        await send({"type": "http.response.body", "body": part, "more_body": True})
        number += 1
    await send({"type": "http.response.body", "body": b""})
# ANCHOR_END: feed


def tide(second):
    turn = second % 60 / 60
    metres = 2.0 - 1.5 * math.cos(turn * math.tau)
    return f"{metres:.2f} m, {'rising' if turn < 0.5 else 'falling'}\n"
