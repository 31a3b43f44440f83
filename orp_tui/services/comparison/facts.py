"""What a comparison knows of one run: its entry in the catalogue, its environment and its deliverables."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.past_run import PastRun, Scalar
from orp_tui.core.secrets import mask_named
from orp_tui.core.states import RunState
from orp_tui.files.atomic import read_json
from orp_tui.services.context import Context
from orp_tui.services.value_diff import environment_parts

Json = dict[str, Any]  # Any: values as JSON gives them

_MOST_BYTES = 16 << 20
"""A larger record was not written by ORP."""


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """A run with what is in its folder."""

    run: PastRun
    environment: Mapping[str, Mapping[str, Scalar]] = dataclasses.field(default_factory=dict)
    """python, packages, variables and host, each with names and values, secrets masked; {} if it can't be read."""
    deliverables: Mapping[str, Scalar] = dataclasses.field(default_factory=dict)
    """Path → `valid`, or what is wrong with it in words."""

    @property
    def is_sample(self) -> bool:
        """Whether its values count in a mean: it has succeeded, and no run goes on from it."""
        return self.run.state is RunState.SUCCEEDED and self.run.resumed_by is None


def samples_of(column: Sequence[RunFacts]) -> list[RunFacts]:
    """Those of folded runs that count in a mean: of each seed the newest, since the same once more says nothing new."""
    newest: dict[int | None, RunFacts] = {}
    for facts in sorted(column, key=lambda each: (each.run.submitted_at, each.run.id)):
        if facts.is_sample:
            newest[facts.run.seed] = facts
    counted = {facts.run.id for facts in newest.values()}
    return [facts for facts in column if facts.run.id in counted]


class FactsReader:
    """Reads the folders of runs, each file again only if it is another one. One thread at a time."""

    def __init__(self, context: Context) -> None:
        self._paths = context.paths
        self._known: dict[str, tuple[tuple[int, ...] | None, Any]] = {}  # Any: what was made of the file

    def __call__(self, run: PastRun) -> RunFacts:
        """The run's facts as they are now."""
        folder = self._paths.run(run.id)
        return RunFacts(
            run,
            self._taken(str(folder.environment), _environment) or {},
            self._taken(str(folder.deliverables), _deliverables)
            or self._taken(str(self._paths.live / f"{run.id}.json"), _deliverables)
            or {},
        )

    def _taken(self, path: str, make: Any) -> Any:  # Any: one of the two makers below, and what it makes
        stamp = _stamp(path)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = stamp, None if stamp is None else _made(path, make)
        return known[1]


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _made(path: str, make: Any) -> Any:  # Any: as above
    try:
        if os.stat(path).st_size > _MOST_BYTES:
            return None
        return make(read_json(Path(path)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # whatever a damaged file holds
        return None


def _environment(record: Any) -> dict[str, dict[str, Scalar]]:  # Any: JSON
    return {
        part: {str(name): _masked(str(name), value) for name, value in values.items()}
        for part, values in environment_parts(record).items()
    }


def _masked(name: str, value: object) -> Scalar:
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask_named(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _deliverables(record: Any) -> dict[str, Scalar]:  # Any: JSON
    report = ChecklistReport.from_json(record)
    words = [
        item.status.value
        if item.status.value == "valid" or not item.detail
        else f"{item.status.value}: {item.detail}"
        for item in report.items
    ]
    return dict(zip(report.keys(), words, strict=True))
