"""What a symbolic link of the project becomes in the workspace."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from orp_tui.workspace.secretscan import is_secret_file


@dataclasses.dataclass(frozen=True)
class Retargeted:
    """The target to give the link, and what to say about it."""

    target: str
    note: str = ""
    """For the list of links that show the live project or the machine; empty if nothing is to be said."""
    secret: bool = False


def retarget(path: str, target: str, project: Path, stays: Callable[[str], bool]) -> Retargeted:
    """Keeps what the workspace has (`stays`, asked with a path relative to the project) inside it,
    and lets all other links show the original.

    A link to what the training writes stays too: it then names the workspace's own.
    """
    folder = project / Path(path).parent
    # Only the last part may be a link: it is the thing meant, what is above is where it lies.
    meant = Path(os.path.join(folder, target))
    original = os.path.join(os.path.realpath(meant.parent), meant.name)
    if is_secret_file(original.lstrip("/")) or is_secret_file(os.path.realpath(original).lstrip("/")):
        return Retargeted(target, secret=True)
    home = os.path.realpath(project)
    if original == home or original.startswith(home + "/"):
        inside = original[len(home) + 1 :]
        if not inside or stays(inside):
            relative = os.path.relpath(inside or ".", os.path.dirname(path) or ".")
            return Retargeted(target if not os.path.isabs(target) else relative)
    if not os.path.lexists(original):
        return Retargeted(target, "dangling" if not os.path.isabs(target) else "")
    return Retargeted(original, f"→ {original}")
