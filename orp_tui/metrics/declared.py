"""The sources that an experiment file names under `metrics.sources`: globs beneath the workspace."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterable, Iterator, Sequence

from orp_tui.core.errors import UnsafePath
from orp_tui.core.sanitise import one_line
from orp_tui.files.safe_open import Beneath
from orp_tui.metrics import recognise
from orp_tui.metrics.discovery import Discovery, Root, parts_of, source_at
from orp_tui.metrics.sources import SourceSpec, Trust

MOST_MATCHES = 1_000
_AS_NAMED = frozenset({"csv", "jsonl", "stdout"})
"""Kinds whose files may be called anything."""
_OWN_MARKS = frozenset({"tfevents", "wandb", "trainer_state", "mlflow", "trackio"})
"""Kinds whose files are told by their names or first bytes, so that `runs/**` may match others too."""


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """One entry of `metrics.sources`."""

    kind: str
    glob: str
    """Relative to the workspace."""
    patterns: tuple[str, ...] = ()
    """How a log is read, for the kind `stdout`."""


def declared_sources(root: Root, declared: Iterable[Declared]) -> tuple[list[SourceSpec], list[str]]:
    """What there is of the declared sources now, and what is wrong with them in words. Never raises."""
    found: dict[str, SourceSpec] = {}
    troubles: list[str] = []
    try:
        folder = Beneath(root.folder)
    except OSError:
        return [], []
    with folder:
        for each in declared:
            matches, words = _matches(folder, each, root.entries)
            troubles += words
            for source in _sources(root, each, matches):
                if len(found) < root.sources:
                    found.setdefault(source.key, source)
    return list(found.values()), troubles


def _matches(folder: Beneath, declared: Declared, entries: int) -> tuple[list[tuple[str, bool]], list[str]]:
    """Path and whether it is a folder, of what matches; what leads out is told."""
    shown = one_line(declared.glob, 60)
    try:
        names, cut = folder.glob(declared.glob, MOST_MATCHES, scan_limit=entries)
    except (UnsafePath, OSError) as error:
        return [], [f"metrics.sources {shown}: {_why(error)}"]
    words = [f"metrics.sources {shown}: more matches than are looked at"] if cut else []
    matches: list[tuple[str, bool]] = []
    for name in names:
        try:
            matches.append((name, stat.S_ISDIR(folder.stat(name).st_mode)))
        except UnsafePath as error:
            words.append(f"metrics.sources {one_line(str(error), 160)}")
        except OSError:  # gone meanwhile, or a link to nothing
            continue
    return matches, words


def _why(error: Exception) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else one_line(str(error), 160)


def _sources(root: Root, declared: Declared, matches: Sequence[tuple[str, bool]]) -> Iterator[SourceSpec]:
    for relative, is_folder in matches:
        # Readers follow no link; one that stays inside is followed here.
        path = os.path.realpath(os.path.join(root.folder, relative))
        if is_folder and declared.kind in _AS_NAMED | _OWN_MARKS:
            yield from _inside(root, declared, path, relative)
        elif is_folder or _is_of_the_run(root, path):
            yield from _of_file(root, declared, path, relative)


def _inside(root: Root, declared: Declared, path: str, relative: str) -> Iterator[SourceSpec]:
    """All that is found in a folder of the kind that is asked for."""
    discovery = Discovery(dataclasses.replace(root, folder=path))
    discovery.look()
    for source in discovery.sources:
        if source.kind == declared.kind:
            label = relative if source.label == "." else f"{relative}/{source.label}"
            yield dataclasses.replace(source, label=label)


def _of_file(root: Root, declared: Declared, path: str, relative: str) -> Iterator[SourceSpec]:
    kind = declared.kind
    if kind == "stdout":
        yield SourceSpec(kind, path, relative, trust=Trust.LOG, patterns=declared.patterns)
    elif kind not in _OWN_MARKS:
        yield SourceSpec(kind, path, relative, since=root.since)
    elif kind in ("mlflow", "trackio"):
        runs = parts_of(source_at("sqlite", path, relative, since=root.since), root.until) or ()
        yield from (source for source in runs if source.kind == kind)
    elif recognise.promised(os.path.basename(path)) == kind and _keeps(kind, path):
        yield source_at(kind, path, relative, since=root.since)


def _is_of_the_run(root: Root, path: str) -> bool:
    try:
        return root.since <= os.stat(path).st_mtime <= root.until
    except OSError:
        return False


def _keeps(kind: str, path: str) -> bool:
    try:
        return bool(recognise.keeps(kind, recognise.head_of(path)))
    except OSError:
        return False
