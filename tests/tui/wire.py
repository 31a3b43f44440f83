"""What the dashboard may send to a terminal, and what it sent that it may not.

Taken apart from the sanitiser and from Textual: a list of what is allowed, whatever is not on it
is hostile.
"""

from __future__ import annotations

import re
from collections import Counter

_TOKEN = re.compile(
    r"(?P<csi>\x1b\[[0-?]*[ -/]*[@-~])"
    r"|(?P<string>\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?)"
    r"|(?P<short>\x1b[ -/]*[0-~]?)"
    r"|(?P<text>[^\x1b]+)",
    re.DOTALL,
)
_SGR = re.compile(r"\x1b\[[0-9;]*m")
_HARMLESS_CSI = re.compile(
    r"\x1b\[(?:\d*;?\d*H|J|K|\d*[CX]"  # the place of the cursor, and clearing
    r"|\d*[LM@PST]|\d*;?\d*r"  # what the output stage moves
    r"|\?2026[hl]"  # frames in one piece
    r"|\?20(?:26|48)\$p|[56]n|c|>0?q|\?u)"  # questions
)
ONCE = ("\x1b[?1049h", "\x1b[?1049l")
"""The alternate screen is entered and left once."""
_MODES = re.compile(r"\x1b\[\?(?:7|25|1049|100[0-6]|1015|2004|2048)[hl]|\x1b\[[<>=][0-9;]*u")
_SCROLL_BACK = re.compile(r"\x1bM")
_POINTER = re.compile(r"\x1b\]22;[a-z-]*\x07")
"""The shape of the mouse's pointer: a word of Textual's."""
_STYLES = {*range(5), 7, 9, *range(21, 30), *range(30, 50), *range(90, 108)}
"""What SGR may say: no blinking (5, 6), nothing concealed (8), no other fonts."""
_UNSEEN = re.compile(
    "[\x00-\x09\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_MARKS = re.compile("[\u0300-\u036f]{9,}")


def sequences(raw: bytes) -> Counter[str]:
    """Every escape sequence that was sent, with its number."""
    text = raw.decode("utf-8", "surrogateescape")
    return Counter(match[0] for match in _TOKEN.finditer(text) if match["text"] is None)


def written(raw: bytes) -> str:
    """All that was sent but the escape sequences."""
    text = raw.decode("utf-8", "surrogateescape")
    return "".join(match[0] for match in _TOKEN.finditer(text) if match["text"] is not None)


def hostile(raw: bytes) -> list[str]:
    """What may not be among the bytes of a whole showing, from start to end."""
    sent = sequences(raw)
    found = [sequence for sequence in sent if not _is_allowed(sequence)]
    found += [f"{sent[mode]} times {mode!r}" for mode in ONCE if sent[mode] != 1]
    text = written(raw)
    found += [f"character {char!r}" for char in sorted(set(_UNSEEN.findall(text)))]
    found += [f"{len(marks)} marks in a row" for marks in _MARKS.findall(text)[:1]]
    return found


def modes(raw: bytes) -> Counter[str]:
    """What was switched on and off, and how often."""
    return Counter({name: number for name, number in sequences(raw).items() if _MODES.fullmatch(name)})


def colours(raw: bytes) -> set[str]:
    """Which kinds of colour were sent: `16`, `256`, `true`."""
    kinds = set()
    for sequence in sequences(raw):
        for kind, pattern in (("true", r"[34]8;2;"), ("256", r"[34]8;5;")):
            if _SGR.fullmatch(sequence) and re.search(pattern, sequence):
                kinds.add(kind)
        numbers = _parameters(sequence)
        if any(30 <= number <= 37 or 40 <= number <= 47 or 90 <= number <= 107 for number in numbers):
            kinds.add("16")
    return kinds


def _is_allowed(sequence: str) -> bool:
    if _SGR.fullmatch(sequence):
        return all(number in _STYLES for number in _parameters(sequence))
    return any(form.fullmatch(sequence) for form in (_HARMLESS_CSI, _MODES, _SCROLL_BACK, _POINTER))


def _parameters(sequence: str) -> list[int]:
    """The numbers of an SGR sequence, without those that belong to a colour of many."""
    if not _SGR.fullmatch(sequence):
        return []
    plain = re.sub(r"([34]8);(?:5;\d+|2;\d+;\d+;\d+)", r"\1", sequence[2:-1])
    return [int(number or 0) for number in plain.split(";")]
