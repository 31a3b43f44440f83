"""Experiment files → queued runs, for a dashboard: nothing is asked and nothing waited for.

What the command line would ask about comes back in words, with what to add to `orp.yaml`; whoever
has the answer calls `answer`, and submits again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path

from orp_tui.core.answer import Answer
from orp_tui.core.errors import ConfigError, OrpError, SubmitRefused
from orp_tui.core.states import RunState
from orp_tui.core.words import counted, duration, size
from orp_tui.engine.request_file import read_request
from orp_tui.services.acts import Outcome, Undo
from orp_tui.services.add_choice import NO_CHOICE, AddChoice, AddWords
from orp_tui.services.batch import Item, submit_all
from orp_tui.services.context import Context, open_context, writing_to
from orp_tui.services.control import ensure_leader
from orp_tui.services.experiment_files import sources_of_files
from orp_tui.services.prepare import freeze_plan
from orp_tui.services.shared_freeze import representatives
from orp_tui.services.submission import Source, SubmitOptions
from orp_tui.services.wishes import start_time
from orp_tui.workspace.filecache import FileCache


@dataclasses.dataclass(frozen=True)
class OpenQuestion:
    """A folder of a project of which only the person knows whether trainings read or write it."""

    project: Path
    path: str
    """Relative to the project."""
    why: str
    """`ignored by git`, `over 2,000 files`, …"""


@dataclasses.dataclass(frozen=True)
class Added:
    """What came of an add."""

    items: tuple[Item, ...] = ()
    """What was queued, and what had succeeded before and was not."""
    notes: tuple[str, ...] = ()
    """What the person should know of the new runs, one line each."""
    refused: str = ""
    """Why nothing more was queued, in lines, with what to do; empty if all was."""
    questions: tuple[OpenQuestion, ...] = ()
    """To be answered first; then `refused` has the lines for `orp.yaml` too."""

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The new runs, in the order of the queue."""
        return tuple(item.run_id for item in self.items if not item.existed)

    @property
    def outcome(self) -> Outcome:
        """The same as other acts tell it."""
        answers = [
            Answer(
                item.run_id,
                RunState.SUCCEEDED if item.existed else RunState.QUEUED,
                "has succeeded with the same values; not queued again" if item.existed else "queued",
                done=not item.existed,
            )
            for item in self.items
        ]
        undo = Undo("add", queued=self.run_ids) if self.run_ids else None
        return Outcome(tuple(answers), undo, self.run_ids)


def submit_configs(context: Context, paths: Sequence[Path], choice: AddChoice = NO_CHOICE) -> Added:
    """Queue what the files describe: all of it or, if anything is wrong, nothing.

    As `orp run FILE… --detach` with the options of the choice. Raises nothing that an experiment
    file, a project or a full disk can cause: that is told in `refused`.
    """
    items: list[Item] = []
    sources: list[Source] = []
    try:
        sources = sources_of_files(context, paths, seed=choice.seeds, overrides=choice.overrides)
        with writing_to(context.paths), context.store() as connection:
            ensure_leader(context)
            options = SubmitOptions(wishes=choice.wishes)
            for item in submit_all(context, connection, sources, options):
                items.append(item)  # noqa: PERF402 - what is queued before an error has to be known
    except SubmitRefused as error:
        return Added(tuple(items), _notes(context, items), str(error), _questions(context, sources))
    except (OrpError, OSError) as error:
        return Added(tuple(items), _notes(context, items), _words(error))
    return Added(tuple(items), _notes(context, items))


def submit_config(context: Context, path: Path, choice: AddChoice = NO_CHOICE) -> Added:
    """As `submit_configs`, for one file."""
    return submit_configs(context, [path], choice)


def answer(context: Context, project: Path, *, inputs: Sequence[str], outputs: Sequence[str]) -> Context:
    """Write into the project's `orp.yaml` what its folders are; the context with that known.

    Raises ConfigError with the lines to add by hand if the file can't be changed safely, OSError.
    """
    from orp_tui.config.answers import answer_workspace

    answer_workspace(project, inputs=inputs, outputs=outputs)
    fresh = open_context(start=context.project)
    return dataclasses.replace(context, settings=fresh.settings)


@dataclasses.dataclass(frozen=True)
class Foreseen:
    """What an add would do."""

    runs: int = 0
    problem: str = ""
    """Why it would be refused, in one line; empty if files and options fit together."""
    words: str = ""
    """What would be queued, in one line."""


