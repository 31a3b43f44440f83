"""Moments as the reader's own clock shows them."""

from __future__ import annotations

import datetime


def local_time(seconds: float | None, *, with_seconds: bool = False) -> str:
    """`11-24 09:30`, with the year if it is another one; a dash for None or what is no time."""
    if seconds is None:
        return "-"
    try:
        moment = datetime.datetime.fromtimestamp(seconds).astimezone()
        now = datetime.datetime.now().astimezone()
    except (OverflowError, ValueError, OSError, TypeError):
        return "-"
    clock = "%H:%M:%S" if with_seconds else "%H:%M"
    return moment.strftime(f"%m-%d {clock}" if moment.year == now.year else f"%Y-%m-%d {clock}")
