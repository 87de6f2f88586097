"""Python's http.client: one connection, one request after the other, streaming both ways."""

import http.client
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=50)


def ask(*arguments, **options):
    connection.request(*arguments, **options)
    return connection.getresponse()


response = ask("GET", "/")
print(response.status, response.read().decode(), response.getheader("content-length"))
socket = connection.sock

parts = (b"crab" * 1000 for _ in range(100))
response = ask("POST", "/echo", body=parts, encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
print("echo", response.status, response.read() == b"crab" * 100_000)

response = ask("POST", "/upload", body=(b"x" * 65_536 for _ in range(64)), headers={"Content-Length": "4194304"})
print("upload", response.status, response.read().decode())

response = ask("GET", "/bytes?n=3000000&part=16384")
length = 0
while part := response.read(10_000):
    length += len(part)
print("streamed", response.status, length)

response = ask("HEAD", "/bytes?n=1000&part=10")
print("head", response.status, response.getheader("content-length"), response.read())

response = ask("POST", "/", body=b"x" * 200_000)
print("early", response.status, response.read().decode())

for path in ("/early", "/none", "/nowhere"):
    response = ask("GET", path)
    print(path, response.status, response.read() != b"")

response = ask("GET", "/trailers", headers={"TE": "trailers"})
print("trailers", response.status, response.read().decode(), response.getheader("trailer"))
print("one connection for all:", connection.sock is socket)

response = ask("GET", "/mid")
try:
    response.read()
except http.client.IncompleteRead as error:
    print("incomplete", error.partial)
connection.close()

# A response that is left behind.
response = ask("GET", "/sse")
print("events", response.read(9))
connection.close()
