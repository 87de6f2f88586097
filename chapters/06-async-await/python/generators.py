"""A function that stops to ask, resumed from outside: three ways to write it."""

import types

HEIGHTS = {"north": 1.9, "south": 1.2}


# ANCHOR: generator
def both_2006():
    north = yield "north"
    south = yield "south"
    return f"north {north} m, south {south} m"
# ANCHOR_END: generator


# ANCHOR: yield-from
@types.coroutine
def ask(pier):
    return (yield pier)


def both_2012():
    north = yield from ask("north")
    south = yield from ask("south")
    return f"north {north} m, south {south} m"
# ANCHOR_END: yield-from


# ANCHOR: async-def
async def both_2015():
    north = await ask("north")
    south = await ask("south")
    return f"north {north} m, south {south} m"
# ANCHOR_END: async-def


# ANCHOR: drive
def drive(machine):
    answer = None
    while True:
        try:
            question = machine.send(answer)
        except StopIteration as done:
            return done.value
        print("asks for", question)
        answer = HEIGHTS[question]
# ANCHOR_END: drive


for both in [both_2006, both_2012, both_2015]:
    machine = both()
    print(type(machine).__name__)
    print(drive(machine))
