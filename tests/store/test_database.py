"""A database is opened only where it is safe, and says in words what is wrong."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from rows import queued

from orp_tui.core.errors import StoreBusy, StoreDamaged, StoreError
from orp_tui.store import database, runs, settings
from orp_tui.store.migrations import MIGRATIONS


def test_a_new_database_is_its_owners_alone(path):
    with database.opened(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
        assert connection.execute("PRAGMA application_id").fetchone()[0] == database.APPLICATION_ID

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_acknowledged_row_is_synced(connection):
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


@pytest.mark.parametrize(
    ("version", "kind", "mode"),
    [
        ((3, 40, 1), "ext4", "TRUNCATE"),
        ((3, 44, 5), "ext4", "TRUNCATE"),
        ((3, 44, 6), "ext4", "WAL"),
        ((3, 45, 0), "ext4", "TRUNCATE"),
        ((3, 50, 6), "xfs", "TRUNCATE"),
        ((3, 50, 7), "xfs", "WAL"),
        ((3, 51, 0), "xfs", "TRUNCATE"),
        ((3, 51, 2), "xfs", "TRUNCATE"),
        ((3, 51, 3), "btrfs", "WAL"),
        ((4, 0, 0), "tmpfs", "WAL"),
        ((3, 51, 3), "nfs4", "TRUNCATE"),
        ((3, 51, 3), "fuse.sshfs", "TRUNCATE"),
        ((3, 51, 3), "fuseblk", "TRUNCATE"),
        ((3, 51, 3), "", "TRUNCATE"),
    ],
)
def test_wal_needs_a_fixed_sqlite_and_a_local_file_system(version, kind, mode):
    assert database.journal_mode(version, kind) == mode


def test_a_database_of_an_older_sqlite_keeps_its_journal(path, monkeypatch):
    with database.opened(path):
        pass
    monkeypatch.setattr(database, "journal_mode", lambda version, kind: "WAL")

    with database.opened(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "truncate"


def test_a_wal_that_others_have_open_can_still_be_used_by_an_older_sqlite(path, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(database, "journal_mode", lambda version, kind: "WAL")
        first = database.connect(path)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    try:
        assert first.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        first.execute("SELECT COUNT(*) FROM run").fetchone()

        with database.opened(path) as second:
            queued(second)

        assert len(runs.unfinished(first)) == 1
    finally:
        first.close()


MOUNTS = """\
21 1 8:1 / / rw - ext4 /dev/sda1 rw
30 21 0:40 / /home rw,relatime shared:1 - nfs4 server:/home rw
31 30 0:41 / /home/me/scratch rw - xfs /dev/sdb1 rw
32 21 0:42 / /mnt/my\\040disk rw - cifs //server/share rw
33 21 0:43 / /mnt/donn\u00e9es rw - lustre mgs:/lu rw
34 21 0:44 / /twice rw - ext4 /dev/sdc1 rw
35 21 0:45 / /twice rw - nfs server:/x rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/etc", "ext4"),
        ("/home", "nfs4"),
        ("/home/me", "nfs4"),
        ("/home/me/scratch/deep", "xfs"),
        ("/homework", "ext4"),
        ("/mnt/my disk/x", "cifs"),
        ("/mnt/donn\u00e9es/x", "lustre"),
        ("/twice/x", "nfs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(tmp_path, place, kind):
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS)

    assert database.file_system_of(place, str(table)) == kind


def test_an_unreadable_mount_table_is_no_answer(tmp_path):
    assert database.file_system_of(tmp_path, str(tmp_path / "none")) == ""


def test_a_network_file_system_is_refused_with_the_way_out(path, monkeypatch):
    monkeypatch.setattr(database, "file_system_of", lambda folder: "nfs4")

    with pytest.raises(StoreError, match=r"network file system \(nfs4\).*ORP_STATE_DIR"):
        database.connect(path)

    assert not path.exists()
    with database.opened(path, allow_network=True) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "truncate"


def test_a_newer_schema_is_refused_and_left_alone(path):
    with database.opened(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = path.read_bytes()

    with pytest.raises(StoreError, match="written by a newer ORP"):
        database.connect(path)

    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_left_alone(path):
    path.parent.mkdir(mode=0o700)
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(StoreError, match="no database of ORP's"):
        database.connect(path)

    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_called_damaged(path):
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"these are not the pages you are looking for" * 200)

    with pytest.raises(StoreDamaged, match="orp doctor --rebuild"):
        database.connect(path)


