"""The connection to `orp.db`: where it may lie, how it is opened, and transactions.

The database holds the queue, the intents and an index; the facts are the files of the
runs, from which it can be made again (`store.replacement`).

Durability was measured with simulated power cuts: WAL and TRUNCATE keep an acknowledged
row only with synchronous=FULL, DELETE does not even then. WAL further needs a SQLite
without the WAL-reset race (fixed in 3.51.3, 3.50.7 and 3.44.6; https://sqlite.org/wal.html)
and a local file system; everywhere else the journal is TRUNCATE.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from orp_tui.core.errors import StoreBusy, StoreDamaged, StoreError
from orp_tui.store.migrations import MIGRATIONS

APPLICATION_ID = 0x4F525031  # "ORP1"
BUSY_TIMEOUT_MS = 10_000

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p", "ocfs2", "gfs2",
        "glusterfs", "pvfs2", "orangefs", "panfs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.beegfs",
        "fuse.s3fs", "fuse.rclone", "fuse.juicefs",
    }
)  # fmt: skip

_ESCAPED = re.compile(rb"\\([0-7]{3})")


class Connection(sqlite3.Connection):
    """A connection that knows which file it has opened."""

    opened: tuple[Path, int, int] | None = None
    """Path, device and inode; None until the file is known to be there."""

    def is_in_place(self) -> bool:
        """Whether the open file still lies at its place, and was not deleted or replaced."""
        if self.opened is None:
            return True
        path, device, inode = self.opened
        try:
            there = os.stat(path)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (device, inode)


def connect(path: Path, *, allow_network: bool = False, create: bool = True) -> Connection:
    """An open database with the newest schema; made if there is none, unless `create` is false.

    Use it from one thread, and never carry it over a fork.

    Raises StoreError if it can't be used: another owner, a network file system (unless
    `allow_network`), damage, another program's file, or a schema newer than this ORP's.
    """
    check_place(path.parent, allow_network=allow_network)
    if not create and not has_content(path):
        raise StoreError(f"{path}: is gone; `orp status` makes it again from the run folders")
    try:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, factory=Connection
        )
    except sqlite3.Error as error:
        raise explained(path, error) from error
    try:
        found = os.stat(path)
        connection.row_factory = sqlite3.Row
        _configure(connection, path)
        _migrate(connection, path)
        connection.opened = (path, found.st_dev, found.st_ino)
    except (sqlite3.Error, OSError) as error:
        connection.close()
        raise explained(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def opened(path: Path, *, allow_network: bool = False, create: bool = True) -> Iterator[Connection]:
    """As `connect`, closed in the end; what SQLite says meanwhile is raised as StoreError."""
    connection = connect(path, allow_network=allow_network, create=create)
    try:
        yield connection
    except sqlite3.Error as error:
        raise _of_connection(connection, error) from error
    finally:
        connection.close()


def has_content(path: Path) -> bool:
    """Whether there is a file that is not empty: SQLite would take an empty one for a new database."""
    try:
        return os.stat(path).st_size > 0
    except (FileNotFoundError, NotADirectoryError):
        return False


def check_place(folder: Path, *, allow_network: bool = False) -> None:
    """Make the folder of a database if it is missing.

    Raises StoreError if no database may lie there, or the folder can't be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = os.stat(folder).st_uid
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be made or read: {error.strerror}; set state_dir to a folder of your own"
        ) from error
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
    target = os.fsencode(os.path.realpath(path))
    best, kind = b"", ""
    try:
        with open(mounts, "rb") as table:
            for line in table:
                left, _, right = line.partition(b" - ")
                # The kernel writes blanks and backslashes in a name as octal numbers.
                point = _ESCAPED.sub(lambda match: bytes([int(match[1], 8)]), left.split()[4])
                inside = target == point or target.startswith(point.rstrip(b"/") + b"/")
                if inside and len(point) >= len(best):
                    best, kind = point, os.fsdecode(right.split()[0])
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
    present = connection.execute("PRAGMA journal_mode").fetchone()[0].upper()
    if wanted == "WAL" and present != "WAL" and _schema(connection) > 0:
        # Somebody with an older SQLite uses this file too; WAL is only chosen for a new one.
        wanted = "TRUNCATE"
    if present != wanted:
        # Leaving WAL needs the file for oneself: while others have it open, it stays as they have it.
        with contextlib.suppress(sqlite3.OperationalError) if present == "WAL" else contextlib.nullcontext():
            connection.execute(f"PRAGMA journal_mode = {wanted}")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _schema(connection: sqlite3.Connection) -> int:
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    done = _schema(connection)
    _check_kind(connection, path, done)
    if done == len(MIGRATIONS):
        return
    os.chmod(path, 0o600)
    with transaction(connection):
        done = _schema(connection)
        for number, (_, statements) in enumerate(MIGRATIONS[done:], start=done + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _check_kind(connection: sqlite3.Connection, path: Path, schema: int) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    is_new = (
        application == 0 and schema == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    )
    if application != APPLICATION_ID and not is_new:
        raise StoreError(f"{path}: is no database of ORP's; move it away, or set state_dir to another folder")
    if schema > len(MIGRATIONS):
        raise StoreError(
            f"{path}: was written by a newer ORP (schema {schema}, known here: {len(MIGRATIONS)}); upgrade ORP"
        )


def explained(path: Path, error: sqlite3.Error | OSError) -> StoreError:
    """What an error of SQLite's means for the person, and what to do."""
    code = getattr(error, "sqlite_errorname", "")
    text = str(error)
    if code == "SQLITE_READONLY_DBMOVED" or (isinstance(error, OSError) and error.errno == errno.ENOENT):
        return moved(path)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreBusy(f"{path}: held by somebody else for over {BUSY_TIMEOUT_MS / 1000:.0f} s; try again")
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return StoreDamaged(
            f"{path}: is damaged ({text}); no run is lost: `orp doctor --rebuild` makes it again from the folders"
        )
    if code.startswith("SQLITE_FULL"):
        return StoreError(f"{path}: no space left on the disk; nothing was changed, make room and try again")
    if code.startswith("SQLITE_READONLY"):
        return StoreError(f"{path}: cannot be written ({text}); see `orp doctor`")
    if code.startswith("SQLITE_CANTOPEN"):
        return StoreError(f"{path}: cannot be opened ({text}); see `orp doctor`")
    return StoreError(f"{path}: {text}")


def moved(path: Path) -> StoreError:
    """What to say when the open file is not at its place any more."""
    return StoreError(
        f"{path}: was deleted or replaced while it was in use; runs go on, look with `orp status` and try again"
    )


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing; the write lock is taken at once, so that nothing read inside can change.

    Raises StoreBusy after ten seconds of waiting for somebody else's transaction, and
    StoreError for a full disk, damage, or a file that was deleted or replaced since it was opened:
    what is written there nobody would ever read.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            if _has_moved(connection):
                raise moved(_path_of(connection))
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.OperationalError):  # a full disk has rolled back by itself
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise _of_connection(connection, error) from error


@contextlib.contextmanager
def one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read inside is of the same moment, whatever others write meanwhile; nothing may be written."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("COMMIT")


def _has_moved(connection: sqlite3.Connection) -> bool:
    return isinstance(connection, Connection) and not connection.is_in_place()


def _of_connection(connection: sqlite3.Connection, error: sqlite3.Error) -> StoreError:
    path = _path_of(connection)
    return moved(path) if _has_moved(connection) else explained(path, error)


def _path_of(connection: sqlite3.Connection) -> Path:
    return Path(connection.execute("PRAGMA database_list").fetchone()[2])


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection has committed; 4 µs a look."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version
