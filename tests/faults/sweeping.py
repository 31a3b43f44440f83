"""Kill ORP's processes at the N-th hit of a failpoint, let a fresh queue processor settle, and judge.

A scenario says what is submitted and what happens meanwhile. A counting run of it lists
every failpoint that its processes pass; each is then a case: the same again, with a kill there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from invariants import check_invariants
from project import Project
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.engine import facts

MOST_HITS = {"leader.turn": 6, "bundle.member": 2, "adopter.looked": 2}
"""Points that are passed again and again with nothing new about it."""

Act = Callable[[Project, str, Callable[[], bool]], None]
"""What happens meanwhile; the last argument says whether the kill has come already."""


def nothing(project: Project, run_id: str, over: Callable[[], bool]) -> None:
    """Only wait."""


def cancel_when_running(project: Project, run_id: str, over: Callable[[], bool]) -> None:
    until(lambda: project.begun(run_id) or over(), 20, what="a start")
    project.cancel(run_id)


def kill_the_supervisor(project: Project, run_id: str, over: Callable[[], bool]) -> None:
    until(lambda: project.begun(run_id) or over(), 20, what="a start")
    claim = facts.read_claim(project.run(run_id), 1)
    if claim is not None and not claim.is_fence:
        with contextlib.suppress(ProcessLookupError):
            os.kill(claim.pid, signal.SIGKILL)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One story, told again and again with a kill in another place."""

    name: str
    script: str
    act: Act
    ends: frozenset[RunState]
    """How its run may end; lost if the one who knew its exit code was killed before it wrote it down."""
    training: dict[str, object] = dataclasses.field(default_factory=dict)
    vanishing: bool = False
    """The program is deleted between submit and start."""

    def submit(self, project: Project) -> str:
        if not self.vanishing:
            return project.submit(self.script, **self.training)
        program = project.root / "program"
        program.write_text("#!/bin/sh\necho unreachable\n")
        program.chmod(0o700)
        run_id = project.submit([str(program)], **self.training)
        program.unlink()
        return run_id


PLAIN = Scenario(
    "plain", "echo trained; echo warned >&2", nothing, frozenset({RunState.SUCCEEDED, RunState.LOST})
)
CANCELLED = Scenario(
    "cancelled",
    "sleep 30",
    cancel_when_running,
    frozenset({RunState.CANCELLED, RunState.LOST}),
    {"stop": {"grace": "2s"}},
)
STUBBORN = Scenario(
    "stubborn",
    "trap '' TERM; sleep 30",
    cancel_when_running,
    frozenset({RunState.CANCELLED, RunState.LOST}),
    {"stop": {"grace": "0.2s"}},
)
UNSTARTABLE = Scenario(
    "unstartable", "", nothing, frozenset({RunState.FAILED, RunState.LOST}), vanishing=True
)
ADOPTED = Scenario(
    "adopted",
    "sleep 0.7",
    kill_the_supervisor,
    frozenset({RunState.SUCCEEDED, RunState.LOST}),
)
SCENARIOS = (PLAIN, CANCELLED, STUBBORN, UNSTARTABLE, ADOPTED)


@dataclasses.dataclass(frozen=True)
class Case:
    """One kill, or one error."""

    scenario: Scenario
    point: str
    hit: int
    action: str = "kill"

    def __str__(self) -> str:
        return f"{self.scenario.name} {self.point}@{self.hit}:{self.action}"


def points_of(log: Path) -> dict[str, int]:
    """Each failpoint and how often a single process passed it."""
    if not log.exists():
        return {}
    by_process = Counter(tuple(line.split()) for line in log.read_text().splitlines())
    most: dict[str, int] = {}
    for (_, name), times in by_process.items():
        most[name] = min(max(times, most.get(name, 0)), MOST_HITS.get(name, 99))
    return most


def count(scenario: Scenario, project: Project) -> list[Case]:
    """Every case of a scenario, from a run in which nothing is killed."""
    log = project.root / "points.log"
    run_id = scenario.submit(project)
    leader = project.leader(log=log)
    scenario.act(project, run_id, lambda: leader.poll() is not None)
    assert leader.wait(40) == 0
    check_invariants(project.paths, project.side, accepted=project.accepted)
    assert project.state(run_id) in scenario.ends
    return [
        Case(scenario, name, hit)
        for name, times in sorted(points_of(log).items())
        for hit in range(1, times + 1)
    ]


def run_case(case: Case, project: Project) -> bool:
    """Whether the point was reached; raises AssertionError if a guarantee is broken afterwards."""
    log = project.root / "points.log"
    run_id = case.scenario.submit(project)
    leader = project.leader(failpoint=f"{case.point}@{case.hit}:{case.action}", log=log)

    def reached() -> bool:
        return points_of(log).get(case.point, 0) >= case.hit

    def over() -> bool:
        return leader.poll() is not None or reached()

    case.scenario.act(project, run_id, over)
    until(over, 40, what=f"{case}: neither reached nor ended")
    if case.action != "kill":
        with contextlib.suppress(subprocess.TimeoutExpired):
            leader.wait(1.5)  # an error is to be answered by the process that met it
    if leader.poll() is None:
        leader.send_signal(signal.SIGTERM)
    leader.wait(20)
    project.settle()
    check_invariants(project.paths, project.side, accepted=project.accepted)
    state = project.state(run_id)
    assert state in case.scenario.ends, f"ended as {state.value}\n{project.words()}"
    return reached()


def run_cases(cases: list[Case], make_project: Callable[..., Project], *, workers: int = 3) -> None:
    """All cases, some at a time; fails with every one that broke a guarantee."""
    wrong: list[str] = []
    missed: list[str] = []

    def one(case: Case) -> None:
        project = make_project(f"case-{cases.index(case)}-{case.scenario.name}")
        try:
            if not run_case(case, project):
                missed.append(str(case))
        except Exception as error:
            wrong.append(f"--- {case}\n{type(error).__name__}: {error}")
        finally:
            project.close()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, cases))
    print(f"{len(cases)} cases, {len(missed)} of them not reached: {missed}")
    assert not wrong, f"{len(wrong)} of {len(cases)} cases:\n" + "\n".join(wrong)
    assert len(missed) <= len(cases) // 3, f"most kills must hit something: {missed}"
