"""`orp compare`: two runs to fifty side by side, for the eye, a paper, or a program."""

from __future__ import annotations

import dataclasses
import fnmatch
import sys
from typing import TYPE_CHECKING, Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.run_argument import RunType
from orp_tui.core.errors import UsageError
from orp_tui.services.context import Context, open_context

if TYPE_CHECKING:
    from orp_tui.services.comparison.sheet import Sheet
    from orp_tui.services.comparison.values import Comparison

FORMATS = ("text", "md", "csv", "latex", "json")


@dataclasses.dataclass(frozen=True)
class Wishes:
    """What the options say."""

    everything: bool
    metrics: tuple[str, ...]
    steps: str | None
    rows: int
    by: str
    relative: bool
    fold_seeds: bool
    code: bool
    kind: str
    file: str | None
    plot: bool


@click.command("compare")
@click.argument("references", metavar="RUN…", nargs=-1, type=RunType())
@click.option(
    "--filter", "filter_text", metavar="TEXT", help="Also the runs that this filter finds, newest first."
)
@click.option(
    "--baseline", metavar="RUN", type=RunType(), help="What others are compared with. [default: the first]"
)
@click.option("--all", "everything", is_flag=True, help="Also the rows that are the same in all runs.")
@click.option("-m", "--metric", "metrics", metavar="NAME", multiple=True, help="Of metrics only these; * and ? match. Repeatable.")  # fmt: skip
@click.option(
    "--fold-seeds", is_flag=True, help="Runs that differ by their seed alone as one column: mean ± interval."
)
@click.option("--steps", metavar="METRIC", help="This metric step by step instead.")
@click.option(
    "--rows",
    type=click.IntRange(2, 1000),
    default=50,
    show_default=True,
    help="With --steps: at most so many.",
)
@click.option("--by", type=click.Choice(["step", "epoch", "since"]), default="step", show_default=True, help="With --steps: what the rows are.")  # fmt: skip
@click.option("--relative", is_flag=True, help="With --steps: what each has more than the baseline.")
@click.option(
    "--code", is_flag=True, help="The code instead: which runs ran the same, and what others changed."
)
@click.option("--plot", is_flag=True, help="Charts instead: the primary metric, or those of --metric.")
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), help="[default: text, or what the name of -o says]"
)
@click.option("-o", "--output", "file", metavar="FILE", help="Into a file; its name's end says the format.")
@base_dir
@as_json
def command(
    references: tuple[str, ...], filter_text: str | None, baseline: str | None, kind: str | None, file: str | None,
    base_dir: str | None, as_json: bool, **options: Any,  # Any: the options of Wishes
) -> None:  # fmt: skip
    """Compare two runs to fifty: what differs in end, config, metrics, deliverables and environment.

    The best value of each metric is marked. Of two runs numbers get their difference and its percentage.
    """
    kind = _kind(kind, file, as_json=as_json)
    wishes = Wishes(**options, kind=kind, file=file)
    if (wishes.steps is not None) + wishes.code + wishes.plot > 1:
        raise UsageError("--steps, --code and --plot are three answers; ask for one")
    if filter_text is None and len(references) + (baseline is not None) < 2:
        raise UsageError("name two runs or more, or find them with --filter; `orp runs` lists them")
    from orp_tui.services.comparison.chosen import chosen_runs

    context = open_context(base_dir=base_dir)
    run_ids, base = chosen_runs(context, references, filter_text, baseline)
    if wishes.plot:
        _plot(run_ids, wishes, base_dir)
        return
    if wishes.code:
        _give(_code(context, run_ids, base, wishes.kind), wishes)
        return
    sheet = _sheet(context, run_ids, base, wishes)
    _give(_written(sheet, wishes), wishes)


def _kind(kind: str | None, file: str | None, *, as_json: bool) -> str:
    if as_json:
        if kind not in (None, "json"):
            raise UsageError("--json and --format are two answers; ask for one")
        return "json"
    if kind is not None or file is None:
        return kind or "text"
    from orp_tui.services.comparison.export import FORMATS, format_of

    found = format_of(file) or ("text" if file.endswith((".svg", ".png")) else None)
    if found is None:
        raise UsageError(f"{file}: end the name in {', '.join(FORMATS.values())}, or say --format")
    return found


