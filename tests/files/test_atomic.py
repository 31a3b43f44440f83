"""A file is there whole or as it was, whatever happens to its writer."""

from __future__ import annotations

import json
import os
import signal

import pytest
from crowd import crowd, lines, run_python

from orp_tui.files import atomic

WRITE = """
import sys
from pathlib import Path
from orp_tui.files.atomic import write_bytes
write_bytes(Path(sys.argv[1]), b"new" * 1000)
"""

ONCE = """
import sys
from pathlib import Path
from orp_tui.files.atomic import create_once
print(create_once(Path(sys.argv[1]), b"mine"))
"""

RACE = """
from pathlib import Path
from orp_tui.files.atomic import create_once
ready()
for number in range(20):
    if create_once(Path(sys.argv[2]) / f"attempt-{number}.json", sys.argv[1].encode()):
        print(number, sys.argv[1])
"""


def names(folder):
    return sorted(os.listdir(folder))


def test_a_written_file_is_whole_private_and_alone(tmp_path):
    path = tmp_path / "result.json"

    atomic.write_bytes(path, b"x" * 100_000)
    atomic.write_bytes(path, b"second")

    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(tmp_path) == ["result.json"]


@pytest.mark.parametrize(
    ("point", "content"),
    [("atomic.written.r.json", b"old"), ("atomic.renamed.r.json", b"new" * 1000)],
)
def test_a_killed_writer_leaves_the_old_or_the_new_content(tmp_path, point, content):
    path = tmp_path / "r.json"
    path.write_bytes(b"old")

    answer = run_python(WRITE, str(path), ORP_FAILPOINT=point)

    assert answer.returncode == -signal.SIGKILL
    assert path.read_bytes() == content


@pytest.mark.parametrize("error", ["enospc", "eio"])
def test_a_failed_write_leaves_the_old_content_and_nothing_beside_it(tmp_path, error):
    path = tmp_path / "r.json"
    path.write_bytes(b"old")

    answer = run_python(WRITE, str(path), ORP_FAILPOINT=f"atomic.written.r.json:{error}")

    assert answer.returncode == 1
    assert "OSError" in answer.stderr
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["r.json"]


def test_a_write_that_can_not_be_renamed_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()

    with pytest.raises(IsADirectoryError):
        atomic.write_bytes(path, b"x")

    assert names(tmp_path) == ["folder"]


def test_a_file_is_created_once(tmp_path):
    path = tmp_path / "cancel.json"

    assert atomic.create_once(path, b"first") is True
    assert atomic.create_once(path, b"second") is False
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["cancel.json"]


@pytest.mark.parametrize(("point", "made"), [("once.written.a.json", False), ("once.linked.a.json", True)])
def test_a_killed_creator_leaves_nothing_or_all_of_it(tmp_path, point, made):
    path = tmp_path / "a.json"

    answer = run_python(ONCE, str(path), ORP_FAILPOINT=point)

    assert answer.returncode == -signal.SIGKILL
    assert path.exists() == made
    assert not made or path.read_bytes() == b"mine"
    assert run_python(ONCE, str(path)).stdout == f"{not made}\n"


def test_a_failed_creator_leaves_nothing(tmp_path):
    answer = run_python(ONCE, str(tmp_path / "a.json"), ORP_FAILPOINT="once.written.a.json:enospc")

    assert answer.returncode == 1
    assert names(tmp_path) == []


def test_of_eight_creators_one_wins_each_time(tmp_path):
    winners = dict(line.split() for line in lines(crowd(RACE, 8, str(tmp_path))))

    assert len(winners) == 20
    for number, who in winners.items():
        assert (tmp_path / f"attempt-{number}.json").read_text() == who
    assert len(names(tmp_path)) == 20, "and nothing lies beside them"


def test_a_link_in_the_place_of_a_new_file_is_not_followed(tmp_path):
    outside = tmp_path / "outside"
    (tmp_path / "a.json").symlink_to(outside)

    assert atomic.create_once(tmp_path / "a.json", b"x") is False
    assert not outside.exists()


def test_json_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "r.json"
    value = {"name": "Zoë \u2028", "n": [1, 2.5, None, True]}

    atomic.write_json(path, value)

    assert atomic.read_json(path) == value
    assert path.read_text("utf-8").endswith("}\n")


def test_names_that_are_no_text_come_back_as_they_were():
    name = os.fsdecode(b"a\xff")

    assert json.loads(atomic.to_json({"path": name})) == {"path": name}


def test_a_missing_file_is_none_and_a_damaged_one_an_error(tmp_path):
    path = tmp_path / "r.json"
    assert atomic.read_json(path) is None

    path.write_bytes(b'{"half": ')

    with pytest.raises(ValueError, match="Expecting value"):
        atomic.read_json(path)


@pytest.mark.parametrize("kind", ["fifo", "link", "folder"])
def test_what_is_no_file_is_an_error_and_never_waited_for(tmp_path, kind):
    path = tmp_path / "r.json"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    else:
        path.mkdir()

    with pytest.raises((OSError, ValueError)):
        atomic.read_json(path)


def test_what_killed_writers_left_is_swept_and_nothing_else(tmp_path):
    left = [".result.json.tmp-12-3", ".x_artifacts.zip.tmp-99", "started-1.json.tmp", "attention.json.tmp"]
    kept = ["result.json", "notes.tmp", ".hidden", "model.json.tmp", ".reserve-1"]
    for name in left + kept:
        (tmp_path / name).touch()

    atomic.sweep(tmp_path)

    assert names(tmp_path) == sorted(kept)


def test_only_the_rests_of_one_file_can_be_swept(tmp_path):
    for name in (".a.zip.tmp-1", ".b.zip.tmp-1"):
        (tmp_path / name).touch()

    atomic.sweep(tmp_path, of="a.zip")
    atomic.sweep(tmp_path / "missing")

    assert names(tmp_path) == [".b.zip.tmp-1"]
