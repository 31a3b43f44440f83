"""Which files of a run go into its zip, which are only referred to, and what stays out.

From the run folder a fixed list (`names.FIXED`, the numbered records), from the frozen
tree everything, from the workspace the deliverables that are there, valid or not, and
what `artifacts.include` matches. `artifacts.exclude` is about workspace files alone.
The private environment, locks and reserves are on no list.
"""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from orp_tui.artifacts import names
from orp_tui.artifacts.manifest import LeftOut
from orp_tui.artifacts.plan import Inline, Kind, Plan, PlanItem
from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.errors import UnsafePath
from orp_tui.core.layout import RunPaths, is_inside
from orp_tui.core.request import ArtifactRule
from orp_tui.files.safe_open import Beneath

_MIB = 1 << 20
MAX_FILES = 200_000
"""Workspace files in one zip; what is beyond is said in the manifest."""
MAX_LEFT_OUT = 1_000
"""Lines of `left_out` for one reason; the rest is counted."""
_PRIVATE = "environment.private"


@dataclasses.dataclass(frozen=True)
class Limits:
    """What is packed of workspace files; the rest is referred to."""

    each: int
    together: int


WHOLE = Limits(256 * _MIB, 1024 * _MIB)
ENDED_BADLY = Limits(10 * _MIB, 100 * _MIB)
_UNLIMITED = Limits(1 << 62, 1 << 62)
_NOTHING = Limits(-1, -1)


def select(
    run: RunPaths,
    *,
    result: bytes,
    workspace: Path,
    source: Path | None,
    report: ChecklistReport | None,
    rule: ArtifactRule,
    ended_well: bool,
) -> Plan:
    """The plan of a run's zip.

    `result` is `result.json` without its `artifact` key. `workspace` is where deliverables
    lie (the project, for a run in place); it may be gone. `source` is the frozen tree, None
    if nothing was frozen. `report` is None if nothing was checked. A run that did not end
    well (failed, cancelled, lost) gives only small files, unless `rule.pack` is `always`.
    """
    chooser = _Chooser()
    items = [*_of_run(run, chooser)]
    if source is not None:
        items += _of_source(source, chooser)
    items += _of_workspace(workspace, report, rule, ended_well, chooser)
    return Plan(
        run_id=run.run_id,
        inline=(Inline("result.json", result),),
        items=tuple(items),
        left_out=chooser.left_out(),
        never=(str(run.environment_private),),
    )


class _Chooser:
    """Collects what is left out, a bounded number of lines a reason."""

    def __init__(self) -> None:
        self._lines: list[LeftOut] = []
        self._counts: dict[str, int] = {}

    def leave(self, path: str, why: str) -> None:
        count = self._counts[why] = self._counts.get(why, 0) + 1
        if count <= MAX_LEFT_OUT:
            self._lines.append(LeftOut(names.escaped(path), why))

    def left_out(self) -> tuple[LeftOut, ...]:
        more = [
            LeftOut(f"({count - MAX_LEFT_OUT:,} more)", why)
            for why, count in self._counts.items()
            if count > MAX_LEFT_OUT
        ]
        return (*self._lines, *more)

    def item(self, folder: Beneath, path: str, name: str, kind: Kind) -> PlanItem | None:
        """The regular file at `path`; None, and a line about it, if it can't be packed."""
        try:
            found = folder.stat(path)
        except UnsafePath as unsafe:
            self.leave(name, unsafe.why)
        except OSError as error:
            self.leave(name, (error.strerror or str(error)).lower())
        else:
            if not stat.S_ISDIR(found.st_mode):
                return PlanItem(name, folder.folder, path, found.st_size, kind)
            self.leave(name, "a symlink to a folder; its files are packed where they are, if at all")
        return None


