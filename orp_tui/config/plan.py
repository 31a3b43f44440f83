"""A loaded experiment → what each of its runs is, in plain values that `request.json` can hold."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from orp_tui.core.checklist import Deliverable

if TYPE_CHECKING:
    from orp_tui.config.loader import LoadedExperiment
    from orp_tui.config.spec import ExperimentSpec

Json = Any  # Any: a value as JSON gives it
STOP_DEFAULT: dict[str, Json] = {"signal": "SIGTERM", "to": "root", "grace_s": 120.0}
QUEUE_DEFAULT: dict[str, Json] = {
    "group": "default",
    "priority": 0,
    "after": [],
    "start": None,
    "unless_exists": False,
}
ARTIFACTS_DEFAULT: dict[str, Json] = {"include": [], "exclude": [], "pack": "auto"}


@dataclasses.dataclass(frozen=True)
class RunPlan:
    """One run to submit. Placeholders such as {output_dir} are still in the command."""

    name: str
    """The experiment's name; any text."""
    argv: list[str]
    """The command with the config passed; empty for a shell command."""
    command: str | None = None
    """The string for `bash -c`, config passed; None without `shell: true`. Fill placeholders in shell-quoted."""
    shell: bool = False
    """`command` counts, not `argv`."""
    description: str = ""
    """Any text."""
    config: dict[str, Json] = dataclasses.field(default_factory=dict)
    """`training.config` of this run, its seed and sweep values in."""
    config_format: str = "json"
    """Format of the file at {config_file}: json or yaml."""
    variant: dict[str, Json] = dataclasses.field(default_factory=dict)
    """What the sweep set, by dotted key; empty without one."""
    seed: int | None = None
    """None: no seed is passed."""
    env: dict[str, str | dict[str, str]] = dataclasses.field(default_factory=dict)
    """Variables for the training: text, or `{"from_env": NAME}`."""
    env_file: str | None = None
    """Read at the start; relative to the project."""
    environment: dict[str, Json] = dataclasses.field(default_factory=dict)
    """What to activate: conda, venv, modules, setup; empty for the submitter's shell."""
    workspace: str = "isolated"
    """isolated, in_place or shared."""
    inputs: list[str] = dataclasses.field(default_factory=list)
    """Paths of the project to link."""
    leftovers: str = "kill"
    """kill or keep."""
    timeout_s: float | None = None
    """None: no limit."""
    stop: dict[str, Json] = dataclasses.field(default_factory=lambda: dict(STOP_DEFAULT))
    """signal, to, grace_s."""
    stall_after_s: float | None = None
    """None: silence is allowed."""
    deliverables: list[Deliverable] = dataclasses.field(default_factory=list)
    """What it must leave."""
    artifacts: dict[str, Json] = dataclasses.field(default_factory=lambda: dict(ARTIFACTS_DEFAULT))
    """include, exclude, pack."""
    resources: dict[str, Json] = dataclasses.field(default_factory=dict)
    """gpus, gpu_memory, cpus, memory, disk (bytes), executor; only what is given."""
    locks: list[str] = dataclasses.field(default_factory=list)
    """Named locks."""
    queue: dict[str, Json] = dataclasses.field(default_factory=lambda: dict(QUEUE_DEFAULT))
    """group, priority, after, start, unless_exists."""
    retries: dict[str, Json] | None = None
    """max, on, delay, with."""
    checkpoints: dict[str, Json] | None = None
    """path, complete, keep."""
    resume: list[str] | None = None
    """Words added on a resume."""
    metrics: dict[str, Json] = dataclasses.field(default_factory=dict)
    """primary, sources, patterns, alerts."""
    parent: str | None = None
    """A reference to the run it derives from."""
    metadata: dict[str, Json] = dataclasses.field(default_factory=dict)
    """Anything, with tags and priority."""
    experiment: dict[str, Json] = dataclasses.field(default_factory=dict)
    """The whole resolved file."""
    not_yet: tuple[str, ...] = ()
    """Keys whose execution this version does not have; submit refuses them."""

    def to_json(self) -> dict[str, Json]:
        """All fields in JSON types."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        fields["deliverables"] = [item.to_json() for item in self.deliverables]
        fields["not_yet"] = list(self.not_yet)
        return fields


def plan_runs(
    loaded: LoadedExperiment,
    *,
    seed: int | Sequence[int] | None = None,
    overrides: Sequence[str] = (),
    name: str | None = None,
) -> list[RunPlan]:
    """The runs of an experiment, in the order of its variants, then of its seeds.

    `seed`, one or several, replaces the seeds of the file; `overrides` are as `--set` takes them; `name`
    replaces the experiment's. The variants of a random or optuna sweep are drawn later:
    such a file gives one plan.

    Raises ConfigError if the overrides or the seed make the experiment invalid.
    """
    from orp_tui.config.overrides import overridden

    changes = list(overrides)
    tree, written = loaded.tree, loaded.written
    seeds = () if seed is None else (seed,) if isinstance(seed, int) else tuple(seed)
    if seeds:
        tree, written = _with_seeds(tree, written, seeds)
    spec = loaded.spec
    if changes or seeds:
        spec, _ = overridden(tree, written, changes, str(loaded.path))
    return planned(spec, name=name)


def _with_seeds(tree: Json, written: dict[Any, str], seeds: tuple[int, ...]) -> tuple[Json, dict[Any, str]]:
    """`tree` with these seeds, which also take the place of the one that its config holds."""
    training = dict(tree.get("training") or {})
    key = training.get("seed_key", "seed")
    config = training.get("config")
    if isinstance(config, dict) and isinstance(key, str):
        training["config"] = _without(config, [key] if key in config else key.split("."))
    training["seeds"] = list(seeds)
    return {**tree, "training": training}, written


def _without(config: dict[str, Json], parts: list[str]) -> dict[str, Json]:
    first, *rest = parts
    if not rest:
        return {key: value for key, value in config.items() if key != first}
    inner = config.get(first)
    return {**config, first: _without(inner, rest)} if isinstance(inner, dict) else config


def planned(spec: ExperimentSpec, *, name: str | None = None) -> list[RunPlan]:
    """The runs of a checked spec."""
    from orp_tui.config.sweep import variants

    settings = variants(spec.sweep) if spec.sweep else []
    seeds = spec.training.seeds or (None,)
    common = _common(spec, name)
    return [_run(spec, common, values, seed) for values in settings or [{}] for seed in seeds]


def _run(spec: ExperimentSpec, common: dict[str, Json], values: dict[str, Json], seed: int | None) -> RunPlan:
    from orp_tui.config.arguments import passed
    from orp_tui.config.problems import Problems
    from orp_tui.config.rules import seeded
    from orp_tui.config.sweep import with_values

    training = spec.training
    config = seeded(with_values(training.config, values), training.seed_key, seed)
    problems = Problems(spec.experiment.name)
    given = passed(config, training.pass_config, training.booleans, problems, ("training", "config"))
    problems.raise_any()
    words = list(training.words)
    command = None
    if training.shell:
        # The string is the user's own shell text; what is added must stay the words it is.
        command = " ".join([training.shell_text or "", *map(_shell_word, given.argv)])
        words = []
    experiment = dict(common["experiment"])
    if "training" in experiment:
        experiment["training"] = {**experiment["training"], "config": config}
    return RunPlan(
        **{
            **common,
            "experiment": experiment,
            "env": {**given.env, **common["env"]},
        },
        argv=[*words, *given.argv] if words else [],
        command=command,
        shell=training.shell,
        config=config,
        variant=values,
        seed=seed,
    )


def _shell_word(word: str) -> str:
    """`word` for a shell, its placeholders outside the quotes: what fills them in is quoted itself."""
    parts = re.split(r"(\{(?:output_dir|config_file|port|gpus|last_checkpoint)\})", word)
    quoted = [part if place % 2 else shlex.quote(part) for place, part in enumerate(parts) if part]
    return "".join(quoted) or "''"


def _common(spec: ExperimentSpec, name: str | None) -> dict[str, Json]:
    """The fields that all runs of an experiment share."""
    from orp_tui.config.not_yet import not_yet
    from orp_tui.config.spec import plain

    whole = spec.to_json()
    whole["experiment"]["name"] = name if name is not None else spec.experiment.name
    training, given = spec.training, whole.get("training", {})
    artifacts = whole.get("artifacts", {})
    return {
        "name": whole["experiment"]["name"],
        "description": spec.experiment.description,
        "config_format": training.config_format,
        "env": plain(training.env),
        "env_file": training.env_file,
        "environment": given.get("environment", {}),
        "workspace": training.workspace,
        "inputs": list(training.inputs),
        "leftovers": training.leftovers,
        "timeout_s": training.timeout,
        "stop": {"signal": training.stop.signal, "to": training.stop.to, "grace_s": training.stop.grace},
        "stall_after_s": training.stall_after,
        "deliverables": list(spec.deliverables),
        "artifacts": {key: artifacts.get(key, value) for key, value in ARTIFACTS_DEFAULT.items()},
        "resources": given.get("resources", {}),
        "locks": list(training.locks),
        "queue": _queue(whole),
        "retries": given.get("retries"),
        "checkpoints": given.get("checkpoints"),
        "resume": list(training.resume) if training.resume else None,
        "metrics": whole.get("metrics", {}),
        "parent": spec.experiment.parent,
        "metadata": whole.get("metadata", {}),
        "experiment": whole,
        "not_yet": not_yet(spec),
    }


def _queue(whole: dict[str, Json]) -> dict[str, Json]:
    """Queue settings; the priority may also stand in the metadata."""
    queue = {**QUEUE_DEFAULT, **whole.get("queue", {})}
    if queue["priority"] == 0:
        wish = whole.get("metadata", {}).get("priority")
        named = {"low": -10, "normal": 0, "high": 10}
        if isinstance(wish, str):
            wish = named.get(wish, 0)
        if isinstance(wish, int) and not isinstance(wish, bool):
            queue["priority"] = wish
    return queue


def experiment_hash(plan: RunPlan) -> str:
    """A sha256 over what decides the outcome: command, config, seed, environment, inputs, deliverables.

    Names, notes, limits, resources and the queue are left out: they change nothing in what
    is computed. The code is not in it either; its tree has a hash of its own.
    """
    import hashlib
    import json

    whole = plan.to_json()
    text = json.dumps({key: whole[key] for key in _WHAT_DECIDES}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_WHAT_DECIDES = (
    "argv", "command", "shell", "config", "config_format", "seed", "env", "env_file", "environment", "workspace", "inputs",
    "deliverables",
)  # fmt: skip
