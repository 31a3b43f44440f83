"""A tree of plain values → `ExperimentSpec`, with everything that is wrong said at once."""

from __future__ import annotations

from typing import Any, cast

from pydantic import ValidationError

from orp_tui.config.checks import deliverables
from orp_tui.config.lengths import check_lengths
from orp_tui.config.messages import report
from orp_tui.config.problems import Path, Problems, unknown
from orp_tui.config.spec import SECTIONS, ExperimentSpec
from orp_tui.config.spec_training import Experiment, Training
from orp_tui.config.spec_types import Section, kind_of

Json = Any  # Any: a value as YAML gives it

_BROKEN = object()
"""Stands for a section, or an item of one, that could not be read."""

# Words of a command and values of variables are text, whatever YAML takes them for:
# `--lr 1e-4` reaches the script as it is written.
_AS_WRITTEN = (
    ("training", "script"), ("training", "resume"), ("training", "env"), ("stages", 0, "script"),
    ("stages", 0, "resume"), ("stages", 0, "env"), ("deliverables", 0, "command"),
    ("stages", 0, "deliverables", 0, "command"),
)  # fmt: skip


def validated(tree: Json, written: dict[Path, str], problems: Problems) -> ExperimentSpec | None:
    """The spec that `tree` describes; None if anything is wrong, all of which is in `problems`.

    `written` has the characters of numbers and booleans, for the places that mean text.
    """
    if not isinstance(tree, dict):
        found = "is empty" if tree is None else f"holds {kind_of(tree)}"
        problems.add((), f"{found}; it must hold sections such as experiment: and training:")
        return None
    for name in tree:
        if name not in SECTIONS:
            problems.add((name,), unknown("section", name, SECTIONS))
    tree = with_texts(tree, written)
    if tree.get("experiment") is None:
        problems.add(("experiment",), "is missing; add experiment: with a name:")
    return _assembled({name: _section(name, tree.get(name), problems) for name in SECTIONS}, problems)


def _assembled(read: dict[str, Json], problems: Problems) -> ExperimentSpec | None:
    """The spec of what could be read, held against the rules as far as that makes sense."""
    from orp_tui.config.rules import check_rules

    broken = {name for name, value in read.items() if value is _BROKEN or _holds_broken(value)}
    items = read.pop("deliverables")
    checked = deliverables([None if item is _BROKEN else item for item in items], ("deliverables",), problems)
    if broken & {"training", "stages"}:
        return None
    read = {name: None if name in broken else value for name, value in read.items()}
    if broken & {"sweep", "metrics"}:
        read["sweep"] = None
    spec = ExperimentSpec(
        **{
            **read,
            "experiment": read["experiment"] or Experiment(name=""),
            "training": read["training"] or Training(),
            "notify": read["notify"] or (),
        },
        items=items,
        deliverables=tuple(checked),
    )
    check_rules(spec, problems)
    return None if problems.found else spec


def _holds_broken(value: Json) -> bool:
    return isinstance(value, tuple) and any(item is _BROKEN for item in value)


def _section(name: str, value: Json, problems: Problems) -> Json:
    section = SECTIONS[name]
    if not check_lengths(value, (name,), problems):
        return (_BROKEN,) if section.is_list else _BROKEN
    if not section.is_list:
        return None if value is None else _read(section.load(), value, (name,), problems)
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.add((name,), f"must be a list, each item behind a `-`, not {kind_of(value)}")
        return (_BROKEN,)
    model = section.load()
    return tuple(_read(model, item, (name, place), problems) for place, item in enumerate(value))


def _read(model: type[Section], value: Json, path: Path, problems: Problems) -> Json:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        report(error, model, path, value, problems)
        return _BROKEN


def with_texts(tree: dict[str, Json], written: dict[Path, str]) -> dict[str, Json]:
    """`tree` with numbers and booleans as they were written, where the file means text."""
    for place in _AS_WRITTEN:
        tree = cast("dict[str, Json]", _as_written(tree, place, (), written))
    return tree


def _as_written(value: Json, place: Path, path: Path, written: dict[Path, str]) -> Json:
    """`value`, which stands at `path`, with what lies directly under `place` beneath it as text."""
    if not place:
        if isinstance(value, dict):
            return {key: _text_of(item, (*path, key), written) for key, item in value.items()}
        if isinstance(value, list):
            return [_text_of(item, (*path, number), written) for number, item in enumerate(value)]
        return value
    first, rest = place[0], place[1:]
    if isinstance(first, int):
        items = enumerate(value) if isinstance(value, list) else ()
        return [_as_written(item, rest, (*path, number), written) for number, item in items] or value
    if isinstance(value, dict) and first in value:
        return {**value, first: _as_written(value[first], rest, (*path, first), written)}
    return value


def _text_of(value: Json, path: Path, written: dict[Path, str]) -> Json:
    return written.get(path, value) if isinstance(value, (bool, int, float)) else value
