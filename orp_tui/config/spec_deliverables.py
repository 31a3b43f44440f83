"""The section `deliverables`: one item, with the options that may stand beside its validation."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, Strict, WithJsonSchema

from orp_tui.config.spec_types import (
    Duration,
    InsidePath,
    Regex,
    Section,
    Size,
    TextList,
    Word,
    Words,
    kind_of,
)

Json = Any  # Any: a value as YAML gives it

OPERATORS = (">=", ">", "<=", "<", "==", "!=")
_DIGEST = r"^[0-9a-fA-F]{64}$"


def _validation(value: Json) -> Json:
    items = value if isinstance(value, (list, tuple)) else [value]
    for item in items:
        if not isinstance(item, (str, dict)):
            raise ValueError(f"takes names of checks, or name: options; not {kind_of(item)}")
    return tuple(items)


_CHECK_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "object"}]}
Validation = Annotated[
    tuple[Any, ...],
    Strict(False),
    BeforeValidator(_validation),
    WithJsonSchema({"anyOf": [*_CHECK_SCHEMA["anyOf"], {"type": "array", "items": _CHECK_SCHEMA}]}),
]


class DeliverableItem(Section):
    """An output that the run must leave in its workspace, and how it is checked."""

    type: Word
    """Any word: model_checkpoint, metrics, evaluation, table, figure, report, log, config, dataset, directory, …"""
    path: InsidePath
    """Inside the workspace; may be a glob."""
    required: bool = True
    """false: its absence is shown, but the run succeeds."""
    validation: Validation = ("exists",)
    """A check by name, `{name: {options}}`, or a list of those: exists, min_size, max_size, min_count, contains_keys, threshold, json_schema, csv, regex, contains_sections, image, loadable, sha256, stable, command, synced, or a plug-in's. Also exists_and_loadable and matches_expected."""
    fresh: bool = True
    """The file must be made or changed by this run; false accepts one that was there before."""
    min_size: Size | None = None
    """min_size: smallest size of each file."""
    max_size: Size | None = None
    """max_size: largest size of each file."""
    min_count: Annotated[int, Field(ge=1)] | None = None
    """min_count: how many files the glob must match."""
    required_keys: TextList | None = None
    """contains_keys: keys that a JSON, YAML or TOML file must have; dotted for nested ones."""
    metric: Word | None = None
    """threshold: key of the value in the file; dotted for a nested one."""
    operator: Literal[">=", ">", "<=", "<", "==", "!="] | None = None
    """threshold: how the value must compare; a NaN never passes."""
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """threshold: what it is compared with."""
    json_schema: Annotated[Any, WithJsonSchema({"type": ["object", "string"]})] = Field(
        default=None, alias="schema"
    )
    """json_schema: a JSON Schema, or the path of one inside the workspace."""
    columns: TextList | None = None
    """csv: columns that must be there."""
    min_rows: Annotated[int, Field(ge=0)] | None = None
    """csv: rows below the header, at least."""
    no_nan: bool | None = None
    """csv: true refuses empty and NaN cells."""
    pattern: Regex | None = None
    """regex: what the text must contain."""
    min_matches: Annotated[int, Field(ge=1)] | None = None
    """regex: how many times at least."""
    sections: TextList | None = None
    """contains_sections: Markdown headings that must be there."""
    min_width: Annotated[int, Field(ge=1)] | None = None
    """image: pixels, at least."""
    min_height: Annotated[int, Field(ge=1)] | None = None
    """image: pixels, at least."""
    sha256: Annotated[str, Field(pattern=_DIGEST)] | None = None
    """sha256: the digest of the file, 64 hexadecimal digits."""
    seconds: Duration | None = None
    """stable: for how long the file must not grow."""
    command: Words | None = None
    """command: run in the workspace; exit code 0 passes."""
    timeout: Duration | None = None
    """command: how long it may take."""
