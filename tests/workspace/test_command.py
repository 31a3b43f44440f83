"""The program of a run is found at submit, where the run will find it."""

from __future__ import annotations

import os
import sys

import pytest
from project_tree import git_project, plan, write

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.command import likely_interpreter, resolve_command


@pytest.fixture
def project(tmp_path):
    return git_project(
        tmp_path / "p", {"train.py": "", "run.sh": "#!/bin/sh\n", "plain": "echo\n", "sub/t.py": ""}
    )


def program(path, first_line):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{first_line}\n")
    path.chmod(0o755)
    return path


def resolve(project, *argv, path="/usr/bin:/bin", cwd=None, frozen=True):
    cwd = cwd or project
    workspace = project.parent / "w" / cwd.relative_to(project)
    held = plan(project, cwd=cwd) if frozen else None
    return resolve_command(argv, {"PATH": str(path)}, project_cwd=cwd, workspace_cwd=workspace, plan=held)


def test_a_python_on_path_is_named_in_full_and_its_links_stay(project, tmp_path):
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    os.symlink(sys.executable, tmp_path / "venv" / "bin" / "python")

    command = resolve(project, "python", "-u", "train.py", path=f"{tmp_path}/venv/bin:/usr/bin")

    assert command.argv == (f"{tmp_path}/venv/bin/python", "-u", "train.py")
    assert command.interpreter == command.program
    assert command.script == "train.py"


def test_a_script_of_the_project_is_started_from_the_workspace(project):
    (project / "run.sh").chmod(0o755)

    assert resolve(project, "./run.sh").program == str(project.parent / "w" / "run.sh")
    assert resolve(project, "../run.sh", cwd=project / "sub").program == str(project.parent / "w" / "run.sh")
    assert resolve(project, "run.sh", path=f"{project}:/bin").program == str(project.parent / "w" / "run.sh")
    assert resolve(project, "./run.sh", frozen=False).program == str(project / "run.sh")


def test_a_virtual_environment_of_the_project_keeps_its_path(project):
    write(project, {".venv/pyvenv.cfg": ""})
    (project / ".venv" / "bin").mkdir()
    os.symlink(sys.executable, project / ".venv" / "bin" / "python")

    assert resolve(project, ".venv/bin/python", "train.py").program == str(project / ".venv/bin/python")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nothere"], "nothere: not found on PATH"),
        (["run.sh"], r"did you mean \./run\.sh"),
        (["./gone"], "there is no"),
        (["./run.sh"], r"may not be executed; chmod \+x it, or write `bash \./run\.sh`"),
        (["./sub"], "is a folder"),
        (["sh", ""], None),
        ([], "no command"),
        (["python3", "gone.py"], r"gone\.py: there is no"),
        (["python3", "-W", "error", "-X", "dev", "gone.py"], r"gone\.py: there is no"),
    ],
)
def test_what_cannot_be_started_is_said_at_submit(project, argv, words):
    if words is None:
        assert resolve(project, *argv).program.endswith("/sh")
        return
    with pytest.raises(SubmitRefused, match=words):
        resolve(project, *argv)


def test_a_text_without_a_first_line_and_a_missing_interpreter_are_said(project):
    (project / "plain").chmod(0o755)
    program(project / "old.sh", "#!/opt/gone/python")

    with pytest.raises(SubmitRefused, match="without a #! line"):
        resolve(project, "./plain")
    with pytest.raises(SubmitRefused, match="names /opt/gone/python, which does not exist"):
        resolve(project, "./old.sh")


@pytest.mark.parametrize("argv", [["-m", "pkg.train"], ["-c", "pass"], ["-um", "pkg"], ["-"], []])
def test_python_without_a_script_file_needs_none(project, argv):
    command = resolve(project, "python3", *argv)

    assert command.script is None
    assert command.interpreter is not None


def test_the_python_behind_a_console_script_is_found_by_its_first_line(project, tmp_path):
    python = tmp_path / "v e" / "bin" / "python3.11"
    python.parent.mkdir(parents=True)
    os.symlink(sys.executable, python)
    program(tmp_path / "bin" / "a", f"#!{tmp_path}/link/bin/python3.11")
    os.symlink(tmp_path / "v e", tmp_path / "link")
    program(tmp_path / "bin" / "b", f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''")
    program(tmp_path / "bin" / "c", "#!/usr/bin/env -S python3.11 -u")
    path = f"{tmp_path}/bin:{python.parent}:/usr/bin:/bin"

    assert resolve(project, "a", path=path).interpreter == f"{tmp_path}/link/bin/python3.11"
    assert resolve(project, "b", path=path).interpreter == str(python)
    assert resolve(project, "c", path=path).interpreter == str(python)
    assert resolve(project, "sh", path=path).interpreter is None


def test_options_that_change_where_python_imports_from_are_known(project, tmp_path):
    os.symlink(sys.executable, tmp_path / "python3.11")
    program(tmp_path / "tool", f"#!{tmp_path}/python3.11 -sE")
    program(tmp_path / "other", "#!/usr/bin/env -S python3.11 -I")

    def options(*argv):
        return resolve(project, *argv, path=f"{tmp_path}:/usr/bin:/bin").python_options

    assert options("python3.11", "-u", "-W", "error", "-IP", "train.py", "-s") == ("-I", "-P")
    assert options("python3.11", "-sm", "pkg", "-I") == ("-s",)
    assert options("tool", "-I") == ("-s", "-E")
    assert options("other") == ("-I",)
    assert options("sh", "-s") == ()


def test_behind_a_launcher_the_active_environment_counts_then_the_projects(project, tmp_path):
    for place in (tmp_path / "active", project / ".venv"):
        (place / "bin").mkdir(parents=True)
        (place / "pyvenv.cfg").touch()
        os.symlink(sys.executable, place / "bin" / "python")
    command = resolve(project, "sh", "train.sh")

    assert (
        likely_interpreter(command, {"VIRTUAL_ENV": f"{tmp_path}/active"}, project)
        == f"{tmp_path}/active/bin/python"
    )
    assert likely_interpreter(command, {}, project) == f"{project}/.venv/bin/python"
