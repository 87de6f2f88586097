"""A coroutine, closed at each of its awaits."""

import types


@types.coroutine
def turn():
    yield


# ANCHOR: visit
async def visit(log):
    try:
        await turn()
        try:
            await turn()
        finally:
            log.append("response")
    finally:
        log.append("request")
# ANCHOR_END: visit


# ANCHOR: main
for polls in range(4):
    log = []
    coroutine = visit(log)
    try:
        for _ in range(polls):
            coroutine.send(None)
    except StopIteration:
        print(polls, "polls, done:  ", log)
    else:
        coroutine.close()
        print(polls, "polls, closed:", log)
# ANCHOR_END: main
