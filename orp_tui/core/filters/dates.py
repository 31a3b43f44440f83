"""Days, months and years in filters: `2026-11`, `2026-11-24`, `2026-11-24T14:30`, `today`, `last-month`; local time."""

from __future__ import annotations

import datetime
import re

from orp_tui.core.filters.errors import Wrong
from orp_tui.core.filters.values import quoted

DATE_WORDS = (
    "today", "yesterday", "this-week", "last-week", "this-month", "last-month", "this-year", "last-year",
)  # fmt: skip
"""A week begins on Monday."""

_DATE = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d))?)?)?)?", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1971, 9000


def span(text: str, now: float) -> tuple[float, float]:
    """The time that `text` means, from its beginning up to and without its end, in seconds since 1970.

    Raises Wrong. `d:TEXT` is to lie in it, `d<TEXT` before it, `d>TEXT` after it, `d<=TEXT` before its end.
    """
    start, end = _words_span(text, now) if text in DATE_WORDS else _date_span(text)
    # A naive time is local; where clocks are put back the first of both hours is meant.
    return start.timestamp(), end.timestamp()


def _date_span(text: str) -> tuple[datetime.datetime, datetime.datetime]:
    found = _DATE.fullmatch(text)
    try:
        if found is None or not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
            raise ValueError
        year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups())
        start = datetime.datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0)  # noqa: DTZ001 - local
    except ValueError:
        raise Wrong(
            f"{quoted(text)} is no date; write 2026-11-24, 2026-11, 2026-11-24T14:30, {', '.join(DATE_WORDS[:2])} "
            f"or {DATE_WORDS[5]}"
        ) from None
    if second is not None or minute is not None:
        return start, start + datetime.timedelta(seconds=1 if second is not None else 60)
    if day is not None:
        return start, start + datetime.timedelta(days=1)
    return start, _next_month(start) if month is not None else start.replace(year=start.year + 1)


def _words_span(text: str, now: float) -> tuple[datetime.datetime, datetime.datetime]:
    moment = datetime.datetime.fromtimestamp(now)  # noqa: DTZ006 - local
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    day = datetime.timedelta(days=1)
    if text in ("today", "yesterday"):
        start = today if text == "today" else today - day
        return start, start + day
    which, _, unit = text.partition("-")
    if unit == "week":
        start = today - day * (today.weekday() + (7 if which == "last" else 0))
        return start, start + 7 * day
    if unit == "month":
        this = today.replace(day=1)
        return (this, _next_month(this)) if which == "this" else ((this - day).replace(day=1), this)
    this = today.replace(month=1, day=1)
    return (
        (this, this.replace(year=this.year + 1))
        if which == "this"
        else (this.replace(year=this.year - 1), this)
    )


def _next_month(start: datetime.datetime) -> datetime.datetime:
    return (start.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
