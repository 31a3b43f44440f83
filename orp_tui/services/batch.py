"""One submission of several runs: looked at as a whole, frozen once, and then queued one after the other.

Nothing is queued before all of it has been found good. Runs of one project share one look at its
files and one frozen tree, so that an edit during the submit can't come between them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from orp_tui.config.settings import PROJECT_FILE
from orp_tui.core.errors import ConfigError, UsageError
from orp_tui.core.layout import RunPaths
from orp_tui.core.problem import Problem
from orp_tui.services.context import Context
from orp_tui.services.prepare import Frozen, Prepared, Source, SubmitOptions, prepare
from orp_tui.services.reference import find_run
from orp_tui.services.submit import carry_out, new_folder, sources_of_file
from orp_tui.services.wishes import Wishes, place_of
from orp_tui.store import groups, runs
from orp_tui.workspace import environment, sources
from orp_tui.workspace.command import resolve_command
from orp_tui.workspace.plan import FreezePlan

YAML = (".yaml", ".yml")


@dataclasses.dataclass(frozen=True)
class Found:
    """What there is to submit in folders and files."""

    files: tuple[Path, ...]
    """In the order given, a folder's by name; each once."""
    skipped: tuple[tuple[Path, str], ...]
    """Files of the folders that are no experiments, and why not."""


def experiment_files(places: Sequence[Path]) -> Found:
    """The experiment files that are named, and those of the folders that are named.

    Raises UsageError for a folder without any, or one that can't be read.
    """
    files: dict[str, Path] = {}
    skipped: list[tuple[Path, str]] = []
    for place in places:
        if not place.is_dir():
            files.setdefault(os.path.realpath(place), place)
            continue
        try:
            inside = sorted(path for path in place.iterdir() if path.suffix in YAML and not path.is_dir())
        except OSError as error:
            raise UsageError(f"{place}: {error.strerror}") from error
        why = {path: no_experiment(path) for path in inside}
        skipped += [(path, reason) for path, reason in why.items() if reason is not None]
        good = [path for path, reason in why.items() if reason is None]
        if not good:
            raise UsageError(
                f"{place}: no experiment file in it; an experiment has the key experiment or training"
            )
        for path in good:
            files.setdefault(os.path.realpath(path), path)
    return Found(tuple(files.values()), tuple(skipped))


def no_experiment(path: Path) -> str | None:
    """Why a YAML file is no experiment; None if it is one, or was meant to be."""
    from orp_tui.config.problems import Problems
    from orp_tui.config.yaml_source import decode, parse, read_bytes

    if path.name == PROJECT_FILE:
        return "the settings of a project"
    try:
        problems = Problems(str(path))
        text = decode(read_bytes(path, problems), problems)
    except ConfigError:
        return None  # unreadable: the loader says how
    try:
        value = parse(text, problems).value
    except ConfigError:
        lines = text.splitlines()
        meant = any(line.startswith(("experiment:", "training:")) for line in lines)
        return None if meant else "no YAML that ORP reads, and without the key experiment or training"
    if isinstance(value, dict) and ("experiment" in value or "training" in value):
        return None
    return "without the key experiment or training"


def sources_of_files(
    context: Context, files: Sequence[Path], *, seed: Sequence[int] = (), overrides: tuple[str, ...] = ()
) -> list[Source]:
    """The runs of all files; `seed` and `overrides` are those of `plan_runs`.

    Raises ConfigError with every problem of every file.
    """
    found: list[Source] = []
    problems: list[Problem] = []
    for path in files:
        try:
            described = sources_of_file(context, path, seed=seed, overrides=overrides)
        except ConfigError as error:
            problems += error.problems
            continue
        for key in dict.fromkeys(key for source in described for key in source.plan.not_yet):
            problems.append(Problem(str(path), None, key, "not yet: this version can't do it"))
        found += described
    if problems:
        raise ConfigError(problems)
    return found


@dataclasses.dataclass(frozen=True)
class Item:
    """A run of a submission."""

    run_id: str
    name: str
    existed: bool = False
    """It has succeeded before, and nothing was queued."""


