"""A chart goes into the file that was named, whole or not at all."""

from __future__ import annotations

import pytest

from orp_tui.charts.lines import Chart
from orp_tui.charts.look import Look
from orp_tui.core.errors import OrpError, UsageError
from orp_tui.core.series import Series
from orp_tui.services.chart_export import free_name, write_charts

CHARTS = [Chart.of([Series.of("val/loss", range(5), range(5))])]


@pytest.mark.parametrize(("name", "begin"), [("a.svg", "<?xml"), ("b.CSV", "metric,run")])
def test_the_end_of_the_name_says_the_format(tmp_path, name, begin):
    found = write_charts(CHARTS, Look(), str(tmp_path / name))

    assert found == tmp_path / name
    assert found.read_text().startswith(begin)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_another_end_is_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(UsageError, match=r"\.svg, \.png, \.csv"):
        write_charts(CHARTS, Look(), str(tmp_path / "a.pdf"))


def test_a_file_that_is_there_is_replaced_only_if_that_is_meant(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text("mine")

    with pytest.raises(UsageError, match="is there already"):
        write_charts(CHARTS, Look(), str(path), over=False)
    assert path.read_text() == "mine"
    write_charts(CHARTS, Look(), str(path))
    assert path.read_text() != "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(OrpError, match="No such file"):
        write_charts(CHARTS, Look(), str(tmp_path / "none" / "a.svg"))


def test_a_name_that_is_free_is_made_of_the_metric_and_nothing_else_of_it(tmp_path):
    assert free_name("val/loss", tmp_path) == "val-loss.svg"
    (tmp_path / "val-loss.svg").touch()
    assert free_name("val/loss", tmp_path) == "val-loss-2.svg"
    assert free_name("../../etc/\x1b]passwd", tmp_path) == "etc-passwd.svg"
    assert free_name("///", tmp_path) == "chart.svg"
