"""Three tasks that take turns."""

import asyncio


# ANCHOR: main
async def clerk(name, entries):
    for entry in range(1, entries + 1):
        print(f"{name}: entry {entry}")
        await asyncio.sleep(0)


async def main():
    north = asyncio.create_task(clerk("north", 2))
    south = asyncio.create_task(clerk("south", 1))
    east = asyncio.create_task(clerk("east", 2))
    print("three tasks")
    for task in (north, south, east):
        await task
    print("three tasks are done")


asyncio.run(main())
# ANCHOR_END: main
