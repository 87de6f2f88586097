"""One visitor watches the tide, another wants the home page: wsgiref's server.

    python3 chapters/02-wsgi/python/freeze.py
"""

import itertools
import threading
import time
import urllib.request
from wsgiref.simple_server import make_server

from crab_app import Quiet, crab_app


# ANCHOR: main
def main():
    server = make_server("127.0.0.1", 0, crab_app, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = f"http://127.0.0.1:{server.server_port}"

    print("watcher: asks for /feed")
    watching = urllib.request.urlopen(f"{site}/feed")
    print("watcher: hears", watching.readline().decode().rstrip())

    print("visitor: asks for /")
    visit = threading.Thread(target=visitor, args=(site, time.monotonic()))
    visit.start()
    for reading in itertools.islice(watching, 3):
        print("watcher: hears", reading.decode().rstrip())
        if visit.is_alive():
            print("visitor: hears nothing")

    print("watcher: leaves")
    watching.close()
    visit.join()


def visitor(site, asked):
    with urllib.request.urlopen(site) as page:
        waited = time.monotonic() - asked
        print(f"visitor: hears {page.status} {page.reason}, after {waited:.1f} s")
# ANCHOR_END: main


main()
