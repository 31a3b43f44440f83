"""A workspace holds what was frozen, apart from everything else, with a repository of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading

import pytest
from project_tree import deliverable, git, git_project, names_below, plan, write

from orp_tui.core.errors import SubmitRefused
from orp_tui.core.layout import BasePaths
from orp_tui.workspace import filling, sources
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.plan import WorkspaceAnswers


def filled(project, place, **options):
    frozen = plan(project, **options)
    tree = sources.store_tree(frozen, BasePaths.under(project / "experiments").sources)
    filling.fill(tree, place, frozen)
    return tree


def changed(tree):
    """Paths of a stored tree that hold something else than was stored."""
    return [
        file.path
        for file in tree.files
        if (
            os.readlink(tree.path / file.path) != file.link
            if file.link is not None
            else hashlib.sha256((tree.path / file.path).read_bytes()).hexdigest() != file.sha256
        )
    ]


def test_a_workspace_is_the_code_as_it_was_at_submit_whatever_is_edited_later(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "print('submitted')", "lib/a.py": "A = 1"})
    filled(project, tmp_path / "w")

    (project / "train.py").write_text("print('edited')")
    (project / "lib" / "a.py").unlink()

    done = subprocess.run(
        [sys.executable, "train.py"], cwd=tmp_path / "w", capture_output=True, text=True, check=True
    )
    assert done.stdout == "submitted\n"
    assert names_below(tmp_path / "w") == {"train.py", "lib/a.py"}


def test_writing_in_one_workspace_changes_neither_store_project_nor_another(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "x", "run.sh": "#!/bin/sh\n"})
    (project / "run.sh").chmod(0o755)
    tree = filled(project, tmp_path / "w1")
    filled(project, tmp_path / "w2")

    with open(tmp_path / "w1" / "train.py", "a") as file:
        file.write("changed")

    assert (tmp_path / "w2" / "train.py").read_text() == "x"
    assert (project / "train.py").read_text() == "x"
    assert changed(tree) == []
    assert os.access(tmp_path / "w1" / "run.sh", os.X_OK)
    assert (tree.path / "train.py").stat().st_mode & 0o222 == 0


def test_inputs_are_linked_and_outputs_are_fresh(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "data/\nck/\n"})
    write(project, {"data/x.csv": "1", "ck/old.pt": "", "out/m.json": "{}"})

    filled(
        project,
        tmp_path / "w",
        answers=WorkspaceAnswers(("data",), ("ck",)),
        deliverables=[deliverable("out/m.json")],
    )

    assert os.readlink(tmp_path / "w" / "data") == str(project / "data")
    assert (tmp_path / "w" / "data" / "x.csv").read_text() == "1"
    for folder in ("ck", "out", "outputs"):
        assert os.listdir(tmp_path / "w" / folder) == []


def test_the_same_tree_is_stored_once_and_another_one_beside_it(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "1"})
    store = BasePaths.under(project / "experiments").sources
    first = sources.store_tree(plan(project), store)
    again = sources.store_tree(plan(project), store)
    (project / "train.py").write_text("2")
    second = sources.store_tree(plan(project), store)

    assert first == again
    assert sorted(os.listdir(store)) == sorted([first.sha256, second.sha256])


def test_mode_and_target_are_part_of_a_trees_name(tmp_path):
    project = git_project(tmp_path / "p", {"a.sh": "", "b": "", "c": ""})
    store = tmp_path / "sources"
    names = {sources.store_tree(plan(project), store).sha256}
    (project / "a.sh").chmod(0o755)
    names.add(sources.store_tree(plan(project), store).sha256)
    os.symlink("b", project / "link")
    names.add(sources.store_tree(plan(project), store).sha256)
    (project / "link").unlink()
    os.symlink("c", project / "link")
    names.add(sources.store_tree(plan(project), store).sha256)

    assert len(names) == 4


def test_submits_that_store_one_tree_at_once_all_get_it(tmp_path):
    project = git_project(tmp_path / "p", {f"{n}.py": str(n) for n in range(50)})
    frozen = plan(project)
    trees: list[sources.FrozenTree] = []
    threads = [
        threading.Thread(target=lambda: trees.append(sources.store_tree(frozen, tmp_path / "sources")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({tree.sha256 for tree in trees}) == 1
    assert len(trees) == 6
    assert changed(trees[0]) == []
    assert os.listdir(tmp_path / "sources") == [trees[0].sha256]


@pytest.mark.parametrize("point", ["sources.written", "sources.synced"])
def test_a_submit_killed_while_it_stores_a_tree_leaves_no_half_of_one(tmp_path, point):
    project = git_project(tmp_path / "p", {"train.py": "1"})
    program = (
        "import sys; from pathlib import Path; from orp_tui.core.layout import BasePaths\n"
        "from orp_tui.workspace import freeze, sources\n"
        "p = Path(sys.argv[1]); plan = freeze.plan_freeze(p, p, base_dirs=BasePaths.under(p / 'experiments'))\n"
        "sources.store_tree(plan, Path(sys.argv[2]))\n"
    )
    store = tmp_path / "sources"
    done = subprocess.run([sys.executable, "-c", program, str(project), str(store)], env={**os.environ, "ORP_FAILPOINT": point})  # fmt: skip
    assert done.returncode == -9
    (left,) = os.listdir(store)
    assert left.startswith(".new-")

    os.utime(store / left, (1, 1))
    tree = sources.store_tree(plan(project), store)

    assert changed(tree) == []
    assert os.listdir(store) == [tree.sha256]


def test_a_half_removed_tree_is_written_again(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "1"})
    tree = sources.store_tree(plan(project), tmp_path / "sources")
    (tree.folder / sources.MANIFEST).unlink()

    again = sources.store_tree(plan(project), tmp_path / "sources")

    assert again == tree
    assert changed(again) == []


def test_a_file_that_changes_between_look_and_copy_is_stored_under_what_it_is(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "short"})
    frozen = plan(project)
    (project / "train.py").write_text("something longer")

    tree = sources.store_tree(frozen, tmp_path / "sources")

    assert changed(tree) == []
    assert sources.tree_digest(tree.files) == tree.sha256
    assert (tree.path / "train.py").read_text() == "something longer"


def test_a_file_that_went_away_refuses_and_leaves_nothing(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    frozen = plan(project)
    (project / "train.py").unlink()

    with pytest.raises(SubmitRefused, match=r"train\.py.*changed during the submit"):
        sources.store_tree(frozen, tmp_path / "sources")
    assert not (tmp_path / "sources").exists()


def test_a_remembered_digest_is_not_used_for_a_changed_file(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "aaaa"})
    os.utime(project / "train.py", (1, 1))
    first = sources.store_tree(plan(project), tmp_path / "sources", FileCache(tmp_path / "cache"))
    (project / "train.py").write_text("bbbb")
    os.utime(project / "train.py", (1, 1))

    second = sources.store_tree(plan(project), tmp_path / "sources", FileCache(tmp_path / "cache"))

    assert (second.path / "train.py").read_text() == "bbbb"
    assert first.sha256 != second.sha256


def test_git_in_the_workspace_reports_what_runs(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "a\n", "lib.py": "", "gone.py": "", "data/x": "", ".gitignore": "big/\n"})  # fmt: skip
    git(project, "tag", "v1.0")
    git(project, "tag", "-a", "-m", "two", "v2.0")
    git(project, "remote", "add", "origin", "https://me:token@host/x.git")
    (project / "train.py").write_text("b\n")
    (project / "gone.py").unlink()
    write(project, {"new.py": "", "big/x": ""})

    filled(project, tmp_path / "w", inputs=["data", "big"])

    place = tmp_path / "w"
    assert git(place, "rev-parse", "HEAD") == git(project, "rev-parse", "HEAD")
    assert git(place, "rev-parse", "--show-toplevel").strip() == str(place)
    assert git(place, "describe", "--dirty").strip() == "v2.0-dirty"
    assert git(place, "status", "--porcelain") == " D gone.py\n M train.py\n?? new.py\n"
    assert git(place, "config", "remote.origin.url").strip() == "https://host/x.git"
    assert "+b" in git(place, "diff", "HEAD")
    git(place, "commit", "-qam", "of the training")
    assert git(project, "log", "--format=%s") == "first\n"


def test_a_clean_project_is_clean_in_the_workspace_though_links_and_folders_differ(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", "data/x": "", "out/m.json": "{}", "conf/a": "", ".gitignore": "*.bin\n"})  # fmt: skip
    (tmp_path / "far").mkdir()
    os.symlink("../far", project / "near")
    git(project, "add", "near")
    git(project, "commit", "-qm", "link")

    filled(project, tmp_path / "w", inputs=["data"], deliverables=[deliverable("out/m.json")])

    assert git(tmp_path / "w", "status", "--porcelain") == ""


def test_git_works_for_linked_work_trees_submodules_and_folders_of_a_repository(tmp_path):
    library = git_project(tmp_path / "library", {"lib.py": ""})
    project = git_project(tmp_path / "p", {"top.py": "", "sub/train.py": ""})
    git(project, "submodule", "add", "-q", str(library), "vendor")
    git(project, "commit", "-qm", "submodule")
    git(project, "worktree", "add", "-q", str(tmp_path / "tree"))

    for number, root in enumerate((tmp_path / "tree", project / "vendor", project / "sub")):
        place = tmp_path / f"w{number}"
        filled(root, place)
        assert git(place, "rev-parse", "HEAD") == git(root, "rev-parse", "HEAD")
        assert git(place, "status", "--porcelain") == "", root


def test_a_shallow_clone_keeps_its_history_readable(tmp_path):
    origin = git_project(tmp_path / "origin", {"a.py": "1"})
    (origin / "a.py").write_text("2")
    git(origin, "commit", "-qam", "second")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{origin}", "clone")

    filled(tmp_path / "clone", tmp_path / "w")

    assert git(tmp_path / "w", "log", "--format=%s") == "second\n"


def test_without_git_and_before_the_first_commit_a_workspace_is_filled_too(tmp_path):
    bare = write(tmp_path / "bare", {"train.py": ""})
    filled(bare, tmp_path / "w1")
    assert not (tmp_path / "w1" / ".git").exists()

    unborn = write(tmp_path / "unborn", {"train.py": ""})
    git(unborn, "init", "-q")
    filled(unborn, tmp_path / "w2")
    assert git(tmp_path / "w2", "status", "--porcelain") == "?? train.py\n"


def test_submodules_are_part_of_the_workspace_without_a_repository_of_their_own(tmp_path):
    library = git_project(tmp_path / "library", {"lib.py": ""})
    project = git_project(tmp_path / "p", {"train.py": ""})
    git(project, "submodule", "add", "-q", str(library), "vendor")
    git(project, "commit", "-qm", "submodule")

    filled(project, tmp_path / "w")

    assert (tmp_path / "w" / "vendor" / "lib.py").exists()
    assert git(tmp_path / "w", "status", "--porcelain") == ""


def test_everything_written_can_be_flushed_at_once(tmp_path):
    filling.sync_workspaces(tmp_path, tmp_path)
    with pytest.raises(OSError, match="No such file"):
        filling.sync_workspaces(tmp_path / "gone")
