"""Two readings of the tide, fetched one after the other. Each takes a second."""

import socket
import socketserver
import threading
import time


class Gauge(socketserver.StreamRequestHandler):
    HEIGHTS = {b"north pier": b"1.2 m", b"south pier": b"0.9 m"}

    def handle(self):
        place = self.rfile.readline().rstrip()
        time.sleep(1)
        self.wfile.write(self.HEIGHTS.get(place, b"no gauge there") + b"\n")


# ANCHOR: fetch
def fetch(gauge, place):
    with socket.create_connection(gauge) as connection:
        connection.sendall(place.encode() + b"\n")
        return connection.makefile().read().rstrip()
# ANCHOR_END: fetch


# ANCHOR: main
def main(gauge):
    wall, cpu = time.monotonic(), time.process_time()

    north = fetch(gauge, "north pier")
    print(f"north pier: {north} after {time.monotonic() - wall:.1f} s")
    south = fetch(gauge, "south pier")
    print(f"south pier: {south} after {time.monotonic() - wall:.1f} s")

    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    print(f"wall {wall:.3f} s, CPU {cpu:.4f} s ({100 * cpu / wall:.0f} %)")
# ANCHOR_END: main


with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Gauge) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    main(server.server_address)
    server.shutdown()
