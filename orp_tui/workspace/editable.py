"""Editable installs would import the live project; here the workspace's copy is put before it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.interpreter import TIMEOUT_S, InterpreterFacts
from orp_tui.workspace.plan import FreezePlan, is_within_any


@dataclasses.dataclass(frozen=True)
class LiveCode:
    """How the training's Python reaches into the project."""

    roots: tuple[str, ...]
    """Folders that PYTHONPATH has to start with, relative to the project; the empty string is the project."""
    names: tuple[str, ...]
    """Top-level modules that must come from the workspace."""


def find_live_code(facts: InterpreterFacts, plan: FreezePlan, python_path: str = "") -> LiveCode:
    """Every way from `sys.path`, PYTHONPATH and the finders of editable installs into the project."""
    finder = _Finder(plan)
    relative_only = [entry for entry in python_path.split(os.pathsep) if os.path.isabs(entry)]
    for entry in (*relative_only, *facts.import_path):
        finder.add_root(entry)
    for name, place in facts.mappings.items():
        # A finder maps a package to its folder, a module to its file without or with suffix.
        if os.path.basename(place).removesuffix(".py") == name:
            finder.add_root(os.path.dirname(place))
        if finder.inside(place) is not None:
            finder.names.setdefault(name)
    for install in facts.editables:
        if finder.inside(install.folder) is not None:
            finder.add_install(install.folder, install.name, install.top_level)
    return LiveCode(tuple(finder.roots), tuple(finder.names))


class _Finder:
    def __init__(self, plan: FreezePlan) -> None:
        self.plan = plan
        self.project = str(plan.project)
        self.linked = [item.path for item in plan.inputs]
        self.own = [str(folder) for folder in plan.elsewhere]
        self.roots: dict[str, None] = {}
        self.names: dict[str, None] = {}

    def inside(self, path: str) -> str | None:
        """Relative to the project; None outside it, in a virtual environment, in a folder of ORP."""
        real = os.path.realpath(path) if path else ""
        if real != self.project and not real.startswith(self.project + "/"):
            return None
        relative = real[len(self.project) + 1 :]
        if (relative and is_within_any(relative, self.linked)) or is_within_any(real, self.own):
            return None
        return relative

    def add_root(self, path: str) -> None:
        relative = self.inside(path)
        if relative is None or relative in self.roots:
            return
        modules = top_level_modules(self.plan, relative)
        if modules:
            self.roots[relative] = None
            self.names.update(dict.fromkeys(modules))

    def add_install(self, folder: str, name: str, top_level: Iterable[str]) -> None:
        """An install whose way into the project is unknown: both usual layouts are tried."""
        module = name.lower().replace("-", "_").replace(".", "_")
        wanted = tuple(top_level) or (module,)
        if all(item in self.names for item in wanted):
            return
        for root in (folder, os.path.join(folder, "src")):
            relative = self.inside(root)
            if relative is not None and set(wanted) & set(top_level_modules(self.plan, relative)):
                self.add_root(root)


def top_level_modules(plan: FreezePlan, root: str) -> list[str]:
    """What `import` finds among the frozen files beneath `root`: modules, and folders that hold some."""
    prefix = f"{root}/" if root else ""
    found: dict[str, None] = {}
    for path in plan.file_paths:
        if not path.startswith(prefix) or not path.endswith((".py", ".so")):
            continue
        first, slash, _ = path[len(prefix) :].partition("/")
        name = first if slash else first.partition(".")[0]
        if name.isidentifier():
            found[name] = None
    return sorted(found)


def python_path_entries(live: LiveCode, workspace: Path) -> list[str]:
    """The workspace's counterparts of the roots, in their order."""
    return [os.path.join(workspace, root) if root else str(workspace) for root in live.roots]


_VERIFY = """
import importlib.util, json, sys
sys.path = [entry for entry in sys.path if entry != ""]
found = {}
for name in sys.argv[1:]:
    try:
        spec = importlib.util.find_spec(name)
    except Exception as error:
        found[name] = [None, repr(error)]
        continue
    if spec is None:
        found[name] = [None, "not found"]
        continue
    places = list(spec.submodule_search_locations or [])
    place = spec.origin if spec.has_location and spec.origin else (places[0] if places else None)
    found[name] = [place, spec.origin]
sys.stdout.write("\\n" + json.dumps(found))
"""


def verify(
    live: LiveCode,
    python: str,
    variables: Mapping[str, str],
    *,
    workspace: Path,
    cwd: Path,
    project: Path,
    options: Sequence[str] = (),
) -> None:
    """Asks the training's Python, with the run's final environment, where it would import from.

    Nothing is asked if no way leads into the project. `options` are the command's own that
    matter for imports (`ResolvedCommand.python_options`): `python -I` ignores PYTHONPATH. The folder of the script, which Python
    puts first, is left out, so that console scripts are covered too.

    Raises SubmitRefused if a module would come from the live project.
    """
    if not live.names:
        return
    found = _resolve(live.names, [python, *options], variables, cwd)
    wrong = [
        (name, place) for name, (place, _) in found.items() if place and _is_live(place, workspace, project)
    ]
    if wrong:
        lines = [f"  {name} from {place}" for name, place in wrong]
        raise SubmitRefused(
            "The run would import the live project and not what was frozen:\n"
            + "\n".join(lines)
            + "\nInstall the package in another way (`pip install .`), or accept it with --allow-live-code; "
            "the run is then marked as not frozen."
        )


def _is_live(place: str, workspace: Path, project: Path) -> bool:
    real, frozen, home = os.path.realpath(place), os.path.realpath(workspace), os.path.realpath(project)
    return not real.startswith(frozen + "/") and real.startswith(home + "/")


def _resolve(
    names: Sequence[str], python: Sequence[str], variables: Mapping[str, str], cwd: Path
) -> dict[str, tuple[str | None, str | None]]:
    try:
        done = subprocess.run(
            [*python, "-c", _VERIFY, *names],
            env=dict(variables),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        data = json.loads(done.stdout.rpartition(b"\n")[2]) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise SubmitRefused(f"{python[0]} cannot say where it imports from: {error}") from error
    if data is None:
        raise SubmitRefused(f"{python[0]} cannot say where it imports from:\n{done.stderr.decode('utf-8', 'replace')[-2000:]}")  # fmt: skip
    return {name: (place[0], place[1]) for name, place in data.items()}
