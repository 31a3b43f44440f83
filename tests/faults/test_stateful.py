"""Any order of submits, cancels, turns, kills and lost stores: the guarantees hold after every step.

Real files, real kernel locks, a real SQLite and the real `Settler` and `Starter`; the
processes are objects that hold locks and move when told, and so does the clock.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from fake_engine import FakeClock, FakeExecutor, Killed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from invariants import check_invariants

from orp_tui.core import policy
from orp_tui.core.layout import BasePaths
from orp_tui.core.request import ArtifactRule, RunRequest, StopRule
from orp_tui.core.states import RunState
from orp_tui.engine.settle import Settler
from orp_tui.engine.starter import Starter
from orp_tui.files.atomic import write_json
from orp_tui.services.control import cancel
from orp_tui.services.rebuild import rebuild
from orp_tui.store import database, runs, settings

SLOTS = 2
MOST_RUNS = 5


def request(paths: BasePaths, run_id: str) -> RunRequest:
    return RunRequest(
        id=run_id, name="fake", description="", submitted_at=0.0, submitted_by="tester@here", project="/project",
        workspace="isolated", cwd=str(paths.run(run_id).workspace), argv=("side.log",), shell=False, seed=None, config={},
        stop=StopRule(), timeout_s=None, stall_s=None, leftovers="kill", deliverables=(), artifacts=ArtifactRule(),
        env_file=None, secret_names=(), tree=None, priority=0, umask=0o22, experiment={}, experiment_sha256="",
        config_sha256="",
    )  # fmt: skip


class Machine(RuleBasedStateMachine):
    """The model: which runs were accepted, began, and have come to which end."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="orp-stateful-"))
        self.paths = BasePaths.under(self.root / "experiments")
        self.side = self.root / "side.log"
        self.clock = FakeClock()
        self.engine = FakeExecutor(self.paths, self.clock, self.began)
        self.accepted: list[str] = []
        self.begun: dict[str, int] = {}
        self.cancelled: set[str] = set()
        self.ends: dict[str, tuple[RunState, str | None]] = {}
        self.returning: set[str] = set()
        """Ended, and on the way there again since the store was lost: the folder leaves a last step to do."""
        self.connection = database.connect(self.paths.database)

    def began(self, run_id: str) -> None:
        self.begun[run_id] = self.begun.get(run_id, 0) + 1
        with open(self.side, "a") as side:
            side.write(f"B {run_id} 0\n")

    def turn(self) -> None:
        """One turn of the queue processor, by a new one each time: it may keep nothing in memory."""
        settler = Settler(self.paths, self.connection, self.engine, self.clock)
        starter = Starter(self.paths, self.connection, self.engine, settler, self.clock)
        rows = runs.unfinished(self.connection)
        known = {run.id: settler.settle(run) for run in rows if run.state.is_active}
        if settler.wrote:
            return
        taken = [
            policy.Occupant(run.id, run.workspace, run.project)
            for run in rows
            if run.id in known and known[run.id].owns_slot
        ]
        queued = [run for run in rows if run.state is RunState.QUEUED]
        choice = policy.choose(queued, taken, policy.Capacity(SLOTS), now=self.clock.time)
        for item in choice.start:
            asyncio.run(starter.start(item.run, item.cards))

    @initialize()
    def begin(self) -> None:
        self.submit()

    @precondition(lambda self: len(self.accepted) < MOST_RUNS)
    @rule()
    def submit(self) -> None:
        run_id = f"exp_20270115_080000_{len(self.accepted):04d}"
        folder = self.paths.run(run_id)
        folder.workspace.mkdir(parents=True)
        folder.environment_private.write_bytes(b"")
        write_json(folder.request, request(self.paths, run_id).to_json())
        new = runs.NewRun(id=run_id, name="fake", submitted_at=self.clock.time, actor="tester@here")
        assert runs.insert(self.connection, new) == run_id
        self.accepted.append(run_id)

    @rule(choice=st.integers(0, MOST_RUNS - 1))
    def cancel(self, choice: int) -> None:
        run = runs.get(self.connection, self.accepted[choice % len(self.accepted)])
        assert run is not None
        if not cancel(self.paths, self.connection, run, by="tester@here").state.is_final:
            self.cancelled.add(run.id)

    @rule()
    def tick(self) -> None:
        self.turn()

    @rule(steps=st.integers(1, 3))
    def a_supervisor_dies_on_its_way(self, steps: int) -> None:
        """The story that goes wrong most easily: started, and nobody left who knows."""
        self.turn()
        if living := self.engine.living():
            for _ in range(steps):
                if living[-1].lives:
                    living[-1].step()
            if living[-1].lives:
                living[-1].kill()

    @rule()
    def busy_tick(self) -> None:
        self.engine.busy = True
        self.turn()
        self.engine.busy = False

    @rule(where=st.sampled_from(["before", "after"]))
    def leader_killed_at_a_start(self, where: str) -> None:
        self.engine.fatal = where
        self.killed_turn()
        self.engine.fatal = None

    @rule(number=st.integers(0, 6))
    def leader_killed_in_a_turn(self, number: int) -> None:
        self.clock.fatal_in = number
        self.killed_turn()
        self.clock.fatal_in = None

    def killed_turn(self) -> None:
        try:
            self.turn()
        except Killed:
            self.connection.close()
            self.connection = database.connect(self.paths.database)

    @rule(choice=st.integers(0, 9), steps=st.integers(1, 6))
    def attendant_goes_on(self, choice: int, steps: int) -> None:
        living = self.engine.living()
        for _ in range(steps):
            if living and (one := living[choice % len(living)]).lives:
                one.step()

    @rule(choice=st.integers(0, 9))
    def attendant_is_killed(self, choice: int) -> None:
        if living := self.engine.living():
            living[choice % len(living)].kill()

    @rule(choice=st.integers(0, 9), code=st.sampled_from([0, 0, 1]))
    def training_ends(self, choice: int, code: int) -> None:
        if trainings := self.engine.trainings():
            self.end_training(trainings[choice % len(trainings)], code)

    def end_training(self, training, code: int) -> None:
        for attendant in self.engine.attendants:
            if attendant.training is training and code == 0:
                with open(self.side, "a") as side:
                    side.write(f"E {attendant.run_id} 0\n")
        training.end(code)

    @rule(seconds=st.sampled_from([1.0, 10.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.time += seconds

    @rule()
    def store_is_lost(self) -> None:
        self.connection.close()
        for path in self.paths.state.glob("orp.db*"):
            path.unlink()
        rebuild(self.paths)
        self.returning |= self.ends.keys()
        self.connection = database.connect(self.paths.database)
        settings.write(self.connection, "paused", None)

    @invariant()
    def nothing_is_broken(self) -> None:
        check_invariants(self.paths, self.side, accepted=self.accepted, settled=False, processes=False)
        assert max(self.begun.values(), default=0) <= 1
        for run_id in self.accepted:
            run = runs.get(self.connection, run_id)
            assert run is not None
            if run.state.is_final:
                known = self.ends.setdefault(run_id, (run.state, run.reason))
                assert known == (run.state, run.reason), f"{run_id} ended as {known} before"
                self.returning.discard(run_id)
            elif run_id not in self.returning:
                assert run_id not in self.ends, f"{run_id} had ended as {self.ends[run_id]}"
            if run.state is RunState.CANCELLED:
                assert run_id not in {item.run_id for item in self.engine.living() if item.stage == "wait"}

    def teardown(self) -> None:
        try:
            if self.accepted:
                self.settle()
                check_invariants(self.paths, self.side, accepted=self.accepted, processes=False)
                for run_id in self.cancelled:
                    run = runs.get(self.connection, run_id)
                    assert run is not None
                    assert run.state is not RunState.QUEUED
        finally:
            self.engine.close()
            self.connection.close()
            shutil.rmtree(self.root)

    def settle(self) -> None:
        """Left alone, every run comes to its end in a bounded number of turns."""
        for _ in range(40 * MOST_RUNS):
            if not runs.unfinished(self.connection):
                return
            self.turn()
            for training in self.engine.trainings():
                self.end_training(training, 0)
            for attendant in self.engine.living():
                attendant.step()
            self.clock.time += 30.0
        rows = [dataclasses.asdict(run) for run in runs.unfinished(self.connection)]
        raise AssertionError(f"never settled: {rows}")


def play(examples: int, steps: int) -> Callable[[], None]:
    def test() -> None:
        hypothesis.stateful.run_state_machine_as_test(
            Machine,
            settings=hypothesis.settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(hypothesis.HealthCheck),
                print_blob=True,
            ),
        )

    return test


def test_no_order_of_events_breaks_a_guarantee():
    play(int(os.environ.get("ORP_EXAMPLES", "60")), 30)()


@pytest.mark.sweep
def test_no_long_order_of_events_breaks_a_guarantee():
    play(400, 60)()
