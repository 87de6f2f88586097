"""Two readings of the tide at a time."""

import asyncio
import time


# ANCHOR: main
async def reading(height, takes):
    await asyncio.sleep(takes)
    return height


async def main():
    started = time.perf_counter()
    heights = await asyncio.gather(reading(1.9, 2), reading(1.2, 1))
    print(f"north {heights[0]} m, south {heights[1]} m")
    print(f"{time.perf_counter() - started:.3f} s of wall time")


asyncio.run(main())
# ANCHOR_END: main
