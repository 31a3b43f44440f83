"""What differs between runs, and between a run and its project of now."""

from __future__ import annotations

import pytest

from orp_tui.core import secrets
from orp_tui.services import code_diff
from orp_tui.services.code_diff import NothingFrozen, TreeWatch, compare_code, frozen_code, project_code

TOKEN = "ghp_" + "a1" * 20


def changes(project, run_id):
    run = project.row(run_id)
    return compare_code(frozen_code(project.context, run), project_code(project.context, run))


@pytest.fixture
def edited(project):
    """A run, and a project that was edited after its submit."""
    (project.folder / "train.sh").write_text("echo one\necho two\n")
    (project.folder / "gone.sh").write_text("echo gone\n")
    (project.folder / "same.sh").write_text("echo same\n")
    run_id = project.submit(["sh", "train.sh"])
    (project.folder / "train.sh").write_text("echo one\necho three\n")
    (project.folder / "gone.sh").unlink()
    (project.folder / "new.sh").write_text("echo new\n")
    return run_id


def test_files_that_were_added_removed_and_changed_since_the_submit_are_named_with_their_lines(
    project, edited
):
    found = {item.path: item for item in changes(project, edited)}

    assert {path: item.what for path, item in found.items()} == {
        "train.sh": "changed", "gone.sh": "removed", "new.sh": "added",
    }  # fmt: skip
    assert (found["train.sh"].added, found["train.sh"].removed) == (1, 1)
    assert "-echo two\n+echo three" in found["train.sh"].diff
    assert found["new.sh"].diff.startswith("--- /dev/null\n+++ b/new.sh")


def test_an_unchanged_project_has_no_difference(project):
    (project.folder / "train.sh").write_text("echo one\n")
    run_id = project.submit(["sh", "train.sh"])

    assert changes(project, run_id) == []
    assert TreeWatch(project.context).changed_since(project.row(run_id)) is None


def test_a_changed_project_is_warned_of_with_the_first_file(project, edited):
    watch = TreeWatch(project.context)

    assert watch.changed_since(project.row(edited)) == (
        "the project has changed since the submit: train.sh and 2 more"
    )


def test_runs_of_one_experiment_cost_one_look_at_the_project(project, monkeypatch):
    looks = []
    real = code_diff.project_code
    monkeypatch.setattr(code_diff, "project_code", lambda *given: looks.append(1) or real(*given))
    (project.folder / "train.sh").write_text("echo one\n")
    ids = [project.submit(["sh", "train.sh"]) for _ in range(3)]
    watch = TreeWatch(project.context)

    for run_id in ids:
        watch.changed_since(project.row(run_id))

    assert len(looks) == 1


def test_binary_and_large_files_are_only_said_to_differ(project):
    big, blob = project.folder / "big.py", project.folder / "blob.py"
    big.write_text("line\n" * 220_000)
    blob.write_bytes(b"\0\1\2")
    run_id = project.submit("true")
    big.write_text("line\n" * 220_001)
    blob.write_bytes(b"\0\1\3")

    found = {item.path: (item.note, item.added, item.diff) for item in changes(project, run_id)}

    assert found == {
        "blob.py": ("binary", None, ""),
        "big.py": ("too large to compare by lines", None, ""),
    }


def test_a_file_that_became_executable_is_told(project):
    script = project.folder / "train.sh"
    script.write_text("echo one\n")
    run_id = project.submit(["sh", "train.sh"])
    script.chmod(0o755)

    (found,) = changes(project, run_id)

    assert (found.what, found.note, found.added) == ("changed", "now executable", 0)


def test_secrets_in_changed_lines_are_masked(project):
    script = project.folder / "train.sh"
    script.write_text("echo one\n")
    run_id = project.submit(["sh", "train.sh"])
    before = frozen_code(project.context, project.row(run_id))
    script.write_text(f"echo {TOKEN}\n")
    after = code_diff.CodeState(
        "now", "x", before.files | {"train.sh": before.files["train.sh"].__class__("train.sh", "100644", 9, "y", None)},
        dict(before.places) | {"train.sh": str(script)},
    )  # fmt: skip

    (found,) = compare_code(before, after)

    assert TOKEN not in found.diff
    assert secrets.MASK in found.diff


def test_a_run_in_its_project_folder_has_nothing_frozen_and_says_so(project):
    run_id = project.submit("true", workspace="in_place")

    with pytest.raises(NothingFrozen, match="in_place"):
        frozen_code(project.context, project.row(run_id))
    assert TreeWatch(project.context).changed_since(project.row(run_id)) is None
