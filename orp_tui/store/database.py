"""The connection to `orp.db`: where it may lie, how it is opened, and transactions.

The database holds the queue, the intents and an index; the facts are the files of the
runs, from which it can be made again (`store.rebuild`).

Durability was measured with simulated power cuts: WAL and TRUNCATE keep an acknowledged
row only with synchronous=FULL, DELETE does not even then. WAL further needs a SQLite
without the WAL-reset race (fixed in 3.51.3, 3.50.7 and 3.44.6; https://sqlite.org/wal.html)
and a local file system; everywhere else the journal is TRUNCATE.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.errors import StoreBusy, StoreError
from orp_tui.store.migrations import MIGRATIONS

APPLICATION_ID = 0x4F525031  # "ORP1"
BUSY_TIMEOUT_MS = 10_000

NETWORK_FILE_SYSTEMS = frozenset(
    "nfs nfs4 cifs smb3 smbfs lustre gpfs beegfs ceph afs 9p ocfs2 gfs2 glusterfs pvfs2 orangefs panfs".split()
) | {"fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.beegfs", "fuse.s3fs", "fuse.rclone", "fuse.juicefs"}


def connect(path: Path, *, allow_network: bool = False) -> sqlite3.Connection:
    """An open database with the newest schema; made if there is none.

    Use it from one thread, and never carry it over a fork.

    Raises StoreError if it can't be used: another owner, a network file system (unless
    `allow_network`), damage, or a schema that is newer than this ORP.
    """
    _check_place(path.parent, allow_network=allow_network)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be opened: {error}") from error
    try:
        connection.row_factory = sqlite3.Row
        _configure(connection, path)
        _migrate(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _explained(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _check_place(folder: Path, *, allow_network: bool) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = os.stat(folder).st_uid
    if owner != os.geteuid():
        raise StoreError(
            f"{folder}: belongs to another user (uid {owner}); set state_dir to a folder of your own"
        )
    kind = file_system_of(folder)
    if kind in NETWORK_FILE_SYSTEMS and not allow_network:
        raise StoreError(
            f"{folder}: lies on a network file system ({kind}), where SQLite loses data; "
            "set state_dir in orp.yaml (or $ORP_STATE_DIR) to a folder on a local disk"
        )


def file_system_of(path: Path, mounts: str = "/proc/self/mountinfo") -> str:
    """Type of the file system that holds `path`, as the kernel names it; "" if unknown."""
    target = os.path.realpath(path)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="surrogateescape") as table:
            for line in table:
                left, _, right = line.partition(" - ")
                point = left.split()[4].encode("utf-8", "surrogateescape").decode("unicode_escape")
                inside = target == point or target.startswith(point.rstrip("/") + "/")
                if inside and len(point) >= len(best):
                    best, kind = point, right.split()[0]
    except (OSError, IndexError):
        return ""
    return kind


def journal_mode(version: tuple[int, int, int], kind: str) -> str:
    """WAL where SQLite's version and the file system allow it, else TRUNCATE."""
    fixed = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51, 0) or (3, 44, 6) <= version < (3, 45, 0)
    local = kind != "" and kind not in NETWORK_FILE_SYSTEMS and not kind.startswith("fuse")
    return "WAL" if fixed and local else "TRUNCATE"


def _configure(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    wanted = journal_mode(sqlite3.sqlite_version_info[:3], file_system_of(path.parent))
    if connection.execute("PRAGMA journal_mode").fetchone()[0].upper() != wanted:
        connection.execute(f"PRAGMA journal_mode = {wanted}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    if done == len(MIGRATIONS):
        return
    if done > len(MIGRATIONS):
        raise StoreError(f"{path}: was written by a newer ORP (schema {done}, known here: {len(MIGRATIONS)})")
    os.chmod(path, 0o600)
    with transaction(connection):
        done = connection.execute("PRAGMA user_version").fetchone()[0]
        for number, (_, statements) in enumerate(MIGRATIONS[done:], start=done + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _explained(path: Path, error: sqlite3.Error) -> StoreError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return StoreBusy(f"{path}: held by somebody else for over {BUSY_TIMEOUT_MS // 1000} s; try again")
    if "malformed" in text or "not a database" in text:
        return StoreError(
            f"{path}: is damaged ({text}); no run is lost: `orp doctor --rebuild` makes it again from the folders"
        )
    return StoreError(f"{path}: {text}")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing; the write lock is taken at once, so that nothing read inside can change.

    Raises StoreBusy after ten seconds of waiting for somebody else's transaction, and
    StoreError for a full disk or damage.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            with contextlib.suppress(sqlite3.OperationalError):  # a full disk has rolled back by itself
                connection.execute("ROLLBACK")
            raise
        try:
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        raise _explained(Path(path), error) from error


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection has committed; 4 µs a look."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
