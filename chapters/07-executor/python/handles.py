"""What becomes of a task: a result, an exception, a cancellation."""

import asyncio


# ANCHOR: main
async def reading():
    return 1.9


async def fault():
    raise LookupError("no such gauge")


async def watch():
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("the lamp is out")


async def main():
    print(await asyncio.create_task(reading()))

    try:
        await asyncio.create_task(fault())
    except LookupError as error:
        print(f"the task raised: {error}")

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)
    task.cancel()
    print("the watch is told to stop")
    try:
        await task
    except asyncio.CancelledError:
        print("the task was cancelled")


asyncio.run(main())
# ANCHOR_END: main
