"""Several lines in one chart: told apart without colours, in a legend that hides none of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import drawn, lines_of, run, text_of

from orp_tui.charts.legend import Entry, flowing
from orp_tui.charts.lines import Guide
from orp_tui.charts.look import Look
from orp_tui.core.sanitise import cell_width

GOAL = Guide("goal", 0.9, "goal >= 0.9")


def test_every_line_has_its_colour_and_its_mark_in_legend_and_chart():
    picture = drawn(*(run(f"r{place}", [place] * 50) for place in range(6)), height=24).picture
    body = "\n".join(lines_of(picture)[2:])

    for mark, name in zip("●▲■◆▼★", ("r0", "r1", "r2", "r3", "r4", "r5"), strict=True):
        assert f"{mark} {name}" in picture.plain()
        assert mark in body
    assert {f"line{place}" for place in range(6)} <= {span.role for row in picture.rows for span in row}


def test_more_lines_than_can_be_told_apart_are_counted_in_words():
    assert "2 more lines not drawn" in text_of(*(run(f"r{place}", [place]) for place in range(8)))


def test_runs_of_different_length_share_one_axis():
    lines = lines_of(drawn(run("long", [1] * 1000), run("short", [2] * 100), height=12).picture)

    marks = [line.rindex("▲") for line in lines[2:] if "▲" in line]
    assert max(marks) < 25


def test_over_the_time_since_the_start_runs_begin_together():
    apart = [run("a", range(100)), run("b", range(100), start=5000)]

    together = drawn(*apart, look=Look(axis="since")).plot
    by_clock = drawn(*apart, look=Look(axis="wall")).plot

    assert together.extent == (0, 99)
    assert by_clock.extent == (1.7e9, 1.7e9 + 5099)


def test_over_epochs_runs_with_other_numbers_of_steps_are_compared():
    small = run("a", range(100), epochs=[step / 10 for step in range(100)])
    large = run("b", range(1000), epochs=[step / 100 for step in range(1000)])
    without = run("c", range(10))

    drawing = drawn(small, large, without, look=Look(axis="epoch"))

    assert drawing.plot.extent == pytest.approx((0, 9.99))
    assert "1 line without epoch" in drawing.picture.plain()


def test_seeds_are_a_line_with_a_band_that_never_hides_it():
    runs = [
        run(f"s{seed}", [step + 40 * seed for step in range(100)], seeds="s", group="g") for seed in range(3)
    ]

    picture = drawn(*runs).picture
    text = picture.plain()

    assert "● g median of 3 seeds 139" in text
    assert "░" in text
    alone = drawn(runs[1]).picture.plain()
    assert sum(char > "⠀" and char < "⣿" for char in text) > 0
    assert "░" not in alone
    assert "░" not in drawn(*runs, apart=True).picture.plain()
    assert ":" in drawn(*runs, look=Look("ascii")).picture.plain().split("\n")[9]


def test_a_band_fills_from_its_lowest_to_its_highest_member():
    runs = [run(f"s{seed}", [value] * 50, seeds="s", group="g") for seed, value in enumerate((0, 5, 10))]
    drawing = drawn(*runs)
    frame = drawing.plot.frame
    column = frame.left + frame.cell(25)
    cells = [lines_of(drawing.picture)[2 + row].ljust(column + 1)[column] for row in range(frame.rows)]

    shaded = [row for row, char in enumerate(cells) if char == "░"]
    assert (min(shaded), max(shaded)) == (frame.row(10), frame.row(0))
    assert set(range(frame.row(10), frame.row(0) + 1)) - set(shaded) == {frame.row(5)}


def test_a_goal_that_is_near_is_a_line_with_its_words_and_one_that_is_far_an_arrow():
    near = text_of(run("", [step / 100 for step in range(80)]), guides=[GOAL])
    far = text_of(run("", [step / 100 for step in range(20)]), guides=[GOAL])

    assert sum("╌" * 20 in line for line in near.split("\n")) == 1
    assert " goal >= 0.9 ╌" in near or "goal >= 0.9" in near.split("\n")[1]
    assert "╌" * 20 not in far
    assert "goal >= 0.9 ↑" in far.split("\n")[1]


def test_goals_take_blank_cells_only():
    values = [0.9] * 100
    bare, guided = (drawn(run("", values), guides=guides).picture for guides in ((), [GOAL]))

    for before, after in zip(lines_of(bare)[1:], lines_of(guided)[1:], strict=True):
        assert all(new == old for old, new in zip(before, after, strict=False) if old != " ")


def test_a_baseline_is_dotted_and_said_in_the_title():
    text = text_of(run("", [0.0, 1.0]), guides=[Guide("baseline", 0.5, "baseline 0.5")])

    assert "┈ baseline 0.5" in text.split("\n")[0]
    assert "┈" * 10 in text


def test_on_a_logarithmic_scale_a_goal_of_zero_is_told_and_not_drawn():
    text = text_of(run("", [1, 10]), look=Look(log=True), guides=[Guide("goal", 0.0, "goal <= 0")])

    assert "goal <= 0 ↓" in text


def test_not_finite_values_are_named_by_their_run():
    runs = [run("good", [1, 2, 3]), run("bad", [1, float("nan"), float("inf")])]

    assert lines_of(drawn(*runs).picture)[-1] == "! bad: not finite 2, from 1"


def test_a_zoom_says_what_it_shows_and_reads_the_raw_points_there():
    drawing = drawn(run("", [step % 2 for step in range(100_000)]), look=Look(window=(500.0, 520.0)))

    assert lines_of(drawing.picture)[0] == "loss  1  n=21  only step 500–520"
    assert list(drawing.plot.curves[0].points) == [(float(step), float(step % 2)) for step in range(500, 521)]


def test_a_zoom_into_nothing_says_so():
    assert "no finite value here" in text_of(run("", [1, 2, 3]), look=Look(window=(1.2, 1.8)))


@settings(max_examples=200, deadline=None)
@given(
    names=st.lists(st.text(max_size=12), min_size=1, max_size=6), values=st.text(alphabet="0123456789.…", max_size=9),
    width=st.integers(1, 90), rows=st.integers(1, 4), notes=st.text(max_size=20),
)  # fmt: skip
def test_a_legend_fits_its_room_and_shows_every_mark_it_has_room_for(names, values, width, rows, notes):
    from orp_tui.core.sanitise import one_line

    entries = [
        Entry(f"{mark} ", one_line(name), values, "line0")
        for mark, name in zip("●▲■◆▼★", names, strict=False)
    ]

    found = flowing(entries, [], one_line(notes), width, rows)

    assert 1 <= len(found) <= rows
    texts = ["".join(span.text for span in row) for row in found]
    assert all(cell_width(text) <= width for text in texts)
    if width >= 60:
        assert all(entry.sign.strip() in "".join(texts) for entry in entries) or "more" in texts[-1]


def test_the_title_names_the_columns_that_are_really_drawn():
    values = [1e6 + step % 7 for step in range(50_000)]
    for window in (None, (100.0, 40_000.0)):
        drawing = drawn(run("", values), look=Look(window=window))
        columns = drawing.plot.frame.cells * 2

        assert drawing.plot.curves[0].members[0].columns == columns
        assert f"as {columns} columns" in lines_of(drawing.picture)[0]


def test_in_ascii_every_row_still_fits_whatever_a_name_holds():
    for name in ("a\u0301" * 30, "漢字" * 20, "\u202ex\ud800"):
        picture = drawn(run(name, [1, 2]), run(f"{name} b", [3]), width=40, look=Look("ascii")).picture

        assert picture.plain().isascii()
        assert all(len("".join(span.text for span in row)) <= 40 for row in picture.rows)


def test_time_stamps_that_are_no_times_overflow_nothing():
    from orp_tui.charts.lines import RunSeries
    from orp_tui.core.series import Series

    odd = RunSeries("a", {"loss": Series.of("loss", [0, 1, 2], [1, 2, 3], [-1e308, 5, 1e308])})

    assert "n=3" in text_of(odd, look=Look(axis="since"))
