"""How the training gets its config: as arguments, Hydra overrides, a file, or variables.

args    --learning_rate 0.001 --optimizer.name adam --xs 1 2 3; true is a bare flag, a
        null is left out, an empty list is the flag without values
hydra   learning_rate=0.001 optimizer.name=adam xs=[1,2,3], quoted by Hydra's grammar
file    nothing here: the script names {config_file}
env     ORP_CONFIG_LEARNING_RATE=0.001 ORP_CONFIG_OPTIMIZER__NAME=adam; a null is left
        out, lists are JSON
none    nothing
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from orp_tui.config.problems import Path, Problems, shown

Json = Any  # Any: a value as YAML gives it

_OPTION = re.compile(r"[A-Za-z0-9_][\w.-]*")
_HYDRA_KEY = re.compile(r"(?:\+\+?|~)?[A-Za-z_][\w./@:-]*")
_HYDRA_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.-]*")
_HYDRA_WORDS = frozenset({"true", "false", "null", "nan", "inf"})


@dataclasses.dataclass(frozen=True)
class Passed:
    """What the command and its environment get beside what the file writes."""

    argv: list[str]
    """Words to append to the command."""
    env: dict[str, str]
    """Variables to set."""


def passed(config: dict[str, Json], how: str, booleans: str | None, problems: Problems, base: Path) -> Passed:
    """`config` as `how` (`training.pass_config`) passes it.

    Values that cannot be passed that way go to `problems`, with their path beneath `base`.
    """
    writer = _Writer(problems, base)
    if how == "args":
        return Passed(writer.arguments(config, booleans), {})
    if how == "hydra":
        return Passed([*writer.overrides(config), "hydra.run.dir='{output_dir}'"], {})
    if how == "env":
        return Passed([], writer.variables(config))
    return Passed([], {})


class _Writer:
    def __init__(self, problems: Problems, base: Path) -> None:
        self.problems, self.base = problems, base

    def leaves(self, config: dict[str, Json], path: Path = ()) -> Iterator[tuple[Path, Json]]:
        """Every value that is no mapping, with its path; empty mappings have nothing to pass."""
        for key, value in config.items():
            if isinstance(value, dict):
                yield from self.leaves(value, (*path, key))
            else:
                yield (*path, key), value

    def wrong(self, path: Path, message: str) -> None:
        self.problems.add((*self.base, *path), message)

    def arguments(self, config: dict[str, Json], booleans: str | None) -> list[str]:
        words: list[str] = []
        seen: set[str] = set()
        for path, value in self.leaves(config):
            name = ".".join(map(str, path))
            if not _OPTION.fullmatch(name):
                self.wrong(path, f'"{shown(name)}" cannot be an option; use letters, digits and _')
            elif name in seen:
                self.wrong(path, f"--{name} would stand twice; write the key in one form")
            else:
                seen.add(name)
                words += self.option(name, value, booleans, path)
        return words

    def option(self, name: str, value: Json, booleans: str | None, path: Path) -> list[str]:
        if value is None:
            return []
        if value is True:
            return [f"--{name}", "true"] if booleans == "value" else [f"--{name}"]
        if value is False:
            return self.false(name, booleans, path)
        if isinstance(value, list):
            return [f"--{name}", *(self.item(item, (*path, place)) for place, item in enumerate(value))]
        text = self.word(value, path)
        # Parsers take a word that begins with - for an option, unless it is tied on.
        return [f"--{name}={text}"] if text.startswith("-") else [f"--{name}", text]

    def false(self, name: str, booleans: str | None, path: Path) -> list[str]:
        if booleans is None:
            self.wrong(
                path,
                f"is false, which a command line says in three ways; set training.booleans to "
                f"flag (leaves --{name} out), value (--{name} false) or no_prefix (--no-{name})",
            )
        return {"value": [f"--{name}", "false"], "no_prefix": [f"--no-{name}"]}.get(booleans or "", [])

    def item(self, value: Json, path: Path) -> str:
        if value is None or isinstance(value, (list, dict)):
            self.wrong(
                path, "a list of arguments holds only texts and numbers; use pass_config: file or hydra"
            )
            return ""
        if isinstance(value, float) and value < 0 and math.isfinite(value):
            # argparse takes -1e-05 for an option, and -0.00001 for a number.
            return format(Decimal(repr(value)), "f")
        return self.word(value, path)

    def word(self, value: Json, path: Path) -> str:
        text = scalar_text(value)
        if "\0" in text:
            self.wrong(path, "holds a NUL character, which no argument or variable can carry")
        return text

    def overrides(self, config: dict[str, Json], path: Path = ()) -> list[str]:
        words: list[str] = []
        for key, value in config.items():
            inner = (*path, key)
            if isinstance(value, dict) and value:
                words += self.overrides(value, inner)
                continue
            name = ".".join(map(str, inner))
            if not _HYDRA_KEY.fullmatch(name):
                self.wrong(inner, f'"{shown(name)}" is no key that Hydra can override')
                continue
            words.append(f"{name}={self.hydra(value, inner)}")
        return words

    def hydra(self, value: Json, path: Path) -> str:
        if value is None:
            return "null"
        if isinstance(value, list):
            return "[" + ",".join(self.hydra(item, (*path, place)) for place, item in enumerate(value)) + "]"
        if isinstance(value, dict):
            return "{" + ",".join(self.hydra_pair(key, item, path) for key, item in value.items()) + "}"
        if isinstance(value, str):
            return quoted_for_hydra(self.word(value, path))
        return scalar_text(value)

    def hydra_pair(self, key: str, value: Json, path: Path) -> str:
        if not _HYDRA_PLAIN.fullmatch(key):
            self.wrong(
                (*path, key), "is no key that Hydra's grammar can write inside a list; use pass_config: file"
            )
        return f"{key}:{self.hydra(value, (*path, key))}"

    def variables(self, config: dict[str, Json]) -> dict[str, str]:
        found: dict[str, str] = {}
        for path, value in self.leaves(config):
            if value is None:
                continue
            name = (
                "ORP_CONFIG_"
                + "__".join(re.sub(r"\W", "_", str(part), flags=re.ASCII) for part in path).upper()
            )
            if name in found:
                self.wrong(path, f"{name} would be set twice; rename one of the keys")
            found[name] = json.dumps(value) if isinstance(value, list) else self.word(value, path)
        return found


def scalar_text(value: Json) -> str:
    """A value as one word: `0.001`, `true`, `nan`; texts as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def quoted_for_hydra(text: str) -> str:
    """`text` so that Hydra's grammar reads it as that text.

    Source: Hydra 1.3, override grammar: in quotes a quote is escaped by a backslash, and
    backslashes only where they stand before a quote.
    """
    if _HYDRA_PLAIN.fullmatch(text) and text.lower() not in _HYDRA_WORDS:
        return text
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return "'" + escaped + "\\" * trailing + "'"


def config_bytes(config: dict[str, Json], file_format: str = "json") -> bytes:
    """The config as a file: JSON or YAML, UTF-8.

    A float is written with a point and a signed exponent (`1.0e-05`), which JSON and both
    versions of YAML read as a number; PyYAML takes JSON's usual `1e-05` for text.
    """
    from orp_tui.config.yaml_text import as_yaml, escaped

    if file_format == "yaml":
        return as_yaml(config).encode()
    text = json.dumps(config, indent=1, ensure_ascii=False)
    return (_with_points(escaped(text)) + "\n").encode()


_STRING_OR_FLOAT = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\w.])(-?[0-9]+)(e[-+][0-9]+)')


def _with_points(text: str) -> str:
    return _STRING_OR_FLOAT.sub(lambda m: f"{m[1]}.0{m[2]}" if m[1] else m[0], text)
