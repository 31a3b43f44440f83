"""What is told beside a tree of runs of the one under the cursor: itself, what changed, why, and what it gained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orp_tui.core.words import STATE_GLYPHS, counted, number, state_word
from orp_tui.services.gains import Gain
from orp_tui.services.lineage import CHILD, Kin
from orp_tui.services.lineage_changes import Changes
from orp_tui.services.value_diff import ValueChange
from orp_tui.tui.format import local_time
from orp_tui.tui.widgets.info_panel import Row, Section

_MOST = 100
"""Lines of one kind; how many more there are is said."""


def kin_sections(kin: Kin, changes: Changes | None, *, ascii_only: bool = False) -> tuple[Section, ...]:
    """What it gained and what changed come first; without `changes` they are still looked for, if there can be any."""
    sections = [] if kin.gain is None else [Section("Gain", tuple(_gain(kin.gain)))]
    if changes is not None:
        parts = (
            ("Why", tuple(_reasons(changes))),
            ("Values", tuple(_values(changes.values))),
            ("Code", tuple(_code(changes))),
            ("Environment", tuple(_environment(changes))),
            ("Data", tuple(_values(changes.data))),
        )
        found = [Section(title, rows) for title, rows in parts if rows]
        sections += found or [Section("Changed", (Row("", changes.words),))]
    elif kin.above is not None and kin.run is not None:
        sections.append(Section("Changed", (Row("", "looking", "quiet"),)))
    return (*sections, Section("Run", tuple(_head(kin, ascii_only))))


def _head(kin: Kin, ascii_only: bool) -> Iterator[Row]:
    run = kin.run
    yield Row("run", kin.run_id)
    if run is None:
        yield Row("", kin.note, "warning")
    else:
        style = "good" if run.state.value == "succeeded" else "text"
        yield Row("state", f"{STATE_GLYPHS[run.state][ascii_only]} {state_word(run.state)}", style)
        yield Row("name", run.name)
        if kin.seeds:
            yield Row("seeds", ", ".join(f"{each.seed} ({each.id.rpartition('_')[2]})" for each in kin.seeds))
        yield Row("submitted", local_time(run.submitted_at))
        if run.primary is not None and run.primary_value is not None:
            yield Row("judged by", f"{run.primary} {number(run.primary_value)}")
        if run.imported_from:
            yield Row("imported", f"from {run.imported_from}")
        if run.problem:
            yield Row("", run.problem, "bad")
    if kin.above is not None:
        yield Row("of", f"{kin.above} ({kin.link or CHILD})")
    if kin.more:
        yield Row("", f"{counted(kin.more, 'more run')} made from it; o shows them", "quiet")


def _gain(gain: Gain) -> Iterator[Row]:
    style = "text" if not gain.is_clear else "good" if gain.is_better else "bad"
    yield Row("", gain.words, style)
    if gain.difference is not None and gain.difference.low is not None and gain.difference.high is not None:
        yield Row(
            "95 %", f"{number(gain.difference.low)} to {number(gain.difference.high)}, after Welch", "quiet"
        )
    elif gain.difference is not None:
        yield Row("", gain.why, "quiet")


def _reasons(changes: Changes) -> Iterator[Row]:
    for label, text in (
        ("because", changes.reasons.rationale),
        ("expected", changes.reasons.hypothesis),
        ("question", changes.reasons.question),
    ):
        if text:
            yield Row(label, text)


def _values(found: Sequence[ValueChange] | str) -> Iterator[Row]:
    if isinstance(found, str):
        yield Row("", found, "warning")
        return
    yield from (_value(item) for item in found[:_MOST])
    if len(found) > _MOST:
        yield Row("", f"{len(found) - _MOST:,} more", "quiet")


def _value(item: ValueChange) -> Row:
    if item.before is None:
        return Row(item.name, f"+ {item.after}")
    return Row(item.name, f"- {item.before}" if item.after is None else f"{item.before} → {item.after}")


def _code(changes: Changes) -> Iterator[Row]:
    if isinstance(changes.code, str):
        yield Row("", changes.code, "warning")
        return
    for file in changes.code[:_MOST]:
        counts = f"+{file.added} −{file.removed}" if file.added is not None else ""
        yield Row(file.what, " ".join(filter(None, (file.path, counts, file.note))))
    if len(changes.code) > _MOST:
        yield Row("", f"{len(changes.code) - _MOST:,} more files", "quiet")


def _environment(changes: Changes) -> Iterator[Row]:
    for items in changes.environment.values():
        yield from _values(items)
