"""Checkpoints of a training: which there are, which is the newest that is complete, and which may go."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.errors import UnsafePath
from orp_tui.core.run import Json
from orp_tui.files.safe_open import Beneath

_NUMBER = re.compile(r"(\d+)(?!.*\d)")


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """One match of `training.checkpoints.path`."""

    path: str
    """Relative to the training's working directory."""
    step: int | None
    """The last number in its name; None if there is none."""
    changed: float
    """Seconds since 1970."""


def complete_checkpoints(rule: Json, cwd: Path) -> list[Checkpoint]:
    """The complete ones, oldest first: by the last number in their names, or by time where one has none.

    One is complete if the file that `complete` names is in its folder; without such a rule every match
    is. [] if nothing matches or the folder is not there.
    """
    try:
        with Beneath(cwd) as folder:
            names, _ = folder.glob(rule["path"])
            found = [item for name in names if (item := _look(folder, name, rule.get("complete")))]
    except OSError:
        return []
    return in_order(found)


def in_order(found: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Oldest first, as `complete_checkpoints` gives them."""
    if all(item.step is not None for item in found):
        return sorted(found, key=lambda item: (item.step or 0, item.changed))
    return sorted(found, key=lambda item: item.changed)


def _look(folder: Beneath, name: str, complete: str | None) -> Checkpoint | None:
    try:
        status = folder.stat(name)
        if complete is not None:
            status = folder.stat(f"{name}/{complete}")
    except (OSError, UnsafePath):
        return None
    number = _NUMBER.search(os.path.basename(name))
    return Checkpoint(name, int(number[1]) if number and len(number[1]) < 16 else None, status.st_mtime)


def last_checkpoint(rule: Json | None, cwd: Path) -> str | None:
    """The newest complete checkpoint, relative to `cwd`; None if there is none."""
    found = complete_checkpoints(rule, cwd) if rule else []
    return found[-1].path if found else None


def to_prune(found: Sequence[Checkpoint], keep: int, never: Sequence[str]) -> list[Checkpoint]:
    """The oldest that are over `keep`; the last one, and what lies in or above a path of `never`, stays."""
    candidates = [item for item in found[:-1] if not any(_touches(item.path, path) for path in never)]
    over = len(found) - max(1, keep)
    return list(candidates[: max(0, over)])


def _touches(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")
