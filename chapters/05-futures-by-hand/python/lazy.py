"""Two coroutines, of which one is awaited."""

import asyncio


# ANCHOR: ask
async def ask(pier):
    print(f"the gauge at the {pier} pier is asked")
    return 1.9
# ANCHOR_END: ask


# ANCHOR: main
north = ask("north")
south = ask("south")
print("there are two coroutines")
print(f"north: {asyncio.run(north)} m")
del south
print("the other is dropped")
# ANCHOR_END: main
