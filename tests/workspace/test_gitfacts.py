"""git is asked without running anything of a repository's configuration."""

from __future__ import annotations

import os
import subprocess

import pytest
from project_tree import git, git_project, plan, write

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace import gitdiff, gitfacts


def hostile(folder):
    """A repository whose configuration runs a program wherever git allows it."""
    project = git_project(folder, {"a.txt": "a\n", ".gitattributes": "*.txt filter=evil diff=evil\n"})
    mark = folder / "RAN"
    program = folder / ".git" / "evil.sh"
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\ncat\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "diff.external", "core.pager", "core.sshCommand", "credential.helper"):  # fmt: skip
        git(project, "config", key, str(program))
    git(project, "config", "filter.evil.required", "true")
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "post-checkout", "pre-auto-gc", "reference-transaction"):
        (hooks / name).write_text(program.read_text())
        (hooks / name).chmod(0o755)
    (project / "a.txt").write_text("a\nb\n")
    return project, mark


def test_a_hostile_repository_runs_nothing(tmp_path):
    project, mark = hostile(tmp_path / "p")
    subprocess.run(["git", "status"], cwd=project, capture_output=True, check=False)
    assert mark.exists(), "the trap works"
    mark.unlink()

    frozen = plan(project)
    gitfacts.describe(frozen.repository)
    gitfacts.remote_url(frozen.repository)

    assert not mark.exists()
    assert frozen.diff.added == 1


def test_looking_leaves_the_repository_as_it_was(tmp_path):
    project = git_project(tmp_path / "p", {"a.py": "a"})
    (project / "a.py").write_text("b")
    os.utime(project / "a.py", (1, 1))
    before = {path: path.stat().st_mtime_ns for path in sorted((project / ".git").rglob("*"))}

    plan(project)

    assert {path: path.stat().st_mtime_ns for path in sorted((project / ".git").rglob("*"))} == before


@pytest.mark.root
def test_a_repository_of_another_user_is_read(tmp_path):
    if os.getuid() != 0:
        pytest.skip("needs root to give files away")
    project = git_project(tmp_path / "p", {"a.py": "a"})
    subprocess.run(["chown", "-R", "12345:12345", str(project)], check=True)

    assert plan(project).repository is not None


def test_variables_of_git_in_the_shell_do_not_lead_elsewhere(tmp_path, monkeypatch):
    other = git_project(tmp_path / "other", {"other.py": ""})
    project = git_project(tmp_path / "p", {"a.py": ""})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))

    assert plan(project).file_paths == {"a.py"}


def test_a_repository_that_claims_a_foreign_folder_as_its_work_tree_is_not_believed(tmp_path):
    victim = write(tmp_path / "victim", {"private.py": ""})
    project = git_project(tmp_path / "p", {"a.py": ""})
    git(project, "config", "core.worktree", str(victim))

    assert gitfacts.find_repository(project) is None


def test_a_damaged_index_refuses_with_gits_words(tmp_path):
    project = git_project(tmp_path / "p", {"a.py": ""})
    (project / ".git" / "index").write_bytes(b"rubbish")

    with pytest.raises(SubmitRefused, match="git cannot read the repository"):
        plan(project)


def test_branch_commit_and_tag_are_known_also_in_a_linked_work_tree(tmp_path):
    project = git_project(tmp_path / "p", {"a.py": ""})
    git(project, "tag", "v1.0")
    git(project, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")

    repository = gitfacts.find_repository(tmp_path / "tree")

    assert repository.branch == "side"
    assert repository.objects == project / ".git" / "objects"
    assert gitfacts.describe(repository) == "v1.0"


def test_before_the_first_commit_there_is_no_commit_and_no_diff(tmp_path):
    project = write(tmp_path / "p", {"a.py": ""})
    git(project, "init", "-q")
    git(project, "add", "a.py")

    frozen = plan(project)

    assert frozen.repository.commit is None
    assert frozen.file_paths == {"a.py"}


def test_user_names_and_tokens_are_cut_out_of_urls():
    assert gitfacts.without_credentials("https://u:t@h.org/x.git?token=1") == "https://h.org/x.git"
    assert gitfacts.without_credentials("git@h.org:x.git") == "git@h.org:x.git"


def test_a_diff_is_read_up_to_its_limit(tmp_path):
    project = git_project(tmp_path / "p", {"a.txt": ""})
    (project / "a.txt").write_text("line\n" * 10_000)

    diff = gitdiff.read_diff(gitfacts.find_repository(project), limit=1000)

    assert diff.truncated
    assert len(diff.text) == 1000
