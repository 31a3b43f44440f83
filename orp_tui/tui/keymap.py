"""The user's own keys: `keys.yaml` beside the user's settings, an id and its keys a line.

    queue.cancel: delete
    log.follow: [f, F5]

A line that makes no sense is left out and told in a line; nothing here is fatal. What a key takes
from another act is told too. yaml is imported only if the file is there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from textual.app import App
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from orp_tui.config.problems import Problems, nearest, shown
from orp_tui.config.settings import user_file
from orp_tui.core.errors import ConfigError
from orp_tui.core.sanitise import one_line
from orp_tui.tui.bindings import KEYS, PLACES

Json = Any  # Any: a value as YAML gives it

_LISTS = frozenset({"queue", "configs", "checklist", "runs"})
"""Places whose widget has the keys of lists as well."""
_MODIFIERS = ("ctrl+", "shift+", "alt+")
_MOST_KEYS = 5
_BY_ID = {key.id: key for key in KEYS}


@dataclasses.dataclass(frozen=True)
class Keymap:
    """What the user's file makes of the keys."""

    keys: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Binding id → names of keys with commas between, as `App.set_keymap` takes it."""
    complaints: tuple[str, ...] = ()
    """What was left out, and which keys mean something else now; one line each."""


def keymap_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the user's keys stand, whether the file is there or not."""
    return user_file(environ).with_name("keys.yaml")


def apply_keymap(app: App[Any], environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Give `app` the user's keys; what there is to complain of."""
    found = read_keymap(keymap_file(environ))
    if found.keys:
        app.set_keymap(dict(found.keys))
    return found.complaints


def read_keymap(path: Path) -> Keymap:
    """The keys that a file sets; nothing if there is no such file. Never raises for what is in it."""
    if not os.path.lexists(path):
        return Keymap()
    problems = Problems(path.name)
    keys: dict[str, str] = {}
    with contextlib.suppress(ConfigError):  # all it holds is in `problems`
        _read_into(keys, path, problems)
    complaints = [one_line(str(problem), 200) for problem in problems.sorted()]
    return Keymap(keys, (*complaints, *_taken(keys, path.name)))


def _read_into(keys: dict[str, str], path: Path, problems: Problems) -> None:
    """Fill `keys` with every line that makes sense; the others go to `problems`.

    Raises ConfigError if the rest can't be read.
    """
    from orp_tui.config.yaml_source import decode, parse, read_bytes

    document = parse(decode(read_bytes(path, problems), problems), problems)
    problems.line_of = document.line_of
    if document.value is None:
        return
    if not isinstance(document.value, dict):
        problems.stop((), "must hold lines such as `queue.cancel: delete`", line=1)
    for key_id, value in document.value.items():
        if key_id not in _BY_ID:
            close = nearest(key_id, _near(key_id))
            hint = f'did you mean "{close}"?' if close else "`?` in the dashboard shows keys with their ids"
            problems.add((key_id,), f"is not the id of a key; {hint}")
        elif (names := _names(key_id, value, problems)) and not _is_taken(key_id, names, keys, problems):
            keys[key_id] = ",".join(names)


def _near(key_id: str) -> list[str]:
    """Ids that it may have been meant to be: those of the same place, or of the one with the nearest name."""
    place = key_id.partition(".")[0]
    meant = place if place in PLACES else nearest(place, PLACES)
    return [known for known in _BY_ID if known.partition(".")[0] == meant]


def _names(key_id: str, value: Json, problems: Problems) -> list[str]:
    """The names of the keys in a value; empty if one of them is none."""
    items = (
        value
        if isinstance(value, list)
        else value.split(",")
        if isinstance(value, str) and len(value) > 1
        else [value]
    )
    names = [
        key_name(str(item)) for item in items if isinstance(item, str | int) and not isinstance(item, bool)
    ]
    if len(names) != len(items) or not names or len(names) > _MOST_KEYS:
        problems.add(
            (key_id,), f"takes one to {_MOST_KEYS} keys, such as x, F5 or ctrl+x; a mark such as ? in quotes"
        )
        return []
    for name, item in zip(names, items, strict=True):
        if name is None:
            problems.add(
                (key_id,), f'"{shown(str(item), 30)}" is not the name of a key; try x, X, F5, ctrl+x, delete'
            )
            return []
    return [name for name in dict.fromkeys(names) if name is not None]


def key_name(written: str) -> str | None:
    """What Textual calls a key that a person wrote as `?`, `F5`, `Ctrl-X`, `shift+g` or `space`; None if none is so called."""
    text = written.strip() or " " * bool(written)
    if len(text) == 1:
        return _name_of_character(text)
    text = text.replace("Ctrl-", "ctrl+").replace("ctrl-", "ctrl+").replace("^", "ctrl+")
    *modifiers, last = text.split("+") if not text.endswith("+") else (text,)
    modifiers = [modifier.lower() for modifier in modifiers]
    if len(last) == 1:
        if modifiers == ["shift"] and last.isalpha():
            return last.upper()
        last = _name_of_character(last.lower() if modifiers else last) or ""
    name = "+".join([*modifiers, last if len(last) == 1 else last.lower()])
    plain = name.rpartition("+")[2]
    known = name in _KNOWN or (
        plain in _KNOWN and all(f"{modifier}+" in _MODIFIERS for modifier in modifiers)
    )
    return name if known else None


def _name_of_character(character: str) -> str | None:
    if character.isalnum():
        return character
    if not character.isprintable():
        return None
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name) or None


_KNOWN = frozenset(
    [key.value for key in Keys if not key.value.startswith("<")]
    + [name for code in range(0x20, 0x7F) if (name := _name_of_character(chr(code)))]
)


def _is_taken(key_id: str, names: list[str], keys: Mapping[str, str], problems: Problems) -> bool:
    """Whether a line before wants one of the keys for another act of the same place."""
    for other, others in keys.items():
        both = set(names) & set(others.split(","))
        if both and _same_widget(key_id, other):
            problems.add((key_id,), f'"{min(both)}" is {other}\'s already; take another key')
            return True
    return False


def _taken(keys: Mapping[str, str], file: str) -> Iterator[str]:
    """What the user's keys take from acts whose keys are as delivered."""
    for key_id, names in keys.items():
        for other in KEYS:
            lost = set(names.split(",")) & set(other.keys.split(","))
            if not lost or other.id in keys:
                continue
            key = min(lost)
            if _same_widget(key_id, other.id):
                left = sorted(set(other.keys.split(",")) - lost)
                rest = f"is done by {', '.join(left)}" if left else "has no key; `:` does it"
                yield f'{file}: "{key}" is {key_id} now; {other.id} ({other.label}) {rest}'
            elif inner := _inner(key_id, other.id):
                yield f'{file}: "{key}" is {inner} in {PLACES[_place(inner)]}, {_outer(key_id, other.id)} elsewhere'


def _place(key_id: str) -> str:
    return key_id.partition(".")[0]


def _same_widget(one: str, other: str) -> bool:
    """Whether both acts are of one widget, where a key can do only one of them."""
    places = {_place(one), _place(other)}
    return one != other and (len(places) == 1 or ("list" in places and bool(places & _LISTS)))


def _inner(one: str, other: str) -> str | None:
    """Of an act of everywhere and one of a place the latter, which gets the key there; else None."""
    inner = [key_id for key_id in (one, other) if _place(key_id) != "app"]
    return inner[0] if len(inner) == 1 else None


def _outer(one: str, other: str) -> str:
    return next(key_id for key_id in (one, other) if _place(key_id) == "app")
