"""Two threads that count visits, without any help from a barrier.

Run with `python3 chapters/03-threads/python/gil_hits.py`. An argument is the number of visits of each thread.
"""

import sys
import threading

VISITS = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000

# ANCHOR: hit
hits = 0


def one_more(number):
    return number + 1


def visit():
    global hits
    for _ in range(VISITS):
        hits = one_more(hits)
# ANCHOR_END: hit


sys.setswitchinterval(0.000_01)
threads = [threading.Thread(target=visit) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{2 * VISITS} visits, {hits} counted, {2 * VISITS - hits} lost")
