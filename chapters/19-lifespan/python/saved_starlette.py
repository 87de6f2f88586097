"""The guest book with Starlette: its lifespan is one context manager, and what stands before and after `yield` is start-up and shutdown.

    target/python/bin/python chapters/19-lifespan/python/saved_starlette.py

examples/saved.rs is the same in Rust.
"""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from book import GuestBook, say
from visit import Visit


# ANCHOR: app
@asynccontextmanager
async def lifespan(app):
    book = GuestBook()
    yield {"guest_book": book}
    book.save()


async def sign(request):
    name = (await request.body()).decode()
    say(f"{name} signs")
    await asyncio.sleep(0.3)
    request.state.guest_book.names.append(name)
    return PlainTextResponse("Thank you.\n")


app = Starlette(routes=[Route("/", sign, methods=["POST"])], lifespan=lifespan)
# ANCHOR_END: app


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
