"""What is installed by reference is imported from the workspace, never from the live project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from project_tree import git_project, plan, write

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace import filling, sources
from orp_tui.workspace.editable import LiveCode, find_live_code, python_path_entries, verify
from orp_tui.workspace.environment import python_path
from orp_tui.workspace.interpreter import query

MARK = 'where = "submitted"\n'
SCRIPT = "import pkg, pkg.part\nprint(pkg.part.where, pkg.__file__)\n"


class Case:
    """A project, a virtual environment that has it installed by reference, and a filled workspace."""

    def __init__(self, folder: Path, files: dict[str, str], *, site: dict[str, str]) -> None:
        self.project = git_project(folder / "p", {".gitignore": "*.so\n", **files})
        self.venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.venv)], check=True)
        self.python = str(self.venv / "bin" / "python")
        self.site = next(self.venv.glob("lib/python*/site-packages"))
        write(self.site, {name: text.replace("PROJECT", str(self.project)) for name, text in site.items()})
        self.place = folder / "w"

    def submit(self) -> LiveCode:
        self.plan = plan(self.project)
        filling.fill(
            sources.store_tree(self.plan, self.project / "experiments" / "sources"), self.place, self.plan
        )
        self.live = find_live_code(query(self.python, {"PATH": os.environ["PATH"]}), self.plan)
        entries = python_path_entries(self.live, self.place)
        self.variables = {"PATH": os.environ["PATH"], "PYTHONPATH": python_path("", entries, None)}
        return self.live

    def verify(self) -> None:
        verify(
            self.live, self.python, self.variables, workspace=self.place, cwd=self.place, project=self.project
        )

    def run(self, *argv: str) -> str:
        done = subprocess.run([self.python, *argv], cwd=self.place, env=self.variables, capture_output=True, text=True, check=True)  # fmt: skip
        return done.stdout


FINDER = """
MAPPING: dict[str, str] = {'pkg': 'PROJECT/src/pkg', 'one': 'PROJECT/src/one'}
NAMESPACES: dict[str, list[str]] = {}
import importlib.util, os, sys
class F:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name == 'pkg':
            return importlib.util.spec_from_file_location(name, MAPPING[name] + '/__init__.py', submodule_search_locations=[MAPPING[name]])
def install():
    sys.meta_path.append(F)
