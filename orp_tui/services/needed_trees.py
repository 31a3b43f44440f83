"""Which frozen trees any run still needs."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths

_TREE = re.compile(rb"[0-9a-f]{64}")


def is_tree_name(name: str) -> bool:
    """Whether a name is one that frozen trees have."""
    return _TREE.fullmatch(os.fsencode(name)) is not None


def needed_trees(paths: BasePaths) -> tuple[set[str], str | None]:
    """The trees that any run names, in the trash too, and why that may not be all of them.

    A record that is damaged still names its tree: any sha256 in it counts.
    """
    needed: set[str] = set()
    for parent in (paths.runs, *_trashed_runs(paths)):
        try:
            entries = list(os.scandir(parent))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".new-"):
                return needed, "a submit is going on; try again"
            if not is_run_id(entry.name) or not entry.is_dir(follow_symlinks=False):
                continue
            records = [_bytes(f"{entry.path}/{name}") for name in ("request.json", "source.json")]
            if not any(records) and parent == paths.runs:
                return needed, f"{entry.name} does not say which it needs"
            for record in records:
                needed.update(match.decode() for match in _TREE.findall(record))
    return needed, None


def _trashed_runs(paths: BasePaths) -> Sequence[Path]:
    """Folders of whole runs in the trash, and in that of the runs' own file system."""
    elsewhere = paths.runs / ".trash"
    return sorted([*paths.trash.glob("*/runs"), *elsewhere.glob("*/runs")])


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
