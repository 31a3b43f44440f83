"""What people say of runs: tags, a star, notes, and that one is put away. Kept in the run's `notes.jsonl`.

Every act is a line; what holds is the fold over all lines. The line is on disk before the row's
version rises, which is how lists learn of it. Works on runs that wait or run too.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from orp_tui.core.answer import Answer
from orp_tui.core.errors import UsageError
from orp_tui.core.layout import RunPaths
from orp_tui.core.run import Run
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.files import json_lines
from orp_tui.services.context import Context
from orp_tui.store import runs
from orp_tui.store.database import transaction

Json = dict[str, Any]  # Any: values as JSON gives them

LONGEST_TAG = 60
LONGEST_NOTE = 16_000
"""Characters."""
MOST_TAGS = 200
MOST_BYTES = 4 << 20
"""Of a larger `notes.jsonl` only so much of its end is read."""
_AT_ONCE = 200
"""Runs whose versions rise in one transaction."""


@dataclasses.dataclass(frozen=True)
class Remark:
    """One note."""

    at: float | None
    """Seconds since 1970, UTC; None if the line does not tell."""
    by: str
    text: str
    """As it was written, several lines perhaps; text from outside."""


@dataclasses.dataclass(frozen=True)
class Annotations:
    """All that people have said of a run, as it stands now."""

    tags: tuple[str, ...] = ()
    """Sorted, each once whatever its case."""
    is_starred: bool = False
    is_archived: bool = False
    note: str = ""
    """The newest; empty if there is none."""
    notes: tuple[Remark, ...] = ()
    """Oldest first."""


@dataclasses.dataclass(frozen=True)
class Tag:
    """Add tags and take others away."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Star:
    """Mark a run as one to find again, or no longer."""

    on: bool = True


@dataclasses.dataclass(frozen=True)
class Archive:
    """Leave a run out of lists, or no longer."""

    on: bool = True


@dataclasses.dataclass(frozen=True)
class WriteNote:
    """Say something of a run."""

    text: str


Annotation: TypeAlias = Tag | Star | Archive | WriteNote


def read_annotations(folder: RunPaths) -> Annotations:
    """What holds by all lines of a run's notes; nothing if there are none."""
    return fold(json_lines.read(folder.notes, limit=MOST_BYTES))


def fold(lines: Iterable[Json]) -> Annotations:
    """What holds by the lines, oldest first; a line that is none of ours changes nothing."""
    tags: dict[str, str] = {}
    notes: list[Remark] = []
    switches = {"star": False, "archive": False}
    for line in lines:
        kind = line.get("kind")
        if kind == "tag":
            for tag in _texts(line.get("remove")):
                tags.pop(tag.casefold(), None)
            for tag in _texts(line.get("add")):
                if len(tags) < MOST_TAGS:
                    tags.setdefault(tag.casefold(), tag)
        elif kind in ("star", "archive") and isinstance(line.get("on"), bool):
            switches[kind] = line["on"]
        elif kind == "note" and isinstance(line.get("text"), str):
            notes.append(Remark(_time(line.get("at")), str(line.get("by", "")), line["text"][:LONGEST_NOTE]))
    return Annotations(
        tuple(tags[key] for key in sorted(tags)),
        switches["star"],
        switches["archive"],
        notes[-1].text if notes else "",
        tuple(notes),
    )


def _texts(value: object) -> list[str]:
    """The tags that a line names; whoever wrote it may have written anything."""
    found = value if isinstance(value, list) else []
    return [text for text in found if isinstance(text, str) and why_no_tag(text) is None]


