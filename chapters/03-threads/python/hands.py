"""Four jobs on one, two and four threads: arithmetic, and waiting.

Run with `python3 chapters/03-threads/python/hands.py`. An argument is the size of the jobs in hundredths.
"""

import os
import sys
import threading
import time


# ANCHOR: jobs
def count_primes(limit):
    """The processor's job: how many primes there are below `limit`, found the slow way."""
    found = 0
    for n in range(2, limit):
        d = 2
        while d * d <= n and n % d != 0:
            d += 1
        found += d * d > n
    return found


def wait(seconds):
    """Somebody else's job: an answer that takes its time."""
    time.sleep(seconds)
# ANCHOR_END: jobs


# ANCHOR: four_jobs
def four_jobs(count, job):
    """Does four jobs on so many threads, and returns how long that took."""
    def jobs():
        for _ in range(4 // count):
            job()

    started = time.perf_counter()
    threads = [threading.Thread(target=jobs) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started
# ANCHOR_END: four_jobs


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{os.cpu_count()} processors, 4 jobs")
    for threads in (1, 2, 4):
        # ANCHOR: both
        arithmetic = min(four_jobs(threads, lambda: count_primes(1_500 * size)) for _ in range(3))
        waiting = min(four_jobs(threads, lambda: wait(0.003 * size)) for _ in range(3))
        # ANCHOR_END: both
        print(f"{threads} at work  arithmetic {arithmetic:5.2f} s  waiting {waiting:5.2f} s")


if __name__ == "__main__":
    main()
