"""A full disk or a failing one, once, at each write: all or nothing, tried again, nothing broken."""

from __future__ import annotations

import os
import random

import pytest
from invariants import check_invariants
from sweeping import ADOPTED, CANCELLED, PLAIN, Case, count, run_cases

from orp_tui.store import runs

WRITES = ("atomic.", "once.", "sup.exit.", "sup.claim.", "sup.reserved", "sup.tree", "sup.started", "bundle.")


def every_case(make_project) -> list[Case]:
    cases = []
    for scenario in (PLAIN, CANCELLED, ADOPTED):
        points = count(scenario, make_project(f"count-{scenario.name}"))
        for case in points:
            if case.point.startswith(WRITES):
                cases += [Case(scenario, case.point, case.hit, action) for action in ("enospc", "eio")]
    return cases


def test_an_error_at_a_sampled_write_breaks_no_guarantee(make_project):
    seed = int(os.environ.get("ORP_SWEEP_SEED") or random.SystemRandom().randrange(10**6))
    print(f"ORP_SWEEP_SEED={seed}")
    run_cases(random.Random(seed).sample(every_case(make_project), 4), make_project)


@pytest.mark.sweep
def test_an_error_at_any_write_breaks_no_guarantee(make_project):
    run_cases(every_case(make_project), make_project)


@pytest.mark.parametrize("point", ["sup.exit.before", "sup.exit.written", "sup.exit.renamed"])
def test_an_exit_record_is_written_at_the_second_try(project, point):
    run_id = project.submit("exit 4")
    assert project.leader(failpoint=f"{point}@1:enospc").wait(40) == 0
    assert project.record(run_id)["exit_code"] == 4
    assert project.record(run_id)["how"] == "waited"
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.parametrize("action", ["enospc", "eio"])
@pytest.mark.parametrize("point", ["submit.filled", "submit.renamed", "submit.published"])
def test_a_submit_that_meets_a_full_disk_leaves_nothing_or_a_run(project, point, action):
    client = project.orp("queue", "submit", str(project.file("true")), failpoint=f"{point}:{action}")
    said = client.communicate(timeout=20)[0].decode().split()
    assert client.returncode == 3
    assert said == []
    assert os.listdir(project.paths.runs) == []
    project.settle()
    with project.context.store() as connection:
        assert runs.newest(connection, -1) == []
    check_invariants(project.paths, project.side)
