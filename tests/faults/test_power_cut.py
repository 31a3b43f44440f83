"""The power goes: what was acknowledged is on the disk, and what had started is not started again (P9)."""

from __future__ import annotations

import random
import time

import pytest
from invariants import check_invariants
from mounting import Disk

from orp_tui.core.states import RunState

pytestmark = [pytest.mark.root, pytest.mark.slow]


@pytest.fixture
def cut(make_project, tmp_path):
    """A project whose base directory lies on a disk of its own, and that disk."""
    disk = Disk(tmp_path / "machine")
    project = make_project("cut", base=disk.folder / "experiments")
    try:
        yield project, disk
    finally:
        project.close()
        disk.close()


def test_the_method_loses_what_was_not_flushed(cut):
    _, disk = cut
    (disk.folder / "not flushed").write_text("gone")
    photograph = disk.photograph()
    disk.return_to(photograph)
    assert not (disk.folder / "not flushed").exists()


def test_a_run_whose_id_was_printed_is_there_after_a_power_cut(cut):
    project, disk = cut
    client = project.orp("queue", "submit", str(project.file("echo trained")))
    run_id = client.stdout.readline().decode().strip()
    photograph = disk.photograph()
    client.wait()

    disk.return_to(photograph)

    project.settle()
    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=[run_id])


def test_a_run_whose_end_was_shown_has_it_after_a_power_cut(cut):
    project, disk = cut
    run_id = project.submit("echo trained")
    leader = project.leader()
    project.await_state(run_id, RunState.SUCCEEDED)
    photograph = disk.photograph()
    leader.wait()

    disk.return_to(photograph)

    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.parametrize("attempt", range(6))
def test_a_power_cut_at_any_moment_starts_nothing_twice(cut, attempt):
    project, disk = cut
    for _ in range(3):
        project.submit("sleep 0.1")
    leader = project.leader(slots=1)
    time.sleep(random.uniform(0.1, 1.2))  # the moment is what varies; nothing is waited for
    project.freeze()  # what began while the photograph is taken would have begun after the cut
    photograph = disk.photograph()
    leader.kill()
    project.close()

    disk.return_to(photograph)

    project.settle()
    check_invariants(project.paths, project.side, accepted=project.accepted)
