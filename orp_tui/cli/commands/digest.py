"""`orp digest`: while you were away."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import click

from orp_tui.cli import output
from orp_tui.cli.commands.status import metric_json, run_json
from orp_tui.cli.context_option import as_json, base_dir, base_option
from orp_tui.cli.digest_news import alert_lines, best_json, best_lines, fit, wrapped
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import duration, state_word
from orp_tui.services.context import open_context
from orp_tui.services.digest import LAST, ORDER, Digest, digest, remember
from orp_tui.services.watch import RunView

_MOST_FAILURES, _MOST_WELL, _MOST_WAITING, _MOST_IDS = 15, 10, 8, 3
_WIDTH, _NAME = 80, 28
_SOON_S = 2 * 86_400.0
"""A disk that is full later is no news yet."""


@click.command("digest")
@click.option(
    "--since",
    metavar="12h|TIME|last",
    help="How far back: 12h, 08:00, '2026-11-24 08:00', or last (the default).",
)
@base_dir
@as_json
def command(since: str | None, base_dir: str | None, as_json: bool) -> None:
    """While you were away: what ended and why, what was tried again, what runs, what waits and why.

    `last` is since the last digest; the first one looks back 24 hours.
    """
    context = open_context(base_dir=base_dir)
    if not context.has_store:
        if as_json:
            output.emit_json({"since": None, "ended": [], "running": [], "waiting": []})
        else:
            output.say(f"nothing was run in {context.paths.base} yet; `orp run FILE` does")
        return
    with context.store() as connection:
        found = digest(context, connection, since)
    if as_json:
        output.emit_json(to_json(found))
    else:
        width = min(shutil.get_terminal_size((_WIDTH, 24)).columns, 120) if sys.stdout.isatty() else _WIDTH
        for line in lines(found, width, base_option(context)):
            output.emit(line)
    if since in (None, LAST):
        remember(context, found)


def to_json(found: Digest) -> dict[str, Any]:  # Any: JSON
    """All of a digest, for scripts."""
    now = found.now
    return {
        "since": output.utc_time(found.since),
        "until": output.utc_time(now.at),
        "counts": {state.value: len(found.ended_as(state)) for state in ORDER},
        "ended": [
            _run_json(item, now.at) | {"metric": metric_json(found.metrics.get(item.run.id))}
            for item in found.ended
        ],
        "retries": [
            {"id": item.run_id, "of": item.of, "state": item.state.value, "number": item.number}
            for item in found.retries
        ],
        "paused": now.paused,
        "paused_groups": {item.name: item.paused for item in found.paused},
        "leader": dataclasses.asdict(now.leader) if now.leader else None,
        "running": [_run_json(item, now.at) for item in found.active],
        "waiting": [_run_json(item, now.at) for item in found.waiting],
        "bests": [best_json(item) for item in found.bests],
        "alerts": [
            {"id": item.run_id, "name": item.name, **item.record.to_json(), "done": list(item.record.done)}
            for item in found.alerts
        ],
        "eta_s": found.eta.seconds if found.eta else None,
        "eta_unknown_runs": found.eta.unknown if found.eta else None,
    }


def _run_json(item: RunView, now: float) -> dict[str, Any]:  # Any: JSON
    run = item.run
    valid = _valid(item)
    return {**run_json(item, now), "deliverables": {"valid": valid, "total": run.deliverables_total}}


def lines(found: Digest, width: int, base: str = "") -> Iterator[str]:
    """The digest as lines of at most `width` cells, what wants attention first; `base` ends commands in hints."""
    yield fit(_title(found), width)
    yield fit(_counts(found), width)
    yield from _warnings(found, width, base)
    yield from _badly(found, width, base)
    yield from alert_lines(found, width)
    yield from best_lines(found, width)
    yield from _well(found, width)
    yield from _retried(found, width)
    yield from _running(found, width)
    yield from _waiting(found, width)


def _title(found: Digest) -> str:
    ago = duration(found.now.at - found.since)
    whence = {LAST: "since your last digest, ", "first": "the last 24 hours, since "}.get(
        found.whence, "since "
    )
    return f"While you were away: {whence}{output.local_time(found.since)} ({ago})"


def _counts(found: Digest) -> str:
    counts = [(state, len(found.ended_as(state))) for state in reversed(ORDER)]
    words = [f"{number} {state_word(state)}" for state, number in counts if number] or ["nothing ended"]
    words += [
        f"{len(items)} {word}"
        for items, word in ((found.active, "running"), (found.waiting, "waiting"))
        if items
    ]
    return " · ".join(words)


def _warnings(found: Digest, width: int, base: str) -> Iterator[str]:
    """What keeps things from starting."""
    now = found.now
    if now.paused is not None:
        yield from wrapped(f"! the queue is paused: {now.paused}; `orp queue resume{base}`", width)
    for group in found.paused:
        held = sum(item.run.group == group.name for item in found.waiting)
        words = f"! group {group.name} is paused: {group.paused}" + (f" ({held} waiting)" if held else "")
        yield from wrapped(words, width)
        yield fit(f"  when that is mended: orp queue resume {group.name}{base}", width)
    if now.disk is not None and now.disk.full_in_s < _SOON_S:
        yield from wrapped(f"! the disk of the runs is {now.disk}", width)
    if now.leader is None and now.unfinished:
        yield from wrapped(f"! no queue processor: nothing starts until `orp queue start{base}`", width)


def _badly(found: Digest, width: int, base: str) -> Iterator[str]:
    """Each end that nobody wished for, those with the same name and evidence together."""
    groups: dict[tuple[str, ...], list[RunView]] = {}
    for item in found.ended:
        if item.state not in (RunState.SUCCEEDED, RunState.CANCELLED):
            key = (item.state.value, item.run.name, item.reason or "", item.detail or "")
            groups.setdefault(key, []).append(item)
    if groups:
        yield ""
    for items in list(groups.values())[:_MOST_FAILURES]:
        first = items[0]
        many = f" ×{len(items)}" if len(items) > 1 else ""
        name = one_line(first.run.name, _NAME)
        head = f"{output.state_label(first.state, sys.stdout)}  {name}{many}  {_deliverables(first)}"
        yield f"{head}{duration(first.elapsed_s(found.now.at))}"
        if first.detail:
            yield from wrapped(first.detail, width, "    ")
        ids = " ".join(item.run.id for item in items[:_MOST_IDS])
        yield fit(f"    {ids}{' …' if len(items) > _MOST_IDS else ''}", width)
    if len(groups) > _MOST_FAILURES:
        yield f"… and {len(groups) - _MOST_FAILURES} more kinds; `orp runs` lists all"
    if groups:
        one = next(iter(groups.values()))[0].run.id
        yield fit(f"look closer: orp info {one}{base}", width)


def _well(found: Digest, width: int) -> Iterator[str]:
    for state in (RunState.SUCCEEDED, RunState.CANCELLED):
        items = found.ended_as(state)
        if not items:
            continue
        yield ""
        label = output.state_label(state, sys.stdout)
        if len(items) <= _MOST_WELL:
            for item in items:
                who = f"  {one_line(item.detail, 40)}" if state is RunState.CANCELLED and item.detail else ""
                took = duration(item.elapsed_s(found.now.at))
                metric = found.metrics.get(item.run.id)
                value = f"  {metric.words}" if metric is not None else ""
                words = f"{item.run.id}  {one_line(item.run.name, _NAME)}  {_deliverables(item)}{took}{who}{value}"
                yield f"{label}  {fit(words, width - 13)}"
            continue
        yield f"{label}  {len(items)} runs"
        by_name: dict[str, list[RunView]] = {}
        for item in items:
            by_name.setdefault(item.run.name, []).append(item)
        for name, those in list(by_name.items())[:_MOST_WELL]:
            valid = sum(_valid(item) for item in those)
            total = sum(item.run.deliverables_total for item in those)
            counted = f"  deliverables {valid}/{total}" if total else ""
            yield fit(f"    {one_line(name, _NAME)} ×{len(those)}{counted}", width)
        if len(by_name) > _MOST_WELL:
            yield f"    … and {len(by_name) - _MOST_WELL} more experiments"


def _retried(found: Digest, width: int) -> Iterator[str]:
    if found.retries:
        yield ""
        yield f"tried again by itself: {len(found.retries)}"
    for item in found.retries[:_MOST_WAITING]:
        yield fit(f"    {item.run_id} ({state_word(item.state)}) is retry {item.number}, of {item.of}", width)
    if len(found.retries) > _MOST_WAITING:
        yield f"    … and {len(found.retries) - _MOST_WAITING} more"


def _running(found: Digest, width: int) -> Iterator[str]:
    if found.active:
        yield ""
        yield f"running now: {len(found.active)}"
    for item in found.active[:_MOST_WELL]:
        marks = ", ".join(sorted(mark.value.replace("_", " ") for mark in item.marks))
        words = f"{item.run.id}  {one_line(item.run.name, _NAME)}  {_deliverables(item)}"
        yield fit(
            f"    {words}{duration(item.elapsed_s(found.now.at))}{'  ' + marks if marks else ''}", width
        )
    if len(found.active) > _MOST_WELL:
        yield f"    … and {len(found.active) - _MOST_WELL} more"


def _waiting(found: Digest, width: int) -> Iterator[str]:
    waiting = found.waiting
    if waiting:
        yield ""
        yield f"waiting: {len(waiting)}"
    for item in waiting[:_MOST_WAITING]:
        yield fit(f"    {item.run.id}  {one_line(item.detail or 'starts next')}", width)
    if len(waiting) > _MOST_WAITING:
        yield f"    … and {len(waiting) - _MOST_WAITING} more; `orp status` says why each waits"
    if found.eta is not None and found.eta.seconds is not None:
        unknown = (
            f"; {_runs(found.eta.unknown)} of which nothing is known not counted" if found.eta.unknown else ""
        )
        yield ""
        yield fit(
            f"all done in about {duration(found.eta.seconds)}, by how long like runs took{unknown}", width
        )


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


def _valid(item: RunView) -> int:
    if item.checklist is not None:
        return item.checklist.valid
    return item.run.deliverables_valid or 0


def _deliverables(item: RunView) -> str:
    total = item.run.deliverables_total
    return f"deliverables {_valid(item)}/{total}  " if total else ""
