"""Which paths a training is known to write: its deliverables, and what `orp.yaml` calls output."""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterable

from orp_tui.workspace.plan import is_within, parents

_MAGIC = re.compile(r"[*?\[]")


@functools.lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    """A glob of a deliverable; `**` crosses folders, `*` and `?` do not. What lies beneath a match counts too."""
    out, at = "", 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            out, at = out + "(?:[^/]+/)*", at + 3
        elif pattern.startswith("**", at):
            out, at = out + ".*", at + 2
        elif pattern[at] == "*":
            out, at = out + "[^/]*", at + 1
        elif pattern[at] == "?":
            out, at = out + "[^/]", at + 1
        elif pattern[at] == "[" and (end := pattern.find("]", at + 2)) > 0:
            inner = pattern[at + 1 : end].replace("\\", "\\\\")
            out, at = out + f"[{'^' + inner[1:] if inner.startswith('!') else inner}]", end + 1
        else:
            out, at = out + re.escape(pattern[at]), at + 1
    try:
        return re.compile(f"(?:{out})(?:/.*)?", re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


class OutputPaths:
    """Answers for paths relative to the project."""

    def __init__(self, cwd: str, deliverables: Iterable[str], outputs: Iterable[str]) -> None:
        """`deliverables`: paths or globs relative to `cwd`; `outputs`: relative to the project."""
        joined = (posixpath.normpath(posixpath.join(cwd, path)) for path in deliverables)
        self.deliverables = tuple(
            path for path in joined if path != "." and not path.startswith(("../", "/"))
        )
        self.outputs = tuple(outputs)

    def is_deliverable(self, path: str) -> bool:
        """Whether `path` is, or lies beneath, a declared deliverable."""
        for pattern in self.deliverables:
            if _MAGIC.search(pattern):
                if _expression(pattern).fullmatch(path):
                    return True
            elif is_within(path, pattern):
                return True
        return False

    def is_written(self, path: str) -> bool:
        """Whether the training may be expected to make `path` itself."""
        return self.is_deliverable(path) or any(is_within(path, folder) for folder in self.outputs)

    def parents(self) -> list[str]:
        """Folders above deliverables, as far as their paths are written out."""
        found: list[str] = []
        for pattern in self.deliverables:
            magic = _MAGIC.search(pattern)
            # Of `a/b/m_*.pt` the part before the first magic is `a/b/m_`, and its folders are known.
            plain = pattern if magic is None else pattern[: magic.start()]
            found += [folder for folder in parents(plain) if folder not in found]
        return found

    def touches(self, folder: str) -> bool:
        """Whether something in `folder`, or the folder itself, is a deliverable or an output."""
        known = (*self.parents(), *self.outputs)
        return self.is_written(folder) or any(is_within(path, folder) for path in known)
