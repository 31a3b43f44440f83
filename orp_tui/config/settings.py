"""Settings: where things lie and how the queue behaves.

defaults < user's file < project's orp.yaml < environment (ORP_…) < flags. Neither yaml
nor pydantic is imported unless a settings file has changed since it was last read.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from orp_tui.config.problems import Problems, shown, unknown
from orp_tui.config.values import parse_duration, parse_size
from orp_tui.core.layout import BasePaths

Json = Any  # Any: a value as YAML gives it
PROJECT_FILE = "orp.yaml"


@dataclasses.dataclass(frozen=True)
class QueueSettings:
    """How the queue processor behaves."""

    slots: int | None = None
    """Runs at a time; None: as many as the machine has GPUs, else half its cores."""
    autostart: bool = True
    """Start the queue processor when there is work and none runs."""
    idle_exit_s: float = 600.0
    """An automatically started one ends after so long without work."""
    breaker: int = 3
    """So many quick failures in a row for one reason pause their group; 0: never."""
    min_free: int | None = None
    """Bytes that must be free where runs and zips lie before anything starts; None: 1 GiB or 2 %, whichever is less."""


@dataclasses.dataclass(frozen=True)
class WorkspaceSettings:
    """What is frozen into a run's workspace."""

    inputs: tuple[str, ...] = ()
    """Folders of the project that are linked, not copied."""
    outputs: tuple[str, ...] = ()
    """Folders of the project that each run gets empty."""
    max_file_bytes: int = 10 * 1024 * 1024
    """Largest file that is copied."""
    max_total_bytes: int = 200 * 1024 * 1024
    """Most bytes that are copied."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings of one project. All folders are absolute."""

    project: Path
    """The folder that the others are relative to."""
    base_dir: Path
    """The base directory."""
    state_dir: Path
    """Queue and index; must lie on a local file system."""
    runs_dir: Path
    """Run folders."""
    artifacts_dir: Path
    """Zips."""
    configs_dir: Path
    """Where the dashboard looks for experiment files."""
    queue: QueueSettings = QueueSettings()
    """How the queue processor behaves."""
    workspace: WorkspaceSettings = WorkspaceSettings()
    """What is frozen into a run's workspace."""
    allow_network_filesystem: bool = False
    """Let the state folder lie on a network file system, whose locks may not hold."""
    origins: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Dotted key → the file, variable or flag that set it; what is missing has its default."""

    @property
    def paths(self) -> BasePaths:
        """The parts of the base directory, each where the settings put it."""
        return BasePaths(self.base_dir, self.runs_dir, self.artifacts_dir, self.state_dir)


def _folder(value: Json) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("must be the path of a folder")
    return value


def _folders(value: Json) -> list[str]:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise ValueError("must be a list of paths")
    for item in items:
        if item.startswith(("/", "~")) or ".." in item.split("/") or "\0" in item:
            raise ValueError(f"{shown(item)} leaves the project; write paths inside it")
    return [item.rstrip("/") or item for item in items]


def _slots(value: Json) -> int:
    number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 100_000:
        raise ValueError("must be a whole number from 1")
    return number


def _breaker(value: Json) -> int:
    return 0 if value in (0, "0") and not isinstance(value, bool) else _slots(value)


def _flag(value: Json) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "1", "false", "0"):
        return value.lower() in ("true", "1")
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


KEYS: dict[str, tuple[Callable[[Json], Json], str | None]] = {
    "base_dir": (_folder, "ORP_BASE_DIR"),
    "state_dir": (_folder, "ORP_STATE_DIR"),
    "runs_dir": (_folder, "ORP_RUNS_DIR"),
    "artifacts_dir": (_folder, "ORP_ARTIFACTS_DIR"),
    "configs_dir": (_folder, "ORP_CONFIGS_DIR"),
    "queue.slots": (_slots, "ORP_SLOTS"),
    "queue.autostart": (_flag, "ORP_AUTOSTART"),
    "queue.idle_exit": (parse_duration, "ORP_IDLE_EXIT"),
    "queue.breaker": (_breaker, "ORP_BREAKER"),
    "queue.min_free": (parse_size, "ORP_MIN_FREE"),
    "workspace.inputs": (_folders, None),
    "workspace.outputs": (_folders, None),
    "workspace.max_file": (parse_size, "ORP_MAX_FILE"),
    "workspace.max_total": (parse_size, "ORP_MAX_TOTAL"),
    "allow_network_filesystem": (_flag, "ORP_ALLOW_NETWORK_FILESYSTEM"),
}
"""Every setting by its dotted key: how it is read, and the variable that sets it."""


def find_project(start: Path) -> Path:
    """The nearest folder from `start` upwards with an orp.yaml, else with a .git, else `start`."""
    start = Path(os.path.abspath(start))
    folders = [start, *start.parents]
    for name in (PROJECT_FILE, ".git"):
        for folder in folders:
            if os.path.lexists(folder / name):
                return folder
    return start


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the user's settings stand, whether the file is there or not."""
    return _home(environ, "XDG_CONFIG_HOME", ".config") / "orp" / "config.yaml"


