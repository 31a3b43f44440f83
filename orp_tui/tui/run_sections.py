"""Everything about a run as sections of names and values; a damaged record costs its own section alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orp_tui.core.states import Mark, RunState
from orp_tui.core.words import STATE_GLYPHS, counted, duration, number, roughly, size, state_word
from orp_tui.services.death_certificate import DeathCertificate
from orp_tui.services.detail import RunDetail
from orp_tui.services.run_files import Note, RunFiles
from orp_tui.services.run_page import RunPage
from orp_tui.tui import run_made_of as made
from orp_tui.tui.format import local_time
from orp_tui.tui.rows import elapsed_words
from orp_tui.tui.widgets.info_panel import Row, Section

_MOST_EVENTS = 100
_MOST_ALERTS = 20
_BAD = (RunState.FAILED, RunState.LOST, RunState.INCOMPLETE)
_MARKS = {
    Mark.UNSUPERVISED: "it runs without its supervisor; what it does is still seen",
    Mark.UNKILLABLE: "a process of it can't be killed",
    Mark.DISK_FULL: "its disk is full",
    Mark.STALLED: "its logs say nothing",
    Mark.STALE: "it was not seen for a while",
    Mark.FOLDER_MISSING: "its folder is gone",
    Mark.HELD: "it is held: it does not start until it is released",
    Mark.CANCEL_REQUESTED: "somebody has asked for its end",
}


def page_sections(page: RunPage, *, now: float, ascii_only: bool = False) -> tuple[Section, ...]:
    """All of a run; `now` in seconds since 1970."""
    if page.detail is None:
        return (Section(page.run_id, (Row("", page.problem, "bad"),)),)
    found = page.detail
    return (
        *info_sections(found, page.certificate, now=now, ascii_only=ascii_only),
        *_some("What was made from it", lambda: made.made_rows(page.made, found.view.run.id, ascii_only)),
        *_some("Timeline", lambda: _timeline(found)),
        *_some("Files", lambda: _files(found, page.files)),
        *_some("Notes", lambda: _notes(found, page.notes)),
    )


def info_sections(
    found: RunDetail, certificate: DeathCertificate | None, *, now: float, ascii_only: bool = False
) -> tuple[Section, ...]:
    """What a run is, why it waits or how it ended, and what it was made of."""
    return (
        *_some("", lambda: _head(found, now, ascii_only)),
        *(_some("How it ended", lambda: _end(certificate)) if certificate is not None else ()),
        *_some("Alerts", lambda: _alerts(found)),
        *_some("Result", lambda: _result(found)),
        *_some("Command", lambda: made.command_rows(found)),
        *_some("Config", lambda: made.config_rows(found)),
        *_some("Code", lambda: made.code_rows(found)),
        *_some("Environment", lambda: made.environment_rows(found)),
        *_some("Limits", lambda: made.limits_rows(found)),
        *_some("Queue", lambda: made.queue_rows(found)),
        *_some("Where it comes from", lambda: made.genealogy_rows(found)),
    )


def _some(title: str, rows: Callable[[], Iterator[Row]]) -> tuple[Section, ...]:
    """The section, unless it has no rows; a record that is not what it should be is a row."""
    try:
        made = tuple(rows())
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        made = (Row("", f"its record is damaged: {type(error).__name__}: {error}", "bad"),)
    return (Section(title, made),) if made else ()


def _head(found: RunDetail, now: float, ascii_only: bool) -> Iterator[Row]:
    view = found.view
    state = f"{STATE_GLYPHS[view.state][ascii_only]} {state_word(view.state)}"
    yield Row("state", state, _style(view.state))
    yield Row("name", view.run.name)
    yield Row("run", view.run.id)
    if found.waits:
        yield Row("waits", found.waits, "warning")
    if view.starts_in_s is not None:
        yield Row("starts in", roughly(view.starts_in_s))
    for mark in sorted(view.marks, key=lambda mark: mark.value):
        yield Row("attention", _MARKS.get(mark, mark.value), "warning")
    if view.detail and view.state.is_active:
        yield Row("", view.detail, "warning")
    yield Row("submitted", f"{local_time(view.run.submitted_at)} by {_submitter(found)}")
    if view.started_at is not None:
        yield Row("started", local_time(view.started_at, with_seconds=True))
    if view.state.is_active:
        left = f", {roughly(view.left_s)} left" if view.left_s is not None else ""
        yield Row("running for", elapsed_words(view.elapsed_s(now)) + left)
    if view.ended_at is not None:
        took = view.elapsed_s(now)
        after = f" after {duration(took)}" if took is not None else ""
        yield Row("ended", local_time(view.ended_at, with_seconds=True) + after)
    if view.run.cards:
        yield Row("GPUs", ", ".join(map(str, view.run.cards)))
    said = found.annotations
    if said.tags:
        yield Row("tags", " ".join(said.tags))
    if said.is_starred or said.is_archived:
        yield Row("kept as", ", ".join(["starred"] * said.is_starred + ["archived"] * said.is_archived))


def _style(state: RunState) -> str:
    if state is RunState.SUCCEEDED:
        return "good"
    return "bad" if state in _BAD else "text"


def _submitter(found: RunDetail) -> str:
    return str((found.request or {}).get("submitted_by", "?"))


def _end(known: DeathCertificate | None) -> Iterator[Row]:
    """The death certificate."""
    if known is None:
        return
    style = _style(known.state)
    if known.reason:
        said = f": {known.reason_words}" if known.reason_words else ""
        yield Row("reason", f"{known.reason.replace('_', ' ')}{said}", style)
    if known.evidence:
        yield Row("evidence", known.evidence, style)
    if known.exit_code is not None:
        yield Row("exit code", str(known.exit_code))
    if known.signal:
        yield Row("signal", known.signal)
    if known.stopped:
        yield Row("stopped", f"{known.stopped}, {local_time(known.stopped_at, with_seconds=True)}")
    if known.signals:
        yield Row("ORP sent", ", ".join(known.signals))
    yield from _used(known)
    if known.leftovers:
        yield Row(
            "leftovers", f"{counted(known.leftovers, 'process', 'processes')} outlived it and were ended"
        )
    if known.archive not in ("", "none"):
        yield Row("zip", known.archive, "text" if known.archive == "ok" else "warning")
    for place, text in enumerate(known.last_lines):
        yield Row("last words" if not place else "", text, "quiet")
    for place, text in enumerate(known.next_steps):
        yield Row("next" if not place else "", text, "quiet")


def _used(known: DeathCertificate) -> Iterator[Row]:
    if known.duration_s is not None:
        cpu = f", CPU time {duration(known.cpu_s)}" if known.cpu_s is not None else ""
        yield Row("took", duration(known.duration_s) + cpu)
    if known.memory_most is not None or known.memory_limit is not None:
        limit = f"; limit {size(known.memory_limit)}" if known.memory_limit is not None else ""
        used = f", {size(known.memory_used)} in use then" if known.memory_used is not None else ""
        yield Row("memory", f"{size(known.memory_most)} in its largest process{limit}{used}")
    if known.oom_kills:
        yield Row(
            "", f"the kernel's out-of-memory killer struck {counted(known.oom_kills, 'time')}", "warning"
        )
    if known.disk_free is not None:
        yield Row("disk", f"{size(known.disk_free)} were free when it ended")


def _alerts(found: RunDetail) -> Iterator[Row]:
    if len(found.alerts) > _MOST_ALERTS:
        yield Row("", f"{len(found.alerts) - _MOST_ALERTS} earlier ones are in alerts.jsonl", "quiet")
    for item in found.alerts[-_MOST_ALERTS:]:
        yield Row(local_time(item.at), item.line, "warning")


def _result(found: RunDetail) -> Iterator[Row]:
    if found.primary is not None:
        yield Row("judged by", found.primary.long_words)
        if found.primary.warning:
            yield Row("", found.primary.warning, "warning")
    metrics = (found.result or {}).get("metrics") or {}
    for name, value in list(metrics.items())[: made.MOST_VALUES]:
        yield Row(str(name), number(float(value)))
    if len(metrics) > made.MOST_VALUES:
        yield Row("", f"{len(metrics) - made.MOST_VALUES} more", "quiet")


def _timeline(found: RunDetail) -> Iterator[Row]:
    events = found.history
    if len(events) > _MOST_EVENTS:
        yield Row("", f"{len(events) - _MOST_EVENTS} earlier events are not shown", "quiet")
    for event in events[-_MOST_EVENTS:]:
        said = f"  {event.detail}" if event.detail else ""
        yield Row(
            "",
            f"{local_time(event.at, with_seconds=True)}  {event.kind}  by {event.actor}{said}",
            indented=False,
        )


def _files(found: RunDetail, files: RunFiles) -> Iterator[Row]:
    yield Row("folder", str(found.folder.folder))
    if files.zip_path is not None:
        yield Row("zip", str(files.zip_path))
        yield Row(
            "",
            f"{size(files.zip_bytes)}, {counted(len(files.files) + files.more, 'file')}, {size(files.total_bytes)} unpacked",
        )
        sha256 = ((found.result or {}).get("artifact") or {}).get("sha256")
        if sha256:
            yield Row("", f"sha256 {sha256}", "quiet")
    if files.wrong:
        yield Row("", f"the zip can't be read: {files.wrong}", "bad")
    for item in found.cleaned:
        back = f"`orp clean --restore {found.view.run.id}` puts it back" if item.in_trash else "gone for good"
        yield Row("cleaned", f"{item.kind} ({size(item.bytes)}), {local_time(item.at)} by {item.by}; {back}")


def _notes(found: RunDetail, notes: tuple[Note, ...]) -> Iterator[Row]:
    for text in (found.request or {}).get("notes") or ():
        yield Row("at submit", str(text))
    for note in notes:
        yield Row(note.kind, f"{note.text}  {local_time(note.at)} by {note.by}".strip())
