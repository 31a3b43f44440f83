"""A piece of a log → the text that is read: without escapes, and without what a logger puts before it.

The dates, times of day, source lines, process numbers and addresses of loggers are numbers too, and
none of them is a metric; they are blanked. The first date with a time is the time of the line, and
`[rank1]` the process it is of.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import NamedTuple

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
_DATE = re.compile(r"\d(?<![\w.].)\d{3}[-/]\d\d[-/]\d\d(?!\w)")
_CLOCK = re.compile(r"\d(?<![\w.:].)\d{0,3}:\d\d(?::\d\d)*(?:[.,]\d+)?(?![\w:])")
_GLOG = re.compile(r"\s?[IWEF]\d{4}\s{1,2}\d\d:\d\d:\d\d\.\d+\s+\d+\s")
_SOURCE = re.compile(r"\b[\w./<>-]{1,120}\.(?:py|cpp|cc|cu|h|rs|ipynb):\d+")
_LOGURU = re.compile(r"(?:(?<=\|\s)|^)[\w.<>]{1,80}:[\w.<>]{1,80}:\d+(?=\s-\s)")
_PROCESS = re.compile(r"\b(?:pid|tid|process|thread|worker|local_rank|node)[ =:]{0,2}\d+", re.IGNORECASE)
_PROCESSES = ("pid", "tid", "process", "thread", "worker", "rank", "node")
_ADDRESS = re.compile(r"\d(?<![\w.].)\d{0,2}(?:\.\d{1,3}){3}(?::\d+)?")
_LEVELS = ("I", "W", "E", "F")
_LEVEL = re.compile(
    r"\A[\s|\[\]-]{0,6}(?:INFO|DEBUG|WARNING|WARN|ERROR|SUCCESS|NOTICE|TRACE)\b[\s|\]:-]{0,6}"
)
_GONE = "  "
_RANK = re.compile(
    r"^\s*(?:\[?(?i:rank|default)[ =:]?(\d{1,5})\]?|\[\d{1,3},(\d{1,5})\]<std\w+>)[\]:]?(?=\W|$)"
)


class Said(NamedTuple):
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
    if "-" in text or "/" in text:
        stamp = _STAMP.search(text, 0, 80)
        if stamp:
            time = seconds_of(stamp)
            text = text[: stamp.start()] + " " + text[stamp.end() :]
    found = _RANK.match(text)
    if found:
        rank = int(found[1] or found[2])
        text = text[found.end() :]
    text = _LEVEL.sub("", _unfurnished(text), 1)
    if "  " in text or "\t" in text or "\u00a0" in text:
        text = _SPACE.sub("  ", text)
    return Said(text, time, rank)


def _unfurnished(text: str) -> str:
    """Each kind is looked for only where a sign of it is: most lines have none."""
    if ":" in text:
        text = _GLOG.sub(_GONE, text, 1) if text.lstrip()[:1] in _LEVELS else text
        text = _CLOCK.sub(_GONE, _SOURCE.sub(_GONE, text) if "." in text else text)
        if " - " in text:
            text = _LOGURU.sub(_GONE, text)
    if "-" in text or "/" in text:
        text = _DATE.sub(_GONE, text)
    low = text.lower()
    if any(word in low for word in _PROCESSES):
        text = _PROCESS.sub(_GONE, text)
    return _ADDRESS.sub(_GONE, text) if text.count(".") >= 3 else text


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
