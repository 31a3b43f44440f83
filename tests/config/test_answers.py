from __future__ import annotations

from pathlib import Path

import pytest

from orp_tui.config.answers import answer_workspace
from orp_tui.config.settings import load_settings
from orp_tui.core.errors import ConfigError


def answers(project: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    workspace = load_settings(project, environ={"HOME": str(project / "home")}).workspace
    return workspace.inputs, workspace.outputs


def test_a_file_is_made_if_there_is_none(tmp_path):
    answer_workspace(tmp_path, inputs=["data"], outputs=["runs/"])
    assert answers(tmp_path) == (("data",), ("runs",))


TEXTS = {
    "empty": "",
    "comments alone": "# mine\n",
    "no workspace": "base_dir: x  # here\n",
    "no newline at the end": "base_dir: x",
    "empty workspace": "workspace:\nbase_dir: x\n",
    "empty list": "workspace:\n  inputs:\nbase_dir: x\n",
    "block list": "# top\nworkspace:   # answers\n  inputs:\n    # big\n    - old   # kept\n\n  max_file: 3MB\nbase_dir: x\n",
    "block list at the column of its key": "workspace:\n  inputs:\n  - old\nbase_dir: x\n",
    "list in brackets": "workspace:\n  inputs: [old]  # kept\nbase_dir: x\n",
    "empty brackets": "workspace: {inputs: []}\n",
    "brackets over lines": "workspace:\n  inputs: [\n    old,  # kept\n  ]\n",
    "braces": "workspace: {max_file: 3MB}\n",
    "empty braces": "workspace: {}\n",
    "a single value": "workspace:\n  inputs: old  # kept\n",
    "other keys": "workspace:\n    # deep\n    max_file: 3MB\n",
    "all in braces": "{base_dir: x}\n",
    "windows": "base_dir: x\r\nworkspace:\r\n  inputs:\r\n    - old\r\n",
    "byte order mark": "\ufeffbase_dir: x\n",
    "four spaces": "workspace:\n    inputs:\n        - old\n    outputs:\n        - out\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_answers_are_added_and_every_line_and_comment_stays(name, tmp_path):
    text = TEXTS[name]
    file = tmp_path / "orp.yaml"
    file.write_text(text, newline="")
    before = answers(tmp_path)

    answer_workspace(tmp_path, inputs=["data/imgs", "a: #b"], outputs=["outputs"])

    assert answers(tmp_path) == ((*before[0], "data/imgs", "a: #b"), (*before[1], "outputs"))
    after = file.read_bytes().decode()
    for comment in ("# top", "# answers", "# big", "# kept", "# here", "# deep", "# mine"):
        assert after.count(comment) == text.count(comment)
    for word in ("base_dir", "old", "3MB"):
        assert after.count(word) == text.count(word)
    assert ("\r\n" in text) == ("\r\n" in after)
    assert not ("\r\n" in text and "\n" in after.replace("\r\n", ""))


def test_what_is_there_already_is_not_written_again(tmp_path):
    file = tmp_path / "orp.yaml"
    file.write_text("workspace: {inputs: [data]}\n")
    answer_workspace(tmp_path, inputs=["data", "data/"])
    assert file.read_text() == "workspace: {inputs: [data]}\n"


def test_the_mode_stays_and_a_link_stays_a_link(tmp_path):
    real = tmp_path / "shared.yaml"
    real.write_text("base_dir: x\n")
    real.chmod(0o640)
    (tmp_path / "orp.yaml").symlink_to("shared.yaml")
    answer_workspace(tmp_path, inputs=["data"])
    assert (tmp_path / "orp.yaml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert answers(tmp_path)[0] == ("data",)


@pytest.mark.parametrize(
    "text", ["workspace: &w {inputs: &i [a]}\nbase_dir: x\nqueue: *w\n", "a: b: c\n", "nonsense: 1\n"]
)
def test_an_invalid_file_is_left_alone(text, tmp_path):
    file = tmp_path / "orp.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        answer_workspace(tmp_path, inputs=["data"])
    assert file.read_text() == text
