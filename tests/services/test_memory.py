"""A run with a memory limit is ended when it takes more, and the reason says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import until

from orp_tui.core.ports import Launch
from orp_tui.core.states import RunState
from orp_tui.engine import launch, memory_limit
from orp_tui.engine.request_file import read_request
from orp_tui.files import locks

GREEDY = "x = bytearray(300 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(60)"
UNIFIED = (
    Path("/sys/fs/cgroup/unified") if Path("/sys/fs/cgroup/unified").is_dir() else Path("/sys/fs/cgroup")
)


def greedy(workers=1):
    if workers == 1:
        return [sys.executable, "-c", GREEDY]
    part = GREEDY.replace("300", str(300 // workers))
    return ["sh", "-c", f"for i in $(seq {workers}); do {sys.executable} -c '{part}' & done; wait"]


@pytest.mark.skipif(memory_limit.place() is not None, reason="here the kernel holds the limit")
@pytest.mark.parametrize("workers", [1, 3])
def test_a_watched_run_is_stopped_above_its_limit_as_a_whole(project, workers):
    run_id = project.submit(
        greedy(workers), resources={"memory": "200MiB"}, stop={"grace": "2s"}, retries={"on": "lost"}
    )

    project.settle()

    row = project.row(run_id)
    assert (row.state, row.reason) == (RunState.FAILED, "oom"), project.words()
    assert row.detail.startswith("memory limit 200 MiB: used ")
    assert int(row.detail.split("used ")[1].split()[0]) >= 200
    record = project.record(run_id)["memory"]
    assert (record["limit"], record["by"]) == (200 << 20, "watch")


@pytest.mark.skipif(memory_limit.place() is not None, reason="here the kernel holds the limit")
@pytest.mark.parametrize("workers", [1, 3])
def test_the_limit_is_watched_also_when_the_supervisor_was_killed(project, workers):
    late = ["sh", "-c", f'echo B $ORP_RUN_ID $$ >> {project.side}; {project.waits}; exec "$@"', "sh"]
    run_id, leader = project.running(
        [*late, *greedy(workers)], resources={"memory": "200MiB"}, stop={"grace": "2s"}
    )
    project.kill_supervisor(run_id)
    lock = project.run(run_id).supervisor_lock
    until(lambda: locks.ask(lock) is locks.LockState.HELD, what="the adopter")
    project.go()

    row = project.await_state(run_id, RunState.FAILED)

    assert row.reason == "oom", project.words()
    assert row.detail.startswith("memory limit 200 MiB: used ")
    record = project.record(run_id)
    assert (record["how"], record["memory"]["by"]) == ("adopted", "watch")
    assert leader.wait(30) == 0


@pytest.mark.slow
def test_pages_that_processes_share_are_counted_once(project):
    forks = "import os, time\nx = bytearray(60 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\n"
    forks += "for _ in range(4):\n    if os.fork() == 0:\n        time.sleep(2.5); os._exit(0)\n"
    forks += "for _ in range(4): os.wait()"
    run_id = project.submit([sys.executable, "-c", forks], resources={"memory": "200MiB"})

    project.settle()

    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    assert project.record(run_id)["memory"]["used"] < 200 << 20


def test_a_run_without_a_limit_has_no_word_of_one(project):
    run_id = project.submit("true")

    project.settle()

    assert project.record(run_id)["memory"] is None
    assert "by" not in (project.record(run_id)["memory"] or {})


def test_the_kernel_ends_a_run_above_its_limit_where_cgroups_are_delegated(project):
    if memory_limit.place() is None:
        pytest.skip(
            "no cgroup v2 folder above this process may be written and hands the memory controller down"
        )
    run_id = project.submit(greedy(), resources={"memory": "200MiB"})

    project.settle()

    row = project.row(run_id)
    assert (row.state, row.reason) == (RunState.FAILED, "oom_kernel"), project.words()
    assert row.detail.startswith("killed by the kernel: memory limit 200 MiB: used ")


@pytest.fixture
def cgroup():
    """A cgroup of the unified hierarchy, without controllers: it can hold processes and kill them."""
    folder = UNIFIED / f"orp-test-{os.getpid()}"
    own = next(
        (line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line[:3] == "0::"), ""
    )
    if own != "/":
        pytest.skip("this process is not in the root of the unified hierarchy")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    if not (folder / "cgroup.kill").exists():
        folder.rmdir()
        pytest.skip("no cgroup.kill here: older than Linux 5.14")
    yield folder
    if folder.exists():
        (folder / "cgroup.kill").write_text("1")
        until(lambda: not (folder / "cgroup.procs").read_text(), 10)
        folder.rmdir()


def start_in(project, run_id, cgroup):
    """A supervisor that is told of a cgroup, as where the kernel holds the limit."""
    request = read_request(project.run(run_id))
    lock = locks.take(project.run(run_id).supervisor_lock)
    block = launch.launch_block(project.paths, Launch(request, 1, lock))
    block += launch.encode_block({"memory": [str(1 << 40)], "cgroup": [str(cgroup), str(UNIFIED)]})
    descriptor = os.memfd_create("orp-launch")
    os.write(descriptor, block)
    os.lseek(descriptor, 0, os.SEEK_SET)
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", str(launch.SUPERVISOR), str(descriptor), run_id],
        pass_fds=(lock, descriptor), env=launch.own_environment(), stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(descriptor)
    os.close(lock)
    project.children.append(child)
    return child


def members(cgroup):
    return [int(word) for word in (cgroup / "cgroup.procs").read_text().split()]


@pytest.mark.root
def test_the_training_begins_in_its_cgroup_the_supervisor_does_not_and_nothing_is_left(project, cgroup):
    run_id = project.submit(f"sleep 0.2 & {project.waits}; cat /proc/self/cgroup")
    child = start_in(project, run_id, cgroup)
    training = project.training(run_id)

    assert training in members(cgroup)
    assert child.pid not in members(cgroup)
    project.go()
    assert child.wait(40) == 0

    assert f"0::/{cgroup.name}\n" in project.run(run_id).stdout.read_text()
    assert project.record(run_id)["memory"]["by"] == "kernel"
    assert not cgroup.exists()


@pytest.mark.root
def test_a_tree_that_does_not_want_to_end_is_killed_at_once_by_its_cgroup(project, cgroup):
    script = f"trap '' TERM; for i in 1 2 3; do (trap '' TERM; setsid sh -c '{project.waits}') & done; {project.waits}"
    run_id = project.submit(script)
    child = start_in(project, run_id, cgroup)
    project.training(run_id)
    until(lambda: len(members(cgroup)) >= 4, 10, what="the whole tree")

    project.cancel(run_id, grace_s=0.2)

    assert child.wait(30) == 0
    assert not cgroup.exists()


@pytest.mark.root
def test_an_adopter_leaves_the_limit_to_the_kernel_and_takes_the_cgroup_away(project, cgroup):
    run_id = project.submit(project.waits, resources={"memory": "1MiB"})  # less than it takes
    own = cgroup / memory_limit.name_of(run_id, 1)
    own.mkdir()
    supervisor = start_in(project, run_id, own)
    training = project.training(run_id)
    supervisor.kill()
    supervisor.wait()
    steps = project.root / "steps"
    leader = project.leader(log=steps)
    until(lambda: steps.exists() and "adopter.looked" in steps.read_text(), what="a look of the adopter")
    assert training in members(own)
    project.go()
    leader.wait(30)

    record = project.record(run_id)
    assert (record["how"], record["stop"], record["memory"]["by"]) == ("adopted", None, "kernel")
    assert not own.exists()
