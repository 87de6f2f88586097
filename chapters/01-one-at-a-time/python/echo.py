"""Two clients of a blocking echo server: the second waits until the first hangs up."""

import socket
import threading


# ANCHOR: echo
def echo(client):
    while data := client.recv(1024):
        client.sendall(data)
# ANCHOR_END: echo


# ANCHOR: serve
def serve(listener):
    while True:
        client, address = listener.accept()
        with client:
            try:
                echo(client)
            except OSError as error:
                print(f"{address}: {error}")
# ANCHOR_END: serve


class Client:
    """A client that tells what it does."""

    def __init__(self, name, server):
        self.name = name
        self.connection = socket.create_connection(server)
        self.lines = self.connection.makefile()
        print(f"{name:>6}: connected")

    def say(self, line):
        self.connection.sendall(f"{line}\n".encode())
        print(f"{self.name:>6}: says  {line}")

    def hear(self):
        print(f"{self.name:>6}: hears {self.lines.readline().rstrip()}")

    def chat(self, lines):
        for line in range(lines):
            self.connection.sendall(f"line {line}\n".encode())
            self.lines.readline()
        print(f"{self.name:>6}: says and hears {lines} more lines")

    def listen_without_waiting(self):
        self.connection.setblocking(False)
        try:
            waiting = self.connection.recv(1024, socket.MSG_PEEK)
            print(f"{self.name:>6}: has {len(waiting)} bytes to read")
        except BlockingIOError:
            print(f"{self.name:>6}: hears nothing")
        self.connection.setblocking(True)

    def hang_up(self):
        print(f"{self.name:>6}: hangs up")
        self.connection.shutdown(socket.SHUT_RDWR)


# ANCHOR: main
def main(server):
    first = Client("first", server)
    first.say("good morning")
    first.hear()

    second = Client("second", server)
    second.say("is anybody there?")

    first.chat(1000)
    second.listen_without_waiting()

    first.hang_up()
    second.hear()
# ANCHOR_END: main


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
main(listener.getsockname())
