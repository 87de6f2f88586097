"""httpx, sync and async, over HTTP/1.1: streaming both ways."""

import asyncio
import sys

import httpx

base = f"http://127.0.0.1:{sys.argv[1]}"


def parts(count):
    for _ in range(count):
        yield b"crab" * 1000


async def async_parts(count):
    for part in parts(count):
        yield part
        await asyncio.sleep(0)


def sync():
    with httpx.Client(base_url=base, timeout=50) as client:
        response = client.get("/")
        print(response.http_version, response.status_code, response.text, response.headers["content-length"])
        print("head", client.head("/").headers["content-length"])
        print("echo", client.post("/echo", content=parts(100)).content == b"crab" * 100_000)
        print("upload", client.post("/upload", content=parts(1000)).text)
        print("early", client.post("/", content=b"x" * 200_000).text)
        with client.stream("GET", "/bytes?n=3000000&part=16384") as response:
            print("streamed", sum(len(part) for part in response.iter_raw()))
        # httpx passes over informational responses, and over trailers.
        print("hints", client.get("/hints").text)
        print("trailers", client.get("/trailers", headers={"te": "trailers"}).text)
        for path in ("/early", "/none", "/nowhere"):
            print(path, client.get(path).status_code)
        try:
            client.get("/mid")
        except httpx.RemoteProtocolError as error:
            print("cut:", error)
        with client.stream("GET", "/sse") as response:
            print("events", next(response.iter_text()))


async def asynchronous():
    async with httpx.AsyncClient(base_url=base, timeout=50) as client:
        responses = await asyncio.gather(*(client.get("/") for _ in range(20)))
        print("at a time:", {response.text for response in responses})
        print("echo", (await client.post("/echo", content=async_parts(100))).content == b"crab" * 100_000)
        print("upload", (await client.post("/upload", content=async_parts(1000))).text)
        async with client.stream("GET", "/bytes?n=3000000&part=16384") as response:
            length = 0
            async for part in response.aiter_raw():
                length += len(part)
            print("streamed", length)
        async with client.stream("GET", "/sse") as response:
            async for text in response.aiter_text():
                print("events", text)
                break
        try:
            await client.get("/mid")
        except httpx.RemoteProtocolError as error:
            print("cut:", error)
        # A client that gives up in the middle of a wait.
        try:
            await asyncio.wait_for(client.get("/slow"), 0.05)
        except asyncio.TimeoutError:
            print("given up")


sync()
asyncio.run(asynchronous())
