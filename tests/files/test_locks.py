"""A lock is held exactly as long as a process with its descriptor lives, and asking disturbs nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from crowd import crowd, lines
from waiting import until

from orp_tui.files import locks
from orp_tui.files.locks import LockState

TAKE = """
from pathlib import Path
from orp_tui.files import locks
ready()
print(locks.take(Path(sys.argv[2])) is not None)
sys.stdout.flush()
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "supervisor.lock"


def sleeper(*inherited):
    """A process that knows nothing of locks and has inherited descriptors over exec."""
    return subprocess.Popen(["sleep", "60"], pass_fds=inherited)


def ended(child):
    child.kill()
    child.wait()


def test_a_lock_that_nobody_made_is_absent(path):
    assert locks.ask(path) is LockState.ABSENT
    assert not path.exists()
    with pytest.raises(FileNotFoundError):
        locks.take(path, create=False)


def test_a_lock_is_held_until_its_descriptor_is_closed(path):
    descriptor = locks.take(path)
    assert descriptor is not None
    assert locks.ask(path) is LockState.HELD
    assert locks.take(path) is None

    os.close(descriptor)

    assert locks.ask(path) is LockState.FREE


def test_a_child_that_inherits_the_descriptor_holds_the_lock_over_exec(path):
    descriptor = locks.take(path)
    child = sleeper(descriptor)
    os.close(descriptor)
    try:
        assert locks.ask(path) is LockState.HELD
        assert locks.take(path) is None
    finally:
        ended(child)

    assert locks.ask(path) is LockState.FREE


def test_a_child_that_does_not_inherit_it_holds_nothing(path):
    descriptor = locks.take(path)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    os.close(descriptor)
    try:
        assert locks.ask(path) is LockState.FREE
    finally:
        ended(child)


def test_sigkill_frees_the_lock(path):
    script = "import sys; from pathlib import Path; from orp_tui.files import locks; locks.take(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "held\n"
        assert locks.ask(path) is LockState.HELD

        os.kill(child.pid, signal.SIGKILL)

        until(lambda: locks.ask(path) is LockState.FREE, 5.0)
    finally:
        child.kill()
        child.communicate()


def test_a_zombie_holds_nothing(path):
    descriptor = locks.take(path)
    child = sleeper(descriptor)
    os.close(descriptor)
    try:
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

        assert os.kill(child.pid, 0) is None, "the pid still answers"
        assert locks.ask(path) is LockState.FREE
    finally:
        ended(child)


def test_asking_takes_nothing_and_frees_nothing(path):
    descriptor = locks.take(path)
    try:
        for _ in range(100):
            assert locks.ask(path) is LockState.HELD
        assert locks.take(path) is None, "a closed asker has not let go of the holder's lock"
    finally:
        os.close(descriptor)

    for _ in range(100):
        assert locks.ask(path) is LockState.FREE
    again = locks.take(path)
    assert again is not None
    os.close(again)


def test_of_eight_takers_one_wins(path):
    answers = lines(crowd(TAKE, 8, str(path)))

    assert sorted(answers) == ["False"] * 7 + ["True"]


def test_a_lock_file_that_was_deleted_or_replaced_is_noticed(path):
    descriptor = locks.take(path)
    try:
        assert locks.same_file(descriptor, path)
        path.unlink()
        assert not locks.same_file(descriptor, path)
        path.touch()
        assert not locks.same_file(descriptor, path)
        assert locks.ask(path) is LockState.FREE, "which is why the inode is compared"
    finally:
        os.close(descriptor)


def test_a_link_in_the_place_of_a_lock_is_not_followed(path, tmp_path):
    (tmp_path / "target").touch()
    path.symlink_to(tmp_path / "target")

    for use in (locks.take, locks.ask):
        with pytest.raises(OSError, match="symbolic links"):
            use(path)


def test_a_folder_in_the_place_of_a_lock_is_an_error(path):
    path.mkdir()

    with pytest.raises(IsADirectoryError):
        locks.take(path)


def test_a_lock_is_its_owners_alone(path):
    descriptor = locks.take(path)
    os.close(descriptor)

    assert path.stat().st_mode & 0o777 == 0o600
