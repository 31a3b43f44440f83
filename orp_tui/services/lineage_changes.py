"""What changed from a run to one that was made from it: values, code, environment, data; and why it was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orp_tui.core.errors import OrpError
from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted, size
from orp_tui.services.code_diff import FileChange, compare_code, frozen_code, read_record
from orp_tui.services.context import Context
from orp_tui.services.value_diff import ValueChange, compare_config, compare_environment, environment_of

Json = dict[str, Any]  # Any: values as JSON gives them

_TOLD = ("experiment.", "metadata.", "queue.", "training.seeds")
"""What is told elsewhere, or changes nothing in what is computed."""
_MOST_VALUES = 3
_MOST_CELLS = 40


@dataclasses.dataclass(frozen=True)
class Reasons:
    """What an experiment says of itself. Text from outside, empty if it says nothing."""

    rationale: str = ""
    hypothesis: str = ""
    question: str = ""


@dataclasses.dataclass(frozen=True)
class Changes:
    """What differs. A text in the place of a list says why it is not known."""

    values: tuple[ValueChange, ...] | str = ()
    """Of config, command, limits."""
    code: tuple[FileChange, ...] | str = ()
    environment: Mapping[str, Sequence[ValueChange]] = dataclasses.field(default_factory=dict)
    """By subject: python, packages, variables, host."""
    data: tuple[ValueChange, ...] | str = ()
    """Declared inputs by path; their fingerprints in words."""
    reasons: Reasons = dataclasses.field(default_factory=Reasons)
    """Of the later one, where it does not repeat the earlier one's."""

    @property
    def words(self) -> str:
        """`lr 0.1 → 0.01; 2 files +12 −3; 1 package`, one harmless line."""
        parts = (
            _value_words(self.values),
            _code_words(self.code),
            _environment_words(self.environment),
            _data_words(self.data),
        )
        return one_line("; ".join(filter(None, parts))) or "nothing changed"

    def to_json(self) -> Json:
        """All of it, but for the lines of files."""

        def listed(found: Sequence[ValueChange] | str) -> Any:  # Any: JSON
            return (
                {"unknown": found} if isinstance(found, str) else [dataclasses.asdict(item) for item in found]
            )

        code: Any = {"unknown": self.code} if isinstance(self.code, str) else [
            {"path": item.path, "what": item.what, "added": item.added, "removed": item.removed, "note": item.note}
            for item in self.code
        ]  # fmt: skip
        return {
            "words": self.words,
            "values": listed(self.values),
            "code": code,
            "environment": {part: listed(tuple(items)) for part, items in self.environment.items()},
            "data": listed(self.data),
            **dataclasses.asdict(self.reasons),
        }


def changes_between(context: Context, before: PastRun, after: PastRun) -> Changes:
    """What changed; records that can't be read make a text each, never an error."""
    return Changes(
        _values(context, before, after),
        _code(context, before, after),
        _environment(context, before, after),
        _data(context, before, after),
        _own(reasons_of(context, after.id), reasons_of(context, before.id)),
    )


def _own(reasons: Reasons, before: Reasons) -> Reasons:
    """Without what a copy of a file has taken over: that was said of the earlier one."""
    said = dataclasses.asdict(before)
    return Reasons(
        **{name: "" if text == said[name] else text for name, text in dataclasses.asdict(reasons).items()}
    )


def reasons_of(context: Context, run_id: str) -> Reasons:
    """What the experiment of a run says of itself."""
    request = read_record(context.paths.run(run_id).request) or {}
    whole = request.get("experiment")
    said = whole.get("experiment") if isinstance(whole, dict) else None
    if not isinstance(said, dict):
        return Reasons()
    texts = [said.get(name) for name in ("rationale", "hypothesis", "research_question")]
    return Reasons(*(one_line(text) if isinstance(text, str) else "" for text in texts))


def _values(context: Context, before: PastRun, after: PastRun) -> tuple[ValueChange, ...] | str:
    try:
        found = compare_config(context, before, after)
    except OrpError as error:
        return _said(error, before, after)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"a request is damaged: {error}"
    return tuple(item for item in found if not item.name.startswith(_TOLD))