def submit_all(
    context: Context,
    connection: sqlite3.Connection,
    wanted: Sequence[Source],
    options: SubmitOptions,
    *,
    batch: bool = False,
    parallel: int | None = None,
    smoke: bool = False,
    unless_exists: bool = False,
) -> Iterator[Item]:
    """Queue these runs; each is given as soon as it is queued.

    With more than one, or with `batch`, all carry the id of the first. At most `parallel` of them
    go at once; None: no limit of their own. With `smoke` all but the first wait for its success.

    Raises, before anything is queued, what `prepare` raises, and UsageError or RunNotFound for
    wishes that can't be met.
    """
    if parallel is not None and options.wishes.group is not None:
        raise UsageError(
            "--parallel makes a group of its own; give it or --group, or: orp queue slots N --group G"
        )
    _check_wishes(context, connection, wanted, options.wishes)
    new: list[tuple[Source, str | None]] = []
    leader: str | None = None
    for number, source in enumerate(wanted, 1):
        key = options.key if number == 1 or options.key is None else f"{options.key}#{number}"
        known = None if key is None else runs.find_by_key(connection, key)
        before = None if known else _existing(connection, source, unless_exists=unless_exists)
        if known is not None:
            leader = leader or _batch_of(connection, known)
        if known or before:
            yield Item(known or before or "", source.plan.name, existed=before is not None)
        else:
            new.append((source, key))
    if new:
        with contextlib.closing(_Submission(context, connection, new, options)) as submission:
            together = batch or len(wanted) > 1
            yield from submission.queue(leader, batch=together, parallel=parallel, smoke=smoke)


def _batch_of(connection: sqlite3.Connection, run_id: str) -> str:
    run = runs.get(connection, run_id)
    return (run.batch if run is not None else None) or run_id


def _existing(connection: sqlite3.Connection, source: Source, *, unless_exists: bool) -> str | None:
    from orp_tui.config.plan import experiment_hash

    if not (unless_exists or source.plan.queue["unless_exists"]):
        return None
    found = runs.success_of(connection, experiment_hash(source.plan))
    return found.id if found is not None else None


def _check_wishes(
    context: Context, connection: sqlite3.Connection, wanted: Sequence[Source], wishes: Wishes
) -> None:
    """Raise what would be raised half-way: runs to wait for that are not there, times that are none."""
    paths, now = context.paths, time.time()
    names: set[str] = set()
    for source in wanted:
        place_of(connection, source.plan, dataclasses.replace(wishes, fresh=True), paths, now=now)
        for item in source.plan.queue["after"]:
            if (
                item["run"] not in names
            ):  # what an earlier file of this very submission makes is not there yet
                find_run(connection, item["run"], paths)
        names.add(f"last:{source.plan.name}")


class _Submission:
    """Folders that are being built; what is not queued in the end is removed."""

    def __init__(
        self,
        context: Context,
        connection: sqlite3.Connection,
        wanted: Sequence[tuple[Source, str | None]],
        options: SubmitOptions,
    ) -> None:
        self._context = context
        self._connection = connection
        self._left: list[tuple[Prepared, RunPaths]] = []
        self._folders: list[tuple[str, RunPaths]] = []
        self._ids: list[str] = []
        shared = SharedFreeze(context)
        try:
            for source, key in wanted:
                run_id, building = new_folder(context.paths)
                self._folders.append((run_id, building))
                own = dataclasses.replace(options, key=key)
                self._left.append((shared.prepare(source, run_id, own), building))
            self._left = [(shared.pinned(item), building) for item, building in self._left]
        except BaseException:
            self.close()
            raise

    def queue(self, leader: str | None, *, batch: bool, parallel: int | None, smoke: bool) -> Iterator[Item]:
        """Queue one after the other; `leader` is the first run of the submission if it is queued already."""
        for prepared, building in self._left:
            options = prepared.options
            first = leader or prepared.run_id
            wishes = options.wishes
            if parallel is not None:
                wishes = dataclasses.replace(wishes, group=f"batch-{first}")
                groups.set_slots(self._connection, f"batch-{first}", parallel)
            if smoke and leader is not None:
                wishes = dataclasses.replace(wishes, after=(*wishes.after, f"{leader}:ok"))
            options = dataclasses.replace(options, wishes=wishes, batch=first if batch else options.batch)
            queued = carry_out(
                self._context, self._connection, dataclasses.replace(prepared, options=options), building
            )
            leader = leader or queued
            yield Item(queued, prepared.source.plan.name)

    def close(self) -> None:
        """Remove every folder whose run is not in the queue."""
        for run_id, building in self._folders:
            tidy(self._context, self._connection, run_id, building)


