"""The catalogue finds by SQL what the slow reference finds: on random runs, with random filters."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_filters import NOW, PATIENT, RUN, TRUE_OF_RUN, compares, expressions, past_runs, words

from orp_tui.core.filters.build import all_of
from orp_tui.core.filters.expression import Expression
from orp_tui.core.filters.limits import MAX_DEPTH, MAX_STARS
from orp_tui.core.filters.parse import parse
from orp_tui.core.filters.reference import matches
from orp_tui.core.past_run import MetricValues, PastRun, Scalar
from orp_tui.core.states import RunState
from orp_tui.store.catalog import questions
from orp_tui.store.catalog.database import CATALOG
from orp_tui.store.catalog.entries import Read, finite, fits
from orp_tui.store.catalog.query import Query, mentions_archived
from orp_tui.store.catalog.writing import Writer, transaction

ANY_ARCHIVED = parse("is:archived | -is:archived")
"""All, and so none left out."""


def _clean(value: Scalar) -> Scalar:
    """As whoever fills the catalogue reads it: texts without halves of surrogate pairs, numbers of 64 bits."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else fits(value)


def storable(run: PastRun) -> PastRun:
    """A run as it comes to the catalogue."""
    cleaned = {
        field.name: _clean(getattr(run, field.name))
        for field in dataclasses.fields(run)
        if isinstance(getattr(run, field.name), str)
    }
    metrics = {
        name: MetricValues(
            *map(finite, (found.first, found.last, found.lowest, found.highest)), goal=found.goal
        )
        for name, found in run.metrics.items()
    }
    return dataclasses.replace(
        run,
        **cleaned,
        config={key: _clean(value) for key, value in run.config.items()},
        metrics=metrics,
        primary_value=finite(run.primary_value),
        tags=tuple(sorted({str(_clean(tag)) for tag in run.tags})),
    )


def numbered(runs: Sequence[PastRun]) -> list[PastRun]:
    """Each with an id of its own; every third is resumed by the next."""
    ids = [f"exp_20261124_12000{at}_ab{at}2" for at in range(len(runs))]
    return [
        dataclasses.replace(run, id=ids[at], resume_of=ids[at - 1] if at % 3 == 1 else None, resumed_by=None)
        for at, run in enumerate(runs)
    ]


some_runs = st.lists(past_runs.map(storable), min_size=1, max_size=6).map(numbered)


@contextlib.contextmanager
def catalogue(runs: Sequence[PastRun]) -> Iterator[sqlite3.Connection]:
    """A catalogue of these runs, in memory."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in CATALOG.tables:
            connection.execute(statement)
        with transaction(connection):
            Writer(connection).put([Read(run) for run in runs])
        yield connection


def found_by_sql(connection: sqlite3.Connection, expression: Expression) -> set[str]:
    """The ids that the catalogue finds, archived runs among them as the filter has it."""
    found = questions.rows(connection, questions.find(connection, Query(expression), NOW))
    return {run.id for run in found if run is not None}


def found_by_reference(connection: sqlite3.Connection, expression: Expression) -> set[str]:
    """The ids that the reference finds among all that the catalogue holds."""
    every = questions.rows(connection, questions.find(connection, Query(ANY_ARCHIVED), NOW))
    shown = [
        run for run in every if run is not None and (mentions_archived(expression) or not run.is_archived)
    ]
    return {run.id for run in shown if matches(expression, run, NOW)}


@given(some_runs, st.lists(expressions, min_size=1, max_size=8))
@settings(PATIENT, max_examples=80)
def test_sql_and_reference_agree_on_random_filters(runs, filters):
    with catalogue(runs) as connection:
        for expression in filters:
            assert found_by_sql(connection, expression) == found_by_reference(connection, expression), (
                expression
            )


@given(some_runs, st.lists(compares() | words, min_size=5, max_size=40))
@settings(PATIENT, max_examples=60)
@example(
    [PastRun("exp_20261124_120000_ab02", "a\0b", RunState.LOST, NOW, tags=("x\0y",), note="a\nb")],
    [parse("a?b")],
)
def test_sql_and_reference_agree_on_each_comparison(runs, filters):
    with catalogue(runs) as connection:
        for expression in filters:
            wanted = all_of(expression, ANY_ARCHIVED)
            assert found_by_sql(connection, wanted) == found_by_reference(connection, wanted), expression


def test_sql_finds_a_run_by_each_way_to_describe_it():
    with catalogue([RUN]) as connection:
        for text in TRUE_OF_RUN:
            assert found_by_sql(connection, parse(text)) == {RUN.id}, text
            assert found_by_sql(connection, parse(f"-({text})")) == set(), text


@given(some_runs)
@PATIENT
def test_the_catalogue_gives_back_what_it_was_given(runs):
    with catalogue(runs) as connection:
        every = questions.rows(connection, questions.find(connection, Query(ANY_ARCHIVED), NOW))

    back = {run.id: run for run in every if run is not None}
    assert len(back) == len(runs)
    for run in runs:
        assert repr(dataclasses.replace(back[run.id], resumed_by=None)) == repr(run)
        resumer = next((other.id for other in runs if other.resume_of == run.id), None)
        assert back[run.id].resumed_by == resumer


@pytest.mark.parametrize(
    "text",
    [
        "-" * MAX_DEPTH + "a*",
        "-(a (b | " * (MAX_DEPTH // 3) + "cfg.x:1" + "))" * (MAX_DEPTH // 3),
        "(a | " * (MAX_DEPTH - 2) + "-(b* cfg.x:1)" + ")" * (MAX_DEPTH - 2),
        "(a | (b " * (MAX_DEPTH // 2) + "tag!=1 cfg.x:1" + "))" * (MAX_DEPTH // 2),
        "(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH,
        " ".join(f"cfg.k{number}>{number}" for number in range(200)),
        " | ".join(f"metric.k{number}<{number}" for number in range(200)),
        " | ".join(f"-(name:*{number}* tag:{number})" for number in range(100)),
        "name:" + "*a" * MAX_STARS,
        "x" * 3900,
    ],
)
def test_the_largest_filters_are_no_more_than_sqlite_takes(text):
    run = PastRun("exp_20261124_120000_ab02", "a" * 2000, RunState.SUCCEEDED, NOW, config={"k1": 5})
    with catalogue([run]) as connection:
        expression = parse(text)
        assert found_by_sql(connection, expression) == found_by_reference(connection, expression)
