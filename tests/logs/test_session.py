import os
import zipfile

import pytest
from made_logs import five_cases

from orp_tui.core.sanitise import cell_width
from orp_tui.logs.ink import plain
from orp_tui.logs.session import LogSession
from orp_tui.logs.source import open_growing
from orp_tui.logs.status import LogScreen


class Looked:
    """A session, driven without its thread."""

    def __init__(self, path, width: int = 40, height: int = 5) -> None:
        self.log = open_growing(str(path))
        self.session = LogSession(self.log, "log", cell_width)
        self.session.resize(width, height)
        self.settle()

    def settle(self) -> LogScreen:
        self.session.look()
        while self.session.work():
            pass
        self.session.look()
        return self.session.screen()

    def texts(self) -> list[str]:
        return [plain(line.inks) for line in self.settle().lines]

    @property
    def status(self):
        return self.settle().status


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"line %d\n" % number for number in range(1, 101)))
    return path


@pytest.fixture
def looked(path) -> Looked:
    return Looked(path)


def append(path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_the_end_is_shown_and_followed(looked, path):
    assert looked.texts() == [f"line {number}" for number in range(96, 101)]
    append(path, "more\n")
    assert looked.texts()[-2:] == ["line 100", "more"]
    assert (looked.status.following, looked.status.lines, looked.status.percent) == (True, None, 100)


def test_nothing_new_is_nothing_to_draw(looked, path):
    looked.settle()
    looked.session.look()
    assert not looked.session.changed
    append(path, "more\n")
    looked.session.look()
    assert looked.session.changed


def test_scrolling_up_pauses_and_counts_what_comes(looked, path):
    looked.session.scroll(-2)
    append(path, "a\nb\nc")
    assert looked.texts() == [f"line {number}" for number in range(94, 99)]
    status = looked.status
    assert (status.following, status.new_lines, status.line, status.lines) == (False, 2, 94, 103)
    looked.session.follow(on=True)
    assert looked.texts()[-1] == "c"
    assert looked.status.new_lines == 0


def test_scrolling_down_beyond_the_end_follows_again(looked, path):
    looked.session.scroll(-2)
    looked.session.scroll(2)
    assert not looked.status.following
    looked.session.scroll(1)
    assert looked.status.following


def test_top_pages_and_sideways(looked):
    looked.session.to_top()
    assert looked.texts()[0] == "line 1"
    looked.session.scroll_pages(1)
    assert looked.texts()[0] == "line 5"
    looked.session.scroll_pages(0.5)
    assert looked.texts()[0] == "line 7"
    looked.session.scroll_pages(-9)
    assert looked.texts()[0] == "line 1"
    looked.session.scroll_sideways(3)
    assert looked.texts()[0] == "e 1"
    looked.session.scroll_sideways(-9)
    assert looked.texts()[0] == "line 1"


def test_search_goes_to_the_last_hit_from_the_end_and_round(looked):
    looked.session.search("line 3")
    status = looked.status
    assert (status.search, status.hits, status.hit, status.searching) == ("line 3", 11, 11, False)
    assert looked.settle().row == "line 39"
    looked.session.next_hit(-1)
    assert looked.settle().row == "line 38"
    looked.session.next_hit(1)
    looked.session.next_hit(1)
    screen = looked.settle()
    assert (screen.row, screen.status.hit) == ("line 3", 1)
    assert screen.status.notice == "line 3: from the beginning again"
    looked.session.next_hit(-1)
    screen = looked.settle()
    assert (screen.row, screen.status.notice) == ("line 39", "line 3: from the end again")
    assert any(ink.hit for line in screen.lines for ink in line.inks if line.begin == screen.current)
    looked.session.search("")
    assert looked.status.hits is None


def test_a_search_from_within_goes_down_from_the_first_line_on_the_screen(looked):
    looked.session.to_top()
    looked.session.search("line 1")
    assert looked.settle().row == "line 1"
    looked.session.scroll(30)
    looked.session.next_hit(1)
    assert looked.settle().row == "line 100"


def test_what_is_not_there_is_said(looked):
    looked.session.search("nowhere")
    screen = looked.settle()
    assert (screen.status.notice, screen.status.hits, screen.misses) == ("nowhere: not found", 0, 1)
    assert screen.status.following
    looked.session.next_error(1)
    assert looked.status.notice == "errors: not found"
    looked.session.search("(a+)+")
    assert "too long" in looked.status.notice


def test_errors_are_gone_to(looked, path):
    append(path, "Traceback (most recent call last):\n  File x\nValueError: bad\n" + "after\n" * 50)
    looked.session.to_top()
    looked.session.next_error(1)
    assert looked.settle().row.startswith("Traceback")
    looked.session.next_error(1)
    assert looked.settle().row == "ValueError: bad"
    looked.session.next_error(-1)
    assert looked.settle().row.startswith("Traceback")


def test_a_filter_shows_matching_lines_live(looked, path):
    looked.session.filter("9$")
    assert looked.texts() == ["line 59", "line 69", "line 79", "line 89", "line 99"]
    append(path, "line 109\nnot this\nline 119")
    assert looked.texts()[-2:] == ["line 109", "line 119"]
    status = looked.status
    assert (status.filter, status.matching) == ("9$", 12)
    looked.session.scroll(-5)
    assert looked.texts()[0] == "line 29"
    looked.session.search("line 1")
    assert looked.settle().row == "line 109"
    looked.session.filter("")
    assert looked.status.filter == ""
    looked.session.follow(on=True)
    assert looked.texts()[-1] == "line 119"


def test_an_inverse_filter_shows_the_others(looked):
    looked.session.filter("!line [0-9]*[1-9]$")
    assert looked.texts() == ["line 60", "line 70", "line 80", "line 90", "line 100"]
    looked.session.filter("!")
    assert len(looked.texts()) == 5
    assert looked.status.matching is None


def test_a_filter_without_matches_shows_nothing_and_can_be_left(looked):
    looked.session.filter("nowhere")
    assert looked.texts() == []
    looked.session.scroll(-3)
    assert looked.texts() == []
    looked.session.filter("")
    looked.session.follow(on=True)
    assert looked.texts()[-1] == "line 100"


def test_wrapping_keeps_the_first_line(looked, path):
    append(path, "x" * 100 + "\n" + "".join(f"end {number}\n" for number in range(9)))
    looked.session.search("xxx")
    looked.session.wrap()
    texts = looked.texts()
    assert looked.status.wrap
    top = texts[0]
    assert [text for text in texts if set(text) == {"x"}] == ["x" * 40, "x" * 40, "x" * 20]
    looked.session.wrap()
    assert looked.texts()[0] == top


def test_a_long_line_is_scrolled_through_line_by_line_when_folded(looked, path):
    append(path, "".join(f"{number:03d}" + "." * 37 for number in range(30)) + "\n")
    looked.session.wrap()
    looked.session.follow(on=True)
    assert [text[:3] for text in looked.texts()] == ["025", "026", "027", "028", "029"]
    looked.session.scroll(-3)
    assert looked.texts()[0][:3] == "022"
    looked.session.scroll(-24)
    assert looked.texts()[:3] == ["line 99", "line 100", "000" + "." * 37]
    looked.session.scroll(10)
    assert looked.texts()[0][:3] == "008"


def test_marks_remember_a_place(looked):
    looked.session.to_top()
    looked.session.scroll(10)
    looked.session.mark("a")
    assert looked.status.notice == "marked as a"
    looked.session.follow(on=True)
    looked.session.to_mark("a")
    assert looked.texts()[0] == "line 11"
    looked.session.to_mark("b")
    assert looked.status.notice == "no mark b"
    assert looked.texts()[0] == "line 11"


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("50", "line 50"),
        ("1", "line 1"),
        ("0", "line 1"),
        ("100", "line 100"),
        ("0%", "line 1"),
        (" 50 % ", "line 51"),
    ],
)
def test_going_to_a_line_or_a_share(looked, text, row):
    looked.session.go_to(text)
    assert looked.settle().row == row
    assert looked.status.notice == ""


