"""What the observer does beside live checks: it prunes checkpoints, and samples what the runs write."""

from __future__ import annotations

import json
import os
import stat
import time
from typing import Any

from orp_tui.artifacts.space import free_bytes
from orp_tui.core.layout import BasePaths
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.engine import pruning
from orp_tui.engine.guards import SAMPLES_NAME
from orp_tui.engine.request_file import read_request

Json = dict[str, Any]  # Any: values as JSON gives them

PRUNE_EVERY_S = 5.0
SAMPLE_EVERY_S = 15.0
SAMPLES_KEPT = 40
MOST_ENTRIES = 20_000
"""A run folder with more names is not measured: that would cost more than it tells."""


class Pruner:
    """Removes checkpoints that are over `training.checkpoints.keep`."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._rules: dict[str, tuple[RunRequest, float] | None] = {}
        self._next: dict[str, float] = {}

    def look(self, run: Run) -> None:
        """Remove what is too much, every few seconds."""
        if run.id not in self._rules:
            self._rules[run.id] = self._rule(run)
        rule, now = self._rules[run.id], time.monotonic()
        if rule is None or now < self._next.get(run.id, 0.0):
            return
        self._next[run.id] = now + PRUNE_EVERY_S
        request, since = rule
        pruning.prune(request, self._paths.run(run.id), since=since, now=time.time())

    def forget(self, run_id: str) -> None:
        """The run has ended: its checkpoints stay as they are."""
        self._rules.pop(run_id, None)
        self._next.pop(run_id, None)

    def _rule(self, run: Run) -> tuple[RunRequest, float] | None:
        """The request and the time from which checkpoints are the run's own; None if nothing is to be pruned."""
        request = read_request(self._paths.run(run.id))
        if not pruning.is_wanted(request):
            return None
        pruning.sweep(request)
        if request.workspace != "isolated":
            return request, run.started_at or time.time()
        first = request
        while first.resume_of is not None:  # a resumed run goes on in the workspace of the ones before it
            first = read_request(self._paths.run(first.resume_of))
        return request, first.submitted_at


class Growth:
    """Samples the bytes in the folders of running runs, and the free ones, for the forecast of a full disk."""

    def __init__(self, paths: BasePaths) -> None:
        self._paths = paths
        self._samples: list[Json] = []
        self._used: dict[str, int] = {}
        self._next = 0.0

    def look(self, run: Run) -> None:
        """Measure one run; a round over all of them is one sample."""
        if time.monotonic() < self._next and run.id not in self._used:
            return
        if run.id in self._used:  # a round is over
            self._write()
            self._used = {}
            self._next = time.monotonic() + SAMPLE_EVERY_S
            return
        used = folder_bytes(str(self._paths.run(run.id).folder))
        self._used[run.id] = -1 if used is None else used

    def forget(self, run_id: str) -> None:
        """The run has ended and grows no more."""
        self._used.pop(run_id, None)

    def _write(self) -> None:
        """Renamed into place, but not flushed: it can be made again."""
        used = {run_id: count for run_id, count in self._used.items() if count >= 0}
        free = free_bytes(self._paths.runs)
        self._samples = [*self._samples[1 - SAMPLES_KEPT :], {"at": time.time(), "free": free, "used": used}]
        path = self._paths.state / SAMPLES_NAME
        beside = path.with_suffix(".tmp")
        beside.write_text(json.dumps({"schema": 1, "samples": self._samples}), "utf-8")
        os.replace(beside, path)


def folder_bytes(folder: str) -> int | None:
    """What a folder takes on the disk, links not followed; None if it holds too many names to count."""
    total = count = 0
    pending = [folder]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except OSError:
            continue
        count += len(entries)
        if count > MOST_ENTRIES:
            return None
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            total += found.st_blocks * 512
            if stat.S_ISDIR(found.st_mode):
                pending.append(entry.path)
    return total
