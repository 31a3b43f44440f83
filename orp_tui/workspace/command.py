"""The program of a run: found once at submit, in the environment that the run will have."""

from __future__ import annotations

import dataclasses
import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.plan import FreezePlan

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*(?:-dbg)?t?")
_SHEBANG = re.compile(rb"#![ \t]*([^\s]+)[ \t]*([^\n]*)")
# pip writes this where the path of the interpreter is too long, or has a blank, for a first line.
_EXEC_LINE = re.compile(rb"'''exec' \"?([^\"\n]+?)\"? \"\$0\"")
_TAKES_A_WORD = ("-W", "-X", "--check-hash-based-pycs")


@dataclasses.dataclass(frozen=True)
class ResolvedCommand:
    """What will be started."""

    argv: tuple[str, ...]
    """The first word is the absolute path of the program; a link of a virtual environment stays one."""
    interpreter: str | None
    """The Python that runs it, absolute; None if the program is no Python, as far as its first line tells."""
    script: str | None
    """The file that Python is given, as written; None with `-m`, `-c` or another program."""
    python_options: tuple[str, ...] = ()
    """Those that change where Python imports from: `-I`, `-E`, `-s`, `-S`, `-P`."""

    @property
    def program(self) -> str:
        return self.argv[0]


def resolve_command(
    argv: Sequence[str],
    variables: Mapping[str, str],
    *,
    project_cwd: Path,
    workspace_cwd: Path,
    plan: FreezePlan | None = None,
) -> ResolvedCommand:
    """`argv` with its program found on PATH of `variables`, or beneath the folder of the submit.

    Works before the workspace is filled: what the plan freezes is named by its place in the
    workspace. Without a plan (in_place, shared) the project's own files are meant.

    Raises SubmitRefused, naming the word, if there is no such program, it can't be executed, or
    the script that Python is to run is not there.
    """
    if not argv or not argv[0]:
        raise SubmitRefused("training.script: no command")
    found = _find(argv[0], variables, project_cwd)
    _require_executable(argv[0], found)
    placed = _placed(found, project_cwd, workspace_cwd, plan)
    interpreter = _interpreter(found, variables)
    script = None
    if _PYTHON.fullmatch(os.path.basename(found)):
        script = _script_of(argv)
        if script is not None:
            _require_script(script, project_cwd, plan)
    words = argv[1:] if interpreter == found else _shebang_words(found)
    return ResolvedCommand((placed, *argv[1:]), interpreter, script, _import_options(words))


def _find(word: str, variables: Mapping[str, str], cwd: Path) -> str:
    if "/" in word:
        path = os.path.normpath(cwd / word)
        if not os.path.lexists(path):
            raise SubmitRefused(f"training.script: {word}: there is no {path}")
        return path
    path = variables.get("PATH", os.defpath)
    for folder in path.split(os.pathsep):
        candidate = os.path.normpath(cwd / folder / word)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    hint = f"; did you mean ./{word} or `bash {word}`?" if (cwd / word).is_file() else ""
    raise SubmitRefused(f"training.script: {word}: not found on PATH of the run's environment ({path}){hint}")


