"""Tasks that belong together: one fails, and the others are stopped."""

import asyncio
import time

started = time.monotonic()


def now():
    return round(time.monotonic() - started)


# ANCHOR: main
async def gauge(pier, takes):
    try:
        await asyncio.sleep(takes)
        if pier == "south":
            raise OSError(f"the {pier} gauge is under water")
        return 1.9
    finally:
        print(f"{now()} s: the line to the {pier} pier is closed")


async def main():
    try:
        async with asyncio.TaskGroup() as gauges:
            gauges.create_task(gauge("north", 1))
            gauges.create_task(gauge("south", 2))
            gauges.create_task(gauge("east", 3))
    except* OSError as errors:
        print(f"{now()} s: the task raised: {errors.exceptions[0]}")


asyncio.run(main())
# ANCHOR_END: main
