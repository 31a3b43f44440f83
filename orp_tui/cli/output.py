"""Text or JSON on stdout, everything else on stderr; colours only for a terminal that wants them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from orp_tui.core.sanitise import sanitise
from orp_tui.core.states import RunState
from orp_tui.core.words import STATE_GLYPHS, state_word

STATE_COLOURS = {
    RunState.QUEUED: "2",
    RunState.STARTING: "36",
    RunState.RUNNING: "36;1",
    RunState.FINISHING: "36",
    RunState.SUCCEEDED: "32",
    RunState.INCOMPLETE: "33;1",
    RunState.FAILED: "31;1",
    RunState.CANCELLED: "2",
    RunState.LOST: "35;1",
}


def emit(text: str) -> None:
    """A line of data."""
    print(text)


def emit_json(value: Any) -> None:  # Any: whatever JSON can hold
    """One JSON document; NaN and infinities as null, because JSON has no word for them."""
    print(json.dumps(finite(value), indent=2, ensure_ascii=False))


def finite(value: Any) -> Any:  # Any: whatever JSON can hold
    """`value` with NaN and infinities as null."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def say(text: str) -> None:
    """Words for the person, on stderr."""
    print(text, file=sys.stderr)


def has_colours(stream: TextIO) -> bool:
    """Whether to colour: a terminal, no NO_COLOR, no dumb one."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def can_draw(stream: TextIO) -> bool:
    """Whether the stream's encoding has the glyphs."""
    return (stream.encoding or "").lower().replace("-", "") == "utf8"


def painted(text: str, code: str, stream: TextIO) -> str:
    """`text` in a colour, if the stream wants colours."""
    return f"\x1b[{code}m{text}\x1b[0m" if has_colours(stream) else text


def state_label(state: RunState, stream: TextIO) -> str:
    """Glyph and word, coloured; the word says it without either."""
    glyph = STATE_GLYPHS[state][0 if can_draw(stream) else 1]
    return painted(f"{glyph} {state_word(state)}", STATE_COLOURS[state], stream)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, paint: int | None = None) -> str:
    """Columns aligned on the widest cell; the last one runs free.

    `paint` is the column whose cells may hold colour codes and are measured without them.
    """
    import re

    codes = re.compile(r"\x1b\[[0-9;]*m")
    cells = [[sanitise(cell) if place != paint else cell for place, cell in enumerate(row)] for row in rows]
    lines = [list(headings), *cells]
    widths = [max(len(codes.sub("", line[place])) for line in lines) for place in range(len(headings))]
    out = []
    for line in lines:
        padded = [
            cell + " " * (width - len(codes.sub("", cell))) for cell, width in zip(line, widths, strict=True)
        ]
        out.append("  ".join(padded).rstrip())
    return "\n".join(out)


def local_time(seconds: float | None) -> str:
    """`11-24 09:30`, in the time zone of the reader; a dash for None."""
    if seconds is None:
        return "-"
    moment = datetime.fromtimestamp(seconds).astimezone()
    return moment.strftime(
        "%Y-%m-%d %H:%M" if moment.year != datetime.now().astimezone().year else "%m-%d %H:%M"
    )


def utc_time(seconds: float | None) -> str | None:
    """ISO 8601 in UTC; None for None."""
    if seconds is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def state_file(kind: str) -> Path:
    """A new file of ORP's own for this user, for what is no run's."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    folder = Path(home) / "orp"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="orp-"))
    return folder / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
