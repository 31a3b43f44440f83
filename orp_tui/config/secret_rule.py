"""No secret stands in an experiment file: the file is kept with every run and packed in its zip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from orp_tui.config.problems import Path, Problems, shown
from orp_tui.core.secrets import find_secrets, is_secret_name, looks_like_secret

Json = Any  # Any: a value as YAML gives it

_WHAT_TO_DO = "take it out, and in training.env write NAME: {from_env: NAME}"
# A reference is no secret: a variable of the shell or of OmegaConf, or a placeholder of ours.
_REFERENCE = re.compile(r"\s*(?:\$\{.*\}|\$[A-Za-z_][A-Za-z0-9_]*|\{[a-z_.]+\}|<[^<>]*>)?\s*")
_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.-]*)=(.+)", re.DOTALL)
_COMMAND_KEYS = frozenset({"script", "resume", "command"})


def check_secrets(tree: Json, text: str, problems: Problems) -> None:
    """Report what looks like a secret: by its shape anywhere in the text, by its key in the tree."""
    lines: set[int] = set()
    for found in find_secrets(text):
        line = text.count("\n", 0, found.start) + 1
        if line not in lines:
            lines.add(line)
            problems.add((), f"looks like a {found.kind}; {_WHAT_TO_DO}", line=line)
    for path, why in secrets_in(tree):
        line_of_path = problems.line_of(path)
        if line_of_path is None or line_of_path not in lines:
            problems.add(path, f"{why}; {_WHAT_TO_DO}")


def secrets_in(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Path and reason of each text in a tree that looks like a secret."""
    if isinstance(value, dict):
        for key, item in value.items():
            inner = (*path, key)
            if is_secret_name(key) and _is_literal(item):
                yield inner, f'the text under "{shown(key, 40)}" looks like a secret'
            elif key in _COMMAND_KEYS and path[:1] != ("metadata",):
                yield from _in_command(item, inner)
            else:
                yield from secrets_in(item, inner)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from secrets_in(item, (*path, place))
    elif isinstance(value, str) and (kind := looks_like_secret(value)):
        yield path, f"looks like a {kind}"


def _is_literal(value: Json) -> bool:
    if isinstance(value, list):
        return any(_is_literal(item) for item in value)
    return isinstance(value, str) and not _REFERENCE.fullmatch(value)


def _in_command(value: Json, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        words, places = value.split(), None
    elif isinstance(value, list):
        words, places = [word if isinstance(word, str) else "" for word in value], range(len(value))
    else:
        yield from secrets_in(value, path)
        return
    for place, why in secret_words(words):
        yield ((*path, place) if places is not None else path), why


def secret_words(words: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Place and reason of each word of a command that looks like a secret."""
    for place, word in enumerate(words):
        if kind := looks_like_secret(word):
            yield place, f"looks like a {kind}"
        elif (named := _ASSIGNMENT.fullmatch(word)) and is_secret_name(named[1]) and _is_literal(named[2]):
            yield place, f'the value of "{shown(named[1], 40)}" looks like a secret'
        elif (option := _OPTION.fullmatch(word)) and is_secret_name(option[1]):
            given = (
                option[2] if option[2] is not None else (words[place + 1] if place + 1 < len(words) else "")
            )
            if _is_literal(given) and not given.startswith("-"):
                yield place, f'the value of "{shown(word.partition("=")[0], 40)}" looks like a secret'
