"""Text or JSON on stdout, everything else on stderr; colours only for a terminal that wants them."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from orp_tui.core.errors import OrpError
from orp_tui.core.sanitise import cell_width, one_line, sanitise
from orp_tui.core.states import RunState
from orp_tui.core.words import STATE_GLYPHS, state_word

if TYPE_CHECKING:
    from pathlib import Path

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

_GAP = "  "
_LEAST_ROOM = 10


def emit(text: str) -> None:
    """A line of data."""
    _print(text, sys.stdout)


def emit_json(value: Any) -> None:  # Any: whatever JSON can hold
    """One JSON document; NaN and infinities as null, because JSON has no word for them."""
    import json

    # What the encoding lacks, a lone surrogate of a file name among it, JSON has its own escape for.
    text = json.dumps(finite(value), indent=2, ensure_ascii=False)
    emit(text if _is_encodable(text) else json.dumps(finite(value), indent=2))


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
    _print(text, sys.stderr)


def _print(text: str, stream: TextIO) -> None:
    """A line; a reader that has gone is no matter.

    Raises OrpError if the stream can't be written for another reason, as on a full disk.
    """
    try:
        print(text, file=stream)
    except BrokenPipeError:
        forget_reader(stream)
    except OSError as error:
        forget_reader(stream)
        raise _unwritable(stream, error) from error


def flush_all() -> None:
    """Nothing is buffered any more; raises OrpError as `emit` does."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            forget_reader(stream)
        except OSError as error:
            forget_reader(stream)
            raise _unwritable(stream, error) from error


def forget_reader(stream: TextIO) -> None:
    """What is written from here on goes nowhere, so that the flush at exit does not complain either."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def _unwritable(stream: TextIO, error: OSError) -> OrpError:
    name = "standard output" if stream is sys.stdout else "standard error"
    return OrpError(f"{name} cannot be written: {error.strerror}")


def _is_encodable(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


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
    """Columns aligned on the widest cell, in terminal cells; on a terminal the last is cut at its edge.

    `paint` is the column whose cells may hold colour codes and are measured without them.
    """
    lines = [list(headings)]
    lines += [[cell if place == paint else sanitise(cell) for place, cell in enumerate(row)] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    before = sum(widths[:-1]) + len(_GAP) * (len(widths) - 1)
    room = max(_LEAST_ROOM, _columns() - before) if sys.stdout.isatty() else None
    out = []
    for *cells, last in lines:
        last = last if room is None else one_line(last, room)
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=False)]
        out.append(_GAP.join([*padded, last]).rstrip())
    return "\n".join(out)


def room() -> int:
    """Cells of a line on stdout; where that is no terminal, as many as one wants."""
    return _columns() if sys.stdout.isatty() else 10_000


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


def _width(cell: str) -> int:
    """Terminal cells, colour codes not counted."""
    if "\x1b" in cell:
        cell = re.sub(r"\x1b\[[0-9;]*m", "", cell)
    return cell_width(cell)


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
    from pathlib import Path

    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    folder = Path(home) / "orp"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="orp-"))
    return folder / f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
