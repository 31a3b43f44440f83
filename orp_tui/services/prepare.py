"""Look at everything a submit would do, and change nothing: the first half of a submit, and all of `--dry-run`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from orp_tui.config.plan import RunPlan
from orp_tui.config.settings import load_settings
from orp_tui.core.errors import NotYet, SubmitRefused
from orp_tui.core.layout import RunPaths
from orp_tui.core.verdict import SIGNAL_NAMES
from orp_tui.engine.leadership import leader_variables
from orp_tui.services.context import Context
from orp_tui.services.submission import Prepared, Source, SubmitOptions
from orp_tui.workspace import editable, environment, interpreter, private_environment
from orp_tui.workspace.activation import Activation, activate
from orp_tui.workspace.arguments import check_arguments
from orp_tui.workspace.command import ResolvedCommand, likely_interpreter, resolve_command
from orp_tui.workspace.environment import FixedEnvironment
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.freeze import OUTPUT_FOLDER, plan_freeze
from orp_tui.workspace.interpreter import InterpreterFacts
from orp_tui.workspace.plan import FreezeLimits, FreezePlan, WorkspaceAnswers

SIGNAL_NUMBERS = {name: number for number, name in SIGNAL_NAMES.items()}


def prepare(
    context: Context, source: Source, run_id: str, options: SubmitOptions, *, ask: bool = False
) -> Prepared:
    """Everything that a submit has to know.

    With `ask` the freeze plan may hold questions and refusals, for somebody who shows or
    answers them, and nothing is written, caches included; without it they are raised.

    Raises NotYet for what this version can't execute, SubmitRefused for what the user can
    put right.
    """
    plan = source.plan
    if plan.not_yet:
        raise NotYet(", ".join(plan.not_yet))
    folder = context.paths.run(run_id)
    cache = FileCache(context.paths.state / "file-cache.json")
    if source.frozen is not None:
        freeze, fixed = source.frozen.freeze, source.frozen.fixed
    else:
        freeze = freeze_plan(context, source, cache)
        if not ask:
            freeze.refuse()
        fixed = _environment(source)
    command = _command(source, freeze, fixed, folder)
    check_arguments(command.argv, plan.config, freeze)
    python = _python(context, source, command, fixed, keep=not ask)
    live = None
    if python is not None and freeze.kind == "isolated":
        live = editable.find_live_code(python, freeze, fixed.variables.get("PYTHONPATH", ""))
    return Prepared(
        source, options, run_id, freeze, fixed, command, python, live, _missing(context, source, fixed), cache
    )


def _environment(source: Source) -> FixedEnvironment:
    plan = source.plan
    base = os.environ
    if plan.environment:
        base = activate(_activation(plan), os.environ, source.cwd)  # type: ignore[assignment] # a Mapping is enough
    return environment.capture(base, plan.env)


def freeze_plan(context: Context, source: Source, cache: FileCache) -> FreezePlan:
    """What would be copied, linked, left out, asked and refused; raises as `plan_freeze` does."""
    same = source.project == context.project
    settings = (context.settings if same else load_settings(source.project, flags={})).workspace
    return plan_freeze(
        source.project,
        source.cwd,
        base_dirs=context.paths,
        kind=source.plan.workspace,
        deliverables=source.plan.deliverables,
        inputs=source.plan.inputs,
        answers=WorkspaceAnswers(tuple(settings.inputs), tuple(settings.outputs)),
        limits=FreezeLimits(settings.max_file_bytes, settings.max_total_bytes),
        cache=cache,
    )


def _activation(plan: RunPlan) -> Activation:
    wanted = plan.environment
    return Activation(
        setup=_lines(wanted.get("setup")),
        modules=_lines(wanted.get("modules")),
        conda=wanted.get("conda"),
        venv=wanted.get("venv"),
    )


def _lines(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return tuple(value.splitlines())
    assert isinstance(value, list | tuple)
    return tuple(str(item) for item in value)


def _command(
    source: Source, freeze: FreezePlan, fixed: FixedEnvironment, folder: RunPaths
) -> ResolvedCommand:
    plan = source.plan
    isolated = freeze.kind == "isolated"
    root = folder.workspace if isolated else freeze.project
    values = {
        "output_dir": str(root / OUTPUT_FOLDER),
        "config_file": str(folder.folder / f"config.{plan.config_format}"),
    }
    if plan.shell:
        quoted = {name: shlex.quote(value) for name, value in values.items()}
        words: Sequence[str] = ("bash", "-c", _filled(plan.command or "", quoted))
    else:
        words = [_filled(word, values) for word in plan.argv]
    if source.frozen is not None:
        program = source.frozen.program.replace(str(source.frozen.folder.folder), str(folder.folder))
        return ResolvedCommand((program, *words[1:]), None, None)
    return resolve_command(
        words,
        fixed.variables,
        project_cwd=source.cwd,
        workspace_cwd=root / freeze.cwd,
        plan=freeze if isolated else None,
    )


def _filled(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace("{" + name + "}", value)
    return word


def _python(
    context: Context, source: Source, command: ResolvedCommand, fixed: FixedEnvironment, *, keep: bool
) -> InterpreterFacts | None:
    python = likely_interpreter(command, fixed.variables, source.project)
    if python is None:
        return None
    try:
        cache = context.paths.state / "interpreters" if keep else None
        return interpreter.query(python, fixed.variables, cache)
    except SubmitRefused:
        if command.interpreter:
            raise
        return None  # a guess that can't be asked is no reason to refuse another program


def _missing(context: Context, source: Source, fixed: FixedEnvironment) -> tuple[str, ...]:
    """Secrets that the run will not find: neither in its env_file, nor with the queue processor.

    One that is started for this submit has the submitter's environment.
    """
    known: list[str] = []
    name = source.plan.env_file
    if name is not None:
        path = source.project / name
        try:
            known = list(private_environment.read_env_file(path))
        except OSError as error:
            raise SubmitRefused(f"training.env_file: {path}: {error.strerror}") from error
    here = leader_variables(context.paths)
    return tuple(fixed.missing(known, os.environ if here is None else here))


def signal_number(name: object) -> int:
    """15 for `SIGTERM`, `TERM` or 15."""
    if isinstance(name, int):
        return name
    text = str(name).upper()
    return SIGNAL_NUMBERS[text if text.startswith("SIG") else f"SIG{text}"]
