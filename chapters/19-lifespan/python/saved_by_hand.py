"""The guest book in plain ASGI: what Starlette's context manager is made of.

    target/python/bin/python chapters/19-lifespan/python/saved_by_hand.py

examples/saved.rs is the same in Rust, event for event.
"""

import asyncio
import signal
import sys

import uvicorn

from book import GuestBook, say
from visit import Visit


# ANCHOR: app
async def app(scope, receive, send):
    if scope["type"] == "http":
        await sign(scope, receive, send)
    elif scope["type"] == "lifespan":
        await open_and_save(scope, receive, send)
    else:
        raise NotImplementedError(scope["type"])


async def open_and_save(scope, receive, send):
    await receive()  # lifespan.startup
    try:
        book = GuestBook()
    except OSError as error:
        why = f"the guest book cannot be read: {error}"
        return await send({"type": "lifespan.startup.failed", "message": why})
    scope["state"]["guest_book"] = book
    await send({"type": "lifespan.startup.complete"})

    await receive()  # lifespan.shutdown
    try:
        book.save()
    except OSError as error:
        return await send({"type": "lifespan.shutdown.failed", "message": str(error)})
    await send({"type": "lifespan.shutdown.complete"})
# ANCHOR_END: app


async def sign(scope, receive, send):
    name, more = b"", True
    while more:
        event = await receive()
        name += event.get("body", b"")
        more = event.get("more_body", False)
    say(f"{name.decode()} signs")
    await asyncio.sleep(0.3)
    scope["state"]["guest_book"].names.append(name.decode())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"Thank you.\n"})


if sys.argv[1:2] == ["serve"]:
    uvicorn.run(app, port=int(sys.argv[2]), log_level="warning")
else:
    site = Visit(__file__)
    site.until("the book is open")
    ada = site.signs("Ada")
    site.until("Ada signs")
    site.signal(signal.SIGTERM)
    ada.hears()
    site.end()
