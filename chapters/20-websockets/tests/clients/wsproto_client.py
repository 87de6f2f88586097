"""wsproto, which has no I/O, on a socket, against the conformance application."""

import socket
import sys

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate


def ask(path, extensions=()):
    """A connection and its events, one after the other."""
    stream = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=50)
    ws = WSConnection(ConnectionType.CLIENT)
    stream.sendall(ws.send(Request(host="crab", target=path, extensions=list(extensions))))

    def events():
        while data := stream.recv(65536):
            ws.receive_data(data)
            yield from ws.events()

    def send(event):
        stream.sendall(ws.send(event))

    return send, events()


for extensions in ((), (PerMessageDeflate(),)):
    send, events = ask("/ws", extensions)
    print(type(next(events)).__name__, [str(extension) for extension in extensions] != [])
    send(TextMessage(data="Hello, crabs! " * 20))
    print("text", next(events).data == "Hello, crabs! " * 20)
    send(BytesMessage(data=b"be", message_finished=False))
    send(Ping(payload=b"there?"))
    print("pong", bytes(next(events).payload))
    send(BytesMessage(data=b"tween"))
    print("bytes", bytes(next(events).data))
    send(CloseConnection(code=1000, reason="done"))
    print("close", next(events).code, list(events))
send, events = ask("/wsdenial")
rejection = [event for event in events if isinstance(event, (RejectConnection, RejectData))]
print("denial", rejection[0].status_code, b"".join(bytes(part.data) for part in rejection[1:]))
