"""Reader of TensorBoard's event files, without TensorBoard.

One reader reads one folder: a training that is started again writes a further file into it, and all
its event files are one source. They are read in the order of their names, which begin with the time,
and go on being read where two processes write at once. Sub-folders are sources of their own. A path
that is a file is read alone.

Points come as they were written, each once, with step and wall time. Where a later file repeats steps,
its points come too: to know which were told before, a reader would have to keep them all. Whoever makes
a curve of them takes, of the points of one step, the one with the latest wall time, and of equal times
the one that came last, as `metrics.by_step` does. So it does not matter in which order the files grew.

What a training itself declares void is left out: a file may say that a training starts at a step
(`purge_step` of torch and tensorboardX), and then what earlier files logged at it and beyond is no more
true. TensorBoard does so too, except for the first such word in a folder. If some of that was told
already, the batch says `rewritten` and begins anew, without it. So it does when a file was cut or
replaced, and when files that were read are gone while others stand there.

What is no record is passed over, counted, and named by its byte. All checksums are verified. A scalar
that a training has not flushed yet (torch and tensorboardX wait for up to two minutes) can't be seen.
"""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from orp_tui.core.ports import MetricBatch
from orp_tui.core.sanitise import one_line
from orp_tui.core.series import Points
from orp_tui.metrics.readers.tfevents_file import WINDOW, EventFile, Stretch
from orp_tui.metrics.readers.tfevents_folder import MOST_FILES, EventFolder
from orp_tui.metrics.readers.tfevents_scalars import Scalars
from orp_tui.metrics.readers.tfevents_voids import Voids


class TfEventsReader:
    """What is new in a folder of event files, at each read. One thread at a time."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        mark: dict[str, Any] | None = None,
        follow_links: bool = False,
        since: float = 0.0,
    ) -> None:
        """`mark` is what `mark` of an earlier reader gave; a damaged one means from the beginning.

        Files last written to before `since`, seconds since 1970, are not read until they are written to.
        """
        self._folder = EventFolder(os.fspath(path), follow_links=follow_links)
        self._follow_links = follow_links
        self._since = since
        self._marks, self._voids = _resumed(mark)
        self._files: dict[str, EventFile] = {}
        self._scalars = Scalars()
        self._told: set[str] = set()
        """What can't be read and was said so."""

    @property
    def mark(self) -> dict[str, Any]:
        files = {name: file.mark for name, file in self._files.items() if file.begun}
        return {"files": {**self._marks, **files}, "voids": self._voids.mark}

    def changed(self) -> bool:
        return self._folder.changed() or any(map(self._has_news, self._folder.names))

    def read(self, *, final: bool = False) -> MetricBatch:
        trouble = self._folder.look()
        if trouble:
            return MetricBatch(trouble=trouble)
        why = "rewritten" if self._are_gone() else ""
        if why:
            self._forget()
        batch = self._read(final=final)
        if batch.restarted:
            why = batch.restarted
            batch = self._read(final=final)
            batch = dataclasses.replace(batch, more=batch.more or bool(batch.restarted))
        return dataclasses.replace(batch, restarted=why)

    def _read(self, *, final: bool) -> MetricBatch:
        """Half a MiB, more or less; what is `restarted` has nothing else in it, and another read begins anew."""
        gathered = _Gathered()
        names = self._folder.names
        for place, name in enumerate(names):
            if not self._has_news(name, final=final):
                continue
            stretch = self._file(name).read(final=final)
            if stretch.restarted:
                self._forget()
                return MetricBatch(restarted=stretch.restarted)
            if stretch.trouble:
                gathered.trouble = gathered.trouble or f"{one_line(name, 60)}: {stretch.trouble}"
            elif not self._take(name, stretch, gathered):
                self._begin_anew()
                return MetricBatch(restarted="rewritten")
            if stretch.more or gathered.size >= WINDOW:
                gathered.more = stretch.more or any(map(self._has_news, names[place + 1 :]))
                break
        return self._batch(gathered)

    def _take(self, name: str, stretch: Stretch, gathered: _Gathered) -> bool:
        """Add what a stretch of a file holds; False if points that were told are void by it."""
        taken = self._scalars.take(stretch.data, stretch.spans)
        if taken.starts_at is not None and self._voids.add(name, taken.starts_at):
            return False
        gathered.add(self._voids.left_of(taken.points, name))
        stretch.bad += taken.bad
        if stretch.bad:
            gathered.tell(len(stretch.bad), f"{one_line(name, 60)}: {stretch.first_bad}")
        gathered.size += len(stretch.data)
        return True

    def _batch(self, gathered: _Gathered) -> MetricBatch:
        """What was gathered. That one of several files can't be read, or one is left out, is told once."""
        if gathered.trouble and not any(file.begun for file in self._files.values()):
            return MetricBatch(trouble=gathered.trouble)
        left_out = self._folder.left_out
        beyond = f"{left_out:,} event files beyond the first {MOST_FILES:,}" if left_out else ""
        for words in filter(None, (gathered.trouble, beyond)):
            if words not in self._told:
                self._told.add(words)
                gathered.tell(1, words)
        return MetricBatch(
            gathered.points, more=gathered.more, bad=gathered.bad, first_bad=gathered.first_bad
        )

    def _has_news(self, name: str, *, final: bool = False) -> bool:
        file = self._file(name)
        if not file.changed() and not (final and file.waits):
            return False
        return file.begun or file.written_at() >= self._since

    def _file(self, name: str) -> EventFile:
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = EventFile(
                self._folder.path_of(name), mark=self._marks.pop(name, None), follow_links=self._follow_links
            )
        return file

    def _are_gone(self) -> bool:
        """Whether files that were read are no more there, but others are."""
        read = {*self._marks, *(name for name, file in self._files.items() if file.begun)}
        return bool(self._folder.names) and not read <= set(self._folder.names)

    def _forget(self) -> None:
        self._begin_anew()
        self._voids = Voids()

    def _begin_anew(self) -> None:
        self._files, self._marks = {}, {}
        self._voids.begin_anew()


@dataclasses.dataclass(slots=True)
class _Gathered:
    """What one read has come upon so far."""

    points: dict[str, Points] = dataclasses.field(default_factory=dict)
    size: int = 0
    """Bytes looked at."""
    more: bool = False
    bad: int = 0
    first_bad: str = ""
    trouble: str = ""
    """Of the first file that can't be read."""

    def add(self, points: dict[str, Points]) -> None:
        for name, more in points.items():
            found = self.points.setdefault(name, more)
            if found is not more:
                found.steps.extend(more.steps)
                found.values.extend(more.values)
                found.times.extend(more.times)

    def tell(self, count: int, words: str) -> None:
        self.bad += count
        self.first_bad = self.first_bad or words


def _resumed(mark: dict[str, Any] | None) -> tuple[dict[str, dict[str, Any]], Voids]:
    try:
        if mark is not None:
            for file in mark["files"].values():
                EventFile("", mark=file)
            return dict(mark["files"]), Voids(mark["voids"])
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return {}, Voids()
