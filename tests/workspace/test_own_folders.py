"""What of a project is ORP's own, and so never part of a workspace."""

from __future__ import annotations

import pytest
from project_tree import git, git_project, paths, plan, why, write

RUN = "exp_20260901_142233_k7ab"
OTHER = "exp_20260901_142234_k7ac"
TREE = "ab" * 32


def base(folder: str, *, mark: str = "orp.db") -> dict[str, str]:
    """A base directory with one run."""
    return {
        f"{folder}/state/{mark}": "",
        f"{folder}/state/queue.log": "",
        f"{folder}/runs/{RUN}/request.json": "{}",
        f"{folder}/runs/{RUN}/workspace/train.py": "",
        f"{folder}/artifacts/{RUN}_artifacts.zip": "",
        f"{folder}/sources/{TREE}/manifest.json": "{}",
        f"{folder}/sources/{TREE}/tree/train.py": "",
    }


@pytest.fixture(params=["git", "no git"])
def project(request, tmp_path):
    """A project with `train.py`, in a repository or not."""
    if request.param == "git":
        return git_project(tmp_path / "p", {"train.py": ""})
    (tmp_path / "p").mkdir()
    return write(tmp_path / "p", {"train.py": ""})


@pytest.mark.parametrize("mark", ["orp.db", "queue.lock"])
@pytest.mark.parametrize("folder", ["other", "deep/below/other", "nested/experiments"])
def test_another_base_directory_is_left_out_with_no_question(project, folder, mark):
    write(project, base(folder, mark=mark))

    frozen = plan(project)

    frozen.refuse()
    assert paths(frozen) == {"train.py"}
    assert any(item.path == folder or item.path.startswith(f"{folder}/") for item in frozen.left_out)
    assert any((project / folder / "runs").is_relative_to(path) for path in frozen.elsewhere)


def test_what_else_lies_in_another_base_directory_is_frozen(project):
    write(project, {**base("other"), "other/configs/a.yaml": "", "other/analysis.py": ""})

    frozen = plan(project)

    frozen.refuse()
    assert paths(frozen) == {"train.py", "other/configs/a.yaml", "other/analysis.py"}
    assert why(frozen, "other/runs") == "of another base directory"


def test_the_project_as_a_base_directory_of_its_own_is_frozen_but_for_its_runs(project):
    write(project, {path.removeprefix("x/"): text for path, text in base("x").items()})

    frozen = plan(project)

    frozen.refuse()
    assert paths(frozen) == {"train.py"}


def test_moved_runs_artifacts_and_state_are_known_by_what_is_in_them(project):
    write(project, {
        f"results/{RUN}/request.json": "", f"results/{RUN}/workspace/train.py": "", f"results/.new-{OTHER}/x.py": "",
        f"zips/{RUN}_artifacts.zip": "", "var/orp.db": "", "var/queue.log": "", "var/file-cache.json": "",
        f"old/sources/{TREE}/manifest.json": "", f"old/sources/{TREE}/tree/train.py": "",
    })  # fmt: skip

    frozen = plan(project)

    frozen.refuse()
    assert paths(frozen) == {"train.py"}
    assert {"results", "zips", "var"} <= {item.path for item in frozen.left_out}


def test_runs_among_files_of_the_user_are_left_out_one_by_one(project):
    write(project, {f"results/{RUN}/request.json": "", f"results/{RUN}/x.py": "", "results/plot.py": ""})

    frozen = plan(project)

    assert paths(frozen) == {"train.py", "results/plot.py"}
    assert why(frozen, f"results/{RUN}") == "of another base directory"


def test_folders_that_only_have_such_names_are_frozen(project):
    names = {"runs/a.py", "state/a.py", "artifacts/a.py", "sources/a.py", "x/state/queue.lock", "x/state/a.py", "exp_1/request.json"}  # fmt: skip
    write(project, dict.fromkeys(names, ""))

    assert paths(plan(project)) == {"train.py", *names}


@pytest.mark.parametrize("ignored", ["other/", "runs/", "state/", "runs/\nstate/\n", "*.db", "*.json\n*.zip"])
def test_another_base_directory_is_known_whatever_git_ignores(tmp_path, ignored):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": f"{ignored}\n"})
    write(project, base("other"))

    frozen = plan(project)

    frozen.refuse()
    assert paths(frozen) == {"train.py", ".gitignore"}


def test_repositories_in_workspaces_of_another_base_directory_are_not_entered(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    write(project, base("other"))
    git(project / "other" / "runs" / RUN / "workspace", "init", "-q")

    frozen = plan(project)

    assert frozen.submodules == ()
    assert paths(frozen) == {"train.py"}


def test_outputs_of_a_run_elsewhere_can_be_an_input(project):
    write(project, base("other"))
    declared = f"other/runs/{RUN}/workspace"

    frozen = plan(project, inputs=[declared])

    frozen.refuse()
    assert [item.path for item in frozen.inputs] == [declared]
    assert paths(frozen) == {"train.py"}
