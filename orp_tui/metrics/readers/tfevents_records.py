"""The records of an event file: length, its checksum, payload, its checksum.

Every payload is checked before anybody looks into it, so a flipped bit is never a point. TensorBoard stops
for good at the first record that is broken; here the next one that is sound is looked for.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import struct

from orp_tui.metrics.readers.tfevents_crc import masked_crc, wrong_ones
from orp_tui.metrics.readers.tfevents_spans import Spans

HEADER, FOOTER = 12, 4
"""Bytes before and after a payload."""
_MOST = 2 << 30
"""No message of protobuf is longer; so the upper half of a length is always zero."""
_ZEROS = bytes(4)
_OTHER_THAN_ZERO = re.compile(rb"[^\0]")


WRONG = "a record with a wrong checksum"


@dataclasses.dataclass(slots=True)
class Records:
    """The records that stand one behind the other in some bytes."""

    spans: Spans
    """Their payloads."""
    end: int
    """Where the first that is not among them begins."""
    wrong: list[int] = dataclasses.field(default_factory=list)
    """Where those begin that are left out: their checksum is wrong, but what follows is sound."""
    needed: int = 0
    """Bytes that the first that is not among them takes, header and all; 0 where that can't be told."""
    broken: str = ""
    """What is wrong with that one, in words; empty if it is only not all there."""
    paused: bool = False
    """It may be all there: so many as were asked for stand before it."""


def records_in(data: bytes, at: int = 0, most: int = 1 << 62) -> Records:
    """Up to `most` records from `at` on, up to one that is not all there, or broken and with it what follows."""
    found = _framed(data, at, most)
    wrong = wrong_ones(data, found.spans)
    if not wrong:
        return found
    begins = found.spans.begins
    found.wrong = [begins[place] - HEADER for place in wrong]
    if wrong[-1] == len(begins) - 1 and not found.needed:  # its length may be what is wrong
        found.end, found.broken = found.wrong.pop(), WRONG
    found.spans = found.spans.without(wrong)
    return found


def _framed(data: bytes, at: int, most: int) -> Records:
    """As `records_in`, with nothing but their lengths checked."""
    spans = Spans()
    begins, ends, size = spans.begins, spans.ends, len(data)
    while at + HEADER <= size:
        begin = at + HEADER
        length = payload_length(data[at:begin])
        if length < 0:
            return Records(spans, at, broken="no record begins there")
        end = begin + length
        if end + FOOTER > size or len(begins) >= most:
            return Records(spans, at, needed=HEADER + length + FOOTER, paused=end + FOOTER <= size)
        begins.append(begin)
        ends.append(end)
        at = end + FOOTER
    return Records(spans, at)


@functools.lru_cache(maxsize=4096)
def payload_length(header: bytes) -> int:
    """The length that the first 12 bytes of a record tell; -1 if they are none.

    Few lengths come again and again, so most of them are checked once.
    """
    length, crc = struct.unpack("<QI", header)
    return int(length) if length < _MOST and crc == masked_crc(header[:8]) else -1


def next_record(data: bytes, at: int) -> int:
    """Where, from `at` on, the header of a record begins; -1 if none does. Bytes that say nothing are passed quickly."""
    while True:
        zeros = data.find(_ZEROS, at + 4)
        at = zeros - 4
        if zeros < 0 or at + HEADER > len(data):
            return -1
        if payload_length(data[at : at + HEADER]) >= 0:
            return at
        at += 1
        if data.startswith(_ZEROS, zeros + 4):  # as a crash leaves them: up to millions
            other = _OTHER_THAN_ZERO.search(data, zeros)
            if other is None:
                return -1
            at = max(at, other.start() - HEADER + 1)
