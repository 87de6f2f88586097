"""The Python library h2, on a socket: HTTP/2 in clear, with prior knowledge; early hints, trailers, 100, and a reset."""

import socket
import sys

import h2.config
import h2.connection
import h2.events

port = int(sys.argv[1])
stream = socket.create_connection(("127.0.0.1", port), timeout=50)
client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
client.initiate_connection()


def ask(method, path, *fields, body=None):
    """Says what came, up to the end of the stream."""
    number = client.get_next_available_stream_id()
    head = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "crab")]
    client.send_headers(number, head + list(fields), end_stream=body is None)
    asked = ("expect", "100-continue") in fields
    if body is not None and not asked:
        client.send_data(number, body, end_stream=True)
    while True:
        stream.sendall(client.data_to_send())
        for event in client.receive_data(stream.recv(65536)):
            if isinstance(event, h2.events.InformationalResponseReceived):
                status = dict(event.headers)[":status"]
                print(path, status, dict(event.headers).get("link", ""))
                if status == "100":
                    client.send_data(number, body, end_stream=True)
            elif isinstance(event, h2.events.ResponseReceived):
                print(path, dict(event.headers)[":status"])
            elif isinstance(event, h2.events.DataReceived):
                client.acknowledge_received_data(event.flow_controlled_length, number)
                print(path, event.data.decode()) if event.data else None
            elif isinstance(event, h2.events.TrailersReceived):
                print(path, event.headers)
            elif isinstance(event, h2.events.StreamReset):
                print(path, "reset", int(event.error_code))
                return
            elif isinstance(event, h2.events.StreamEnded):
                return


ask("GET", "/")
ask("GET", "/hints")
ask("GET", "/trailers", ("te", "trailers"))
ask("POST", "/upload", ("expect", "100-continue"), body=b"crabs")
ask("GET", "/mid")
ask("GET", "/early")
