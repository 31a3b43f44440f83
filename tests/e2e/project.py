"""A real project in a temporary folder: real submits, real queue processors, real trainings.

Trainings are `sh` one-liners, since a Python takes longer to start than they to run. Every
process that comes of a project is ended when the test is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from waiting import until

from orp_tui.core.layout import RunPaths
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.engine import facts, host
from orp_tui.engine.launch import orp_command
from orp_tui.services.context import open_context
from orp_tui.services.control import cancel, leader_command
from orp_tui.services.submission import Source, SubmitOptions
from orp_tui.services.submit import sources_of_file, submit
from orp_tui.services.watch import RunView, view
from orp_tui.store import database, runs

BEGIN = 'echo "B $ORP_RUN_ID $$" >> {side}'
END = 'echo "E $ORP_RUN_ID $$" >> {side}'


class Project:
    """A project folder, its base directory beside it, and all processes that come of them."""

    def __init__(
        self, folder: Path, *, base: Path | None = None, settings: str = "", queue: str = "breaker: 0"
    ) -> None:
        # Tests let many runs fail alike; that pauses no group unless a test wants it.
        self.root = folder
        self.side = folder / "side.log"
        """Where trainings say that they began and ended; ORP knows nothing of it."""
        self.folder = folder / "project"
        self.folder.mkdir(parents=True)
        (self.folder / "orp.yaml").write_text(f"queue: {{autostart: false, {queue}}}\n{settings}")
        self.context = open_context(start=self.folder, base_dir=str(base or folder / "experiments"))
        self.paths = self.context.paths
        self.accepted: list[str] = []
        self.children: list[subprocess.Popen[bytes]] = []
        self._number = 0

    # what is asked for

    def file(self, script: str | Sequence[str], **training: object) -> Path:
        """An experiment file. A text is what `sh -c` runs between the two lines of the side log."""
        deliverables = training.pop("deliverables", [])
        artifacts = training.pop("artifacts", None)
        if isinstance(script, str):
            lines = f"{BEGIN}\n{script}\n{END}" if script else f"{BEGIN}\n{END}"
            script = ["sh", "-c", lines.replace("{side}", str(self.side))]
        self._number += 1
        path = self.root / f"experiment-{self._number}.yaml"
        data = {
            "experiment": {"name": f"fault-{self._number}"},
            "training": {"script": list(script), **training},
            "deliverables": deliverables,
        }
        if artifacts is not None:
            data["artifacts"] = artifacts
        path.write_text(json.dumps(data))  # JSON is YAML
        target = self.folder / path.name
        os.replace(path, target)
        return target

    def submit(
        self, script: str | Sequence[str] = "echo trained", *, key: str | None = None, **training: object
    ) -> str:
        """The id of a queued run."""
        return self.submit_source(self.source(script, **training), key=key)

    def source(self, script: str | Sequence[str], **training: object) -> Source:
        """What a submit freezes and queues."""
        path = self.file(script, **training)
        (source,) = sources_of_file(self.context, path)
        path.unlink()  # or the next run would have another tree
        return source

    def submit_source(self, source: Source, *, key: str | None = None) -> str:
        """The id of a queued run."""
        with self.context.store() as connection:
            run_id = submit(self.context, connection, source, SubmitOptions(key=key))
        self.accepted.append(run_id)
        return run_id

    def cancel(self, run_id: str, *, by: str = "tester@here", grace_s: float | None = None) -> Run:
        """Cancel as a client does."""
        with self.context.store() as connection:
            run = runs.get(connection, run_id)
            assert run is not None
            return cancel(self.paths, connection, run, by=by, grace_s=grace_s)

    @property
    def waits(self) -> str:
        """A script that goes on until `go`."""
        return f"while [ ! -e {self.root}/go ]; do sleep 0.05; done"

    def go(self) -> None:
        """Let the trainings that wait come to their end."""
        (self.root / "go").touch()

    # processes

    def leader(
        self,
        *,
        failpoint: str = "",
        log: Path | None = None,
        idle_exit: float | None = 0.0,
        slots: int = 2,
        limits: Mapping[int, int] | None = None,
        wrap: Sequence[str] = (),
        python: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """A queue processor; by default it ends as soon as no run is unfinished."""
        command = leader_command(self.context, idle_exit_s=idle_exit)
        command = [*wrap, python or command[0], *command[1:]]
        command[command.index("--slots") + 1] = str(slots)
        return self.start(command, failpoint=failpoint, log=log, limits=limits, environment=environment)

    def start(
        self,
        command: Sequence[str],
        *,
        failpoint: str = "",
        log: Path | None = None,
        limits: Mapping[int, int] | None = None,
        environment: Mapping[str, str] | None = None,
        output: int | None = None,
    ) -> subprocess.Popen[bytes]:
        """A process of ours, in a session of its own, with failpoints for it and for all that it starts."""
        variables = {name: value for name, value in os.environ.items() if name != facts.MARKER}
        variables |= environment or {}
        if failpoint:
            variables["ORP_FAILPOINT"] = failpoint
        if log is not None:
            variables["ORP_FAILPOINT_LOG"] = str(log)
        self.paths.state.mkdir(parents=True, exist_ok=True)

        def limit() -> None:
            for what, most in (limits or {}).items():
                resource.setrlimit(what, (most, most))

        with open(self.paths.leader_log, "ab") as words:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output if output is not None else words,
                stderr=words,
                env=variables,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=limit if limits else None,
            )
        self.children.append(child)
        return child

    def orp(self, *words: str, failpoint: str = "", log: Path | None = None) -> subprocess.Popen[bytes]:
        """A real command line; its stdout can be read from the answer."""
        command = [*orp_command(), *words, "--base-dir", str(self.paths.base)]
        return self.start(command, failpoint=failpoint, log=log, output=subprocess.PIPE)

    def settle(self, seconds: float = 40.0, **options: Any) -> None:
        """A fresh queue processor has brought every run to its end."""
        leader = self.leader(**options)
        try:
            code = leader.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not settled within {seconds} s: {self.words()}") from None
        assert code == 0, f"the queue processor ended with {code}: {self.words()}"

    def supervisor(self, run_id: str, attempt: int = 1) -> int:
        """The pid of the run's living supervisor, once it has claimed."""
        claim = until(lambda: facts.read_claim(self.run(run_id), attempt), what=f"claim of {run_id}")
        return claim.pid

    def training(self, run_id: str, attempt: int = 1) -> int:
        """The pid of the run's main process, once it has been started and said so."""
        started = until(lambda: facts.read_started(self.run(run_id), attempt), what=f"start of {run_id}")
        until(lambda: self.begun(run_id), what=f"first word of {run_id}")
        return started.pid

    def running(self, script: str | None = None, **training: object) -> tuple[str, subprocess.Popen[bytes]]:
        """A run whose training has begun, and the queue processor that started it."""
        run_id = self.submit(self.waits if script is None else script, **training)
        leader = self.leader()
        self.training(run_id)
        return run_id, leader

    def kill_supervisor(self, run_id: str, attempt: int = 1) -> None:
        """SIGKILL, and it is gone."""
        pid = self.supervisor(run_id, attempt)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), what="the end of a killed supervisor")

    # what is so

    def run(self, run_id: str) -> RunPaths:
        return self.paths.run(run_id)

    def row(self, run_id: str) -> Run:
        with self.context.store() as connection:
            run = runs.get(connection, run_id)
        assert run is not None
        return run

    def view(self, run_id: str) -> RunView:
        """The run as a client sees it now."""
        return view(self.paths, self.row(run_id))

    def state(self, run_id: str) -> RunState:
        return self.row(run_id).state

    def await_state(self, run_id: str, *states: RunState, seconds: float = 30.0) -> Run:
        """The row, once it has one of the states."""
        connection = database.connect(self.paths.database)
        try:

            def found() -> Run | None:
                run = runs.get(connection, run_id)
                return run if run is not None and run.state in states else None

            return until(found, seconds, what=f"{run_id} {[state.value for state in states]}")
        finally:
            connection.close()

    def record(self, run_id: str, attempt: int = 1) -> dict[str, Any]:
        """The exit record."""
        return json.loads(self.run(run_id).exit(attempt).read_bytes())

    def result(self, run_id: str) -> dict[str, Any]:
        return json.loads(self.run(run_id).result.read_bytes())

    def begun(self, run_id: str) -> bool:
        return self.side.exists() and f"B {run_id} " in self.side.read_text()

    def ended(self, run_id: str) -> bool:
        return self.side.exists() and f"E {run_id} " in self.side.read_text()

    def words(self) -> str:
        """The end of every log, for an assertion that failed."""
        logs = [self.paths.leader_log, *self.paths.runs.glob("*/supervisor.log")]
        said = [f"{path}:\n{path.read_text('utf-8', 'replace')[-3000:]}" for path in logs if path.exists()]
        with self.context.store() as connection:
            said += [
                f"{run.id}: {run.state.value} attempt {run.attempt} {run.reason} {run.detail}"
                for run in runs.newest(connection, 20)
            ]
        return "\n".join(said)

    # the end

    def processes(self) -> list[int]:
        """Everything alive that came of this project."""
        names = [str(self.root).encode(), *(run_id.encode() for run_id in self.accepted)]
        with contextlib.suppress(OSError):
            names += [entry.name.encode() for entry in os.scandir(self.paths.runs)]
        found = []
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit() or int(entry.name) in (os.getpid(), os.getppid()):
                continue
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry.name}/cmdline", "rb") as file:
                    text = file.read()
                with open(f"/proc/{entry.name}/environ", "rb") as file:
                    text += b"\0" + b"\0".join(
                        word for word in file.read().split(b"\0") if word.startswith(b"ORP_RUN_")
                    )
                if any(name in text for name in names) and not _is_pytest(text):
                    found.append(int(entry.name))
        return found

    def freeze(self) -> None:
        """Nothing of the project does anything any more, as in the moment in which the power goes."""
        stopped: set[int] = set()
        while running := set(self.processes()) - stopped:
            for pid in running:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGSTOP)
            stopped |= running

    def close(self) -> None:
        """Nothing of the project lives any more."""
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
        deadline = time.monotonic() + 10
        while (alive := self.processes()) and time.monotonic() < deadline:
            for pid in alive:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)


def _is_pytest(text: bytes) -> bool:
    """Whether it is a run of the tests by its own words; that a path holds `pytest` says nothing."""
    return any(os.path.basename(word) == b"pytest" for word in text.split(b"\0")[:4])


def alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    ticks = host.start_ticks(pid)
    return ticks != 0 and host.is_alive(pid, ticks, host.boot_id())


@contextlib.contextmanager
def projects(folder: Path) -> Iterator[Callable[..., Project]]:
    """A maker of projects, all of which are closed in the end."""
    made: list[Project] = []

    def make(name: str = "", **options: Any) -> Project:
        project = Project(folder / (name or f"p{len(made)}"), **options)
        made.append(project)
        return project

    try:
        yield make
    finally:
        for project in made:
            project.close()
