"""Gauges that answer in time, and too late. A second takes a fifth of one here."""

import asyncio

SECOND = 0.2


# ANCHOR: main
async def reading(height, takes):
    try:
        await asyncio.sleep(takes)
    except asyncio.CancelledError:
        print("  the reading is cancelled")
        raise
    return height


async def main():
    for seconds in [1, 3]:
        try:
            outcome = await asyncio.wait_for(reading(1.9, seconds * SECOND), 2 * SECOND)
        except TimeoutError:
            outcome = "TimeoutError"
        print(f"a gauge that takes {seconds} s: {outcome}")


asyncio.run(main())
# ANCHOR_END: main
