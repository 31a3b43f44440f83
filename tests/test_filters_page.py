"""What docs/filters.md says: its tables are the program's, its filters are filters, its error is the one that is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orp_tui.core.filters.dates import DATE_WORDS
from orp_tui.core.filters.errors import FilterError
from orp_tui.core.filters.fields import REASONS, STATES
from orp_tui.core.filters.limits import MAX_DEPTH, MAX_LENGTH, MAX_TERMS
from orp_tui.core.filters.parse import parse

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = (DOCS / "filters.md").read_text("utf-8")


def test_the_tables_are_those_of_the_program(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    import filters

    assert filters.page(PAGE) == PAGE, "run `python docs/filters.py`"
    assert filters.page(PAGE.replace("`state:failed`", "gone")) == PAGE


def test_the_filter_at_the_top_is_one():
    (first,) = re.findall(r"```text\n(resnet .*)\n```", PAGE)

    parse(first)


def test_the_mistake_is_told_as_the_page_shows_it():
    shown = re.search(r"--filter '(.*?)'\norp: (.*?)\n```", PAGE, re.DOTALL)
    assert shown is not None

    with pytest.raises(FilterError) as caught:
        parse(shown[1])

    assert str(caught.value) == shown[2]


def test_the_limits_and_words_are_those_of_the_program():
    assert f"{MAX_LENGTH:,} characters and {MAX_TERMS} words" in PAGE
    assert f"brackets, {MAX_DEPTH} within one another at most" in PAGE
    assert all(f"`{word}`" in PAGE for word in STATES)
    assert len(REASONS["oom"]) == 3
    assert {word.partition("-")[2] or word for word in DATE_WORDS} == {
        "today",
        "yesterday",
        "week",
        "month",
        "year",
    }
