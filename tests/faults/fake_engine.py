"""Supervisors, trainings, adopters and finalisers as objects that hold real locks in real run folders.

They do what the real ones do, one step at a time and only when told, so that a test can
stop, kill and interleave them at will. `FakeExecutor` starts them for a real queue processor's
`Settler` and `Starter`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.ports import Busy, EngineSnapshot, Handle, Health, Launch, SubmitResult, Submitted
from orp_tui.core.run import ExitRecord, Json
from orp_tui.core.verdict import verdict
from orp_tui.engine import facts, host, results
from orp_tui.files import locks
from orp_tui.files.atomic import create_once, read_json, to_json, write_json


class Killed(BaseException):
    """The queue processor dies here; nothing of it may catch this."""


class FakeClock:
    """Time that passes when told. It can kill whoever asks it for the time."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self.fatal_in: int | None = None
        """The queue processor is killed when it asks so many times more."""

    def now(self) -> float:
        if self.fatal_in is not None:
            self.fatal_in -= 1
            if self.fatal_in < 0:
                raise Killed
        return self.time

    def monotonic(self) -> float:
        return self.time


@dataclasses.dataclass
class FakeTraining:
    """A command that runs until it is told to end; it holds `tree.lock`."""

    tree: int
    exit_code: int | None = None

    @property
    def lives(self) -> bool:
        return self.exit_code is None

    def end(self, code: int) -> None:
        self.exit_code = code
        os.close(self.tree)


class FakeAttendant:
    """A supervisor or adopter on its way from claim to result; `steps` says how far it is."""

    def __init__(self, engine: FakeExecutor, run_id: str, attempt: int, lock: int, stage: str) -> None:
        self.engine = engine
        self.run_id = run_id
        self.attempt = attempt
        self.lock = os.dup(lock)
        self.stage = stage
        self.training: FakeTraining | None = None
        self.stopped: Json | None = None

    @property
    def folder(self) -> RunPaths:
        return self.engine.paths.run(self.run_id)

    @property
    def lives(self) -> bool:
        return self.lock >= 0

    def kill(self) -> None:
        """SIGKILL: all that happens is that its descriptors are closed."""
        if self.training is not None and self.training.lives and self.stage != "adopt":
            self.engine.orphans[self.run_id] = self.training
        os.close(self.lock)
        self.lock = -1

    def step(self) -> None:
        """Do the next thing, if there is one now."""
        getattr(self, f"_{self.stage}")()

    def _claim(self) -> None:
        record = {
            "schema": 1, "by": "supervisor", "pid": 0, "start_ticks": 0, "boot_id": host.boot_id(),
            "pid_namespace": host.pid_namespace(), "lock": "", "at": self.engine.clock.time,
        }  # fmt: skip
        if create_once(self.folder.attempt(self.attempt), to_json(record)):
            self.stage = "spawn"
        else:
            self.kill()

    def _spawn(self) -> None:
        cancel = facts.read_cancel(self.folder)
        if cancel is not None:
            self.stopped = {"why": "cancelled", "at": cancel.at, "by": cancel.by}
            self._record("not_started", None)
            return
        tree = locks.take(self.folder.tree_lock)
        assert tree is not None, "two trees of one run"
        self.folder.stdout.touch()
        self.training = FakeTraining(tree)
        self.engine.begin(self.run_id)
        self.stage = "tell"

    def _tell(self) -> None:
        data = {"pid": 0, "start_ticks": 0, "boot_id": host.boot_id(), "at": self.engine.clock.time}
        write_json(self.folder.started(self.attempt), data)
        self.stage = "wait"

    def _wait(self) -> None:
        assert self.training is not None
        cancel = facts.read_cancel(self.folder)
        if self.training.lives and cancel is not None:
            self.stopped = {"why": "cancelled", "at": cancel.at, "by": cancel.by}
            self.training.end(143)
        if not self.training.lives:
            self._record("waited", self.training.exit_code)

    def _adopt(self) -> None:
        training = self.engine.orphans.get(self.run_id)
        cancel = facts.read_cancel(self.folder)
        if training is not None and training.lives and cancel is not None:
            self.stopped = {"why": "cancelled", "at": cancel.at, "by": cancel.by}
            training.end(143)
        if locks.ask(self.folder.tree_lock) is not locks.LockState.HELD:
            self._record("adopted", None)

    def _record(self, how: str, code: int | None) -> None:
        record = results.exit_record(self.attempt, how, now=self.engine.clock.time)
        record |= {"exit_code": code, "stop": self.stopped}
        record["signals"] = ["signal 15 to 0"] if self.stopped and how != "not_started" else []
        create_once(self.folder.exit(self.attempt), to_json(record))
        self.stage = "finalise"

    def _finalise(self) -> None:
        attempt = self.attempt
        record = ExitRecord.from_json(read_json(self.folder.exit(attempt)))
        report = _nothing_to_check() if record.how not in ("not_started", "spawn_error") else None
        if report is not None:
            write_json(self.folder.deliverables, report.to_json())
        data = results.build(self.run_id, "fake", attempt, record, verdict(record, report), report, {}, None)
        data["artifact"] = {"state": "error", "why": "the fake packs nothing"}
        write_json(self.folder.result, data)
        self.stage = "leave"

    def _leave(self) -> None:
        self.kill()


