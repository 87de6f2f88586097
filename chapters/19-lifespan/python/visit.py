"""A server in a process of its own, and a visitor who signs its guest book and tells what happens.

It does what examples/visit does for the programs in Rust, in the same words.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


def tell(who, what):
    print(f"  {who:<8} {what}")


class Visit:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory()
        self.book = os.path.join(self.folder.name, "guests")
        with open(self.book, "w") as file:
            file.write("Judit\n")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.server = subprocess.Popen(
            [sys.executable, program, "serve", str(self.port)],
            env={**os.environ, "GUEST_BOOK": self.book},
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, start):
        """Tells what the server says, until it says something that begins like that."""
        for line in self.server.stderr:
            tell("server", line.rstrip())
            if line.startswith(start):
                return
        raise SystemExit(f"the server has ended before it said {start!r}")

    def signs(self, name):
        return Visitor(self.port, name)

    def signal(self, number):
        tell("signal", number.name)
        self.server.send_signal(number)

    def end(self):
        """Tells the rest, and how it ended."""
        for line in self.server.stderr:
            tell("server", line.rstrip())
        code = self.server.wait()
        tell("server", f"is killed by {signal.Signals(-code).name}" if code < 0 else f"exits with code {code}")
        with open(self.book) as file:
            tell("book", ", ".join(file.read().split()))
        self.folder.cleanup()


class Visitor(threading.Thread):
    def __init__(self, port, name):
        super().__init__(name=name)
        self.port, self.answer = port, "nothing: the connection is lost"
        self.start()

    def run(self):
        while True:  # Uvicorn listens only after the application has started
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.connect()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        try:
            connection.request("POST", "/", body=self.name)
            self.answer = connection.getresponse().read().decode().rstrip()
        except (OSError, http.client.HTTPException):
            pass

    def hears(self):
        self.join()
        tell("client", f"{self.name} hears: {self.answer}")
