"""What docs/runs.md promises, done: its commands, its files and its Python, and the figure of docs/paper_figure.py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "runs.md").read_text("utf-8")
FIGURE = ROOT / "docs" / "paper_figure.py"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the files of the page, whose queue processor ends by itself."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "orp.yaml").write_text("queue: {idle_exit: 2s}\n")
    for text in [*_blocks("python"), *_blocks("yaml")]:
        name = re.match(r"# (\S+\.\w+)\n", text)
        assert name is not None, text
        (folder / name[1]).write_text(text)
    shutil.copy(FIGURE, folder)
    return folder


def _shell(line: str, project: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORP_", "PYTEST_"))}
    claims = {name: value for name, value in os.environ.items() if name == "ORP_CLAIMS_DIR"}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=project,
        env=kept | claims | {"PATH": path, "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )


@pytest.mark.slow
def test_every_command_of_the_page_does_what_stands_beside_it(project: Path) -> None:
    said = []
    for block in _blocks("bash"):
        if block.startswith("mv ") or "doctor" in block:
            _shell("orp queue stop", project)
        done = _shell(block, project)
        assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
        said.append(done.stdout + done.stderr)

    trained, found, views, compared, traced, kept, imported, python, files = said
    assert trained.count("succeeded  exp_") == 9
    assert found.count(" succeeded") > 9
    assert "±" in found
    assert "(n=3)" in found
    assert "small-lr" in views
    assert "lr" in compared
    assert (project / "comparison.md").read_text().startswith("|")
    assert "a wider net should gain a little" in traced
    assert "best so far, see Table 2" in kept
    assert "1 of 1 runs" in imported
    assert "History 'val_acc'" in python
    assert "(n=3)" in python
    assert "Int64" not in python
    assert (project / "curves.pdf").read_bytes().startswith(b"%PDF")
    assert "12 runs put back" in files


def test_every_key_of_the_page_is_one_of_the_list() -> None:
    from orp_tui.tui.bindings import KEYS

    shown = [
        cell
        for row in re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE)
        for cell in re.findall(r"`(.+?)`", row)
    ]
    there = {
        part
        for key in KEYS
        if key.id.startswith(("runs.", "app."))
        for part in (*key.keys.split(","), key.display)
    }
    named = {"/": "slash", "Enter": "enter", "*": "asterisk"}

    assert len(shown) > 15
    assert [key for key in shown if named.get(key, key) not in there] == []


def test_the_figure_is_made_of_real_runs(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from many_runs import make_runs

    make_runs(tmp_path / "experiments", 120, until=1.79e9)
    command = [
        sys.executable,
        str(FIGURE),
        "state:succeeded name:*resnet*",
        "val_acc",
        "weight_decay",
        "a.svg",
    ]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    drawn = (tmp_path / "a.svg").read_text()
    assert drawn.count("<path") > 10
    assert "<svg" in drawn


def test_every_link_of_the_page_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


def test_the_page_names_only_options_that_there_are() -> None:
    import click

    from orp_tui.cli.group import orp

    parent = click.Context(orp, info_name="orp")
    for line in re.findall(r"^orp (.+)$", PAGE, re.MULTILINE):
        command: click.Command | None = orp
        words = line.split()
        while isinstance(command, click.Group):
            command = command.get_command(parent, words.pop(0))
        assert command is not None, line
        known = {option for each in command.params for option in each.opts}
        unknown = set(re.findall(r"(?<!\S)--[a-z-]+", line)) - known
        assert not unknown, f"orp {line}: {unknown}"
