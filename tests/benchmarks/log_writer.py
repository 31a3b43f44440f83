"""python log_writer.py ORDERS: a training that writes log lines to stdout as the file ORDERS tells it.

`rate N`: N bytes a second, in steps of 10 ms; `fill N`: N bytes as fast as it can, with `NEEDLE` in ten of
its lines and `LAST` in the last; `empty`: write no more, and begin the log anew with `FIRST` and some lines.
Behind each order stands a number, so that no two are the same; ORDERS.done tells which was done last. Most
lines tell when they were written, in seconds of the monotonic clock. They are as those of a training are:
steps go up, numbers differ a little from line to line.
"""

from __future__ import annotations

import os
import random
import sys
import time

STEP_S = 0.01
FIRST, LAST = "the-first-line-of-all", "the-last-line-of-all"
NEEDLE = "kernel-needle-4711"
NEEDLES = 10
_STAMP = b"@@@@@@@.@@@@@@"
_LINES = 100
"""Of a block."""


def blocks(number: int) -> list[bytes]:
    """Blocks of lines of about 100 bytes, with places for the time."""
    rng = random.Random(1)
    lines = [
        b"t%s INFO trainer: step %d loss %.4f lr 2.9714e-04 grad_norm %.3f tokens/s %d mem 61.2 GiB\n"
        % (
            _STAMP,
            1_200_000 + place,
            2.3 + rng.random() / 10,
            0.8 + rng.random() / 4,
            rng.randint(98_000, 99_999),
        )
        for place in range(number * _LINES)
    ]
    return [b"".join(lines[place : place + _LINES]) for place in range(0, len(lines), _LINES)]


class Writer:
    """Does orders, for ever."""

    def __init__(self, orders: str) -> None:
        self._orders = orders
        self._done = ""
        self._rate = 0.0
        self._owed = 0.0
        self._blocks = blocks(64)
        self._next = 0

    def run(self) -> None:
        before = time.monotonic()
        while True:
            self._look()
            now = time.monotonic()
            self._owed = min(self._owed + self._rate * (now - before), self._rate)
            before = now
            self._write_owed()
            time.sleep(STEP_S)

    def _look(self) -> None:
        with open(self._orders, encoding="ascii") as file:
            order = file.read()
        if order == self._done or not order.endswith("\n"):
            return
        self._done = order
        self._do(*order.split()[:2])
        with open(f"{self._orders}.done", "w", encoding="ascii") as file:
            file.write(order)

    def _do(self, word: str, number: str) -> None:
        if word == "rate":
            self._rate, self._owed = float(number), 0.0
        elif word == "fill":
            self._fill(int(number))
        else:
            self._rate = self._owed = 0.0
            os.ftruncate(1, 0)
            write(f"{FIRST}\n".encode() + self._stamped(len(self._blocks[0])))

    def _write_owed(self) -> None:
        while self._owed >= len(self._blocks[0]):
            data = self._stamped(int(self._owed))
            self._owed -= len(data)
            write(data)

    def _stamped(self, room: int) -> bytes:
        """Lines of now, a megabyte at most."""
        count = max(1, min(room // len(self._blocks[0]), 100))
        chosen = [self._blocks[(self._next + place) % len(self._blocks)] for place in range(count)]
        self._next += count
        return b"".join(chosen).replace(_STAMP, b"%014.6f" % time.monotonic())

    def _fill(self, size: int) -> None:
        part = size // NEEDLES
        for _ in range(NEEDLES):
            written = 0
            while written < part:
                written += write(self._stamped(part - written))
            write(f"WARNING {NEEDLE} was found in a part\n".encode())
        write(f"{LAST}\n".encode())


def write(data: bytes) -> int:
    """All of it."""
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]
    return len(data)


if __name__ == "__main__":
    Writer(sys.argv[1]).run()
