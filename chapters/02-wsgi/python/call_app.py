"""Calls crab_app as a server would, without a server, and shows what it says.

    python3 chapters/02-wsgi/python/call_app.py
"""

from wsgiref.util import setup_testing_defaults

from crab_app import crab_app


# ANCHOR: main
def start_response(status, headers, exc_info=None):
    print("start_response:", status)
    for name, value in headers:
        print(f"start_response: {name}: {value}")


environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/crabs/fiddler"}
setup_testing_defaults(environ)

for part in crab_app(environ, start_response):
    print("part:", part.decode(), end="")
# ANCHOR_END: main
