"""Where the payloads of records stand in some bytes: two columns of places, which numpy takes as they are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence


class Spans:
    """Begin and end of each payload, in their order; its checksum is in the 4 bytes behind its end."""

    def __init__(self) -> None:
        self.begins: array[int] = array("q")
        self.ends: array[int] = array("q")

    def __len__(self) -> int:
        return len(self.begins)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.begins, self.ends, strict=True)

    def extend(self, more: Spans) -> None:
        self.begins.extend(more.begins)
        self.ends.extend(more.ends)

    def without(self, places: Sequence[int]) -> Spans:
        """All but those with these numbers, which rise."""
        left, start = Spans(), 0
        for place in (*places, len(self)):
            left.begins.extend(self.begins[start:place])
            left.ends.extend(self.ends[start:place])
            start = place + 1
        return left
