"""Python's websockets against the conformance application."""

import asyncio
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

at = f"127.0.0.1:{sys.argv[1]}"


async def closed(ws):
    """How it ends."""
    try:
        async for _ in ws:
            pass
    except ConnectionClosed:
        pass
    return ws.close_code, ws.close_reason


async def refused(path):
    try:
        async with connect(f"ws://{at}{path}"):
            return "accepted"
    except InvalidStatus as refusal:
        return refusal.response.status_code, refusal.response.body


async def main():
    async with connect(f"ws://{at}/ws", max_size=None, compression=None) as ws:
        await ws.send("Hello, crabs!")
        print("text", await ws.recv())
        await ws.send(bytes(range(256)))
        print("binary", await ws.recv() == bytes(range(256)))
        await ws.send(["in ", "three ", "fragments"])
        print("fragments", await ws.recv())
        await ws.send([b"x" * 100_000] * 20)
        print("many fragments", await ws.recv() == b"x" * 2_000_000)
        latency = await (await ws.ping())
        print("ping", latency < 50)
        for number in range(1000):
            await ws.send(str(number))
        print("a thousand", [int(await ws.recv()) for _ in range(1000)] == list(range(1000)))
        await ws.close(4000, "tide")
        print("our close", ws.close_code, repr(ws.close_reason))
    async with connect(f"ws://{at}/ws", max_size=None, compression=None) as ws:
        try:
            await ws.send(b"x" * 64 * 1024 * 1024)
            await ws.recv()
        except ConnectionClosed:
            pass
        print("64 MiB", await closed(ws))
    for takeover in (False, True):
        deflate = ClientPerMessageDeflateFactory(
            server_no_context_takeover=not takeover, client_no_context_takeover=not takeover
        )
        async with connect(f"ws://{at}/ws", extensions=[deflate], compression=None) as ws:
            agreed = [extension.name for extension in ws.protocol.extensions]
            for number in range(50):
                await ws.send("sideways " * number)
                assert await ws.recv() == "sideways " * number
            print("compressed", agreed)
    print("deny", await refused("/wsdeny"))
    print("denial", await refused("/wsdenial"))
    print("nowhere", await refused("/nowhere"))
    async with connect(f"ws://{at}/wsidle") as ws:
        print("idle", await ws.recv())
    async with connect(f"ws://{at}/wsflood", max_queue=1) as ws:
        print("flood", len(await ws.recv()))
        await asyncio.sleep(0.2)
        ws.transport.abort()


asyncio.run(main())
