"""A filter as SQL over the table `entry`: finds what `core.filters.reference` finds, which is tested.

Each part is true, false or NULL, which counts as false; `NOT` makes it so first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orp_tui.core.filters import dates
from orp_tui.core.filters.expression import And, Compare, Everything, Expression, Not, Word
from orp_tui.core.filters.fields import FIELDS, STATES, Kind, has_target, members, share_target
from orp_tui.core.filters.folding import folded, is_glob, unanchored
from orp_tui.core.states import RunState
from orp_tui.store.catalog.entries import SEPARATOR

Clause = tuple[str, list[object]]
"""SQL, and the values of its question marks."""

_TEXT_COLUMNS = {
    "id": "id", "name": "name", "note": "note", "detail": "detail", "group": "group_name", "project": "project",
    "by": "by_whom", "parent": "parent", "batch": "batch", "variant": "variant", "commit": "commit_id", "host": "host",
}  # fmt: skip
_NUMBER_COLUMNS = {
    "primary": "primary_value", "seed": "seed", "exit": "exit_code", "size": "bytes", "submitted": "submitted_at",
    "started": "started_at", "ended": "ended_at",
}  # fmt: skip
_METRIC_COLUMNS = {
    "metric": "last", "first": "first", "min": "lowest", "max": "highest",
    "best": "CASE WHEN falls THEN lowest ELSE highest END",
}  # fmt: skip
_PARTS = {
    "zip": "zip = 'ok' OR zip GLOB 'ok:*'", "star": "starred", "config": "configs > 0", "metrics": "metrics > 0",
    "deliverables": "declared > 0", "reason": "reason IS NOT NULL", "tag": "tags <> ''",
}  # fmt: skip
_OPERATORS = {":": "=", "=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FINAL = ", ".join(f"'{state.value}'" for state in RunState if state.is_final)
ZIP_WORD = "CASE WHEN instr(zip, ':') > 0 THEN substr(zip, 1, instr(zip, ':') - 1) ELSE zip END"
NO_VALUE: Clause = ("0", [])
KEY = "(SELECT id FROM key WHERE kind = ? AND name = ?)"


def where(expression: Expression, now: float) -> Clause:
    """A condition on rows of `entry`; `now` in seconds since 1970."""
    if isinstance(expression, Everything):
        return "1", []
    if isinstance(expression, Word):
        return _word(expression.text)
    if isinstance(expression, Not):
        condition, values = where(expression.part, now)
        return f"NOT ifnull({condition}, 0)", values
    if isinstance(expression, Compare):
        return _KINDS[FIELDS[expression.field].kind](expression, now)
    parts = [where(part, now) for part in expression.parts]
    joined = (" AND " if isinstance(expression, And) else " OR ").join(f"({part})" for part, _ in parts)
    return f"({joined})", [value for _, values in parts for value in values]


def elapsed(now: float) -> Clause:
    """Seconds from start to end, or until now."""
    return f"(CASE WHEN state IN ({_FINAL}) THEN ended_at ELSE ? END - started_at)", [now]


def pattern(text: str) -> str:
    """Folded text with wildcards, as GLOB takes it."""
    return text.replace("[", "[[]")


def _word(text: str) -> Clause:
    if not is_glob(text) and SEPARATOR not in text:
        return "instr(search, ?) > 0", [text]
    wanted = unanchored(text)
    parts = [_part_of(column, wanted) for column in ("id", "name", "note")]
    parts.append(_tagged(*_part_of("text", wanted)))
    return " OR ".join(f"({part})" for part, _ in parts), [value for _, values in parts for value in values]


def _part_of(column: str, wanted: str) -> Clause:
    if is_glob(wanted):
        return f"{column} GLOB ?", [pattern(wanted)]
    return f"instr({column}, ?) > 0", [wanted]


def _tagged(condition: str, values: list[object]) -> Clause:
    return f"number IN (SELECT entry FROM tag WHERE {condition})", values  # noqa: S608 - our text


def _text(compare: Compare, _now: float) -> Clause:
    wanted = folded(compare.text)
    if compare.field == "tag":
        if compare.op == ":":
            return _tagged(*_part_of("text", wanted))
        found, values = _tagged("text = ?", [wanted])
        return (found, values) if compare.op == "=" else (f"tags <> '' AND NOT {found}", values)
    column = _TEXT_COLUMNS[compare.field]
    if compare.op == ":":
        found, values = _part_of(column, wanted)
        return f"{column} <> '' AND {found}", values
    return f"{column} <> '' AND {column} {_OPERATORS[compare.op]} ?", [wanted]


def _choice(compare: Compare, _now: float) -> Clause:
    column = ZIP_WORD if compare.field == "zip" else compare.field
    meant = members(compare.field, compare.op, compare.text)
    marks = ", ".join("?" * len(meant))
    return f"{column} {'NOT IN' if compare.op == '!=' else 'IN'} ({marks})", [*meant]


def _config(compare: Compare, _now: float) -> Clause:
    condition, values = _config_value(compare)
    found = f"number IN (SELECT entry FROM value WHERE key = {KEY} AND ({condition}))"  # noqa: S608 - our text
    return found, ["cfg", compare.key, *values]


def _config_value(compare: Compare) -> Clause:
    op = _OPERATORS[compare.op]
    if compare.op not in (":", "=", "!="):
        return NO_VALUE if compare.number is None else (f"amount {op} ?", [compare.number])
    wanted = folded(compare.text)
    text, values = f"text {op} ?", list[object]([wanted])
    if compare.op == ":":
        text, values = _part_of("text", wanted)
    if compare.number is None:
        return text, values
    return f"CASE WHEN amount IS NULL THEN {text} ELSE amount {op} ? END", [*values, compare.number]


def _number(compare: Compare, now: float) -> Clause:
    if compare.number is None:
        return NO_VALUE
    op = _OPERATORS[compare.op]
    if compare.field in _METRIC_COLUMNS:
        found = (
            f"number IN (SELECT entry FROM metric WHERE key = {KEY} "  # noqa: S608 - our text
            f"AND {_METRIC_COLUMNS[compare.field]} {op} ?)"
        )
        return found, ["metric", compare.key, compare.number]
    value, values = numeric(compare.field, now)
    return f"{value} {op} ?", [*values, compare.number]


def numeric(field: str, now: float) -> Clause:
    """The value of a field that compares as number, but for metrics."""
    if field == "age":
        return "(? - submitted_at)", [now]
    return elapsed(now) if field == "duration" else (_NUMBER_COLUMNS[field], [])


def _date(compare: Compare, now: float) -> Clause:
    column = _NUMBER_COLUMNS[compare.field]
    start, end = dates.span(compare.text, now)
    if compare.op in (":", "="):
        return f"{column} >= ? AND {column} < ?", [start, end]
    if compare.op == "!=":
        return f"NOT ({column} >= ? AND {column} < ?)", [start, end]
    return f"{column} {'<' if compare.op[0] == '<' else '>='} ?", [
        start if compare.op in ("<", ">=") else end
    ]


def _deliverables(compare: Compare, _now: float) -> Clause:
    op = _OPERATORS[compare.op]
    share, count, total = share_target(compare.text)
    if share is not None:
        return f"declared > 0 AND CAST(ifnull(valid, 0) AS REAL) / declared {op} ?", [share]
    if total is None:
        return f"declared > 0 AND ifnull(valid, 0) {op} ?", [count]
    same = "(ifnull(valid, 0) = ? AND declared = ?)"
    return f"declared > 0 AND {'NOT ' if compare.op == '!=' else ''}{same}", [count, total]


def _is(compare: Compare, _now: float) -> Clause:
    word = compare.text
    if word in STATES:
        return f"state IN ({', '.join('?' * len(STATES[word]))})", list(STATES[word])
    return {
        "starred": "starred", "archived": "archived", "damaged": "problem <> ''", "imported": "imported_from <> ''",
        "retry": "retry_of <> ''", "chain-end": "ifnull(resumed_by, '') = ''",
    }[word], []  # fmt: skip


def _has(compare: Compare, now: float) -> Clause:
    kind, word = has_target(compare.text)
    if kind == "part":
        return _has_part(word, now)
    found = {
        table: f"number IN (SELECT entry FROM {table} WHERE key = {KEY})"  # noqa: S608 - our text
        for table in ("value", "metric")
    }
    if kind == "cfg":
        return found["value"], ["cfg", word]
    if kind == "metric":
        return found["metric"], ["metric", word]
    return f"{found['value']} OR {found['metric']}", ["cfg", word, "metric", word]


def _has_part(word: str, now: float) -> Clause:
    if word in _PARTS:
        return _PARTS[word], []
    if word in _TEXT_COLUMNS:
        return f"{_TEXT_COLUMNS[word]} <> ''", []
    value, values = numeric(word, now)
    return f"{value} IS NOT NULL", values


_KINDS: Mapping[Kind, Callable[[Compare, float], Clause]] = {
    Kind.TEXT: _text, Kind.CHOICE: _choice, Kind.CONFIG: _config, Kind.NUMBER: _number, Kind.DURATION: _number,
    Kind.SIZE: _number, Kind.DATE: _date, Kind.DELIVERABLES: _deliverables, Kind.IS: _is, Kind.HAS: _has,
}  # fmt: skip
