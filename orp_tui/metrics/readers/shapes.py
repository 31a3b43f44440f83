"""Lines of JSON that are all alike → columns of numbers, without a mapping for each line.

Most files of metrics have the same few names in every line. Once these are known, msgspec reads a
million lines in half the time that mappings take. Whatever does not fit the shape is refused
whole, and read the long way.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

MOST_NAMES = 64
_KINDS = {int, float, type(None)}


class Shape:
    """Names that may stand in a line, each with a number or null."""

    def __init__(self, names: tuple[str, ...]) -> None:
        import msgspec

        self.names = names
        self._fields = {name: f"f{place}" for place, name in enumerate(names)}
        row = msgspec.defstruct(
            "Row",
            [(field, float | None, None) for field in self._fields.values()],
            rename={field: name for name, field in self._fields.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decoder = msgspec.json.Decoder(row)
        self._refusals = (msgspec.MsgspecError, ValueError, RecursionError)

    def columns(self, data: bytes, lines: int) -> dict[str, list[float | None]] | None:
        """Name → its value in each line, None where there is none; None if the data is of another shape.

        All numbers are finite: JSON has no others.
        """
        try:
            rows = self._decoder.decode_lines(data)
        except self._refusals:
            return None
        if len(rows) != lines:
            return None
        return {name: list(map(attrgetter(field), rows)) for name, field in self._fields.items()}


def shape_of(rows: Sequence[Mapping[str, Any]]) -> Shape | None:
    """The shape of rows that were read; None if they hold anything but numbers, too many names, or odd ones."""
    if not set(map(type, chain.from_iterable(row.values() for row in rows))) <= _KINDS:
        return None
    names = tuple(dict.fromkeys(chain.from_iterable(rows)))
    return _shape(names) if 0 < len(names) <= MOST_NAMES else None


@functools.lru_cache(maxsize=64)
def _shape(names: tuple[str, ...]) -> Shape | None:
    try:
        return Shape(names)
    except (
        ValueError
    ):  # msgspec takes no quotes, backslashes, control characters or lone surrogates in a name
        return None
