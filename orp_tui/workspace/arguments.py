"""Arguments and config values that name a path which the workspace will not have."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.outputs import OutputPaths
from orp_tui.workspace.plan import FreezePlan, is_within, settings_lines

_LONGEST = 1024
_LISTED = 10
_HEADINGS = {
    True: "The run would not find these paths of the project:",
    False: "These paths lead out of the run's workspace:",
}
_SHELLS = frozenset({"bash", "sh", "dash", "zsh"})


def check_arguments(
    argv: Sequence[str], config: Mapping[str, Any], plan: FreezePlan
) -> None:  # Any: config values
    """Nothing, if every path of the project that a word names is in the workspace or will be written.

    Words count whole, and behind a `=`. Absolute paths into ORP's own folders are allowed (a
    stage reads another's workspace), absolute paths of files that are frozen are not: they
    would run the live ones.

    Raises SubmitRefused, naming every such word with what to do.
    """
    if plan.kind != "isolated":
        return
    checker = _Checker(plan)
    found: dict[str, tuple[str, str]] = {}
    for where, word in (*_words(argv), *_values(config, "config")):
        for piece in _pieces(word):
            problem = checker.problem(piece)
            if problem and piece not in found:
                found[piece] = (where, problem)
    if found:
        lines = [
            f"  {where}: {piece}: {problem}" for piece, (where, problem) in list(found.items())[:_LISTED]
        ]
        absent = dict.fromkeys(path for piece in found if (path := checker.absent(piece)) is not None)
        fix = settings_lines(list(absent)[:_LISTED], "move what is written to outputs") if absent else []
        raise SubmitRefused("\n".join([_HEADINGS[bool(absent)], *lines, *fix]))


def _words(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word in argv[1:]:
        yield "argument", word
    if len(argv) > 2 and argv[1] == "-c" and os.path.basename(argv[0]) in _SHELLS:
        try:
            words = shlex.split(argv[2], comments=True)
        except ValueError:
            return
        for word in words:
            yield "training.script", word


def _values(value: Any, key: str, depth: int = 0) -> Iterator[tuple[str, str]]:  # Any: config values
    if isinstance(value, str):
        yield key, value
    elif depth < 50 and isinstance(value, Mapping):
        for name, item in value.items():
            yield from _values(item, f"{key}.{name}", depth + 1)
    elif depth < 50 and isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _values(item, f"{key}[{number}]", depth + 1)


def _pieces(word: str) -> list[str]:
    if len(word) > _LONGEST or "\0" in word or "\n" in word:
        return []
    behind = word.split("=", 1)[1:]
    return [piece.strip("'\"") for piece in (word, *behind) if piece.strip("'\"")]


class _Checker:
    def __init__(self, plan: FreezePlan) -> None:
        self.plan = plan
        self.outputs = OutputPaths("", plan.deliverables, plan.outputs)
        self.left_out = {item.path: item.why for item in (*plan.left_out, *plan.secrets)}

    def relative(self, piece: str) -> str | None:
        """The path relative to the project; None if it lies outside or is the project."""
        if os.path.isabs(piece):
            path, project = os.path.normpath(piece), str(self.plan.project)
            return path[len(project) + 1 :] if path.startswith(project + "/") else None
        path = posixpath.normpath(posixpath.join(self.plan.cwd, piece))
        return None if path.startswith("..") or path == "." else path

    def problem(self, piece: str) -> str | None:
        path = self.relative(piece)
        if path is None:
            return self._outside(piece)
        absolute = os.path.isabs(piece)
        if absolute and any(
            is_within(os.path.normpath(piece), str(folder)) for folder in self.plan.elsewhere
        ):
            return None
        if absolute and any(is_within(path, item.path) for item in self.plan.inputs):
            return None
        if absolute and (path in self.plan.file_paths or path in self.plan.folder_paths):
            near = os.path.relpath(path, self.plan.cwd or ".")
            return f"names the live project; write {near}, which is frozen"
        path = self.absent(piece)
        return None if path is None else f"not in the workspace ({self._why(path)})"

    def absent(self, piece: str) -> str | None:
        """The path in the project, if the workspace will not have it; only linking it or naming it an output helps."""
        path = self.relative(piece)
        if path is None:
            return None
        # Of an earlier file in an output folder nobody knows whether it is read or written, until
        # `orp.yaml` names the file itself.
        known = self.plan.holds(path) or self.outputs.is_deliverable(path) or path in self.plan.outputs
        return None if known or not os.path.lexists(self.plan.project / path) else path

    def _outside(self, piece: str) -> str | None:
        """`../data/x` of the project's neighbour: there from the project, not from the workspace."""
        if os.path.isabs(piece) or not piece.startswith("../"):
            return None
        meant = Path(os.path.normpath(self.plan.project / self.plan.cwd / piece))
        return (
            f"lies outside the project; write {meant}"
            if meant.exists() and meant != self.plan.project
            else None
        )

    def _why(self, path: str) -> str:
        at = path
        while at:
            if at in self.left_out:
                return self.left_out[at]
            at = at.rpartition("/")[0]
        return "ignored by git, or written by an earlier run"
