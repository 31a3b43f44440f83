"""`metadata.tags` of an experiment file are tags of its run."""

from __future__ import annotations

import pytest

from orp_tui.services.annotations import Tag, annotate, read_annotations, tags_of_file
from orp_tui.services.configs_submit import submit_configs
from orp_tui.services.reference import find_run


def submitted(project, metadata=""):
    path = project.folder / "a.yaml"
    path.write_text(f'experiment: {{name: a}}\ntraining: {{script: ["true"]}}\n{metadata}')
    added = submit_configs(project.context, [path])
    project.accepted += added.run_ids
    (run_id,) = added.run_ids
    return run_id


def tags_of(project, run_id):
    return read_annotations(project.run(run_id)).tags


def test_they_find_the_run_as_any_tag_does(project):
    run_id = submitted(project, "metadata: {tags: [Paper, two words]}")

    assert tags_of(project, run_id) == ("Paper", "two-words")
    with project.context.store() as connection:
        assert find_run(connection, "tag:paper", project.context.paths).id == run_id


def test_they_can_be_taken_away(project):
    run_id = submitted(project, "metadata: {tags: paper}")
    with project.context.store() as connection:
        annotate(project.context, connection, [run_id], Tag(remove=("paper",)), by="me@here")

    assert tags_of(project, run_id) == ()


@pytest.mark.parametrize("metadata", ["", "metadata: {tags: []}", "metadata: {tags: ['-']}"])
def test_a_file_without_any_leaves_no_notes(project, metadata):
    run_id = submitted(project, metadata)

    assert not project.run(run_id).notes.exists()


def test_what_can_be_no_tag_becomes_one_or_is_left_out():
    given = ["a,b", "+more", "A-B", "x\x1b[31m", "y" * 99, "", 7]

    assert tags_of_file(given) == ("A-B", "more", "y" * 60, "7")
