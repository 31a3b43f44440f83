"""What `orp clean` shows and does of the trash."""

from __future__ import annotations

import sys
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import base_option
from orp_tui.cli.progress import progress_bar
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.words import size
from orp_tui.files.usage import usage
from orp_tui.services.context import Context
from orp_tui.services.trash_emptying import empty, trash_folders
from orp_tui.services.trash_index import Entry, entries

_MOST_SHOWN = 100


def show_trash(context: Context, *, as_json: bool) -> int:
    """List what can be put back, what was moved last first."""
    found = list(entries(context.paths))
    if as_json:
        output.emit_json([_entry_json(item) for item in found])
        return 0
    if not found:
        output.say("the trash is empty")
        return 0
    rows = [
        (
            item.piece.run_id or "(needed by no run)",
            item.piece.kind,
            size(item.piece.bytes or None),
            output.local_time(item.at),
            one_line(item.by, 40),
            one_line(str((item.line.get("row") or {}).get("name", "")), 40),
        )
        for item in found[:_MOST_SHOWN]
    ]
    output.emit(output.table(("RUN", "WHAT", "SIZE", "WHEN", "BY", "NAME"), rows))
    if len(found) > _MOST_SHOWN:
        output.say(f"and {len(found) - _MOST_SHOWN} more; --json lists all")
    here = base_option(context)
    output.say(f"`orp clean --restore RUN{here}` puts back, `orp clean --empty-trash{here}` removes for good")
    return 0


def _entry_json(item: Entry) -> dict[str, Any]:  # Any: JSON
    return {
        "run": item.piece.run_id or None,
        "kind": item.piece.kind,
        "bytes": item.piece.bytes,
        "at": output.utc_time(item.at),
        "by": item.by,
        "place": str(item.place),
    }


def empty_trash_of(context: Context, *, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Show how large the trash is; with `yes`, or once a person has said so, remove it for good."""
    if not yes and not _is_wanted(context, dry_run=dry_run, as_json=as_json):
        return 0
    with progress_bar("emptying the trash") as progress:
        freed = empty(context.paths, progress)
    if as_json:
        output.emit_json({"freed": freed})
    else:
        output.emit(f"the trash is empty; {size(freed)} freed")
    return 0


def _is_wanted(context: Context, *, dry_run: bool, as_json: bool) -> bool:
    """Show the sizes, and ask if there is anybody to ask."""
    sizes = {str(folder): usage(folder) for folder in trash_folders(context.paths)}
    total = size(sum(sizes.values()))
    if as_json:
        output.emit_json({"trash": sizes, "bytes": sum(sizes.values())})
        return False
    for name, count in sizes.items():
        output.emit(f"{size(count):>10}  {sanitise(name)}")
    if not sizes:
        output.say("the trash is empty")
        return False
    whole = sum(item.piece.kind == "run" for item in entries(context.paths))
    if whole:
        output.say(f"among it {whole} whole run{'s' if whole != 1 else ''}; --list-trash names all")
    if dry_run or not (sys.stdin.isatty() and sys.stderr.isatty()):
        output.say(f"{total} would be gone for good; do it with --yes")
        return False
    click.confirm(f"remove {total} for good?", abort=True, err=True)
    return True
