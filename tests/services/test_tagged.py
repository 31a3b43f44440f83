"""`tag:NAME` as a reference to a run."""

from __future__ import annotations

import pytest
from run_folders import submitted

from orp_tui.core.errors import RunNotFound
from orp_tui.services.annotations import Archive, Tag, annotate
from orp_tui.services.context import open_context
from orp_tui.services.reference import find_run
from orp_tui.store import runs


@pytest.fixture
def context(tmp_path):
    (tmp_path / "project").mkdir()
    return open_context(start=tmp_path / "project", base_dir=str(tmp_path / "experiments"))


def add(context, name, at):
    folder = submitted(context.paths, name)
    with context.store() as connection:
        if runs.get(connection, folder.run_id) is None:
            runs.insert(connection, runs.NewRun(folder.run_id, name, at, "me@here"))
    return folder.run_id


def act(context, run_id, act_):
    with context.store() as connection:
        annotate(context, connection, [run_id], act_, by="me@here")


def meant(context, reference):
    with context.store() as connection:
        return find_run(connection, reference, context.paths).id


def test_it_means_the_newest_run_that_has_the_tag_now(context):
    first, second, third = (add(context, name, at) for name, at in (("a", 1.0), ("b", 2.0), ("c", 3.0)))
    for run_id in (first, second, third):
        act(context, run_id, Tag(("Main",)))
    assert meant(context, "tag:main") == third

    act(context, third, Tag(remove=("main",)))
    act(context, second, Archive())
    assert meant(context, "tag:MAIN") == second

    act(context, second, Tag(remove=("main",)))
    assert meant(context, "tag:main") == first


@pytest.mark.parametrize("tag", ["", "main", "ma*", 'a"b', "(", "x y"])
def test_a_tag_that_no_run_has_is_told(context, tag):
    act(context, add(context, "a", 1.0), Tag(("mainline",)))

    with pytest.raises(RunNotFound, match="no run has that tag"):
        meant(context, f"tag:{tag}")


def test_a_run_that_is_called_so_is_found_by_its_id(context):
    run_id = add(context, "tag:x", 1.0)

    assert meant(context, run_id) == run_id
