"""What people say of runs, and what holds of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_folders import run_id, submitted

from orp_tui.core.errors import UsageError
from orp_tui.core.states import RunState
from orp_tui.files.json_lines import read
from orp_tui.services.annotations import (
    LONGEST_NOTE,
    MOST_TAGS,
    Annotations,
    Archive,
    Star,
    Tag,
    WriteNote,
    annotate,
    fold,
    read_annotations,
    read_tags,
)
from orp_tui.services.context import open_context
from orp_tui.store import events, runs
from orp_tui.store.database import transaction


class Base:
    """A base directory with queued runs made by hand."""

    def __init__(self, folder):
        (folder / "project").mkdir(parents=True)
        self.context = open_context(start=folder / "project", base_dir=str(folder / "experiments"))
        self.paths = self.context.paths

    def run(self, name):
        folder = submitted(self.paths, name)
        with self.context.store() as connection:
            if runs.get(connection, folder.run_id) is None:
                runs.insert(connection, runs.NewRun(folder.run_id, name, 1.0, "me@here"))
        return folder

    def act(self, act, *folders):
        with self.context.store() as connection:
            return annotate(self.context, connection, [item.run_id for item in folders], act, by="ana@lab")

    def row(self, folder):
        with self.context.store() as connection:
            return runs.get(connection, folder.run_id)

    def events(self, folder):
        with self.context.store() as connection:
            return [(item.kind, item.detail) for item in events.of_run(connection, folder.run_id)][1:]


@pytest.fixture
def base(tmp_path):
    return Base(tmp_path)


def test_tags_are_added_and_removed_whatever_their_case(base):
    folder = base.run("a")

    (first,) = base.act(Tag(("Main", "paper")), folder)
    (second,) = base.act(Tag(("main", "x"), ("PAPER",)), folder)

    assert (first.word, second.word) == ("+Main +paper", "+x -paper")
    assert read_annotations(folder).tags == ("Main", "x")


def test_a_star_and_the_archive_are_switches(base):
    folder = base.run("a")

    words = [base.act(act, folder)[0].word for act in (Star(), Star(), Star(False), Star(False), Archive())]

    assert words == ["starred", "starred already", "not starred any more", "was not starred", "archived"]
    assert read_annotations(folder) == Annotations(is_archived=True)


def test_the_newest_note_stands_for_all(base):
    folder = base.run("a")
    base.act(WriteNote("first"), folder)
    base.act(WriteNote("second\nline"), folder)

    found = read_annotations(folder)

    assert found.note == "second\nline"
    assert [(item.by, item.text) for item in found.notes] == [
        ("ana@lab", "first"),
        ("ana@lab", "second\nline"),
    ]


def test_every_act_raises_the_version_after_its_line_is_there_and_is_an_event(base):
    folder = base.run("a")
    before = base.row(folder).version

    base.act(Tag(("a",)), folder)
    base.act(Star(), folder)
    base.act(Star(), folder)  # nothing new, and yet lists are made to look again

    assert base.row(folder).version == before + 3
    assert base.row(folder).state is RunState.QUEUED
    assert base.events(folder) == [("tag", "+a"), ("star", "starred")]
    assert [line["kind"] for line in read(folder.notes, limit=1 << 20)] == ["tag", "star"]


def test_one_run_that_cannot_be_annotated_stops_no_other(base):
    first, gone, odd = base.run("a"), base.run("b"), base.run("c")
    gone.request.unlink()
    gone.folder.rmdir()
    os.mkfifo(odd.notes)

    answers = base.act(Star(), first, gone, odd)

    assert [item.done for item in answers] == [True, False, False]
    assert "its folder is gone" in answers[1].word
    assert "cannot be written" in answers[2].word
    assert not gone.folder.exists()
    assert base.row(gone).version == 0


@pytest.mark.parametrize(
    "text",
    ["", "a b", "a,", "x" * 61, "+a", "-a", "a\x1b[31m", "a\u202eb", "a\tb", "a\nb", "zero\u200bwidth"],
)
def test_a_text_that_can_be_no_tag_is_refused(base, text):
    with pytest.raises(UsageError, match="tag"):
        base.act(Tag((text,)), base.run("a"))


def test_tags_are_read_from_words_with_commas():
    assert read_tags(["a,b", "A", " c "]) == ("a", "b", "c")
    with pytest.raises(UsageError):
        read_tags(["a,,b"])


def test_adding_and_removing_the_same_tag_makes_no_sense(base):
    with pytest.raises(UsageError, match="both"):
        base.act(Tag(("a",), ("A",)), base.run("a"))


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST_NOTE + 1)])
def test_an_empty_or_huge_note_is_refused(base, text):
    with pytest.raises(UsageError, match="note"):
        base.act(WriteNote(text), base.run("a"))


def test_a_run_has_no_more_tags_than_can_be_kept(base):
    folder = base.run("a")
    base.act(Tag(tuple(f"t{number}" for number in range(MOST_TAGS))), folder)

    (answer,) = base.act(Tag(("one-more",)), folder)

    assert not answer.done
    assert base.act(Tag(("one-more",), ("t0",)), folder)[0].done
    assert len(read_annotations(folder).tags) == MOST_TAGS


def test_damaged_and_hostile_lines_change_nothing(base):
    folder = base.run("a")
    lines = [
        {"kind": "tag", "add": ["good", "b a d", 5, None, "\x1b]0;x\x07", {}], "remove": "good"},
        {"kind": "tag", "add": {"a": 1}},
        {"kind": "star", "on": "no"},
        {"kind": "star"},
        {"kind": "archive", "on": 1},
        {"kind": "note", "text": ["x"]},
        {"kind": "note", "at": float("nan"), "by": 3, "text": "kept"},
        {"kind": ["tag"], "add": ["x"]},
        {"kind": "cleaned", "what": {"workspace": 1}},
    ]
    folder.notes.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"kind": "star", "on": tr')

    found = read_annotations(folder)

    assert (found.tags, found.is_starred, found.is_archived) == (("good",), False, False)
    assert [(item.at, item.by, item.text) for item in found.notes] == [(None, "3", "kept")]


ACTS = st.lists(
    st.one_of(
        st.builds(
            Tag,
            st.lists(st.sampled_from("aAbBcC"), max_size=3, unique_by=str.casefold).map(tuple),
            st.lists(st.sampled_from("dD"), max_size=2, unique_by=str.casefold).map(tuple),
        ),
        st.builds(Tag, st.just(()), st.lists(st.sampled_from("aBc"), max_size=3).map(tuple)),
        st.builds(Star, st.booleans()),
        st.builds(Archive, st.booleans()),
    ),
    max_size=8,
)


@given(ACTS)
def test_the_fold_agrees_with_a_slow_model(acts):
    tags, star, archive, lines = {}, False, False, []
    for act in acts:
        if isinstance(act, Tag):
            lines.append({"kind": "tag", "add": list(act.add), "remove": list(act.remove)})
            tags = {
                key: tag for key, tag in tags.items() if key not in {item.casefold() for item in act.remove}
            }
            tags = {**{tag.casefold(): tag for tag in act.add}, **tags}
        elif isinstance(act, Star):
            lines.append({"kind": "star", "on": act.on})
            star = act.on
        else:
            lines.append({"kind": "archive", "on": act.on})
            archive = act.on

    assert fold(lines) == Annotations(tuple(tags[key] for key in sorted(tags)), star, archive)


def test_many_writers_lose_no_tag(base):
    folder = base.run("a")
    code = (
        "import sys; from pathlib import Path; from orp_tui.services.annotations import Tag, annotate\n"
        "from orp_tui.services.context import open_context\n"
        "context = open_context(start=Path(sys.argv[1]), base_dir=sys.argv[2])\n"
        "for n in range(8):\n"
        "    with context.store() as connection:\n"
        "        annotate(context, connection, [sys.argv[3]], Tag((f'{sys.argv[4]}{n}',)), by='x')\n"
    )
    words = [sys.executable, "-c", code, base.context.project, base.paths.base, folder.run_id]
    writers = [subprocess.Popen([*words, by]) for by in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]

    assert set(read_annotations(folder).tags) == {f"{by}{number}" for by in "ab" for number in range(8)}
    assert base.row(folder).version == 16


def test_touching_a_run_that_is_not_there_is_no_matter(base):
    base.run("a")
    with base.context.store() as connection, transaction(connection):
        runs.touch(connection, run_id("none"), at=1.0, actor="me", kind="tag", detail="+a")
        assert events.of_run(connection, run_id("none")) == []
