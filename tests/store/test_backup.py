"""A copy of the database a day."""

from __future__ import annotations

import os
import sqlite3

import pytest

from orp_tui.store import database, settings
from orp_tui.store.backup import DAY_S, back_up, backup_path


@pytest.fixture
def store(tmp_path):
    connection = database.connect(tmp_path / "orp.db")
    settings.write(connection, "slots", "3")
    yield connection, tmp_path / "orp.db"
    connection.close()


def test_the_copy_is_a_database_with_the_same_rows_and_for_its_owner_alone(store):
    connection, path = store

    assert back_up(connection, path, now=os.stat(path).st_mtime)

    copy = sqlite3.connect(backup_path(path))
    assert copy.execute("SELECT value FROM setting WHERE key = 'slots'").fetchone() == ("3",)
    copy.close()
    assert backup_path(path).stat().st_mode & 0o777 == 0o600


def test_a_second_copy_waits_for_the_next_day(store):
    connection, path = store
    back_up(connection, path, now=0)
    made = backup_path(path).stat().st_mtime

    assert not back_up(connection, path, now=made + DAY_S - 1)
    assert back_up(connection, path, now=made + DAY_S)
    assert not [name for name in os.listdir(path.parent) if ".tmp" in name]


def test_a_copy_that_cannot_be_written_leaves_the_last_one(store, tmp_path):
    connection, path = store
    back_up(connection, path, now=0)
    before = backup_path(path).read_bytes()
    (tmp_path / f".orp.db.backup.tmp-{os.getpid()}").mkdir()

    with pytest.raises(OSError):  # noqa: PT011 - whichever of unlink and VACUUM meets the folder first
        back_up(connection, path, now=os.stat(backup_path(path)).st_mtime + DAY_S)

    assert backup_path(path).read_bytes() == before
