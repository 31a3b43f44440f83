"""What the word under the cursor of a filter may become: fields, keys, and the values that there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from orp_tui.core.filters.dates import DATE_WORDS
from orp_tui.core.filters.errors import FilterError
from orp_tui.core.filters.fields import FIELDS, ORDER, Field, Kind, field_named
from orp_tui.core.filters.folding import folded
from orp_tui.core.filters.limits import MAX_LENGTH
from orp_tui.core.filters.show import key_text, value_text
from orp_tui.core.filters.tokens import QUOTES, Token, is_control, tokens
from orp_tui.core.filters.tokens import Kind as Sign
from orp_tui.core.filters.values import number_of
from orp_tui.core.filters.vocabulary import Vocabulary

MAX_CHOICES = 50
_TIME_UNITS = ("s", "m", "h", "d", "w", "mo", "y")


@dataclasses.dataclass(frozen=True)
class Completion:
    """What may stand in the place of `text[start:end]`."""

    start: int
    end: int
    choices: tuple[str, ...] = ()
    """The likeliest first, each as it is written in a filter, in quotes where it needs them; at most MAX_CHOICES."""

    def applied(self, text: str, choice: str) -> tuple[str, int]:
        """The text with a choice in it, and where the cursor stands then: behind it."""
        return text[: self.start] + choice + text[self.end :], self.start + len(choice)


def complete(text: str, cursor: int, vocabulary: Vocabulary) -> Completion:
    """The ways to go on at `cursor`. Without choices where nothing is known, as behind a number."""
    head = text[: max(0, cursor)]
    cursor = len(head)
    before = _tokens(head) if len(text) <= MAX_LENGTH else None
    if before is None:
        return Completion(cursor, cursor)
    last = before[-1] if before else None
    if last is None or last.end < cursor or last.kind not in (Sign.TEXT, Sign.OP):
        if last is not None and last.kind is Sign.OP:
            return _value(before, None, text, cursor, vocabulary)
        sticks = last is not None and last.end == cursor and (last.kind is Sign.CLOSE or len(last.text) > 1)
        return Completion(cursor, cursor, () if sticks else _limited(_words("", vocabulary)))
    if last.kind is Sign.OP:
        return _value(before, None, text, cursor, vocabulary)
    if len(before) > 1 and before[-2].kind is Sign.OP:
        return _value(before[:-1], last, text, cursor, vocabulary)
    end, has_operator = _end(text, last, cursor)
    if has_operator:
        return Completion(last.start, end, _limited(_fields(last.text, vocabulary, with_operator=False)))
    return Completion(last.start, end, _limited(_words(last.text, vocabulary)))


def _tokens(head: str) -> list[Token] | None:
    """The words up to the cursor, of which the last may stand in quotes that are still open; None: no words."""
    for closing in ("", *QUOTES):
        try:
            return tokens(head + closing)
        except FilterError:
            continue
    return None


def _end(text: str, token: Token, cursor: int) -> tuple[int, bool]:
    """Where the word ends of which `token` is what stands before the cursor, and whether an operator is next."""
    try:
        found = tokens(text)
    except FilterError:
        return cursor, False
    at = next((at for at, each in enumerate(found) if each.start == token.start), None)
    if at is None:
        return cursor, False
    return max(found[at].end, cursor), at + 1 < len(found) and found[at + 1].kind is Sign.OP


def _limited(choices: Iterable[str]) -> tuple[str, ...]:
    unique: dict[str, None] = {}
    for choice in choices:
        unique[choice] = None
        if len(unique) == MAX_CHOICES:
            break
    return tuple(unique)


def _words(typed: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Fields, keys, tags and names that begin so; then those that have it in them."""
    yield from _fields(typed, vocabulary, with_operator=True)
    name, dot, _ = typed.partition(".")
    field = field_named(name)
    if typed and not (dot and field is not None and field.keyed):
        yield from (f"tag:{value_text(found)}" for found in _fitting(typed, vocabulary.tags))
        yield from (f"name:{value_text(found)}" for found in _fitting(typed, vocabulary.names))


