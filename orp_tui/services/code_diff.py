"""What differs in code between two runs, or between a run and its project of now.

The code of a run is the tree that was frozen at its submit. What a submit of the project would
freeze now is found as a submit finds it, with the same cache of file hashes, so that an
unchanged project costs a look at its files and no reading.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from orp_tui.config.settings import load_settings
from orp_tui.core.errors import OrpError, SubmitRefused
from orp_tui.core.request import RunRequest
from orp_tui.core.run import Run
from orp_tui.core.secrets import mask
from orp_tui.engine.request_file import read_request
from orp_tui.files.atomic import read_json
from orp_tui.services.context import Context
from orp_tui.services.imported import is_imported
from orp_tui.services.zipped_code import read_code, zipped_code
from orp_tui.workspace import sources
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.freeze import plan_freeze
from orp_tui.workspace.plan import FreezeLimits, FreezePlan, WorkspaceAnswers
from orp_tui.workspace.sources import TreeFile, tree_digest

Json = dict[str, Any]  # Any: values as JSON gives them

MOST_BYTES = 1 << 20
"""Of a file whose lines are compared; a larger one is only said to differ."""
MOST_LINES = 20_000


@dataclasses.dataclass(frozen=True)
class CodeState:
    """Files of a project: frozen with a run, or as they are."""

    label: str
    """`exp_…`, or `the project now`."""
    sha256: str
    """Digest of the whole tree: two equal ones hold the same."""
    files: Mapping[str, TreeFile]
    """By path."""
    places: Mapping[str, str]
    """Path → where its content lies, absolute; the member of `archive`, if there is one."""
    archive: str | None = None
    """The zip that holds it; None for files."""


@dataclasses.dataclass(frozen=True)
class FileChange:
    """A file that differs."""

    path: str
    what: str
    """added, removed or changed; as seen from the first to the second."""
    added: int | None = None
    """Lines; None if lines were not compared."""
    removed: int | None = None
    note: str = ""
    """Why lines were not compared, or what else changed: `binary`, `now executable`."""
    diff: str = ""
    """Unified, secrets masked; "" if lines were not compared."""


class HasId(Protocol):
    """A run as a row or as a list knows it."""

    @property
    def id(self) -> str: ...


class NothingFrozen(OrpError):
    """A run has no frozen code to compare; the message says why."""

    exit_code = 2


def frozen_code(context: Context, run: HasId) -> CodeState:
    """What was frozen with a run; where the tree is gone, or another machine's, as its zip holds it.

    Raises NothingFrozen for a run in its project folder, and if its code is gone.
    """
    request = request_of(context, run)
    if request.tree is None:
        how = (source_of(context, run) or {}).get("summary")
        code = f"; its code was {how}" if how else ""
        raise NothingFrozen(
            f"{run.id}: nothing was frozen, it ran in the project itself (workspace: {request.workspace}){code}"
        )
    tree = sources.load_tree(context.paths.sources, request.tree)
    if tree is None:
        archive = context.paths.artifact(run.id)
        zipped = zipped_code(archive)
        if not zipped:
            raise NothingFrozen(f"{run.id}: its frozen code is gone from {context.paths.sources}")
        files = {path: file for path, (file, _) in zipped.items()}
        members = {path: member for path, (_, member) in zipped.items()}
        return CodeState(run.id, request.tree, files, members, str(archive))
    return CodeState(
        run.id,
        tree.sha256,
        {file.path: file for file in tree.files},
        {file.path: str(tree.path / file.path) for file in tree.files},
    )


def project_code(context: Context, run: HasId) -> CodeState:
    """What a submit of the same experiment would freeze now.

    Raises NothingFrozen if the project is gone, or no submit could freeze it.
    """
    request = request_of(context, run)
    cache = FileCache(context.paths.state / "file-cache.json")
    try:
        plan = _plan_now(context, request, cache)
        files = [sources.describe(file, cache) for file in plan.files]
        cache.save()
    except (OSError, SubmitRefused) as error:
        raise NothingFrozen(f"{request.project}: cannot be looked at: {error}") from error
    places = {file.path: file.source for file in plan.files}
    return CodeState("the project now", tree_digest(files), {file.path: file for file in files}, places)


def _plan_now(context: Context, request: RunRequest, cache: FileCache) -> FreezePlan:
    project = Path(request.project)
    same = os.path.realpath(project) == os.path.realpath(context.project)
    settings = (context.settings if same else load_settings(project, flags={})).workspace
    training = request.experiment.get("training") or {}
    return plan_freeze(
        project,
        project / _near(request),
        base_dirs=context.paths,
        deliverables=request.deliverables,
        inputs=training.get("inputs") or (),
        answers=WorkspaceAnswers(tuple(settings.inputs), tuple(settings.outputs)),
        limits=FreezeLimits(settings.max_file_bytes, settings.max_total_bytes),
        cache=cache,
    )


def _near(request: RunRequest) -> str:
    """The folder of the project that the training starts in; empty for the project itself."""
    return request.cwd.partition(f"/{request.id}/workspace")[2].strip("/")


def compare_code(before: CodeState, after: CodeState, *, lines: bool = True) -> list[FileChange]:
    """Every file that differs, by path; without `lines` only which."""
    if before.sha256 == after.sha256:
        return []
    changes = []
    for path in sorted({*before.files, *after.files}):
        old, new = before.files.get(path), after.files.get(path)
        if old is not None and new is not None and (old.sha256, old.mode) == (new.sha256, new.mode):
            continue
        what = "added" if old is None else "removed" if new is None else "changed"
        changes.append(_with_lines(path, what, before, after) if lines else FileChange(path, what))
    return changes


def _with_lines(path: str, what: str, before: CodeState, after: CodeState) -> FileChange:
    old, new = before.files.get(path), after.files.get(path)
    note = ""
    if old is not None and new is not None and old.mode != new.mode:
        note = {"100755": "now executable", "120000": "now a link"}.get(new.mode, "not executable any more")
        if old.sha256 == new.sha256:
            return FileChange(path, what, 0, 0, note)
    texts = [_text(state, path) for state in (before, after)]
    for text in texts:
        if not isinstance(text, list):
            return FileChange(path, what, note=", ".join(word for word in (note, text) if word))
    a, b = (text for text in texts if isinstance(text, list))
    found = list(
        difflib.unified_diff(
            a,
            b,
            f"a/{path}" if old is not None else "/dev/null",
            f"b/{path}" if new is not None else "/dev/null",
            lineterm="",
        )
    )
    added = sum(line.startswith("+") for line in found[2:])
    removed = sum(line.startswith("-") for line in found[2:])
    return FileChange(path, what, added, removed, note, mask("\n".join(found)))


def _read(state: CodeState, path: str) -> bytes:
    """A file of at most MOST_BYTES. Raises OSError."""
    if state.archive is not None:
        return read_code(state.archive, state.places[path], MOST_BYTES)
    descriptor = os.open(state.places[path], os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as reader:
        return reader.read(MOST_BYTES + 1)


def _text(state: CodeState, path: str) -> list[str] | str:
    """The lines of a file, none for one that is not there; a word where they can't be compared."""
    file = state.files.get(path)
    if file is None:
        return []
    if file.link is not None:
        return [f"-> {file.link}"]
    if file.size > MOST_BYTES:
        return "too large to compare by lines"
    try:
        data = _read(state, path)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if b"\0" in data[:8192]:
        return "binary"
    lines = data.decode("utf-8", "replace").splitlines()
    return lines if len(lines) <= MOST_LINES else "too large to compare by lines"


