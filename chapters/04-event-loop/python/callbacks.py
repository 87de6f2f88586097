"""Breakfast with callbacks: call_soon, call_later and add_reader, without a coroutine in sight."""

# ANCHOR: main
import asyncio
import socket


def main():
    loop = asyncio.new_event_loop()
    door, neighbour = socket.socketpair()
    door.setblocking(False)

    loop.add_reader(door, answer_door, loop, door)
    loop.call_soon(cook, loop, neighbour)
    print("good morning")
    loop.run_forever()
    # ANCHOR_END: main
    loop.remove_reader(door)
    door.close()
    loop.close()
    # ANCHOR: main


def cook(loop, neighbour):
    print("kettle on")
    loop.call_later(0.3, serve_coffee, loop)
    print("pot on")
    loop.call_later(0.2, print, "oatmeal is ready")
    loop.call_soon(knock, neighbour)


def serve_coffee(loop):
    print("coffee is ready")
    loop.stop()


def knock(neighbour):
    print("the neighbour knocks")
    neighbour.sendall(b"any coffee?")
    neighbour.close()


def answer_door(loop, door):
    words = door.recv(64)
    if not words:
        loop.remove_reader(door)
        return
    print(f"heard at the door: {words.decode()}")
# ANCHOR_END: main


if __name__ == "__main__":
    main()
