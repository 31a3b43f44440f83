"""What the README promises, done. Its two commands on a fresh clone are steps of `.ci/run`; here `-m sweep` does them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
QUICK_START = ROOT / "sample_experiments" / "quick-start"
QUICK_TESTS = ("tests/core/test_sanitise.py", "tests/core/test_secrets.py", "tests/config/test_values.py")


def _variables(**more: str) -> dict[str, str]:
    """The environment of somebody who has just logged in: no virtual environment, no setting of ours."""
    ours = ("ORP_", "VIRTUAL_ENV", "PYTHON", "PYTEST_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return clean | {"ORP_IDLE_EXIT": "1s", "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | more


def _clone(folder: Path) -> Path:
    if not (ROOT / ".git").exists():
        pytest.skip("no clone of the repository: .git is missing")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    return folder


def _command(clone: Path, name: str) -> str:
    """The marked command of the clone's own README."""
    script = clone / ".ci" / "readme_command.py"
    return subprocess.run(
        [sys.executable, str(script), name], check=True, capture_output=True, text=True
    ).stdout


def _bash(line: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env=_variables(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
    )


@pytest.mark.sweep
def test_the_first_command_sets_up_and_trains_on_a_fresh_clone(tmp_path: Path) -> None:
    clone = _clone(tmp_path / "clone")

    done = _bash(_command(clone, "run"), clone)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded" in done.stdout
    assert "[x] outputs/model.safetensors" in done.stdout
    assert "[!]" not in done.stdout
    (packed,) = clone.rglob("*_artifacts.zip")
    assert packed.name in done.stdout


@pytest.mark.sweep
def test_the_second_command_sets_up_and_passes_tests_on_a_fresh_clone(tmp_path: Path) -> None:
    """Of the suite only some quick files: it is this very suite that runs here."""
    clone = _clone(tmp_path / "clone")
    command = _command(clone, "tests")

    done = _bash(command, clone, PYTEST_ADDOPTS=shlex.join(QUICK_TESTS))

    assert "python -m pytest -q" in command
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout), done.stdout


def test_the_quick_start_of_the_readme_is_the_sample_and_runs(tmp_path: Path) -> None:
    shown = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    assert shown[1] == (QUICK_START / "experiment.yaml").read_text("utf-8")
    project = tmp_path / "project"
    shutil.copytree(
        QUICK_START, project, ignore=shutil.ignore_patterns("experiments", "output", "__pycache__")
    )
    before = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    done = _bash(f"{sys.executable} -m orp_tui.cli run experiment.yaml", project, PATH=before)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "succeeded" in done.stdout
    assert "[x] output/model" in done.stdout
    assert "[x] output/metrics.json" in done.stdout


def _shown_commands() -> list[list[str]]:
    """Every `orp …` of the README's text, as words."""
    return [shlex.split(line)[1:] for line in re.findall(r"`(orp [^`]+)`", README)]


def test_the_readme_shows_commands() -> None:
    assert {"status", "runs", "info", "logs", "cancel", "run", "validate", "doctor"} <= {
        words[0] for words in _shown_commands()
    }


@pytest.mark.parametrize("words", _shown_commands(), ids=" ".join)
def test_each_command_of_the_readme_is_one_with_such_options(words: list[str]) -> None:
    import click

    from orp_tui.cli.group import orp

    parent = click.Context(orp, info_name="orp")
    command = orp.get_command(parent, words[0])
    assert command is not None
    rest = words[1:]
    if isinstance(command, click.Group):
        command = command.get_command(parent, rest.pop(0))
        assert command is not None

    context = command.make_context(words[0], rest or ["--help"], parent=parent, resilient_parsing=not rest)

    assert context.command is command


def test_every_file_that_the_readme_links_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
