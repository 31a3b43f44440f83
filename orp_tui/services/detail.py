"""Everything about one run."""

from __future__ import annotations

import dataclasses
import sqlite3
from typing import Any

from orp_tui.core.checklist import ChecklistReport
from orp_tui.core.layout import RunPaths
from orp_tui.engine.alert_log import AlertRecord, read_alerts
from orp_tui.files.atomic import read_json
from orp_tui.services.annotations import Annotations, read_annotations
from orp_tui.services.code_diff import TreeWatch
from orp_tui.services.context import Context
from orp_tui.services.follow import why_they_wait
from orp_tui.services.imported import Imported, read_imported
from orp_tui.services.judged import Standing, ended_standing
from orp_tui.services.trash_index import Cleaned, cleaned_of
from orp_tui.services.watch import RunView, checklist, view
from orp_tui.store import events, runs
from orp_tui.store.events import Event

Json = dict[str, Any]  # Any: values as JSON gives them


@dataclasses.dataclass(frozen=True)
class RunDetail:
    """A run with what its folder holds; a part that is missing or damaged is None."""

    view: RunView
    waits: str | None
    """Why it waits, if it does."""
    folder: RunPaths
    request: Json | None
    source: Json | None
    environment: Json | None
    result: Json | None
    exit: Json | None
    """The exit record of the newest attempt."""
    checklist: ChecklistReport | None
    history: tuple[Event, ...]
    cleaned: tuple[Cleaned, ...] = ()
    """What was taken away of it to free space."""
    changed: str | None = None
    """That the project is not what it was at the submit, in words; None if it is, or nobody can say."""
    started: Json | None = None
    """What was noted when the command of the newest attempt was started."""
    alerts: tuple[AlertRecord, ...] = ()
    """Conditions that have come true, the oldest first, with what was done about them."""
    imported: Imported | None = None
    """Where it came from; None for a run of this base directory."""
    primary: Standing | None = None
    """How an ended run stands by the metric that judges it; None if it has none."""
    annotations: Annotations = dataclasses.field(default_factory=Annotations)
    """What people say of it."""


def detail(
    context: Context, connection: sqlite3.Connection, run_id: str, *, changes: bool = True
) -> RunDetail:
    """Look at one run. The id must be one of the store's.

    `changes`: also whether the project has changed, for which all of it is gone through.
    """
    run = runs.get(connection, run_id)
    assert run is not None
    folder = context.paths.run(run_id)
    return RunDetail(
        view=view(context.paths, run),
        waits=why_they_wait(context, connection).get(run_id),
        folder=folder,
        request=_json(folder, "request.json"),
        source=_json(folder, "source.json"),
        environment=_json(folder, "environment.json"),
        result=_json(folder, "result.json"),
        started=_json(folder, f"started-{run.attempt}.json"),
        exit=_json(folder, f"exit-{run.attempt}.json"),
        checklist=checklist(context.paths, run),
        history=tuple(events.of_run(connection, run_id)),
        cleaned=tuple(cleaned_of(context.paths, run_id)),
        changed=TreeWatch(context).changed_since(run) if changes else None,
        alerts=read_alerts(folder),
        imported=read_imported(folder),
        primary=ended_standing(folder),
        annotations=read_annotations(folder),
    )


def _json(folder: RunPaths, name: str) -> Json | None:
    try:
        data = read_json(folder.folder / name)
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
