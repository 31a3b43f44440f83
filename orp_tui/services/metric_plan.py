"""Where the metrics of a run are looked for: its own files, its workspace, and what its experiment says."""

from __future__ import annotations

import itertools
import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.engine.facts import read_exit, read_started
from orp_tui.files.atomic import read_json
from orp_tui.metrics.declared import Declared
from orp_tui.metrics.discovery import Root
from orp_tui.metrics.gathering import Plan
from orp_tui.metrics.sources import SourceSpec, Trust
from orp_tui.services.imported import is_imported

Json = dict[str, Any]  # Any: values as JSON gives them

_SLACK_S = 0.05
"""The clock by which files are stamped lags by some milliseconds."""
_SLACK_ELSEWHERE_S = 2.0
"""A project may lie on another file system than the run's folder, of a coarse clock or another machine's."""
_LONGEST_CHAIN = 1_000


def plan_of(folder: RunPaths, paths: BasePaths | None = None) -> Plan:
    """What there is to be read of a run, live or ended; a damaged request leaves its own files.

    `paths` tells what of the base directory is not looked into, where that lies in the project.
    """
    request = _request(folder)
    patterns = _texts(request, "patterns")
    declared = tuple(_declared(request, patterns))
    roots = () if request is None else _roots(folder, request, paths, is_declared=bool(declared))
    return Plan(
        own_sources(folder, patterns),
        roots,
        declared,
        _texts(request, "include"),
        _texts(request, "exclude"),
        is_final=folder.result.exists(),
    )


def stage_of(folder: RunPaths) -> tuple[bool, ...]:
    """What decides about a plan beside the request: another stage, another plan. Costs some stats."""
    has_workspace = os.path.lexists(folder.workspace)
    is_taken_over = has_workspace and folder.workspace.is_symlink()
    # Where a run works in the project, others go on writing behind its end.
    has_ended = not has_workspace and folder.exit(1).exists()
    return folder.started(1).exists(), is_taken_over, has_ended


def own_sources(folder: RunPaths, patterns: tuple[str, ...] = ()) -> tuple[SourceSpec, ...]:
    """The files in a run's folder that hold metrics; they need not exist."""
    return (
        SourceSpec("jsonl", str(folder.metrics), folder.metrics.name, trust=Trust.OWN),
        SourceSpec("jsonl", str(folder.system), folder.system.name),
        SourceSpec("stdout", str(folder.stdout), folder.stdout.name, trust=Trust.LOG, patterns=patterns),
        SourceSpec("stdout", str(folder.stderr), folder.stderr.name, trust=Trust.ASIDE, patterns=patterns),
    )


def chain_of(paths: BasePaths, run_id: str) -> tuple[str, ...]:
    """The runs that this one goes on from, the oldest first, and itself at the end."""
    chain = [run_id]
    while len(chain) < _LONGEST_CHAIN:
        before = (_request(paths.run(chain[-1])) or {}).get("resume_of")
        if not isinstance(before, str) or before in chain or "/" in before:
            break
        chain.append(before)
    return tuple(reversed(chain))


def read_workspace(folder: RunPaths) -> str:
    """How the run's workspace is made: isolated, in_place or shared; empty if nobody knows."""
    return str((_request(folder) or {}).get("workspace", ""))


def _request(folder: RunPaths) -> Json | None:
    try:
        found = read_json(folder.request)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _metrics_section(request: Json | None) -> Json:
    section: Any = request  # Any: JSON
    for name in ("experiment", "metrics"):
        section = section.get(name) if isinstance(section, dict) else None
    return section if isinstance(section, dict) else {}


def _list_of(value: Any) -> list[Any]:  # Any: JSON
    return value if isinstance(value, list) else []


def _texts(request: Json | None, key: str) -> tuple[str, ...]:
    """A list of texts in the section `metrics`."""
    return tuple(text for text in _list_of(_metrics_section(request).get(key)) if isinstance(text, str))


def _declared(request: Json | None, patterns: tuple[str, ...]) -> Iterator[Declared]:
    for source in _list_of(_metrics_section(request).get("sources")):
        kind, glob = (source.get("type"), source.get("path")) if isinstance(source, dict) else (None, None)
        if isinstance(kind, str) and isinstance(glob, str):
            yield Declared(kind, glob, patterns)


def _roots(
    folder: RunPaths, request: Json, paths: BasePaths | None, *, is_declared: bool
) -> tuple[Root, ...]:
    """The workspace: of a run in place the folder in which it works. Globs are relative to that always."""
    if is_imported(folder):
        return ()  # its paths are another machine's
    is_isolated = request.get("workspace") == "isolated"
    cwd = request.get("cwd")
    place = str(folder.workspace) if is_isolated and not is_declared else cwd
    if not isinstance(place, str) or not os.path.isabs(place):
        return ()
    if not is_isolated:
        since, until = (_began(folder, request) - _SLACK_ELSEWHERE_S, _ended(folder) + _SLACK_ELSEWHERE_S)
        return (Root(place, since, until, frozenset() if paths is None else _parts(paths)),)
    since, until = _began(folder, request) - _SLACK_S, math.inf
    if folder.workspace.is_symlink():  # into the folder of the run that has taken it over
        place = place.replace(str(folder.workspace), os.path.realpath(folder.workspace), 1)
        until = _taken_at(folder)
    return (Root(place, since, until),)


def _taken_at(folder: RunPaths) -> float:
    """When the run began that has taken the workspace over first; infinite if it is not known any more."""
    try:
        there = os.path.normpath(folder.folder / os.readlink(folder.workspace))
    except OSError:
        return math.inf
    later = RunPaths(Path(there).parent)
    request = _request(later)
    return math.inf if request is None else _began(later, request) - _SLACK_S


def _parts(paths: BasePaths) -> frozenset[str]:
    parts = (paths.runs, paths.artifacts, paths.state, paths.sources, paths.trash)
    return frozenset(os.path.realpath(part) for part in parts)


def _attempts(folder: RunPaths) -> Iterator[int]:
    """The numbers of the attempts, the newest last."""
    for number in itertools.count(1):
        if not any(path.exists() for path in (folder.attempt(number), folder.exit(number))):
            return
        yield number


def _began(folder: RunPaths, request: Json) -> float:
    """When the first command was started; when it was submitted if none was. Seconds since 1970."""
    for number in _attempts(folder):
        started = read_started(folder, number)
        if started is not None:
            return min(started.at, _written_at(folder.started(number), started.at))
    at = request.get("submitted_at")
    return float(at) if isinstance(at, int | float) else 0.0


def _written_at(path: Path, otherwise: float) -> float:
    """By the file system's own clock, which need not be this machine's."""
    try:
        found = os.stat(path)
    except OSError:
        return otherwise
    return found.st_mtime if stat.S_ISREG(found.st_mode) else otherwise


def _ended(folder: RunPaths) -> float:
    """When the command ended; infinite if it goes on, or nobody knows."""
    ends = [record.ended_at for number in _attempts(folder) if (record := read_exit(folder.exit(number)))]
    return ends[-1] if ends else math.inf
