"""The experiment files of the samples are valid, whole, and say what they claim to show."""

from __future__ import annotations

import pathlib
import re
import shutil
import textwrap

import pytest
import yaml
from sample_scripts import EXPERIMENTS, FOLDER, command_of, words_of

from orp_tui.config.arguments import passed
from orp_tui.config.checks import CHECKS
from orp_tui.config.loader import load_experiment_file
from orp_tui.config.problems import Problems
from orp_tui.config.settings import find_project
from orp_tui.core.layout import BasePaths
from orp_tui.workspace.freeze import plan_freeze
from orp_tui.workspace.plan import WorkspaceAnswers


def named(path: pathlib.Path) -> str:
    return str(path.relative_to(FOLDER))


@pytest.mark.parametrize("path", EXPERIMENTS, ids=named)
def test_each_file_is_valid_and_warns_of_nothing(path):
    assert load_experiment_file(path).warnings == ()


@pytest.mark.parametrize("path", EXPERIMENTS, ids=named)
def test_the_script_and_the_inputs_of_each_file_are_there(path):
    training = load_experiment_file(path).spec.training
    program, script = command_of(training.script)
    assert program == "python"
    assert (path.parent / script).is_file()
    for name in training.inputs:
        assert (path.parent / name).exists()


@pytest.mark.parametrize("path", EXPERIMENTS, ids=named)
def test_the_script_of_each_file_gets_the_arguments_that_its_own_test_gives_it(path):
    training = load_experiment_file(path).spec.training
    problems = Problems(str(path))
    given = passed(dict(training.config), training.pass_config, training.booleans, problems, ())
    problems.raise_any()
    assert given.argv == words_of(dict(training.config))


def test_the_main_file_uses_every_check_that_fits_a_training():
    used = {
        check.name
        for item in load_experiment_file(FOLDER / "digits.yaml").spec.deliverables
        for check in item.checks
    }
    # `fresh` is on by itself; max_size, stable and synced would prove nothing here.
    assert set(CHECKS) - used == {"max_size", "stable", "synced"}


def test_the_readme_lists_every_file():
    listed = set(re.findall(r"^\| `([^`]+\.yaml)`", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert listed == {named(path) for path in EXPERIMENTS}


def test_the_quick_start_file_is_the_one_people_are_shown():
    expected = """\
        # experiment.yaml
        experiment:
          name: "my-first-experiment"
          description: "Testing learning rate sensitivity"

        training:
          script: "python train.py"
          config:
            learning_rate: 0.001
            epochs: 10

        deliverables:
          - type: "model_checkpoint"
            path: "output/model"
            validation: "exists"
          - type: "metrics"
            path: "output/metrics.json"
            validation: "contains_keys"
            required_keys: ["accuracy", "loss"]
        """
    assert (FOLDER / "quick-start" / "experiment.yaml").read_text() == textwrap.dedent(expected)


def test_the_licence_of_the_data_names_the_file_that_lies_beside_it():
    import hashlib

    digest = hashlib.sha256((FOLDER / "data" / "digits.csv.gz").read_bytes()).hexdigest()
    text = (FOLDER / "data" / "LICENSE-digits.md").read_text()
    assert digest in text
    assert "CC BY 4.0" in text


@pytest.mark.parametrize("path", EXPERIMENTS, ids=named)
def test_a_first_run_of_each_file_is_asked_nothing_and_refused_nothing(path, tmp_path):
    folder = tmp_path / "samples"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("experiments", "__pycache__"))
    project = find_project((folder / named(path)).parent)
    # Left by a script that someone ran without ORP.
    (project / "outputs").mkdir(exist_ok=True)
    spec = load_experiment_file(path).spec
    settings = yaml.safe_load((project / "orp.yaml").read_text())
    answers = WorkspaceAnswers(**{key: tuple(value) for key, value in settings["workspace"].items()})

    plan = plan_freeze(
        project,
        project,
        base_dirs=BasePaths.under(project / settings["base_dir"]),
        deliverables=spec.deliverables,
        inputs=spec.training.inputs,
        answers=answers,
    )

    assert project == (folder / named(path)).parent
    assert (plan.questions, plan.refusals) == ((), ())
    assert command_of(spec.training.script)[1] in {file.path for file in plan.files}
    assert {link.path for link in plan.inputs} == set(spec.training.inputs)
