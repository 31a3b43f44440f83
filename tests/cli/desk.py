"""A project at whose prompt `orp` is called: inside this process, as a process of its own, or in a terminal."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from project import Project
from waiting import until

from orp_tui.cli.main import main
from orp_tui.core.states import RunState

METRICS = {"type": "metrics", "path": "out/m.json", "validation": "contains_keys", "required_keys": ["acc"]}
GOOD = 'mkdir -p out; echo "{\\"acc\\": 0.9}" > out/m.json; echo trained; echo careful >&2'


@dataclasses.dataclass(frozen=True)
class Done:
    """What a call left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The only thing on stdout."""
        return json.loads(self.out)


class Desk(Project):
    """A project with the usual layout: the base directory is its `experiments/`."""

    def __init__(self, folder: Path, settings: str = "queue: {idle_exit: 2s}\n") -> None:
        super().__init__(folder, base=folder / "project" / "experiments")
        (self.folder / "orp.yaml").write_text(settings)

    def write(
        self, name: str, script: str | Sequence[str] = GOOD, *, experiment: str = "", **more: Any
    ) -> str:
        """An experiment file of that name; a text is what `sh -c` runs. Returns the name."""
        training = {"script": ["sh", "-c", script] if isinstance(script, str) else list(script)}
        training |= more.pop("training", {})
        data = {"experiment": {"name": experiment or name.removesuffix(".yaml")}, "training": training}
        (self.folder / name).write_text(json.dumps(data | more))  # JSON is YAML
        return name

    def call(self, *words: str, at: Path | None = None) -> Done:
        """`orp WORDS` inside this process, its output piped."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with (
            contextlib.chdir(at or self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(list(words))
        texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
        return Done(code, *texts)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "orp_tui.cli", *words]

    def variables(self, **more: str) -> dict[str, str]:
        kept = "ORP_CLAIMS_DIR"
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("ORP_") or name == kept
        }
        return clean | {"PATH": f"{Path(sys.executable).parent}:{clean['PATH']}"} | more

    def spawn(self, *words: str, **options: Any) -> subprocess.Popen[bytes]:
        """`orp WORDS` as a process with stdout and stderr piped, in a session of its own."""
        settings: dict[str, Any] = {
            "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": self.folder,
            "env": self.variables(), "start_new_session": True,
        }  # fmt: skip
        child = subprocess.Popen(self.command(*words), **(settings | options))
        self.children.append(child)
        return child

    def finish(self, *words: str, seconds: float = 30.0, **options: Any) -> Done:
        """As `spawn`, waited for."""
        child = self.spawn(*words, **options)
        out, err = child.communicate(timeout=seconds)
        return Done(child.returncode, (out or b"").decode(), (err or b"").decode())

    def shell(self, line: str, **variables: str) -> Done:
        """A line of bash in the project folder, `orp` on its PATH."""
        done = subprocess.run(
            ["bash", "--norc", "-c", line],
            cwd=self.folder,
            env=self.variables(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def begin(self, name: str = "long.yaml", script: str = "echo here; sleep 60", **more: Any) -> str:
        """The id of a run that runs."""
        done = self.call("run", "--detach", self.write(name, script, **more))
        assert done.code == 0, done.err
        run_id = done.out.strip()
        until(
            lambda: "here" in self.stdout(run_id) and self.view(run_id).state is RunState.RUNNING,
            what=f"{run_id} says something",
        )
        return run_id

    def stdout(self, run_id: str) -> str:
        path = self.run(run_id).stdout
        return path.read_text("utf-8", "replace") if path.exists() else ""

    def files(self) -> dict[str, int]:
        """Everything in the project folder with its time of change."""
        return {
            str(path.relative_to(self.folder)): path.lstat().st_mtime_ns
            for path in sorted(self.folder.rglob("*"))
        }

    def close(self) -> None:
        for child in self.children:
            for stream in (child.stdout, child.stderr):
                if stream is not None:
                    stream.close()
        super().close()


@dataclasses.dataclass(frozen=True)
class Ended:
    """A project with one run of each common end; do not change it."""

    desk: Desk
    good: str
    incomplete: str
    failed: str


@contextlib.contextmanager
def desks(folder: Path, **options: Any) -> Iterator[Desk]:
    """A desk, closed in the end."""
    desk = Desk(folder, **options)
    try:
        yield desk
    finally:
        desk.close()
