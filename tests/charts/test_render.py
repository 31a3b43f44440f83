"""A chart is drawn whatever the values and the size, says what it shows, and passes nothing on."""

from __future__ import annotations

import math
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.charts.picture import Picture
from orp_tui.charts.render import draw as draw_chart
from orp_tui.core.sanitise import cell_width
from orp_tui.core.series import Series

NUMBERS = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(),
    st.sampled_from([1e308, -1e308, 5e-324, 1e-300, 1.0000000001, math.nan, math.inf]),
)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=25)
LOOKS = st.builds(
    Look,
    markers=st.sampled_from(["braille", "block", "ascii"]),
    log=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.5, 0.99]),
    axis=st.sampled_from(["step", "epoch", "since", "wall"]),
    window=st.one_of(st.none(), st.tuples(st.integers(-3, 0), st.integers(0, 3)), st.just((-1e308, 1e308))),
)


def draw(series, width, height, look=None) -> Picture:
    return draw_chart(Chart.of(series), width, height, look).picture


def series_of(points, name="loss"):
    return Series.of(name, *([point[part] for point in points] for part in (0, 1, 2)))


def lines_of(picture: Picture) -> list[str]:
    return picture.plain().split("\n")


def roles_of(picture: Picture) -> set[str]:
    return {span.role for row in picture.rows for span in row if span.text.strip()}


LOSS = Series.of(
    "loss", range(100), [1 / (step + 1) for step in range(100)], [1.7e9 + 60 * step for step in range(100)]
)


@settings(max_examples=150, deadline=None)
@given(curves=st.lists(POINTS, max_size=3), width=st.integers(0, 70), height=st.integers(0, 14), look=LOOKS)
def test_any_values_in_any_size_give_a_picture_that_fits(curves, width, height, look):
    picture = draw([series_of(points) for points in curves], width, height, look)

    assert len(picture.rows) <= height
    for row in picture.rows:
        text = "".join(span.text for span in row)
        assert cell_width(text) <= width
        assert text.isprintable()
        assert look.markers != "ascii" or text.isascii()


def test_the_title_says_how_many_points_are_drawn_as_how_many_columns():
    series = Series.of("loss", range(100_000), [1.0] * 100_000)

    assert lines_of(draw([series], 125, 10))[0] == "loss  1  n=100,000 as 240 columns min/max"
    assert lines_of(draw([LOSS], 80, 10))[0] == "loss  0.01  n=100"


@pytest.mark.parametrize(
    ("width", "title"),
    [
        (80, "val/loss  0.01  n=1,000 as 148 columns min/max  log, smoothed 0.9"),
        (60, "val/loss  0.01  n=1,000 as 108 columns  log, smoothed 0.9"),
        (50, "val/loss  0.01  n=1,000 as 88  log, smoothed 0.9"),
        (40, "val/loss  0.01  log, smoothed 0.9"),
        (20, "val/loss  0.01"),
        (8, "val/loss"),
        (6, "val/l…"),
    ],
)
def test_a_title_without_room_says_less(width, title):
    series = Series.of("val/loss", range(1000), [0.01] * 1000)

    assert lines_of(draw([series], width, 9, Look(log=True, smoothing=0.9)))[0] == title


def test_a_spike_of_one_point_in_a_million_is_seen():
    flat = Series.of("a", range(1_000_000), [0.0] * 1_000_000)
    values = [0.0] * 1_000_000
    values[500_000] = 1.0
    spiked = Series.of("a", range(1_000_000), values)

    rows = lines_of(draw([spiked], 60, 12))[1:-2]

    assert rows != lines_of(draw([flat], 60, 12))[1:-2]
    middle = [row[28:36].strip() for row in rows]
    assert all(middle)


def test_nan_is_marked_on_the_axis_and_its_first_step_named():
    values = [math.nan if step in (30, 60) else 1.0 for step in range(100)]

    lines = lines_of(draw([Series.of("loss", range(100), values)], 60, 10))

    assert lines[-1] == "! NaN or infinite: 2, first at step 30"
    axis = next(line for line in lines if "└" in line)
    places = [place for place, char in enumerate(axis) if char == "!"]
    assert len(places) == 2
    left, right = axis.index("└") + 1, len(axis) - 1
    assert [round((place - left) / (right - left), 1) for place in places] == [0.3, 0.6]


def test_a_line_breaks_where_there_is_nothing_but_nan():
    values = [1.0] * 40 + [math.nan] * 20 + [1.0] * 40
    whole = lines_of(draw([Series.of("a", range(100), [1.0] * 100)], 60, 10))
    broken = lines_of(draw([Series.of("a", range(100), values)], 60, 11))

    line = max(whole[1:-2], key=lambda row: sum(char >= "⠀" for char in row))
    torn = max(broken[1:-3], key=lambda row: sum(char >= "⠀" for char in row))
    assert " " not in line.split("┤")[-1].strip()
    assert torn.split("┤")[-1].strip().count("     ") >= 1


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ([], "no value yet"),
        ([math.nan, math.inf], "no finite value yet"),
    ],
)
def test_without_a_finite_value_it_says_so(series, said):
    assert said in draw([Series.of("a", range(len(series)), series)], 40, 8).plain()


def test_a_single_point_is_seen_with_its_step():
    text = draw([Series.of("a", [7], [0.5])], 40, 8).plain()

    assert "●" in text
    assert text.rstrip().endswith("7")