def _code(context: Context, before: PastRun, after: PastRun) -> tuple[FileChange, ...] | str:
    if before.tree is not None and before.tree == after.tree:
        return ()
    try:
        return tuple(compare_code(frozen_code(context, before), frozen_code(context, after)))
    except OrpError as error:
        return _said(error, before, after)
    except (OSError, KeyError, TypeError, ValueError) as error:
        return f"a tree can't be read: {error}"


def _said(error: OrpError, *runs: PastRun) -> str:
    text = str(error)
    for run in runs:
        if text.startswith(f"{run.id}: "):
            return one_line(f"of {run.id.rpartition('_')[2]} {text.removeprefix(f'{run.id}: ')}", 300)
    return one_line(text, 300)


def _environment(context: Context, before: PastRun, after: PastRun) -> Mapping[str, Sequence[ValueChange]]:
    try:
        return compare_environment(environment_of(context, before), environment_of(context, after))
    except (AttributeError, KeyError, TypeError, ValueError):
        return {}


def _data(context: Context, before: PastRun, after: PastRun) -> tuple[ValueChange, ...] | str:
    try:
        old, new = (_fingerprints(read_record(context.paths.run(run.id).source)) for run in (before, after))
    except (AttributeError, KeyError, TypeError, ValueError):
        return "a record of declared inputs is damaged"
    if old is None or new is None:
        return "a record of declared inputs can't be read"
    names = [*old, *(name for name in new if name not in old)]
    return tuple(
        ValueChange(name, old.get(name, (None, None))[1], new.get(name, (None, None))[1])
        for name in names
        if old.get(name, (None, None))[0] != new.get(name, (None, None))[0]
    )


def _fingerprints(source: Json | None) -> dict[str, tuple[str, str]] | None:
    """Path of a declared input → its fingerprint, and that in words; None if the record can't be read."""
    if source is None:
        return None
    paths = {item["target"]: item["path"] for item in source.get("linked") or ()}
    found: dict[str, tuple[str, str]] = {}
    for item in source.get("inputs") or ():
        name = paths.get(item["path"]) or Path(item["path"]).name
        digest = str(item["digest"])
        found[name] = digest, f"{counted(item['files'], 'file')}, {size(item['bytes'])}, {digest[:8]}"
    return found


def _value_words(found: Sequence[ValueChange] | str) -> str:
    if isinstance(found, str):
        return "values not known"
    shown = [_one_value(item) for item in found[:_MOST_VALUES]]
    more = len(found) - len(shown)
    return ", ".join([*shown, *([counted(more, "more value")] if more else [])])


def _one_value(item: ValueChange) -> str:
    name = one_line(item.name, _MOST_CELLS)
    before, after = (
        None if text is None else one_line(text, _MOST_CELLS) for text in (item.before, item.after)
    )
    if before is None:
        return f"+{name} {after}"
    return f"-{name}" if after is None else f"{name} {before} → {after}"


def _code_words(found: Sequence[FileChange] | str) -> str:
    if isinstance(found, str):
        return "code not known"
    if not found:
        return ""
    added, removed = (sum(getattr(item, name) or 0 for item in found) for name in ("added", "removed"))
    which = one_line(found[0].path, _MOST_CELLS) if len(found) == 1 else counted(len(found), "file")
    return f"{which} +{added} −{removed}"


_SUBJECTS = {"python": ("fact of Python", "facts of Python"), "packages": ("package", "packages"), "variables": ("variable", "variables"), "host": ("fact of the host", "facts of the host")}  # fmt: skip


def _environment_words(found: Mapping[str, Sequence[ValueChange]]) -> str:
    return ", ".join(
        counted(len(items), *_SUBJECTS.get(name, (name, name))) for name, items in found.items() if items
    )


def _data_words(found: Sequence[ValueChange] | str) -> str:
    if isinstance(found, str):
        return "data not known"
    return f"data {', '.join(one_line(item.name, _MOST_CELLS) for item in found)} changed" if found else ""
