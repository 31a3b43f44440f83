"""Random runs and random filters of few words, so that filters often find something."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from orp_tui.core.filters.build import all_of, any_of
from orp_tui.core.filters.compare import compared
from orp_tui.core.filters.dates import DATE_WORDS
from orp_tui.core.filters.errors import Wrong
from orp_tui.core.filters.expression import EVERYTHING, Compare, Expression, Not
from orp_tui.core.filters.fields import FIELDS, Field, Kind
from orp_tui.core.filters.parse import word
from orp_tui.core.past_run import MetricValues, PastRun
from orp_tui.core.states import Reason, RunState

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For property tests on a loaded machine."""
NOW = 1_795_500_000.0
"""A day in November 2026."""

TEXTS = (
    "a", "ab", "A", "adam", "AdamW", "resnet-50", "Straße", "STRASSE", "é", "e\u0301", "İ", "ΟΔΟΣ", "a b", "a*b", "a?b",
    "a[b]", "[a", "a\\b", 'a"b', "a'b", "-a", "!a", "(a)", "a|b", "x:y", "x=1", "%", "_", "a\0b", "a\nb", "日本", "😀", "OR",
    "null", "true", "1", "1.0", "-1", "nan", "inf", "1e-3", "0.001", "1e999", " ", "\ud800", "\ufb01x", "\u0345",
)  # fmt: skip
KEYS = (
    "lr",
    "LR",
    "optimizer.name",
    "a b",
    "a/b",
    "x",
    "1",
    "-k",
    "k(1)",
    'q"q',
    "note",
    "é",
    "val_loss",
    "acc",
)
NUMBERS = (-1.0, 0.0, -0.0, 0.1, 0.30000000000000004, 0.001, 1.0, 2.0, 50.0, 1e300, 3.5)
TIMES = (
    0.0,
    NOW,
    NOW - 1,
    NOW - 59.5,
    NOW - 3600,
    NOW - 86400,
    NOW - 86400.5,
    NOW - 40 * 86400,
    NOW - 500 * 86400,
)

texts = st.sampled_from(TEXTS) | st.text(max_size=4)
keys = st.sampled_from(KEYS)
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False)
maybe_numbers = st.none() | numbers | st.just(float("nan")) | st.just(float("inf"))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 60)
    | st.sampled_from([2**70, 10**400])
    | maybe_numbers
    | texts
)


def _maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


metric_values = st.builds(
    MetricValues, maybe_numbers, maybe_numbers, maybe_numbers, maybe_numbers, st.sampled_from(["", "minimize", "maximize"])
)  # fmt: skip
past_runs = st.builds(
    PastRun,
    id=st.sampled_from(["exp_20261124_120000_ab12", "exp_20261124_120001_k7f3"]),
    name=texts,
    state=st.sampled_from(RunState),
    submitted_at=st.sampled_from(TIMES),
    started_at=_maybe(st.sampled_from(TIMES)),
    ended_at=_maybe(st.sampled_from(TIMES)),
    reason=_maybe(st.sampled_from([reason.value for reason in Reason])),
    detail=_maybe(texts),
    exit_code=_maybe(st.sampled_from([0, 1, 137])),
    seed=_maybe(st.integers(-1, 3)),
    group=st.just("default") | texts,
    project=texts,
    submitted_by=texts,
    deliverables_valid=_maybe(st.integers(0, 3)),
    deliverables_total=st.integers(0, 3),
    zip=st.sampled_from(["none", "ok", "pending: needs 3 GB, 0.4 free", "error: no space"]),
    bytes=_maybe(st.sampled_from([0, 1, 999, 1000, 1024, 5 << 20, 3 << 30])),
    config=st.dictionaries(keys, scalars, max_size=4),
    metrics=st.dictionaries(keys, metric_values, max_size=3),
    primary=_maybe(keys),
    primary_value=maybe_numbers,
    tags=st.lists(texts.filter(bool), max_size=3).map(lambda found: tuple(sorted(set(found)))),
    is_starred=st.booleans(),
    is_archived=st.booleans(),
    note=texts,
    parent=_maybe(texts),
    retry_of=_maybe(texts),
    resumed_by=_maybe(texts),
    batch=_maybe(texts),
    variant=texts,
    commit=texts,
    host=texts,
    imported_from=st.just("") | texts,
    problem=st.just("") | texts,
)

typed = texts.filter(
    lambda text: (
        not any(char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff" for char in text)
    )
)
"""Texts that can stand in a filter."""
patterns = typed | st.builds(
    lambda a, sign, b: a + sign + b, typed, st.sampled_from(["*", "?", "**", "*?"]), typed
)


def _values(field: Field) -> st.SearchStrategy[str]:
    """Texts that may stand behind the operator."""
    as_text = st.sampled_from([f"{number:g}" for number in NUMBERS]) | numbers.map(repr)
    return {
        Kind.TEXT: patterns,
        Kind.CHOICE: st.sampled_from(sorted(field.choices) or ["x"]) | st.sampled_from(["*ed", "*", "oom*", "?k"]),
        Kind.IS: st.sampled_from(sorted(field.choices) or ["x"]),
        Kind.HAS: st.sampled_from(sorted(field.choices) or ["x"]) | keys | keys.map(lambda key: f"cfg.{key}")
        | keys.map(lambda key: f"metric.{key}"),
        Kind.NUMBER: as_text,
        Kind.DURATION: st.sampled_from(["0s", "1s", "59.5s", "1h", "1d", "2d", "1w", "1mo", "1y", "1d12h"]),
        Kind.SIZE: st.sampled_from(["0", "1", "1kB", "1KiB", "5MiB", "3GiB", "3.5GB"]),
        Kind.DATE: st.sampled_from([*DATE_WORDS, "2026", "2026-11", "2026-11-24", "2026-11-24T10:30", "1971"]),
        Kind.DELIVERABLES: st.sampled_from(["0", "1", "2", "2/3", "0/1", "100%", "50%", "66.6%"]),
        Kind.CONFIG: as_text | patterns,
    }[field.kind]  # fmt: skip


@st.composite
def compares(draw: st.DrawFn) -> Compare:
    """One comparison that makes sense."""
    field = draw(st.sampled_from(list(FIELDS.values())))
    key = draw(keys) if field.keyed else ""
    op = draw(st.sampled_from(field.ops))
    text = draw(_values(field))
    try:
        return compared(field, key, op, text, is_quoted=draw(st.booleans()))
    except Wrong:
        return compared(FIELDS["name"], "", ":", draw(typed))


words = patterns.map(word)
expressions: st.SearchStrategy[Expression] = st.recursive(
    compares() | words | st.just(EVERYTHING),
    lambda parts: st.one_of(
        parts.map(Not),
        st.lists(parts, min_size=2, max_size=3).map(lambda found: all_of(*found)),
        st.lists(parts, min_size=2, max_size=3).map(lambda found: any_of(*found)),
    ),
    max_leaves=6,
)
