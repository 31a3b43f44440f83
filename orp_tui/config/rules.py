"""Rules that join several keys of an experiment file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from orp_tui.config.arguments import passed
from orp_tui.config.problems import Path, Problems, shown
from orp_tui.config.service_rules import check_services
from orp_tui.config.sweep import check_sweep, value_at, variants, with_values

if TYPE_CHECKING:
    from orp_tui.config.spec import ExperimentSpec
    from orp_tui.config.spec_training import Training

Json = Any  # Any: a value as YAML gives it


def check_rules(spec: ExperimentSpec, problems: Problems) -> None:
    """Report what is wrong between the keys of `spec`, each of which is right by itself."""
    if not spec.stages and spec.training.script is None:
        message = "is missing; write the command, such as [python, train.py]"
        problems.add(("training", "script"), message)
    _check_training(spec.training, ("training",), problems)
    for place, stage in enumerate(spec.stages):
        _check_training(stage, ("stages", place), problems)
    if spec.stages:
        from orp_tui.config.stage_rules import check_stages

        check_stages(spec, problems)
    _check_variants(spec, problems)
    _check_alerts(spec, problems)
    check_services(spec, problems)


def _check_script(training: Training, path: Path, problems: Problems) -> None:
    """A string for a shell stays as it is; every other one must split into words."""
    if training.script is None:
        return
    if training.shell and not isinstance(training.script, str):
        problems.add(
            (*path, "script"), "must be a string with `shell: true`; write a string, or take shell out"
        )
        return
    try:
        words = [training.shell_text] if training.shell_text else training.words
    except ValueError as error:
        problems.add((*path, "script"), str(error))
        return
    if any("{last_checkpoint}" in word for word in words):
        message = "uses {last_checkpoint}, which a first run has not; write it in training.resume, whose words a resume adds"
        problems.add((*path, "script"), message)


def _check_training(training: Training, path: Path, problems: Problems) -> None:
    _check_script(training, path, problems)
    environment = training.environment
    if environment is not None:
        if environment.conda and environment.venv:
            problems.add((*path, "environment"), "has both conda and venv; keep one")
        if not (environment.conda or environment.venv or environment.modules or environment.setup):
            problems.add((*path, "environment"), "says nothing; write conda, venv, modules or setup")
    retries = training.retries
    if retries and "oom" in retries.on and not retries.with_:
        problems.add(
            (*path, "retries"), "`oom` needs `with`, such as {batch_size: 16}; it would only come again"
        )
    if (
        training.resume
        and training.checkpoints is None
        and any("{last_checkpoint}" in w for w in training.resume)
    ):
        problems.add((*path, "resume"), "uses {last_checkpoint}; add checkpoints: {path: …}")
    if training.resources.gpu_memory and training.resources.gpus == 0:
        problems.add((*path, "resources", "gpu_memory"), "needs GPUs, but gpus is 0; take one of them out")
    if training.seeds and len(set(training.seeds)) < len(training.seeds):
        problems.add((*path, "seeds"), "holds a seed twice; each makes one run")
    if training.seeds and value_at(training.config, training.seed_key) is not None:
        problems.add(
            (*path, "seeds"), f"also given by config.{training.seed_key}; keep one of them, or set seed_key"
        )


def _check_alerts(spec: ExperimentSpec, problems: Problems) -> None:
    """An alert that asks for a checkpoint must know by which signal, and that one must not be the end."""
    for place, alert in enumerate(spec.metrics.alerts if spec.metrics else ()):
        if "checkpoint" not in alert.do:
            continue
        path = ("metrics", "alerts", place, "do")
        rule = spec.training.checkpoints
        if rule is None or rule.signal is None:
            problems.add(
                path,
                "checkpoint sends the script a signal, which would end one that does not handle it; name the one that "
                "yours saves at: training: {checkpoints: {path: …, signal: SIGUSR1}}",
            )
        elif rule.signal == spec.training.stop.signal:
            message = f"checkpoint would send {rule.signal}, by which training.stop ends the script; take another signal"
            problems.add(path, message)


def _check_variants(spec: ExperimentSpec, problems: Problems) -> None:
    """Each config must be one that can be passed, and no two variants may be the same."""
    training = spec.training
    try:
        config = seeded(training.config, training.seed_key, training.seeds[0] if training.seeds else None)
    except ValueError as error:
        problems.add(("training", "seed_key"), str(error))
        return
    passable(training, config, problems, ("training", "config"))
    if training.retries and training.retries.with_:
        passable(training, training.retries.with_, problems, ("training", "retries", "with"))
    if spec.sweep is None or not check_sweep(spec.sweep, problems):
        return
    if spec.sweep.method == "optuna" and (spec.metrics is None or spec.metrics.primary is None):
        problems.add(("sweep", "method"), "optuna needs metrics.primary, to know what is better")
    seen: dict[str, int] = {}
    for place, values in enumerate(variants(spec.sweep)):
        path = ("sweep", "parameters", place) if spec.sweep.method == "list" else ("sweep", "parameters")
        try:
            config = with_values(training.config, values)
        except ValueError as error:
            problems.add(path, str(error))
            return
        key = json.dumps(config, sort_keys=True)
        if key in seen:
            what = ", ".join(f"{name}={shown(str(value), 30)}" for name, value in values.items())
            problems.add(
                path, f"variants {seen[key] + 1} and {place + 1} are the same ({what}); take one out"
            )
            return
        seen[key] = place
        before = len(problems.found)
        passable(training, config, problems, path)
        if len(problems.found) > before:
            return


def passable(training: Training, config: dict[str, Json], problems: Problems, path: Path) -> None:
    """Report values of `config` that the training cannot be given the way it asks for."""
    passed(config, training.pass_config, training.booleans, problems, path)


def seeded(config: dict[str, Json], seed_key: str, seed: int | None) -> dict[str, Json]:
    """The config with the seed under its key; as it is for None.

    Raises ValueError if the key leads through a value that is no mapping.
    """
    return config if seed is None else with_values(config, {seed_key: seed})