def _time(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def why_no_tag(text: str) -> str | None:
    """Why a text can be no tag, in words; None if it can."""
    if not text:
        return "is empty"
    if len(text) > LONGEST_TAG:
        return f"has {len(text)} characters; a tag has at most {LONGEST_TAG}"
    if any(char.isspace() or char == "," for char in text):
        return "holds a blank or a comma; a tag is one word"
    if sanitise(text) != text:
        return "holds characters that cannot be shown"
    if text[0] in "+-":
        return f"begins with {text[0]}, which adds or removes a tag"
    return None


def read_tags(texts: Iterable[str]) -> tuple[str, ...]:
    """Tags as somebody has typed them, several in one text with commas between; each once.

    Raises UsageError for a text that can be no tag.
    """
    found: dict[str, str] = {}
    for text in texts:
        for part in text.split(","):
            tag = part.strip()
            why = why_no_tag(tag)
            if why is not None:
                raise UsageError(f"tag {one_line(tag, 40)!r} {why}")
            found.setdefault(tag.casefold(), tag)
    return tuple(found.values())


def tags_of_file(texts: Iterable[object]) -> tuple[str, ...]:
    """Tags as an experiment file gives them: blanks become `-`, and what can be no tag is left out."""
    tags = ("-".join(str(text).replace(",", " ").split()).lstrip("+-")[:LONGEST_TAG] for text in texts)
    found = {tag.casefold(): tag for tag in tags if why_no_tag(tag) is None}
    return tuple(found.values())[:MOST_TAGS]


def first_line(tags: Sequence[str], *, at: float, by: str) -> bytes:
    """The line with which the notes of a run begin that has tags from the start."""
    line = {"at": at, "by": by, "kind": _KINDS[Tag], "add": list(tags), "remove": []}
    return json.dumps(line).encode() + b"\n"


def annotate(
    context: Context, connection: sqlite3.Connection, run_ids: Sequence[str], act: Annotation, *, by: str
) -> list[Answer]:
    """Do the act to each run; one answer a run, and none that fails stops the others.

    Raises UsageError if the act makes no sense, StoreError if the database can't be written; what
    was done up to there holds.
    """
    _check(act)
    answers: list[Answer] = []
    for start in range(0, len(run_ids), _AT_ONCE):
        answers += _annotate_some(context, connection, run_ids[start : start + _AT_ONCE], act, by)
    return answers


def _check(act: Annotation) -> None:
    if isinstance(act, Tag):
        both = {tag.casefold() for tag in act.add} & {tag.casefold() for tag in act.remove}
        if both:
            raise UsageError(f"tag {sorted(both)[0]!r} is both to be added and to be removed")
        read_tags((*act.add, *act.remove))
    elif isinstance(act, WriteNote):
        if not act.text.strip():
            raise UsageError("the note is empty")
        if len(act.text) > LONGEST_NOTE:
            raise UsageError(f"the note has {len(act.text)} characters; {LONGEST_NOTE} are kept at most")


def _annotate_some(
    context: Context, connection: sqlite3.Connection, run_ids: Sequence[str], act: Annotation, by: str
) -> list[Answer]:
    done: list[tuple[Run, str, bool]] = []
    answers: list[Answer] = []
    now = time.time()
    for run_id in run_ids:
        run = runs.get(connection, run_id)
        assert run is not None, "the id is one of the store's"
        folder = context.paths.run(run_id)
        try:
            word, is_new = _apply(folder, act, now, by)
        except (OSError, UsageError) as error:
            answers.append(Answer(run_id, run.state, _why_not(error), done=False))
            continue
        done.append((run, word, is_new))
        answers.append(Answer(run_id, run.state, word))
    with transaction(connection):
        for run, word, is_new in done:
            # Said once more, it raises the version once more: whoever was stopped between the two tries again.
            kind = _KINDS[type(act)] if is_new else None
            runs.touch(connection, run.id, at=now, actor=by, kind=kind, detail=one_line(word, 100))
    return answers


def _why_not(error: OSError | UsageError) -> str:
    if isinstance(error, FileNotFoundError):
        return "its folder is gone, where the notes would lie"
    return f"its notes cannot be written: {error.strerror}" if isinstance(error, OSError) else str(error)


_KINDS = {Tag: "tag", Star: "star", Archive: "archive", WriteNote: "note"}


def _apply(folder: RunPaths, act: Annotation, now: float, by: str) -> tuple[str, bool]:
    """What holds afterwards, in words, and whether that is new. Raises OSError or UsageError."""
    head = {"at": now, "by": by, "kind": _KINDS[type(act)]}
    if isinstance(act, WriteNote):
        json_lines.append(folder.notes, head | {"text": act.text})
        return f"noted: {one_line(act.text, 60)}", True
    before = read_annotations(folder)
    if isinstance(act, Tag):
        return _apply_tags(folder, act, before, head)
    was = before.is_starred if isinstance(act, Star) else before.is_archived
    word = "starred" if isinstance(act, Star) else "archived"
    if was is act.on:
        _require(folder)
        return f"{word} already" if was else f"was not {word}", False
    json_lines.append(folder.notes, head | {"on": act.on})
    return word if act.on else f"not {word} any more", True


def _apply_tags(folder: RunPaths, act: Tag, before: Annotations, head: Json) -> tuple[str, bool]:
    there = {tag.casefold(): tag for tag in before.tags}
    add = [tag for tag in act.add if tag.casefold() not in there]
    remove = [there[tag.casefold()] for tag in act.remove if tag.casefold() in there]
    if len(there) - len(remove) + len(add) > MOST_TAGS:
        raise UsageError(f"a run has at most {MOST_TAGS} tags")
    if not add and not remove:
        _require(folder)
        return f"nothing changed; tags: {' '.join(before.tags) or 'none'}", False
    json_lines.append(folder.notes, head | {"add": add, "remove": remove})
    return " ".join([*(f"+{tag}" for tag in add), *(f"-{tag}" for tag in remove)]), True


def _require(folder: RunPaths) -> None:
    """Raises OSError if the run's folder is not there."""
    folder.folder.stat()
