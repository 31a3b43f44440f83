"""`orp run --dry-run`: shows everything, writes and starts nothing."""

from __future__ import annotations

import subprocess

import pytest
from desk import Desk


@pytest.fixture
def repository(desk: Desk) -> Desk:
    """A repository with code, an ignored folder and a file of secrets."""
    (desk.folder / "train.py").write_text("print(1)\n")
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "x").write_text("1")
    (desk.folder / ".env").write_text("API_KEY=sk-aaaabbbbccccddddeeee\n")
    (desk.folder / ".gitignore").write_text("data/\nexperiments/\n")
    (desk.folder / "orp.yaml").write_text("queue: {idle_exit: 2s}\nworkspace: {inputs: [data]}\n")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    for words in (["init", "-q"], ["add", "train.py", ".gitignore", "orp.yaml"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], cwd=desk.folder, check=True)
    return desk


def test_everything_is_shown_and_nothing_is_written(
    repository: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "hunter2hunter2")
    name = repository.write(
        "e.yaml", ["python", "train.py"], training={"config": {"lr": 0.5}, "env": {"PLAIN": "seen"}}
    )
    before = repository.files()

    done = repository.call("run", "--dry-run", name)

    assert done.code == 0, done.err
    assert "train.py --lr 0.5" in done.out.splitlines()[0]
    for word in (
        "copied",
        "linked       1",
        "data -> ",
        "left out",
        ".env",
        "environment",
        "PLAIN=seen",
        "nothing was started",
    ):
        assert word in done.out
    assert "hunter2" not in done.out + done.err
    assert "sk-aaaa" not in done.out + done.err
    assert repository.files() == before


def test_as_json_the_lists_are_whole(repository: Desk) -> None:
    name = repository.write("e.yaml", ["python", "train.py"], training={"config": {"lr": 0.5}})

    data = repository.call("run", "--dry-run", "--json", name).json

    assert data["argv"][1:] == ["train.py", "--lr", "0.5"]
    assert {item["path"] for item in data["copied"]} >= {"train.py", ".gitignore", "e.yaml"}
    assert [item["path"] for item in data["linked"]] == ["data"]
    assert any(item["path"] == ".env" for item in data["left_out"])
    assert data["environment"]["PYTHONUNBUFFERED"] == "1"
    assert data["workspace"] == "isolated"


def test_what_a_submit_would_refuse_is_shown_and_then_refused(repository: Desk) -> None:
    (repository.folder / "orp.yaml").write_text("")
    before = repository.files()

    done = repository.call("run", "--dry-run", repository.write("e.yaml", ["python", "train.py"]))

    assert done.code == 2
    assert "train.py" in done.out
    assert "inputs: [data]" in done.err
    assert repository.files().keys() == before.keys() | {"e.yaml"}


def test_a_command_is_shown_too(desk: Desk) -> None:
    before = desk.files()

    done = desk.call("run", "--dry-run", "--", "echo", "a b")

    assert done.code == 0
    assert "echo 'a b'" in done.out.splitlines()[0]
    assert desk.files() == before
