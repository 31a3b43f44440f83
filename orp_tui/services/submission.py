"""The values that a submit goes by: what is asked for, where it comes from, and what was found out about it."""

from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

from orp_tui.config.plan import RunPlan
from orp_tui.core.layout import RunPaths
from orp_tui.services.wishes import NO_WISHES, Wishes
from orp_tui.workspace import editable, environment
from orp_tui.workspace.command import ResolvedCommand
from orp_tui.workspace.environment import FixedEnvironment, RunPlaces
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.freeze import OUTPUT_FOLDER
from orp_tui.workspace.interpreter import InterpreterFacts
from orp_tui.workspace.plan import FreezePlan

_SCRIPT_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class SubmitOptions:
    """What the person who submits says beside the file."""

    wishes: Wishes = NO_WISHES
    batch: str | None = None
    """The id of the first run of a submission of several; None for a single one."""
    key: str | None = None
    """Idempotency key: a second submit with it gives the first one's run."""
    retry_of: str | None = None
    retry: int = 0
    """How often the experiment was tried again before this run."""
    resume_of: str | None = None
    """The run whose workspace this one takes over when it starts."""
    allow_live_code: bool = False


@dataclasses.dataclass(frozen=True)
class Frozen:
    """What a run takes over from an earlier one: code, environment and program as they were."""

    freeze: FreezePlan
    fixed: FixedEnvironment
    program: str
    """Absolute; beneath the earlier run's workspace if it was a file of the project."""
    folder: RunPaths
    """The earlier run's."""


@dataclasses.dataclass(frozen=True)
class Source:
    """Where an experiment comes from."""

    plan: RunPlan
    data: bytes
    """The experiment file as it was read."""
    sha256: str
    project: Path
    """The folder whose code is frozen."""
    cwd: Path
    """The folder inside the project that the training starts in."""
    frozen: Frozen | None = None
    """None: code and environment are those of now."""
    file: str | None = None
    """The experiment file, as `submit.known_as` names it; None for a command."""


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A submit that is ready to be carried out."""

    source: Source
    options: SubmitOptions
    run_id: str
    freeze: FreezePlan
    fixed: FixedEnvironment
    command: ResolvedCommand
    """Placeholders of the submit filled in."""
    python: InterpreterFacts | None
    """The training's interpreter; None if no Python is in sight."""
    live: editable.LiveCode | None
    missing: tuple[str, ...]
    """Secrets that nobody knows now; they are looked up again at the start."""
    cache: FileCache

    @property
    def isolated(self) -> bool:
        return self.freeze.kind == "isolated"

    def cwd_in(self, folder: RunPaths) -> Path:
        """The training's working directory."""
        if not self.isolated:
            return self.freeze.project / self.freeze.cwd
        return folder.workspace / self.freeze.cwd

    def config_file(self, folder: RunPaths) -> Path:
        """Where the resolved config lies, in the format that the experiment asks for."""
        return folder.folder / f"config.{self.source.plan.config_format}"

    def variables(self, folder: RunPaths, *, at: RunPaths | None = None) -> dict[str, str]:
        """The training's environment less secrets and what is known only at the start.

        `at` is where the run's folder lies now, for asking an interpreter before it is in place.
        """
        near = at or folder
        plan = self.source.plan
        code = editable.python_path_entries(self.live, near.workspace) if self.live and self.isolated else []
        places = RunPlaces(
            run_id=self.run_id,
            run_dir=folder.folder,
            cwd=self.cwd_in(near),
            output_dir=self.output_dir(folder),
            config_file=self.config_file(folder),
            metrics_file=folder.metrics,
            seed=plan.seed,
        )
        return environment.for_run(self.fixed, places, code=code, explicit=tuple(plan.env), plan=self.freeze)

    def output_dir(self, folder: RunPaths) -> Path:
        """What $ORP_OUTPUT_DIR names; whether it exists is told by `makes_output_dir`."""
        return (folder.workspace if self.isolated else self.freeze.project) / OUTPUT_FOLDER

    @property
    def makes_output_dir(self) -> bool:
        """Whether the folder that $ORP_OUTPUT_DIR names is there before the training starts.

        In a workspace of its own it always is. In the user's project it is made only for a
        training that asks for it: by `{output_dir}` or `ORP_OUTPUT_DIR` in its command or `env`, or
        in a file that the command names. Others find their project as they left it.
        """
        plan = self.source.plan
        words = [
            plan.command or "",
            *plan.argv,
            *(value for value in plan.env.values() if isinstance(value, str)),
        ]
        if self.isolated or any(
            sign in word for word in words for sign in ("{output_dir}", "ORP_OUTPUT_DIR")
        ):
            return True
        named = [word.strip("'\"();&|") for word in (plan.command or "").split()] or plan.argv
        place = self.freeze.project / self.freeze.cwd
        return any(_mentions(place / word, b"ORP_OUTPUT_DIR") for word in named)


def _mentions(path: Path, sign: bytes) -> bool:
    """Whether the beginning of a file holds `sign`; False for what is no readable file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with open(path, "rb") as file:
            return sign in file.read(_SCRIPT_BYTES)
    except (OSError, ValueError):
        return False
