"""Make a database beside the old one and put it in its place; nothing that was there is deleted.

What the rows hold is the business of `services.rebuild`, which reads it from the folders.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

from orp_tui.core.errors import StoreDamaged, StoreError
from orp_tui.core.run import Run
from orp_tui.files.atomic import sync_folder, write_bytes
from orp_tui.files.failpoint import hit
from orp_tui.store import database, runs
from orp_tui.store.backup import backup_path

ACTOR = "rebuild"
_COMPANIONS = ("", "-journal", "-wal", "-shm")
"""The database itself comes first: without it, what a killed rebuild left is known to be incomplete."""
_NEW = ".making"


@dataclasses.dataclass(frozen=True)
class KnownRun:
    """A run as its folder tells it."""

    run: Run
    key: str | None
    """Idempotency key."""


@dataclasses.dataclass(frozen=True)
class Copy:
    """What the daily copy knows and the folders do not."""

    at: float
    """When it was made; seconds since 1970, UTC."""
    runs: dict[str, Run]
    """Those that were asked for and that it knows."""
    settings: dict[str, str]


def read_copy(path: Path, run_ids: Iterable[str]) -> Copy | None:
    """What the daily copy of the database at `path` knows of some runs; None if there is none that can be read."""
    copy = backup_path(path)
    try:
        at = os.stat(copy).st_mtime
        name = urllib.parse.quote(os.fsencode(copy))
        with contextlib.closing(sqlite3.connect(f"file:{name}?mode=ro&immutable=1", uri=True)) as connection:
            if check(connection) is not None:
                return None
            found = {run_id: run for run_id in run_ids if (run := runs.get(connection, run_id)) is not None}
            return Copy(at, found, dict(connection.execute("SELECT key, value FROM setting").fetchall()))
    except (OSError, sqlite3.Error, ValueError, TypeError):
        return None


def is_sound(path: Path, *, allow_network: bool = False) -> bool:
    """Whether the database is there, is ours and passes SQLite's own check.

    Raises StoreError if it can't be judged: locked, another user's, a newer ORP's.
    """
    if not database.has_content(path):
        return False
    try:
        with database.opened(path, allow_network=allow_network) as connection:
            return check(connection) is None
    except StoreDamaged:
        return False


def check(connection: sqlite3.Connection) -> str | None:
    """The first thing that SQLite finds wrong with the whole file; None if it is sound."""
    try:
        word: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if word == "ok" else word


def read_journals(path: Path) -> dict[str, bytes]:
    """What lies beside a database, by the end of its name: SQLite removes it when it opens a damaged one."""
    found = {}
    for end in ("-journal", "-wal"):
        with contextlib.suppress(OSError):
            found[end] = Path(f"{path}{end}").read_bytes()
    return found


def set_aside(path: Path, journals: dict[str, bytes], *, now: float) -> Path | None:
    """The new name of a database that is not to be used any more; None if nothing was left of one.

    Its journals go with it, so that it can still be examined; of those that are gone by now
    `journals` is what they held.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while any(os.path.lexists(f"{kept}{end}") for end in _COMPANIONS):
        number += 1
        kept = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    moved: list[Path] = []
    for end in _COMPANIONS:
        here, there = Path(f"{path}{end}"), Path(f"{kept}{end}")
        if here == path or database.has_content(here):
            with contextlib.suppress(FileNotFoundError):
                os.rename(here, there)
                moved.append(there)
        hit("rebuild.set_aside")
    for end, data in journals.items():
        if moved and data and not os.path.exists(f"{kept}{end}"):
            write_bytes(Path(f"{kept}{end}"), data)
    sync_folder(path.parent)
    return moved[0] if moved else None


def put_old_back(kept: Path, path: Path) -> None:
    """Undo `set_aside`, which gave `kept`: what was to take its place could not be made.

    Where another database lies at `path` by now, everything stays as it is.
    """
    stem = next((str(kept)[: -len(end)] for end in _COMPANIONS[1:] if str(kept).endswith(end)), str(kept))
    if os.path.lexists(path):
        return
    for end in reversed(_COMPANIONS):
        if os.path.lexists(f"{stem}{end}"):
            os.rename(f"{stem}{end}", f"{path}{end}")
    sync_folder(path.parent)


@contextlib.contextmanager
def new_database(path: Path, *, allow_network: bool = False) -> Iterator[sqlite3.Connection]:
    """A database to be filled, which appears at `path` whole when the block ends well.

    Raises StoreError if there is one by then.
    """
    making = path.with_name(path.name + _NEW)
    try:
        with database.opened(making, allow_network=allow_network) as connection:
            # What a power cut takes of it before it is published, the folders still have.
            connection.execute("PRAGMA synchronous = OFF")
            yield connection
        _publish(making, path)
    finally:
        remove_unfinished(path)


def _publish(making: Path, path: Path) -> None:
    descriptor = os.open(making, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    hit("rebuild.filled")
    try:
        os.link(making, path)
    except FileExistsError:
        raise StoreError(f"{path}: somebody else has made it meanwhile; nothing was changed") from None
    hit("rebuild.published")
    os.unlink(making)
    sync_folder(path.parent)


def remove_unfinished(path: Path) -> None:
    """Remove what a killed rebuild left: it holds nothing that the folders don't."""
    for end in _COMPANIONS:
        Path(f"{path}{_NEW}{end}").unlink(missing_ok=True)


def known_ids(connection: sqlite3.Connection) -> set[str]:
    """Every run that the database knows."""
    return {row[0] for row in connection.execute("SELECT id FROM run")}


def known_keys(connection: sqlite3.Connection) -> set[str]:
    """Every idempotency key that was used."""
    return {row[0] for row in connection.execute("SELECT key FROM idempotency")}
