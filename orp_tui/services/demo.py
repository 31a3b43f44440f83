"""The playground of `orp-tui --demo`: the samples as a project of their own, with two made-up GPUs.

It lies in the temporary folder and stays until it is ended or the machine cleans up, so that one
can leave and return. Its first runs are queued by a process of its own, so that the dashboard is
there at once and they appear in it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import orp_tui
from orp_tui.config.settings import KEYS, PROJECT_FILE
from orp_tui.core.errors import OrpError
from orp_tui.core.words import counted
from orp_tui.engine.claims import OWN_FOLDER_VARIABLE
from orp_tui.files import locks
from orp_tui.files.atomic import to_json
from orp_tui.hardware.glance import FAKE_VARIABLE
from orp_tui.services.context import Context, open_context
from orp_tui.services.dashboard_state import forget_state, user_state_folder

GPUS = "2x24GB"
FIRST_RUNS = ("demo/one-gpu.yaml", "breaks.yaml", "demo/both-gpus.yaml")
"""One that delivers bit by bit, one that fails after a while, one that has to wait for both GPUs."""
_MARKER = ".orp-demo"
"""In a playground: its lock is held while the first runs are being queued."""
_LEFT_OUT = ("experiments", "outputs", "quick-start", "__pycache__", "*.pyc")
"""The quick start is a project of its own, and would be one inside this one."""
_END_WITHIN_S = 20.0
_SETTINGS = """\
# A playground of `orp-tui --demo`: change what you like. `orp-tui --end-demo` removes it.
base_dir: experiments
state_dir: experiments/state
runs_dir: experiments/runs
artifacts_dir: experiments/artifacts
configs_dir: .
queue:
  slots: 4
  autostart: true
  idle_exit: 1m
workspace:
  inputs: [data]
  outputs: [outputs]
"""


@dataclasses.dataclass(frozen=True)
class Demo:
    """A playground."""

    folder: Path
    is_new: bool
    """Whether it was made just now, or somebody returns to it."""

    def words(self) -> list[str]:
        """Where it is and how it ends, for whoever leaves."""
        return [
            f"the demo stays in {self.folder}: `orp-tui --demo` shows it again",
            "`orp-tui --end-demo` ends what runs there, and removes it",
        ]


def open_demo(environ: MutableMapping[str, str] = os.environ) -> Demo:
    """The playground of last time if it is still there, else a new one whose first runs are being queued.

    Changes `environ` so that all it starts works there: GPUs are made up, `python` is ORP's own,
    which has numpy, and variables that would lead to other base directories are dropped. Raises OrpError.
    """
    try:
        with _alone():
            known = known_demo()
            folder = known or _made()
    except OSError as error:
        raise OrpError(f"no playground could be made: {error.filename or ''}: {error.strerror}") from error
    _enter(folder, environ)
    if known is not None:
        return Demo(known, is_new=False)
    _queue_first_runs(folder, environ)
    return Demo(folder, is_new=True)


def known_demo() -> Path | None:
    """The folder of the playground that was made last, if it is there and ours."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        data = json.loads(_note().read_bytes())
        folder = Path(data["folder"])
        found = os.lstat(folder)
        is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if is_ours and (folder / _MARKER).is_file() and data["version"] == orp_tui.__version__:
            return folder
    return None


def end_demo(environ: MutableMapping[str, str] = os.environ) -> str:
    """End everything in the playground and remove it; what was done, in a line. Raises OrpError if something stays."""
    folder = known_demo()
    if folder is None:
        return "there is no demo to end"
    _enter(folder, environ)
    _await_unlocked(folder / _MARKER)
    context = open_context(start=folder)
    ended = _end_runs(context)
    _end_observer(context)
    _remove(folder)
    forget_state(context.paths)
    with contextlib.suppress(OSError):
        _note().unlink()
    if folder.exists():
        raise OrpError(f"{folder} could not be removed whole; `rm -rf {shlex.quote(str(folder))}` does it")
    return f"{counted(ended, 'run')} ended; {folder} is removed"


