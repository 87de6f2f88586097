"""Three requests on one connection of HTTP/2, by the library h2: no socket, and no event loop."""

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived

PAGES = ["/map", "/tide", "/crabs"]


# ANCHOR: main
def main():
    ada = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    server = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))

    ada.initiate_connection()
    for path in PAGES:
        stream = ada.get_next_available_stream_id()
        method, host = (":method", "GET"), (":authority", "crabsarecool.com")
        headers = [method, (":scheme", "http"), host, (":path", path)]
        ada.send_headers(stream, headers, end_stream=True)

    asked = {}
    for event in server.receive_data(ada.data_to_send()):
        if isinstance(event, RequestReceived):
            asked[dict(event.headers)[":path"]] = event.stream_id
    for path in ["/tide", "/crabs", "/map"]:  # the map takes its time
        server.send_headers(asked[path], [(":status", "200")])
        server.send_data(asked[path], f"This is {path}.".encode(), end_stream=True)

    for event in ada.receive_data(server.data_to_send()):
        if isinstance(event, DataReceived):
            print(f"stream {event.stream_id}: {event.data.decode()}")
# ANCHOR_END: main


main()
