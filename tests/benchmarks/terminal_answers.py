"""What a modern terminal answers to a program that asks."""

from __future__ import annotations

import re

_QUESTION = re.compile(
    rb"\x1b\[(?P<private>\??)(?P<mode>[0-9]+)\$p"
    rb"|\x1b\[(?P<device>[>=]?)0?c"
    rb"|\x1b\[(?P<status>[56])n"
    rb"|\x1b\[\?(?P<keyboard>u)"
    rb"|\x1b\[>0?(?P<version>q)"
    rb"|\x1b\](?P<colour>1[0-2]);\?(?:\x07|\x1b\\)"
    rb"|\x1b\[(?P<size>1[468])t"
    rb"|\x1bP\+(?P<capability>q)[0-9a-fA-F;]*\x1b\\"
)
_DEVICES = {b"": b"\x1b[?62;22c", b">": b"\x1b[>41;354;0c", b"=": b"\x1bP!|00000000\x1b\\"}
_MODES = {b"2026": 2}
"""Synchronized output is known and off; other modes are unknown."""
_LONGEST = 64
"""Bytes of a question that may still lack its end."""


class Answers:
    """The answers of a terminal of that size."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._rest = b""

    def to(self, data: bytes) -> bytes:
        """What to answer once these bytes have come; a question may lie in two of them."""
        data = self._rest + data
        found = list(_QUESTION.finditer(data))
        begin = data.rfind(b"\x1b", found[-1].end() if found else 0)
        self._rest = data[begin:] if begin >= 0 and len(data) - begin < _LONGEST else b""
        return b"".join(map(self._answer, found))

    def _answer(self, question: re.Match[bytes]) -> bytes:
        if question["mode"]:
            mode = question["mode"]
            return b"\x1b[%s%s;%d$y" % (question["private"], mode, _MODES.get(mode, 0))
        if question["status"]:
            return b"\x1b[0n" if question["status"] == b"5" else b"\x1b[1;1R"
        if question["keyboard"]:
            return b"\x1b[?0u"
        if question["version"]:
            return b"\x1bP>|probe 1\x1b\\"
        if question["colour"]:
            value = b"0000/0000/0000" if question["colour"] == b"11" else b"ffff/ffff/ffff"
            return b"\x1b]%s;rgb:%s\x1b\\" % (question["colour"], value)
        if question["size"]:
            return self._size(question["size"])
        return b"\x1bP0+r\x1b\\" if question["capability"] else _DEVICES[question["device"]]

    def _size(self, what: bytes) -> bytes:
        if what == b"18":
            return b"\x1b[8;%d;%dt" % (self._rows, self._columns)
        if what == b"16":
            return b"\x1b[6;16;8t"
        return b"\x1b[4;%d;%dt" % (self._rows * 16, self._columns * 8)
