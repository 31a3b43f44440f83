"""Screens as text, compared with what was looked at and kept.

`ORP_RENEW_SNAPSHOTS=1 python -m pytest -m "slow or not slow" tests/tui/test_snapshots.py` writes them
anew into `tests/tui/snapshots`: look at the difference before it is committed.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from screens import lines
from textual.app import App
from textual.pilot import Pilot

FOLDER = Path(__file__).with_name("snapshots")
RENEW = "ORP_RENEW_SNAPSHOTS"
_WITHIN_S, _QUIET_S = 30.0, 3.0

_CHANGING: tuple[tuple[str, str], ...] = (
    (r"\d\d-\d\d \d\d:\d\d:\d\d", "01-02 03:04:05"),
    (r"\d\d-\d\d \d\d:\d\d\b", "01-02 03:04"),
    (r"\b[0-9a-f]{12}\b", "0" * 12),
    (r"running for +\w+ *", "running for  9s"),
    (r" +(?:\d+m)?\d+(?:\.\d)?[sm]\b", " 9s"),
    (r"by \S+@\S+ *", "by me@host"),
    (r"\d[\d.]* [KMGT]iB (?:were free when it ended|in its largest process) *", "9 MiB …"),
    (r"\d[\d.,]* (?:B|[KMGT]iB)[ ─]*", "9 MiB "),
    (r"(?<=Chart acc 1/)\d", "6"),  # those of the machine come one after the other
    (r"/tmp/orp-snap-\w{8}", "/tmp/orp-snap-00000000"),
)
"""What is another at each time, and what stands for it; the length stays."""


def steady(shown: list[str], short_ids: dict[str, str]) -> str:
    """The screen without what is another at each time: ids, times, host, sizes, the machine's line."""
    text = "\n".join(_steady_line(row, line) for row, line in enumerate(shown))
    text = re.sub(r"exp_\d{8}_\d{6}_", "exp_20260102_030405_", text)
    for short, name in short_ids.items():
        text = re.sub(rf"(?<![a-z0-9]){short}\b", name, text)
    return text + "\n"


def _steady_line(row: int, line: str) -> str:
    if row == 0:
        return re.sub(r" {2,}", "  ", line.replace(f" {os.uname().nodename} ", " host ", 1))
    if row == 1 and line[:1] in ("", " "):
        return " (machine)"
    for pattern, instead in _CHANGING:
        line = re.sub(pattern, lambda found, instead=instead: _fitted(found[0], instead), line)  # type: ignore[misc]
    return re.sub("[▁▂▃▄▅▆▇█](?= ?│)", " ", line).rstrip()  # a scrollbar's end


def _fitted(found: str, instead: str) -> str:
    """`instead`, as long as what it stands for: filled up with what that ends with, else at its left."""
    room = len(found)
    return (instead.ljust(room, found[-1]) if found[-1] in " ─" else instead.rjust(room))[:room]


async def compare(pilot: Pilot[object], name: str, short_ids: dict[str, str]) -> None:
    """The screen becomes what is kept under that name.

    Raises AssertionError with the difference if it does not within a while, or if nothing is kept.
    """
    path = FOLDER / f"{name}.txt"
    if os.environ.get(RENEW):
        await _settled(lambda: lines(pilot.app))
        FOLDER.mkdir(exist_ok=True)
        path.write_text(steady(lines(pilot.app), short_ids))
        return
    assert path.is_file(), f"no {path.name} is kept; {RENEW}=1 writes it"
    kept = path.read_text()
    shown = await _until_equal(pilot.app, kept, short_ids)
    assert shown == kept, "\n".join(
        difflib.unified_diff(kept.splitlines(), shown.splitlines(), path.name, "shown", lineterm="")
    )


async def _until_equal(app: App[object], kept: str, short_ids: dict[str, str]) -> str:
    deadline = time.monotonic() + _WITHIN_S
    while (shown := steady(lines(app), short_ids)) != kept and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return shown


async def _settled(look: Callable[[], list[str]]) -> None:
    """Wait until nothing but times has changed for a while."""
    before, since = steady(look(), {}), time.monotonic()
    while time.monotonic() - since < _QUIET_S:
        await asyncio.sleep(0.1)
        if (now := steady(look(), {})) != before:
            before, since = now, time.monotonic()
