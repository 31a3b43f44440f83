"""The YAML files beneath a folder are found, and nothing else is walked into."""

from __future__ import annotations

import os

import pytest

from orp_tui.services import configs_scan
from orp_tui.services.configs_scan import by_place, scan


def files(tmp_path, *names):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: 1\n")


def names(found):
    return [file.name for file in found.files]


def test_a_tree_has_folders_before_files_and_numbers_by_their_value(tmp_path):
    files(tmp_path, "run10.yaml", "run2.yml", "B.yaml", "cifar/vit.yaml", "cifar/deep/a.yaml", "notes.txt")

    found = scan(tmp_path, ())

    assert names(found) == ["cifar/deep/a.yaml", "cifar/vit.yaml", "B.yaml", "run2.yml", "run10.yaml"]
    assert [folder.name for folder in found.folders] == [tmp_path.name, "cifar", "deep"]
    assert found.notes == ()


def test_names_that_differ_only_in_case_or_digits_can_be_sorted():
    assert sorted(["a/1.yaml", "a/x.yaml", "1a.yaml", "A.yaml", "a.yaml", "01a.yaml"], key=by_place)


def test_hidden_folders_environments_and_those_of_orp_are_left_out(tmp_path):
    files(
        tmp_path,
        ".git/a.yaml", ".hidden.yaml", "env/a.yaml", "env/pyvenv.cfg", "node_modules/x/a.yaml",
        "out/runs/exp_1/experiment.yaml", "orp.yaml", "kept/a.yaml",
    )  # fmt: skip

    found = scan(tmp_path, (os.path.realpath(tmp_path / "out"),))

    assert names(found) == ["kept/a.yaml"]


def test_a_link_to_a_folder_is_named_and_not_followed_and_one_to_a_file_is_a_file(tmp_path):
    files(tmp_path, "here/a.yaml", "there/b.yaml")
    (tmp_path / "here" / "data").symlink_to(tmp_path / "there")
    (tmp_path / "here" / "up").symlink_to(tmp_path)
    (tmp_path / "here" / "b.yaml").symlink_to(tmp_path / "there" / "b.yaml")
    (tmp_path / "here" / "loop.yaml").symlink_to("loop.yaml")

    found = scan(tmp_path / "here", ())

    assert names(found) == ["a.yaml", "b.yaml", "loop.yaml"]
    assert found.files[2].stamp is None
    assert found.notes == ("2 links to folders not followed: data, up",)


def test_what_is_too_much_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(configs_scan, "MOST_FILES", 3)
    monkeypatch.setattr(configs_scan, "MOST_DEEP", 1)
    files(tmp_path, "a.yaml", "b.yaml", "deep/c.yaml", "deep/deeper/d.yaml", "deep/deepest/e.yaml")

    found = scan(tmp_path, ())

    assert names(found) == ["deep/c.yaml", "a.yaml", "b.yaml"]
    assert found.notes == (
        "only the first 3 files are shown; watch a smaller folder: orp-tui FOLDER",
        "deeper than 1 folders, not looked into: deep/deeper, deep/deepest",
    )


def test_a_folder_of_data_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(configs_scan, "MOST_IN_FOLDER", 5)
    files(tmp_path, *(f"data/{number}.yaml" for number in range(9)), "a.yaml")

    found = scan(tmp_path, ())

    assert len(found.files) == 6
    assert found.notes == ("of data only 5 names were looked at",)


def test_many_names_in_all_end_the_look(tmp_path, monkeypatch):
    monkeypatch.setattr(configs_scan, "MOST_ENTRIES", 4)
    files(tmp_path, *(f"data/{number}.txt" for number in range(9)), "more/a.yaml", "a.yaml")

    found = scan(tmp_path, ())

    assert names(found) == ["a.yaml"]
    assert "only the first 4 names were looked at" in found.notes[0]


def test_a_folder_that_is_not_there_has_nothing(tmp_path):
    assert scan(tmp_path / "none", ()) == configs_scan.Scan((), (), ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path):
    files(tmp_path, "closed/a.yaml", "a.yaml")
    (tmp_path / "closed").chmod(0)
    try:
        found = scan(tmp_path, ())
    finally:
        (tmp_path / "closed").chmod(0o700)

    assert (names(found), found.notes) == (["a.yaml"], ("can't be read: closed: permission denied",))


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path):
    files(tmp_path, "a.yaml")

    found = scan(tmp_path / "a.yaml", ())

    assert found.notes == (f"can't be read: {tmp_path / 'a.yaml'}: not a directory",)
