"""What is read under the cursor is what lies there, and the line is not hidden by it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import drawn, lines_of, run

from orp_tui.charts.cursor import with_cursor
from orp_tui.charts.look import Look
from orp_tui.charts.reading import read


def head(drawing, x: float, begin: float | None = None) -> str:
    plot = drawing.plot
    return "\n".join(lines_of(with_cursor(drawing, x, begin))[: plot.head])


def test_the_title_says_step_and_value_of_the_only_line():
    drawing = drawn(run("", [5, 4, 3, 2]))

    assert head(drawing, 2) == "loss  3  n=4  step 2"
    assert head(drawing, 3) == "loss  2  n=4  step 3"


def test_of_several_lines_each_has_its_value():
    drawing = drawn(run("a", [5, 4]), run("b", [1, 2]))

    assert head(drawing, 1) == "loss  n=4  step 1\n● a 4  ▲ b 2"


def test_where_a_column_holds_many_points_it_says_from_where_to_where():
    drawing = drawn(run("", [step % 10 for step in range(7300)]))
    plot = drawing.plot
    begin, end = (math.ceil(place) for place in plot.frame.ends(4))

    said = head(drawing, plot.frame.middle(4))
    assert said.startswith("loss  0…9  n=7,300 as ")
    assert said.endswith(f"  step {begin}–{end - 1}")


def test_a_line_without_a_point_there_says_where_its_nearest_is():
    sparse = run("b", [1])
    drawing = drawn(run("a", range(50)), sparse)

    assert "▲ b 1 at 0" in head(drawing, 40)


def test_what_is_not_finite_is_said_where_it_is():
    drawing = drawn(run("", [1, math.nan, 3]))

    assert "NaN or infinite" in head(drawing, 1)
    assert "NaN" not in head(drawing, 2)


def test_of_seeds_the_median_and_the_band_are_read():
    runs = [run(f"s{seed}", [seed, seed + 10], seeds="s", group="g") for seed in (1, 2, 6)]

    assert head(drawn(*runs), 1).endswith("● g median of 3 12 (11…16)")


@pytest.mark.parametrize(
    ("axis", "said"), [("epoch", "epoch 1"), ("since", "at 1s")], ids=["epoch", "since"]
)  # fmt: skip
def test_a_place_is_said_in_the_unit_of_the_axis(axis, said):
    drawing = drawn(run("", [1, 2, 3], epochs=[0, 1, 2]), look=Look(axis=axis))

    assert said in head(drawing, 1)


def test_the_cursor_stands_between_the_lines_and_on_the_axis():
    drawing = drawn(run("", range(100)), look=Look())
    plot = drawing.plot
    before, after = (lines_of(picture) for picture in (drawing.picture, with_cursor(drawing, 50)))
    column = plot.frame.left + plot.frame.cell(50)

    for row in range(plot.head, plot.head + plot.frame.rows):
        old = before[row].ljust(column + 1)[column]
        assert after[row][column] == ("│" if old == " " else old)
    assert after[plot.head + plot.frame.rows][column] == "┴"
    roles = {
        span.role
        for row in with_cursor(drawing, 50).rows
        for span in row
        if "│" in span.text or "┴" in span.text
    }
    assert "cursor" in roles


def test_a_range_that_is_being_chosen_is_seen_on_the_axis():
    drawing = drawn(run("", range(100)))
    plot = drawing.plot

    axis = lines_of(with_cursor(drawing, 60, begin=20))[plot.head + plot.frame.rows]

    assert axis.count("━") == plot.frame.cell(60) - plot.frame.cell(20)


def test_in_ascii_the_cursor_is_of_ascii():
    drawing = drawn(run("a", range(100)), run("b", [5] * 100), look=Look("ascii"))

    assert with_cursor(drawing, 30, begin=2).plain().isascii()


def test_where_nothing_is_drawn_a_cursor_changes_nothing():
    drawing = drawn(run("", [math.nan]))

    assert with_cursor(drawing, 0) is drawing.picture


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.one_of(st.integers(-9, 9).map(float), st.just(math.nan)), min_size=1, max_size=300),
    width=st.integers(24, 60),
)
def test_every_point_is_read_in_the_column_in_which_it_stands(values, width):
    plot = drawn(run("", values), width=width, height=10).plot
    if plot is None:
        assert not any(map(math.isfinite, values))
        return
    readings = [read(plot.curves[0], plot.frame, cell) for cell in range(plot.frame.cells)]

    for cell, reading in enumerate(readings):
        here = [value for step, value in enumerate(values) if plot.frame.cell(step) == cell]
        finite = [value for value in here if math.isfinite(value)]
        assert (reading.low, reading.high) == (min(finite), max(finite)) if finite else not reading.xs
        assert bool(reading.bad) == (len(finite) < len(here))


def test_bytes_are_sizes_in_the_title_on_the_axis_and_under_the_cursor():
    drawing = drawn(run("", [9_000_000, 9_326_600, 9_500_000], metric="sys/read"), metric="sys/read")
    before = lines_of(drawing.picture)

    assert "9.5 MB/s" in before[0]
    assert any(line.split("┤")[0].strip().endswith(" MB/s") for line in before)
    assert "9.33 MB/s" in head(drawing, 1)
    assert "e+06" not in "".join(before)
