import contextlib
import threading
from collections.abc import Iterator

import pytest
from waiting import until

from orp_tui.core.errors import ArchiveError
from orp_tui.logs.ink import plain
from orp_tui.logs.path_watch import WatchedLog
from orp_tui.logs.reading import LogReading
from orp_tui.logs.status import LogScreen


class Reader:
    """A reading in its thread, and what it announced."""

    def __init__(self, reference) -> None:
        self.reading = LogReading(str(reference), "log", ticks_per_s=100)
        self.announced = 0
        self.newest = LogScreen()
        self._thread = threading.Thread(target=self.reading.run, args=(self._announce,))

    def _announce(self) -> None:
        self.announced += 1

    def screen(self) -> LogScreen:
        self.newest = self.reading.take() or self.newest
        return self.newest

    def texts(self) -> list[str]:
        return [plain(line.inks) for line in self.screen().lines]

    def start(self) -> None:
        self.reading.tell(lambda session: session.resize(40, 3))
        self._thread.start()

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()


@contextlib.contextmanager
def reading(reference) -> Iterator[Reader]:
    reader = Reader(reference)
    reader.start()
    try:
        yield reader
    finally:
        reader.reading.close()
        until(lambda: reader.ended)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log"
    path.write_text("one\ntwo\nthree\nfour\n")
    return path


def test_screens_are_published_and_acts_done(path):
    with reading(path) as reader:
        until(lambda: reader.texts() == ["two", "three", "four"])
        reader.reading.tell(lambda session: session.to_top())
        until(lambda: reader.texts() == ["one", "two", "three"])
        with path.open("a") as file:
            file.write("five\n")
        until(lambda: reader.screen().status.new_lines == 1)
        reader.reading.tell(lambda session: session.search("FIVE".lower()))
        until(lambda: reader.screen().row == "five")


def test_screens_that_nobody_takes_are_replaced_and_announced_once(path):
    with reading(path) as reader:
        until(lambda: reader.announced == 1)
        for number in range(20):
            with path.open("a") as file:
                file.write(f"more {number}\n")
            done = threading.Event()
            reader.reading.tell(lambda session, done=done: done.set())
            assert done.wait(20)
        until(
            lambda: (
                reader.reading._latest is not None
                and "more 19" in plain(reader.reading._latest.lines[-1].inks)
            )
        )
        assert reader.announced == 1
        assert reader.texts()[-1] == "more 19"
        with path.open("a") as file:
            file.write("again\n")
        until(lambda: reader.announced == 2)


def test_closing_ends_the_thread_in_the_midst_of_a_search(tmp_path):
    (tmp_path / "log").write_bytes(b"x" * 60 + b"\n" + b"a line of text\n" * 3_000_000)
    with reading(tmp_path / "log") as reader:
        reader.reading.tell(lambda session: session.search("[^q]*q"))
        until(lambda: reader.announced > 0)


def test_a_log_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "no.zip").write_text("no zip")
    with reading(f"{tmp_path}/no.zip::log") as reader:
        until(lambda: "not a zip" in reader.screen().status.notice)
        until(lambda: reader.ended)


def test_an_error_while_reading_is_told_and_what_can_be_read_stays(path):
    class Failing(WatchedLog):
        broken = False

        def read_from(self, offset: int, max_bytes: int) -> bytes:
            if self.broken:
                raise ArchiveError("x: damaged here")
            return super().read_from(offset, max_bytes)

    log = Failing(path)
    reader = Reader(path)
    reader.reading._open = lambda: log
    reader.start()
    until(lambda: reader.texts() == ["two", "three", "four"])
    log.broken = True
    with path.open("a") as file:
        file.write("five\n")
    until(lambda: reader.screen().status.notice == "x: damaged here")
    log.broken = False
    until(lambda: reader.texts() == ["three", "four", "five"])
    reader.reading.close()
    until(lambda: reader.ended)


def test_a_mistake_of_ours_is_told_not_hidden(path, caplog):
    with reading(path) as reader:
        until(lambda: reader.texts())
        reader.reading.tell(lambda session: 1 / 0)
        until(lambda: "this view broke: ZeroDivisionError" in reader.screen().status.notice)
        until(lambda: reader.ended)
    assert "ZeroDivisionError" in caplog.text
