"""Killed, stopped, doubled and confused processes (P2 to P14 of the fault catalogue)."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from invariants import check_invariants
from project import alive
from waiting import until

from orp_tui.core.states import Mark, RunState
from orp_tui.engine import facts, host
from orp_tui.services.control import is_led

NOT_REAPING = """
import ctypes, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become ours, and stay zombies
subprocess.Popen(sys.argv[1:])
time.sleep(600)
"""


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def namespaces_work(*options: str) -> bool:
    return subprocess.run(["unshare", *options, "true"], capture_output=True, check=False).returncode == 0


def test_a_supervisor_killed_while_the_training_runs_leaves_it_running_and_marked(project):
    run_id, leader = project.running()
    leader.kill()
    leader.wait()
    project.kill_supervisor(run_id)

    seen = project.view(run_id)
    assert seen.state is RunState.RUNNING
    assert Mark.UNSUPERVISED in seen.marks

    project.go()
    project.settle()
    check_invariants(project.paths, project.side, accepted=project.accepted)
    assert project.ended(run_id)


@pytest.mark.parametrize("point", ["sup.claim.linked", "sup.reserved", "sup.tree.locked", "sup.spawn.before"])
def test_a_supervisor_killed_before_its_spawn_costs_an_attempt_and_not_the_run(project, point):
    run_id = project.submit()
    leader = project.leader(failpoint=point)
    until(lambda: facts.read_claim(project.run(run_id), 1), what="a claim")
    leader.kill()
    leader.wait()

    project.settle()

    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    assert project.row(run_id).attempt > 1
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_supervisor_killed_where_its_command_may_have_been_started_loses_the_run(project):
    run_id = project.submit()
    leader = project.leader(failpoint="sup.logs.opened")

    assert leader.wait(30) == 0
    assert (project.state(run_id), project.row(run_id).reason) == (RunState.LOST, "supervisor_killed")
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_an_adopted_training_is_watched_to_its_end(project):
    run_id, leader = project.running()
    project.kill_supervisor(run_id)
    until(lambda: project.view(run_id).marks == frozenset(), what="an adopter that holds the lock")

    project.go()
    assert leader.wait(30) == 0

    assert project.record(run_id)["how"] == "adopted"
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_killed_adopter_is_replaced(project):
    run_id, leader = project.running()
    project.kill_supervisor(run_id)

    def adopter() -> int:
        found = [pid for pid in project.processes() if "\0adopt\0" in _command(pid)]
        return found[0] if found else 0

    first = until(adopter)
    kill(first)
    until(lambda: adopter() not in (0, first), what="another adopter")

    project.go()
    assert leader.wait(30) == 0
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_finaliser_that_is_killed_three_times_gives_up_with_the_truth(project):
    run_id = project.submit()
    assert project.leader(failpoint="fin.checked").wait(40) == 0

    row = project.row(run_id)
    assert (row.state, row.reason, row.exit_code) == (RunState.INCOMPLETE, "finaliser_failed", 0)
    assert row.artifacts.startswith("error")
    assert row.finaliser_tries == 3
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_leader_and_supervisor_killed_together_leave_a_run_that_is_adopted(project):
    run_id, leader = project.running()
    kill(leader.pid, project.supervisor(run_id))
    leader.wait()

    project.go()
    project.settle()

    assert project.ended(run_id)
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_training_killed_from_outside_is_failed_and_says_so(project):
    run_id, leader = project.running()
    kill(project.training(run_id))
    assert leader.wait(30) == 0

    row = project.row(run_id)
    assert (row.state, row.reason, row.signal) == (RunState.FAILED, "signal", 9)
    assert "SIGKILL" in (row.detail or "")
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_everything_killed_at_once_is_lost(project):
    run_id, leader = project.running("sleep 60")
    kill(leader.pid, project.supervisor(run_id), *host.processes_with(facts.MARKER, run_id))
    leader.wait()
    until(lambda: project.view(run_id).state is RunState.LOST, 2)

    project.settle()

    assert (project.state(run_id), project.row(run_id).reason) == (RunState.LOST, "supervisor_killed")
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.root
def test_the_end_of_a_container_loses_the_run_as_vanished(project):
    options = ("--pid", "--fork", "--mount-proc", "--kill-child")
    if not namespaces_work(*options):
        pytest.skip("this machine lets us make no pid namespace")
    run_id = project.submit("sleep 60")
    container = project.leader(wrap=["unshare", *options])
    until(lambda: project.begun(run_id))
    until(project.run(run_id).started(1).exists)
    container.kill()
    container.wait()

    project.settle()

    assert (project.state(run_id), project.row(run_id).reason) == (RunState.LOST, "processes_vanished")
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.root
def test_a_reboot_loses_what_ran_and_starts_what_waited(project):
    if not namespaces_work("--mount"):
        pytest.skip("this machine lets us make no mount namespace")
    run_id, leader = project.running("sleep 60")
    kill(leader.pid, project.supervisor(run_id), *host.processes_with(facts.MARKER, run_id))
    leader.wait()
    waiting = project.submit("echo after the reboot")
    other = project.root / "boot_id"
    other.write_text(f"{uuid.uuid4()}\n")
    rebooted = f'mount --bind {other} /proc/sys/kernel/random/boot_id && exec "$@"'

    project.settle(wrap=["unshare", "--mount", "sh", "-c", rebooted, "sh"])

    assert (project.state(run_id), project.row(run_id).reason) == (RunState.LOST, "rebooted")
    assert project.state(waiting) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_signals_of_a_terminal_do_not_reach_supervisor_or_training(project):
    run_id, leader = project.running()
    group = os.getpgid(project.supervisor(run_id))
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGUSR1):
        os.killpg(group, number)
    os.killpg(leader.pid, signal.SIGHUP)

    project.go()
    assert leader.wait(30) == 0
    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_closed_terminal_ends_the_client_and_not_the_run(project):
    file = project.file(project.waits)
    words = ["tmux", "-L", f"orp-{os.getpid()}"]
    command = f"ORP_AUTOSTART=1 {sys.executable} -P -m orp_tui.cli run {file} --base-dir {project.paths.base}"
    subprocess.run([*words, "new-session", "-d", "-c", str(project.folder), command], check=True)
    try:
        until(lambda: project.side.exists() and project.side.read_text(), 30, what="a start from tmux")
    finally:
        subprocess.run([*words, "kill-server"], check=True)
    run_id = project.side.read_text().split()[1]
    until(lambda: not any("\0run\0" in _command(pid) for pid in project.processes()), what="the client's end")
    assert alive(project.training(run_id))

    project.go()

    project.await_state(run_id, RunState.SUCCEEDED)
    check_invariants(project.paths, project.side, accepted=[run_id])


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def test_of_forty_queue_processors_one_leads_and_the_rest_name_it(project):
    run_id = project.submit()
    started = [project.leader(idle_exit=None) for _ in range(40)]
    until(lambda: sum(leader.poll() is None for leader in started) == 1, 60, what="39 refused")
    (leads,) = [leader for leader in started if leader.poll() is None]

    assert {leader.returncode for leader in started if leader is not leads} == {3}
    words = project.paths.leader_log.read_text()
    assert words.count(f"already has a queue processor: pid {leads.pid} of ") >= 30
    project.await_state(run_id, RunState.SUCCEEDED)
    leads.terminate()
    assert leads.wait(20) == 0
    check_invariants(project.paths, project.side, accepted=project.accepted)


def _stop_between_transactions(project, leader):
    """Stop it where it holds nobody up: who is stopped within a transaction keeps the store from all."""

    def stopped() -> bool:
        leader.send_signal(signal.SIGSTOP)
        until(lambda: "\nState:\tT" in Path(f"/proc/{leader.pid}/status").read_text())
        with contextlib.closing(sqlite3.connect(project.paths.database, timeout=0.2)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                leader.send_signal(signal.SIGCONT)
                return False
        return True

    until(stopped)


def test_a_stopped_queue_processor_still_leads_and_starts_nothing_twice(project):
    first, leader = project.running()
    _stop_between_transactions(project, leader)
    second = project.submit()

    refused = project.leader()

    assert refused.wait(20) == 3
    assert f"pid {leader.pid} of" in project.paths.leader_log.read_text()
    leader.send_signal(signal.SIGCONT)
    project.go()
    assert leader.wait(30) == 0
    assert [project.state(run_id) for run_id in (first, second)] == [RunState.SUCCEEDED] * 2
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_stranger_with_the_pid_of_a_dead_supervisor_is_never_signalled(project):
    run_id, leader = project.running("sleep 60")
    kill(leader.pid, project.supervisor(run_id), *host.processes_with(facts.MARKER, run_id))
    leader.wait()
    hit = project.root / "hit"
    listen = f"trap 'echo hit >> {hit}' USR2 TERM INT HUP; while :; do sleep 0.05; done"
    stranger = project.start(["sh", "-c", listen])
    for path in (project.run(run_id).attempt(1), project.run(run_id).started(1)):
        record = json.loads(path.read_bytes()) | {"pid": stranger.pid}
        path.write_text(json.dumps(record))

    project.cancel(run_id)
    project.settle()

    assert stranger.poll() is None
    assert not hit.exists()
    assert project.state(run_id) is RunState.LOST
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_zombies_of_supervisor_and_training_count_as_gone(project):
    run_id = project.submit("sleep 60")
    parent = project.leader(wrap=[sys.executable, "-I", "-S", "-c", NOT_REAPING])
    training, supervisor = project.training(run_id), project.supervisor(run_id)
    leader = json.loads(project.paths.leader_lock.read_bytes())["pid"]
    kill(leader, supervisor, *host.processes_with(facts.MARKER, run_id))
    for pid in (training, supervisor):
        until(lambda pid=pid: Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z")

    until(lambda: project.view(run_id).state is RunState.LOST, 2)
    project.settle()

    assert parent.poll() is None  # it has reaped none of them
    assert project.state(run_id) is RunState.LOST
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_queue_processor_asked_to_stop_leaves_runs_alone(project):
    run_id, leader = project.running()
    leader.terminate()
    assert leader.wait(20) == 0
    assert alive(project.training(run_id))
    assert alive(project.supervisor(run_id))

    project.go()
    until(lambda: project.view(run_id).state is RunState.SUCCEEDED, what="its end without a queue processor")
    project.settle()
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_an_exception_in_the_queue_processor_ends_it_and_no_run(project):
    run_id = project.submit(project.waits)
    leader = project.leader(failpoint="leader.turn@5:eio")
    project.training(run_id)
    assert leader.wait(20) == 3
    assert "Traceback" in project.paths.leader_log.read_text()
    assert not is_led(project.paths)

    project.go()
    project.settle()
    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_start_for_which_there_is_no_descriptor_goes_back_to_the_queue(project):
    run_id = project.submit()
    leader = project.leader(failpoint="leader.spawn.before@1:emfile")
    assert leader.wait(40) == 0

    row = project.row(run_id)
    assert (row.state, row.attempt) == (RunState.SUCCEEDED, 2)
    assert facts.read_claim(project.run(run_id), 1).is_fence
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.slow
def test_a_queue_processor_with_few_descriptors_lives_and_starts_what_it_can(project):
    import resource

    ids = [project.submit(project.waits) for _ in range(12)]
    leader = project.leader(slots=12, limits={resource.RLIMIT_NOFILE: 20})
    until(lambda: sum(project.begun(run_id) for run_id in ids) >= 2)
    until(lambda: "Too many open files" in project.words(), what="the limit")
    assert leader.poll() is None, project.words()

    project.go()
    assert leader.wait(60) == 0, project.words()
    check_invariants(project.paths, project.side, accepted=project.accepted)
    assert {project.state(run_id) for run_id in ids} == {RunState.SUCCEEDED}


@pytest.mark.root
def test_a_training_out_of_memory_is_failed_for_that_reason(project):
    group = Path(f"/sys/fs/cgroup/memory/orp-test-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(160 << 20))
    except OSError as error:
        pytest.skip(f"no memory cgroup of our own: {error}")
    try:
        run_id = project.submit(["tail", "/dev/zero"])
        enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
        assert project.leader(wrap=["sh", "-c", enter, "sh"]).wait(60) == 0

        row = project.row(run_id)
        assert (row.state, row.reason) == (RunState.FAILED, "oom_kernel")
        check_invariants(project.paths, project.side, accepted=project.accepted)
    finally:
        project.close()
        until(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def copied_installation(folder: Path) -> tuple[Path, str]:
    """A package of its own and a Python that imports it, as another virtual environment would."""
    import orp_tui

    package = folder / "lib" / "orp_tui"
    shutil.copytree(Path(orp_tui.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (site / "copy.pth").write_text("\n".join([str(package.parent), *others]))
    return package, str(venv / "bin" / "python")


def test_a_run_ends_though_its_package_was_removed_and_is_packed_by_an_intact_one(project, tmp_path):
    package, python = copied_installation(tmp_path / "copy")
    run_id = project.submit(project.waits)
    leader = project.leader(python=python)
    project.training(run_id)
    assert str(package) in _command(project.supervisor(run_id))
    leader.terminate()
    assert leader.wait(20) == 0
    shutil.rmtree(package)

    project.go()
    until(project.run(run_id).exit(1).exists, what="an exit record")
    until(lambda: not alive(project.supervisor(run_id)))
    project.settle()

    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_package_that_is_replaced_within_seconds_spoils_no_result(project, tmp_path):
    package, python = copied_installation(tmp_path / "copy")
    run_id = project.submit(project.waits)
    leader = project.leader(python=python)
    project.training(run_id)
    package.rename(package.with_name("away"))

    project.go()
    log = project.run(run_id).supervisor_log
    until(lambda: log.read_text().count("No module named") == 2, what="two finalisers that find no package")
    package.with_name("away").rename(package)

    assert leader.wait(40) == 0
    assert project.state(run_id) is RunState.SUCCEEDED, project.words()
    check_invariants(project.paths, project.side, accepted=project.accepted)
