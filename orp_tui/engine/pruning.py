"""Remove old checkpoints while a run goes on, as `training.checkpoints.keep` asks.

What stays: the newest complete one, everything newer than it, deliverables, what a link points to
(`best -> checkpoint-300`), the best one that a trainer's own state names, and whatever was there
before the run. No link is followed on the way to what is removed, and none is removed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.core.checklist import Deliverable
from orp_tui.core.errors import UnsafePath
from orp_tui.core.layout import RunPaths
from orp_tui.core.request import RunRequest
from orp_tui.engine.checkpoints import Checkpoint, complete_checkpoints, in_order, to_prune
from orp_tui.files.glob_beneath import has_magic
from orp_tui.files.safe_open import Beneath

LOG_NAME = "pruned.jsonl"
ASIDE = ".pruned-"
MOST_STATE_BYTES = 16 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclasses.dataclass(frozen=True)
class Pruned:
    """A checkpoint that was removed."""

    path: str
    """Relative to the training's working directory."""
    bytes: int


def is_wanted(request: RunRequest) -> bool:
    """Whether checkpoints are to be pruned. In a shared project folder they never are: they may be another run's."""
    rule = request.checkpoints
    return rule is not None and bool(rule.get("keep")) and request.workspace != "shared"


def prune(request: RunRequest, folder: RunPaths, *, since: float, now: float) -> list[Pruned]:
    """Remove what is over `keep`, and note each in the run's `pruned.jsonl`.

    What was written before `since` (seconds since 1970) is not the run's own, and stays.
    """
    rule = request.checkpoints
    if rule is None or not is_wanted(request):
        return []
    cwd = Path(request.cwd)
    found = in_order([item for item in complete_checkpoints(rule, cwd) if not (cwd / item.path).is_symlink()])
    if len(found) <= rule["keep"]:
        return []
    never = [*_deliverables(cwd, request.deliverables), *_linked(cwd, found), *_best(cwd, found[-1], rule)]
    own = [item for item in found if item.changed >= since]
    if not own or own[-1] != found[-1]:
        return []
    done = []
    for item in to_prune(own, rule["keep"], never):
        size = remove(cwd, item.path)
        if size is not None:
            done.append(Pruned(item.path, size))
            _note(folder, {"at": now, "path": item.path, "bytes": size, "newest": found[-1].path})
    return done


def _deliverables(cwd: Path, items: Sequence[Deliverable]) -> Iterator[str]:
    """Paths of the deliverables, globs resolved."""
    with Beneath(cwd) as folder:
        for item in items:
            yield item.path.rstrip("/")
            if has_magic(item.path):
                with contextlib.suppress(OSError, UnsafePath):
                    yield from folder.glob(item.path)[0]


def _linked(cwd: Path, found: Sequence[Checkpoint]) -> Iterator[str]:
    """Where links beside the checkpoints point to, such as `best` and `last`."""
    root = os.path.realpath(cwd)
    for parent in {os.path.dirname(item.path) for item in found}:
        with contextlib.suppress(OSError), os.scandir(cwd / parent) as entries:
            for entry in entries:
                if entry.is_symlink():
                    yield os.path.relpath(os.path.realpath(entry.path), root)


def _best(cwd: Path, newest: Checkpoint, rule: dict[str, object]) -> Iterator[str]:
    """The best checkpoint so far, as Hugging Face's trainer writes it into each; nothing for other trainers."""
    names = {"trainer_state.json", rule.get("complete") or "trainer_state.json"}
    for name in names:
        try:
            with Beneath(cwd) as folder, folder.open(f"{newest.path}/{name}") as file:
                state = json.loads(file.read(MOST_STATE_BYTES))
            best = state["best_model_checkpoint"]
        except (OSError, UnsafePath, ValueError, KeyError, TypeError):
            continue
        if isinstance(best, str) and best:
            yield os.path.relpath(os.path.join(cwd, best), cwd)


def remove(cwd: Path, path: str) -> int | None:
    """The bytes that were given back; None if it is gone, can't be removed, or a link is on the way.

    It is put aside by one rename first: nobody sees a checkpoint that is half there.
    """
    *parents, name = path.split("/")
    try:
        descriptor = os.open(cwd, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        for part in parents:
            inner = os.open(part, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        mode = os.stat(name, dir_fd=descriptor, follow_symlinks=False).st_mode
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            return None
        aside = name if name.startswith(ASIDE) else ASIDE + name
        os.rename(name, aside, src_dir_fd=descriptor, dst_dir_fd=descriptor)
        size = _bytes(descriptor, aside)
        if stat.S_ISDIR(mode):
            shutil.rmtree(aside, dir_fd=descriptor)  # by descriptors: it follows no link
        else:
            os.unlink(aside, dir_fd=descriptor)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return size


def sweep(request: RunRequest) -> None:
    """Finish what an observer that was killed had put aside."""
    rule = request.checkpoints
    if rule is None or not is_wanted(request):
        return
    parent, _, name = rule["path"].rpartition("/")
    pattern = f"{parent}/{ASIDE}{name}" if parent else ASIDE + name
    with contextlib.suppress(OSError, UnsafePath), Beneath(Path(request.cwd)) as folder:
        for path in folder.glob(pattern, hidden=True)[0]:
            remove(Path(request.cwd), path)


def _bytes(parent: int, name: str) -> int:
    """What a file or a folder holds; links count as nothing."""
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    if not stat.S_ISDIR(found.st_mode):
        return found.st_size
    total = 0
    for _, _, files, descriptor in os.fwalk(name, dir_fd=parent):
        for file in files:
            with contextlib.suppress(OSError):
                inner = os.stat(file, dir_fd=descriptor, follow_symlinks=False)
                total += inner.st_size if stat.S_ISREG(inner.st_mode) else 0
    return total


def _note(folder: RunPaths, record: dict[str, object]) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    with contextlib.suppress(OSError):
        descriptor = os.open(folder.folder / LOG_NAME, flags, 0o600)
        try:
            os.write(descriptor, (json.dumps(record) + "\n").encode())
        finally:
            os.close(descriptor)
