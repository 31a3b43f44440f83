"""Checks that other packages bring: real entry points of a package on the path."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from checked_workspace import Workspace

CODE = """
import os, time, ctypes
from orp_tui.core.checklist import CheckOutcome, CheckResult

def shape(context, options):
    with context.open(context.targets[0].path) as file:
        size = len(file.read())
    print("noise on stdout")
    good = size >= options["least"]
    return CheckResult("shape", CheckOutcome.PASS if good else CheckOutcome.FAIL, f"{size} wide", size)

def broken(context, options):
    raise RuntimeError("bad \\x1b[2J day")

def wrong(context, options):
    return True

def hanging(context, options):
    open(os.path.join(context.folder.folder, "hanging"), "w").close()
    time.sleep(60)

def crashing(context, options):
    ctypes.string_at(0)
"""
NAMES = ("shape", "broken", "wrong", "hanging", "crashing")


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "lab_checks-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "lab_checks.py").write_text(CODE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lab-checks\nVersion: 1.0\n")
    lines = [f"{name} = lab_checks:{name}" for name in NAMES] + ["gone = lab_nothing:check"]
    (info / "entry_points.txt").write_text("[orp.validators]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(site)


@pytest.mark.usefixtures("plugin")
def test_a_plugin_answers_as_our_own_checks_do(workspace: Workspace) -> None:
    workspace.write("a.bin", b"12345")

    assert workspace.passes("a.bin", "shape", least=5) == "5 wide"
    assert workspace.fails("a.bin", "shape", least=6) == "5 wide"


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("broken", "the plug-in of lab-checks is broken: RuntimeError: bad day"),
        ("wrong", "the plug-in of lab-checks is broken: it gave bool, no CheckResult"),
        ("gone", "the plug-in of lab-checks is broken: ModuleNotFoundError: No module named 'lab_nothing'"),
        ("crashing", "its process ended by signal 11 without an answer"),
    ],
)
def test_a_broken_plugin_is_an_error_naming_its_package(workspace: Workspace, name: str, detail: str) -> None:
    workspace.write("a.bin")

    assert workspace.errs("a.bin", name) == detail


@pytest.mark.usefixtures("plugin")
def test_a_hanging_plugin_is_stopped(workspace: Workspace) -> None:
    workspace.write("a.bin")
    begun = time.monotonic()

    assert workspace.errs("a.bin", "hanging", timeout_s=1) == "not done after 1 s; stopped"
    assert time.monotonic() - begun < 10


@pytest.mark.usefixtures("plugin")
def test_a_check_in_a_process_of_its_own_dies_with_its_parent(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write("a.bin")
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from orp_tui.core.checklist import Check, Deliverable; from orp_tui.deliverables.evaluate import evaluate\n"
        "evaluate([Deliverable(0, 't', 'a.bin', True, (Check('hanging'),))], sys.argv[1], baseline=None, final=True)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, workspace.folder, tmp_path / "site"])
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    until(lambda: children.read_text() != "")
    child = int(children.read_text())
    until(lambda: b"apart_worker" in Path(f"/proc/{child}/cmdline").read_bytes())
    # It asks to die with its parent in its first milliseconds.
    until(lambda: (workspace.folder / "hanging").exists())

    parent.kill()
    parent.wait()

    until(lambda: not Path(f"/proc/{child}").exists())


def test_a_name_that_nobody_brings_is_an_error(workspace: Workspace) -> None:
    workspace.write("a.bin")

    assert "no check of that name here" in workspace.errs("a.bin", "shape")


def test_a_module_in_the_workspace_is_never_imported_by_a_check(workspace: Workspace) -> None:
    for name in ("json", "re", "orp_tui", "jsonschema", "resource"):
        workspace.write(f"{name}.py", "open('imported', 'w')")
    workspace.write("a.txt", "x")

    workspace.passes("a.txt", "regex", pattern="x")

    assert not (workspace.folder / "imported").exists()
