"""New files are valid, lie in the folder, and write over nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from orp_tui.config.loader import load_experiment_file
from orp_tui.core.errors import ConfigError, UsageError
from orp_tui.services.configs_files import copy_file, file_name, free_name, new_from_template
from orp_tui.services.configs_read import Kind, read
from orp_tui.services.templates import OURS, PYTHON, templates


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.name)
def test_what_every_template_makes_is_valid_and_warns_of_nothing(template, tmp_path):
    path = new_from_template(template, tmp_path / "configs", "new")

    found = read(path)
    assert (path.name, found.kind, found.problems, found.warnings) == ("new.yaml", Kind.VALID, (), ())
    assert found.experiment == "new" or template.is_whole


def test_templates_of_ours_come_first_and_each_has_a_name_of_its_own():
    names = [template.name for template in templates()]

    assert names[: len(OURS)] == [template.name for template in OURS]
    assert "digits" in names
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "name", ["[/]", "ä b", "{name}", "{x}.yml", 'deep/er/it\'s "a"', "-n", "😀", "a#b: c"]
)
def test_a_new_file_may_have_any_name_that_can_be_seen(name, tmp_path):
    path = new_from_template(PYTHON, tmp_path, name)

    assert load_experiment_file(path).spec.experiment.name == path.stem


@pytest.mark.parametrize(
    "name", ["", "  ", "../a", "/tmp/a", "a/../b", "a//b", "~/a", ".a", "a/.b/c", "a\x1b[31m", "a\nb"]
)
def test_a_name_that_leaves_the_folder_or_hides_is_refused(name, tmp_path):
    with pytest.raises(UsageError):
        new_from_template(PYTHON, tmp_path, name)

    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_written_over(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("mine")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "nowhere")

    for name in ("a", "b", "a.yaml/c"):
        with pytest.raises(UsageError, match=r"is there already|cannot be written"):
            new_from_template(PYTHON, tmp_path, name)

    assert path.read_text() == "mine"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_of_the_current_folder_is_named_as_one_would_type_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert (
        "`orp run 'configs/a b.yaml'`" in new_from_template(PYTHON, tmp_path / "configs", "a b").read_text()
    )


def test_a_copy_has_the_next_free_name(tmp_path):
    path = new_from_template(PYTHON, tmp_path, "mnist")

    copies = [
        copy_file(path),
        copy_file(path),
        copy_file(tmp_path / "mnist-2.yaml"),
        copy_file(path, "other"),
    ]

    assert [copy.name for copy in copies] == ["mnist-2.yaml", "mnist-3.yaml", "mnist-4.yaml", "other.yaml"]
    assert [load_experiment_file(copy).spec.experiment.name for copy in copies] == [
        "mnist-2", "mnist-3", "mnist-4", "other",
    ]  # fmt: skip
    assert path.read_text().replace('"mnist"', '"mnist-2"') == copies[0].read_text()


def test_a_dangling_link_is_not_free(tmp_path):
    (tmp_path / "a-2.yaml").symlink_to("nowhere")

    assert free_name(tmp_path / "a.yaml").name == "a-3.yaml"
    assert free_name(tmp_path / "run-10.yml").name == "run-11.yml"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("experiment:\n  name: a  # mine\n", 'experiment:\n  name: "new"  # mine\n'),
        ("experiment:\n  name: 'a'\ntraining: {}\n", 'experiment:\n  name: "new"\ntraining: {}\n'),
        ("experiment: {name: a}\n", None),
        ("experiment:\n  name: &x a\n  description: *x\n", None),
        ("x:\n  name: b\nexperiment:\n  name: a\n", None),
        ("experiment:\n  name: |\n    a\n", None),
        ("experiment:\n  description: |\n    name: c\n  name: a\n", None),
        ("experiment: [\n", None),
        ("- 1\n", None),
    ],
)
def test_a_copy_is_renamed_where_that_changes_nothing_else(before, after, tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(before)

    assert copy_file(path, "new").read_text() == (after or before)


def test_what_is_no_file_is_not_copied(tmp_path):
    os.mkfifo(tmp_path / "a.yaml")

    with pytest.raises(ConfigError, match="is a FIFO"):
        copy_file(tmp_path / "a.yaml")

    assert not (tmp_path / "a-2.yaml").exists()


def test_a_suffix_is_added_once():
    assert [file_name(name) for name in ("a", "a.yaml", "a.yml", "a.b", " a ")] == [
        "a.yaml", "a.yaml", "a.yml", "a.b.yaml", "a.yaml",
    ]  # fmt: skip


def test_orp_init_loads_no_models():
    code = (
        "import sys, orp_tui.cli.commands.init; print([m for m in ('pydantic', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
