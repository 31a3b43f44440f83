"""A piece of a log → the text that is read: without escapes, and without what a logger puts before it.

The dates, times of day, source lines, process numbers and addresses of loggers are numbers too, and
none of them is a metric; they are blanked. The first date with a time is the time of the line, and
`[rank1]` the process it is of.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import re

_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
_FRAME = re.compile(r"[│┃║┆┊╎]")
_SPACE = re.compile(r"[ \t\u00a0]*\t[ \t\u00a0]*|[ \u00a0]{2,}")
_STAMP = re.compile(
    r"(?<![\w.])(\d{4})[-/](\d\d)[-/](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\d*(Z|[+-]\d\d:?\d\d)?"
)
_FURNITURE = re.compile(
    r"(?<![\w.])\d{4}[-/]\d\d[-/]\d\d(?!\w)"  # a date
    r"|(?<![\w.:])\d{1,4}:\d\d(?::\d\d)*(?:[.,]\d+)?(?![\w:])"  # a time of day, a duration
    r"|\b[IWEF]\d{4} +\d+ (?=[\w.-]+\.\w+:\d)"  # glog: month and day, process
    r"|[\w./<>-]+\.(?:py|cpp|cc|cu|h|rs|ipynb):\d+"
    r"|(?:(?<=\| )|^)[\w.<>]+:[\w.<>]+:\d+(?= - )"  # loguru: module, function and line
    r"|\b(?i:pid|tid|process|thread|worker|local_rank|node)[ =:]*\d+"
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?"
    r"|^\s*\[(?:\d+,)?\d+\]<std\w+>:?"  # mpirun --tag-output
)
_RANK = re.compile(
    r"^\s*(?:\[?(?i:rank|default)[ =:]?(\d{1,5})\]?|\[\d{1,3},(\d{1,5})\]<std\w+>)[\]:]?(?=\W|$)"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """What a line says, and by whom."""

    text: str
    time: float
    """Seconds since 1970; NaN where the line does not tell it."""
    rank: int = 0
    """Of the process, where the line tells it."""


def plain(raw: bytes) -> str:
    """As text, without escapes and control characters; frames are drawn with `|`."""
    text = raw.decode("utf-8", "replace")
    if not text.isprintable():
        text = _ESCAPE.sub("", text)
    if not text.isascii():
        text = _FRAME.sub("|", text)
    return text


def said(text: str) -> Said:
    """Without the furniture; what was there is one blank or two, and a blank is never more than two."""
    time, rank = math.nan, 0
    if ":" in text or "-" in text or "/" in text:
        stamp = _STAMP.search(text, 0, 80)
        if stamp:
            time = seconds_of(stamp)
            text = text[: stamp.start()] + " " + text[stamp.end() :]
    found = _RANK.match(text)
    if found:
        rank = int(found[1] or found[2])
        text = text[found.end() :]
    text = _FURNITURE.sub("  ", text)
    if "  " in text or "\t" in text or "\u00a0" in text:
        text = _SPACE.sub("  ", text)
    return Said(text, time, rank)


def seconds_of(stamp: re.Match[str]) -> float:
    """The moment that a date with a time names; one without a zone is in this machine's. NaN if there is none such."""
    *parts, fraction, zone = stamp.groups()
    try:
        moment = datetime.datetime(*map(int, parts), tzinfo=_zone(zone))  # type: ignore[misc, arg-type]
        return moment.timestamp() + float(f"0.{fraction or 0}")
    except (ValueError, OverflowError, OSError):
        return math.nan


def time_in(text: str) -> float:
    """The moment that a text begins with, as a date with a time; NaN if it does not."""
    stamp = _STAMP.match(text.strip())
    return seconds_of(stamp) if stamp else math.nan


def _zone(text: str | None) -> datetime.tzinfo | None:
    if not text:
        return None
    if text == "Z":
        return datetime.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return datetime.timezone(datetime.timedelta(minutes=-minutes if text[0] == "-" else minutes))
