"""One request, followed through scope, receive and send, by a driver that is no server.

    python3 chapters/17-gateway/python/follow.py

examples/follow.rs says the same of the site in Rust, line for line, and a test compares them.
"""

import asyncio
import json

from crab_asgi import crab_app


def tell(who, what, value):
    print(f"  {who:<8} {what:<20}  {value}")


def address(pair):
    return f"{pair[0]}:{pair[1]}"


def listed(headers):
    return "; ".join(f"{name.decode()}: {value.decode()}" for name, value in headers)


def body(event):
    return json.dumps(event.get("body", b"").decode()) + (", more_body" if event.get("more_body") else "")


def tell_scope(scope):
    tell("scope", "type", scope["type"])
    tell("", "asgi", f"{scope['asgi']['version']}, {scope['asgi']['spec_version']}")
    for key in ("http_version", "method", "scheme"):
        tell("", key, scope[key])
    tell("", "path", json.dumps(scope["path"]))
    tell("", "raw_path", json.dumps(scope["raw_path"].decode()))
    tell("", "query_string", json.dumps(scope["query_string"].decode()))
    tell("", "root_path", json.dumps(scope["root_path"]))
    tell("", "headers", listed(scope["headers"]))
    tell("", "client", address(scope["client"]))
    tell("", "server", address(scope["server"]))
    tell("", "state", "the guest book" if "guest_book" in scope["state"] else "nothing")
    tell("", "extensions", list(scope["extensions"]))


# ANCHOR: follow
async def follow(title, scope, parts, leaves_after=None):
    print(title)
    if scope["method"] == "POST":  # one scope is enough to look at
        tell_scope(scope)
    arriving = [
        {"type": "http.request", "body": part, "more_body": number < len(parts)}
        for number, part in enumerate(parts, start=1)
    ]
    seen = []

    async def receive():
        event = arriving.pop(0) if arriving else {"type": "http.disconnect"}
        tell("receive", event["type"], body(event) if event["type"] == "http.request" else "")
        return event

    async def send(event):
        start = event["type"] == "http.response.start"
        tell("send", event["type"], f"{event['status']}; {listed(event['headers'])}" if start else body(event))
        if leaves_after is not None and len(seen) > leaves_after:
            raise OSError("the client is gone")
        seen.append(event)

    try:
        await crab_app(scope, receive, send)
        tell("ended", "", "well")
    except OSError as error:
        tell("ended", "", error)
    count = sum(len(event["body"]) for event in seen[1:])
    tell("client", "has seen", f"{seen[0]['status']}, {count} bytes")
# ANCHOR_END: follow


def http_scope(method, path, query_string, state):
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query_string,
        "root_path": "",
        "headers": [(b"host", b"crabsarecool.com")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
        "state": dict(state),
        "extensions": {},
    }


# ANCHOR: main
async def main():
    state, to_app, from_app = {}, asyncio.Queue(), asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    lifespan = asyncio.create_task(crab_app(scope, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    assert (await from_app.get())["type"] == "lifespan.startup.complete"

    signs = http_scope("POST", "/guests", b"from=a%20tidepool", state)
    await follow("A guest signs", signs, [b"name=Ju", b"dit"])
    feed = http_scope("GET", "/feed", b"readings=2", state)
    await follow("The tide, twice", feed, [b""])
    feed = http_scope("GET", "/feed", b"", state)
    await follow("The tide, until the client leaves", feed, [b""], leaves_after=1)

    await to_app.put({"type": "lifespan.shutdown"})
    await lifespan
# ANCHOR_END: main


asyncio.run(main())
