"""Two threads, one prize, and a GIL.

Run with `python3 chapters/03-threads/python/gil.py`.
"""

import threading

# ANCHOR: claim
prizes = 1
winners = []
look = threading.Barrier(2)


def claim(name):
    global prizes
    if prizes > 0:
        look.wait()  # here the other thread may get its turn; now it does
        prizes -= 1
        winners.append(name)
# ANCHOR_END: claim


visitors = [threading.Thread(target=claim, args=[name]) for name in ("A", "B")]
for visitor in visitors:
    visitor.start()
for visitor in visitors:
    visitor.join()
print(f"{len(winners)} winners of 1 prize; prizes left: {prizes}")
