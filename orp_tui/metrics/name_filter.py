"""Which metrics a user wants: `metrics.include` and `metrics.exclude` of an experiment, globs of names."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

_MOST_KNOWN = 10_000


class NameFilter:
    """Keeps what matches `include`, or everything if that is empty, but for what matches `exclude`."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [re.compile(fnmatch.translate(glob)) for glob in include]
        self._exclude = [re.compile(fnmatch.translate(glob)) for glob in exclude]
        self._asked = [re.compile(fnmatch.translate(glob)) for glob in include if glob.strip("*?")]
        self._known: dict[str, bool] = {}

    @property
    def asks(self) -> bool:
        """Whether `include` names anything by more than `*`."""
        return bool(self._asked)

    def keeps(self, name: str) -> bool:
        """Whether a metric of that name is wanted."""
        if not self._include and not self._exclude:
            return True
        known = self._known.get(name)
        if known is None:
            known = self._keeps(name)
            if len(self._known) < _MOST_KNOWN:
                self._known[name] = known
        return known

    def asks_for(self, name: str) -> bool:
        """Whether `include` names it by more than `*`: then it is a metric, whatever else it looks like."""
        return any(glob.match(name) for glob in self._asked)

    def _keeps(self, name: str) -> bool:
        if self._include and not any(glob.match(name) for glob in self._include):
            return False
        return not any(glob.match(name) for glob in self._exclude)
