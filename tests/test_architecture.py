"""What must hold of the package as a whole: what an import loads, what a wheel holds, what is documented."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import orp_tui
from orp_tui.cli.group import COMMANDS, orp

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {
    "pydantic",
    "yaml",
    "numpy",
    "textual",
    "rich",
    "plotext",
    "jsonschema",
    "psutil",
    "asyncio",
    "wandb",
}


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after `code`."""
    program = f"{code}\nimport sys; print('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split("\n"))


def test_importing_the_package_loads_nothing_of_it():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import orp_tui, sys; print([n for n in sys.modules if n.startswith('orp_tui.')])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "code",
    [
        "from orp_tui.cli.main import main; main(['--help'])",
        "from orp_tui.cli.main import main; main(['status', '--base-dir', '/nonexistent'])",
        "from orp_tui.cli.main import main; main(['runs', '--base-dir', '/nonexistent'])",
        "import orp_tui.cli.commands.logs",
        "import orp_tui.cli.commands.info",
        "import orp_tui.cli.commands.cancel",
    ],
)
def test_looking_at_things_imports_nothing_heavy(code):
    assert not loaded_by(code) & HEAVY


def test_the_finaliser_imports_no_pydantic_and_nothing_else_heavy():
    assert not loaded_by("import orp_tui.cli.commands.finalise, orp_tui.engine.finaliser") & HEAVY


def test_the_leader_imports_no_models():
    assert not loaded_by("import orp_tui.cli.commands.leader") & (HEAVY - {"asyncio"})


def test_the_supervisor_imports_nothing_of_ours_and_little_else():
    folder = ROOT / "orp_tui" / "engine" / "supervisor"
    own = {path.stem for path in folder.glob("*.py")}
    allowed = own | {"_signal", "_json", "ctypes", "errno", "fcntl", "os", "select", "sys", "time"}

    for path in folder.glob("*.py"):
        found = re.findall(r"^(?:import|from) ([\w.]+)", path.read_text("utf-8"), re.MULTILINE)
        assert set(found) <= allowed, path.name


def test_every_public_name_can_be_had():
    for name in orp_tui.__all__:
        assert getattr(orp_tui, name) is not None


def test_every_command_exists_and_says_what_it_does():
    for name, (_, line) in COMMANDS.items():
        command = orp.get_command(None, name)
        assert command is not None
        assert command.help, name
        assert len(line) < 60, name


def test_every_command_is_in_the_readme_or_the_changelog():
    text = (ROOT / "README.md").read_text("utf-8") + (ROOT / "CHANGELOG.md").read_text("utf-8")

    assert [name for name in COMMANDS if not re.search(rf"`[^`]*\b{name}\b", text)] == []


def test_links_in_the_documents_lead_somewhere():
    for document in [
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        ROOT / "sample_experiments" / "README.md",
    ]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_no_module_has_two_subjects_worth_of_lines():
    long = [
        path for path in (ROOT / "orp_tui").rglob("*.py") if len(path.read_text("utf-8").splitlines()) > 500
    ]

    assert long == []


def test_the_version_is_in_the_changelog_form():
    assert re.fullmatch(r"\d+\.\d+\.\d+", orp_tui.__version__)
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text("utf-8")
