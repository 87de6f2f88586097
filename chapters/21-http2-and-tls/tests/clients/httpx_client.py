"""httpx over HTTP/2 and TLS: many requests on one connection, streaming both ways."""

import asyncio
import ssl
import sys

import httpx

base, authority = sys.argv[1:]


async def parts(count):
    for _ in range(count):
        yield b"crab" * 1000
        await asyncio.sleep(0)


async def main():
    trusted = ssl.create_default_context(cafile=authority)
    async with httpx.AsyncClient(base_url=base, http2=True, verify=trusted, timeout=50) as client:
        response = await client.get("/")
        print(response.http_version, response.status_code, response.text)
        print("head", (await client.head("/")).headers["content-length"])
        print("upload", (await client.post("/upload", content=parts(1000))).text)
        async with client.stream("GET", "/bytes?n=3000000&part=16384") as response:
            print("streamed", sum([len(part) async for part in response.aiter_raw()]))
        together = await asyncio.gather(*(client.get("/sleep?ms=20") for _ in range(50)))
        print("at a time", {response.text for response in together})
        streams = {response.extensions["stream_id"] for response in together}
        print("streams", len(streams))
        for path in ("/early", "/none", "/nowhere"):
            print(path, (await client.get(path)).status_code)
        try:
            await client.get("/mid")
        except httpx.RemoteProtocolError as error:
            print("cut", "error_code:2" in str(error) or error)
        print("and goes on", (await client.get("/")).text)


asyncio.run(main())
