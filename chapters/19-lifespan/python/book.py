"""The guest book of examples/book: read from the file that GUEST_BOOK names, signed, and saved."""

import os
import sys


class GuestBook:
    def __init__(self):
        with open(os.environ["GUEST_BOOK"]) as file:
            self.names = file.read().split()
        say(f"the book is open: {', '.join(self.names)}")

    def save(self):
        with open(os.environ["GUEST_BOOK"], "w") as file:
            file.write("\n".join(self.names) + "\n")
        say(f"the book is saved: {', '.join(self.names)}")


def say(line):
    print(line, file=sys.stderr, flush=True)
