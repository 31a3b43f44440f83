"""A progress bar for work that takes long."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from orp_tui.core.words import size

WORTH_A_BAR = 64 << 20
_CELLS = 30


@contextlib.contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Call what it gives with bytes done and bytes in all; it draws on stderr, in a terminal, for large work."""
    shown = ""

    def show(done: int, total: int) -> None:
        nonlocal shown
        if not sys.stderr.isatty() or total < WORTH_A_BAR:
            return
        filled = _CELLS * done // total
        text = f"\r{label}  [{'#' * filled}{'.' * (_CELLS - filled)}] {size(done)} of {size(total)}"
        if text != shown:
            sys.stderr.write(text)
            sys.stderr.flush()
            shown = text

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
