"""What is written about a run's code and environment explains it and holds no secret."""

from __future__ import annotations

import json
import os
import sys

from project_tree import GITHUB_TOKEN, git, git_project, plan, write

from orp_tui.workspace import sources
from orp_tui.workspace.environment import capture
from orp_tui.workspace.inputs import fingerprint
from orp_tui.workspace.interpreter import query
from orp_tui.workspace.provenance import environment_record, source_record, summary


def test_source_json_names_commit_changes_tree_and_submitter(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "a\nb\n"})
    git(project, "tag", "v1")
    git(project, "remote", "add", "origin", f"https://me:{GITHUB_TOKEN}@host/x.git")
    (project / "train.py").write_text("a\nc\nd\n")
    write(project, {"new.py": "", "other.py": ""})
    frozen = plan(project)
    tree = sources.store_tree(frozen, tmp_path / "sources")

    record = source_record(frozen, tree, argv0="/usr/bin/python3", submitted_by="me@here")

    assert summary(frozen) == f"{git(project, 'rev-parse', '--short', 'HEAD').strip()} +2 −1, 2 untracked"
    assert record["git"]["branch"] == "main"
    assert record["git"]["describe"] == "v1"
    assert record["git"]["remote"] == "https://host/x.git"
    assert "+c" in record["git"]["diff"]
    assert record["untracked"] == ["new.py", "other.py"]
    assert record["tree"]["sha256"] == tree.sha256
    assert record["submitted_by"] == "me@here"
    assert GITHUB_TOKEN not in json.dumps(record)


def test_a_huge_diff_is_cut_and_said_to_be(tmp_path):
    project = git_project(tmp_path / "p", {"a.txt": ""})
    (project / "a.txt").write_text("0123456789\n" * 200_000)

    record = source_record(plan(project), None, argv0="x", submitted_by="me@here")

    assert record["git"]["diff_truncated"]
    assert len(record["git"]["diff"]) <= 1 << 20


def test_without_git_the_files_are_counted(tmp_path):
    project = write(tmp_path / "p", {"train.py": ""})

    assert summary(plan(project)) == "no git, 1 file"


def test_environment_json_shows_names_and_only_harmless_values():
    shell = {
        "PATH": "/bin",
        "CUDA_VISIBLE_DEVICES": "0",
        "MY_TOOL": "private words",
        "HF_TOKEN": "canary-1",
        "SLURM_X": f"https://u:{GITHUB_TOKEN}@h",
    }
    fixed = capture(shell, {"NCCL_DEBUG_KEY": f"x {GITHUB_TOKEN}"})

    record = environment_record(fixed, fixed.variables, query(sys.executable, {}), ["HF_TOKEN"])

    text = json.dumps(record)
    assert {"PATH", "MY_TOOL", "HF_TOKEN", "SLURM_X"} <= set(record["names"])
    assert record["values"]["CUDA_VISIBLE_DEVICES"] == "0"
    assert not any(secret in text for secret in ("private words", "canary-1", GITHUB_TOKEN))
    assert record["missing_at_submit"] == ["HF_TOKEN"]
    assert record["python"]["packages"]["pytest"]
    assert record["host"]["memory_bytes"] > 0


def test_a_fingerprint_changes_with_size_name_and_time_of_any_file(tmp_path):
    data = write(tmp_path / "data", {"a": "1", "b/c": "22"})
    prints = [fingerprint(data)]
    os.utime(data / "a", (1, 1))
    prints.append(fingerprint(data))
    (data / "b" / "c").rename(data / "b" / "d")
    prints.append(fingerprint(data))

    assert len({item.digest for item in prints}) == 3
    assert (prints[0].files, prints[0].bytes) == (2, 3)
    assert fingerprint(data / "a").files == 1
