"""Checks of what stands in a JSON, YAML or TOML file."""

from __future__ import annotations

import math
import operator

from orp_tui.core.checklist import CheckResult, Json
from orp_tui.core.errors import UnsafePath
from orp_tui.deliverables.context import Context, FileFacts, Options, each_file
from orp_tui.deliverables.documents import NoSuchKey, json_type, look_up, read_document
from orp_tui.deliverables.findings import Broken, CannotTell, counted, os_words, shown, some

_COMPARE = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
_OTHERWISE = {">=": "<", ">": "<=", "<=": ">", "<": ">=", "==": "!=", "!=": "=="}
_MAX_SCHEMA = 4 * 1024 * 1024


def check_contains_keys(context: Context, options: Options) -> CheckResult:
    """Every dotted key of `required_keys` leads to something, be it null."""
    wanted = [str(key) for key in options["required_keys"]]

    def look(file: FileFacts) -> tuple[str, Json]:
        document = _document(context, file.path)
        missing: list[NoSuchKey] = []
        for key in wanted:
            try:
                look_up(document, key)
            except NoSuchKey as absent:
                missing.append(absent)
        if missing:
            names = some([absent.key for absent in missing])
            raise Broken(f"missing: {names} (has: {some(missing[0].has)})")
        return f"has {some(wanted)}", len(wanted)

    return each_file(context, "contains_keys", look)


def check_threshold(context: Context, options: Options) -> CheckResult:
    """The number at `metric` compares to `value` by `operator`.

    NaN, infinities, booleans, texts and null fail: none of them is a result.
    """
    metric, sign, bound = str(options["metric"]), str(options["operator"]), options["value"]

    def look(file: FileFacts) -> tuple[str, Json]:
        if sign not in _COMPARE:
            raise CannotTell(f"operator {shown(sign, 20)!r} is none of {' '.join(_COMPARE)}")
        try:
            value = look_up(_document(context, file.path), metric)
        except NoSuchKey as absent:
            raise Broken(f"missing: {absent}") from absent
        number = _number(metric, value)
        if not _COMPARE[sign](number, bound):
            raise Broken(_compared(metric, number, _OTHERWISE[sign], bound), number)
        return _compared(metric, number, sign, bound), number

    return each_file(context, "threshold", look)


def check_json_schema(context: Context, options: Options) -> CheckResult:
    """The file validates against `schema`: a mapping, or the path of a JSON or YAML file in the workspace.

    Needs jsonschema. A `$ref` to anything outside the schema is never fetched.
    """

    def look(file: FileFacts) -> tuple[str, Json]:
        import jsonschema
        import referencing.exceptions

        schema = _schema(context, options["schema"])
        document = _document(context, file.path)
        try:
            kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
            kind.check_schema(schema)
            # An empty registry: a remote reference is an error here, not a request.
            validator = kind(schema, registry=referencing.Registry())
            first = jsonschema.exceptions.best_match(validator.iter_errors(document))
        except jsonschema.SchemaError as bad:
            raise CannotTell(f"the schema itself is invalid: {shown(bad.message, 200)}") from bad
        except referencing.exceptions.Unresolvable as missing:
            raise CannotTell(f"the schema refers to {shown(missing.ref)}, which is not fetched") from missing
        except RecursionError as deep:
            raise CannotTell("nested too deeply to be validated") from deep
        if first is not None:
            where = first.json_path.removeprefix("$").removeprefix(".")
            raise Broken(
                f"{shown(where)}: {shown(first.message, 200)}" if where else shown(first.message, 200)
            )
        return "matches the schema", None

    return each_file(context, "json_schema", look)


def _document(context: Context, path: str) -> Json:
    with context.open(path) as file:
        return read_document(file, path)


def _schema(context: Context, schema: Json) -> Json:
    if not isinstance(schema, str):
        return schema
    try:
        with context.open(schema) as file:
            if file.seek(0, 2) > _MAX_SCHEMA:
                raise CannotTell(f"the schema is larger than {counted(_MAX_SCHEMA, 'byte')}")
            file.seek(0)
            return read_document(file, schema)
    except (Broken, UnsafePath) as bad:
        raise CannotTell(f"the schema cannot be used: {bad}") from bad
    except OSError as problem:
        raise CannotTell(f"the schema cannot be read: {os_words(schema, problem)}") from problem


def _number(metric: str, value: Json) -> int | float:
    name = shown(metric)
    if isinstance(value, bool) or value is None:
        raise Broken(f"{name} is {json_type(value)}, not a number", value)
    if isinstance(value, str):
        raise Broken(f'{name} is the text "{shown(value, 40)}", not a number', value[:100])
    if not isinstance(value, (int, float)):
        raise Broken(f"{name} is {json_type(value)}, not a number")
    if isinstance(value, float) and not math.isfinite(value):
        word = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        raise Broken(f"{name} is {word}, which is no result", word)
    return value


def _compared(metric: str, number: float, sign: str, bound: float) -> str:
    """Six digits, or all of them where six would hide the difference."""
    short, short_bound = _short(number), _short(bound)
    if short == short_bound and number != bound:
        short, short_bound = shown(repr(number), 40), shown(repr(bound), 40)
    return f"{shown(metric)} {short} {sign} {short_bound}"


def _short(number: float) -> str:
    if isinstance(number, int):
        return shown(number, 40)
    return f"{number:.6g}"
