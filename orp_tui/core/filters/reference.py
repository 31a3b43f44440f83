"""What a filter means, said as plainly as it can be: every other way of finding runs is tested against it.

A comparison with something that a run lacks is false, `!=` too; `-` turns it round. Absent is what is None,
an empty text, no number (NaN), and a count of none.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping

from orp_tui.core.filters import dates
from orp_tui.core.filters.expression import And, Compare, Everything, Expression, Not, Word
from orp_tui.core.filters.fields import FIELDS, STATES, Kind, has_target, members, share_target
from orp_tui.core.filters.folding import finds, folded, unanchored
from orp_tui.core.filters.values import config_number, config_text
from orp_tui.core.past_run import PastRun

_OPS: Mapping[str, Callable[[float, float], bool]] = {
    ":": operator.eq, "=": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def matches(expression: Expression, run: PastRun, now: float) -> bool:
    """Whether a run answers to a filter; `now` in seconds since 1970, for ages and `today`."""
    if isinstance(expression, Everything):
        return True
    if isinstance(expression, Word):
        wanted = unanchored(expression.text)
        return any(finds(wanted, folded(text)) for text in (run.id, run.name, *run.tags, run.note))
    if isinstance(expression, Not):
        return not matches(expression.part, run, now)
    if isinstance(expression, Compare):
        return _compare(expression, run, now)
    results = (matches(part, run, now) for part in expression.parts)
    return all(results) if isinstance(expression, And) else any(results)


def _compare(compare: Compare, run: PastRun, now: float) -> bool:
    kind = FIELDS[compare.field].kind
    if kind is Kind.TEXT:
        return _text(compare, texts(compare.field, run))
    if kind is Kind.CHOICE:
        return _choice(compare, choice(compare.field, run))
    if kind is Kind.CONFIG:
        return compare.key in run.config and _config(compare, run)
    if kind is Kind.IS:
        return is_so(compare.text, run)
    if kind is Kind.HAS:
        return has(compare.text, run)
    if kind is Kind.DELIVERABLES:
        return _deliverables(compare, run)
    if kind is Kind.DATE:
        return _date(compare, number(compare.field, "", run, now), now)
    return _number(compare.op, number(compare.field, compare.key, run, now), compare.number)


def _text(compare: Compare, found: tuple[str, ...]) -> bool:
    wanted = folded(compare.text)
    if compare.op == ":":
        return any(finds(wanted, folded(text)) for text in found)
    is_equal = any(wanted == folded(text) for text in found)
    return is_equal if compare.op == "=" else bool(found) and not is_equal


def texts(field: str, run: PastRun) -> tuple[str, ...]:
    """What a TEXT field of a run says; several for its tags, none where it says nothing."""
    if field == "tag":
        return run.tags
    found: dict[str, str | None] = {
        "id": run.id, "name": run.name, "note": run.note, "detail": run.detail, "group": run.group,
        "project": run.project, "by": run.submitted_by, "parent": run.parent, "batch": run.batch,
        "variant": run.variant, "commit": run.commit, "host": run.host,
    }  # fmt: skip
    text = found[field]
    return (text,) if text else ()


def _choice(compare: Compare, found: str | None) -> bool:
    if found is None:
        return False
    is_meant = found in members(compare.field, compare.op, compare.text)
    return not is_meant if compare.op == "!=" else is_meant


def choice(field: str, run: PastRun) -> str | None:
    """The value of a CHOICE field; of a zip the word before the colon."""
    if field == "state":
        return run.state.value
    return run.reason if field == "reason" else run.zip.partition(":")[0]


def _config(compare: Compare, run: PastRun) -> bool:
    """Number with number where both are; else text with text, and then nothing is less or more."""
    value = run.config[compare.key]
    own = config_number(value)
    if compare.op not in (":", "=", "!="):
        return _number(compare.op, own, compare.number)
    if own is not None and compare.number is not None:
        return _OPS[compare.op](own, compare.number)
    return _text(compare, (config_text(value),))


def _number(op: str, own: float | None, wanted: float | None) -> bool:
    if own is None or own != own or wanted is None:
        return False
    return _OPS[op](own, wanted)


def number(field: str, key: str, run: PastRun, now: float) -> float | None:
    """The value of a field that compares as number; times in seconds, sizes in bytes."""
    if field in ("metric", "first", "best", "min", "max"):
        found = run.metrics.get(key)
        if found is None:
            return None
        return {
            "metric": found.last, "first": found.first, "best": found.best(key), "min": found.lowest, "max": found.highest,
        }[field]  # fmt: skip
    return {
        "primary": run.primary_value, "seed": run.seed, "exit": run.exit_code, "size": run.bytes,
        "age": now - run.submitted_at, "duration": run.elapsed_s(now),
        "submitted": run.submitted_at, "started": run.started_at, "ended": run.ended_at,
    }[field]  # fmt: skip


def _date(compare: Compare, own: float | None, now: float) -> bool:
    if own is None:
        return False
    start, end = dates.span(compare.text, now)
    if compare.op in (":", "=", "!="):
        return (start <= own < end) is (compare.op != "!=")
    return {"<": own < start, "<=": own < end, ">": own >= end, ">=": own >= start}[compare.op]


def _deliverables(compare: Compare, run: PastRun) -> bool:
    if not run.deliverables_total:
        return False
    valid = run.deliverables_valid or 0
    share, count, total = share_target(compare.text)
    if share is not None:
        return _OPS[compare.op](valid / run.deliverables_total, share)
    assert count is not None  # the target is a share or a count
    if total is None:
        return _OPS[compare.op](valid, count)
    return ((valid, run.deliverables_total) == (count, total)) is (compare.op != "!=")


def is_so(word: str, run: PastRun) -> bool:
    """Whether a word of `fields.IS` is true of a run."""
    if word in STATES:
        return run.state.value in STATES[word]
    return {
        "starred": run.is_starred, "archived": run.is_archived, "damaged": bool(run.problem),
        "imported": bool(run.imported_from), "retry": bool(run.retry_of), "chain-end": not run.resumed_by,
    }[word]  # fmt: skip


def has(text: str, run: PastRun) -> bool:
    """Whether a run has what stands behind `has:`."""
    kind, word = has_target(text)
    if kind == "cfg":
        return word in run.config
    if kind == "metric":
        return word in run.metrics
    return _has_part(word, run) if kind == "part" else word in run.config or word in run.metrics


def _has_part(word: str, run: PastRun) -> bool:
    if FIELDS.get(word) and FIELDS[word].kind is Kind.TEXT:
        return bool(texts(word, run))
    plain: dict[str, bool] = {
        "zip": choice("zip", run) == "ok", "star": run.is_starred, "config": bool(run.config),
        "metrics": bool(run.metrics), "deliverables": bool(run.deliverables_total), "reason": run.reason is not None,
    }  # fmt: skip
    if word in plain:
        return plain[word]
    own = number(word, "", run, 0.0)
    return own is not None and own == own
