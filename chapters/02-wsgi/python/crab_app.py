"""crabsarecool.com in Python, served by wsgiref from the standard library.

    python3 chapters/02-wsgi/python/crab_app.py 8000

A test asks this one and the one in Rust for the same pages, and compares.
"""

import math
import sys
import time
from html import escape
from pathlib import Path
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.validate import validator

CRABS = {
    "coconut": ("Birgus latro", "It climbs trees, opens coconuts, and breathes air."),
    "fiddler": ("Minuca pugnax", "One claw is as large as the rest of it, and it waves."),
    "hermit": ("Pagurus bernhardus", "It lives in a borrowed shell and queues for a larger one."),
    "spider": ("Macrocheira kaempferi", "From claw to claw it measures more than three metres."),
}
PICTURE = (Path(__file__).parent.parent / "static" / "crab.svg").read_bytes()
ENTRY_BYTES = 1_024
GUESTS = ["Judit"]


# ANCHOR: crab_app
def crab_app(environ, start_response):
    method = environ["REQUEST_METHOD"]
    path = environ["PATH_INFO"]
    reading = method in ("GET", "HEAD")
    if path == "/" and reading:
        return page(start_response, "200 OK", "Crabs are cool", home())
    if path == "/guests" and reading:
        return guest_book(start_response)
    if path == "/guests" and method == "POST":
        return sign(environ, start_response)
    if path == "/crab.svg" and reading:
        start_response("200 OK", [("content-type", "image/svg+xml")])
        return [PICTURE]
    if path == "/feed" and reading:
        return feed(environ["QUERY_STRING"], start_response)
    # ANCHOR_END: crab_app
    if path in ("/", "/guests", "/crab.svg", "/feed"):
        return not_allowed(path, start_response)
    if path.startswith("/crabs/"):
        if not reading:
            return not_allowed(path, start_response)
        return crab(path.removeprefix("/crabs/"), start_response)
    return page(start_response, "404 Not Found", "No such page", "<p>Nothing but sand here.</p>\n")


def page(start_response, status, title, content):
    start_response(status, [("content-type", "text/html; charset=utf-8")])
    return [f"<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n{content}".encode()]


def home():
    items = "".join(f'<li><a href="/crabs/{name}">{name}</a></li>\n' for name in CRABS)
    return (
        '<img src="/crab.svg" alt="A crab, waving" width="120" height="90">\n'
        f"<ul>\n{items}</ul>\n"
        '<p><a href="/guests">Guest book</a>, <a href="/feed">the tide, live</a></p>\n'
    )


def crab(name, start_response):
    if name not in CRABS:
        # WSGI's strings are bytes in disguise: undo Latin-1, then decode.
        name = name.encode("latin-1").decode()
        content = f"<p>We have never met the {escape(name)} crab.</p>\n"
        return page(start_response, "404 Not Found", "No such crab", content)
    latin, why = CRABS[name]
    return page(start_response, "200 OK", f"The {name} crab", f"<p><em>{latin}</em></p>\n<p>{why}</p>\n")


def guest_book(start_response):
    items = "".join(f"<li>{escape(guest)}</li>\n" for guest in GUESTS)
    form = (
        '<form method="post" action="/guests"><label>Your name <input name="name"></label>'
        " <button>Sign</button></form>\n"
    )
    return page(start_response, "200 OK", "Guest book", f"<ul>\n{items}</ul>\n{form}")


# ANCHOR: sign
def sign(environ, start_response):
    # Read no more than the body has: wsgiref's input does not end there.
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > ENTRY_BYTES:
        content = "<p>Shorter, please.</p>\n"
        return page(start_response, "413 Content Too Large", "Too long", content)
    form = parse_qs(environ["wsgi.input"].read(length).decode())
    name = form.get("name", [""])[0].strip()
    if not name:
        content = "<p>Please give a name.</p>\n"
        return page(start_response, "400 Bad Request", "No name", content)
    GUESTS.append(name)
    headers = [("location", "/guests"), ("content-type", "text/plain; charset=utf-8")]
    start_response("303 See Other", headers)
    return [b"Thank you.\n"]
# ANCHOR_END: sign


# ANCHOR: feed
def feed(query, start_response):
    readings = parse_qs(query).get("readings")
    # Told not to guess what this is, a browser shows the first line at once.
    headers = [("content-type", "text/plain; charset=utf-8"),
               ("x-content-type-options", "nosniff")]
    start_response("200 OK", headers)
    return tides(int(readings[0]) if readings else None)


def tides(readings):
    number = 0
    while number != readings:
        if number > 0:
            time.sleep(1)
        yield tide(number).encode()
        number += 1
# ANCHOR_END: feed


def tide(second):
    turn = second % 60 / 60
    metres = 2.0 - 1.5 * math.cos(turn * math.tau)
    return f"{metres:.2f} m, {'rising' if turn < 0.5 else 'falling'}\n"


def not_allowed(path, start_response):
    allow = "GET, HEAD, POST" if path == "/guests" else "GET, HEAD"
    start_response("405 Method Not Allowed", [("allow", allow), ("content-type", "text/plain; charset=utf-8")])
    return [b"This page cannot do that.\n"]


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    # The validator stands between server and application, and complains of either.
    with make_server("127.0.0.1", port, validator(crab_app), handler_class=Quiet) as server:
        print(f"crabsarecool.com is at http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
