"""What the dashboard remembers of a base directory, in the user's own state folder.

Not in the base directory: it may be a colleague's, or on a disk that can't be written, and
what one person looked at is no fact about the runs. One file a base directory.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orp_tui.core.layout import BasePaths
from orp_tui.files.atomic import to_json

Json = Any  # Any: a value as JSON gives it

MAX_BYTES = 256 * 1024
MAX_KEPT = 64
"""Files; of more, the oldest are dropped when one is written."""


def user_state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """ORP's own folder for what is neither setting nor cache nor run; it need not be there."""
    given = environ.get("XDG_STATE_HOME", "")
    # A relative path there counts as not set. Source: XDG Base Directory Specification.
    home = Path(given) if given.startswith("/") else Path(environ.get("HOME") or "/", ".local", "state")
    return home / "orp"


def state_file(paths: BasePaths, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the place in that base directory is kept."""
    digest = hashlib.sha256(os.fsencode(os.path.realpath(paths.base))).hexdigest()
    return user_state_folder(environ) / "dashboard" / f"{digest[:16]}.json"


def read_state(paths: BasePaths, environ: Mapping[str, str] = os.environ) -> Json:
    """What was kept for that base directory; None if nothing, or nothing that can be read."""
    return _read(state_file(paths, environ))


def newest_state(environ: Mapping[str, str] = os.environ) -> Json:
    """What was kept last for any base directory: it tells of the person's taste. None if nothing."""
    with contextlib.suppress(OSError):
        for _, path in _by_age(user_state_folder(environ) / "dashboard"):
            if (found := _read(Path(path))) is not None:
                return found
    return None


def write_state(paths: BasePaths, value: Json, environ: Mapping[str, str] = os.environ) -> str | None:
    """Keep `value` for that base directory; None, or in one line why it could not be kept.

    Whole or not at all; not synced, because a power cut may cost the place.
    """
    path = state_file(paths, environ)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(to_json({"base": str(paths.base), **value}))
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        _drop_oldest(path.parent)
    except OSError as error:
        return f"this place is not remembered: {path}: {(error.strerror or str(error)).lower()}"
    return None


def forget_state(paths: BasePaths, environ: Mapping[str, str] = os.environ) -> None:
    """Remember nothing of that base directory, because it goes."""
    with contextlib.suppress(OSError):
        state_file(paths, environ).unlink()


def _read(path: Path) -> Json:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        return json.loads(data) if len(data) <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None


def _by_age(folder: Path) -> list[tuple[int, str]]:
    """Time and path of every file there, the newest first."""
    with os.scandir(folder) as entries:
        found = [
            (entry.stat(follow_symlinks=False).st_mtime_ns, entry.path)
            for entry in entries
            if entry.name.endswith(".json")
        ]
    return sorted(found, reverse=True)


def _drop_oldest(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for _, path in _by_age(folder)[MAX_KEPT:]:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
