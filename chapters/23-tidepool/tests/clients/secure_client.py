"""httpx and websockets against a server with TLS, by its command line."""

import asyncio
import ssl
import sys

import httpx
from websockets.asyncio.client import connect

port, authority = sys.argv[1:]
trusted = ssl.create_default_context(cafile=authority)


async def main():
    for http2 in (True, False):
        base = f"https://localhost:{port}"
        async with httpx.AsyncClient(base_url=base, http2=http2, verify=trusted, timeout=50) as client:
            response = await client.get("/spoken")
            print(response.http_version, response.status_code, response.text)
            if http2:
                answers = await asyncio.gather(*(client.get("/") for _ in range(50)))
                clients = {answer.extensions["network_stream"].get_extra_info("client_addr") for answer in answers}
                counted = f"{len(answers)} on {'one connection' if len(clients) == 1 else clients}"
    print(counted)
    async with connect(f"wss://localhost:{port}/scheme", ssl=trusted) as ws:
        print(await ws.recv())


asyncio.run(main())