def test_going_nowhere_is_said(looked):
    looked.session.go_to("12345")
    assert looked.status.notice == "there are only 100 lines"
    assert looked.settle().row == "line 100"
    looked.session.go_to("soon")
    assert looked.status.notice == "soon: neither a line number nor a percentage"


def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path):
    looked = Looked(tmp_path / "later")
    assert looked.status.notice == "not there yet: log"
    assert looked.texts() == []
    (tmp_path / "later").write_text("here\n")
    assert looked.texts() == ["here"]
    assert looked.status.notice == ""


def test_an_empty_log_is_empty(tmp_path):
    (tmp_path / "log").touch()
    looked = Looked(tmp_path / "log")
    assert (looked.texts(), looked.status.notice) == ([], "")
    for act in (looked.session.to_top, lambda: looked.session.scroll(-3), lambda: looked.session.search("x")):
        act()
        assert looked.texts() == []
    looked.session.go_to("5")
    looked.settle()


def test_truncated_rewritten_replaced_and_deleted_are_said(looked, path, tmp_path):
    os.truncate(path, 0)
    append(path, "short\n")
    assert looked.texts() == ["short"]
    assert looked.status.notice == "truncated: shown from its new beginning"
    path.write_text("rewritten and longer\n")
    assert looked.texts() == ["rewritten and longer"]
    assert looked.status.notice.startswith("rewritten")
    (tmp_path / "new").write_text("new\n")
    os.replace(tmp_path / "new", path)
    assert looked.texts() == ["new"]
    assert looked.status.notice.startswith("replaced")
    path.unlink()
    assert looked.texts() == ["new"]
    assert looked.status.notice == "deleted"


