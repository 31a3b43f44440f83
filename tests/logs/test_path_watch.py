import os

import pytest

from orp_tui.logs.path_watch import Notice, Restarted, WatchedLog


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"one\ntwo\n")
    return path


def watched(path) -> WatchedLog:
    log = WatchedLog(path)
    assert log.look() == []
    return log


def test_a_log_that_appears_later_is_read_from_then_on(tmp_path):
    log = WatchedLog(tmp_path / "log")
    assert (log.look(), log.exists, log.size(), log.read_from(0, 9)) == ([], False, 0, b"")
    (tmp_path / "log").write_bytes(b"here\n")
    assert (log.look(), log.exists, log.size(), log.read_from(0, 9)) == ([], True, 5, b"here\n")
    assert log.tail_lines(3) == [b"here"]
    log.close()


def test_growing_is_no_news(path):
    log = watched(path)
    with path.open("ab") as file:
        file.write(b"three\n")
    assert log.look() == []
    assert log.size() == 14


def test_truncating_and_rewriting_are_news(path):
    log = watched(path)
    os.truncate(path, 3)
    assert log.look() == [Restarted("truncated")]
    assert log.look() == []
    path.write_bytes(b"longer than it was\n")
    assert log.look() == [Restarted("rewritten")]


def test_rewriting_at_the_same_length_is_news(path):
    log = watched(path)
    path.write_bytes(b"ONE\nTWO\n")
    os.utime(path, ns=(1, 1))  # a coarse clock of the file system must not decide
    assert log.look() == [Restarted("rewritten")]


def test_a_replaced_log_is_switched_to_and_a_deleted_one_stays_readable(path, tmp_path):
    log = watched(path)
    (tmp_path / "new").write_bytes(b"new\n")
    os.replace(tmp_path / "new", path)
    assert log.look() == [Restarted("replaced")]
    assert log.read_from(0, 9) == b"new\n"
    path.unlink()
    assert log.look() == [Notice("deleted")]
    assert log.look() == []
    assert log.read_from(0, 9) == b"new\n"
    path.write_bytes(b"again\n")
    assert log.look() == [Restarted("replaced")]


def test_what_is_no_regular_file_is_said_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/hostname")
    for name in ("pipe", "link"):
        log = WatchedLog(tmp_path / name)
        (news,) = log.look()
        assert isinstance(news, Notice)
        assert "not a regular file" in news.text
        assert not log.exists
    assert isinstance(WatchedLog("nul\0byte").look()[0], Notice)
