"""Checks made by a command of the user's."""

from __future__ import annotations

import os
import signal
import sys
import time

from checked_workspace import Workspace

from orp_tui.core.checklist import Check, CheckOutcome


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_exit_0_passes_and_shows_the_last_line(workspace: Workspace) -> None:
    workspace.write("a.txt", "content")

    assert workspace.passes("a.txt", "command", command="cat a.txt") == "exit 0: content"
    assert workspace.passes("a.txt", "command", command=["test", "-f", "a.txt"]) == "exit 0"


def test_another_exit_fails_with_what_was_said_last(workspace: Workspace) -> None:
    workspace.write("a.txt")
    code = "import sys; print('fine'); print('bad \\x1b[2J shape', file=sys.stderr); sys.exit(3)"

    result = workspace.check("a.txt", "command", command=python(code))

    assert (result.outcome, result.detail, result.value) == (CheckOutcome.FAIL, "exit 3: bad shape", 3)


def test_a_signal_is_named(workspace: Workspace) -> None:
    workspace.write("a.txt")

    detail = workspace.fails("a.txt", "command", command=python("import os; os.kill(os.getpid(), 11)"))

    assert detail == "ended by SIGSEGV"


def test_no_shell_runs(workspace: Workspace) -> None:
    workspace.write("a.txt")

    assert workspace.passes("a.txt", "command", command="echo '$HOME' ; touch x") == "exit 0: $HOME ; touch x"
    assert not (workspace.folder / "x").exists()


def test_what_cannot_be_started_is_an_error(workspace: Workspace) -> None:
    workspace.write("a.txt", "no program")

    assert workspace.errs("a.txt", "command", command="no-such-program x") == (
        "no-such-program cannot be started: No such file or directory"
    )
    assert workspace.errs("a.txt", "command", command="./a.txt").endswith("Permission denied")
    assert "can't be split" in workspace.errs("a.txt", "command", command="echo 'open")
    assert workspace.errs("a.txt", "command", command="") == "the command is empty"


def test_it_has_the_given_environment_no_input_and_the_workspace(workspace: Workspace) -> None:
    workspace.write("out/a.txt")
    code = "import os, sys; print(sorted(k for k in os.environ if k[:2] != 'LC'), repr(sys.stdin.read()), os.getcwd())"

    item = workspace.item(
        "out/a.txt", Check("command", {"command": python(code)}), environment={"TOKEN": "1"}
    )

    assert item.detail == f"exit 0: ['ORP_DELIVERABLE', 'TOKEN'] '' {workspace.folder}"


def test_at_the_time_limit_the_whole_group_is_killed(workspace: Workspace) -> None:
    workspace.write("a.txt")
    code = (
        "import subprocess, sys, time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('pid', 'w').write(str(child.pid)); print('started', flush=True); time.sleep(60)"
    )
    begun = time.monotonic()

    detail = workspace.errs("a.txt", "command", command=python(code), timeout_s=1.5)

    assert detail == "not done after 1.5 s; killed: started"
    assert time.monotonic() - begun < 10
    pid = int((workspace.folder / "pid").read_text())
    deadline = time.monotonic() + 5
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_a_child_that_stays_behind_does_not_hold_the_check(workspace: Workspace) -> None:
    workspace.write("a.txt")
    begun = time.monotonic()

    detail = workspace.passes("a.txt", "command", command=["sh", "-c", "sleep 30 & echo done"])

    assert detail == "exit 0: done"
    assert time.monotonic() - begun < 10


def test_output_without_end_is_not_kept(workspace: Workspace) -> None:
    workspace.write("a.txt")

    detail = workspace.errs("a.txt", "command", command=["yes", "x" * 100], timeout_s=1)

    assert detail.startswith("not done after 1 s; killed: x")
    assert len(detail) <= 300


def test_no_zombie_and_no_descriptor_is_left(workspace: Workspace) -> None:
    workspace.write("a.txt")
    before = len(os.listdir("/proc/self/fd"))

    workspace.passes("a.txt", "command", command="true")
    workspace.errs("a.txt", "command", command="no-such-program")
    workspace.errs("a.txt", "command", command="sleep 30", timeout_s=0.1)

    assert len(os.listdir("/proc/self/fd")) == before
    assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL
