"""A word that names a path which the run would not find is an error at submit."""

from __future__ import annotations

import os

import pytest
from project_tree import deliverable, git_project, plan, write

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.arguments import check_arguments
from orp_tui.workspace.plan import WorkspaceAnswers


@pytest.fixture
def project(tmp_path):
    folder = git_project(
        tmp_path / "p", {"train.py": "", "conf/a.yaml": "", ".gitignore": "*.bin\ndata/\nouts/\n"}
    )
    return write(
        folder,
        {"w.bin": "", "data/x.csv": "", "outs/old.pt": "", "experiments/runs/exp_1/workspace/m.pt": ""},
    )


def check(project, *argv, config=None, **options):
    options.setdefault("answers", WorkspaceAnswers(("data",), ("outs",)))
    check_arguments(["python", *argv], config or {}, plan(project, **options))


@pytest.mark.parametrize(
    "word",
    ["w.bin", "--weights=w.bin", "init.path=./w.bin", "outs/old.pt", "experiments/runs/exp_1/workspace/m.pt"],
)
def test_a_path_that_stays_behind_is_named_with_the_lines_to_add(project, word):
    with pytest.raises(SubmitRefused, match=r"(?s)argument: .*not in the workspace.*inputs: \["):
        check(project, "train.py", word)


@pytest.mark.parametrize(
    "word",
    [
        "train.py",
        "conf",
        "conf/a.yaml",
        "--data=data/x.csv",
        "outs",
        "outs/new.pt",
        "w",
        "/etc/hosts",
        "-",
        "=",
        "x" * 5000,
    ],
)
def test_paths_of_the_workspace_and_words_that_are_no_paths_pass(project, word):
    check(project, "train.py", word)


def test_config_values_count_at_any_depth(project):
    with pytest.raises(SubmitRefused, match=r"config\.model\.init\[1\]: w\.bin"):
        check(project, "train.py", config={"model": {"init": ["none", "w.bin"], "size": 3}})


def test_the_reason_why_it_stays_behind_is_given(project):
    write(project, {".env": "A=1"})
    with pytest.raises(SubmitRefused, match="by its name a file of secrets"):
        check(project, "train.py", "--env=.env")


def test_what_the_run_will_write_itself_passes_though_an_earlier_one_exists(project):
    write(project, {"res/m.json": "{}"})

    check(project, "train.py", "--out=res/m.json", deliverables=[deliverable("res/m.json")])


def test_an_earlier_file_in_an_output_folder_passes_once_it_is_named_as_output(project):
    check(
        project, "train.py", "--log=outs/old.pt", answers=WorkspaceAnswers(("data",), ("outs", "outs/old.pt"))
    )


def test_the_absolute_path_of_a_frozen_file_would_run_the_live_one(project):
    with pytest.raises(SubmitRefused, match=r"names the live project; write train\.py"):
        check(project, str(project / "train.py"))


def test_of_a_path_to_be_written_in_another_way_nothing_is_to_be_linked(project):
    write(project.parent, {"shared/x": ""})
    frozen, outside = str(project / "conf" / "a.yaml"), "../shared/x"

    with pytest.raises(SubmitRefused) as alone:
        check(project, "train.py", frozen, outside)
    with pytest.raises(SubmitRefused) as beside:
        check(project, "train.py", frozen, outside, "w.bin")

    assert "inputs:" not in str(alone.value)
    assert "write conf/a.yaml, which is frozen" in str(alone.value)
    assert "inputs: [w.bin]" in str(beside.value)


def test_absolute_paths_of_inputs_and_of_other_runs_pass(project):
    check(
        project,
        "train.py",
        str(project / "data" / "x.csv"),
        str(project / "experiments/runs/exp_1/workspace/m.pt"),
    )


def test_a_neighbour_of_the_project_is_named_by_its_absolute_path(project):
    write(project.parent, {"shared/x": ""})
    with pytest.raises(SubmitRefused, match=f"lies outside the project; write {project.parent}/shared/x"):
        check(project, "train.py", "../shared/x")


def test_paths_are_meant_from_the_folder_of_the_submit(project):
    write(project, {"sub/t.py": "", "sub/v.bin": ""})
    with pytest.raises(SubmitRefused, match=r"argument: v\.bin"):
        check(project, "v.bin", cwd=project / "sub")
    check(project, "w.bin", "../train.py", cwd=project / "sub")


def test_words_of_a_shell_command_count_one_by_one(project):
    frozen = plan(project, answers=WorkspaceAnswers(("data",), ("outs",)))
    with pytest.raises(SubmitRefused, match=r"training\.script: w\.bin"):
        check_arguments(["/bin/bash", "-c", "python train.py --init 'w.bin' # data"], {}, frozen)


def test_in_place_everything_is_there(project):
    check(project, "w.bin", kind="in_place")


def test_a_link_in_the_project_is_held(project):
    os.symlink("conf/a.yaml", project / "now.yaml")
    check(project, "train.py", "now.yaml")
