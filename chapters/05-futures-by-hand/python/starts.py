"""When does a coroutine start?"""

import asyncio


async def ask(pier):
    print(f"  {pier} pier is asked")


# ANCHOR: main
async def main():
    print("call it")
    north = ask("north")
    await asyncio.sleep(0.01)
    print("await it")
    await north
    print("make a task of it")
    task = asyncio.create_task(ask("south"))
    print("and let the loop have a turn")
    await asyncio.sleep(0)
    await task
# ANCHOR_END: main


asyncio.run(main())
