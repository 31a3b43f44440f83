"""The cursor and the window go where they are sent, and never out of what there is."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from shown import drawn, run

from orp_tui.charts.look import Look
from orp_tui.charts.view import View

WHOLE = run("a", [step % 7 for step in range(1000)])


def plot_of(view: View = View()):  # noqa: B008 - it is frozen
    plot = drawn(WHOLE, look=Look(window=view.window)).plot
    assert plot is not None
    return plot


def test_the_first_move_puts_the_cursor_on_the_last_point():
    assert View().moved(-1, plot_of()).cursor == 999


def test_the_cursor_moves_by_columns_and_stops_at_the_edges():
    plot = plot_of()
    view = View().moved(-1, plot)
    right = plot.frame.cells - 1

    assert plot.frame.cell(view.moved(-1, plot).cursor) == right - 1
    assert plot.frame.cell(view.moved(-10, plot).cursor) == right - 10
    assert plot.frame.cell(view.moved(5, plot).cursor) == right
    assert plot.frame.cell(view.moved(-10_000, plot).cursor) == 0


def test_zooming_in_keeps_the_cursor_where_it_stands_on_the_screen():
    plot = plot_of()
    view = View(cursor=250.0).zoomed(0.5, plot)
    assert view.window is not None
    low, high = view.window

    assert high - low == 999 / 2
    assert abs((250 - low) / (high - low) - 250 / 999) < 1e-9


def test_zooming_out_again_ends_with_all_there_is():
    plot = plot_of()
    view = View(cursor=250.0).zoomed(0.25, plot)

    assert view.zoomed(2, plot_of(view)).window is not None
    assert view.zoomed(8, plot_of(view)).window is None


def test_a_range_is_begun_and_then_shown_alone():
    plot = plot_of()
    begun = View(cursor=plot.frame.middle(10)).ranged(plot)
    assert begun.begin == begun.cursor

    view = begun.moved(9, plot).ranged(plot)

    assert view.begin is None
    assert view.window == (plot.frame.ends(10)[0], plot.frame.ends(19)[1])


def test_without_a_cursor_a_range_is_begun_at_the_last_point():
    begun = View().ranged(plot_of())
    assert begun.begin == begun.cursor == View().moved(1, plot_of()).cursor


def test_panning_goes_half_a_window_and_no_further_than_there_are_points():
    view = View(window=(100.0, 300.0))

    assert view.panned(1, plot_of(view)).window == (200, 400)
    assert view.panned(-1, plot_of(view)).window == (0, 200)
    end = View(window=(799.0, 999.0))
    assert end.panned(1, plot_of(end)).window == end.window
    assert View().panned(1, plot_of()) == View()


def test_a_cursor_that_leaves_a_window_takes_it_along():
    view = View(cursor=299.0, window=(100.0, 300.0))

    moved = view.moved(3, plot_of(view))

    assert moved.window == (200, 400)
    assert moved.cursor is not None
    assert 299 < moved.cursor < 400


def test_one_leaves_the_range_then_the_cursor_then_the_zoom():
    view: View | None = View(cursor=5.0, begin=4.0, window=(0.0, 9.0))
    left = []
    while view is not None:
        left.append((view.begin, view.cursor, view.window))
        view = view.left()

    assert left == [(4, 5, (0, 9)), (None, 5, (0, 9)), (None, None, (0, 9)), (None, None, None)]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("moved"), st.integers(-100, 100).filter(bool)),
        st.tuples(st.just("zoomed"), st.sampled_from([0.1, 0.5, 2, 10])),
        st.tuples(st.just("panned"), st.sampled_from([-1, 1])),
        st.tuples(st.just("ranged"), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(acts=ACTS)
def test_whatever_is_done_the_window_lies_within_what_there_is(acts):
    view = View()
    for name, value in acts:
        plot = drawn(WHOLE, width=40, height=8, look=Look(window=view.window)).plot
        if plot is None:
            return  # between two points: nothing is there to move in
        view = getattr(view, name)(*(() if value is None else (value,)), plot)
        low, high = view.window or (0, 999)
        assert 0 <= low < high <= 999


def test_in_the_widest_window_there_is_the_cursor_stays_a_number():
    from orp_tui.charts.lines import RunSeries
    from orp_tui.core.series import Series

    wide = RunSeries("a", {"loss": Series.of("loss", [-1e308, 0, 1e308], [1, 2, 3])})
    view = View(cursor=-7e307, window=(-7.5e307, -2.5e307))
    plot = drawn(WHOLE, wide, look=Look(window=view.window)).plot
    if plot is not None:
        assert math.isfinite(view.moved(-10, plot).cursor)
    assert math.isfinite(View(cursor=1e308).moved(10, drawn(wide).plot).cursor)
