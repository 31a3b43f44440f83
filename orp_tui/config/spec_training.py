"""The sections `experiment` and `training` of an experiment file."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema

from orp_tui.config.problems import advised, nearest, shown
from orp_tui.config.spec_types import (
    WORDS_SCHEMA,
    Duration,
    FreeMapping,
    InsidePath,
    InsidePaths,
    RunReference,
    Section,
    Size,
    Text,
    TextList,
    Word,
    Words,
    as_list,
    kind_of,
    split_words,
)

Json = Any  # Any: a value as YAML gives it

STOP_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
RETRY_REASONS = (
    "failed", "lost", "oom", "exit_code", "disk_full", "timed_out", "stalled", "signal", "spawn_error", "incomplete", "rebooted",
)  # fmt: skip


class Experiment(Section):
    """What the experiment is and why it is made."""

    name: Text
    """Any text; shown in lists, never used as a path."""
    description: Text = ""
    """What is done, in a sentence or more."""
    hypothesis: Text | None = None
    """What is expected; genealogy and reports carry it."""
    research_question: Text | None = None
    """What is asked; genealogy and reports carry it."""
    parent: RunReference | None = None
    """The run it derives from: an id (`exp_…`), `last:NAME` or `tag:NAME`."""
    rationale: Text | None = None
    """Why it differs from its parent."""


class Environment(Section):
    """What is activated before the command. Without it: the environment of the shell that submits."""

    conda: Word | None = None
    """Name or folder of a conda environment."""
    venv: Word | None = None
    """Folder of a virtual environment."""
    modules: TextList | None = None
    """Environment modules to load, in this order."""
    setup: TextList | None = None
    """Lines for bash, run before the rest is activated."""


def _signal_name(value: Json) -> Json:
    if not isinstance(value, str):
        raise ValueError(f"must be a name such as SIGTERM, not {kind_of(value)}")
    name = value.upper() if value.upper().startswith("SIG") else f"SIG{value.upper()}"
    if name not in STOP_SIGNALS:
        raise ValueError(
            f"{shown(value)} is not allowed; write one of {', '.join(STOP_SIGNALS)} (SIGKILL follows by itself)"
        )
    return name


class Stop(Section):
    """How a run is asked to end: at a cancel, a timeout or a stall."""

    signal: Annotated[
        str, BeforeValidator(_signal_name), WithJsonSchema({"type": "string", "examples": list(STOP_SIGNALS)})
    ] = "SIGTERM"
    """The first signal; SIGKILL follows when the grace is over."""
    to: Literal["root", "ranks", "tree"] = "root"
    """Who gets it: the main process, its ranks (children of a launcher), or every process."""
    grace: Duration = 120.0
    """Time to save and end before SIGKILL."""


def _retry_reason(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    if value.startswith("regex:"):
        try:
            re.compile(value[6:])
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"{shown(value)} is no regular expression: {error}") from error
        return value
    if value in RETRY_REASONS or re.fullmatch(r"exit:[0-9]{1,3}", value):
        return value
    close = nearest(value, RETRY_REASONS)
    raise ValueError(
        f"{shown(value)} is no reason; {advised(close, 'reasons: ' + ', '.join(RETRY_REASONS))}, exit:N, regex:…"
    )


class Retries(Section):
    """When a run that ended badly is tried again, as a new run."""

    max: Annotated[int, Field(ge=1, le=100)] = 1
    """How many times at most."""
    on: Annotated[
        tuple[Annotated[str, BeforeValidator(_retry_reason), WithJsonSchema({"type": "string"})], ...],
        Strict(False), Field(min_length=1), BeforeValidator(as_list),
    ] = ("lost",)  # fmt: skip
    """After which ends: failed, lost, oom, disk_full, timed_out, stalled, signal, …, `exit:N`, or `regex:…` on the last stderr lines."""
    delay: Duration = 60.0
    """Wait before the first retry; doubled for each further one."""
    with_: FreeMapping | None = Field(default=None, alias="with")
    """Values of `config` that the retry changes; needed for `oom`, which would only come again."""


class Resources(Section):
    """What a run needs; it waits until that is free."""

    gpus: Annotated[int, Field(ge=0, le=1024)] | None = None
    """GPUs; 0 hides them from the training. Default: 1 where the machine has GPUs."""
    gpu_memory: Size | None = None
    """Free memory that each GPU must have."""
    cpus: Annotated[int, Field(ge=1, le=65536)] | None = None
    """CPU cores."""
    memory: Size | None = None
    """Main memory."""
    disk: Size | None = None
    """Free disk space where the run's folder lies."""
    executor: Word = "local"
    """Where it runs: `local`, or a profile from `orp.yaml`."""


CHECKPOINT_SIGNALS = ("SIGUSR1", "SIGUSR2", "SIGHUP")


def _checkpoint_signal(value: Json) -> Json:
    if not isinstance(value, str):
        raise ValueError(f"must be a name such as SIGUSR1, not {kind_of(value)}")
    name = value.upper() if value.upper().startswith("SIG") else f"SIG{value.upper()}"
    if name not in CHECKPOINT_SIGNALS:
        raise ValueError(f"{shown(value)} is not allowed; write one of {', '.join(CHECKPOINT_SIGNALS)}")
    return name


