"""SIGKILL at every step of queue processor, supervisor, finaliser, adopter and clients.

By default a seeded sample; `-m sweep` takes every point there is. ORP_SWEEP_SEED repeats one.
"""

import os
import random
import signal
from collections.abc import Callable

import pytest
from invariants import check_invariants
from project import Project
from sweeping import SCENARIOS, Case, count, points_of, run_cases

from orp_tui.store import runs

SAMPLE = {"plain": 5, "cancelled": 3, "stubborn": 1, "unstartable": 2, "adopted": 2}


def every_case(make_project: Callable[..., Project]) -> list[Case]:
    return [
        case for scenario in SCENARIOS for case in count(scenario, make_project(f"count-{scenario.name}"))
    ]


def test_a_kill_at_a_sampled_step_breaks_no_guarantee(make_project):
    seed = int(os.environ.get("ORP_SWEEP_SEED") or random.SystemRandom().randrange(10**6))
    print(f"ORP_SWEEP_SEED={seed}")
    chance = random.Random(seed)
    cases = every_case(make_project)
    chosen = []
    for name, number in SAMPLE.items():
        of_scenario = [case for case in cases if case.scenario.name == name]
        chosen += chance.sample(of_scenario, min(number, len(of_scenario)))
    run_cases(chosen, make_project)


@pytest.mark.sweep
def test_a_kill_at_any_step_breaks_no_guarantee(make_project):
    run_cases(every_case(make_project), make_project)


def submit_points(make_project: Callable[..., Project]) -> list[tuple[str, int]]:
    project = make_project("count-submit")
    log = project.root / "points.log"
    assert project.orp("queue", "submit", str(project.file("true")), log=log).wait(20) == 0
    return [(name, hit) for name, times in sorted(points_of(log).items()) for hit in range(1, times + 1)]


def kill_a_submit(project: Project, point: str, hit: int) -> None:
    """Killed there, a submit has left either nothing or a queued run that then runs once."""
    client = project.orp("queue", "submit", str(project.file("echo trained")), failpoint=f"{point}@{hit}")
    assert client.wait(20) == -signal.SIGKILL, f"{point}@{hit} was not reached"
    said = client.stdout.read().decode().split()
    project.settle()
    check_invariants(project.paths, project.side, accepted=said)
    with project.context.store() as connection:
        rows = runs.newest(connection, -1)
    assert len(rows) <= 1
    assert all(row.state.value == "succeeded" for row in rows)


def test_a_submit_killed_at_a_sampled_step_leaves_nothing_or_a_run(make_project):
    points = submit_points(make_project)
    assert {"submit.renamed", "submit.queued"} <= {name for name, _ in points}
    for number, (point, hit) in enumerate(random.SystemRandom().sample(points, 2)):
        kill_a_submit(make_project(f"submit-{number}"), point, hit)


@pytest.mark.sweep
def test_a_submit_killed_at_any_step_leaves_nothing_or_a_run(make_project):
    for number, (point, hit) in enumerate(submit_points(make_project)):
        kill_a_submit(make_project(f"submit-{number}"), point, hit)


@pytest.mark.parametrize(
    "point", ["cancel.requested", "once.written.cancel.json", "once.linked.cancel.json", "cancel.written"]
)
def test_a_cancel_killed_at_any_step_still_cancels(project, point):
    run_id = project.submit("sleep 30", stop={"grace": "2s"})
    leader = project.leader()
    project.training(run_id)

    client = project.orp("cancel", run_id, failpoint=point)

    assert client.wait(20) == -signal.SIGKILL, project.words()
    assert leader.wait(30) == 0
    check_invariants(project.paths, project.side, accepted=project.accepted)
    assert project.state(run_id).value == "cancelled"