def _sheet(context: Context, run_ids: list[str], base: str, wishes: Wishes) -> Sheet:
    from orp_tui.services.comparison.reader import ComparisonReader
    from orp_tui.services.comparison.sheet import sheet_of

    with ComparisonReader(context) as reader:
        found = reader.look(run_ids, baseline=base, fold_seeds=wishes.fold_seeds)
    if wishes.steps is not None:
        return _steps(context, found, wishes.steps, wishes)
    if wishes.metrics:
        found = _with_metrics(found, wishes.metrics)
    return sheet_of(found if wishes.everything else found.only_differing())


def _steps(context: Context, found: Comparison, metric: str, wishes: Wishes) -> Sheet:
    from orp_tui.cli.progress import runs_bar
    from orp_tui.services.comparison.steps import align, metric_names

    with runs_bar(metric) as progress:
        along: Any = wishes.by  # Any: click has checked that it is one of the axes
        aligned = align(context, found, metric, rows=wishes.rows, along=along, progress=progress)
    if len(aligned.lacking) == len(found.run_ids):
        known = ", ".join(metric_names(found)[:10]) or "none"
        where = "" if wishes.by == "step" else f" along {wishes.by}"
        raise UsageError(f"no run has a metric {metric!r}{where}; there are: {known}")
    return aligned.sheet(relative=wishes.relative)


def _with_metrics(found: Comparison, wanted: tuple[str, ...]) -> Comparison:
    from orp_tui.services.comparison.steps import metric_names
    from orp_tui.services.comparison.values import OF_METRICS

    kept = {
        name
        for name in metric_names(found)
        if any(name == one or fnmatch.fnmatchcase(name, one) for one in wanted)
    }
    if not kept:
        known = ", ".join(metric_names(found)[:10]) or "none"
        raise UsageError(f"no metric {' '.join(wanted)!r}; there are: {known}")
    rows = tuple(row for row in found.rows if row.section not in OF_METRICS or row.name in kept)
    return dataclasses.replace(found, rows=rows)


def _code(context: Context, run_ids: list[str], base: str, kind: str) -> str:
    from orp_tui.services.comparison.code import compare_codes
    from orp_tui.services.comparison.code_lines import code_lines, code_text
    from orp_tui.services.comparison.reader import ComparisonReader

    with ComparisonReader(context) as reader:
        found = compare_codes(context, reader.runs(run_ids), base)
    if kind != "text":
        return code_text(found, kind)
    colours = {"added": "32", "removed": "31", "place": "36", "heading": "1"}
    return "".join(
        (output.painted(line.text, colours[line.kind], sys.stdout) if line.kind in colours else line.text)
        + "\n"
        for line in code_lines(found)
    )


def _written(sheet: Sheet, wishes: Wishes) -> str:
    from orp_tui.services.comparison.export import exported
    from orp_tui.services.comparison.export_text import plain

    if wishes.kind == "text" and wishes.file is None:
        return plain(sheet, output.room())
    return exported(sheet, wishes.kind)


def _give(text: str, wishes: Wishes) -> None:
    """To the file, or to stdout."""
    if wishes.file is None:
        output.emit(text.removesuffix("\n"))
        return
    from orp_tui.services.comparison.export import write_text

    output.say(f"wrote {write_text(text, wishes.file)}")


def _plot(run_ids: list[str], wishes: Wishes, base_dir: str | None) -> None:
    from orp_tui.cli.plot_options import PlotWishes
    from orp_tui.cli.plotting import plot
    from orp_tui.cli.progress import progress_bar
    from orp_tui.services.chart_lines import read_runs
    from orp_tui.services.metric_source import find_metrics, read_metrics

    every = []
    for run_id in run_ids:
        with progress_bar(run_id) as progress:
            every.append(read_metrics(find_metrics(run_id, base_dir=base_dir), progress))
    runs, guides = read_runs(
        [(found.place.run_id, run_id) for found, run_id in zip(every, run_ids, strict=True)],
        [found.series for found in every],
        base_dir=base_dir,
    )
    names = list(dict.fromkeys(name for found in every for name in found.series))
    if wishes.metrics:
        names = [name for name in names if any(fnmatch.fnmatchcase(name, one) for one in wishes.metrics)]
    else:
        primary = next((found.place.primary for found in every if found.place.primary in found.series), None)
        names = [primary] if primary is not None else names
    if not names:
        raise UsageError("none of the runs has such a metric")
    if wishes.file is not None:
        from orp_tui.services.chart_export import check_name

        check_name(wishes.file)
    axes = {"step": "step", "epoch": "epoch", "since": "since"}
    chart = PlotWishes(plot=True, apart=not wishes.fold_seeds, by=axes[wishes.by], export=wishes.file)
    plot(runs, names, chart, guides, named=bool(wishes.metrics))
