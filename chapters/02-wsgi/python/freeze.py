"""One visitor watches the tide, another wants the home page: wsgiref's server.

    python3 chapters/02-wsgi/python/freeze.py
"""

import itertools
import threading
import urllib.request
from wsgiref.simple_server import make_server

from crab_app import Quiet, crab_app


# ANCHOR: main
def main():
    server = make_server("127.0.0.1", 0, crab_app, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site = f"http://127.0.0.1:{server.server_port}"

    watching = urllib.request.urlopen(f"{site}/feed?readings=3")
    visit = threading.Thread(target=visitor, args=(site,))
    visit.start()
    for reading in itertools.islice(watching, 2):
        print("watcher: hears", reading.decode().rstrip())
    print("watcher: leaves")
    watching.close()
    visit.join()


def visitor(site):
    with urllib.request.urlopen(site) as page:
        print("visitor: hears", page.status, page.reason)
# ANCHOR_END: main


main()
