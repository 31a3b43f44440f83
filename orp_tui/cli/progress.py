"""A progress bar for work that takes long."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType

from orp_tui.core.words import size

WORTH_A_BAR = 64 << 20
MANY = 2_000
"""Things that take about a millisecond each: fewer are done before a bar is read."""
SOME = 8
_CELLS = 30


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Call what it gives with bytes done and bytes in all; it draws on stderr, in a terminal, for large work."""
    with _bar(label, WORTH_A_BAR, size) as show:
        yield show


@contextlib.contextmanager
def counting_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """As `progress_bar`, for things that are counted: folders, runs."""
    with _bar(label, MANY, "{:,}".format) as show:
        yield show


@contextlib.contextmanager
def runs_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """As `counting_bar`, for runs of which each may take a second."""
    with _bar(label, SOME, "{:,}".format) as show:
        yield show


@contextlib.contextmanager
def _bar(label: str, least: int, words: Callable[[int], str]) -> Iterator[Callable[[int, int], None]]:
    shown = ""

    def show(done: int, total: int) -> None:
        nonlocal shown
        if not sys.stderr.isatty() or total < least:
            return
        filled = _CELLS * done // total
        text = f"\r{label}  [{'#' * filled}{'.' * (_CELLS - filled)}] {words(done)} of {words(total)}"
        if text != shown:
            sys.stderr.write(text)
            sys.stderr.flush()
            shown = text

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed since: for work that has to leave things whole, and asks from time to time."""
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        nonlocal pressed
        pressed = True

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
