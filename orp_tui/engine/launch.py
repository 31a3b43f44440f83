"""Start a supervisor: the launch block in a memory file, the lock and claims inherited."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import orp_tui
from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.core.ports import Launch
from orp_tui.engine import memory_limit
from orp_tui.files.failpoint import hit
from orp_tui.workspace import private_environment

SUPERVISOR = Path(__file__).with_name("supervisor") / "main.py"
_KEPT = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "USER", "LOGNAME", "XDG_RUNTIME_DIR",
    "LD_LIBRARY_PATH", "ORP_FAKE_GPUS",
)  # fmt: skip
_FAILPOINTS = ("ORP_FAILPOINT", "ORP_FAILPOINT_LOG")


def own_environment() -> dict[str, str]:
    """What supervisor and finaliser get of the leader's environment: enough to run Python, no secret."""
    return {name: os.environ[name] for name in (*_KEPT, *_FAILPOINTS) if name in os.environ}


def finaliser_command(paths: BasePaths, run_id: str) -> list[str]:
    """The command that a supervisor becomes; `-P` keeps the run folder off the module path."""
    return [*engine_command(paths, "finalise"), run_id]


def orp_command() -> list[str]:
    """The start of every command line that runs this installation of ORP."""
    return [sys.executable, "-P", "-m", "orp_tui.cli"]


def engine_command(paths: BasePaths, verb: str) -> list[str]:
    """A hidden verb of ORP on a base directory, as `cli.engine_arguments` reads it."""
    return [
        *orp_command(), verb,
        "--base", str(paths.base), "--runs", str(paths.runs),
        "--artifacts", str(paths.artifacts), "--state", str(paths.state),
    ]  # fmt: skip


def encode_block(entries: Mapping[str, Sequence[str | bytes]]) -> bytes:
    """Name, count, values, all ended by NUL."""
    words: list[bytes] = []
    for name, values in entries.items():
        words += [name.encode(), str(len(values)).encode()]
        words += [value if isinstance(value, bytes) else os.fsencode(value) for value in values]
    assert not any(b"\0" in word for word in words)
    return b"".join(word + b"\0" for word in words)


def launch_block(paths: BasePaths, launch: Launch) -> bytes:
    """All that a supervisor needs to know.

    Raises OSError if the run's environment can't be read.
    """
    request = launch.request
    folder = paths.run(request.id)
    variables = {**private_environment.read_private(folder.environment_private), **launch.environment}
    assert launch.lock is not None
    return encode_block(
        {
            "version": [orp_tui.__version__],
            "run_dir": [str(folder.folder)],
            "attempt": [str(launch.attempt)],
            "orphan": [str(paths.orphans / f"{request.id}.json")],
            "lock_fd": [str(launch.lock)],
            "claim_fds": [str(number) for number in launch.claims],
            "cwd": [request.cwd],
            "umask": [oct(request.umask)[2:]],
            "argv": [_filled(word, launch.values) for word in request.argv],
            "env": [f"{name}={value}" for name, value in variables.items()],
            "shell": ["1" if request.shell else "0"],
            "timeout_s": _optional(request.timeout_s),
            "stall_s": _optional(request.stall_s),
            "grace_s": [str(request.stop.grace_s)],
            "stop_signal": [str(request.stop.signal)],
            "stop_to": [request.stop.to],
            "leftovers": [request.leftovers],
            "finaliser": finaliser_command(paths, request.id),
            "memory": _optional(request.needs.memory),
            "cgroup": memory_limit.make(request.id, launch.attempt, request.needs.memory),
        }
    )


def _filled(word: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        word = word.replace("{" + name + "}", value)
    return word


def _optional(value: float | None) -> list[str]:
    return [] if value is None else [str(value)]


def start_supervisor(paths: BasePaths, launch: Launch) -> subprocess.Popen[bytes]:
    """A detached supervisor that holds the run's lock.

    Raises OSError if it can't be started; nothing has run then.
    """
    block = launch_block(paths, launch)
    descriptor = os.memfd_create("orp-launch")
    try:
        view = memoryview(block)
        while view:
            view = view[os.write(descriptor, view) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        assert launch.lock is not None
        hit("leader.spawn.before")
        return _popen(
            [sys.executable, "-I", "-S", str(SUPERVISOR), str(descriptor), launch.request.id],
            paths.run(launch.request.id),
            inherited=(launch.lock, descriptor, *launch.claims),
        )
    finally:
        os.close(descriptor)


def start_finaliser(paths: BasePaths, run_id: str, lock: int) -> subprocess.Popen[bytes]:
    """A finaliser in the place of one that is gone; it inherits the run's lock."""
    command = [*finaliser_command(paths, run_id), "--lock-fd", str(lock)]
    return _popen(command, paths.run(run_id), inherited=(lock,))


def start_adopter(paths: BasePaths, run_id: str, attempt: int, lock: int) -> subprocess.Popen[bytes]:
    """A process that watches a training whose supervisor is gone, and then becomes the finaliser."""
    command = [*engine_command(paths, "adopt"), "--attempt", str(attempt), "--lock-fd", str(lock), run_id]
    return _popen(command, paths.run(run_id), inherited=(lock,))


def _popen(command: Sequence[str], folder: RunPaths, *, inherited: Iterable[int]) -> subprocess.Popen[bytes]:
    return spawn(command, folder.supervisor_log, cwd=folder.folder, inherited=inherited)


def spawn(
    command: Sequence[str], log: Path, *, cwd: Path, inherited: Iterable[int] = ()
) -> subprocess.Popen[bytes]:
    """A process of the engine in a session of its own; what it says is appended to `log`.

    Raises OSError if it can't be started.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(log, flags, 0o600)
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=own_environment(),
            cwd=cwd,
            start_new_session=True,
            pass_fds=tuple(inherited),
        )
    finally:
        os.close(descriptor)