class Checkpoints(Section):
    """Where the training saves its state, for resuming and for pruning."""

    path: InsidePath
    """Glob inside the workspace that each checkpoint matches."""
    complete: Word | None = None
    """File inside a checkpoint's folder that is written last; without it the checkpoint is not complete."""
    keep: Annotated[int, Field(ge=1)] | None = None
    """How many to keep while the run goes on; never removes the best, the last or a deliverable."""
    signal: (
        Annotated[
            str,
            BeforeValidator(_checkpoint_signal),
            WithJsonSchema({"type": "string", "examples": list(CHECKPOINT_SIGNALS)}),
        ]
        | None
    ) = None
    """The signal on which the script saves a checkpoint at once, for alerts with `do: checkpoint`. The script must handle it: one that does not is left alone, since the signal would end it."""


def _env_value(value: Json) -> Json:
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("holds a NUL character, which no variable can carry")
        return value
    if isinstance(value, dict):
        if (
            list(value) == ["from_env"]
            and isinstance(value["from_env"], str)
            and ENV_NAME.fullmatch(value["from_env"])
        ):
            return value
        raise ValueError("must be text, or {from_env: NAME} to take it from the environment at the start")
    raise ValueError(f"must be text, not {kind_of(value)}; put it in quotes")


ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")


def _env_names(value: Json) -> Json:
    if isinstance(value, dict):
        for name in value:
            if not ENV_NAME.fullmatch(name):
                raise ValueError(f'"{shown(name)}" is no name for a variable; use letters, digits and _')
            if name.startswith("ORP_"):
                raise ValueError(f"{shown(name)}: names that begin with ORP_ are set by ORP itself")
    return value


EnvValue = Annotated[
    Any,
    BeforeValidator(_env_value),
    WithJsonSchema({
        "anyOf": [
            {"type": ["string", "number", "boolean"]},
            {"type": "object", "properties": {"from_env": {"type": "string"}}, "required": ["from_env"], "additionalProperties": False},
        ]
    }),
]  # fmt: skip


def _script(value: Json) -> Json:
    """A string stays one: whether it is split or goes to a shell, `shell` says."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("is empty; write the command, such as [python, train.py]")
        if "\0" in value:
            raise ValueError("holds a NUL character, which no command line can carry")
        return value
    return tuple(split_words(value))


Script = Annotated[Any, BeforeValidator(_script), WithJsonSchema(WORDS_SCHEMA)]


class Training(Section):
    """The command, what it is given, and how its run is treated."""

    script: Script | None = None
    """The command: a list of words, or a string that is split as a POSIX shell splits words (no shell runs)."""
    shell: bool = False
    """true: the string goes to `bash -c`, and the run's record says so."""
    environment: Environment | None = None
    """conda, venv, modules or setup lines. Default: the shell that submits."""
    config: FreeMapping = Field(default_factory=dict)
    """The values of the experiment, nested as you like."""
    pass_config: Literal["args", "hydra", "file", "env", "none"] = "args"  # noqa: S105 - a word, no password
    """How the script gets `config`: args (`--optimizer.name adam`), hydra (`optimizer.name=adam`), file (`{config_file}` in the script), env (`ORP_CONFIG_…`) or none. Always also in $ORP_CONFIG_FILE."""
    config_format: Literal["json", "yaml"] = "json"
    """Format of the file at `{config_file}`."""
    booleans: Literal["flag", "value", "no_prefix"] | None = None
    """What a `false` becomes with args: flag (nothing), value (`--x false`, and `--x true`), no_prefix (`--no-x`). Needed when `config` holds a `false`."""
    env: Annotated[dict[str, EnvValue], BeforeValidator(_env_names)] = Field(default_factory=dict)
    """Variables for the training: text, or `{from_env: NAME}`."""
    env_file: Text | None = None
    """File with `NAME=value` lines; read at the start, never stored."""
    seeds: (
        Annotated[
            tuple[Annotated[int, Field(ge=0, lt=2**64)], ...],
            Strict(False),
            Field(min_length=1, max_length=1000),
        ]
        | None
    ) = None
    """One run for each. Without it no seed is passed."""
    seed_key: Word = "seed"
    """The key of `config` that a seed is passed under; dotted for a nested one."""
    workspace: Literal["isolated", "in_place", "shared"] = "isolated"
    """Where it runs: in an own copy of the code, in the project's folder alone, or in the project's folder in parallel."""
    inputs: InsidePaths = ()
    """Files and folders of the project to link into the workspace, not to copy."""
    resources: Resources = Resources.model_construct()
    """GPUs, memory, CPUs, disk, and where to run."""
    locks: TextList = ()
    """Named locks: runs that share one never overlap on this machine."""
    leftovers: Literal["kill", "keep"] = "kill"
    """Processes that outlive a successful main process: ended after 10 s, or left alone."""
    timeout: Duration | None = None
    """Longest time it may run; then it is stopped as `stop` says."""
    stop: Stop = Stop.model_construct()
    """Signal, receiver and grace of a stop."""
    retries: Retries | None = None
    """Automatic new runs after a bad end. Default: none."""
    stall_after: Duration | None = None
    """A run whose logs do not grow for so long is stopped."""
    checkpoints: Checkpoints | None = None
    """Where checkpoints lie and how many are kept."""
    resume: Words | None = None
    """Words added to the command on a resume; `{last_checkpoint}` is the newest complete one."""

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the command; none for a shell's string.

        Raises ValueError for a string that cannot be split.
        """
        if self.shell or self.script is None:
            return ()
        return tuple(split_words(self.script))

    @property
    def shell_text(self) -> str | None:
        """The string for the shell; None without `shell: true`."""
        return self.script if self.shell and isinstance(self.script, str) else None
