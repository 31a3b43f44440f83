"""The report of a crash tells what is needed and nothing that is nobody's business."""

from __future__ import annotations

import threading

import pytest
from textual.app import App

from orp_tui.tui.crash import Faults, watch_for_faults, write_report


def raised(message: str = "it broke") -> ValueError:
    secret_local = "local-value-nobody-should-see"
    try:
        raise ValueError(message) from KeyError(len(secret_local))
    except ValueError as error:
        return error


def test_a_report_holds_versions_terminal_traceback_and_what_was_said(tmp_path):
    environ = {"HOME": str(tmp_path), "TERM": "xterm", "LANG": "C.UTF-8", "AWS_SECRET_ACCESS_KEY": "abc"}

    path = write_report(
        [raised()], said=["10:00 copied", "09:59 x cancelled"], facts={"screen": "80x24"}, environ=environ
    )

    text = path.read_text()
    assert path.parent == tmp_path / ".local" / "state" / "orp"
    assert path.stat().st_mode & 0o777 == 0o600
    for part in (
        "orp 0.",
        "textual 8",
        "Python 3.",
        "TERM=xterm",
        "screen: 80x24",
        "ValueError: it broke",
        "KeyError",
        "10:00 copied",
    ):
        assert part in text
    for hidden in ("AWS", "local-value-nobody-should-see\n", "abc\n"):
        assert hidden not in text


def test_nothing_in_a_report_can_act_on_a_terminal_or_tells_a_secret(tmp_path):
    token = "ghp_" + "a1B2" * 9
    hostile = f"\x1b]0;owned\x07\x1b[2J {token}\u202e\nnext"

    text = write_report(
        [raised(hostile)],
        said=[hostile],
        facts={"theme": hostile},
        environ={"HOME": str(tmp_path), "TERM": hostile},
    ).read_text()

    assert token not in text
    assert all(char.isprintable() or char == "\n" for char in text)


def test_where_the_state_folder_cannot_be_written_it_goes_to_the_temporary_one(tmp_path, monkeypatch):
    (tmp_path / "home").write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = write_report([raised()], environ={"HOME": str(tmp_path / "home")})
    assert path.is_relative_to(tmp_path)
    assert "it broke" in path.read_text()


def test_two_reports_in_one_second_do_not_overwrite_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    environ = {"HOME": str(tmp_path)}
    first, second = (write_report([raised(text)], environ=environ) for text in ("one", "two"))
    assert "one" in first.read_text()
    assert "two" in second.read_text()


def test_a_very_long_message_does_not_fill_the_disk(tmp_path):
    path = write_report([raised("x" * 5_000_000)], environ={"HOME": str(tmp_path)})
    assert path.stat().st_size < 600_000


@pytest.mark.anyio
async def test_an_error_ends_the_app_quietly_and_is_remembered():
    class Broken(App[None]):
        def on_mount(self) -> None:
            self.call_later(self.boom)

        def boom(self) -> None:
            raise ValueError("boom")

    app, faults = Broken(), Faults()
    watch_for_faults(app, faults)
    await app.run_async(headless=True)

    assert [str(error) for error in faults.errors] == ["boom"]
    assert faults.is_fatal
    assert app.return_code == 1
    assert app._exit_renderables == []


@pytest.fixture
def hook():
    before = threading.excepthook
    yield
    threading.excepthook = before


def test_an_error_that_ends_a_thread_is_remembered_and_ends_nothing_else(hook):
    faults = Faults()
    watch_for_faults(App(), faults)

    def work() -> None:
        raise ValueError("in a thread")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert [str(error) for error in faults.errors] == ["in a thread"]
    assert not faults.is_fatal
