"""The run under the cursor of a list, in short: its checklist, its last lines, how its metric went.

What the list knows already is in its `PastRun`; this reads what only the run's files tell. A part that
can't be read is said in words, and costs no other part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from orp_tui.core.checklist import ChecklistItem, ChecklistReport
from orp_tui.core.errors import OrpError
from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.files.atomic import read_json
from orp_tui.services.context import Context
from orp_tui.services.run_curve import Curve, curve_of, remembered
from orp_tui.services.run_log_end import LogEnd, log_end
from orp_tui.services.run_metrics import MetricsSnapshot, RunMetrics

T = TypeVar("T")

_MOST_UNPACKED = 64 << 20
"""Metrics in a larger zip are not unpacked for a look."""


@dataclasses.dataclass(frozen=True)
class RunPreview:
    """What the files of a run told at one look."""

    run_id: str
    checklist: ChecklistReport | None = None
    """None: it declares none, or that can't be read."""
    waits: str = ""
    """Why it waits, if it does."""
    log: LogEnd = dataclasses.field(default_factory=LogEnd)
    curve: Curve | None = None
    """None: it has logged no metric, or nobody has read it yet."""
    troubles: tuple[str, ...] = ()
    """What could not be read, in words."""
    next_steps: tuple[str, ...] = ()
    """What one can do about a damaged run, a sentence each."""
    is_complete: bool = True
    """False: the next look at the same run brings more at once."""


class RunPreviewReader:
    """Looks at one run after the other, from one thread. The first look at a run reads no metrics."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._last: RunPreview | None = None
        self._metrics: RunMetrics | None = None
        self._found: MetricsSnapshot | None = None

    def look(self, run: PastRun) -> RunPreview:
        """The run as it is now. Never raises for what is wrong with it."""
        if self._last is None or self._last.run_id != run.id:
            self._metrics, self._found = None, None
            self._last = self._facts(run)
            return dataclasses.replace(self._last, curve=remembered(run), is_complete=False)
        if self._last.is_complete:  # asked again: it goes on, or was changed
            self._last = self._facts(run)
        self._last = self._with_curve(run, self._last)
        return self._last

    def _facts(self, run: PastRun) -> RunPreview:
        troubles: list[str] = []
        return RunPreview(
            run.id,
            checklist=_tried(lambda: self._checklist(run), None, troubles),
            waits=_tried(lambda: self._why(run), "", troubles),
            log=_tried(lambda: log_end(self._context, run), LogEnd(), troubles),
            # What is wrong with a damaged run is known already, in better words.
            troubles=() if run.problem else tuple(dict.fromkeys(troubles)),
            next_steps=self._next_steps(run),
        )

    def _checklist(self, run: PastRun) -> ChecklistReport | None:
        """The newest; of an ended run without one what its result says, of another what it declares."""
        from orp_tui.services.watch import checklist_of, declared_of

        paths = self._context.paths
        found = checklist_of(paths, run.id)
        if found is not None or not run.state.is_final:
            return found or declared_of(paths, run.id)
        result = read_json(paths.run(run.id).result) or {}
        items = (result.get("deliverables_status") or {}).values()
        report = ChecklistReport(tuple(map(ChecklistItem.from_json, items)), final=True)
        return report if report.items else None

    def _with_curve(self, run: PastRun, facts: RunPreview) -> RunPreview:
        troubles: list[str] = []
        found = _tried(lambda: self._metrics_of(run, troubles).look(), None, troubles)
        self._found = found or self._found
        is_hopeless = self._found is None or bool(troubles)
        if self._found is not None and self._found.trouble:
            troubles.append(one_line(self._found.trouble))
        return dataclasses.replace(
            facts,
            curve=_tried(lambda: curve_of(run, self._found), remembered(run), troubles),
            troubles=tuple(dict.fromkeys([*facts.troubles, *troubles])),
            # What can't be read now is not tried again and again.
            is_complete=is_hopeless or self._found is None or self._found.complete,
        )

    def _metrics_of(self, run: PastRun, troubles: list[str]) -> RunMetrics:
        if self._metrics is None:
            paths = self._context.paths
            # Joining the parts of a chain takes numpy, whose import is felt at the keys.
            archive = self._archive(run, troubles)
            self._metrics = RunMetrics(paths.run(run.id), archive, paths, alone=True)
        return self._metrics

    def _archive(self, run: PastRun, troubles: list[str]) -> Path | None:
        """The zip, unless it takes long to unpack what may be in it."""
        archive = self._context.paths.artifact(run.id)
        held = _tried(lambda: archive.stat().st_size if archive.exists() else 0, 0, troubles)
        return archive if 0 < held <= _MOST_UNPACKED else None

    def _why(self, run: PastRun) -> str:
        """Why it waits; empty if it does not."""
        if run.state is not RunState.QUEUED or run.problem:
            return ""
        from orp_tui.services.follow import why_they_wait

        with self._context.store() as connection:
            return one_line(why_they_wait(self._context, connection).get(run.id, ""))

    def _next_steps(self, run: PastRun) -> tuple[str, ...]:
        """What helps with a run whose folder is damaged; () for a sound one, or where the problem says it itself."""
        if not run.problem or "`orp " in run.problem:
            return ()
        paths = self._context.paths
        has_zip = paths.artifact(run.id).is_file()
        if paths.run(run.id).folder.is_dir():
            steps = ["Enter shows what is left of it"]
            steps += [f"`orp artifacts verify {run.id}` tells whether its zip is sound"] if has_zip else []
        else:
            steps = [f"`orp artifacts extract {run.id}` takes its files out of the zip"] if has_zip else []
            steps += ["D takes it off the list"]
        return tuple(steps)


def _tried(look: Callable[[], T], otherwise: T, troubles: list[str]) -> T:
    """What was found; what went wrong is one more trouble. A damaged file may raise whatever it likes."""
    try:
        return look()
    except (OrpError, OSError) as error:
        troubles.append(one_line(str(error)))
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        troubles.append(one_line(f"its record is damaged: {type(error).__name__}: {error}"))
    return otherwise
