"""A look into one file, folder or zip member: bounded in bytes and time, and whatever it holds is made harmless.

Nothing is executed, nothing unpickled, nothing unpacked to disk. What cannot be shown says why.
"""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Callable
from pathlib import Path

from orp_tui.core.checklist import ChecklistItem
from orp_tui.core.errors import OrpError, UnsafePath
from orp_tui.core.sanitise import one_line, sanitise

SECONDS = 3.0
"""How long a look may take; what is not seen by then is said to be so."""
MOST_LINES = 5_000
MOST_ENTRIES = 2_000
_LONGEST = 2_000
"""Characters of a line that are shown."""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where something lies that may be looked at."""

    root: Path
    """A folder that is never left, or a zip. Trusted: symlinks in this part are followed."""
    path: str = ""
    """Relative to the folder, or a member of the zip; empty: all of it."""
    in_zip: bool = False

    @property
    def name(self) -> str:
        """As one would write it: `output/metrics.json`, `exp_…_artifacts.zip::result.json`."""
        if not self.path:
            return self.root.name
        return f"{self.root.name}::{self.path}" if self.in_zip else self.path

    @property
    def full(self) -> str:
        """An absolute path, or `path.zip::member`, as every command takes it."""
        if not self.path:
            return str(self.root)
        return f"{self.root}::{self.path}" if self.in_zip else f"{self.root}/{self.path}"

    def inside(self, path: str) -> Place:
        """Another place in the same folder or zip."""
        return dataclasses.replace(self, path=path)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One thing of several that can be looked at next."""

    name: str
    """As it is shown."""
    path: str
    """As `Place.path` needs it."""
    size: int | None
    """Bytes; None for a folder, and where nobody knows."""
    is_folder: bool = False
    note: str = ""
    """What should be known of it, as `a symlink leads out of the folder`."""


@dataclasses.dataclass(frozen=True)
class Preview:
    """What a look found; every text is harmless, and each line is one line."""

    name: str
    kind: str = ""
    """`JSON`, `table`, `safetensors`, `folder`, …; empty if it could not even be opened."""
    size: int | None = None
    """Bytes; None for what is no file."""
    facts: tuple[str, ...] = ()
    """What can be said in short: `6 tensors, 50,826 parameters`."""
    body: tuple[str, ...] = ()
    """The content, or a listing of it."""
    entries: tuple[Entry, ...] = ()
    """What one can go on to, in a folder or a zip."""
    cut: str = ""
    """What of it is not shown; empty if all is."""
    wrong: str = ""
    """Why it can't be shown, or what is wrong with it; empty if nothing is."""


def look(place: Place, *, seconds: float = SECONDS) -> Preview:
    """What lies at a place. Takes about `seconds` at most and raises nothing; for a thread."""
    return _guarded(place, lambda: _look(place, seconds))


def look_at_all(place: Place, item: ChecklistItem) -> Preview:
    """What a deliverable matched, to choose from; the one file or folder itself if it is only one."""
    paths = item.files or (item.path,)
    if len(paths) == 1:
        return look(place.inside(paths[0].rstrip("/")))
    from orp_tui.services.preview_places import facts_of

    return _guarded(place.inside(item.path), lambda: facts_of(place, item))


def _look(place: Place, seconds: float) -> Preview:
    from orp_tui.services.preview_formats import read
    from orp_tui.services.preview_places import Deadline, opened

    deadline = Deadline(seconds)
    with opened(place, deadline) as found:
        return found if isinstance(found, Preview) else read(found)


def _guarded(place: Place, act: Callable[[], Preview]) -> Preview:
    """The answer of `act`, or why there is none; and all of it harmless."""
    try:
        return _harmless(act())
    except UnsafePath as unsafe:
        wrong = f"not opened: {unsafe.why}"
    except OSError as problem:
        gone = problem.errno in (errno.ENOENT, errno.ENOTDIR)
        wrong = "nothing is there" if gone else f"can't be read: {(problem.strerror or str(problem)).lower()}"
    except OrpError as error:
        wrong = str(error).removeprefix(f"{place.root}: ")
    except (MemoryError, RecursionError):
        wrong = "too large or too deep to be shown"
    except Exception as error:  # noqa: BLE001 - the border: a file may be anything, and a look must end with an answer
        wrong = f"can't be shown: {type(error).__name__}: {error}"
    return _harmless(Preview(place.name, wrong=wrong))


def _harmless(found: Preview) -> Preview:
    return dataclasses.replace(
        found,
        name=one_line(found.name[:_LONGEST]),
        kind=one_line(found.kind, 60),
        facts=tuple(one_line(text[:_LONGEST]) for text in found.facts),
        body=tuple(map(_line, found.body[:MOST_LINES])),
        entries=tuple(
            dataclasses.replace(
                entry, name=one_line(entry.name[:_LONGEST]), note=one_line(entry.note[:_LONGEST])
            )
            for entry in found.entries[:MOST_ENTRIES]
        ),
        cut=one_line(found.cut),
        wrong=one_line(found.wrong[:_LONGEST]),
    )


def _line(text: str) -> str:
    """One line of a file as it may be shown: its indent stays, tabs are spaces, too much of it is cut."""
    shown = sanitise(text[:_LONGEST].rstrip("\r\n")).expandtabs(4)
    return shown if len(text) <= _LONGEST else f"{shown} … {len(text) - _LONGEST:,} more characters"