"""


@pytest.mark.parametrize(
    ("root", "site"),
    [
        ("", {"__editable__.p-1.pth": "PROJECT\n"}),
        ("src/", {"__editable__.p-1.pth": "PROJECT/src\n"}),
        ("src/", {"__editable___p_1_finder.py": FINDER, "__editable__.p-1.pth": "import __editable___p_1_finder; __editable___p_1_finder.install()\n"}),
        ("src/", {"p-1.dist-info/direct_url.json": json.dumps({"url": "file://PROJECT", "dir_info": {"editable": True}}), "p-1.dist-info/top_level.txt": "pkg\n", "p.pth": "PROJECT/src\n"}),
    ],
    ids=["flat", "src", "finder", "record"],
)  # fmt: skip
def test_editing_an_editable_module_after_submit_changes_nothing(tmp_path, root, site):
    case = Case(tmp_path, {f"{root}pkg/__init__.py": "", f"{root}pkg/part.py": MARK, f"{root}one.py": "", "scripts/go.py": SCRIPT}, site=site)  # fmt: skip
    live = case.submit()
    case.verify()
    (case.project / root / "pkg" / "part.py").write_text('where = "edited"\n')

    out = case.run("scripts/go.py")

    assert live.roots == (root.rstrip("/"),)
    assert {"pkg", "one"} <= set(live.names)
    assert out == f"submitted {case.place / root / 'pkg' / '__init__.py'}\n"


def test_without_the_workspace_on_pythonpath_it_is_refused_by_name(tmp_path):
    case = Case(tmp_path, {"src/pkg/__init__.py": ""}, site={"p.pth": "PROJECT/src\n"})
    case.submit()
    case.variables.pop("PYTHONPATH")

    with pytest.raises(SubmitRefused, match=rf"pkg from {case.project}/src/pkg[\s\S]*--allow-live-code"):
        case.verify()


def test_a_python_that_is_told_to_ignore_pythonpath_is_refused(tmp_path):
    case = Case(tmp_path, {"src/pkg/__init__.py": ""}, site={"p.pth": "PROJECT/src\n"})
    case.submit()
    case.verify()

    with pytest.raises(SubmitRefused, match="pkg from"):
        verify(case.live, case.python, case.variables, workspace=case.place, cwd=case.place, project=case.project, options=("-I",))  # fmt: skip


def test_a_finder_that_comes_before_pythonpath_is_noticed(tmp_path):
    eager = FINDER.replace("sys.meta_path.append(F)", "sys.meta_path.insert(0, F)")
    case = Case(tmp_path, {"src/pkg/__init__.py": ""}, site={"__editable___p_finder.py": eager, "p.pth": "import __editable___p_finder as f; f.install()\n"})  # fmt: skip
    case.submit()

    with pytest.raises(SubmitRefused, match="pkg from"):
        case.verify()


def test_a_package_inside_a_linked_input_is_live(tmp_path):
    case = Case(tmp_path, {"src/pkg/__init__.py": ""}, site={})
    frozen = plan(case.project, inputs=["src"])
    filling.fill(sources.store_tree(frozen, case.project / "experiments" / "sources"), case.place, frozen)

    with pytest.raises(SubmitRefused, match="pkg from"):
        verify(LiveCode(("src",), ("pkg",)), case.python, {"PYTHONPATH": f"{case.place}/src"}, workspace=case.place, cwd=case.place, project=case.project)  # fmt: skip


def test_compiled_modules_that_git_ignores_are_beside_their_package(tmp_path):
    case = Case(tmp_path, {"src/pkg/__init__.py": ""}, site={"p.pth": "PROJECT/src\n"})
    write(case.project, {"src/pkg/_fast.so": "machine code"})
    case.submit()

    assert (case.place / "src/pkg/_fast.so").read_text() == "machine code"
    case.verify()


def test_folders_of_pythonpath_inside_the_project_count_too(tmp_path):
    case = Case(tmp_path, {"lib/pkg/__init__.py": ""}, site={})
    case.submit()
    assert case.live.roots == ()

    live = find_live_code(query(case.python, {}), case.plan, f"{case.project}/lib:relative")

    assert live == LiveCode(("lib",), ("pkg",))


def test_a_virtual_environment_inside_the_project_is_no_live_code(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": "", ".gitignore": ".venv/\n"})
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project / ".venv")], check=True)

    live = find_live_code(query(str(project / ".venv/bin/python"), {}), plan(project))

    assert live == LiveCode((), ())


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["flat", "src"])
def test_a_real_editable_install_with_a_console_script_runs_from_the_workspace(tmp_path, layout):
    root = "src/" if layout == "src" else ""
    setup = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n[project]\nname = "pkg"\nversion = "1.0"\n[project.scripts]\npkg-go = "pkg.part:main"\n'  # fmt: skip
    case = Case(tmp_path, {"pyproject.toml": setup, f"{root}pkg/__init__.py": "", f"{root}pkg/part.py": MARK + "def main():\n    print(where)\n"}, site={})  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", case.python, "install", "-q", "--no-deps", "-e", str(case.project)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"pip can't install here: {done.stderr.strip()[-300:]}")

    case.submit()
    case.verify()
    (case.project / root / "pkg" / "part.py").write_text('where = "edited"\ndef main():\n    print(where)\n')

    script = str(case.venv / "bin" / "pkg-go")
    out = subprocess.run(
        [script], cwd="/", env=case.variables, capture_output=True, text=True, check=True
    ).stdout
    assert out == "submitted\n"
    assert query(case.python, {}).packages["pkg"] == "1.0"