def _require_executable(word: str, path: str) -> None:
    try:
        status = os.stat(path)
    except OSError as error:
        raise SubmitRefused(f"training.script: {word}: {path}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise SubmitRefused(f"training.script: {word}: {path} is a folder, no program")
    if not os.access(path, os.X_OK):
        how = f"python {word}" if word.endswith(".py") else f"bash {word}"
        raise SubmitRefused(
            f"training.script: {word}: {path} may not be executed; chmod +x it, or write `{how}`"
        )
    head = _head(path)
    match = _SHEBANG.match(head)
    if match is None:
        if head and b"\0" not in head and not head.startswith(b"\x7fELF"):
            raise SubmitRefused(
                f"training.script: {word}: {path} is a text without a #! line; name its interpreter before it"
            )
        return
    interpreter = os.fsdecode(match[1])
    if not os.path.exists(interpreter):
        raise SubmitRefused(
            f"training.script: {word}: its first line names {interpreter}, which does not exist"
        )


def _head(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(512)
    except OSError:
        return b""


def _placed(found: str, project_cwd: Path, workspace_cwd: Path, plan: FreezePlan | None) -> str:
    """A program of the project's own is taken from the workspace; a linked environment keeps its path."""
    if plan is None or plan.kind != "isolated":
        return found
    project = str(plan.project)
    if not found.startswith(project + "/"):
        return found
    relative = found[len(project) + 1 :]
    if relative in plan.file_paths:
        return os.path.normpath(workspace_cwd / os.path.relpath(found, project_cwd))
    if plan.holds(relative):
        return found
    raise SubmitRefused(
        f"training.script: {found} is not part of what is frozen: {_why_absent(relative, plan)}"
    )


def _why_absent(relative: str, plan: FreezePlan) -> str:
    known = {item.path: item.why for item in (*plan.left_out, *plan.secrets)}
    return known.get(relative, "ignored, or in a folder that is left out")


def _interpreter(path: str, variables: Mapping[str, str]) -> str | None:
    """The Python behind a program; one step through its first line."""
    if _PYTHON.fullmatch(os.path.basename(path)):
        return path
    head = _head(path)
    match = _SHEBANG.match(head)
    if match is None:
        return None
    named, rest = os.fsdecode(match[1]), os.fsdecode(match[2]).split()
    if os.path.basename(named) == "env":
        words = [word for word in rest if not word.startswith("-") and "=" not in word]
        named = _on_path(words[0], variables) if words else ""
    elif os.path.basename(named) in ("sh", "bash", "dash") and (line := _EXEC_LINE.search(head)):
        named = os.fsdecode(line[1])
    return named if named and _PYTHON.fullmatch(os.path.basename(named)) else None


def _shebang_words(path: str) -> list[str]:
    """What stands behind the interpreter in a first line."""
    match = _SHEBANG.match(_head(path))
    if match is None:
        return []
    words = os.fsdecode(match[2]).split()
    if os.path.basename(match[1]) != b"env":
        return words
    named = next((at for at, word in enumerate(words) if not word.startswith("-")), len(words))
    return words[named + 1 :]


def _import_options(words: Sequence[str]) -> tuple[str, ...]:
    """The options before the script, `-m` or `-c` that change where Python imports from."""
    found: dict[str, None] = {}
    rest = iter(words)
    for word in rest:
        if word in _TAKES_A_WORD:
            next(rest, None)
        elif not word.startswith("-") or word == "-":
            break
        elif not word.startswith(("--", "-W", "-X")):
            letters = re.split("[mc]", word[1:])
            found.update(dict.fromkeys(letter for letter in letters[0] if letter in "IEsSP"))
            if len(letters) > 1:
                break
    return tuple(f"-{letter}" for letter in found)


def _on_path(word: str, variables: Mapping[str, str]) -> str:
    for folder in variables.get("PATH", os.defpath).split(os.pathsep):
        candidate = os.path.join(folder or ".", word)
        if os.path.isabs(candidate) and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return ""


def likely_interpreter(command: ResolvedCommand, variables: Mapping[str, str], project: Path) -> str | None:
    """The Python whose packages the run will most likely import.

    Behind a launcher such as `uv run`, `bash run.sh` or `srun` it is the active environment's,
    else the project's `.venv`, else `python` on PATH; None if there is none.
    """
    if command.interpreter:
        return command.interpreter
    prefixes = [variables.get("VIRTUAL_ENV"), variables.get("CONDA_PREFIX"), str(project / ".venv")]
    if os.path.basename(command.program) in ("uv", "uvx"):
        prefixes = [variables.get("UV_PROJECT_ENVIRONMENT"), str(project / ".venv"), *prefixes]
    for prefix in prefixes:
        if prefix and os.access(python := os.path.join(prefix, "bin", "python"), os.X_OK):
            return python
    return _on_path("python", variables) or _on_path("python3", variables) or None


def _script_of(argv: Sequence[str]) -> str | None:
    """The first word behind Python's own options; None with -m, -c, or from stdin."""
    words = iter(argv[1:])
    for word in words:
        if word in _TAKES_A_WORD:
            next(words, None)
        elif word == "-" or (word.startswith("-") and not word.startswith("--") and word[-1] in "mc") or word[:2] in ("-m", "-c"):  # fmt: skip
            return None
        elif not word.startswith("-"):
            return word
    return None


def _require_script(script: str, cwd: Path, plan: FreezePlan | None) -> None:
    if "{" in script:
        return
    path = os.path.normpath(cwd / script)
    if not os.path.exists(path):
        raise SubmitRefused(f"training.script: {script}: there is no {path}")
    if plan is None or plan.kind != "isolated" or not path.startswith(f"{plan.project}/"):
        return
    relative = path[len(str(plan.project)) + 1 :]
    if not os.path.isabs(script) and not plan.holds(relative):
        raise SubmitRefused(
            f"training.script: {script} is not part of what is frozen: {_why_absent(relative, plan)}"
        )
