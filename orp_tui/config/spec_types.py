"""Types of the experiment file's values: each accepts what people write and says what it takes.

Every type carries its JSON Schema, so that `orp schema` accepts what the models do.
"""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema, model_validator

from orp_tui.config.problems import shown
from orp_tui.config.values import parse_duration, parse_size

Json = Any  # Any: a value as YAML gives it


class Section(BaseModel):
    """A mapping of the file: unknown keys are refused, nothing is converted silently."""

    # Built with the section that holds it, not on import: most files use few sections.
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, defer_build=True, populate_by_name=False
    )

    @model_validator(mode="before")
    @classmethod
    def leave_out_empty(cls, value: Json) -> Json:
        """A known key with nothing behind it counts as not given."""
        if isinstance(value, dict) and None in value.values():
            known = known_keys(cls)
            return {key: item for key, item in value.items() if item is not None or key not in known}
        return value


def known_keys(model: type[BaseModel]) -> list[str]:
    """The keys of a section, as the file writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def as_list(value: Json) -> Json:
    """One value stands for a list of one."""
    return value if value is None or isinstance(value, (list, tuple)) else [value]


def _no_nul(value: Json) -> Json:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("holds a NUL character; take it out")
    return value


def split_words(value: Json) -> Json:
    """The words of a command: a list as it is, a string split as a POSIX shell splits it."""
    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise ValueError(
                f"cannot be split into words: {error}; close the quote, or write a list"
            ) from error
    elif isinstance(value, (list, tuple)):
        words = list(value)
        for place, word in enumerate(words):
            if not isinstance(word, str):
                raise ValueError(f"word {place + 1} is {kind_of(word)}; put it in quotes")
    else:
        raise ValueError(f"must be a list of words or a string, not {kind_of(value)}")
    if not words or not words[0]:
        raise ValueError("is empty; write the command, such as [python, train.py]")
    if any("\0" in word for word in words):
        raise ValueError("holds a NUL character, which no command line can carry")
    return words


def inside_path(value: Json) -> Json:
    """A path inside the project or workspace, as written.

    Raises ValueError for what leads out of it.
    """
    if not isinstance(value, str):
        return value
    if "\0" in value:
        raise ValueError("holds a NUL character; no path can")
    parts = value.split("/")
    if not value.strip() or value.strip("/.") == "":
        raise ValueError(f"{shown(value)!r} names no file; write a path inside the workspace")
    if value.startswith("/"):
        raise ValueError(
            f"{shown(value)} is absolute; write a path inside the workspace, such as output/model"
        )
    if ".." in parts:
        raise ValueError(f"{shown(value)} leaves the workspace by `..`; write a path inside it")
    if value.startswith(("~", "$")):
        raise ValueError(
            f"{shown(value)}: `~` and variables are not expanded; write a path inside the workspace"
        )
    return value


def _regex(value: Json) -> Json:
    if isinstance(value, str):
        if len(value) > 2000:
            raise ValueError("has more than 2,000 characters; write a shorter pattern")
        try:
            re.compile(value)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"is no regular expression: {error}") from error
    return value


def kind_of(value: object) -> str:
    """What a YAML value is, for a message: `the number 3`, `a list`."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {shown(str(value), 30)}"
    if isinstance(value, str):
        return f'the text "{shown(value, 30)}"'
    return "a mapping" if isinstance(value, dict) else "a list"


_TEXT_LIST = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_SCALAR = {"type": ["string", "number", "boolean"]}

Text = Annotated[str, BeforeValidator(_no_nul), WithJsonSchema({"type": "string"})]
Word = Annotated[
    str, Field(min_length=1), BeforeValidator(_no_nul), WithJsonSchema({"type": "string", "minLength": 1})
]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": ["string", "number"], "examples": ["12h", "90s", 60]}),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["20GB", "16MiB"]}),
]
WORDS_SCHEMA: dict[str, Json] = {
    "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": _SCALAR, "minItems": 1}]
}
Words = Annotated[tuple[str, ...], Strict(False), BeforeValidator(split_words), WithJsonSchema(WORDS_SCHEMA)]
TextList = Annotated[tuple[Word, ...], Strict(False), BeforeValidator(as_list), WithJsonSchema(_TEXT_LIST)]
"""One text or a list of texts."""
InsidePath = Annotated[str, BeforeValidator(inside_path), WithJsonSchema({"type": "string", "minLength": 1})]
InsidePaths = Annotated[
    tuple[InsidePath, ...], Strict(False), BeforeValidator(as_list), WithJsonSchema(_TEXT_LIST)
]
Regex = Annotated[str, BeforeValidator(_regex), WithJsonSchema({"type": "string", "format": "regex"})]
Number = Annotated[float, Field(allow_inf_nan=False)]
FreeMapping = Annotated[dict[str, Json], WithJsonSchema({"type": "object"})]
"""Any keys and values."""


def reference(value: Json) -> Json:
    """A run, as `parent` and `baseline` name one.

    Raises ValueError for what has none of the forms.
    """
    if isinstance(value, str) and not re.match(r"(exp_|last:.|tag:.|last$)", value):
        raise ValueError(f"{shown(value)} names no run; write an id (exp_…), last:NAME or tag:NAME")
    return value


RunReference = Annotated[
    str,
    BeforeValidator(reference),
    WithJsonSchema({"type": "string", "pattern": "^(exp_|last:.|tag:.|last$)"}),
]
