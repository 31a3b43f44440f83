"""P19: processes that take no SIGKILL, as those that wait in a driver. A frozen cgroup makes them here."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from invariants import check_invariants
from waiting import until

from orp_tui.core.ports import Launch
from orp_tui.core.states import Mark, RunState
from orp_tui.engine import facts, launch
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks
from orp_tui.services.watch import snapshot

FREEZERS = Path("/sys/fs/cgroup/freezer")
SOON = "UNKILLABLE_AFTER_S = 0.5"
pytestmark = pytest.mark.root


class Freezer:
    """A cgroup of the first kind: what is frozen in it does not even die."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def freeze(self, *pids: int) -> None:
        for pid in pids:
            (self._folder / "cgroup.procs").write_text(str(pid))
        (self._folder / "freezer.state").write_text("FROZEN")
        until(lambda: (self._folder / "freezer.state").read_text() == "FROZEN\n", what="a frozen cgroup")

    def thaw(self) -> None:
        (self._folder / "freezer.state").write_text("THAWED")

    def is_empty(self) -> bool:
        return not (self._folder / "cgroup.procs").read_text()


@pytest.fixture
def freezer():
    folder = FREEZERS / f"orp-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no freezer cgroup can be made here: {error}")
    made = Freezer(folder)
    yield made
    made.thaw()
    with contextlib.suppress(AssertionError):
        until(made.is_empty, 10)
    folder.rmdir()


@pytest.fixture
def impatient(tmp_path):
    """A supervisor that calls a process unkillable after half a second, not after half a minute."""
    folder = tmp_path / "supervisor"
    shutil.copytree(Path(launch.SUPERVISOR).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "stopping.py").read_text()
    assert "UNKILLABLE_AFTER_S = 30.0" in text
    (folder / "stopping.py").write_text(text.replace("UNKILLABLE_AFTER_S = 30.0", SOON))
    return folder / Path(launch.SUPERVISOR).name


def supervise(project, run_id, supervisor):
    """A supervisor at its work, as a queue processor would have started it."""
    lock = locks.take(project.run(run_id).supervisor_lock)
    block = launch.launch_block(project.paths, Launch(read_request(project.run(run_id)), 1, lock))
    descriptor = os.memfd_create("orp-launch")
    os.write(descriptor, block)
    os.lseek(descriptor, 0, os.SEEK_SET)
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", str(supervisor), str(descriptor), run_id],
        pass_fds=(lock, descriptor), env=launch.own_environment(), stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(descriptor)
    os.close(lock)
    project.children.append(child)
    return child


def is_said(project, run_id):
    return Mark.UNKILLABLE in project.view(run_id).marks


def test_a_main_process_that_takes_no_sigkill_is_said_keeps_its_slot_and_holds_up_nobody(
    project, freezer, impatient
):
    stuck = project.submit("sleep 60", stop={"grace": "0.2s"})
    supervisor = supervise(project, stuck, impatient)
    pid = project.training(stuck)
    leader = project.leader(slots=1)
    project.await_state(stuck, RunState.RUNNING)
    freezer.freeze(pid)

    project.cancel(stuck)
    after = project.submit("echo trained")
    until(lambda: is_said(project, stuck), what="the mark")

    assert json.loads(project.run(stuck).attention.read_bytes())["pids"][0] == pid
    with project.context.store() as connection:
        seen = {item.run.id: item for item in snapshot(project.paths, connection, slots=1).unfinished}
    assert seen[stuck].state is RunState.RUNNING
    assert seen[after].detail == f"needs a slot: 1 of 1 taken by {stuck}"
    assert leader.poll() is None

    freezer.thaw()
    assert supervisor.wait(30) == 0
    assert leader.wait(30) == 0
    assert (project.state(stuck), project.state(after)) == (RunState.CANCELLED, RunState.SUCCEEDED)
    assert not project.run(stuck).attention.exists()
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_worker_that_outlives_the_end_and_takes_no_sigkill_is_said(project, freezer, impatient):
    worker_file = project.root / "worker"
    script = f"setsid sleep 60 & echo $! > {worker_file}; {project.waits}; exit 3"
    stuck = project.submit(script, stop={"grace": "0.2s"})
    supervisor = supervise(project, stuck, impatient)
    worker = int(until(lambda: worker_file.exists() and worker_file.read_text(), what="a worker"))
    freezer.freeze(worker)
    project.go()

    until(lambda: project.run(stuck).attention.exists(), what="what the supervisor says")
    assert project.record(stuck)["exit_code"] == 3
    assert json.loads(project.run(stuck).attention.read_bytes())["pids"] == [worker]
    assert locks.ask(project.run(stuck).supervisor_lock) is locks.LockState.HELD

    freezer.thaw()
    assert supervisor.wait(30) == 0
    project.settle()
    assert project.state(stuck) is RunState.FAILED
    assert not project.run(stuck).attention.exists()


def test_an_adopter_says_so_too(project, freezer):
    stuck, leader = project.running("sleep 60", stop={"grace": "0.2s"})
    leader.kill()
    leader.wait()
    project.kill_supervisor(stuck)
    pid = project.training(stuck)
    freezer.freeze(pid)
    adopt = (
        "import sys; from pathlib import Path; from orp_tui.core.layout import BasePaths; from orp_tui.engine import adopter;"
        "adopter.UNKILLABLE_AFTER_S = 0.5; adopter.Adopter(BasePaths.under(Path(sys.argv[1])), sys.argv[2], 1).run()"
    )
    project.cancel(stuck)
    child = project.start([sys.executable, "-c", adopt, str(project.paths.base), stuck])

    until(lambda: project.run(stuck).attention.exists(), what="what the adopter says")
    assert pid in json.loads(project.run(stuck).attention.read_bytes())["pids"]

    freezer.thaw()
    assert child.wait(30) == 0
    assert facts.read_exit(project.run(stuck).exit(1)).stop.why == "cancelled"
    assert not project.run(stuck).attention.exists()
    project.settle()
    assert project.state(stuck) is RunState.CANCELLED
