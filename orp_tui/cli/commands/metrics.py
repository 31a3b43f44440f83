"""`orp metrics`: what a training measured, as a table, as charts, or for a program."""

from __future__ import annotations

import csv
import fnmatch
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.plot_options import plot_options, read_plotting
from orp_tui.cli.progress import progress_bar
from orp_tui.cli.run_argument import run_argument
from orp_tui.cli.verbs import WithVerbs
from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.series import Series
from orp_tui.core.words import counted

if TYPE_CHECKING:
    from orp_tui.cli.plot_options import PlotWishes
    from orp_tui.metrics.sources import SourceSpec
    from orp_tui.services.metric_source import Metrics


class _Metrics(WithVerbs):
    verbs: ClassVar = {
        "test": ("orp_tui.cli.commands.metrics_test", "Which lines of a log are read as metrics, and as what")
    }


@click.command("metrics", cls=_Metrics)
@run_argument("references", metavar="RUN|FILE|FOLDER…", files=True, many=True)
@click.option(
    "-m", "--metric", "wanted", metavar="NAME", multiple=True, help="Only these; * and ? match. Repeatable."
)
@plot_options
@click.option(
    "--chain/--no-chain",
    default=True,
    help="With a run that goes on from others: all as one curve, or it alone. [default: chain]",
)
@click.option("--csv", "as_csv", is_flag=True, help="The table as CSV.")
@click.option("--points", is_flag=True, help="With --csv or --json: every point instead of the summary.")
@base_dir
@as_json
def command(
    references: tuple[str, ...], wanted: tuple[str, ...], chain: bool, as_csv: bool, points: bool,
    base_dir: str | None, as_json: bool, **plotting: Any,  # Any: as `plot_options` declares them
) -> None:  # fmt: skip
    """Show what a training measured: of each metric its steps, last, least and greatest value.

    RUN is a run, also one of which only the zip is left. FILE is a file of JSON lines, a CSV, an event
    file of TensorBoard, a .wandb file, a trainer_state.json, a database of MLflow or trackio, a log, or a zip
    of them; FOLDER any folder with such files, also one that no run made. Several of them are drawn
    together with --plot: runs of one batch that differ by their seed as their median with a band.
    """
    wishes = read_plotting(**plotting)
    if wishes.plot + as_csv + as_json > 1:
        raise UsageError("--plot, --csv and --json are three answers; ask for one")
    if points and not (as_csv or as_json):
        raise UsageError("--points goes with --csv or --json")
    if len(references) > 1 and not wishes.plot:
        raise UsageError("several runs are drawn together with --plot; ask for the numbers of one at a time")
    from orp_tui.services.metric_source import find_metrics, read_metrics

    every = []
    for reference in references:
        place = find_metrics(reference, base_dir=base_dir, chain=chain)
        with progress_bar(one_line(place.run_id or reference, 40)) as progress:
            every.append(read_metrics(place, progress, every_point=points))
    if wishes.plot:
        _plot(references, every, wanted, wishes, base_dir)
    else:
        _show(every[0], wanted, as_csv=as_csv, as_json=as_json, points=points)
    for found in every:
        _tell(found)


def _show(found: Metrics, wanted: Sequence[str], *, as_csv: bool, as_json: bool, points: bool) -> None:
    chosen = _chosen(found.series, wanted)
    sources = {name: found.origins[name].source for name in chosen}
    if as_json:
        output.emit_json(_json(found, chosen, points=points))
    elif as_csv:
        for part in _points_csv(chosen) if points else [_summary_csv(chosen, sources)]:
            output.emit(part)
    elif chosen:
        output.emit(_table(chosen, sources))


def _plot(
    references: Sequence[str],
    every: Sequence[Metrics],
    wanted: Sequence[str],
    wishes: PlotWishes,
    base_dir: str | None,
) -> None:
    from orp_tui.cli.plotting import plot
    from orp_tui.services.chart_lines import read_runs

    places = [(found.place.run_id, reference) for found, reference in zip(every, references, strict=True)]
    runs, guides = read_runs(places, [found.series for found in every], base_dir=base_dir)
    names = dict.fromkeys(name for found in every for name in _names(found, wanted, len(every) > 1))
    if wanted and not names:
        _chosen({name: one for found in every for name, one in found.series.items()}, wanted)
    plot(runs, list(names), wishes, guides, named=bool(wanted))


def _names(found: Metrics, wanted: Sequence[str], is_one_of_many: bool) -> list[str]:
    """The metrics of one of the runs; one of several need not have all that is asked for."""
    if not is_one_of_many:
        return list(_chosen(found.series, wanted))
    return [
        name for name in found.series if not wanted or any(fnmatch.fnmatchcase(name, one) for one in wanted)
    ]


def _chosen(series: Mapping[str, Series], wanted: Sequence[str]) -> dict[str, Series]:
    """The metrics that were asked for; a name that is none is an error that lists some that are."""
    if not wanted:
        return dict(series)
    chosen: dict[str, Series] = {}
    for pattern in wanted:
        matches = [name for name in series if name == pattern] or fnmatch.filter(series, pattern)
        if not matches:
            known = ", ".join(one_line(name, 40) for name in list(series)[:10]) or "none"
            raise UsageError(f"no metric {pattern!r}; there are: {known}")
        chosen |= {name: series[name] for name in matches}
    return chosen