def _nothing_to_check():
    from orp_tui.core.checklist import ChecklistReport

    return ChecklistReport((), final=True)


class FakeExecutor:
    """Starts attendants instead of processes; can be told to refuse, and to die before or after a start."""

    name = "fake"

    def __init__(self, paths: BasePaths, clock: FakeClock, begin: Callable[[str], None]) -> None:
        self.paths = paths
        self.clock = clock
        self.begin = begin
        self.attendants: list[FakeAttendant] = []
        self.orphans: dict[str, FakeTraining] = {}
        """Trainings that live without a supervisor."""
        self.busy = False
        self.fatal: str | None = None
        """`before` or `after`: the queue processor is killed at its next start of a process."""

    def _start(self, run_id: str, attempt: int, lock: int, stage: str) -> None:
        if self.fatal == "before":
            raise Killed
        self.attendants.append(FakeAttendant(self, run_id, attempt, lock, stage))
        if self.fatal == "after":
            raise Killed

    async def probe(self) -> Health:
        return Health(True, "fake")

    async def submit(self, launches: Sequence[Launch]) -> list[SubmitResult]:
        answers: list[SubmitResult] = []
        for item in launches:
            if self.busy:
                answers.append(Busy("told to be", 5.0))
                continue
            assert item.lock is not None
            self._start(item.request.id, item.attempt, item.lock, "claim")
            answers.append(Submitted(Handle(self.name, item.request.id, item.attempt, "fake")))
        return answers

    def adopt(self, run_id: str, attempt: int, lock: int) -> None:
        self._start(run_id, attempt, lock, "adopt")

    def finalise(self, run_id: str, lock: int) -> None:
        attempt = 1
        while self.paths.run(run_id).exit(attempt + 1).exists():
            attempt += 1
        newest = max(
            (int(path.stem.split("-")[1]) for path in self.paths.run(run_id).folder.glob("exit-*.json")),
            default=attempt,
        )
        self._start(run_id, newest, lock, "finalise")

    async def poll(self, handles: Sequence[Handle]) -> EngineSnapshot:
        return EngineSnapshot(True, {})

    async def cancel(self, handles: Sequence[Handle], *, force: bool = False) -> None:
        """They look at `cancel.json` with every step."""

    async def find(self, run_ids: Sequence[str]) -> Mapping[str, Handle]:
        return {}

    def living(self) -> list[FakeAttendant]:
        return [attendant for attendant in self.attendants if attendant.lives]

    def trainings(self) -> list[FakeTraining]:
        """Every command that runs, supervised or not."""
        supervised = [item.training for item in self.living() if item.training is not None]
        return [training for training in (*supervised, *self.orphans.values()) if training.lives]

    def close(self) -> None:
        for training in self.trainings():
            training.end(137)
        for attendant in self.living():
            attendant.kill()
