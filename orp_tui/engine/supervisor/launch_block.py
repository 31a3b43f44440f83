"""The launch block: all that a supervisor is told, by name."""

import os


class Block:
    """The launch block, by name."""

    def __init__(self, descriptor):
        data = b""
        while chunk := os.read(descriptor, 1 << 16):
            data += chunk
        os.close(descriptor)
        words = data.split(b"\0")
        self.lists = {}
        at = 0
        while at + 1 < len(words):
            count = int(words[at + 1])
            self.lists[words[at].decode()] = words[at + 2 : at + 2 + count]
            at += 2 + count

    def all(self, name):
        return [os.fsdecode(word) for word in self.lists[name]]

    def one(self, name):
        return os.fsdecode(self.lists[name][0])

    def number(self, name):
        """A number; None where the block says nothing."""
        words = self.lists.get(name)
        return float(words[0]) if words and words[0] else None