def test_a_constant_series_is_a_line_in_the_middle():
    lines = lines_of(draw([Series.of("a", range(10), [5.0] * 10)], 40, 10))

    assert any(line.startswith("5.0┤") and len(line) > 30 for line in lines)


def test_a_log_scale_has_powers_of_ten_and_says_what_it_leaves_out():
    series = Series.of("a", range(4), [1e-4, 1.0, 1e4, -1.0])

    text = draw([series], 70, 12, Look(log=True)).plain()

    assert "log, without 0 and less" in text
    assert "1e4┤" in text
    assert "no log: nothing above 0" in draw([Series.of("a", [1], [-1])], 70, 12, Look(log=True)).plain()


def test_smoothing_draws_a_line_over_the_dim_raw_one():
    values = [step % 2 for step in range(200)]

    assert roles_of(draw([Series.of("a", range(200), values)], 60, 12)) == {"title", "axis", "line0"}
    smooth = draw([Series.of("a", range(200), values)], 60, 12, Look(smoothing=0.9))
    assert roles_of(smooth) == {"title", "axis", "dim", "line0"}


def test_several_series_differ_in_role_and_in_mark():
    other = Series.of("val/loss", range(100), [1.0] * 100)

    for markers, marks in (("braille", "●▲"), ("ascii", "*o")):
        picture = draw([LOSS, other], 70, 14, Look(markers=markers))
        assert {"line0", "line1"} <= roles_of(picture)
        body = "\n".join(lines_of(picture)[1:])
        assert all(mark in body for mark in marks)
        assert lines_of(picture)[0].split() == [marks[0], "loss", "0.01", marks[1], "val/loss", "1"]


@pytest.mark.parametrize(
    ("axis", "labels"), [("since", ["30m", "1h00m", "1h30m"]), ("step", ["20", "40", "60"])]
)
def test_below_stand_steps_or_times(axis, labels):
    last = lines_of(draw([LOSS], 70, 12, Look(axis=axis)))[-1]

    assert set(labels) <= set(last.split())


def test_without_time_stamps_the_axis_stays_at_steps_and_says_so():
    text = draw([Series.of("a", range(50), range(50))], 70, 12, Look(axis="wall")).plain()

    assert "no time stamps" in text
    assert "20" in text.split("\n")[-1].split()


def test_blocks_and_ascii_use_their_own_signs():
    block, plain = (draw([LOSS], 60, 12, Look(markers=markers)).plain() for markers in ("block", "ascii"))

    assert set(block) & set("▘▝▖▗▀▄█▌▐▚▞▙▛▜▟")
    assert plain.isascii()
    assert "*" in plain


def test_hostile_names_are_drawn_without_their_sequences():
    name = "\x1b]0;owned\x07\x1b[2J[red]loss[/]\n\u202e" + "a\u0301" * 50
    picture = draw([Series.of(name, range(5), range(5)), Series.of(name, [1], [math.nan])], 60, 12)

    assert all(char.isprintable() for row in picture.rows for span in row for char in span.text)
    assert "[red]" in picture.plain()


def test_a_drawing_leaves_nothing_for_the_next_and_threads_take_turns():
    expected = draw([LOSS], 60, 12)
    other = Series.of("other", range(10), range(10))
    found: list[Picture] = []

    def work(series):
        for _ in range(5):
            found.append(draw([series], 60, 12))

    threads = [threading.Thread(target=work, args=(series,)) for series in (LOSS, other, LOSS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found.count(expected) == 10
    assert draw([LOSS], 60, 12) == expected


def test_a_picture_for_a_terminal_has_its_sixteen_colours_and_ends_each():
    text = draw([LOSS], 60, 12).ansi()

    assert "\x1b[36m" in text
    assert text.count("\x1b[0m") == text.count("\x1b[") - text.count("\x1b[0m")


@pytest.mark.parametrize("width", range(40, 60, 3))
def test_the_columns_of_a_dense_line_leave_no_holes(width):
    values = [step % 2 for step in range(10_000)]

    lines = lines_of(draw([Series.of("a", range(10_000), values)], width, 12))

    middle = lines[5][lines[5].index("│") + 1 :] if "│" in lines[5] else lines[5][lines[5].index("┤") + 1 :]
    assert set(middle) == {"⣿"}
    assert len(lines[5]) == width


def test_events_of_the_ends_stand_at_the_ends_of_the_axis():
    values = [math.nan, *[1.0] * 98, math.nan]

    axis = next(line for line in lines_of(draw([Series.of("a", range(100), values)], 60, 10)) if "└" in line)

    assert axis[axis.index("└") + 1] == "!"
    assert axis[-1] == "!"
    assert axis.count("!") == 2


@pytest.mark.parametrize(("markers", "unit"), [("braille", "µs"), ("ascii", "us")])
@pytest.mark.parametrize("axis", ["since", "wall"])
def test_some_microseconds_have_ticks_with_a_unit(markers, unit, axis):
    times = [1.7e9 + place * 1e-6 for place in range(0, 50, 5)]
    quick = Series.of("loss", range(10), range(10), times)
    ticks = lines_of(draw([quick], 80, 12, Look(axis=axis, markers=markers)))[-1].split()

    assert len(ticks) > 1
    assert all(":" in tick if axis == "wall" else tick.endswith(unit) or tick == "0" for tick in ticks)
