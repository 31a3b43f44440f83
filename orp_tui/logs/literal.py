"""Lines that hold some bytes, found at the speed of memchr where the bytes allow it.

Python finds a single byte at tens of gigabytes a second and several at two. So a byte of the
needle that is rare in what is searched is looked for, and its surroundings are compared. Where none
is rare and case is ignored, a part without letters will do: all else must be copied to lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_SAMPLE = 2048
_RARE = 4
"""Times in a sample up to which a byte is worth looking for alone."""

_LETTERLESS = re.compile(rb"[^A-Za-z]{3,}")

Find = Callable[[int], int]
"""From where → the next place, or -1."""


class Literal:
    """One needle; with `ignore_case`, ASCII letters match in both cases and `needle` is lower case."""

    def __init__(self, needle: bytes, *, ignore_case: bool = False) -> None:
        self._needle = needle
        self._ignore_case = ignore_case
        self._shifts = {byte: needle.index(byte) for byte in needle}
        self._rare = needle[0]
        """The byte that was rarest last time."""
        parts = list(_LETTERLESS.finditer(needle)) if ignore_case else []
        self._letterless = max(parts, key=lambda part: len(part[0]), default=None)

    def lines(self, data: bytes) -> list[int]:
        """Where in `data`, which holds whole lines, those begin that hold the needle."""
        find = self._finder(data)
        hits: list[int] = []
        begin = 0
        while (place := find(begin)) >= 0:
            hits.append(data.rfind(b"\n", begin, place) + 1 or begin)
            begin = data.find(b"\n", place) + 1
            if not begin:
                break
        return hits

    def _finder(self, data: bytes) -> Find:
        sample = _sample(data)
        rarest = self._rarest(sample)
        if rarest is None:
            part = self._letterless
            if part is not None and sample.count(part[0]) <= _RARE:
                return lambda begin: self._around(data, part[0], part.start(), begin)
            lowered, needle = data.lower() if self._ignore_case else data, self._needle
            return lambda begin: lowered.find(needle, begin)
        forms, shift = self._forms(rarest), self._shifts[rarest]
        if len(forms) == 1:
            return lambda begin: self._around(data, forms[0], shift, begin)

        def first(begin: int) -> int:
            places = [self._around(data, form, shift, begin) for form in forms]
            return min((place for place in places if place >= 0), default=-1)

        return first

    def _around(self, data: bytes, form: bytes, shift: int, begin: int) -> int:
        """The first place of the needle from `begin` on that has `form` at `shift`; -1 if there is none."""
        needle, length = self._needle, len(self._needle)
        form_at = data.find(form, begin + shift)
        while form_at >= 0:
            found = data[form_at - shift : form_at - shift + length]
            if (found.lower() if self._ignore_case else found) == needle:
                return form_at - shift
            form_at = data.find(form, form_at + 1)
        return -1

    def _rarest(self, sample: bytes) -> int | None:
        """The byte of the needle that is rarest in the sample; None if none is rare."""
        for byte in (self._rare, *self._shifts):
            if sum(map(sample.count, self._forms(byte))) <= _RARE:
                self._rare = byte
                return byte
        return None

    def _forms(self, byte: int) -> tuple[bytes, ...]:
        form = bytes([byte])
        return (form, form.upper()) if self._ignore_case and form.islower() else (form,)


def _sample(data: bytes) -> bytes:
    """What lies in the middle."""
    begin = max(0, (len(data) - _SAMPLE) // 2)
    return data[begin : begin + _SAMPLE]
