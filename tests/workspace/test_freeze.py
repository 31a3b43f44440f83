"""What a submit freezes, links, leaves out, asks and refuses."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from project_tree import GITHUB_TOKEN, deliverable, git, git_project, paths, plan, why, write

from orp_tui.config.settings import find_project
from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.plan import FreezeLimits, WorkspaceAnswers


def test_tracked_files_are_taken_as_they_are_on_disk_and_deleted_ones_are_not(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "old", "gone.py": "x", "lib/a.py": "a"})
    (project / "train.py").write_text("new and longer")
    (project / "gone.py").unlink()

    frozen = plan(project)

    assert paths(frozen) == {"train.py", "lib/a.py"}
    assert next(file.size for file in frozen.files if file.path == "train.py") == len("new and longer")
    assert (frozen.diff.added, frozen.diff.removed) == (1, 2)


def test_untracked_files_are_taken_and_ignored_ones_are_named(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "*.log\n"})
    write(project, {"new.py": "", "a.log": ""})

    frozen = plan(project)

    assert frozen.untracked == ("new.py",)
    assert why(frozen, "a.log") == "ignored by git"


def test_submodules_and_repositories_inside_are_taken_with_their_changes(tmp_path):
    library = git_project(tmp_path / "library", {"lib.py": "lib", ".gitignore": "*.o\n"})
    project = git_project(tmp_path / "p", {"train.py": ""})
    git(project, "submodule", "add", "-q", str(library), "vendor/library")
    git(project, "commit", "-qm", "submodule")
    write(project, {"vendor/library/lib.py": "lib\nchanged\n", "vendor/library/x.o": ""})
    git_project(project / "inner", {"inner.py": ""})

    frozen = plan(project)

    assert paths(frozen) == {"train.py", ".gitmodules", "vendor/library/lib.py", "vendor/library/.gitignore", "inner/inner.py"}  # fmt: skip
    assert "b/vendor/library/lib.py" in frozen.diff.text
    assert {item.path for item in frozen.submodules} == {"vendor/library", "inner"}


def test_a_submodule_that_is_not_checked_out_is_an_empty_folder(tmp_path):
    library = git_project(tmp_path / "library", {"lib.py": ""})
    outer = git_project(tmp_path / "outer", {"train.py": ""})
    git(outer, "submodule", "add", "-q", str(library), "sub")
    git(outer, "commit", "-qm", "x")
    git(tmp_path, "clone", "-q", str(outer), "clone")

    frozen = plan(tmp_path / "clone")

    assert "sub" in frozen.folders
    assert not frozen.submodules[0].present


def test_of_the_base_directory_only_what_orp_writes_is_left_out(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", "experiments/mnist.yaml": "x"})
    write(project, {"experiments/new.yaml": "", "experiments/runs/exp_1/request.json": "", "experiments/state/orp.db": "", "experiments/artifacts/a.zip": "", "experiments/sources/x/tree/a.py": ""})  # fmt: skip

    frozen = plan(project)

    assert paths(frozen) == {"train.py", "experiments/mnist.yaml", "experiments/new.yaml"}
    assert not any(folder.startswith("experiments/runs") for folder in frozen.folders)


def test_a_base_directory_that_git_ignores_is_no_question(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "experiments/\n"})
    write(project, {"experiments/runs/exp_1/request.json": ""})

    assert plan(project).questions == ()


def test_ignored_folders_are_a_question_until_they_are_answered(tmp_path):
    project = git_project(
        tmp_path / "p", {"train.py": "", ".gitignore": "data/\noutputs/\nscratch/\n__pycache__/\n"}
    )
    write(project, {"data/a.bin": "1", "outputs/old.txt": "", "scratch/s": "", "__pycache__/x.pyc": ""})

    asked = plan(project)
    with pytest.raises(SubmitRefused) as refusal:
        asked.refuse()

    # outputs/ is what $ORP_OUTPUT_DIR names: nobody has to be asked.
    assert [question.path for question in asked.questions] == ["data", "scratch"]
    assert "inputs: [data, scratch]" in str(refusal.value)
    answered = plan(project, answers=WorkspaceAnswers(inputs=("data",), outputs=("scratch",)))
    answered.refuse()
    assert [(item.path, item.target) for item in answered.inputs] == [("data", str(project / "data"))]
    assert {"outputs", "scratch"} <= set(answered.folders)
    assert paths(answered) == {"train.py", ".gitignore"}


def test_a_declared_input_inside_an_ignored_folder_answers_for_it(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "data/\n"})
    write(project, {"data/cifar/a": "", "data/other/b": ""})

    frozen = plan(project, inputs=["data/cifar"])

    frozen.refuse()
    assert [item.path for item in frozen.inputs] == ["data/cifar"]
    assert "only its inputs are linked" in why(frozen, "data")


def test_parents_of_deliverables_exist_and_earlier_ones_stay_behind(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", "out/metrics.json": "{}", "out/model/w.bin": "", "out/readme.md": ""})  # fmt: skip

    frozen = plan(
        project,
        deliverables=[deliverable("out/metrics.json"), deliverable("out/model"), deliverable("lost/x.pt")],
    )

    assert paths(frozen) == {"train.py", "out/readme.md"}
    assert "out" in frozen.folder_paths
    assert "lost" not in frozen.folder_paths
    assert why(frozen, "out/metrics.json").startswith("a deliverable")


def test_globs_of_deliverables_stay_behind_too(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", "ck/a/1.pt": "", "ck/b.txt": "", "x.pt": ""})

    assert paths(plan(project, deliverables=[deliverable("ck/**/*.pt")])) == {"train.py", "ck/b.txt", "x.pt"}
    assert paths(plan(project, deliverables=[deliverable("*.pt")])) == {"train.py", "ck/a/1.pt", "ck/b.txt"}


def test_the_folder_one_submits_from_is_mirrored_and_paths_are_relative_to_it(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", "sub/out/m.json": "{}", "sub/data/x": ""})
    (project / "sub" / "empty").mkdir()

    frozen = plan(project, cwd=project / "sub", deliverables=[deliverable("out/m.json")], inputs=["data"])

    assert frozen.cwd == "sub"
    assert paths(frozen) == {"train.py"}
    assert [item.path for item in frozen.inputs] == ["sub/data"]
    assert {"sub", "sub/out", "sub/empty"} <= frozen.folder_paths


def test_a_file_over_the_limit_is_refused_with_its_size_and_the_lines_to_add(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    with open(project / "weights.bin", "wb") as file:
        file.truncate(11 << 20)

    with pytest.raises(SubmitRefused, match=r"11\.0 MiB  weights\.bin[\s\S]*inputs: \[weights\.bin\]"):
        plan(project).refuse()

    plan(project, answers=WorkspaceAnswers(inputs=("weights.bin",))).refuse()


def test_a_large_file_in_a_folder_without_code_makes_the_folder_a_question(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    write(project, {"data/raw/a.csv": "x" * 2000, "data/b.csv": "y"})

    frozen = plan(project, limits=FreezeLimits(max_file_bytes=1000))

    assert [question.path for question in frozen.questions] == ["data"]
    assert paths(frozen) == {"train.py"}


def test_too_much_together_is_refused_with_the_largest_and_nothing_is_frozen_in_part(tmp_path):
    project = git_project(
        tmp_path / "p", {"train.py": "", **{f"texts/{n}.txt": "x" * 100 for n in range(20)}}
    )

    frozen = plan(project, limits=FreezeLimits(max_total_bytes=1000))

    assert frozen.files == ()
    with pytest.raises(SubmitRefused, match=r"21 files with 2\.0 KiB together[\s\S]*texts/"):
        frozen.refuse()


def test_of_too_much_the_largest_stand_first_and_code_is_never_to_be_linked(tmp_path):
    files = {f"b{n}.py": "x" * 90 for n in range(12)}
    project = git_project(tmp_path / "p", {"src/a.py": "", "src/data/m.txt": "y" * 20, **files})

    with pytest.raises(SubmitRefused) as refusal:
        plan(project, limits=FreezeLimits(max_total_bytes=1000)).refuse()

    lines = str(refusal.value).splitlines()
    assert lines[1].split() == ["90", "B", "b0.py"]
    assert "inputs:" not in str(refusal.value)  # 20 of 1,100 bytes would not be enough
    assert "max_total" in lines[-1]


def test_of_too_much_only_what_is_enough_and_no_code_is_to_be_linked(tmp_path):
    data = {
        "src/big/1.txt": "y" * 900,
        "src/model.bin": "y" * 700,
        "few.txt": "y" * 5,
        "other/small.txt": "y" * 30,
    }
    project = git_project(tmp_path / "p", {"src/a.py": "x" * 300, **data})
    limits = FreezeLimits(max_total_bytes=600)

    with pytest.raises(SubmitRefused) as refusal:
        plan(project, limits=limits).refuse()

    assert "inputs: [src/big, src/model.bin]" in str(refusal.value)
    assert "src/big/  (1 file)" in str(refusal.value)
    plan(project, limits=limits, answers=WorkspaceAnswers(inputs=("src/big", "src/model.bin"))).refuse()


def test_untracked_env_files_keys_and_tokens_are_never_frozen(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    write(project, {
        ".env": "X=1", ".env.local": "", "key.pem": "", ".netrc": "", "id_rsa": "", "aws/credentials": "",
        "settings.py": f"T = '{GITHUB_TOKEN}'\n", "run.sh": "export WANDB_API_KEY=" + "0f3c9a7be1" * 4 + "\n", "fine.py": "tokens = 3",
    })  # fmt: skip

    frozen = plan(project)

    assert paths(frozen) == {"train.py", "fine.py"}
    assert why(frozen, "settings.py") == "line 1: GitHub token"
    assert "WANDB_API_KEY" in why(frozen, "run.sh")
    assert GITHUB_TOKEN not in repr(frozen)
    frozen.refuse()


def test_a_secret_in_the_diff_refuses_and_names_file_and_line(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "a\nb\nc\n"})
    (project / "train.py").write_text(f"a\nb\nx = '{GITHUB_TOKEN}'\nc\n")

    for kind in ("isolated", "in_place"):
        with pytest.raises(SubmitRefused, match=r"train\.py:3: GitHub token") as refusal:
            plan(project, kind=kind).refuse()
        assert GITHUB_TOKEN not in str(refusal.value)


def test_a_secret_that_is_committed_already_does_not_block(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": f"x = '{GITHUB_TOKEN}'\n"})

    plan(project).refuse()


def test_links_keep_what_the_workspace_has_and_show_the_original_of_the_rest(tmp_path):
    project = git_project(
        tmp_path / "p", {"train.py": "", "lib/a.py": "", ".gitignore": "cache/\noutputs/\n"}
    )
    write(project, {"cache/big": "x", "outputs/w": ""})
    (tmp_path / "shared").mkdir()
    for name, target in {
        "inside": "lib/a.py", "absolute": str(project / "lib"), "lib/up": "../train.py", "out": "../shared", "big": "cache/big",
        "latest": "outputs/w", "dangling": "nowhere",
    }.items():  # fmt: skip
        os.symlink(target, project / name)

    frozen = plan(project, answers=WorkspaceAnswers(outputs=("cache",)))

    links = {file.path: file.link for file in frozen.files if file.link is not None}
    assert links == {
        "inside": "lib/a.py",
        "absolute": "lib",
        "lib/up": "../train.py",
        "out": str(tmp_path / "shared"),
        "big": "cache/big",
        "latest": "outputs/w",
        "dangling": "nowhere",
    }
    assert str(tmp_path / "shared") in why(frozen, "out")


def test_a_link_to_something_that_stays_behind_shows_the_original(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "*.bin\n"})
    write(project, {"w.bin": "x", "sub/x.py": ""})
    os.symlink("../w.bin", project / "sub" / "w")

    links = {file.path: file.link for file in plan(project).files if file.link}

    assert links == {"sub/w": str(project / "w.bin")}


def test_a_link_to_a_secret_refuses(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    write(project, {".env": "A=1"})
    os.symlink(".env", project / "settings")

    with pytest.raises(SubmitRefused, match=r"settings → \.env: a link to a file of secrets"):
        plan(project).refuse()


@pytest.mark.parametrize("ignored", [True, False])
def test_a_link_where_outputs_go_becomes_a_fresh_folder(tmp_path, ignored):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "outputs\nres\n" if ignored else ""})
    (tmp_path / "scratch").mkdir()
    os.symlink(tmp_path / "scratch", project / "outputs")
    os.symlink(tmp_path / "scratch", project / "res")

    frozen = plan(project, deliverables=[deliverable("res/m.json")])

    frozen.refuse()
    assert paths(frozen) == {"train.py", ".gitignore"}
    assert "res" in frozen.folder_paths


def test_an_ignored_link_to_a_data_folder_is_a_question_like_the_folder_itself(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "data\n"})
    write(tmp_path / "scratch", {"x.csv": ""})
    os.symlink(tmp_path / "scratch", project / "data")

    assert [question.path for question in plan(project).questions] == ["data"]
    answered = plan(project, answers=WorkspaceAnswers(inputs=("data",)))
    answered.refuse()
    assert [item.target for item in answered.inputs] == [str(project / "data")]


def test_an_input_behind_a_link_is_reached_through_that_link(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    write(tmp_path / "scratch", {"cifar/x": ""})
    os.symlink(tmp_path / "scratch", project / "data")

    frozen = plan(project, inputs=["data/cifar"])

    assert [item.path for item in frozen.inputs] == ["data"]
    assert paths(frozen) == {"train.py"}


def test_files_behind_a_folder_that_became_a_link_are_gone(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", "data/a.txt": "tracked"})
    (project / "data" / "a.txt").unlink()
    (project / "data").rmdir()
    write(tmp_path / "elsewhere", {"a.txt": "foreign"})
    os.symlink(tmp_path / "elsewhere", project / "data")

    frozen = plan(project)

    assert paths(frozen) == {"train.py", "data"}


def test_compiled_and_generated_modules_that_git_ignores_come_with_their_package(tmp_path):
    project = git_project(
        tmp_path / "p", {"pkg/__init__.py": "", ".gitignore": "*.so\n_version.py\nlocal.py\nbuild/\n"}
    )
    write(project, {"pkg/_fast.cpython-311.so": "", "pkg/_version.py": "", "pkg/local.py": "", "build/x/_fast.so": "", "alone/z.so": ""})  # fmt: skip

    frozen = plan(project, answers=WorkspaceAnswers(outputs=("build",)))

    assert paths(frozen) == {"pkg/__init__.py", ".gitignore", "pkg/_fast.cpython-311.so", "pkg/_version.py"}
    assert why(frozen, "pkg/local.py") == "ignored by git"


@pytest.mark.parametrize("ignored", [True, False])
def test_a_virtual_environment_is_linked_without_a_question(tmp_path, ignored):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": ".venv/\n" if ignored else ""})
    write(project, {".venv/pyvenv.cfg": "", **{f".venv/lib/{n}.py": "" for n in range(30)}})

    frozen = plan(project, limits=FreezeLimits(max_folder_entries=20))

    frozen.refuse()
    assert [item.path for item in frozen.inputs] == [".venv"]
    assert paths(frozen) == {"train.py", ".gitignore"}


def test_a_folder_of_twenty_thousand_untracked_files_is_one_question_and_quick(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    _fill_with_images(project / "imgs", 20_000)

    started = time.monotonic()
    frozen = plan(project)
    took = time.monotonic() - started

    assert [(question.path, question.why) for question in frozen.questions] == [
        ("imgs", "20,000 untracked files")
    ]
    assert paths(frozen) == {"train.py"}
    assert took < 5.0
    plan(project, answers=WorkspaceAnswers(inputs=("imgs",))).refuse()


@pytest.mark.slow
@pytest.mark.parametrize("with_git", [True, False])
def test_a_hundred_thousand_files_are_answered_in_seconds(tmp_path, with_git):
    project = write(tmp_path / "p", {"train.py": ""})
    if with_git:
        git_project(project, {})
    _fill_with_images(project / "imgs", 100_000)

    started = time.monotonic()
    frozen = plan(project)
    took = time.monotonic() - started

    assert [question.path for question in frozen.questions] == ["imgs"]
    assert took < 10.0


def _fill_with_images(folder: Path, count: int) -> None:
    folder.mkdir()
    descriptor = os.open(folder, os.O_RDONLY)
    for number in range(count):
        os.mknod(f"{number:06}.png", dir_fd=descriptor)
    os.close(descriptor)


def test_without_git_code_and_configuration_are_taken_and_the_rest_is_named(tmp_path):
    project = write(tmp_path / "p", {
        "train.py": "", "conf/a.yaml": "", "Makefile": "", "model.pt": "", ".env": "A=1", "data/1.png": "", "data/2.png": "", "logs/x": "",
        "__pycache__/a.pyc": "",
    })  # fmt: skip
    (project / "empty").mkdir()

    frozen = plan(project)

    assert paths(frozen) == {"train.py", "conf/a.yaml", "Makefile"}
    assert why(frozen, "model.pt") == "no suffix of code or configuration"
    assert [(question.path, question.why) for question in frozen.questions] == [
        ("data", "2 files, none of them code"),
        ("logs", "1 file, none of them code"),
    ]
    assert "empty" in frozen.folders
    assert [item.path for item in frozen.secrets] == [".env"]


def test_without_git_folders_of_many_entries_are_not_entered_but_asked_about(tmp_path):
    project = write(tmp_path / "p", {"train.py": "", "imgs/hidden.py": ""})
    _fill_with_images(project / "more", 30)
    for number in range(30):
        (project / "imgs" / f"{number}.png").touch()

    frozen = plan(project, limits=FreezeLimits(max_folder_entries=20))

    assert [question.path for question in frozen.questions] == ["imgs", "more"]
    assert paths(frozen) == {"train.py"}


def test_a_project_folder_that_is_itself_too_full_is_refused(tmp_path):
    _fill_with_images(tmp_path / "p", 30)

    with pytest.raises(SubmitRefused, match="git init"):
        plan(tmp_path / "p", limits=FreezeLimits(max_folder_entries=20))


def test_a_project_that_its_surrounding_repository_ignores_is_taken_without_git(tmp_path):
    home = git_project(tmp_path / "home", {".gitignore": "*\n!.gitignore\n"})
    write(home / "work", {"train.py": ""})

    frozen = plan(home / "work")

    assert paths(frozen) == {"train.py"}
    assert frozen.repository is None


def test_inputs_that_are_missing_outside_or_the_project_itself_are_refused(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": ".env\n"})
    write(project, {".env": "", "experiments/runs/x": ""})
    (tmp_path / "far").mkdir()

    frozen = plan(project, inputs=["gone", "../far", ".", "experiments", ".env", str(tmp_path / "far")])

    assert [refusal.split(":")[0] for refusal in frozen.refusals] == [
        "input gone", "input ../far", "input .", "input experiments", "input .env",
    ]  # fmt: skip


def test_fifos_are_left_out_and_not_opened(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    os.mkfifo(project / "pipe.py")

    # git does not list it; without git the walk does.
    assert paths(plan(project)) == {"train.py"}
    bare = write(tmp_path / "bare", {"train.py": ""})
    os.mkfifo(bare / "pipe.py")
    assert paths(plan(bare)) == {"train.py"}


def test_names_with_blanks_quotes_and_foreign_bytes_are_taken(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", "a b/ü [x]*.py": "", 'q"uo\nte.py': ""})
    (project / os.fsdecode(b"latin\xe9.py")).touch()

    assert paths(plan(project)) == {"train.py", "a b/ü [x]*.py", 'q"uo\nte.py', os.fsdecode(b"latin\xe9.py")}


def test_the_project_is_the_nearest_orp_yaml_else_the_repository_else_the_folder(tmp_path):
    project = git_project(tmp_path / "p", {"a/b/c.py": ""})
    assert find_project(project / "a" / "b") == project
    (project / "a" / "orp.yaml").touch()
    assert find_project(project / "a" / "b") == project / "a"
    (tmp_path / "bare").mkdir()
    assert find_project(tmp_path / "bare") == tmp_path / "bare"


def test_in_place_copies_nothing_and_knows_the_commit(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": "data/\n"})
    write(project, {"data/x": ""})

    frozen = plan(project, kind="in_place")

    frozen.refuse()
    assert frozen.files == ()
    assert frozen.repository is not None
    assert frozen.repository.commit == git(project, "rev-parse", "HEAD").strip()


def test_a_remembered_file_is_read_again_when_it_changed(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    write(project, {"new.py": "x = 1"})
    old = time.time() - 3600
    os.utime(project / "new.py", (old, old))
    cache = FileCache(tmp_path / "cache.json")
    plan(project, cache=cache)
    cache.save()

    (project / "new.py").write_text(f"x = '{GITHUB_TOKEN}'")

    assert why(plan(project, cache=FileCache(tmp_path / "cache.json")), "new.py") == "line 1: GitHub token"
