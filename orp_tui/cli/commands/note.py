"""`orp note RUN… TEXT`: say something of runs, in a line or in the editor."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.annotating import annotate_chosen, annotations_json, chosen_runs
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.selecting import selecting
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.ids import is_run_id
from orp_tui.core.run import Run
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.services.annotations import LONGEST_NOTE, WriteNote, read_annotations
from orp_tui.services.terminal import edit

_SCISSORS = "# ------ what stands below this line is left out ------"


@click.command("note")
@selecting
@click.option("-m", "--message", metavar="TEXT", help="The note; then all words are runs.")
@click.option("--list", "listing", is_flag=True, help="Show the notes.")
@base_dir
@as_json
def command(
    references: tuple[str, ...],
    message: str | None,
    listing: bool,
    base_dir: str | None,
    as_json: bool,
    **filters: Any,  # Any: as click hands them
) -> int:
    """Write a note on runs: `orp note RUN... 'what came of it'`.

    The last of several words is the text, unless it is a run's whole id. Without a text it is written
    in $VISUAL or $EDITOR, or read from stdin where that is no terminal. Notes are never changed: the newest is
    the one that lists show, `orp info` and --list show all.
    """
    if listing:
        return _list(references, filters, base_dir, as_json=as_json)
    named, text = _words(references, message, is_filtered=any(filters.values()))
    if text is None:
        _, found = chosen_runs(named, filters, base_dir)
        text = _asked(found)
        named, filters = tuple(run.id for run in found), {}
    return annotate_chosen(named, filters, base_dir, WriteNote(text.strip()), as_json=as_json)


def _words(
    words: Sequence[str], message: str | None, *, is_filtered: bool
) -> tuple[Sequence[str], str | None]:
    """The runs and the text; None if that is to be asked for."""
    least = 1 if is_filtered else 2
    if message is not None or len(words) < least or is_run_id(words[-1]):
        return words, message
    return words[:-1], words[-1]


def _asked(found: Sequence[Run]) -> str:
    """The text from stdin, or from the editor where stdin is a terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.read(LONGEST_NOTE + 1)
    with tempfile.TemporaryDirectory(prefix="orp-note-") as folder:
        path = Path(folder) / "note.txt"
        names = "\n".join(f"#   {run.id}  {one_line(run.name, 80)}" for run in found)
        path.write_text(f"\n\n{_SCISSORS}\n# A note on\n{names}\n", "utf-8", "backslashreplace")
        trouble = edit(path)
        if trouble is not None:
            raise OrpError(f"no note was written: {trouble}")
        text = path.read_text("utf-8", "replace").partition(_SCISSORS)[0]
    if not text.strip():
        raise UsageError("no note was written: the text is empty")
    return text


def _list(references: Sequence[str], filters: dict[str, Any], base_dir: str | None, *, as_json: bool) -> int:
    context, found = chosen_runs(references, filters, base_dir)
    notes = {run.id: read_annotations(context.paths.run(run.id)) for run in found}
    if as_json:
        output.emit_json(
            [{"id": run_id, "notes": annotations_json(item)["notes"]} for run_id, item in notes.items()]
        )
        return 0
    for run_id, item in notes.items():
        for remark in item.notes:
            output.emit(f"{run_id}  {output.local_time(remark.at)}  {one_line(remark.by)}")
            output.emit(sanitise(remark.text, keep_newlines=True).rstrip())
        if not item.notes:
            output.emit(f"{run_id}: no notes")
    return 0
