"""`orp tag`, `star`, `note` and `archive`: from the command line into the run and back out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk import Desk
from pseudo_terminal import terminal
from waiting import until


@pytest.fixture
def waiting(desk: Desk) -> tuple[Desk, str, str]:
    """A project without a queue processor and two runs that wait, oldest first."""
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    first, second = (
        desk.call("run", "--detach", desk.write(f"{name}.yaml")).out.strip() for name in ("one", "two")
    )
    return desk, first, second


def test_tags_come_and_go_by_their_sign(waiting: tuple[Desk, str, str]) -> None:
    desk, first, second = waiting

    done = desk.call("tag", first, "two", "+paper", "+math,best", "-draft")
    listed = desk.call("tag", first, second)
    again = desk.call("tag", "--add", "x", "--remove", "math", first, "-best", "--json")

    assert (done.code, done.err) == (0, "")
    assert done.out == "".join(f"{run_id}: +paper +math +best\n" for run_id in (first, second))
    assert listed.out == "".join(f"{run_id}: best math paper\n" for run_id in (first, second))
    (item,) = again.json
    assert (item["id"], item["tags"], item["done"]) == (first, ["paper", "x"], True)
    assert desk.call("tag", first, "--json").json == [{"id": first, "tags": ["paper", "x"]}]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["+a b"], "blank or a comma"),
        (["+"], "is empty"),
        (["+a", "-A"], "both to be added and to be removed"),
        (["+" + "x" * 80], "at most 60"),
        (["+a\x1b[2J"], "cannot be shown"),
    ],
)
def test_what_can_be_no_tag_is_told_in_one_line(
    waiting: tuple[Desk, str, str], words: list[str], says: str
) -> None:
    desk, first, _ = waiting

    done = desk.call("tag", first, *words)

    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert len(done.err.splitlines()) == 1
    assert "\x1b" not in done.err
    assert desk.call("tag", first).out == f"{first}: no tags\n"


def test_an_unknown_run_stops_the_command_before_anything_is_done(waiting: tuple[Desk, str, str]) -> None:
    desk, first, _ = waiting

    done = desk.call("tag", first, "nothing-like-it", "+a")

    assert done.code == 2
    assert "no such run" in done.err
    assert desk.call("tag", first).out == f"{first}: no tags\n"
    assert desk.call("tag", "+a").code == 2


def test_a_run_whose_folder_is_gone_is_refused_and_the_other_tagged(waiting: tuple[Desk, str, str]) -> None:
    import shutil

    desk, first, second = waiting
    shutil.rmtree(desk.run(first).folder)

    done = desk.call("star", first, second)

    assert done.code == 2
    assert done.err == f"orp: {first}: its folder is gone, where the notes would lie\n"
    assert done.out == f"{second}: starred\n"


def test_stars_and_the_archive_are_put_on_and_taken_off(waiting: tuple[Desk, str, str]) -> None:
    desk, first, _ = waiting

    out = [
        desk.call(*words, first).out.removeprefix(f"{first}: ").strip()
        for words in (["star"], ["archive"], ["star", "--remove"], ["archive", "--remove"])
    ]

    assert out == ["starred", "archived", "not starred any more", "not archived any more"]


def test_filters_name_the_runs(waiting: tuple[Desk, str, str]) -> None:
    desk, first, second = waiting

    assert desk.call("tag", "--all-queued", "+a").code == 0
    assert desk.call("note", "--name", "one", "a word").code == 0

    assert desk.call("tag", first, second).out == f"{first}: a\n{second}: a\n"
    assert desk.call("info", "--json", first).json["note"] == "a word"
    assert desk.call("info", "--json", second).json["note"] == ""


def test_notes_come_from_the_last_word_from_m_and_from_stdin(waiting: tuple[Desk, str, str]) -> None:
    desk, first, second = waiting

    assert desk.call("note", first, "first words").out == f"{first}: noted: first words\n"
    assert desk.call("note", first, second, "-m", "both").code == 0
    piped = desk.shell(f"printf 'line one\\nline two\\n' | orp note {first}")
    empty = desk.shell(f"orp note {first} < /dev/null")

    assert piped.code == 0, piped.err
    assert (empty.code, empty.err) == (2, "orp: the note is empty\n")
    notes = desk.call("info", "--json", first).json["notes"]
    assert [item["text"] for item in notes] == ["first words", "both", "line one\nline two"]
    assert "line one\nline two\n" in desk.call("note", "--list", first).out
    assert desk.call("note", "--list", second, "--json").json[0]["notes"][0]["text"] == "both"


def test_without_a_text_the_editor_is_asked(waiting: tuple[Desk, str, str], tmp_path: Path) -> None:
    desk, first, second = waiting
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\ngrep -c "^#   exp_" "$1" > "$0.seen"\nprintf "from the editor\\n" | cat - "$1" > "$1.new"\nmv "$1.new" "$1"\n'
    )
    editor.chmod(0o755)

    with terminal(desk, "note", first, second, EDITOR=str(editor), VISUAL="") as made:
        assert made.end() == 0, made.seen

    assert (tmp_path / "editor.seen").read_text() == "2\n"
    assert desk.call("info", "--json", first).json["note"] == "from the editor"

    with terminal(desk, "note", first, EDITOR="true", VISUAL="") as made:
        assert made.end() == 2
    assert b"no note was written" in made.seen


def test_info_shows_what_was_said(waiting: tuple[Desk, str, str]) -> None:
    desk, first, _ = waiting
    for words in (
        ["tag", first, "+a", "+b"],
        ["star", first],
        ["archive", first],
        ["note", first, "x \x1b[2J"],
    ):
        assert desk.call(*words).code == 0

    out = desk.call("info", first).out

    assert re.search(r"^tags +a b$", out, re.MULTILINE)
    assert re.search(r"^kept as +starred, archived$", out, re.MULTILINE)
    assert re.search(r"^note +.*: x$", out, re.MULTILINE)
    assert "\x1b" not in out


def test_a_run_is_annotated_while_it_runs_and_ends_as_if_nothing_had_been(desk: Desk) -> None:
    run_id = desk.begin(script="echo here; while [ ! -e stop ]; do sleep 0.05; done")

    for number in range(5):
        assert desk.call("tag", run_id, f"+t{number}").code == 0
    (desk.run(run_id).workspace / "stop").touch()
    until(lambda: desk.call("info", "--json", run_id).json["state"] == "succeeded")

    assert desk.call("tag", run_id).out == f"{run_id}: t0 t1 t2 t3 t4\n"
