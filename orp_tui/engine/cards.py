"""The GPUs as the policy sees them: the observer's last looks, and the bookings of this moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from orp_tui.core.layout import BasePaths
from orp_tui.core.needs import Card, Occupant
from orp_tui.engine.card_claims import booked
from orp_tui.files.atomic import read_json
from orp_tui.hardware.foreign import GpuSettings, cards, no_cards
from orp_tui.hardware.gpus import GpuReport


def read_reports(paths: BasePaths) -> list[GpuReport]:
    """What the observer saw last, the oldest first; [] if it has not looked."""
    try:
        return [GpuReport.from_json(item) for item in read_json(paths.gpu_reports) or []]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def cards_now(
    paths: BasePaths, occupants: Sequence[Occupant], settings: GpuSettings, *, now: float
) -> tuple[tuple[Card, ...], str]:
    """The cards, and why there are none where there are none.

    A card that was not looked at within the last ten seconds is shut: nothing starts on an old look.
    """
    reports = read_reports(paths)
    if not reports:
        return (), no_cards(reports)
    newest = max(reports, key=lambda report: report.at)
    taken = {
        gpu.index: booked(Card(gpu.index, gpu.uuid, gpu.total_bytes, gpu.total_bytes, True))
        for gpu in newest.gpus
    }
    found = cards(reports, booked=taken, settings=settings, now=now, ours=_ours(occupants))
    return found, no_cards(reports)


def _ours(occupants: Sequence[Occupant]) -> dict[int, int | Literal["whole"]]:
    """What this queue's runs have booked of each card."""
    found: dict[int, int | Literal["whole"]] = {}
    for other in occupants:
        for index in other.cards:
            memory = other.needs.gpu_memory
            before = found.get(index, 0)
            found[index] = "whole" if memory is None or before == "whole" else before + memory
    return found
