"""Folders of ORP that lie in a project, told by what is in them: other base directories, and moved parts of one.

A base directory has `runs/` beside a `state/` with a database or a lock. Parts that settings put
elsewhere are told one by one: a run by its id and `request.json`, an artifact by its name, a
state folder by its database, a frozen tree by its sha256.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from pathlib import Path

from orp_tui.core.ids import is_run_id
from orp_tui.core.layout import BasePaths
from orp_tui.workspace.plan import parents

_PARTS = ("runs", "artifacts", "state", "sources", "trash")
_MARKS = ("orp.db", "queue.lock")
_TREE = re.compile(r"[0-9a-f]{64}")
_ARTIFACT = "_artifacts.zip"
_LOOKED_AT = 2_000
"""Entries of one folder, to find out whether it is all of ORP."""


def parts_inside(folder: str, names: Collection[str]) -> frozenset[str]:
    """Which entries of `folder`, given by their names, are of ORP."""
    parts: set[str] = set()
    if "runs" in names and "state" in names and is_base(folder):
        parts.update(name for name in _PARTS if name in names and os.path.lexists(f"{folder}/{name}"))
    # Nothing but a database is looked for here, since `queue.lock` is a name that others use.
    if "state" in names and os.path.isfile(f"{folder}/state/orp.db"):
        parts.add("state")
    parts.update(name for name in names if _is_part(folder, name))
    return frozenset(parts)


def _is_part(folder: str, name: str) -> bool:
    if name.startswith("exp_") and name.endswith(_ARTIFACT):
        return is_run_id(name[: -len(_ARTIFACT)])
    if name.startswith("exp_"):
        return is_run_id(name) and os.path.lexists(f"{folder}/{name}/request.json")
    if name.startswith(".new-"):
        return is_run_id(name.removeprefix(".new-"))
    return folder.endswith("/sources") and _TREE.fullmatch(name) is not None


def is_base(folder: str) -> bool:
    """Whether `folder` has the usual layout of a base directory, and was used as one."""
    return os.path.isdir(f"{folder}/runs") and any(
        os.path.isfile(f"{folder}/state/{mark}") for mark in _MARKS
    )


def is_own(folder: str) -> bool:
    """Whether all of `folder` is of ORP: a moved runs, artifacts or state folder, or a part of a base directory."""
    above, _, name = folder.rpartition("/")
    if (name in _PARTS and is_base(above)) or os.path.isfile(f"{folder}/orp.db"):
        return True
    if is_run_id(name) and os.path.lexists(f"{folder}/request.json"):
        return True
    names = _names(folder)
    return bool(names) and len(parts_inside(folder, names)) == len(names)


def _names(folder: str) -> tuple[str, ...]:
    try:
        with os.scandir(folder) as entries:
            return tuple(entry.name for entry in islice(entries, _LOOKED_AT))
    except OSError:
        return ()


def find_listed(project: Path, listed: Iterable[str]) -> frozenset[str]:
    """What is of ORP among paths that git lists; a folder that it did not enter has a slash behind.

    The topmost of each, relative to the project; nothing that was not listed is looked for,
    so that 300,000 paths cost no look at the disk.
    """
    marked: dict[str, set[str]] = {}
    """Folder → those of its entries that may be of ORP."""
    found: set[str] = set()
    for path in listed:
        if path.endswith("/"):
            folder = path.rstrip("/")
            if is_own(f"{project}/{folder}"):
                found.add(folder)
            else:
                _note(marked, folder, _names(f"{project}/{folder}"))
        elif path.endswith(_ARTIFACT):
            folder, _, name = path.rpartition("/")
            _note(marked, folder, (name,))
        elif path.endswith(("/orp.db", "/queue.lock", "/request.json", "/manifest.json")):
            inner = path.rpartition("/")[0]
            folder, _, name = inner.rpartition("/")
            _note(marked, folder, _PARTS if name == "state" else (name,))
            if path.endswith("/orp.db"):
                found.add(inner)
    found |= _decide(project, marked)
    return frozenset(path for path in found if not any(above in found for above in parents(path)))


def _note(marked: dict[str, set[str]], folder: str, names: Iterable[str]) -> None:
    marked.setdefault(folder, set()).update(names)


def _decide(project: Path, marked: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    for folder, names in marked.items():
        place = f"{project}/{folder}" if folder else str(project)
        own = parts_inside(place, names)
        if own and folder and is_own(place):
            found.add(folder)
        else:
            found |= {f"{folder}/{name}" if folder else name for name in own}
    return found


def count_files(project: Path, folder: str, limit: int, own: Collection[str] = ()) -> int:
    """Files beneath a folder, less those of ORP, counted just over `limit`."""
    count = 0
    for place, folders, files in os.walk(project / folder):
        if own:
            near = os.path.relpath(place, project)
            folders[:] = [name for name in folders if f"{near}/{name}" not in own]
            files = [name for name in files if f"{near}/{name}" not in own]
        count += len(files)
        if count > limit:
            break
    return count


def parts_in_use(base: BasePaths) -> tuple[Path, ...]:
    """Those of the base directory that a submit goes to."""
    return (base.runs, base.artifacts, base.state, base.sources, base.trash)
