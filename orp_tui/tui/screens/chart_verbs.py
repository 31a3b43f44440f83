"""What a person does with a chart beyond its own pane: find a metric, write a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from orp_tui.core.errors import OrpError
from orp_tui.tui.screens.dialogs import AskLine
from orp_tui.tui.screens.outside import Outside, short_path
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.prompt_line import PromptLine

if TYPE_CHECKING:
    from orp_tui.charts.lines import Chart
    from orp_tui.charts.look import Look


class ChartVerbs(Outside):
    """A screen with a chart."""

    def action_filter_chart(self) -> None:
        chart = self.query_one(MetricChart)
        self.query_one(PromptLine).ask(
            "metric:", chart.filter_words, lambda words: setattr(chart, "filter_words", words)
        )

    def action_write_chart(self) -> None:
        chart = self.query_one(MetricChart)
        charts, look = chart.charts, chart.look
        if not charts:
            self.orp.say("there is no chart to write", severity="warning")
            return
        folder = here()
        from orp_tui.services.chart_export import free_name

        def answered(name: str | None) -> None:
            if name and name.strip():
                self._write_chart(charts, look, folder / Path(name.strip()).expanduser())

        hint = f".svg and .png are the chart, .csv its points; into {short_path(folder)}"
        title = "Write the chart to a file"
        self.app.push_screen(AskLine(title, value=free_name(charts[0].name, folder), hint=hint), answered)

    @work(thread=True, exit_on_error=False, group="write", description="write the chart")
    def _write_chart(self, charts: Sequence[Chart], look: Look, path: Path) -> None:
        from orp_tui.services.chart_export import write_charts

        try:
            said = f"wrote {write_charts(charts, look, str(path), over=False)}"
        except OrpError as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
        else:
            self.app.call_from_thread(self.orp.say, said)


def here() -> Path:
    """The folder the dashboard was started in, or if that is gone the home."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()
