"""The sections metrics, queue, analysis, artifacts, integrations, notify and metadata."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema, model_validator

from orp_tui.config.problems import shown, unknown
from orp_tui.config.spec_types import (
    Duration,
    Regex,
    RunReference,
    Section,
    TextList,
    Word,
    as_list,
    kind_of,
)
from orp_tui.config.values import parse_duration
from orp_tui.core.alert_conditions import parse_condition

Json = Any  # Any: a value as YAML gives it

READERS = ("tfevents", "jsonl", "csv", "wandb", "trainer_state", "stdout", "mlflow", "trackio")
EVENTS = (
    "started", "succeeded", "incomplete", "failed", "cancelled", "lost", "stalled", "alert", "deliverable", "gpu_lost",
    "disk_low", "queue_empty",
)  # fmt: skip
ALERT_ACTS = ("notify", "stop", "checkpoint")
AGENTS = ("performance", "ablation", "baseline_comparison", "failure", "quality")


class At(Section):
    """The step at which the primary metric is read."""

    best: Word | None = None
    """The step where this other metric is best."""
    goal: Literal["minimize", "maximize"] = "minimize"
    """Which way `best` goes."""
    step: Annotated[int, Field(ge=0)] | None = None
    """This step."""


class Primary(Section):
    """The metric that a run is judged by."""

    name: Word
    """As the training logs it."""
    goal: Literal["maximize", "minimize"] = "maximize"
    """Which way is better."""
    at: At | None = None
    """Where it is read; without it, its last value."""


def _reader(value: Json) -> Json:
    if isinstance(value, str) and value not in READERS:
        from importlib.metadata import entry_points

        known = [*READERS, *sorted(entry_points(group="orp.metric_readers").names)]
        if value not in known:
            raise ValueError(f'"{shown(value)}" ' + unknown("reader", value, known))
    return value


class Source(Section):
    """Files that hold metrics."""

    type: Annotated[
        str, BeforeValidator(_reader), WithJsonSchema({"type": "string", "examples": list(READERS)})
    ]
    """Reader: tfevents, jsonl, csv, wandb, trainer_state, stdout, mlflow, trackio, or a plug-in's."""
    path: Word
    """Glob inside the workspace."""


def _pattern(value: Json) -> Json:
    if isinstance(value, str) and "(?P<" not in value:
        raise ValueError("names no value; write (?P<loss>…) around each number")
    return value


def _condition(value: Json) -> Json:
    if isinstance(value, str):
        parse_condition(value)
    return value


class Alert(Section):
    """Something to watch for while the run goes on. It acts once each time that its condition comes true."""

    when: Annotated[
        str,
        BeforeValidator(_condition),
        WithJsonSchema({"type": "string", "examples": ["nan(loss)", "loss > 10", "no_log > 10m"]}),
    ]
    """The condition; the forms are listed above."""
    do: Annotated[
        tuple[Literal["notify", "stop", "checkpoint"], ...], Strict(False), Field(min_length=1), BeforeValidator(as_list),
        WithJsonSchema({"anyOf": [{"enum": list(ALERT_ACTS)}, {"type": "array", "items": {"enum": list(ALERT_ACTS)}}]}),
    ]  # fmt: skip
    """notify, stop, checkpoint, or several. A stop is a cancel by `alert`; a checkpoint sends `training.checkpoints.signal`. Each is noted in the run's `alerts.jsonl` and shown."""


class Metrics(Section):
    """Which metric counts, where metrics are found, and what to watch for."""

    primary: Primary | None = None
    """The metric that comparisons, sweeps and reports use."""
    sources: Annotated[tuple[Source, ...], Strict(False)] = ()
    """Files with metrics. Default: found by themselves."""
    patterns: Annotated[
        tuple[Annotated[Regex, BeforeValidator(_pattern)], ...], Strict(False), BeforeValidator(as_list)
    ] = ()
    """Regular expressions with named groups that read metrics from the logs; `step`, `epoch` and `time` say where a line stands. `orp metrics test` tries them."""
    include: TextList = ()
    """Globs of names: only these metrics are kept. A name from a log that is given here counts whatever it looks like."""
    exclude: TextList = ()
    """Globs of names: these metrics are left out."""
    alerts: Annotated[tuple[Alert, ...], Strict(False)] = ()
    """Conditions, and what happens then."""


class After(Section):
    """A run to wait for; its reference alone means its success."""

    accepts_text: ClassVar[bool] = True

    run: RunReference
    """Its id, `last:NAME` or `tag:NAME`."""
    on: Literal["ok", "any"] = "ok"
    """ok: it must succeed; any: it must only end."""

    @model_validator(mode="before")
    @classmethod
    def from_text(cls, value: Json) -> Json:
        """A reference alone."""
        return {"run": value} if isinstance(value, str) else value


