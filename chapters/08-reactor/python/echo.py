"""The echo server of chapter 1 on asyncio's streams, and its two clients, all in one thread."""

import asyncio


# ANCHOR: main
async def echo(reader, writer):
    while data := await reader.read(8 * 1024):
        writer.write(data)
        await writer.drain()
    writer.close()


async def client(name, address, pause):
    reader, writer = await asyncio.open_connection(*address)
    await asyncio.sleep(pause)
    writer.write(b"good morning")
    writer.write_eof()
    answer = await reader.read()
    print(f"{name} client, after {pause} s: {answer.decode()}")
    writer.close()


async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    await asyncio.gather(client("first", address, 1), client("second", address, 0))
    server.close()


asyncio.run(main())
# ANCHOR_END: main
