"""Which cards may be given to runs now, judged from several looks at them. Pure: values in, values out.

A card is free if nobody has booked it and no program that is not ORP's uses it. One look
is not enough to say so: a training that loads its data shows nothing on the card for a
while, and one that has just ended still does. Rule and limits follow what people do by
hand with `nvidia-smi`: no foreign process, hardly any memory in use, no load.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from orp_tui.core.needs import Card
from orp_tui.core.words import size
from orp_tui.hardware.gpus import GpuReport, GpuSample
from orp_tui.hardware.looks import Look, Users, holders, looked_at, users

WINDOW_S = 10.0
"""Looks older than this say nothing about now."""
_ROUNDING = 16 << 20
"""What this queue has booked may be known unrounded: less than this is nobody else's."""

Booking = int | Literal["whole"]


@dataclasses.dataclass(frozen=True)
class GpuSettings:
    """What of the machine ORP may use; the settings under `gpus`."""

    allowed: frozenset[int] | None = None
    """Indices; that of a split GPU stands for its instances too. None: all."""
    leave_free: int = 0
    """So many cards are left with nobody on them, the last ones."""
    allow_below: int | None = None
    """Bytes: programs of others that use less in all don't matter. None: any program does."""
    ignore_users: frozenset[str] = frozenset()
    """Users whose programs don't matter."""
    samples: int = 3
    """Looks at a card before it is given."""


def cards(
    reports: Sequence[GpuReport],
    *,
    booked: Mapping[int, Booking],
    settings: GpuSettings,
    now: float,
    own_pids: Collection[int] = (),
    ours: Mapping[int, Booking] | None = None,
) -> tuple[Card, ...]:
    """The cards of the newest look, in order, with what is free on each and why not all is.

    `booked` is what all queues of the machine have booked of each card, by index, and
    `ours` what of it is this queue's (None: not known, so all is another's). Processes
    of `own_pids`, and all that are known to belong to an ORP run, are not foreign: their
    bookings count. `now` is in seconds since 1970.
    """
    ordered = sorted(reports, key=lambda report: report.at)
    if not ordered:
        return ()
    recent = [report for report in ordered if now - WINDOW_S <= report.at <= now + 1.0]
    newest = ordered[-1]
    made = []
    for gpu in newest.gpus:
        history = _history(gpu, recent)
        card = _as_booked(gpu, _bytes(booked, gpu), _bytes(ours or {}, gpu))
        why = gpu.trouble or _not_allowed(gpu, settings) or _not_looked_at(newest, history, settings, now)
        if why is None:
            looks = [looked_at(sample, own_pids, settings.ignore_users) for _, sample in history]
            card = _as_used(card, looks, _bytes(booked, gpu), settings)
        made.append(card if why is None else _shut(card, why))
    return _leave_free(made, settings)


def no_cards(reports: Sequence[GpuReport]) -> str:
    """Why there are no cards, in words for those who want one."""
    newest = max(reports, key=lambda report: report.at, default=None)
    if newest is None:
        return "the GPUs of this machine have not been looked at yet"
    return newest.trouble or "this machine has no GPU"


def _history(gpu: GpuSample, recent: Sequence[GpuReport]) -> list[tuple[float, GpuSample]]:
    """When a card was looked at and found well, and what was seen; the oldest first."""
    return [
        (report.at, sample)
        for report in recent
        for sample in report.gpus
        if sample.uuid == gpu.uuid and sample.trouble is None
    ]


def _as_booked(gpu: GpuSample, booked: int, ours: int) -> Card:
    """The card with its bookings alone."""
    others = booked - ours if booked - ours >= _ROUNDING or not ours else 0
    why = "held by another queue on this machine" if others else "held by this queue" if booked else ""
    if 0 < (others or booked) < gpu.total_bytes:
        why = f"{size(others or booked)} {why}"
    return Card(gpu.index, gpu.uuid, gpu.total_bytes, gpu.total_bytes - booked, booked == 0, why)


def _as_used(card: Card, looks: Sequence[Look], booked: int, settings: GpuSettings) -> Card:
    """The card after a look at who is on it, in any of the last looks."""
    newest = users(looks, len(looks) - 1, booked)
    card = dataclasses.replace(card, free=max(0, min(card.free, card.memory - newest.bytes_in_all)))
    if looks[-1].own and not booked:
        # Either it has ended since, and the next look will show it, or it holds no claim any more.
        return _shut(card, f"in use by {looks[-1].own}, which holds no claim on it any more")
    if newest.settling:
        return _shut(card, f"the memory of a run that has ended is not yet free ({size(newest.settling)})")
    last = range(max(0, len(looks) - settings.samples), len(looks))
    for found in (users(looks, number, booked) for number in reversed(last)):
        if found and not _is_little(found, settings):
            return _shut(card, found.in_words())
    if card.why or not (newest or looks[-1].tolerated):
        return card
    return dataclasses.replace(card, why=newest.in_words() if newest else holders(looks[-1].tolerated))


def _is_little(found: Users, settings: GpuSettings) -> bool:
    limit = settings.allow_below
    return limit is not None and found.bytes is not None and found.bytes < limit


def _not_allowed(gpu: GpuSample, settings: GpuSettings) -> str | None:
    allowed = settings.allowed
    if allowed is None or gpu.index in allowed or (gpu.parent is not None and gpu.parent in allowed):
        return None
    return f"not in gpus: {sorted(allowed)}"


def _not_looked_at(
    newest: GpuReport, history: Sequence[tuple[float, GpuSample]], settings: GpuSettings, now: float
) -> str | None:
    """Why too little is known of a card; made-up ones have no secrets."""
    if not history:
        return f"last looked at {max(0.0, now - newest.at):.0f} s ago"
    if len(history) < settings.samples and newest.source != "fake":
        return f"first looked at {max(0.0, now - history[0][0]):.0f} s ago"
    return None


def _leave_free(made: Sequence[Card], settings: GpuSettings) -> tuple[Card, ...]:
    """The cards, the last ones that nobody is on kept for those who come."""
    empty = [card.index for card in made if card.whole and not card.shut and not card.why]
    left = set(empty[max(0, len(empty) - settings.leave_free) :])
    why = f"left free (leave_free: {settings.leave_free})"
    return tuple(_shut(card, why) if card.index in left else card for card in made)


def _shut(card: Card, why: str) -> Card:
    return dataclasses.replace(card, shut=True, whole=False, why=why)


def _bytes(bookings: Mapping[int, Booking], gpu: GpuSample) -> int:
    booking = bookings.get(gpu.index, 0)
    return gpu.total_bytes if booking == "whole" else min(gpu.total_bytes, booking)
