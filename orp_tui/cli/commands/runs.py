"""`orp runs [FILTER]`: past and present runs, found, sorted and grouped."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import click

from orp_tui.cli import output
from orp_tui.cli.catching_up import current_catalog
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.filter_words import ColumnsType, FilterCommand, filter_argument
from orp_tui.cli.run_query import Wanted, as_view, read_wanted
from orp_tui.core.columns import USUAL, parse_column
from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import one_line
from orp_tui.services.catalog import Catalog
from orp_tui.services.context import Context, open_context
from orp_tui.services.views import View, drop_view, find_view, read_views, save_view

_PAGE = 500
_USUAL_LIMIT = 50
_OF_CSV = tuple(parse_column(name) for name in USUAL)


@dataclasses.dataclass(frozen=True)
class Form:
    """How the answer is written."""

    limit: int
    """0 for all."""
    as_json: bool
    as_csv: bool


@click.command("runs", cls=FilterCommand)
@filter_argument
@click.option(
    "--sort",
    metavar="COL,COL",
    multiple=True,
    type=ColumnsType(),
    help="Order by columns; -COL from the largest down.",
)
@click.option("--reverse", is_flag=True, help="The other way round; without --sort oldest first.")
@click.option(
    "--columns",
    metavar="COL,COL",
    multiple=True,
    type=ColumnsType(),
    help="Show these; +COL beside the usual ones.",
)
@click.option(
    "--group-by",
    metavar="COL,COL",
    multiple=True,
    type=ColumnsType(),
    help="A tree of groups, with mean ± interval and n.",
)
@click.option("--view", metavar="NAME", help="A saved view; what is given beside it comes on top.")
@click.option(
    "--save-view", "save_as", metavar="NAME", help="Save what is shown under a name, for the dashboard too."
)
@click.option("--views", "list_views", is_flag=True, help="List the saved views.")
@click.option("--drop-view", "drop", metavar="NAME", help="Forget a saved view.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(0),
    default=_USUAL_LIMIT,
    show_default=True,
    help="At most so many; 0 for all.",
)
@click.option("--all", "with_archived", is_flag=True, help="Archived runs too.")
@click.option("--archived", "only_archived", is_flag=True, help="Archived runs alone.")
@base_dir
@as_json
@click.option(
    "--csv", "as_csv", is_flag=True, help="CSV on stdout: plain values, all in the units of a script."
)
def command(
    words: tuple[str, ...],
    sort: tuple[str, ...],
    reverse: bool,
    columns: tuple[str, ...],
    group_by: tuple[str, ...],
    view: str | None,
    save_as: str | None,
    list_views: bool,
    drop: str | None,
    limit: int,
    with_archived: bool,
    only_archived: bool,
    base_dir: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """List runs, newest first: all, or those that FILTER finds.

    \b
    orp runs state:failed 'age<2d'             failed within the last two days
    orp runs 'cfg.lr>=1e-3' 'metric.val_acc>0.9' -tag:draft
    orp runs resnet --sort -best.val_acc --columns id,name,cfg.lr,best.val_acc
    orp runs name:cnn --group-by cfg.lr --columns metric.val_acc

    Words are found in id, name, tags and notes; a blank is AND, | is OR, - is NOT. Put what the
    shell would take, as < > | and brackets, in quotes. A column is one of id, name, state, reason, age,
    duration, deliverables, primary, tags, size and more, or cfg.KEY, metric.KEY, first.KEY, best.KEY, min.KEY,
    max.KEY. Archived runs are left out unless the filter says is:archived.
    """
    context = open_context(base_dir=base_dir)
    if list_views or drop is not None:
        return (
            _show_views(context, as_json=as_json) if drop is None else _drop(context, drop, as_json=as_json)
        )
    if as_json and as_csv:
        raise click.UsageError("give one of --json and --csv")
    if with_archived and only_archived:
        raise click.UsageError("give one of --all and --archived")
    wanted = read_wanted(
        words,
        view=None if view is None else find_view(context, view),
        columns=columns,
        sort=sort,
        reverse=reverse,
        group_by=group_by,
        archived="only" if only_archived else "all" if with_archived else "",
    )
    if save_as is not None:
        replaced = save_view(context, as_view(save_as, wanted))
        output.say(
            f"view {save_as} {'changed' if replaced else 'saved'}; `orp runs --view {save_as}` shows it"
        )
    form = Form(limit, as_json, as_csv)
    if not context.has_store:
        return _nothing(context, form)
    with current_catalog(context) as catalog:
        if wanted.group_by:
            return _show_groups(catalog, wanted, form)
        return _show_runs(context, catalog, wanted, form)


def _nothing(context: Context, form: Form) -> int:
    if form.as_json:
        output.emit_json([])
    else:
        output.say(f"nothing was run in {context.paths.base} yet; `orp run FILE` does")
    return 0


def _show_runs(context: Context, catalog: Catalog, wanted: Wanted, form: Form) -> int:
    from orp_tui.cli import run_table

    numbers, total = catalog.find(wanted.query)
    shown = numbers[: form.limit or None]
    damaged: list[PastRun] = []
    found = _rows(catalog, shown, damaged)
    if form.as_csv:
        for line in run_table.csv_lines(found, wanted.columns or _OF_CSV):
            output.emit(line)
        return 0
    if form.as_json:
        output.emit_json(run_table.to_json(run_table.Listed(context, list(found))))
        return 0
    if shown and wanted.columns:
        output.emit(run_table.chosen_table(found, wanted.columns))
    elif shown:
        output.emit(run_table.usual_table(run_table.Listed(context, list(found))))
    run_table.say_damaged(damaged)
    _say_count(len(shown), len(numbers), total, wanted)
    return 0


def _rows(catalog: Catalog, numbers: Sequence[int], damaged: list[PastRun]) -> Iterator[PastRun]:
    """The runs of these numbers, page by page, those with a problem into `damaged` too; what is gone is left out."""
    for start in range(0, len(numbers), _PAGE):
        for run in catalog.rows(numbers[start : start + _PAGE]):
            if run is not None:
                if run.problem:
                    damaged.append(run)
                yield run


def _say_count(shown: int, found: int, total: int, wanted: Wanted) -> None:
    """How much of everything that was; nothing where everything is shown."""
    if not total:
        output.say("there are no runs")
    elif not found:
        of_all = f"none of {total:,} runs"
        output.say(f"{of_all} is shown: all are archived; --all" if wanted.is_everything else of_all)
    elif shown < found:
        output.say(f"{shown:,} of {found:,} runs; -n 0 shows all")
    elif not wanted.is_everything:
        output.say(f"{found:,} of {total:,} runs")


def _show_groups(catalog: Catalog, wanted: Wanted, form: Form) -> int:
    from orp_tui.cli import run_groups

    if form.as_json or form.as_csv:
        found = run_groups.sorted_groups(
            run_groups.read_groups(catalog, wanted), wanted, len(wanted.group_by) - 1
        )
        found = found[: form.limit or None]
        if form.as_json:
            output.emit_json(run_groups.groups_json(found, wanted))
        else:
            output.emit(run_groups.groups_csv(found, wanted))
        return 0
    table, hidden = run_groups.tree_table(catalog, wanted, form.limit)
    output.emit(table)
    if hidden:
        output.say(f"{hidden:,} more groups; -n 0 shows all")
    return 0


def _show_views(context: Context, *, as_json: bool) -> int:
    views = read_views(context)
    if as_json:
        output.emit_json([view.to_json() for view in views])
        return 0
    if not views:
        output.say("no view is saved; `orp runs FILTER --save-view NAME` saves one")
        return 0
    rows = [
        (view.name, one_line(view.filter, 60) or "-", *map(_names, (view.columns, view.sort, view.group_by)))
        for view in views
    ]
    output.emit(output.table(("VIEW", "FILTER", "COLUMNS", "SORT", "GROUPS"), rows))
    return 0


def _names(names: Sequence[str]) -> str:
    return one_line(",".join(names), 60) or "-"


def _drop(context: Context, name: str, *, as_json: bool) -> int:
    dropped: View = drop_view(context, name)
    if as_json:
        output.emit_json(dropped.to_json())
    else:
        output.emit(f"view {dropped.name}: dropped")
    return 0
