"""Two workers of Uvicorn under load: one is killed, and then all are replaced. Who notices?

    target/python/bin/python chapters/23-tidepool/python/replaced.py
"""

import os
import re
import signal
import subprocess
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path


async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})


def ask(port):
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/", headers={"connection": "close"})
    response = connection.getresponse()
    assert response.status == 200
    return response.read()


class Crowd:
    """Four clients that ask until they are told to leave."""

    def __init__(self, port):
        self.asked = self.failed = 0
        self.lock = threading.Lock()
        self.leave = False
        self.clients = [threading.Thread(target=self.client, args=[port]) for _ in range(4)]
        for client in self.clients:
            client.start()

    def client(self, port):
        while not self.leave:
            try:
                ask(port)
                failed = 0
            except Exception:
                failed = 1
            with self.lock:
                self.asked += 1
                self.failed += failed

    def go_on(self, more):
        until = self.asked + more
        while self.asked < until:
            threading.Event().wait(0.01)
        print(f"crowd    {self.asked} requests, {self.failed} failed")
        with self.lock:
            self.asked = self.failed = 0


def main():
    enough = 50 if "--small" in sys.argv else 1000
    words = ["-m", "uvicorn", "replaced:app", "--workers", "2", "--port", "0"]
    words += ["--lifespan", "off", "--no-access-log", "--app-dir", str(Path(__file__).parent)]
    # On a busy machine, five seconds may not be enough for Python to start.
    words += ["--timeout-worker-healthcheck", "60"]
    server = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True)

    def until(part, wanted=()):
        for line in server.stderr:
            if any(word in line for word in wanted):
                print("server  ", re.sub(r"process \[\d+\]", "process [PID]", line.rstrip()))
            if part in line:
                return line
        raise EOFError("it has ended too early")

    port = int(until("running on http://").split("127.0.0.1:")[1].split(" ")[0])
    until("Started server process")
    until("Started server process")
    crowd = Crowd(port)
    try:
        crowd.go_on(enough)
        victim = int(ask(port))
        print("operator kill -KILL a worker")
        os.kill(victim, signal.SIGKILL)
        until("Started server process", ["died"])
        crowd.go_on(enough)
        print("operator kill -HUP the supervisor")
        server.send_signal(signal.SIGHUP)
        told = ["Received SIGHUP", "Terminated child"]
        until("Terminated child", told)
        until("Terminated child", told)
        crowd.go_on(enough)
    finally:
        crowd.leave = True
        for client in crowd.clients:
            client.join()
        server.send_signal(signal.SIGTERM)
        server.stderr.read()
        server.wait()


if __name__ == "__main__":
    main()
