"""What a person does with the chart beyond its own pane: find a metric, go to the log, write a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import work

from orp_tui.core.errors import OrpError
from orp_tui.tui.screens.dialogs import AskLine
from orp_tui.tui.screens.outside import short_path
from orp_tui.tui.screens.panes import Panes
from orp_tui.tui.widgets.metric_chart import MetricChart
from orp_tui.tui.widgets.prompt_line import PromptLine

if TYPE_CHECKING:
    from orp_tui.charts.lines import Chart
    from orp_tui.charts.look import Look


class ChartVerbs(Panes):
    """A screen with a chart and a log."""

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
        try:
            folder = Path.cwd()
        except OSError:
            folder = Path.home()  # the folder the dashboard was started in is gone
        from orp_tui.services.chart_export import free_name

        def answered(name: str | None) -> None:
            if name and name.strip():
                self._write(charts, look, folder / Path(name.strip()).expanduser())

        hint = f".svg and .png are the chart, .csv its points; into {short_path(folder)}"
        title = "Write the chart to a file"
        self.app.push_screen(AskLine(title, value=free_name(charts[0].name, folder), hint=hint), answered)

    @work(thread=True, exit_on_error=False, group="write", description="write the chart")
    def _write(self, charts: Sequence[Chart], look: Look, path: Path) -> None:
        from orp_tui.services.chart_export import write_charts

        try:
            said = f"wrote {write_charts(charts, look, str(path), over=False)}"
        except OrpError as error:
            self.app.call_from_thread(self.orp.say, str(error), severity="error")
        else:
            self.app.call_from_thread(self.orp.say, said)
