"""One watcher of the live feed and one visitor, before wsgiref's server and before one with threads.

Run with `python3 chapters/03-threads/python/one_watcher.py`.
"""

import socket
import threading
# ANCHOR: server
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """wsgiref's server, with a thread for each connection."""
# ANCHOR_END: server
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def site(gate):
    """Two pages of crabsarecool.com. Between two readings of the tide the feed waits at the gate."""
    def feed():
        yield b"0.50 m, rising\n"
        gate.wait()
        yield b"0.52 m, rising\n"

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return feed() if environ["PATH_INFO"] == "/feed" else [b"Crabs are cool\n"]

    return app


def asks(address, path):
    client = socket.create_connection(address)
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: crabsarecool.com\r\nConnection: close\r\n\r\n".encode())
    return client


def watches(address):
    watcher = asks(address, "/feed")
    heard = b""
    while not heard.endswith(b"ing\n"):
        heard += watcher.recv(1)
    return watcher, heard.splitlines()[-1].decode()


def hears(client):
    client.setblocking(False)
    try:
        client.recv(1, socket.MSG_PEEK)
        return "something"
    except BlockingIOError:
        return "nothing"
    finally:
        client.setblocking(True)


def reads(client):
    with client.makefile("rb") as answer:
        return answer.read().splitlines()[0].decode()


def serve(kind):
    gate = threading.Event()
    server = kind(("127.0.0.1", 0), Quiet)
    server.set_app(site(gate))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address, gate


def main():
    print("One connection at a time:")
    address, gate = serve(WSGIServer)
    watcher, reading = watches(address)
    print(f"  the watcher reads  {reading}")
    visitor = asks(address, "/")
    print(f"  the visitor hears  {hears(visitor)}")
    gate.set()
    reads(watcher)
    print("  the watcher leaves")
    print(f"  the visitor reads  {reads(visitor)}")

    print("A thread for each connection:")
    address, gate = serve(ThreadingServer)
    watcher, reading = watches(address)
    print(f"  the watcher reads  {reading}")
    visitor = asks(address, "/")
    print(f"  the visitor reads  {reads(visitor)}")
    print(f"  the watcher hears  {hears(watcher)}, and watches on")
    gate.set()
    reads(watcher)


if __name__ == "__main__":
    main()