def foresee(context: Context, paths: Sequence[Path], choice: AddChoice = NO_CHOICE) -> Foreseen:
    """What `submit_configs` would do, without a look at the project's folders; nothing is written."""
    try:
        sources = sources_of_files(context, paths, seed=choice.seeds, overrides=choice.overrides)
        _check_wishes(context, sources, choice)
    except ConfigError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        return Foreseen(problem=f"{_brief(error, paths)}{more}")
    except (OrpError, OSError) as error:
        return Foreseen(problem=str(error))
    return Foreseen(len(sources), words=_foreseen(sources, choice))


def said_by_files(paths: Sequence[Path]) -> AddWords:
    """What the files say themselves, as it would be typed; nothing if they are several or broken."""
    from orp_tui.config.loader import load_experiment_file
    from orp_tui.config.plan import plan_runs

    if len(paths) != 1:
        return AddWords()
    try:
        loaded = load_experiment_file(paths[0])
        plan = plan_runs(loaded)[0]
    except (OrpError, OSError):
        return AddWords()
    gpus, memory = plan.resources.get("gpus"), plan.resources.get("memory")
    return AddWords(
        gpus="" if gpus is None else str(gpus),
        memory="" if memory is None else size(memory).replace(" ", ""),
        priority=str(plan.queue["priority"]),
        group=plan.queue["group"],
        start=plan.queue["start"] or "",
        after=" ".join(f"{item['run']}:{item.get('on', 'ok')}" for item in plan.queue["after"]),
        timeout="" if plan.timeout_s is None else duration(plan.timeout_s),
        retries=f"{plan.retries['max']} {' '.join(plan.retries['on'])}" if plan.retries else "",
        seeds=" ".join(map(str, loaded.spec.training.seeds or ())),
    )


def _brief(error: ConfigError, paths: Sequence[Path]) -> str:
    """The first problem; which file it is in goes without saying if there is only one."""
    first = error.problems[0]
    if len(paths) > 1:
        return str(dataclasses.replace(first, file=Path(first.file.removesuffix(" with --set")).name))
    where = f"line {first.line}: " if first.line is not None else ""
    return f"{where}{first.key}: {first.message}" if first.key else f"{where}{first.message}"


def _check_wishes(context: Context, sources: Sequence[Source], choice: AddChoice) -> None:
    """Raises RunNotFound or ConfigError for runs to wait for, or to derive from, that are not there."""
    # What an earlier file of the same submission makes is not there yet.
    coming = {source.plan.name: source.plan.name for source in sources}
    parents = {source.plan.parent for source in sources if source.plan.parent}
    named = [*choice.wishes.after, *sorted(parents - {f"last:{name}" for name in coming})]
    if not named:
        return
    from orp_tui.services.parents import with_parent
    from orp_tui.services.reference import store_of
    from orp_tui.services.wishes import place_of

    with store_of(context, named[0]) as connection:
        for source in sources:
            with_parent(connection, context.paths, source, coming)
            fresh = dataclasses.replace(choice.wishes, fresh=True)
            place_of(connection, source.plan, fresh, context.paths, now=time.time())


def _foreseen(sources: Sequence[Source], choice: AddChoice) -> str:
    plan = sources[0].plan
    words = [counted(len(sources), "run")]
    gpus = plan.resources.get("gpus")
    if gpus is not None:
        words.append(f"{counted(gpus, 'GPU')} each" if len(sources) > 1 else counted(gpus, "GPU"))
    if plan.timeout_s is not None:
        words.append(f"at most {duration(plan.timeout_s)}")
    if plan.retries is not None:
        words.append(f"{_retries(plan.retries['max'])} after {', '.join(plan.retries['on'])}")
    start = choice.wishes.start or plan.queue["start"]
    if start is not None:
        at = start_time(start, now=time.time())
        words.append(f"not before {time.strftime('%a %d %b %H:%M', time.localtime(at))}")
    if choice.wishes.held:
        words.append("held")
    return ", ".join(words)


def _retries(number: int) -> str:
    return "1 retry" if number == 1 else f"{number} retries"


def _questions(context: Context, sources: Sequence[Source]) -> tuple[OpenQuestion, ...]:
    """What the command line would have asked in a terminal."""
    found: dict[tuple[Path, str], OpenQuestion] = {}
    for source in representatives(sources):
        with contextlib.suppress(OrpError):  # then it was that which the submit has refused
            cache = FileCache(context.paths.state / "file-cache.json")
            for item in freeze_plan(context, source, cache).questions:
                known = OpenQuestion(source.project, item.path, item.why)
                found.setdefault((known.project, known.path), known)
    return tuple(found.values())


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, OrpError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return str(error)


def _notes(context: Context, items: Sequence[Item]) -> tuple[str, ...]:
    said: dict[str, None] = {}
    for item in items:
        if not item.existed:
            said |= dict.fromkeys(read_request(context.paths.run(item.run_id)).notes)
    return tuple(said)
