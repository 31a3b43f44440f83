"""What ORP guarantees, asked of a base directory after any fault: one function for all fault tests.

The guarantees are those of the reliability paper, section 9. What really happened comes
from the training's own side log, which ORP never sees: it appends `B <run id> <pid>` as its
first act and `E <run id> <pid>` as its last.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from orp_tui.artifacts.verify import verify
from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.errors import OrpError
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.run import Claim, ExitRecord, Run
from orp_tui.core.states import EVENT_OF_END, NEXT, Reason, RunState
from orp_tui.core.verdict import verdict
from orp_tui.engine import host
from orp_tui.engine.facts import MARKER
from orp_tui.files import locks
from orp_tui.files.locks import LockState
from orp_tui.services.watch import view
from orp_tui.store import database, events, runs

NOT_A_STEP = frozenset({"submit", "cancel_requested", "rebuilt", "tag", "star", "note", "archive"})
"""Events that change no state."""


def check_invariants(
    base: Path | BasePaths,
    side_log: Path | None = None,
    *,
    accepted: Collection[str] = (),
    settled: bool = True,
    folder_deleted: Collection[str] = (),
    keeps_leftovers: Collection[str] = (),
    processes: bool = True,
) -> None:
    """Fail with every broken guarantee, one a line.

    `accepted` are the ids that a submit has printed. `settled`: a queue processor has since
    had the time to bring every run to its end, so each must be there. `folder_deleted` are
    runs whose folder the test took away, `keeps_leftovers` runs that may leave processes. `processes`: look for living ones.
    """
    paths = base if isinstance(base, BasePaths) else BasePaths.under(base)
    wrong = list(violations(paths, side_log, accepted, settled, folder_deleted, keeps_leftovers, processes))
    assert not wrong, f"{len(wrong)} guarantees broken in {paths.base}:\n" + "\n".join(wrong)


def violations(
    paths: BasePaths,
    side_log: Path | None,
    accepted: Collection[str],
    settled: bool,
    folder_deleted: Collection[str],
    keeps_leftovers: Collection[str],
    processes: bool,
) -> Iterator[str]:
    """Each broken guarantee, in words."""
    begun, ended = read_side_log(side_log)
    for run_id, times in begun.items():
        if times > 1:
            yield f"{run_id}: its command was started {times} times"
    connection = database.connect(paths.database)
    try:
        if (said := connection.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            yield f"the store is damaged: {said}"
        rows = {run.id: run for run in runs.newest(connection, -1)}
        for run_id in accepted:
            if run_id not in rows:
                yield f"{run_id}: was accepted and has no row"
        for run_id in begun.keys() - rows.keys():
            yield f"{run_id}: has run and has no row"
        for run in rows.values():
            one = _OneRun(paths, connection, run, begun, ended)
            for what in one.check(
                settled, processes, gone=run.id in folder_deleted, leftovers=run.id in keeps_leftovers
            ):
                yield f"{run.id} ({run.state.value}, attempt {run.attempt}): {what}"
    finally:
        connection.close()
    yield from _zips(paths)
    if settled:
        for folder in (paths.artifacts, paths.orphans):
            yield from (f"{path}: was left behind" for path in _beside(folder))


def read_side_log(path: Path | None) -> tuple[Counter[str], Counter[str]]:
    """How often each run began and ended, by its training's own account."""
    begun: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    if path is not None and path.exists():
        for line in path.read_text().splitlines():
            kind, run_id, *_ = line.split()
            (begun if kind == "B" else ended)[run_id] += 1
    return begun, ended


def _beside(folder: Path) -> Iterator[Path]:
    """Files that were to be renamed into place."""
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if ".tmp" in path.name or ".part" in path.name)


def _zips(paths: BasePaths) -> Iterator[str]:
    for path in sorted(paths.artifacts.glob("*.zip")):
        try:
            report = verify(path)
        except OrpError as error:
            yield f"{path.name}: under its final name and no whole zip: {error}"
            continue
        yield from (f"{path.name}: {finding}" for finding in report.findings)


