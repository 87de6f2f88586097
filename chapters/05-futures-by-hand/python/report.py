"""One reading, and another if the first calls for it."""

import asyncio


async def reading(height):
    await asyncio.sleep(0.01)
    return height


# ANCHOR: report
async def report():
    north = await reading(1.9)
    if north < 1.5:
        return f"{north} m, all clear"
    south = await reading(1.2)
    return f"{north} m in the north, {south} m in the south"
# ANCHOR_END: report


print(asyncio.run(report()))
