"""The runs that are drawn before Textual is there: true, harmless, and never waited for."""

from __future__ import annotations

import threading

import pytest

from orp_tui.core.sanitise import cell_width
from orp_tui.services.board import BoardReader
from orp_tui.tui import first_look as module
from orp_tui.tui.first_look import first_look, queue_lines


def named(project, name):
    source = project.source("sleep 60")
    import dataclasses

    return project.submit_source(
        dataclasses.replace(source, plan=dataclasses.replace(source.plan, name=name))
    )


def test_it_shows_the_runs_as_they_are(project):
    run_id = project.submit("sleep 60")

    board = first_look(project.context)
    (line,) = queue_lines(board, 100)

    assert line.startswith(run_id.rpartition("_")[2])
    assert "wait" in line


def test_where_nothing_was_ever_run_there_is_nothing_and_nothing_is_made(project):
    assert first_look(project.context) is None
    assert not project.paths.database.exists()


def test_a_store_that_is_no_database_is_left_to_the_dashboard(project):
    project.submit("true")
    project.paths.database.write_bytes(
        b"no database at all, and longer than its header of one hundred bytes" * 9
    )
    assert first_look(project.context) is None


def test_a_look_that_takes_long_is_not_waited_for(project, monkeypatch):
    project.submit("true")
    go_on = threading.Event()
    monkeypatch.setattr(module, "WITHIN_S", 0.05)
    monkeypatch.setattr(BoardReader, "look", lambda self: go_on.wait(30))

    assert first_look(project.context) is None

    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "first-look":
            thread.join(30)


def test_a_look_that_breaks_says_nothing_on_the_screen(project, monkeypatch, capfd):
    project.submit("true")
    monkeypatch.setattr(BoardReader, "look", lambda self: 1 / 0)
    assert first_look(project.context) is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("width", [0, 1, 7, 40, 200])
@pytest.mark.parametrize(
    "name", ["plain", "\x1b]0;x\x07[/]", "宽" * 40, "e" + "\u0301" * 10_000, "🙂👨‍👩‍👧" * 9]
)
def test_no_name_is_too_much_for_a_line(project, name, width):
    named(project, name)
    (line,) = queue_lines(first_look(project.context), width)
    assert cell_width(line) <= width
    assert line.isprintable()


def test_ascii_signs_are_used_where_wanted(project):
    project.submit("sleep 60")
    assert queue_lines(first_look(project.context), 100, ascii_only=True)[0].isascii()