class _OneRun:
    """The guarantees about a single run."""

    def __init__(
        self,
        paths: BasePaths,
        connection: sqlite3.Connection,
        run: Run,
        begun: Counter[str],
        ended: Counter[str],
    ) -> None:
        self.paths = paths
        self.connection = connection
        self.run = run
        self.folder: RunPaths = paths.run(run.id)
        self.begun = begun[run.id]
        self.ended = ended[run.id]

    def check(self, settled: bool, processes: bool, *, gone: bool, leftovers: bool) -> Iterator[str]:
        run = self.run
        yield from self.history()
        if settled and not run.state.is_final:
            yield "has not come to its end"
        if run.state.is_final:
            yield from self.end(leftovers, processes)
        if gone:
            return
        if not self.folder.folder.is_dir():
            yield "its folder is missing"
            return
        yield from self.attempts()
        yield from self.records()
        if run.state.is_final:
            yield from self.artifact()
            if settled:
                yield from (f"{path.name} was left behind" for path in _beside(self.folder.folder))
        seen = view(self.paths, run)
        if settled and seen.state is not run.state:
            yield f"clients are shown {seen.state.value}"

    def history(self) -> Iterator[str]:
        """The events lead along the table to the state that the row has."""
        told = events.of_run(self.connection, self.run.id)
        kinds = [event.kind for event in told]
        state, claims = RunState.QUEUED, 0
        for kind, detail in ((event.kind, event.detail) for event in told):
            if kind == "rebuilt" and detail:
                state = RunState(detail)
            if kind in NOT_A_STEP:
                continue
            if kind not in NEXT.get(state, {}):
                yield f"event {kind} in state {state.value}: {kinds}"
                return
            state = NEXT[state][kind]
            claims += kind == "claim"
        if state is not self.run.state:
            yield f"history leads to {state.value}: {kinds}"
        if "rebuilt" in kinds:
            return
        if kinds[:1] != ["submit"] or kinds.count("submit") != 1:
            yield f"history does not begin with one submit: {kinds}"
        if kinds.count("cancel_requested") > 1:
            yield f"more than one wish to cancel was recorded: {kinds}"
        if "catch_up" not in kinds and claims != self.run.attempt:
            yield f"{claims} claims in the history"

    def end(self, leftovers: bool, processes: bool) -> Iterator[str]:
        """One state, one reason; nothing alive; locks free."""
        run = self.run
        if run.reason not in {reason.value for reason in Reason}:
            yield f"ended with reason {run.reason!r}"
        if run.ended_at is None:
            yield "ended, nobody knows when"
        ends = [
            event.kind
            for event in events.of_run(self.connection, run.id)
            if event.kind in EVENT_OF_END.values()
        ]
        rebuilt = any(event.kind == "rebuilt" for event in events.of_run(self.connection, run.id))
        if len(ends) != 1 and not rebuilt:
            yield f"ended {len(ends)} times: {ends}"
        if run.state is RunState.SUCCEEDED and (self.begun, self.ended) != (1, 1) and self.has_side_log:
            yield f"succeeded, but its training began {self.begun} and ended {self.ended} times"
        if not leftovers:
            alive = host.processes_with(MARKER, run.id) if processes else []
            if alive:
                yield f"ended, and processes {alive} live"
            if locks.ask(self.folder.tree_lock) is LockState.HELD:
                yield "ended, and tree.lock is held"
        if locks.ask(self.folder.supervisor_lock) is LockState.HELD:
            yield "ended, and supervisor.lock is held"

    @property
    def has_side_log(self) -> bool:
        request = self.read(self.folder.request)
        return request is not None and "side.log" in json.dumps(request.get("argv", ""))

    def attempts(self) -> Iterator[str]:
        """Attempts follow each other without a gap, and only the last can have run."""
        run = self.run
        numbers = sorted(int(path.stem.split("-")[1]) for path in self.folder.folder.glob("attempt-*.json"))
        last = run.attempt if run.state.is_final else run.attempt - 1
        if numbers != list(range(1, len(numbers) + 1)) or len(numbers) < last:
            yield f"attempts on disk: {numbers}"
        if run.state.is_final and len(numbers) > run.attempt:
            yield f"the row knows {run.attempt} attempts, the folder {len(numbers)}"
        for number in numbers[:-1]:
            claim = self.read(self.folder.attempt(number))
            started = self.folder.started(number).exists() or self.folder.exit(number).exists()
            if claim is None or (not Claim.from_json(claim).is_fence and started):
                yield f"attempt {number} had started something, and another was made"
        if self.begun and numbers:
            claim = self.read(self.folder.attempt(numbers[-1]))
            if claim is None or Claim.from_json(claim).is_fence:
                yield f"its command ran, but attempt {numbers[-1]} is a fence"
        if self.begun and not numbers:
            yield "its command ran without an attempt"

    def records(self) -> Iterator[str]:
        """The exit record is contradicted by no result and no row."""
        run, data = self.run, self.read(self.folder.exit(self.run.attempt))
        result = self.read(self.folder.result)
        if data is None:
            if run.state in (RunState.SUCCEEDED, RunState.INCOMPLETE):
                yield "no exit record"
            return
        record = ExitRecord.from_json(data)
        for name, other in (("row", run.__dict__ if run.state.is_final else None), ("result", result)):
            if other is not None and (other["exit_code"], other["signal"]) != (
                record.exit_code,
                record.signal,
            ):
                yield f"exit record says {record.exit_code}/{record.signal}, the {name} says otherwise"
        if run.state is RunState.SUCCEEDED and record.exit_code != 0:
            yield f"succeeded with exit code {record.exit_code}"
        if not run.state.is_final:
            return
        report = self.read(self.folder.deliverables)
        judged = verdict(record, ChecklistReport.from_json(report) if report else None)
        if result is None:
            yield "has an exit record and no result"
        elif result["status"] != run.state.value or result["reason"] != run.reason:
            yield f"the result says {result['status']}, {result['reason']}; the row {run.reason}"
        elif judged.state is not run.state and run.reason != Reason.FINALISER_FAILED.value:
            yield f"the records add up to {judged.state.value}"

    def artifact(self) -> Iterator[str]:
        """The zip that the result names is there, with that size and that sha256."""
        result = self.read(self.folder.result)
        if result is None or result["artifact"]["state"] != "ok":
            return
        path = self.paths.artifact(self.run.id)
        if not path.exists():
            yield "its zip is missing"
            return
        data = path.read_bytes()
        if len(data) != result["artifact"]["bytes"]:
            yield f"its zip has {len(data)} bytes, the result says {result['artifact']['bytes']}"
        if hashlib.sha256(data).hexdigest() != result["artifact"]["sha256"]:
            yield "the sha256 of its zip is not the one in the result"

    @staticmethod
    def read(path: Path) -> dict[str, Any] | None:
        """A record; None if there is none. A damaged one fails the test by itself."""
        return json.loads(path.read_bytes()) if path.exists() else None