def _fields(typed: str, vocabulary: Vocabulary, *, with_operator: bool) -> Iterator[str]:
    """What may stand before an operator."""
    name, dot, key = typed.partition(".")
    field = field_named(name)
    if dot and field is not None and field.keyed:
        yield from _keys(name, key, vocabulary.config_keys if field.name == "cfg" else vocabulary.metrics)
        return
    low = typed.lower()
    fitting = (field for field in FIELDS.values() if field.name.startswith(low))
    yield from (written(field) if with_operator or field.keyed else field.name for field in fitting)
    if typed:
        yield from _keys("cfg", typed, vocabulary.config_keys)
        yield from _keys("metric", typed, vocabulary.metrics)


def _keys(name: str, typed: str, known: Iterable[str]) -> Iterator[str]:
    """Keys as they are written behind a dot; one with a control character cannot be."""
    return (f"{name}.{key_text(key)}" for key in _fitting(typed, known) if not any(map(is_control, key)))


def written(field: Field) -> str:
    """A field as one begins to write it: `state:`, `cfg.`, `age<`."""
    if field.keyed:
        return f"{field.name}."
    if ":" in field.ops:
        return f"{field.name}:"
    return f"{field.name}{'<' if field.name == 'age' else '>'}"


def _value(
    before: list[Token], typed: Token | None, text: str, cursor: int, vocabulary: Vocabulary
) -> Completion:
    """What may stand behind an operator, the last of `before`."""
    start = typed.start if typed else cursor
    end = _end(text, typed, cursor)[0] if typed else cursor
    op = before[-1].text
    name, _, key = before[-2].text.partition(".") if len(before) > 1 else ("", "", "")
    field = field_named(name)
    if field is None or op not in field.ops:
        return Completion(start, end)
    word = typed.text if typed else ""
    known = _known(field, key, word, vocabulary)
    if op in ORDER and field.kind is Kind.CONFIG:
        known = [value for value in known if number_of(value) is not None]
    if op != ":" or field.kind is Kind.HAS:
        # There ? is no wildcard, which stands for a control character.
        known = [value for value in known if not any(map(is_control, value))]
    return Completion(start, end, _limited(value_text(value) for value in _fitting(word, known)))


def _known(field: Field, key: str, typed: str, vocabulary: Vocabulary) -> Iterable[str]:
    """The values that are known of a field, as they are."""
    if field.kind is Kind.CONFIG:
        return vocabulary.values.get(key, ())
    if field.kind is Kind.HAS:
        return [*field.choices, *vocabulary.config_keys, *vocabulary.metrics]
    if field.name == "reason":
        return [*(word for word in vocabulary.reasons if word in field.choices), *field.choices]
    if field.kind in (Kind.CHOICE, Kind.IS):
        return field.choices
    if field.kind is Kind.DATE:
        return DATE_WORDS
    if field.kind in (Kind.DURATION, Kind.SIZE):
        units = ("kB", "MB", "GB", "TB") if field.kind is Kind.SIZE else _TIME_UNITS
        number = typed if typed and number_of(typed) is not None else "1"
        return [f"{number}{unit}" for unit in units]
    if field.kind is Kind.DELIVERABLES:
        return ("100%",)
    return {
        "tag": vocabulary.tags, "name": vocabulary.names, "group": vocabulary.groups, "project": vocabulary.projects,
        "by": vocabulary.people, "host": vocabulary.hosts,
    }.get(field.name, ())  # fmt: skip


def _fitting(typed: str, known: Iterable[str]) -> list[str]:
    """Those that begin so, then those of which a part begins so, then those that have it in them."""
    if not typed:
        return list(known)
    wanted = folded(typed)
    ranks: tuple[list[str], list[str], list[str]] = ([], [], [])
    for text in known:
        at = (plain := folded(text)).find(wanted)
        if at >= 0:
            ranks[0 if at == 0 else 1 if plain[at - 1] in "._-/ " else 2].append(text)
    return ranks[0] + ranks[1] + ranks[2]
