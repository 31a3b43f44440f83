"""Which runs are to be compared: named one by one, or found by a filter."""

from __future__ import annotations

from collections.abc import Sequence

from orp_tui.core.errors import UsageError
from orp_tui.core.words import counted
from orp_tui.services.comparison.values import FEWEST, MOST
from orp_tui.services.context import Context


def chosen_runs(
    context: Context, references: Sequence[str], filter_text: str | None = None, baseline: str | None = None
) -> tuple[list[str], str]:
    """The ids, each once and in the order in which they were named, and that of the baseline: without one the first.

    What the filter finds comes after the named, newest first. Raises RunNotFound for a name that means no
    run, FilterError, and UsageError if they are fewer than two or more than fifty.
    """
    ids = [_id_of(context, reference) for reference in references]
    base = None if baseline is None else _id_of(context, baseline)
    if filter_text is not None:
        ids += _found(context, filter_text)
    ids = list(dict.fromkeys([*ids, *([base] if base is not None else [])]))
    if len(ids) < FEWEST:
        few = (
            "the filter finds none"
            if filter_text is not None and not ids
            else f"there is only {counted(len(ids), 'run')}"
        )
        raise UsageError(f"a comparison takes two runs or more; {few}")
    if len(ids) > MOST:
        raise UsageError(f"{counted(len(ids), 'run')} are too many to compare; name at most {MOST}, or filter more narrowly")  # fmt: skip
    return ids, base or ids[0]


def _id_of(context: Context, reference: str) -> str:
    from orp_tui.services.reference import find_run, store_of

    with store_of(context, reference) as connection:
        return find_run(connection, reference, context.paths).id


def _found(context: Context, text: str) -> list[str]:
    from orp_tui.core.filters.parse import parse
    from orp_tui.services.catalog import Catalog, Query

    catalog = Catalog(context)
    try:
        catalog.catch_up()
        numbers = catalog.find(Query(parse(text))).numbers
        if len(numbers) > MOST:
            raise UsageError(f"the filter finds {counted(len(numbers), 'run')}; at most {MOST} can be compared, filter more narrowly")  # fmt: skip
        return [run.id for run in catalog.rows(numbers) if run is not None]
    finally:
        catalog.close()
