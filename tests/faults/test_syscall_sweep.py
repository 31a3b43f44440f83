"""SIGKILL at the N-th system call of a kind, by strace: the failpoints may have missed a gap."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest
from invariants import check_invariants

CALLS = (
    "rename",
    "link",
    "fsync,fdatasync",
    "pwrite64",
    "clone,vfork,clone3",
    "execve",
    "unlink",
    "ftruncate",
)
MOST = 40

pytestmark = [pytest.mark.sweep, pytest.mark.root]


def strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    probe = ["strace", "-qq", "-o", "/dev/null", "-e", "inject=execve:signal=KILL:when=2", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("who", ["queue processor", "all"])
def test_a_kill_at_any_system_call_breaks_no_guarantee(make_project, call, who):
    if not strace_works():
        pytest.skip("strace is missing or may not trace here")
    follow = ["-f"] if who == "all" else []
    for number in range(1, MOST):
        project = make_project(f"{number}")
        project.submit("echo trained")
        trace = project.root / "trace"
        inject = f"inject={call}:signal=KILL:when={number}"
        leader = project.leader(
            wrap=["strace", *follow, "-q", "-o", str(trace), "-e", f"trace={call}", "-e", inject]
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            leader.wait(20)  # where no supervisor can ever start, it is tried again and again
        project.close()
        project.settle(60)
        check_invariants(project.paths, project.side, accepted=project.accepted)
        project.close()
        if "killed by SIGKILL" not in trace.read_text():
            assert number > 1 or who != "all", f"{call} is never called"
            return
