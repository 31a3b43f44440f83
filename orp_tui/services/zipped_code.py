"""The frozen code of a run as its zip holds it, where the tree itself is not here: of another machine, or cleaned away."""

from __future__ import annotations

import re
from pathlib import Path

from orp_tui.artifacts.member import read_member
from orp_tui.artifacts.names import SOURCE
from orp_tui.artifacts.reading import read_manifest, refuse_bombs
from orp_tui.core.errors import OrpError
from orp_tui.logs.zip_member import ZipArchive
from orp_tui.workspace.sources import TreeFile

_PREFIX = f"{SOURCE}/"
_ESCAPED = re.compile(r"%([0-9a-f]{2})")


def zipped_code(archive: Path) -> dict[str, tuple[TreeFile, str]] | None:
    """Path → the file and the member that holds it; None if there is no zip, or it can't be read.

    Sizes and digests are those of the manifest. A link is the file that it led to.
    """
    found: dict[str, tuple[TreeFile, str]] = {}
    try:
        with ZipArchive(archive) as opened:
            refuse_bombs(opened)
            manifest = read_manifest(opened)
            modes = {entry.name: entry.mode for entry in opened.entries}
    except (OrpError, OSError):
        return None
    for entry in manifest.packed if manifest is not None else ():
        if entry.path.startswith(_PREFIX) and entry.path in modes:
            mode = "100755" if modes[entry.path] & 0o100 else "100644"
            path = _plain(entry.path.removeprefix(_PREFIX))
            found[path] = TreeFile(path, mode, entry.size, entry.sha256, None), entry.path
    return found


def read_code(archive: str, member: str, most: int) -> bytes:
    """A file of it. Raises OSError if it can't be read."""
    try:
        return read_member(f"{archive}::{member}", most=most)
    except OrpError as error:
        raise OSError(0, str(error)) from error


def _plain(name: str) -> str:
    """The reverse of `artifacts.names.escaped`."""
    if "%" not in name:
        return name
    raw = _ESCAPED.sub(
        lambda found: chr(int(found[1], 16)), name.encode("utf-8", "surrogateescape").decode("latin-1")
    )
    return raw.encode("latin-1").decode("utf-8", "surrogateescape")
