"""What `small_app.py` shows, without Textual: the same packets, from a process that starts in no time."""

from __future__ import annotations

import json
import os
import sys


def packet(kind: str, text: str) -> None:
    data = text.encode()
    sys.stdout.buffer.write(kind.encode() + len(data).to_bytes(4, "big") + data)
    sys.stdout.buffer.flush()


def draw(keys: str, size: str) -> None:
    packet("D", f"\x1b[H\x1b[2Jhello from {os.getpid()} [\r\nkeys: {keys}\r\nsize {size}")


def main() -> None:
    sys.stdout.write("__GANGLION__\n")
    sys.stdout.flush()
    keys, size = "", f"{os.environ['COLUMNS']}x{os.environ['ROWS']}"
    draw(keys, size)
    while head := sys.stdin.buffer.read(5):
        text = sys.stdin.buffer.read(int.from_bytes(head[1:], "big")).decode()
        if head[:1] == b"D":
            keys += text[:100]
        else:
            facts = json.loads(text)
            if facts["type"] == "quit":
                return packet("M", '{"type": "exit"}')
            if facts["type"] == "resize":
                size = f"{facts['width']}x{facts['height']}"
        draw(keys, size)
    return None


if __name__ == "__main__":
    main()