class TreeWatch:
    """Whether projects have changed since runs were frozen; runs of one experiment cost one look.

    For one listing: what was looked at once is not looked at again.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._now: dict[str, CodeState | None] = {}
        self._said: dict[tuple[str, str], str | None] = {}

    def changed_since(self, run: Run) -> str | None:
        """`the project has changed since the submit: train.py and 2 more`; None if not, or if nobody can say."""
        try:
            request = request_of(self._context, run)
            if request.tree is None or is_imported(self._context.paths.run(run.id)):
                return None
            now = self._look(run, request)
            if now is None or now.sha256 == request.tree:
                return None
            key = (request.tree, now.sha256)
            if key not in self._said:
                self._said[key] = _in_words(compare_code(frozen_code(self._context, run), now, lines=False))
            return self._said[key]
        except (OrpError, OSError, ValueError):
            return None

    def _look(self, run: Run, request: RunRequest) -> CodeState | None:
        inputs = (request.experiment.get("training") or {}).get("inputs")
        paths = [item.path for item in request.deliverables]
        key = json.dumps([request.project, _near(request), inputs, paths])
        if key not in self._now:
            try:
                self._now[key] = project_code(self._context, run)
            except OrpError:
                self._now[key] = None
        return self._now[key]


def _in_words(changes: Sequence[FileChange]) -> str | None:
    if not changes:
        return None
    more = f" and {len(changes) - 1} more" if len(changes) > 1 else ""
    first = min(changes, key=lambda item: ("changed", "removed", "added").index(item.what))
    return f"the project has changed since the submit: {first.path}{more}"


def source_of(context: Context, run: HasId) -> Json | None:
    """`source.json` of a run; None if it can't be read."""
    return read_record(context.paths.run(run.id).source)


def read_record(path: Path) -> Json | None:
    try:
        data = read_json(path)
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None


def request_of(context: Context, run: HasId) -> RunRequest:
    """What was asked for. Raises NothingFrozen if it can't be read."""
    try:
        return read_request(context.paths.run(run.id))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NothingFrozen(f"{run.id}: its folder is gone or damaged: {error}") from error
