"""The code of some runs: which ran the same, and what the others have changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from orp_tui.core.errors import OrpError
from orp_tui.core.past_run import PastRun
from orp_tui.services.code_diff import CodeState, FileChange, compare_code, frozen_code
from orp_tui.services.context import Context


@dataclasses.dataclass(frozen=True)
class CodeGroup:
    """Runs of the same code. Texts are from outside."""

    run_ids: tuple[str, ...]
    tree: str | None
    """sha256 of what was frozen; None if that is not known."""
    commit: str
    changes: tuple[FileChange, ...] | None
    """Against the baseline's; None if that can't be said, or for the baseline itself."""
    unknown: str = ""
    """Why nothing can be said, in words."""


@dataclasses.dataclass(frozen=True)
class CodeComparison:
    """All of them, the baseline's first."""

    groups: tuple[CodeGroup, ...]

    @property
    def is_same(self) -> bool:
        """Whether it is known that all ran the same."""
        return len(self.groups) == 1 and not self.groups[0].unknown


def compare_codes(context: Context, runs: Sequence[PastRun], baseline: str | None = None) -> CodeComparison:
    """The runs by their frozen trees; each other tree against that of the baseline, the first run without one."""
    groups: dict[tuple[str, str], list[PastRun]] = {}
    codes: dict[tuple[str, str], CodeState | None] = {}
    for run in sorted(runs, key=lambda run: run.id != (baseline or runs[0].id)):
        code, why = _code_of(context, run, codes)
        key = ("tree", code.sha256) if code is not None else ("unknown", why)
        codes.setdefault(key, code)
        groups.setdefault(key, []).append(run)
    first = next(iter(codes), None)
    return CodeComparison(tuple(_group(key, group, codes, first) for key, group in groups.items()))


def _code_of(
    context: Context, run: PastRun, known: dict[tuple[str, str], CodeState | None]
) -> tuple[CodeState | None, str]:
    """Its code, or why it is not known; of runs of one tree it is read once."""
    if run.tree is not None and (code := known.get(("tree", run.tree))) is not None:
        return code, ""
    try:
        return frozen_code(context, run), ""
    except (OrpError, OSError, ValueError) as error:
        return None, str(error).removeprefix(f"{run.id}: ")


def _group(
    key: tuple[str, str],
    runs: Sequence[PastRun],
    codes: dict[tuple[str, str], CodeState | None],
    first: tuple[str, str] | None,
) -> CodeGroup:
    code, before = codes[key], codes[first] if first is not None else None
    changes, unknown = None, "" if code is not None else key[1]
    if code is not None and key != first:
        if before is None:
            unknown = "the baseline's code is not known"
        else:
            changes = tuple(compare_code(before, code))
    commits = dict.fromkeys(run.commit for run in runs if run.commit)
    return CodeGroup(
        tuple(run.id for run in runs),
        None if code is None else code.sha256,
        next(iter(commits), ""),
        changes,
        unknown,
    )
