"""Several sources of one run → one name for each of their metrics. Two sources are never one line.

A metric keeps its name where the source that is trusted most gives it: the run's own file before
other files of numbers, those in the order of their kinds, and logs last. Every other source's metric
of that name is told with its source, `loss [runs/b]`. Where several sources of one kind are
alike in trust, as two folders of event files are, each of them is told so. What a log gives is left out where a
file of numbers gives it too; only where that file is written with checkpoints, and the log knows more, are both shown.
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping, Sequence

from orp_tui.core.series import Series
from orp_tui.metrics.sources import SourceSpec, Trust

_KINDS = ("jsonl", "csv", "tfevents", "trainer_state", "wandb", "mlflow", "trackio")
"""Of files that give the same metric, the exacter and the sooner written come first."""
_SAVED_SELDOM = frozenset({"trainer_state"})
"""Written with checkpoints alone; until the next one a log knows more."""


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Whose a metric is, and how it is called there."""

    source: SourceSpec
    tag: str
    """The name in the source, text from outside."""


def names_of(tags: Sequence[tuple[SourceSpec, Iterable[str]]]) -> dict[str, Origin]:
    """The name under which each metric is shown → where it comes from, in the order of trust and of the sources.

    It depends on nothing but which sources there are and what they hold.
    """
    by_tag: dict[str, list[SourceSpec]] = {}
    for source, names in sorted(tags, key=lambda item: rank(item[0])):
        for name in names:
            by_tag.setdefault(name, []).append(source)
    kept = _without_logs(by_tag)
    shown: dict[str, Origin] = {}
    for tag, sources in kept.items():
        best = rank(sources[0])
        alone = len(sources) == 1 or rank(sources[1]) != best
        for place, source in enumerate(sources):
            name = tag if alone and place == 0 else f"{tag} [{source.words}]"
            if name in shown:  # two formats of one folder
                name = f"{tag} [{source.kind} {source.words}]"
            shown[name] = Origin(source, tag)
    return shown


def rank(source: SourceSpec) -> tuple[int, int]:
    """Smaller is trusted more."""
    place = _KINDS.index(source.kind) if source.kind in _KINDS else len(_KINDS)
    return int(source.trust), place


def _without_logs(by_tag: Mapping[str, list[SourceSpec]]) -> dict[str, list[SourceSpec]]:
    """Without what a log says of metrics that a source of more trust has, however the two spell them."""
    best: dict[str, Trust] = {}
    for tag, sources in by_tag.items():
        trust = min(_weight(source) for source in sources)
        best[_spelling(tag)] = min(trust, best.get(_spelling(tag), trust))
    kept: dict[str, list[SourceSpec]] = {}
    for tag, sources in by_tag.items():
        most = max(best[_spelling(tag)], Trust.STRUCTURED)
        left = [source for source in sources if source.trust <= most]
        if left:
            kept[tag] = left
    return kept


def _weight(source: SourceSpec) -> Trust:
    """What it outweighs: a file that is written seldom leaves stdout its word."""
    return max(source.trust, Trust.LOG) if source.kind in _SAVED_SELDOM else source.trust


@functools.lru_cache(maxsize=20_000)
def _spelling(tag: str) -> str:
    """The same for `train/loss`, `train_loss` and `Train loss`."""
    return re.sub(r"[\W_]+", "_", tag.casefold()).strip("_")


def origin_of(name: str | None, shown: Mapping[str, Origin]) -> str | None:
    """The shown name of what a user calls `name`: itself, else the first with that tag; None if there is none."""
    if name is None or name in shown:
        return name if name in shown else None
    return next((each for each, origin in shown.items() if origin.tag == name), None)


def _is_behind(series: Series, other: Series | None, origin: Origin) -> bool:
    """Whether a log tells no more than the checkpoints that have the same metric."""
    return origin.source.trust >= Trust.LOG and other is not None and len(series) <= len(other)


class Merger:
    """Series by their shown names, made anew only where something changed. One thread at a time."""

    def __init__(self) -> None:
        self._renamed: dict[str, tuple[Series, Series]] = {}

    def merge(
        self, tables: Sequence[tuple[SourceSpec, Mapping[str, Series]]]
    ) -> tuple[dict[str, Series], dict[str, Origin]]:
        """The series, each under its shown name, and where they come from.

        A series that has not grown is the same object as before.
        """
        by_key = {source.key: series for source, series in tables}
        origins = names_of(tables)
        found = {name: by_key[each.source.key][each.tag] for name, each in origins.items()}
        shown = {
            name: each
            for name, each in origins.items()
            if name == each.tag or not _is_behind(found[name], found.get(each.tag), each)
        }
        merged = {name: self._as(name, found[name]) for name in shown}
        self._renamed = {name: pair for name, pair in self._renamed.items() if name in merged}
        return merged, shown

    def _as(self, name: str, series: Series) -> Series:
        if series.name == name:
            return series
        known = self._renamed.get(name)
        if known is None or known[0] is not series:
            known = self._renamed[name] = series, dataclasses.replace(series, name=name)
        return known[1]
