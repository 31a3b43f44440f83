"""The sections `sweep` and `stages`, and the gates between stages."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema

from orp_tui.config.spec_deliverables import DeliverableItem
from orp_tui.config.spec_training import Training
from orp_tui.config.spec_types import Number, Section, TextList, Word, as_list, kind_of, reference

Json = Any  # Any: a value as YAML gives it


def _parameters(value: Json) -> Json:
    if not isinstance(value, (dict, list)) or not value:
        raise ValueError(
            f"must map keys of config to their values (for list: a list of such mappings), not {kind_of(value)}"
        )
    return value


class Sweep(Section):
    """Variants of the experiment, each a run of its own."""

    method: Literal["grid", "list", "random", "optuna"]
    """grid: every combination; list: the mappings given; random and optuna: samples from the ranges."""
    parameters: Annotated[
        Any,
        BeforeValidator(_parameters),
        WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}),
    ]
    """Key of `config`, dotted for nested ones → list of values; for random and optuna also `{min, max, scale: linear|log, type: float|int}`. For list: a list of mappings."""
    samples: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """random and optuna: how many variants."""
    seed: Annotated[int, Field(ge=0)] = 0
    """random and optuna: seed of the choice."""
    prune: bool = False
    """optuna: true stops variants early that fall behind on `metrics.primary`."""


class Bound(Section):
    """A metric and what it must reach."""

    metric: Word
    """As the training logs it."""
    operator: Literal[">=", ">", "<=", "<", "==", "!="]
    """How the value must compare."""
    value: Number
    """What it is compared with."""


class Comparison(Section):
    """A metric against a baseline, by a test."""

    baseline: Annotated[str, BeforeValidator(reference), WithJsonSchema({"type": "string"})]
    """An id, `last:NAME` or `tag:NAME`."""
    metric: Word
    """As the training logs it."""
    test: Literal["welch", "paired", "permutation"] = "welch"
    """How the difference is tested."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Level of the test."""
    min_effect: Number = 0.0
    """Smallest difference that counts, in the metric's unit."""


class Gate(Section):
    """What must hold before the pipeline goes on."""

    threshold: Annotated[tuple[Bound, ...], Strict(False), BeforeValidator(as_list)] = ()
    """Bounds that metrics must keep."""
    all_deliverables: bool = False
    """true: every deliverable, also those not required, must be valid."""
    better_than: Comparison | None = None
    """It must beat the baseline."""
    no_worse_than: Comparison | None = None
    """It must not fall behind the baseline by more than `min_effect`."""
    approval: Literal["required"] | None = None
    """required: a person must say yes."""


class Stage(Training):
    """One step of a pipeline; takes every key of `training`, whose values are its defaults."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
    """Its name: letters, digits, - and _."""
    needs: TextList = ()
    """Stages that must have passed first; their workspaces are at `{stages.NAME.workspace}`."""
    deliverables: Annotated[tuple[DeliverableItem, ...], Strict(False)] = ()
    """Outputs of this stage."""
    gate: Gate | None = None
    """What must hold before later stages start."""
