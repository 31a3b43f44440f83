"""The rules of `core.sanitise` for text that is not plain ASCII.

Apart from it because compiling the patterns takes ten milliseconds that most commands
never need.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from orp_tui.core.sanitise import MARKS_KEPT

_RESET = "\x1b[0m"
_CSI = r"[0-?]*+[ -/]*+[@-~]"
_STRING = r"[^\x07\x1b\x9c\n]*+(?:\x07|\x1b\\|\x9c)"
_SHORT = r"[ -/]*+[0-OQ-WYZ\\`-~]"
_SEQUENCE = re.compile(
    rf"\x1b(?:\[{_CSI}|[\]PX^_]{_STRING}|{_SHORT})|\x9b{_CSI}|[\x90\x98\x9d-\x9f]{_STRING}",
)
_SGR = re.compile(r"\x1b\[([0-9;:]{0,64})m")
_PLAIN_SGR = frozenset([*range(5), 7, 9, *range(21, 50), 53, 55, 58, 59, *range(90, 108)])
_UNWANTED = re.compile(
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
_MAYBE_MARKS = re.compile(f"[\u0300-\U0010ffff]{{{MARKS_KEPT + 1}}}")
_MAYBE_STYLED_MARKS = re.compile("[\u0300-\U0010ffff]\x1b\\[[0-9;:]*m[\u0300-\U0010ffff]")


def cleaned(text: str, *, keep_colours: bool, keep_newlines: bool) -> str:
    """`text` by the rules of `core.sanitise`."""
    if "\x1b" not in text and (text.isascii() or not _SEQUENCE.search(text)):
        return _cap_marks(_characters(text, keep_newlines))
    if not keep_colours:
        return _cap_marks(_characters(_SEQUENCE.sub("", text), keep_newlines))
    return _coloured(text, keep_newlines)


def without_sequences(text: str) -> str:
    """`text` without escape sequences; everything else as it is."""
    return _SEQUENCE.sub("", text)


def _coloured(text: str, keep_newlines: bool) -> str:
    pieces: list[str] = []
    position = 0
    lit = False
    for match in _SEQUENCE.finditer(text):
        pieces.append(_characters(text[position : match.start()], keep_newlines))
        position = match.end()
        colour = _colour(match.group())
        if colour:
            pieces.append(colour)
            lit = colour != _RESET
    pieces.append(_characters(text[position:], keep_newlines))
    if lit:
        pieces.append(_RESET)
    return _cap_marks("".join(pieces))


@functools.lru_cache(maxsize=1024)
def _colour(sequence: str) -> str:
    """The SGR sequence with only what changes looks; empty for any other sequence."""
    match = _SGR.fullmatch(sequence)
    if match is None:
        return ""
    body = match[1]
    if not body:
        return _RESET
    kept: list[str] = []
    parameters: Iterator[str] = iter(body.split(";"))
    for parameter in parameters:
        number = parameter.partition(":")[0] or "0"
        if len(number) > 3 or int(number) not in _PLAIN_SGR:
            continue
        if number in ("38", "48", "58") and ":" not in parameter:
            colour = _extended(parameters)
            if colour is None:
                break
            parameter = f"{number};{colour}"
        kept.append(parameter)
    if not kept:
        return ""
    return _RESET if kept in (["0"], [""]) else f"\x1b[{';'.join(kept)}m"


def _extended(parameters: Iterator[str]) -> str | None:
    """What follows 38, 48 or 58: `5;n` or `2;r;g;b`; None if it is anything else."""
    form = next(parameters, "")
    values = [next(parameters, "") for _ in range({"5": 1, "2": 3}.get(form, 0))]
    if not values or not all(value.isdecimal() and len(value) <= 3 and int(value) <= 255 for value in values):
        return None
    return ";".join([form, *values])


def _characters(text: str, keep_newlines: bool) -> str:
    """Rules 2 to 4; no sequence is left in `text`."""
    if text.isascii() and text.isprintable():
        return text
    if keep_newlines and "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if _UNWANTED.search(text):
        text = text.translate(_table(keep_newlines))
    return text


@functools.cache
def _table(keep_newlines: bool) -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20) if code != 0x09}
    if keep_newlines:
        del table[0x0A]
    table[0x7F] = "\u2421"
    table.update(
        dict.fromkeys(_codes((0x80, 0x9F), (0x61C, 0x61C), (0x200E, 0x200F), (0x2028, 0x202E)), "\ufffd")
    )
    table.update(dict.fromkeys(_codes((0x2066, 0x2069), (0xD800, 0xDFFF)), "\ufffd"))
    invisible = _codes(
        *(
            (0xAD, 0xAD),
            (0x115F, 0x1160),
            (0x180B, 0x180F),
            (0x200B, 0x200D),
            (0x2060, 0x2065),
            (0x206A, 0x206F),
        ),
        *((0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB)),
        *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
    )
    table.update(dict.fromkeys(invisible, None))
    return table


def _codes(*spans: tuple[int, int]) -> list[int]:
    return [code for first, last in spans for code in range(first, last + 1)]


def _cap_marks(text: str) -> str:
    if text.isascii() or not (_MAYBE_MARKS.search(text) or _MAYBE_STYLED_MARKS.search(text)):
        return text
    return _mark_runs().sub(_capped, text)


def _capped(run: re.Match[str]) -> str:
    """The first marks of a run; of the colours between its marks only the last."""
    colours = _SGR.findall(run[0])
    marks = _SGR.sub("", run[0])[:MARKS_KEPT]
    return f"{marks}\x1b[{colours[-1]}m" if colours else marks


@functools.cache
def _mark_runs() -> re.Pattern[str]:
    """More marks in a row than stay, colours between them not counted.

    The marks are those that this interpreter's Unicode data knows, asked for at the first
    text that needs it (some 10 ms); the blocks left out hold ideographs, syllables and
    private characters. Jamo vowels and finals take no cell of their own either.
    """
    import unicodedata

    blocks = _codes(
        (0x300, 0x33FF), (0xA000, 0xABFF), (0xFB00, 0xFFFF), (0x10000, 0x16FFF), (0x1B000, 0x1EFFF)
    )
    marks = [chr(code) for code in blocks if unicodedata.category(chr(code))[0] == "M"]
    marks += map(chr, _codes((0x1160, 0x11FF), (0xD7B0, 0xD7FF)))
    # A character class is a bitmap below U+10000 and a slow list above; so it is two of them.
    low = "".join(mark for mark in marks if mark < "\U00010000")
    high = "".join(mark for mark in marks if mark >= "\U00010000")
    mark = f"(?:[{low}]|(?=[\U00010000-\U0010ffff])[{high}])"
    return re.compile(f"(?:{mark}(?:\x1b\\[[0-9;:]*m)*+){{{MARKS_KEPT + 1},}}")
