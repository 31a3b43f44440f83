"""No secret stands in an experiment file: the file is kept with every run and packed in its zip."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Container, Iterator, Sequence
from typing import Any

from orp_tui.config.problems import Path, Problems, shown
from orp_tui.core.secrets import SecretFound, find_secrets, is_secret_name, looks_like_secret, with_article

Json = Any  # Any: a value as YAML gives it

_WHAT_TO_DO = "take it out, and in training.env write NAME: {from_env: NAME}"
# A reference is no secret: a variable of the shell or of OmegaConf, or a placeholder of ours.
_REFERENCE = re.compile(r"\s*(?:\$\{.*\}|\$[A-Za-z_][A-Za-z0-9_]*|\{[a-z_.]+\}|<[^<>]*>)?\s*")
_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.-]*)=(.+)", re.DOTALL)
_COMMAND_KEYS = frozenset({"script", "resume", "command"})


def check_secrets(tree: Json, text: str, problems: Problems) -> None:
    """Report what looks like a secret: by key or shape in the tree, and by shape in what the tree lacks.

    A comment has no key, so what stands in one is known by its line alone.
    """
    rest = _Hits(text)
    suspects = _holding_secrets(list(_texts(tree)))
    for path, why in secrets_in(tree, suspects=suspects):
        problems.add(path, f"{why}; {_WHAT_TO_DO}")
        for inner in _texts(_at(tree, path)):
            if inner in suspects:
                rest.take(inner, problems.line_of(path) or 1)
    for found, line in rest.left():
        problems.add((), f"looks like {with_article(found.kind)}; {_WHAT_TO_DO}", line=line)


class _Hits:
    """What has the shape of a secret in a text; those that the tree knows by their key are taken out."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._by_secret: dict[str, list[SecretFound]] = {}
        end = 0
        for found in sorted(find_secrets(text), key=lambda found: (found.start, -found.end)):
            if found.start >= end:  # one inside another is the same secret
                end = found.end
                self._by_secret.setdefault(text[found.start : found.end], []).append(found)

    def take(self, value: str, line: int) -> None:
        """Take out each secret in `value`: its first from `line` on, where the value stands."""
        for found in find_secrets(value):
            same = self._by_secret.get(value[found.start : found.end])
            if same:
                place = bisect.bisect_left(same, self._lines[line - 1], key=lambda hit: hit.start)
                del same[place if place < len(same) else 0]

    def left(self) -> list[tuple[SecretFound, int]]:
        """What was not taken out, and its line, in the order of the text."""
        hits = [hit for same in self._by_secret.values() for hit in same]
        hits.sort(key=lambda hit: hit.start)
        return [(hit, bisect.bisect_right(self._lines, hit.start)) for hit in hits]


def _texts(value: Json) -> Iterator[str]:
    """Every text in a tree but the keys."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (dict, list)):
            waiting.extend(value.values() if isinstance(value, dict) else value)


def _holding_secrets(texts: Sequence[str]) -> set[str]:
    """Those of `texts` that hold the shape of a secret, found in one pass over all of them."""
    starts = list(itertools.accumulate((len(text) + 1 for text in texts), initial=0))
    hits = find_secrets("\n".join(texts))
    return {texts[bisect.bisect_right(starts, found.start) - 1] for found in hits}


def _at(tree: Json, path: Path) -> Json:
    for part in path:
        tree = tree[part]
    return tree


def secrets_in(
    value: Json, path: Path = (), *, suspects: Container[str] | None = None
) -> Iterator[tuple[Path, str]]:
    """Path and reason of each text in a tree that looks like a secret.

    `suspects` are the only texts that have the shape of one; None: not known yet.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            inner = (*path, key)
            if is_secret_name(key) and _is_literal(item):
                yield inner, f'the text under "{shown(key, 40)}" looks like a secret'
            elif key in _COMMAND_KEYS and path[:1] != ("metadata",):
                yield from _in_command(item, inner, suspects)
            else:
                yield from secrets_in(item, inner, suspects=suspects)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            if isinstance(item, (dict, list, str)):
                yield from secrets_in(item, (*path, place), suspects=suspects)
    elif isinstance(value, str) and (kind := _shape(value, suspects)):
        yield path, f"looks like {with_article(kind)}"


def _shape(text: str, suspects: Container[str] | None) -> str | None:
    return looks_like_secret(text) if suspects is None or text in suspects else None


def _is_literal(value: Json) -> bool:
    if isinstance(value, list):
        return any(_is_literal(item) for item in value)
    return isinstance(value, str) and not _REFERENCE.fullmatch(value)


def _in_command(value: Json, path: Path, suspects: Container[str] | None) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        words, places = value.split(), None
        suspects = None if suspects is None or value in suspects else ()
    elif isinstance(value, list):
        words, places = [word if isinstance(word, str) else "" for word in value], range(len(value))
    else:
        yield from secrets_in(value, path, suspects=suspects)
        return
    for place, why in secret_words(words, suspects=suspects):
        yield ((*path, place) if places is not None else path), why


def secret_words(
    words: Sequence[str], *, suspects: Container[str] | None = None
) -> Iterator[tuple[int, str]]:
    """Place and reason of each word of a command that looks like a secret; `suspects` as in `secrets_in`."""
    for place, word in enumerate(words):
        if kind := _shape(word, suspects):
            yield place, f"looks like {with_article(kind)}"
        elif (named := _ASSIGNMENT.fullmatch(word)) and is_secret_name(named[1]) and _is_literal(named[2]):
            yield place, f'the value of "{shown(named[1], 40)}" looks like a secret'
        elif (option := _OPTION.fullmatch(word)) and is_secret_name(option[1]):
            given = (
                option[2] if option[2] is not None else (words[place + 1] if place + 1 < len(words) else "")
            )
            if _is_literal(given) and not given.startswith("-"):
                yield place, f'the value of "{shown(word.partition("=")[0], 40)}" looks like a secret'
