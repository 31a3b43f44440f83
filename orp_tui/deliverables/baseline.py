"""What lay at the declared paths before the start, and whether a file is new since."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from orp_tui.core.checklist import CheckResult, Deliverable, Json
from orp_tui.deliverables.context import Context, Options, Target
from orp_tui.deliverables.findings import counted, error, failed, passed
from orp_tui.deliverables.targets import Limits, find
from orp_tui.files.safe_open import Beneath

if TYPE_CHECKING:
    from pathlib import Path

_LIMITS = Limits(matches=100_000, names=1_000_000, files=100_000)


def take_baseline(deliverables: Sequence[Deliverable], workspace: Path) -> dict[str, Json]:
    """What matches now, for the `fresh` check: to be taken before the training starts.

    JSON-able: `{"schema": 1, "items": {index: {"files": {path: [ctime_ns, mtime_ns, size, inode]},
    "truncated": bool}}}`, the files beneath matched folders included. A workspace that is not
    there has no files. Raises nothing.
    """
    items: dict[str, Json] = {}
    try:
        with Beneath(workspace) as folder:
            for deliverable in deliverables:
                found = find(folder, deliverable, _LIMITS)
                files = {file.path: file.mark for target in found.targets for file in target.files}
                truncated = found.truncated or any(target.truncated for target in found.targets)
                items[str(deliverable.index)] = {"files": files, "truncated": truncated}
    except OSError:
        items = {str(item.index): {"files": {}, "truncated": False} for item in deliverables}
    return {"schema": 1, "items": items}


def check_fresh(context: Context, _options: Options) -> CheckResult:
    """Absent at the start, or changed since by ctime, which no program can set back.

    A folder is fresh if anything in it is. Of a glob's matches those left from before are
    taken out beforehand by `without_stale` if any is fresh.
    """
    if context.baseline is None:
        return error("fresh", "nobody noted what was there before the start")
    states = [_is_fresh(target, context.baseline) for target in context.targets]
    if None in states:
        return error("fresh", "too many files matched before the start to tell the new ones")
    stale = [target for target, fresh in zip(context.targets, states, strict=True) if not fresh]
    if stale:
        return failed("fresh", f"{stale[0].path} is from before the start, and unchanged since")
    known = context.baseline["files"]
    new = sum(file.path not in known for target in context.targets for file in target.files)
    return passed("fresh", f"{counted(new, 'new file')}" if new else "changed since the start")


def without_stale(context: Context) -> tuple[Context, int]:
    """The context with a glob's left-over matches taken out, and how many those were.

    If nothing is fresh, or it can't be told, everything stays.
    """
    if context.baseline is None or not context.deliverable.is_glob:
        return context, 0
    baseline = context.baseline
    fresh = tuple(target for target in context.targets if _is_fresh(target, baseline) is not False)
    dropped = len(context.targets) - len(fresh)
    if not fresh or not dropped:
        return context, 0
    return dataclasses.replace(context, targets=fresh), dropped


def _is_fresh(target: Target, baseline: dict[str, Json]) -> bool | None:
    """None if the file may have been there and was not noted."""
    known = baseline["files"]
    answers = set()
    for file in target.files:
        before = known.get(file.path)
        if before is None:
            answers.add(None if baseline["truncated"] else True)
        else:
            answers.add(list(before) != file.mark)
    if True in answers:
        return True
    return None if None in answers else False
