"""A task that nobody but the loop knows, and then one that only its future knows."""

import asyncio
import gc


# ANCHOR: main
async def watch():
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("the watch is over")


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: print(context["message"]))
    asyncio.create_task(watch())
    await asyncio.sleep(0)
    print(f"{len(asyncio.all_tasks())} tasks")
    gc.collect()
    print(f"{len(asyncio.all_tasks())} task")


asyncio.run(main())
# ANCHOR_END: main