def _of_run(run: RunPaths, chooser: _Chooser) -> Iterator[PlanItem]:
    with Beneath(run.folder) as folder:
        present = set(folder.listdir())
        numbered = sorted(filter(names.NUMBERED.fullmatch, present), key=_by_number)
        for name in [*names.FIXED, *numbered]:
            if name == "result.json":
                continue  # given as bytes
            if name in present:
                item = chooser.item(folder, name, name, Kind.RUN)
                if item is not None:
                    yield item
            elif name in names.EXPECTED:
                chooser.leave(name, "not in the run folder")


def _by_number(name: str) -> tuple[int, str]:
    word, _, number = name.removesuffix(".json").partition("-")
    return int(number), word


def _of_source(source: Path, chooser: _Chooser) -> Iterator[PlanItem]:
    try:
        folder = Beneath(source)
    except OSError as error:
        chooser.leave(names.SOURCE, f"the frozen code cannot be read: {error.strerror}")
        return
    with folder:
        for path in folder.walk():
            name = names.escaped(f"{names.SOURCE}/{path}")
            item = chooser.item(folder, path, name, Kind.SOURCE)
            if item is not None:
                yield item


def _of_workspace(
    workspace: Path, report: ChecklistReport | None, rule: ArtifactRule, ended_well: bool, chooser: _Chooser
) -> list[PlanItem]:
    declared = [path for item in report.items for path in item.files] if report else []
    if not declared and not rule.include:
        return []
    for entry in report.items if report else ():
        if entry.truncated:
            chooser.leave(entry.path, f"only the first {len(entry.files):,} matches are packed")
    try:
        folder = Beneath(workspace)
    except OSError as error:
        chooser.leave(names.ASIDE, f"the workspace cannot be read: {error.strerror}")
        return []
    with folder:
        paths = sorted({*_files(folder, declared, chooser), *_included(folder, rule.include, chooser)})
        items = _items(folder, paths, names.Excluded(rule.exclude), chooser)
    return _within(items, _limits(rule.pack, ended_well))


def _files(folder: Beneath, paths: Iterable[str], chooser: _Chooser) -> Iterator[str]:
    """Every file at or beneath `paths`; what can't be looked at is said when it is opened."""
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(folder.stat(path).st_mode)
        except (OSError, UnsafePath):
            is_folder = False
        if not is_folder:
            yield path
            continue
        try:
            yield from folder.walk(path)
        except OSError as error:
            chooser.leave(path, (error.strerror or str(error)).lower())


def _included(folder: Beneath, patterns: Iterable[str], chooser: _Chooser) -> Iterator[str]:
    for pattern in patterns:
        if not is_inside(Path(pattern)):
            chooser.leave(pattern, "leaves the workspace")
            continue
        found, more = folder.glob(pattern, MAX_FILES, hidden=False)
        if more:
            chooser.leave(pattern, f"only the first {len(found):,} matches are packed")
        yield from _files(folder, found, chooser)


def _items(
    folder: Beneath, paths: Iterable[str], excluded: names.Excluded, chooser: _Chooser
) -> list[PlanItem]:
    items: list[PlanItem] = []
    for path in paths:
        if path in excluded:
            chooser.leave(path, "excluded by artifacts.exclude")
        elif path.rpartition("/")[2] == _PRIVATE:
            chooser.leave(path, "a run's private environment")
        elif len(items) >= MAX_FILES:
            chooser.leave(path, f"beyond {MAX_FILES:,} files")
        else:
            item = chooser.item(folder, path, names.workspace_name(path), Kind.WORKSPACE)
            if item is not None:
                items.append(item)
    return items


def _limits(pack: str, ended_well: bool) -> Limits:
    if pack == "always":
        return _UNLIMITED
    if pack == "reference":
        return _NOTHING
    return WHOLE if ended_well else ENDED_BADLY


def _within(items: list[PlanItem], limits: Limits) -> list[PlanItem]:
    """The same files, the smallest packed as long as they fit together; equal sizes by name."""
    room = limits.together
    packed: set[str] = set()
    for item in sorted(items, key=lambda item: (item.size, item.name)):
        if item.size > limits.each or item.size > room:
            break
        packed.add(item.name)
        room -= item.size
    return [item if item.name in packed else dataclasses.replace(item, packed=False) for item in items]
