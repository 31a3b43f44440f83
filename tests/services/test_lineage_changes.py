"""What changed from a run to one that was made from it, of real runs and of imported ones."""

from __future__ import annotations

import json
import shutil

import pytest

from orp_tui.services.again import clone
from orp_tui.services.catalog import Catalog
from orp_tui.services.import_zip import import_zip
from orp_tui.services.lineage import lineage
from orp_tui.services.lineage_changes import Reasons, changes_between, reasons_of
from orp_tui.services.parents import with_parent
from orp_tui.services.submit import sources_of_file


def submitted(project, *, lr, parent=None, **words):
    path = project.folder / "a.yaml"
    experiment = {"name": "a", **words} | ({"parent": parent} if parent else {})
    training = {"script": ["sh", "train.sh"], "config": {"lr": lr}, "inputs": ["data"]}
    path.write_text(json.dumps({"experiment": experiment, "training": training}))
    (source,) = sources_of_file(project.context, path)
    path.unlink()
    with project.context.store() as connection:
        source = with_parent(connection, project.paths, source)
    return project.submit_source(source)


@pytest.fixture
def line(project):
    """Two runs, the second with other values, code and data."""
    (project.folder / "train.sh").write_text("echo one\necho two\n")
    (project.folder / "data").mkdir()
    (project.folder / "data/x").write_text("1")
    first = submitted(project, lr=0.1, hypothesis="it learns")
    (project.folder / "train.sh").write_text("echo one\necho three\n")
    (project.folder / "data/x").write_text("12")
    second = submitted(project, lr=0.01, parent=first, hypothesis="it learns", rationale="too \x1b[1m fast")
    project.settle()
    return first, second


def changed(project, *run_ids):
    catalog = Catalog(project.context)
    catalog.catch_up()
    found = changes_between(project.context, *catalog.runs_of(run_ids))
    catalog.close()
    return found


def test_values_code_and_data_are_told_in_a_line_and_one_by_one(project, line):
    found = changed(project, *line)

    assert found.words == "lr 0.1 → 0.01; train.sh +1 −1; data data changed"
    assert [(item.name, item.before, item.after) for item in found.values] == [("lr", "0.1", "0.01")]
    assert [(item.path, item.added, item.removed) for item in found.code] == [("train.sh", 1, 1)]
    (data,) = found.data
    assert (data.name, data.before[:11], data.after[:11]) == ("data", "1 file, 1 B", "1 file, 2 B")
    assert found.environment == {}
    assert found.reasons == Reasons(rationale="too fast")
    assert reasons_of(project.context, line[1]).hypothesis == "it learns"


def test_a_child_that_changed_nothing_says_so(project, line):
    with project.context.store() as connection:
        made = clone(project.context, connection, project.row(line[1]))
    project.accepted.append(made)

    assert changed(project, line[1], made).words == "nothing changed"


def test_the_tree_of_real_runs_is_found_through_the_catalogue(project, line):
    catalog = Catalog(project.context)
    catalog.catch_up()

    found = lineage(catalog, line[1])

    assert [(row.run_id, row.link) for row in found.rows] == [(line[0], ""), (line[1], "child")]
    catalog.close()


def test_records_that_cannot_be_read_are_told_and_cost_nothing_else(project, line):
    project.run(line[0]).source.unlink()
    project.run(line[0]).environment.write_text("[")
    shutil.rmtree(project.paths.sources)
    for archive in project.paths.artifacts.iterdir():
        archive.unlink()

    found = changed(project, *line)

    assert "its frozen code is gone" in found.code
    assert found.data == "a record of declared inputs can't be read"
    assert found.words.startswith("lr 0.1 → 0.01; code not known; ")
    json.dumps(found.to_json())


def test_imported_runs_are_compared_by_the_code_in_their_zips(make_project, project, line):
    here = make_project()
    with here.context.store() as connection:
        for run_id in line:
            import_zip(here.context, connection, project.paths.artifact(run_id))
    shutil.rmtree(project.root)

    found = changed(here, *line)

    assert [(item.path, item.added, item.removed) for item in found.code] == [("train.sh", 1, 1)]
    assert "-echo two" in found.code[0].diff
    assert found.words == "lr 0.1 → 0.01; train.sh +1 −1; data data changed"