def _table(series: Mapping[str, Series], sources: Mapping[str, SourceSpec]) -> str:
    """With a column of sources where there is more than one."""
    headings: tuple[str, ...] = ("METRIC", "POINTS", "STEPS", "LAST", "MIN", "AT", "MAX", "AT", "NOT FINITE")
    rows = [_row(one) for one in series.values()]
    if len({source.key for source in sources.values()}) > 1:
        headings = (*headings, "SOURCE")
        rows = [(*row, one_line(sources[name].words, 60)) for row, name in zip(rows, series, strict=True)]
    return output.table(headings, rows)


def _row(series: Series) -> tuple[str, ...]:
    from orp_tui.metrics.names import measured

    found = series.summary
    last, lowest, highest = (
        measured(series.name, value) for value in (found.last, found.lowest, found.highest)
    )
    has_finite = found.non_finite < found.count
    bad = f"{found.non_finite:,}, first at {_step(found.first_non_finite_step)}" if found.non_finite else "-"
    return (
        one_line(series.name, 48).strip() or "(no name)",
        f"{found.count:,}",
        f"{_step(found.first_step)}–{_step(found.last_step)}",
        last,
        lowest if has_finite else "-",
        _step(found.lowest_step) if has_finite else "-",
        highest if has_finite else "-",
        _step(found.highest_step) if has_finite else "-",
        bad,
    )


def _step(step: float) -> str:
    """A whole one without a point."""
    return f"{step:,.0f}" if step == round(step) and abs(step) < 1e15 else f"{step:g}"


_FIELDS = (
    "metric", "count", "first_step", "last_step", "last", "min", "min_step", "max", "max_step", "non_finite",
    "first_non_finite_step", "source", "kind",
)  # fmt: skip


def _facts(series: Series, source: SourceSpec) -> dict[str, Any]:  # Any: texts and numbers
    found = series.summary
    return dict(
        zip(
            _FIELDS,
            (
                series.name, found.count, found.first_step, found.last_step, found.last, found.lowest, found.lowest_step,
                found.highest, found.highest_step, found.non_finite, found.first_non_finite_step,
                source.words, source.kind,
            ),
            strict=True,
        )
    )  # fmt: skip


def _summary_csv(series: Mapping[str, Series], sources: Mapping[str, SourceSpec]) -> str:
    """Steps and values that there are none of are empty; a last value of NaN is `nan`."""
    rows = [
        [_cell(value, keep=field == "last") for field, value in _facts(one, sources[name]).items()]
        for name, one in series.items()
    ]
    return _csv([_FIELDS, *rows])


def _points_csv(series: Mapping[str, Series]) -> Iterator[str]:
    """Line by line, some thousand lines at a time."""
    yield _csv([("metric", "step", "time", "value")])
    for one in series.values():
        for block in one.blocks:
            points = zip(block.steps, block.times, block.values, strict=True)
            yield _csv(
                [
                    (_cell(one.name), _cell(step), _cell(time), _cell(value, keep=True))
                    for step, time, value in points
                ]
            )


def _cell(value: Any, *, keep: bool = False) -> str:  # Any: texts and numbers
    """NaN is empty unless it is to be kept; a name is as it is for a program, and harmless on a terminal."""
    if isinstance(value, float):
        return "" if value != value and not keep else repr(value)
    return sanitise(str(value)) if sys.stdout.isatty() else str(value)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")


def _json(found: Metrics, series: Mapping[str, Series], *, points: bool) -> dict[str, Any]:  # Any: as JSON
    metrics = []
    for name, one in series.items():
        facts = _facts(one, found.origins[name].source)
        if points:
            blocks = one.blocks
            facts |= {
                "steps": [step for block in blocks for step in block.steps],
                "times": [time for block in blocks for time in block.times],
                "values": [value for block in blocks for value in block.values],
            }
        metrics.append(facts)
    return {
        "source": found.place.reference,
        "run": found.place.run_id,
        "runs": list(found.place.runs),
        "sources": [
            {"kind": source.kind, "label": source.words, "path": source.path} for source in found.sources
        ],
        "primary": found.place.primary,
        "metrics": metrics,
        "bad_records": found.bad,
        "first_bad": found.first_bad or None,
        "troubles": list(found.troubles),
    }


def _tell(found: Metrics) -> None:
    """What a person should know beside the data."""
    if not found.series:
        whose = found.place.run_id or found.place.reference
        output.say(
            f"{one_line(whose)} has logged no metrics; `from orp_tui import log; log(step, loss=loss)` does"
        )
    if len(found.place.runs) > 1:
        runs = ", ".join(found.place.runs)
        output.say(
            f"one curve of {counted(len(found.place.runs), 'run')}: {runs}; --no-chain shows the last alone"
        )
    for words in found.troubles:
        output.say(one_line(words, 300))
    if found.bad:
        from orp_tui.metrics.collecting import others

        output.say(f"passed over: {found.first_bad}{others(found.bad)}")
