"""Globs of the metrics that a user wants."""

from __future__ import annotations

import pytest

from orp_tui.metrics.name_filter import NameFilter


@pytest.mark.parametrize(
    ("include", "exclude", "kept"),
    [
        ([], [], ["loss", "val/loss", "lr"]),
        (["loss"], [], ["loss"]),
        (["*loss"], [], ["loss", "val/loss"]),
        ([], ["val/*"], ["loss", "lr"]),
        (["*"], ["l?"], ["loss", "val/loss"]),
        (["none"], [], []),
    ],
)
def test_names_are_kept_by_include_but_for_exclude(include, exclude, kept):
    names = NameFilter(include, exclude)

    assert [name for name in ("loss", "val/loss", "lr") if names.keeps(name)] == kept


def test_what_is_included_by_more_than_a_star_is_asked_for():
    assert not NameFilter(["*"], []).asks
    assert NameFilter(["*", "cost"], []).asks_for("cost")
    assert not NameFilter(["*", "cost"], []).asks_for("loss")
