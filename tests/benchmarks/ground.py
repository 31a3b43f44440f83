"""A temporary project with base directories of its own, and the end of everything that comes of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.services.context import Context, open_context
from orp_tui.services.control import await_leader, leader_command
from orp_tui.services.submission import Source
from orp_tui.services.submit import sources_of_file
from orp_tui.store import database, runs

T = TypeVar("T")
ORP = [str(Path(sys.executable).with_name("orp"))]
"""The installed command."""


class Ground:
    """Where a benchmark happens. Nothing of the user's settings, caches and runs is read or written."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orp-bench-"))
        self.project = self.folder / "project"
        self.project.mkdir()
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("ORP_")}
        for name in ("CACHE", "CONFIG", "STATE"):
            self.environ[f"XDG_{name}_HOME"] = str(self.folder / name.lower())
        self._children: list[subprocess.Popen[bytes]] = []

    def context(self, base: str) -> Context:
        """A base directory of this name."""
        return open_context(start=self.project, base_dir=str(self.folder / base))

    def source(self, context: Context, script: Sequence[str], *deliverables: Mapping[str, object]) -> Source:
        """An experiment, ready to be submitted as often as one likes."""
        path = self.project / "bench.yaml"
        training = {"script": list(script), "resources": {"gpus": 0}}
        data = {"experiment": {"name": "bench"}, "training": training, "deliverables": deliverables}
        path.write_text(json.dumps(data))  # JSON is YAML
        (source,) = sources_of_file(context, path)
        path.unlink()
        return source

    def start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """A process that ends with the benchmark, if not before."""
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env=self.environ,
            start_new_session=True,
        )
        self._children.append(child)
        return child

    def leader(
        self, context: Context, *, slots: int, idle_exit_s: float | None = None
    ) -> subprocess.Popen[bytes]:
        """A queue processor that leads."""
        command = leader_command(context, idle_exit_s=idle_exit_s)
        command[command.index("--slots") + 1] = str(slots)
        child = self.start(command)
        if idle_exit_s is None:
            await_leader(context.paths, child.pid)
        return child

    def processes(self) -> list[int]:
        """Everything alive that came of this ground: it stands in its folder, or names it."""
        name = os.fsencode(self.folder)
        found = []
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    words = Path(entry.path, "cmdline").read_bytes()
                    if name in words or os.fsencode(os.readlink(f"{entry.path}/cwd")).startswith(name + b"/"):
                        found.append(int(entry.name))
        return found

    def close(self) -> None:
        """Nothing of it lives any more, and its folder is gone."""
        for child in self._children:
            child.kill()
            child.wait()
        deadline = time.monotonic() + 10
        while (alive := self.processes()) and time.monotonic() < deadline:
            for pid in alive:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def ground() -> Iterator[Ground]:
    """A ground that is closed in the end; meanwhile its settings are those of this process too."""
    made = Ground()
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(made.environ)
        yield made
    finally:
        os.environ.clear()
        os.environ.update(before)
        made.close()


def until(
    condition: Callable[[], T | None], what: str, *, seconds: float = 60.0, period_s: float = 0.01
) -> T:
    """The first true answer; raises TimeoutError if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(period_s)
    return answer


def await_state(context: Context, run_id: str, state: RunState) -> Run:
    """The run, once it stands so; raises RuntimeError if it ends otherwise."""
    with database.opened(context.paths.database) as connection:

        def reached() -> Run | None:
            run = runs.get(connection, run_id)
            assert run is not None
            if run.state.is_final and run.state is not state:
                raise RuntimeError(f"{run_id} has {run.state.value}: {run.detail}")
            return run if run.state is state else None

        return until(reached, f"{run_id} {state.value}")