def _priority(value: Json) -> Json:
    named = {"low": -10, "normal": 0, "high": 10}
    if isinstance(value, str):
        if value not in named:
            raise ValueError(f"{shown(value)} is no priority; write low, normal, high or a whole number")
        return named[value]
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000_000:
        raise ValueError(f"must be low, normal, high or a whole number, not {kind_of(value)}")
    return value


def _start(value: Json) -> Json:
    if not isinstance(value, str):
        raise ValueError(f'must be text such as "22:00", not {kind_of(value)}')
    if re.fullmatch(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]", value):
        return value
    try:
        if value.startswith("+"):
            parse_duration(value[1:])
        else:
            datetime.datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f'{shown(value)} is no time; write "22:00", "2026-12-01 22:00" or "+2h"') from None
    return value


class Queue(Section):
    """Where and when the run waits."""

    group: Word = "default"
    """Group of the queue; each has its own limit of parallel runs."""
    priority: Annotated[
        int, BeforeValidator(_priority),
        WithJsonSchema({"anyOf": [{"enum": ["low", "normal", "high"]}, {"type": "integer"}]}),
    ] = 0  # fmt: skip
    """Higher starts first: a whole number, or low (-10), normal (0), high (10)."""
    after: Annotated[tuple[After, ...], Strict(False), BeforeValidator(as_list)] = ()
    """Runs that must end first: references, or `{run: …, on: any}` for any end."""
    start: Annotated[str, BeforeValidator(_start), WithJsonSchema({"type": "string"})] | None = None
    """Not before: "22:00" (the next one), a date with time, or "+2h"."""
    unless_exists: bool = False
    """true: nothing runs if the same experiment has already succeeded."""


class Analysis(Section):
    """What is analysed by itself when the run has ended."""

    run: Annotated[
        tuple[Literal["performance", "ablation", "baseline_comparison", "failure", "quality"], ...],
        Strict(False), BeforeValidator(as_list),
    ] = ()  # fmt: skip
    """performance, ablation, baseline_comparison, failure, quality."""
    baseline: RunReference | None = None
    """What it is compared with: an id, `last:NAME` or `tag:NAME`."""


def _upload(value: Json) -> Json:
    if isinstance(value, str) and not re.match(r"[a-z][a-z0-9+.-]*:.", value):
        raise ValueError(
            f"{shown(value)} is no target; write scheme://bucket/prefix, or remote:path for rclone"
        )
    return value


class Artifacts(Section):
    """What the zip holds and where it goes."""

    include: TextList = ()
    """Globs inside the workspace to pack, beside the deliverables."""
    exclude: TextList = ()
    """Globs to leave out."""
    pack: Literal["auto", "always", "reference"] = "auto"
    """Large deliverables: referenced over 256 MiB each or 1 GiB together (auto), always packed, or always referenced."""
    upload: Annotated[str, BeforeValidator(_upload), WithJsonSchema({"type": "string"})] | None = None
    """Target for an upload, such as s3://bucket/prefix."""


class Wandb(Section):
    """Weights & Biases."""

    project: Word | None = None
    """Project on the server."""
    entity: Word | None = None
    """User or team on the server."""
    group: Word | None = None
    """Group of the run."""
    tags: TextList = ()
    """Tags of the run."""
    mode: Literal["online", "offline", "disabled"] = "online"
    """offline writes files that a later sync sends."""
    run: Literal["adopt", "own"] = "adopt"
    """adopt: the script's own W&B run is the run; own: ORP logs config, metrics and artifacts itself."""


class Mlflow(Section):
    """An MLflow tracking server."""

    tracking_uri: Word
    """Address of the server."""
    experiment: Word | None = None
    """Its experiment; default: the name of this one."""


class Integrations(Section):
    """Services that are told about the run; none can fail, slow or hang it."""

    model_config = ConfigDict(extra="allow")

    wandb: Wandb | None = None
    """Weights & Biases."""
    mlflow: Mlflow | None = None
    """MLflow."""


class Notification(Section):
    """Who is told, and when."""

    to: Word
    """Name of a target from the settings, or `terminal`."""
    on: Annotated[
        tuple[
            Literal[
                "started", "succeeded", "incomplete", "failed", "cancelled", "lost", "stalled", "alert", "deliverable",
                "gpu_lost", "disk_low", "queue_empty",
            ], ...,
        ],
        Strict(False), Field(min_length=1), BeforeValidator(as_list),
    ] = ("succeeded", "incomplete", "failed", "lost")  # fmt: skip
    """Events: started, succeeded, incomplete, failed, cancelled, lost, stalled, alert, deliverable, gpu_lost, disk_low, queue_empty."""
    min_duration: Duration | None = None
    """Only for runs that took at least so long."""


class Metadata(Section):
    """Anything; `tags` and `priority` have a meaning."""

    model_config = ConfigDict(extra="allow")

    tags: TextList = ()
    """Tags of the run, to filter and to refer by (`tag:NAME`)."""
    priority: Json = None
    """Priority in the queue, if `queue.priority` is not given."""