def test_truncation_while_scrolled_back_in_a_search(looked, path):
    looked.session.search("line 5")
    looked.settle()
    os.truncate(path, 30)
    assert looked.texts() == ["line 1", "line 2", "line 3", "line 4", "li"]
    assert looked.status.hits == 0


def test_the_five_cases_on_the_screen(tmp_path):
    data, rows = five_cases()
    (tmp_path / "log").write_bytes(data)
    looked = Looked(tmp_path / "log", width=500, height=20)
    assert looked.texts() == rows
    looked.session.to_top()
    assert looked.texts() == rows
    looked.session.search("red")
    assert looked.settle().row == "red plain bold green"


def test_a_bar_on_the_screen_goes_on_while_scrolled_back(tmp_path):
    path = tmp_path / "log"
    path.write_text("one\ntwo\nthree\nfour\nfive\n\r 1%")
    looked = Looked(path, height=4)
    looked.session.scroll(-1)
    looked.session.scroll(1)
    append(path, "\r50%")
    assert looked.texts() == ["three", "four", "five", "50%"]
    assert not looked.status.following


def test_a_zipped_log_has_ended_and_says_what_is_wrong_with_it(tmp_path):
    data = b"".join(b"line %d\n" % number for number in range(100_000))
    with zipfile.ZipFile(tmp_path / "run.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log", data)
    looked = Looked(f"{tmp_path}/run.zip::log")
    assert looked.texts()[-1] == "line 99999"
    looked.session.search("line 7$")
    assert looked.settle().row == "line 7"
    assert looked.status.line == 7
    looked.session.go_to("50000")
    assert looked.settle().row == "line 49999"


def test_a_filter_begins_where_one_was_and_leads_back_there(looked):
    looked.session.to_top()
    looked.session.scroll(40)
    looked.session.filter("[05]$")
    assert looked.texts()[0] == "line 45"
    looked.session.filter("")
    assert looked.texts()[0] == "line 41"
    looked.session.filter("[05]$")
    looked.settle()
    looked.session.scroll(2)
    looked.session.filter("")
    assert looked.texts()[0] == "line 55"
