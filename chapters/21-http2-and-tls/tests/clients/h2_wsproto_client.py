"""The Python libraries h2 and wsproto, on a socket: WebSockets over streams of one connection (RFC 8441)."""

import socket
import sys

import h2.config
import h2.connection
import h2.events
from h2.settings import SettingCodes
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.extensions import PerMessageDeflate

port = int(sys.argv[1])
stream = socket.create_connection(("127.0.0.1", port), timeout=50)
client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
client.initiate_connection()
status, heads, came, ended = {}, {}, {}, set()


def turn():
    """Sends what there is, and notes what comes."""
    stream.sendall(client.data_to_send())
    for event in client.receive_data(stream.recv(65536)):
        number = getattr(event, "stream_id", None)
        if isinstance(event, h2.events.ResponseReceived):
            heads[number] = dict(event.headers)
            status[number] = heads[number][":status"]
        elif isinstance(event, h2.events.DataReceived):
            came[number] = came.get(number, b"") + event.data
            client.acknowledge_received_data(event.flow_controlled_length, number)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            ended.add(number)


def until(condition):
    while not condition():
        turn()


def ask(path, *fields, protocol="websocket"):
    number = client.get_next_available_stream_id()
    head = [
        (":method", "CONNECT"),
        (":protocol", protocol),
        (":scheme", "http"),
        (":path", path),
        (":authority", "crab"),
        ("sec-websocket-version", "13"),
    ]
    client.send_headers(number, head + list(fields))
    until(lambda: number in status)
    return number


class Socket:
    def __init__(self, path, *extensions):
        offers = [f"{each.name}; {each.offer()}" for each in extensions]
        fields = [("sec-websocket-extensions", ", ".join(offers))] if offers else []
        self.number = ask(path, *fields)
        agreed = heads[self.number].get("sec-websocket-extensions", "")
        for each in extensions:
            each.finalize(agreed)
        print(self.number, status[self.number], [agreed.partition(";")[0]] if agreed else [])
        self.ws = Connection(ConnectionType.CLIENT, list(extensions))

    def send(self, event):
        client.send_data(self.number, self.ws.send(event))

    def next(self):
        """The next event; None at the end of the stream."""
        while True:
            data = came.pop(self.number, b"")
            if data:
                self.ws.receive_data(data)
            for event in self.ws.events():
                return event
            if self.number in ended:
                return None
            turn()


# Nobody may ask before the server has said that one may.
until(lambda: client.remote_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL] == 1)
print("offered")
plain, small = Socket("/ws"), Socket("/ws", PerMessageDeflate())
for each in (plain, small):
    each.send(TextMessage(data="Hello, crabs! " * 20))
    print(each.number, "text", each.next().data == "Hello, crabs! " * 20)
plain.send(Ping(payload=b"there?"))
print(plain.number, "pong", bytes(plain.next().payload))
small.send(BytesMessage(data=b"be", message_finished=False))
small.send(BytesMessage(data=b"tween"))
print(small.number, "bytes", bytes(small.next().data))
client.reset_stream(small.number)
print("neighbour reset")
plain.send(CloseConnection(code=1000, reason="done"))
print(plain.number, "close", plain.next().code, "end" if plain.next() is None else "more")
number = client.get_next_available_stream_id()
head = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "crab")]
client.send_headers(number, head, end_stream=True)
until(lambda: number in ended)
print(number, "page", came[number].decode())
for path, protocol in (("/wsdenial", "websocket"), ("/wsdeny", "websocket"), ("/ws", "crab")):
    number = ask(path, protocol=protocol)
    until(lambda: number in ended)
    print(number, status[number], came.get(number, b"").decode().strip())
