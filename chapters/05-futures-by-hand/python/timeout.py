"""Gauges that answer in time, and too late. A second is a hundredth of one here."""

import asyncio


# ANCHOR: main
async def reading(height, takes):
    try:
        await asyncio.sleep(takes / 100)
    except asyncio.CancelledError:
        print("  the reading is cancelled")
        raise
    return height


async def main():
    for seconds in [1, 30]:
        try:
            outcome = await asyncio.wait_for(reading(1.9, seconds), 0.1)
        except TimeoutError:
            outcome = "TimeoutError"
        print(f"a gauge that takes {seconds} s: {outcome}")


asyncio.run(main())
# ANCHOR_END: main
