"""The one place where settings become paths, a store and a queue processor's options."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from orp_tui.config.settings import PROJECT_FILE, Settings, find_project, load_settings
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.hardware.glance import number_of_gpus
from orp_tui.store import database
from orp_tui.store.database import has_content


@dataclasses.dataclass(frozen=True)
class Context:
    """Where a command works: project, settings, base directory."""

    project: Path
    settings: Settings
    paths: BasePaths

    @contextlib.contextmanager
    def store(self) -> Iterator[database.Connection]:
        """The open database, closed in the end; one that is gone is made again from the run folders.

        Raises StoreError if it can't be used.
        """
        allow_network = self.settings.allow_network_filesystem
        if not has_content(self.paths.database):
            from orp_tui.services.rebuild import make_missing

            done = make_missing(self.paths, allow_network=allow_network)
            for line in done.words() if done else ():
                print(f"orp: {line}", file=sys.stderr)  # noqa: T201 - whoever asks, this has to be known
        with database.opened(self.paths.database, allow_network=allow_network) as connection:
            yield connection

    @property
    def slots(self) -> int:
        """How many runs go at once: what the settings say, else one a GPU, else half the cores."""
        return self.settings.queue.slots or number_of_gpus() or max(1, (os.cpu_count() or 2) // 2)

    @property
    def has_store(self) -> bool:
        """Whether anything was ever submitted here."""
        if has_content(self.paths.database):
            return True
        from orp_tui.services.rebuild import has_runs

        return has_runs(self.paths)


def open_context(
    *, start: Path | None = None, base_dir: str | None = None, near: Path | None = None
) -> Context:
    """The context for a command given in `start` (the current folder if None).

    `base_dir` is a flag's or caller's wish and outranks every setting; a relative one is
    relative to the current folder. `near` is the file that the command is about: its project
    is meant where `start` lies in none. Raises ConfigError if a settings file is invalid.
    """
    project = find_project(start or current_folder())
    if near is not None and not is_marked(project):
        project = find_project(near.absolute().parent)
    flags = {"base_dir": os.path.abspath(base_dir)} if base_dir else {}
    settings = load_settings(project, flags=flags)
    return Context(project, settings, settings.paths)


def configs_folder(context: Context, given: str | os.PathLike[str] | None = None) -> Path:
    """The folder to watch: `given`, else the one of the settings.

    Where nobody has chosen one and `configs/` is not there, the experiments of a small project lie
    in the project itself.
    """
    if given is not None:
        return Path(os.path.abspath(given))
    settings = context.settings
    if "configs_dir" in settings.origins or settings.configs_dir.is_dir():
        return settings.configs_dir
    return context.project


def current_folder() -> Path:
    """Where the caller stands. Raises UsageError if that folder was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise UsageError("the current folder was deleted; `cd` into one that is there") from None


_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_RIGHT = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextlib.contextmanager
def writing_to(paths: BasePaths) -> Iterator[None]:
    """What the base directory has no room or no right for becomes an error that says where, and what to do.

    Raises OrpError for it; every other OSError goes on as it is.
    """
    try:
        yield
    except OSError as error:
        place = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else paths.base
        why = (error.strerror or str(error)).lower()
        if error.errno in _NO_ROOM:
            raise OrpError(f"{place}: {why}; free space there, or give another --base-dir") from error
        own = (paths.base, paths.runs, paths.state, paths.artifacts)
        if error.errno in _NO_RIGHT and any(place.is_relative_to(folder) for folder in own):
            raise OrpError(f"{place}: {why}; set base_dir in orp.yaml, or give --base-dir") from error
        raise


def is_marked(project: Path) -> bool:
    """Whether something says that this folder is a project, and not just where somebody stands."""
    return (project / PROJECT_FILE).exists() or (project / ".git").exists()


def actor() -> str:
    """Who is asking: `user@host`."""
    import getpass

    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.geteuid())
    return f"{user}@{os.uname().nodename}"