def tidy(context: Context, connection: sqlite3.Connection, run_id: str, building: RunPaths) -> None:
    """Remove what a submit has left of a run that is not in the queue.

    It stays where the queue can't be asked; a rebuild would then find a run that waits.
    """
    with contextlib.suppress(OSError):
        sources.remove_tree(building.folder)
    with contextlib.suppress(OSError, sqlite3.Error):
        if runs.get(connection, run_id) is None:
            sources.remove_tree(context.paths.run(run_id).folder)


class SharedFreeze:
    """Prepares runs; those of one project whose code is frozen alike share one look at it and one tree."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._first: dict[tuple[object, ...], Prepared] = {}
        self._pinned: list[tuple[FreezePlan, FreezePlan]] = []
        """As planned, and from the stored tree."""

    def prepare(self, source: Source, run_id: str, options: SubmitOptions) -> Prepared:
        """As `prepare.prepare`, and raises the same."""
        key = _freeze_key(source)
        first = self._first.get(key)
        if first is None or source.frozen is not None:
            prepared = prepare(self._context, source, run_id, options)
            if source.frozen is None:
                self._first[key] = prepared
            return prepared
        return self._sibling(source, first, run_id, options)

    def _sibling(self, source: Source, first: Prepared, run_id: str, options: SubmitOptions) -> Prepared:
        plan, folder = source.plan, self._context.paths.run(first.run_id)
        fixed = first.fixed
        if plan.env != first.source.plan.env:
            fixed = environment.capture(os.environ, plan.env)
        isolated = first.isolated
        root = folder.workspace if isolated else first.freeze.project
        command = resolve_command(
            ("bash", "-c", plan.command or "") if plan.shell else plan.argv,
            fixed.variables,
            project_cwd=source.cwd,
            workspace_cwd=root / first.freeze.cwd,
            plan=first.freeze if isolated else None,
        )
        if command.interpreter != first.command.interpreter:
            return prepare(self._context, source, run_id, options)
        frozen = Frozen(first.freeze, fixed, command.program, folder)
        again = prepare(self._context, dataclasses.replace(source, frozen=frozen), run_id, options)
        words = dataclasses.replace(command, argv=again.command.argv)
        return dataclasses.replace(
            again, source=source, command=words, python=first.python, live=first.live, cache=first.cache
        )

    def pinned(self, prepared: Prepared) -> Prepared:
        """The same, its files taken from the tree that is stored for all runs that share them."""
        freeze = prepared.freeze
        if freeze.kind != "isolated" or prepared.source.frozen is not None:
            return prepared
        for planned, stored in self._pinned:
            if planned is freeze:
                return dataclasses.replace(prepared, freeze=stored)
        tree = sources.store_tree(freeze, self._context.paths.sources, prepared.cache)
        known = {file.path: file for file in tree.files}
        files = tuple(
            dataclasses.replace(file, source=str(tree.path / file.path), size=known[file.path].size)
            for file in freeze.files
        )
        self._pinned.append((freeze, dataclasses.replace(freeze, files=files)))
        return dataclasses.replace(prepared, freeze=self._pinned[-1][1])


def _freeze_key(source: Source) -> tuple[object, ...]:
    """Equal for runs whose project is frozen alike, and whose program is looked up in the same shell."""
    plan = source.plan
    path = plan.env.get("PATH"), plan.env.get("PYTHONPATH"), plan.env.get("VIRTUAL_ENV")
    env = str(sorted(plan.env.items())) if plan.environment else str(path)
    return (
        source.project, source.cwd, plan.workspace, tuple(plan.inputs), env, str(sorted(plan.environment.items())),
        tuple(item.path for item in plan.deliverables),
    )  # fmt: skip


def representatives(wanted: Sequence[Source]) -> list[Source]:
    """One source of each kind of freeze, for whoever has to ask about its folders."""
    return list({_freeze_key(source): source for source in reversed(wanted)}.values())[::-1]
