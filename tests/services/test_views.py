"""Saved views of the list of runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from orp_tui.core.errors import UsageError
from orp_tui.services.context import open_context
from orp_tui.services.views import MOST, View, drop_view, find_view, read_views, save_view

VIEW = View("best", "state:ok | metric.acc>0.9", ("id", "cfg.lr"), ("-metric.acc", "age"), ("cfg.lr",))


@pytest.fixture
def context(tmp_path):
    (tmp_path / "project").mkdir()
    return open_context(start=tmp_path / "project", base_dir=str(tmp_path / "experiments"))


def test_a_view_is_kept_as_it_was_saved_and_in_its_place(context):
    view = View("best", "metric.acc>0.9", VIEW.columns, VIEW.sort, VIEW.group_by)

    assert not save_view(context, view)
    assert not save_view(context, View("all"))
    assert save_view(context, View("BEST", "tag:a"))

    assert read_views(context) == (View("BEST", "tag:a"), View("all"))
    assert find_view(context, "best").filter == "tag:a"
    assert drop_view(context, "Best").name == "BEST"
    assert read_views(context) == (View("all"),)


def test_all_parts_survive_the_file(context):
    view = View("x", "metric.acc>0.9", VIEW.columns, VIEW.sort, VIEW.group_by)
    save_view(context, view)

    assert read_views(context) == (view,)
    assert (context.paths.base / "views.json").stat().st_mode & 0o077 == 0


def test_an_unknown_name_is_answered_with_the_nearest(context):
    with pytest.raises(UsageError, match="none is saved yet"):
        find_view(context, "x")
    save_view(context, View("baseline"))
    with pytest.raises(UsageError, match="did you mean 'baseline'"):
        drop_view(context, "basline")
    with pytest.raises(UsageError, match="there are baseline"):
        find_view(context, "\x1b[2J")


@pytest.mark.parametrize(
    "view",
    [
        View(""),
        View(" a"),
        View("a\nb"),
        View("\x1b[31mred"),
        View("x" * 41),
        View("a", "cfg.lr>>"),
        View("a", "x" * 5000),
        View("a", columns=("nmae",)),
        View("a", sort=("--id",)),
        View("a", group_by=("metric.",)),
    ],
)
def test_what_cannot_be_shown_is_not_saved(context, view):
    with pytest.raises(UsageError):
        save_view(context, view)
    assert read_views(context) == ()


def test_too_many_views_are_refused(context):
    path = context.paths.base / "views.json"
    context.paths.base.mkdir(exist_ok=True)
    path.write_text(json.dumps({"views": [{"name": f"v{number}"} for number in range(MOST)]}))

    with pytest.raises(UsageError, match="already"):
        save_view(context, View("one more"))


def test_what_is_no_view_is_left_out_and_a_damaged_file_is_told_and_kept(context):
    path = context.paths.base / "views.json"
    context.paths.base.mkdir(exist_ok=True)
    path.write_text(
        json.dumps({"views": [{"name": "a"}, 5, {"name": 3}, {"name": "b", "columns": [[]]}, {"name": "A"}]})
    )
    assert read_views(context) == (View("a"),)

    for text in ("{half", "[]", '{"views": 1}'):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"views\.json"):
            save_view(context, View("c"))
        assert path.read_text() == text


def test_two_processes_lose_no_view(context):
    code = (
        "import sys; from pathlib import Path\n"
        "from orp_tui.services.context import open_context\n"
        "from orp_tui.services.views import View, save_view\n"
        "context = open_context(start=Path(sys.argv[1]), base_dir=sys.argv[2])\n"
        "for n in range(10): save_view(context, View(f'{sys.argv[3]}{n}'))\n"
    )
    argv = [sys.executable, "-c", code, os.fspath(context.project), os.fspath(context.paths.base)]
    writers = [subprocess.Popen([*argv, by]) for by in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]

    assert {view.name for view in read_views(context)} == {f"{by}{n}" for by in "ab" for n in range(10)}
