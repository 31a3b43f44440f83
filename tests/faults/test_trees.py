"""Commands that can't be started, and trees of processes that do not want to end (P15 to P18)."""

from __future__ import annotations

import contextlib
import sys
import textwrap
from pathlib import Path

import pytest
from invariants import check_invariants
from project import alive
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.engine import host
from orp_tui.engine.facts import MARKER

FAMILY = textwrap.dedent(
    """
    import os, signal, subprocess, sys, time
    sleeper = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(300)"]
    deaf = [sys.executable, "-I", "-S", "-c",
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"]
    subprocess.Popen(sleeper)
    subprocess.Popen(sleeper, start_new_session=True)
    subprocess.Popen(deaf, start_new_session=True)
    if os.fork() == 0:  # a daemon: two forks, own session, all descriptors closed
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 256)
            time.sleep(300)
        os._exit(0)
    os.wait()
    if os.fork() == 0:  # a runaway: never the same pid for longer than 2 ms
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            time.sleep(0.002)
            if os.fork():
                os._exit(0)
        os._exit(0)
    with open(sys.argv[1], "a") as side:
        side.write("B %s %d\\n" % (os.environ["ORP_RUN_ID"], os.getpid()))
    LAST
    """
)


def family(project, last: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", FAMILY.replace("LAST", last), str(project.side)]


def left(project) -> list[str]:
    """Command lines of what lives; an observer may look on for some seconds more."""
    lines = []
    for pid in project.processes():
        with contextlib.suppress(OSError):
            lines.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
    return [line for line in lines if line and " observe " not in line]


def unstartable(project, case: str) -> str:
    """Submit something whose start will fail, for `case`; its program's path."""
    program = project.root / "program"
    program.write_text("#!/bin/sh\ntrue\n")
    program.chmod(0o700)
    words = [str(program)]
    if case == "too long":
        words += ["x" * 200_000]  # the kernel takes 128 KiB
    project.submit(words)
    if case == "missing":
        program.unlink()
    if case == "not executable":
        program.chmod(0o600)
    if case == "interpreter":
        program.write_text("#!/no/such/interpreter\n")
    if case == "no program":
        program.write_bytes(b"\x7fNOELF")
    return str(program)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("missing", "No such file"),
        ("not executable", "Permission denied"),
        ("interpreter", "interpreter named in its first line does not exist"),
        ("no program", "give it a #! line"),
        ("too long", "too long"),
    ],
)
def test_a_command_that_cannot_be_started_is_failed_and_names_the_file(project, case, words):
    program = unstartable(project, case)

    project.settle()

    (run_id,) = project.accepted
    row = project.row(run_id)
    assert (row.state, row.reason) == (RunState.FAILED, "spawn_error")
    assert words in row.detail
    assert program in row.detail
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_working_directory_that_is_gone_is_failed_and_named(project):
    run_id = project.submit("true")
    workspace = project.run(run_id).workspace
    workspace.rename(workspace.with_name("away"))

    project.settle()

    row = project.row(run_id)
    assert (row.state, row.reason) == (RunState.FAILED, "spawn_error")
    assert str(workspace) in row.detail
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_training_that_ignores_sigterm_is_killed_after_its_grace(project):
    run_id, leader = project.running("trap '' TERM; while :; do sleep 0.05; done", stop={"grace": "0.3s"})
    project.cancel(run_id)
    assert leader.wait(30) == 0
    record = project.record(run_id)
    assert record["signal"] == 9
    assert [word.split()[1] for word in record["signals"]][:2] == ["15", "9"]
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_time_limit_ends_a_training_without_any_queue_processor(project):
    run_id, leader = project.running("sleep 30", timeout="1s", stop={"grace": "2s"})
    leader.kill()
    until(lambda: project.view(run_id).state is RunState.FAILED, what="the time limit")
    project.settle()
    assert project.row(run_id).reason == "timed_out"
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_training_that_says_nothing_for_too_long_is_ended_as_stalled(project):
    run_id, leader = project.running("sleep 30", stall_after="1s", stop={"grace": "2s"})
    assert leader.wait(30) == 0
    assert project.row(run_id).reason == "stalled"
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_nothing_is_left_of_a_cancelled_family_of_daemons_and_runaways(project):
    run_id = project.submit(family(project, "time.sleep(300)"), stop={"grace": "0.5s"})
    leader = project.leader()
    project.training(run_id)
    assert len(host.processes_with(MARKER, run_id)) >= 5

    project.cancel(run_id)

    assert leader.wait(40) == 0
    assert project.state(run_id) is RunState.CANCELLED
    check_invariants(project.paths, project.side, accepted=project.accepted)
    assert left(project) == []


def test_nothing_is_left_of_a_family_whose_main_process_crashed(project):
    run_id = project.submit(family(project, "os._exit(3)"), stop={"grace": "0.5s"})
    project.settle()
    row = project.row(run_id)
    assert (row.state, row.exit_code) == (RunState.FAILED, 3)
    assert project.result(run_id)["leftovers"] >= 4
    check_invariants(project.paths, project.side, accepted=project.accepted)
    assert left(project) == []


def test_the_daemons_of_a_training_are_ended_though_its_supervisor_was_killed(project):
    script = family(project, "time.sleep(300)")
    script[4] = script[4].replace("if os.fork() == 0:  # a runaway", "if False:  # a runaway")
    run_id = project.submit(script, stop={"grace": "0.5s"})
    leader = project.leader()
    project.training(run_id)
    project.kill_supervisor(run_id)

    project.cancel(run_id)

    assert leader.wait(40) == 0
    assert project.state(run_id) is RunState.CANCELLED
    check_invariants(project.paths, project.side, accepted=project.accepted)
    assert left(project) == []


CHILD_LIVES_ON = "(sleep 300 & echo $! > {pid}) ; echo parent is done"


@pytest.mark.slow
def test_what_outlives_a_successful_command_is_ended_after_ten_seconds(project):
    pid = project.root / "pid"
    run_id = project.submit(CHILD_LIVES_ON.format(pid=pid))
    leader = project.leader()
    until(project.run(run_id).exit(1).exists)
    assert alive(int(pid.read_text()))

    assert leader.wait(40) == 0

    row = project.row(run_id)
    assert (row.state, row.exit_code) == (RunState.SUCCEEDED, 0)
    assert project.result(run_id)["leftovers"] == 1
    assert not alive(int(pid.read_text()))
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_what_outlives_a_successful_command_lives_on_if_the_experiment_keeps_it(project):
    pid = project.root / "pid"
    run_id = project.submit(CHILD_LIVES_ON.format(pid=pid), leftovers="keep")
    project.settle()
    assert project.state(run_id) is RunState.SUCCEEDED
    assert alive(int(pid.read_text()))
    check_invariants(project.paths, project.side, accepted=project.accepted, keeps_leftovers=project.accepted)
