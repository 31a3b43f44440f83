"""What `orp tag`, `star`, `note` and `archive` share: do it to each run that is meant, and say what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orp_tui.cli import output
from orp_tui.cli.selecting import REFUSED, selected, show_answers
from orp_tui.core.run import Run
from orp_tui.core.states import RunState
from orp_tui.services.annotations import Annotation, Annotations, annotate, read_annotations
from orp_tui.services.context import Context, actor, open_context

Json = dict[str, Any]  # Any: values as JSON gives them
Filters = dict[str, Any]  # Any: as click hands them


def annotate_chosen(
    references: Sequence[str], filters: Filters, base_dir: str | None, act: Annotation, *, as_json: bool
) -> int:
    """Do something to the runs that are meant; the exit code."""
    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=_any_state) as (connection, chosen):
        answers = annotate(context, connection, [run.id for run in chosen.runs], act, by=actor())
    if not as_json:
        return show_answers(answers, as_json=False)
    output.emit_json(
        [
            {"id": item.run_id, "state": item.state.value, "word": item.word, "done": item.done}
            | annotations_json(read_annotations(context.paths.run(item.run_id)))
            for item in answers
        ]
    )
    return 0 if all(item.done for item in answers) else REFUSED


def chosen_runs(
    references: Sequence[str], filters: Filters, base_dir: str | None
) -> tuple[Context, tuple[Run, ...]]:
    """The runs that are meant, to be looked at."""
    context = open_context(base_dir=base_dir)
    with selected(context, references, filters, fit=_any_state) as (_, chosen):
        return context, chosen.runs


def annotations_json(found: Annotations) -> Json:
    """What holds of a run, for scripts."""
    return {
        "tags": list(found.tags),
        "starred": found.is_starred,
        "archived": found.is_archived,
        "note": found.note,
        "notes": [{"at": output.utc_time(item.at), "by": item.by, "text": item.text} for item in found.notes],
    }


def _any_state(_state: RunState) -> bool:
    return True
