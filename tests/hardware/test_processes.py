"""A pid that a driver names is believed only if it must be that process."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import time

import pytest
from waiting import until

from orp_tui.hardware.processes import ProcessBook

RUN = "exp_20261124_101010_abcd"


@pytest.fixture
def program():
    """Starts programs, and ends them."""
    children = []

    def start(command, **environment):
        children.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_a_process_is_known_by_user_and_program(program):
    child = program(["sleep", "60"])

    owner = until(lambda: ProcessBook(host_pids=True).owner("GPU", child.pid))

    assert (owner.user, owner.run_id, owner.command) == (getpass.getuser(), None, "sleep")


def test_a_process_that_is_younger_than_the_first_sight_of_its_pid_has_it_from_another(program):
    child = program(["sleep", "60"])
    book = ProcessBook(host_pids=True)
    book._first[("GPU", child.pid)] = time.clock_gettime(time.CLOCK_BOOTTIME) - 60

    assert book.owner("GPU", child.pid) is None
    assert book.owner("GPU", child.pid) is None  # and stays so
    assert book.owner("another GPU", child.pid) is not None
    book.keep_only([])
    assert book.owner("GPU", child.pid) is not None


def test_a_process_that_has_ended_is_nobody(program):
    child = program(["true"])
    book = ProcessBook(host_pids=True)
    until(lambda: book.owner("GPU", child.pid) is None, what="the zombie is nobody")


def test_pids_of_elsewhere_are_nobody():
    assert ProcessBook(host_pids=False).owner("GPU", os.getpid()) is None


def test_a_run_is_known_by_its_environment(program):
    child = program(["sleep", "60"], ORP_RUN_ID=RUN)

    # A program's environment can be read a moment after it was started.
    until(lambda: ProcessBook(host_pids=True).owner("GPU", child.pid).run_id == RUN)


def test_a_run_is_known_by_its_supervisor_where_the_environment_says_nothing(program, tmp_path):
    main = tmp_path / "orp_tui" / "engine" / "supervisor" / "main.py"
    main.parent.mkdir(parents=True)
    main.write_text(
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sh', '-c', 'sleep 60 & echo $!; wait'], stdout=subprocess.PIPE)\n"
        "print(child.stdout.readline().decode(), flush=True)\n"
        "child.wait()\n"
    )
    supervisor = program([sys.executable, "-I", "-S", str(main), "3", RUN], PATH=os.environ["PATH"])
    grandchild = int(supervisor.stdout.readline())

    try:
        assert ProcessBook(host_pids=True).owner("GPU", grandchild).run_id == RUN
        assert ProcessBook(host_pids=True).owner("GPU", supervisor.pid).run_id is None
    finally:
        os.kill(grandchild, 9)


@pytest.mark.parametrize(
    "module",
    [
        "orp_tui.hardware.deadline",
        "orp_tui.hardware.foreign",
        "orp_tui.hardware.host",
        "orp_tui.engine.card_claims",
    ],
)
def test_what_queues_import_loads_no_driver_and_nothing_heavy(module):
    code = f"import {module}, sys; print(sorted({{'pynvml', 'psutil', 'numpy', 'pydantic', 'yaml'}} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
