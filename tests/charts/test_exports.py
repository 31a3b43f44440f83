"""A chart as a file: well formed whatever a name holds, with all lines and nothing made up."""

from __future__ import annotations

import csv
import io
import math
import sys
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import run

from orp_tui.charts.export_csv import csv_of
from orp_tui.charts.export_png import png_of
from orp_tui.charts.export_svg import svg_of
from orp_tui.charts.lines import Chart, Guide
from orp_tui.charts.look import Look
from orp_tui.core.errors import MissingExtra
from orp_tui.core.series import Series

SVG = "{http://www.w3.org/2000/svg}"


def parsed(charts: list[Chart], look: Look | None = None) -> ET.Element:
    return ET.fromstring(svg_of(charts, look or Look()))


def texts(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_an_svg_has_every_line_with_its_mark_its_name_and_its_value():
    chart = Chart.of_runs("loss", [run("a", range(50)), run("b", [5] * 50)])

    root = parsed([chart])

    lines = list(root.iter(f"{SVG}polyline"))
    assert len({line.get("stroke") for line in lines}) == len(lines) == 2
    assert {"a: 49", "b: 5", "loss, n=100", "step"} <= set(texts(root))
    assert len(list(root.iter(f"{SVG}circle"))) > 5


def test_an_svg_is_reduced_to_its_pixels_with_extremes_kept():
    values = [0.0] * 100_000
    values[50_000] = 7.0
    (line,) = parsed([Chart.of([Series.of("loss", range(100_000), values)])]).iter(f"{SVG}polyline")

    ys = [float(point.partition(",")[2]) for point in (line.get("points") or "").split()]

    assert len(ys) < 2_000
    assert max(ys) - min(ys) > 250
    assert sum(y == min(ys) for y in ys) == 1


def test_an_svg_shows_seeds_goals_and_what_is_not_finite():
    runs = [run(f"s{seed}", [seed, seed + 1, math.nan, 2], seeds="s", group="g") for seed in range(3)]
    guides = [Guide("goal", 1.5, "goal <= 1.5"), Guide("baseline", 99.0, "baseline 99")]

    root = parsed([Chart.of_runs("loss", runs, guides)])

    assert len(list(root.iter(f"{SVG}polygon"))) == 1
    assert {"goal <= 1.5", "baseline 99 ↑", "g: median of 3 seeds 2"} <= set(texts(root))
    assert any(text.startswith("! s0: not finite 1, from 2") for text in texts(root))
    assert [path for path in root.iter(f"{SVG}path") if path.get("stroke") == "#b00020"]


def test_several_charts_stand_one_below_the_other():
    charts = [Chart.of([Series.of(name, range(3), range(3))]) for name in ("a", "b", "c")]

    root = parsed(charts)

    assert root.get("height") == str(3 * 420)
    heads = [float(text.get("y") or 0) for text in root.iter(f"{SVG}text") if text.get("font-weight")]
    assert heads == sorted(heads)
    assert len(heads) == 3


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=30),
    values=st.lists(st.floats(), max_size=20),
    log=st.booleans(),
    smoothing=st.sampled_from([0.0, 0.9]),
)
def test_any_name_and_any_values_give_an_svg_that_parses_and_a_csv_that_is_read_back(
    name, values, log, smoothing
):
    chart = Chart.of([Series.of(name, range(len(values)), values)])

    root = parsed([chart], Look(log=log, smoothing=smoothing))
    rows = list(csv.reader(io.StringIO("".join(csv_of([chart], Look())))))

    for element in root.iter():
        for value in element.attrib.values():
            assert "nan" not in value
            assert "inf" not in value.split("family")[0]
    assert len(rows) == len(values) + 1
    assert [repr(float(row[4])) for row in rows[1:]] == [repr(value) for value in values]


def test_a_script_in_a_name_stays_text():
    root = parsed([Chart.of_runs("loss", [run("<script>alert(1)</script>\"'&", [1, 2]), run("b", [1])])])

    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>alert(1)</script>" in text for text in texts(root))


def test_a_csv_has_the_raw_points_of_the_window_with_the_run_and_the_time():
    chart = Chart.of_runs("loss", [run("a", range(30_000)), run("b", [math.nan, 1])])

    rows = list(csv.reader(io.StringIO("".join(csv_of([chart], Look(window=(0.0, 25_000.0)))))))

    assert rows[0] == ["metric", "run", "step", "time", "value"]
    assert len(rows) == 1 + 25_001 + 2
    assert rows[-2] == ["loss", "b", "0", "1700000000.0", "nan"]
    assert rows[25_001][2:5:2] == ["25000", "25000.0"]


def test_a_png_without_matplotlib_is_an_error_that_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingExtra, match=r"pip install 'open-research-pipeline\[report\]'"):
        png_of([Chart.of([Series.of("a", [1], [1])])], Look())


def test_a_png_is_one_wherever_matplotlib_is_installed():
    pytest.importorskip("matplotlib", reason="the extra `report` is not installed")
    runs = [run(f"s$^{seed}", [seed, seed + 1, math.nan, 2], seeds="s", group="$g_$") for seed in range(3)]
    guides = [Guide("goal", 1.5, "goal <= 1.5")]
    charts = [Chart.of_runs("loss", [*runs, run("x", [1])], guides), Chart.of([Series.of("empty", [], [])])]

    for look in (Look(), Look(log=True, smoothing=0.5), Look(axis="epoch")):
        assert png_of(charts, look).startswith(b"\x89PNG")
