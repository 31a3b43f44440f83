"""JSON, YAML and TOML files as values, within bounded time and memory, and keys looked up in them."""

from __future__ import annotations

from typing import BinaryIO

from orp_tui.core.checklist import Json
from orp_tui.deliverables.findings import Broken, CannotTell, counted, shown, some

MAX_BYTES = 64 * 1024 * 1024
MAX_VALUES = 2_000_000
"""Brackets and commas in a JSON text: about 400 MB as Python values at worst."""
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson", ".ipynb", ".geojson", ".webmanifest")
_TAIL = 1024 * 1024


def read_document(file: BinaryIO, path: str) -> Json:
    """The value that a file holds, by its suffix, else by its first character.

    Of JSON lines it is the last line's. Raises Broken if it does not parse, CannotTell if it is
    too large or too deep to be read within bounds.
    """
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    if suffix in (".jsonl", ".ndjson"):
        return _last_line(file)
    data = read_bounded(file)
    if suffix in (".yaml", ".yml"):
        return parse_yaml(data)
    if suffix == ".toml":
        return parse_toml(data)
    if suffix in _JSON_SUFFIXES or data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return parse_json(data)
    raise CannotTell(f"{suffix or 'a file without suffix'} is read neither as JSON, YAML nor TOML")


def read_bounded(file: BinaryIO, limit: int = MAX_BYTES) -> bytes:
    """All bytes of a file of at most `limit`. Raises CannotTell for more."""
    data = file.read(limit + 1)
    if len(data) > limit:
        raise CannotTell(f"larger than {limit // (1024 * 1024)} MiB; that much is not read whole")
    return data


def parse_json(data: bytes) -> Json:
    """As Python reads it: NaN and Infinity are numbers, of a double key the last one counts."""
    import json

    values = sum(data.count(sign) for sign in (b"[", b"{", b","))
    if values > MAX_VALUES:
        raise CannotTell(f"about {values:,} values; at most {MAX_VALUES:,} are read")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Broken(f"not UTF-8: byte {error.start:,}") from error
    except json.JSONDecodeError as error:
        where = "empty file" if not data.strip() else f"{error.msg} in line {error.lineno}"
        raise Broken(f"not valid JSON: {where}") from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise Broken("not valid JSON: a number has too many digits") from error
    except RecursionError as error:
        raise CannotTell("nested too deeply to be read") from error


def parse_yaml(data: bytes) -> Json:
    """By the reader of experiment files: YAML 1.2, at most 1 MiB, no bombs."""
    from orp_tui.config import yaml_source
    from orp_tui.config.problems import Problems
    from orp_tui.core.errors import ConfigError

    if len(data) > yaml_source.MAX_BYTES:
        raise CannotTell(f"{counted(len(data), 'byte')}; at most {yaml_source.MAX_BYTES:,} are read as YAML")
    problems = Problems("YAML")
    try:
        value = yaml_source.parse(yaml_source.decode(data, problems), problems).value
        problems.raise_any()
    except ConfigError as error:
        first = error.problems[0]
        line = f" in line {first.line}" if first.line else ""
        raise Broken(f"{first.message}{line}") from error
    return value


def parse_toml(data: bytes) -> Json:
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Broken(f"not UTF-8: byte {error.start:,}") from error
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise Broken(f"not valid TOML: {shown(error)}") from error
    except RecursionError as error:
        raise CannotTell("nested too deeply to be read") from error


def _last_line(file: BinaryIO) -> Json:
    """Only the end of the file is read, so that it may have any size."""
    size = file.seek(0, 2)
    start = file.seek(max(0, size - _TAIL))
    lines = file.read(_TAIL).rstrip(b"\r\n \t").splitlines()
    if not lines:
        raise Broken("no line in it")
    if start and len(lines) == 1:
        raise CannotTell("its last line is longer than 1 MiB")
    return parse_json(lines[-1])


class NoSuchKey(Exception):
    """A dotted key leads nowhere."""

    def __init__(self, key: str, has: list[str]) -> None:
        self.key, self.has = key, has
        """The names there are where it stopped."""
        super().__init__(f"{shown(key)} (has: {some(has)})")


def look_up(value: Json, key: str) -> Json:
    """What stands at a dotted key: `a.b`, `a.0.b`, `losses.-1`; a key that itself holds dots is found too.

    Raises NoSuchKey.
    """
    return _look_up(value, key.split("."), key)


def _look_up(value: Json, parts: list[str], key: str) -> Json:
    if not parts:
        return value
    if isinstance(value, list):
        index = parts[0]
        if index.lstrip("-").isdecimal() and len(index) < 10 and -len(value) <= int(index) < len(value):
            return _look_up(value[int(index)], parts[1:], key)
        raise NoSuchKey(key, [f"a list of {len(value):,}"])
    if not isinstance(value, dict):
        raise NoSuchKey(key, [f"{json_type(value)} before .{shown('.'.join(parts), 40)}"])
    deepest: NoSuchKey | None = None
    for length in range(len(parts), 0, -1):  # the longest name first: "val.loss" may be one key
        name = ".".join(parts[:length])
        if name in value:
            try:
                return _look_up(value[name], parts[length:], key)
            except NoSuchKey as missing:
                deepest = deepest or missing
    raise deepest or NoSuchKey(key, [str(name) for name in list(value)[:100]])


def json_type(value: Json) -> str:
    """The kind of a value, with an article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    words = {dict: "a mapping", list: "a list", str: "a text", int: "a number", float: "a number"}
    return words.get(type(value), f"a {type(value).__name__}")