def samples_folder() -> Path:
    """The samples: inside the package once installed, beside it in a checkout.

    Raises OrpError if the installation lacks them.
    """
    package = Path(orp_tui.__file__).parent
    for folder in (package / "samples", package.parent / "sample_experiments"):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise OrpError(f"no samples in {package / 'samples'}; is ORP installed whole?")


def _note() -> Path:
    return user_state_folder() / "demo.json"


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Of two demos that are opened at once the second returns to the first one's. Raises OSError."""
    note = _note()
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    deadline = time.monotonic() + _END_WITHIN_S
    while (held := locks.take(note.with_suffix(".lock"))) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def _enter(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Let everything that is started from here work in a playground."""
    for _, variable in KEYS.values():
        if variable is not None:
            environ.pop(variable, None)
    environ[FAKE_VARIABLE] = GPUS
    environ[OWN_FOLDER_VARIABLE] = str(folder / "experiments" / "state" / "claims")
    own = os.path.dirname(sys.executable)
    if os.path.exists(os.path.join(own, "python")):
        environ["PATH"] = f"{own}{os.pathsep}{environ.get('PATH', os.defpath)}"


def _made() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="orp-demo-"))
    try:
        _copy_samples(folder)
        (folder / PROJECT_FILE).write_text(_SETTINGS, "utf-8")
        (folder / _MARKER).touch(mode=0o600)
        _note().write_bytes(to_json({"folder": str(folder), "version": orp_tui.__version__}))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _copy_samples(folder: Path) -> None:
    """Files and folders that their owner can write, even where the installation is read-only."""
    ignore = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(
        samples_folder(), folder, dirs_exist_ok=True, ignore=ignore, copy_function=shutil.copyfile
    )
    for inner, _, _ in os.walk(folder):
        os.chmod(inner, 0o700)


def _queue_first_runs(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Start a process that queues them, and the queue processor; its words go to a file.

    A shell starts it and ends at once, so that it is not our child, whom nobody would reap.
    """
    command = [sys.executable, "-P", "-m", "orp_tui.cli", "batch", *FIRST_RUNS]
    held = locks.take(folder / _MARKER)
    log = os.open(folder / ".orp-demo.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *command],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=() if held is None else (held,),
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise OrpError(f"the first runs can't be queued: {error}") from error
    finally:
        os.close(log)
        if held is not None:
            os.close(held)


def _await_unlocked(lock: Path) -> None:
    """Wait until nobody holds the lock, or it would take too long."""
    deadline = time.monotonic() + _END_WITHIN_S
    while locks.ask(lock) is locks.LockState.HELD and time.monotonic() < deadline:
        time.sleep(0.05)


def _end_observer(context: Context) -> None:
    """Have the observer end, which else looks on for some seconds, and writes there."""
    import psutil

    state = str(context.paths.state)
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "observe" in words and state in words:
            with contextlib.suppress(psutil.Error):
                process.terminate()
                process.wait(_END_WITHIN_S)


def _remove(folder: Path) -> None:
    """Remove it whole, as far as that can be done: something may be writing a last line there."""
    deadline = time.monotonic() + _END_WITHIN_S
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            time.sleep(0.1)


def _end_runs(context: Context) -> int:
    """End all that waits or runs, and then the queue processor; the number of runs.

    Raises OrpError if a run does not end.
    """
    from orp_tui.services.acts import cancel
    from orp_tui.services.control import stop_leader
    from orp_tui.services.watch import snapshot

    if not context.has_store:
        return 0

    def unfinished() -> list[str]:
        with context.store() as connection:
            seen = snapshot(context.paths, connection, slots=context.slots)
        return [view.run.id for view in seen.unfinished]

    first = unfinished()
    if first:
        cancel(context, first, grace_s=0.0)
    deadline = time.monotonic() + _END_WITHIN_S
    while left := unfinished():
        if time.monotonic() > deadline:
            raise OrpError(f"{', '.join(left)}: still not ended; try again")
        time.sleep(0.05)
    stop_leader(context.paths)
    return len(first)