def _home(environ: Mapping[str, str], variable: str, usual: str) -> Path:
    given = environ.get(variable, "")
    # A relative path there counts as not set. Source: XDG Base Directory Specification.
    return Path(given) if given.startswith("/") else Path(environ.get("HOME") or "/", usual)


def load_settings(
    project: Path, *, flags: Mapping[str, Json] | None = None, environ: Mapping[str, str] = os.environ
) -> Settings:
    """The settings for `project`.

    `flags` maps dotted keys to values, None for those not given.

    Raises ConfigError for files that can't be read, unknown keys and values of the wrong
    kind, naming the file and line, the variable or the flag.
    """
    from orp_tui.config.settings_file import read_file

    project = Path(os.path.abspath(project))
    cache = _home(environ, "XDG_CACHE_HOME", ".cache") / "orp"
    values: dict[str, Json] = {}
    origins: dict[str, str] = {}
    for file in (user_file(environ), project / PROJECT_FILE):
        for key, value in read_file(file, cache).items():
            values[key] = value
            origins[key] = str(file)
    _from_environment(environ, values, origins)
    _from_flags(flags or {}, values, origins)
    return _settings(project, values, origins)


def _from_environment(environ: Mapping[str, str], values: dict[str, Json], origins: dict[str, str]) -> None:
    problems = Problems("environment")
    for key, (read, variable) in KEYS.items():
        if variable is None or not environ.get(variable):
            continue
        try:
            values[key] = read(environ[variable])
            origins[key] = f"${variable}"
        except ValueError as error:
            problems.add((variable,), str(error))
    problems.raise_any()


def _from_flags(flags: Mapping[str, Json], values: dict[str, Json], origins: dict[str, str]) -> None:
    problems = Problems("flags")
    for key, value in flags.items():
        if value is None:
            continue
        if key not in KEYS:
            problems.add((key,), unknown("setting", key, KEYS))
            continue
        try:
            values[key] = KEYS[key][0](value)
            origins[key] = "flag"
        except ValueError as error:
            problems.add((key,), str(error))
    problems.raise_any()


def _settings(project: Path, values: dict[str, Json], origins: dict[str, str]) -> Settings:
    def folder(key: str, usual: Path) -> Path:
        given = values.get(key)
        return Path(os.path.abspath(project / os.path.expanduser(given))) if given else usual

    base = folder("base_dir", project / "experiments")
    queue, workspace = QueueSettings(), WorkspaceSettings()
    return Settings(
        project=project,
        base_dir=base,
        state_dir=folder("state_dir", base / "state"),
        runs_dir=folder("runs_dir", base / "runs"),
        artifacts_dir=folder("artifacts_dir", base / "artifacts"),
        configs_dir=folder("configs_dir", project / "configs"),
        queue=QueueSettings(
            slots=values.get("queue.slots"),
            autostart=values.get("queue.autostart", queue.autostart),
            idle_exit_s=values.get("queue.idle_exit", queue.idle_exit_s),
            breaker=values.get("queue.breaker", queue.breaker),
            min_free=values.get("queue.min_free"),
        ),
        workspace=WorkspaceSettings(
            inputs=tuple(values.get("workspace.inputs", ())),
            outputs=tuple(values.get("workspace.outputs", ())),
            max_file_bytes=values.get("workspace.max_file", workspace.max_file_bytes),
            max_total_bytes=values.get("workspace.max_total", workspace.max_total_bytes),
        ),
        allow_network_filesystem=values.get("allow_network_filesystem", False),
        origins=origins,
    )
