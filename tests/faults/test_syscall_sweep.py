"""SIGKILL at the N-th system call of a kind, by strace: the failpoints may have missed a gap.

A seeded sample; `-m sweep` takes every call there is. ORP_SWEEP_SEED repeats one.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

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
WHO = ("queue processor", "all")
MOST = 40
SAMPLE = 12

pytestmark = pytest.mark.root


@pytest.fixture(autouse=True)
def strace():
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    probe = ["strace", "-qq", "-o", "/dev/null", "-e", "inject=execve:signal=KILL:when=2", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        pytest.skip("strace may not trace here")


def traced(project, who, *words):
    """A queue processor under strace; `all` means whatever it starts as well."""
    follow = ["-f"] if who == "all" else []
    return project.leader(wrap=["strace", *follow, "-q", "-o", str(project.root / "trace"), *words])


def calls_of(project, who):
    """How often one process makes calls of each kind, in a life without a kill: strace counts by process."""
    project.submit("echo trained")
    assert traced(project, who, "-e", f"trace={','.join(CALLS)}").wait(60) == 0
    text = (project.root / "trace").read_text()
    kind_of = {name: kind for kind in CALLS for name in kind.split(",")}
    lines = re.findall(r"^(\d* *)(\w+)\(", text, re.MULTILINE)
    made = Counter((pid, kind_of[name]) for pid, name in lines)
    most = {kind: max((times for (_, of), times in made.items() if of == kind), default=0) for kind in CALLS}
    return {kind: min(MOST - 1, times) for kind, times in most.items()}


def was_killed_at(project, who, call, number):
    """Whether the call was reached; raises AssertionError if a guarantee is broken afterwards."""
    project.submit("echo trained")
    leader = traced(project, who, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
    with contextlib.suppress(subprocess.TimeoutExpired):
        leader.wait(8)  # where no supervisor can ever start, it is tried again and again
    project.close()
    project.settle(60)
    check_invariants(project.paths, project.side, accepted=project.accepted)
    project.close()
    return "killed by SIGKILL" in (project.root / "trace").read_text()


@pytest.mark.slow
def test_a_kill_at_a_sampled_system_call_breaks_no_guarantee(make_project):
    seed = int(os.environ.get("ORP_SWEEP_SEED") or random.SystemRandom().randrange(10**6))
    print(f"ORP_SWEEP_SEED={seed}")
    cases = [
        (who, call, number)
        for who in WHO
        for call, times in calls_of(make_project(f"count-{who}"), who).items()
        for number in range(1, times + 1)
    ]
    chosen = random.Random(seed).sample(cases, SAMPLE)

    def one(case):
        try:
            return was_killed_at(make_project(f"case-{chosen.index(case)}"), *case)
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error

    with ThreadPoolExecutor(3) as pool:
        reached = list(pool.map(one, chosen))
    assert sum(reached) >= SAMPLE // 2, f"most kills must hit something: {chosen}"


@pytest.mark.sweep
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("who", WHO)
def test_a_kill_at_any_system_call_breaks_no_guarantee(make_project, call, who):
    for number in range(1, MOST):
        if not was_killed_at(make_project(f"{number}"), who, call, number):
            assert number > 1 or who != "all", f"{call} is never called"
            return
