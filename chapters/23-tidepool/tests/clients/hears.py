"""websockets, over TLS: the first message that comes, and a goodbye."""

import asyncio
import ssl
import sys

from websockets.asyncio.client import connect

url, authority = sys.argv[1:]
trusted = ssl.create_default_context(cafile=authority)


async def main():
    async with connect(url, ssl=trusted) as ws:
        print(await ws.recv())


asyncio.run(main())
