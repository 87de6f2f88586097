"""Python's http.client against a crab_app: four requests on one connection.

    python3 client.py 127.0.0.1:8000
"""

import http.client
import sys

connection = http.client.HTTPConnection(sys.argv[1], timeout=30)

connection.request("GET", "/")
response = connection.getresponse()
print("GET /", response.status, len(response.read()), "bytes")
socket = connection.sock

form = {"Content-Type": "application/x-www-form-urlencoded"}
connection.request("POST", "/guests", body="name=Guido", headers=form)
response = connection.getresponse()
response.read()
print("POST /guests", response.status, response.headers["Location"])

connection.request("GET", "/feed?readings=3")
response = connection.getresponse()
coding = response.headers["Transfer-Encoding"]
print("GET /feed?readings=3", response.status, coding, len(response.read()), "bytes")

connection.request("HEAD", "/")
response = connection.getresponse()
print("HEAD /", response.status, len(response.read()), "bytes")

assert connection.sock is socket, "expected one connection for all four requests"
