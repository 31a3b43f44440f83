import os
import threading
import time

import pytest

from orp_tui.logs.tail import Chunk, Follower, Notice, Restarted, follow


def texts(events) -> list[str]:
    """What was seen, in short: data as it is, everything else in brackets."""
    shown = []
    for event in events:
        match event:
            case Chunk(data):
                shown.append(data.decode())
            case Restarted(why):
                shown.append(f"<{why}>")
            case Notice(text):
                shown.append(f"[{text}]")
    return shown


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("one\n")
    return path


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def test_new_bytes_come_once_and_with_their_offset(log):
    with Follower(log) as follower:
        assert follower.look() == [Chunk(b"one\n", 0)]
        assert follower.look() == []
        append(log, "two")
        assert follower.look() == [Chunk(b"two", 4)]
        assert follower.offset == 7


def test_following_begins_where_it_is_told_to(log):
    with Follower(log, offset=2) as follower:
        assert follower.look() == [Chunk(b"e\n", 2)]


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path):
    with Follower(tmp_path / "later") as follower:
        assert follower.look() == []
        (tmp_path / "later").write_text("there")
        assert texts(follower.look()) == ["there"]


def test_truncation_is_said_and_what_follows_is_read_from_the_beginning(log):
    with Follower(log) as follower:
        follower.look()
        os.truncate(log, 0)
        assert texts(follower.look()) == ["<truncated>"]
        append(log, "new")
        assert texts(follower.look()) == ["new"]


def test_a_log_that_was_rewritten_and_is_longer_than_before_is_noticed(log):
    with Follower(log) as follower:
        follower.look()
        log.write_text("something else that is longer\n")
        assert texts(follower.look()) == ["<rewritten>", "something else that is longer\n"]


def test_a_replaced_log_is_read_to_its_end_first(log, tmp_path):
    with Follower(log) as follower:
        follower.look()
        append(log, "end of the old\n")
        (tmp_path / "new").write_text("beginning of the new\n")
        os.replace(tmp_path / "new", log)
        assert texts(follower.look() + follower.look()) == [
            "end of the old\n",
            "<replaced>",
            "beginning of the new\n",
        ]


def test_a_deleted_log_is_said_once_and_still_read(log):
    writer = log.open("a")
    with Follower(log) as follower:
        follower.look()
        log.unlink()
        assert texts(follower.look() + follower.look()) == ["[deleted]"]
        writer.write("written after\n")
        writer.close()
        assert texts(follower.look()) == ["written after\n"]
        log.write_text("again\n")
        assert texts(follower.look()) == ["<replaced>", "again\n"]


@pytest.mark.parametrize("what", ["fifo", "folder", "link"])
def test_something_else_at_its_place_is_never_opened(log, tmp_path, what):
    with Follower(log) as follower:
        follower.look()
        log.unlink()
        if what == "fifo":
            os.mkfifo(log)
        elif what == "folder":
            log.mkdir()
        else:
            (tmp_path / "secret").write_text("secret")
            log.symlink_to("secret")
        (said,) = texts(follower.look() + follower.look())
        assert "not a regular file" in said


def test_a_link_that_the_user_named_is_followed_to_where_it_points_now(log, tmp_path):
    link = tmp_path / "latest"
    link.symlink_to(log)
    with Follower(link, follow_links=True) as follower:
        assert texts(follower.look()) == ["one\n"]
        (tmp_path / "second").write_text("second\n")
        link.unlink()
        link.symlink_to("second")
        assert texts(follower.look()) == ["<replaced>", "second\n"]


def test_a_view_skips_what_it_could_not_show(log):
    append(log, "x" * 1000)
    with Follower(log, backlog=100) as follower:
        assert texts(follower.look()) == ["[904 bytes skipped]", "x" * 100]


def test_of_a_sparse_terabyte_only_the_window_is_read(log):
    os.truncate(log, 1 << 40)
    append(log, "end")
    with Follower(log, backlog=1 << 20) as follower:
        begin = time.monotonic()
        events = follower.look()
        assert time.monotonic() - begin < 1
        assert sum(len(event.data) for event in events if isinstance(event, Chunk)) == 1 << 20
        assert follower.look() == []


def test_a_flood_is_given_in_bounded_pieces(log):
    log.write_bytes(b"x" * (9 << 20))
    with Follower(log) as follower:
        sizes = [sum(len(event.data) for event in follower.look()) for _ in range(4)]
        assert sizes == [4 << 20, 4 << 20, 1 << 20, 0]


def test_follow_ends_when_told_to_and_misses_nothing(log):
    stop = threading.Event()

    def write() -> None:
        for number in range(500):
            append(log, f"line {number}\n")
        stop.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = b"".join(event.data for event in follow(log, stop=stop.is_set, interval_s=0.001))
    writer.join()

    assert seen == log.read_bytes()


def test_follow_of_a_log_that_never_comes_ends_too(tmp_path):
    assert list(follow(tmp_path / "never", stop=lambda: True)) == []


def test_follow_ends_although_somebody_writes_on_for_ever(log):
    ended = threading.Event()

    def write() -> None:
        with log.open("ab", buffering=0) as file:
            while not ended.is_set():
                file.write(b"x" * 4096)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        deadline = time.monotonic() + 20
        for _ in follow(log, stop=lambda: True):
            assert time.monotonic() < deadline
    finally:
        ended.set()
        writer.join()