def test_damage_that_only_a_read_finds_is_told_in_the_same_words(path):
    with database.opened(path) as connection:
        for number in range(300):
            queued(connection, f"r{number:03}", project="/p" * 200)
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)

    with pytest.raises(StoreDamaged, match="orp doctor --rebuild"), database.opened(path) as connection:
        runs.newest(connection, 1000)


def test_the_right_to_make_a_database_can_be_withheld(path):
    with pytest.raises(StoreError, match="is gone"):
        database.connect(path, create=False)

    assert not path.exists()


def test_a_held_database_is_busy_after_a_while_and_then_works(path, monkeypatch):
    with database.opened(path) as holder:
        monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
        with database.opened(path) as connection:
            holder.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreBusy, match="try again"):
                settings.write(connection, "slots", "2")
            holder.execute("ROLLBACK")

            settings.write(connection, "slots", "2")

            assert settings.read(connection, "slots") == "2"


def test_a_short_hold_is_waited_for(path):
    with database.opened(path) as connection:
        taken, freed = threading.Event(), threading.Event()

        def hold():
            with database.opened(path) as holder:
                holder.execute("BEGIN EXCLUSIVE")
                taken.set()
                freed.wait(0.2)
                holder.execute("COMMIT")

        thread = threading.Thread(target=hold)
        thread.start()
        taken.wait(10)
        settings.write(connection, "slots", "3")
        thread.join()

        assert settings.read(connection, "slots") == "3"


def test_a_failure_inside_a_transaction_leaves_nothing(connection):
    def write_and_fail():
        with database.transaction(connection):
            settings.put(connection, "slots", "9")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()

    assert settings.read(connection, "slots") is None
    settings.write(connection, "slots", "1")


@pytest.mark.parametrize("mode", ["TRUNCATE", "WAL"])
@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_into_a_file_that_was_deleted_or_replaced(path, monkeypatch, mode, replaced):
    monkeypatch.setattr(database, "journal_mode", lambda version, kind: mode)
    with database.opened(path) as connection:
        queued(connection, "a")
        os.rename(path, path.with_name("elsewhere"))
        if replaced:
            with database.opened(path):
                pass

        assert not connection.is_in_place()
        with pytest.raises(StoreError, match="deleted or replaced while it was in use"):
            queued(connection, "b")


def test_data_version_changes_with_the_commits_of_others(path, connection):
    before = database.data_version(connection)
    with database.opened(path) as other:
        settings.write(other, "slots", "2")

    assert database.data_version(connection) != before


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a folder away")
def test_another_users_folder_is_refused(path):
    with database.opened(path):
        pass
    os.chown(path.parent, 65534, -1)

    with pytest.raises(StoreError, match=r"belongs to another user \(uid 65534\).*state_dir"):
        database.connect(path)


@pytest.mark.root
def test_a_full_disk_is_told_and_loses_nothing(small_disk):
    path = small_disk / "orp.db"
    accepted = []
    with database.opened(path) as connection:
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * (900 * 1024 - path.stat().st_size))

        def submit_many():
            for number in range(5000):
                accepted.append(queued(connection, f"r{number:04}", project="/p" * 100).id)

        with pytest.raises(StoreError, match="no space left"):
            submit_many()

        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert [run.id for run in runs.unfinished(connection)] == accepted
        filler.unlink()
        accepted.append(queued(connection, "last").id)
        assert [run.id for run in runs.unfinished(connection)] == accepted
    with database.opened(path) as connection:
        assert len(runs.unfinished(connection)) == len(accepted)


@pytest.mark.root
def test_a_read_only_file_system_is_told(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with pytest.raises(StoreError, match="cannot be made or read: Read-only file system"):
        database.connect(small_disk / "state" / "orp.db")


@pytest.mark.root
def test_a_read_only_database_can_be_read(small_disk):
    path = small_disk / "orp.db"
    with database.opened(path) as connection:
        queued(connection)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    with database.opened(path) as connection:
        assert len(runs.unfinished(connection)) == 1
        with pytest.raises(StoreError, match="cannot be written"):
            queued(connection, "b")


def test_a_writer_killed_in_the_middle_is_undone_by_the_next_opener(path):
    with database.opened(path) as connection:
        queued(connection, "kept")
    script = f"""
import os, signal
from pathlib import Path
from orp_tui.store import database
connection = database.connect(Path({str(path)!r}))
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
for number in range(2000):
    connection.execute("INSERT INTO setting VALUES (?, ?)", (f"k{{number}}", "x" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    journal = path.with_name("orp.db-journal")
    assert not journal.exists() or journal.stat().st_size > 0, "the fault is a hot journal or a left WAL"

    with database.opened(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM setting").fetchone()[0] == 0
        assert [run.name for run in runs.unfinished(connection)] == ["kept"]
