"""Every act by its name: the command palette, made from the table of keys."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from orp_tui.tui.bindings import KEYS, PLACES, Key

if TYPE_CHECKING:
    from orp_tui.tui.app import OrpApp

_NOT_HERE = ("app.palette",)


_LESS = 0.1
"""How much a hit in the sentence counts beside one in the name: it comes after all of those."""


def _in_sentence(key: Key, query: str) -> float:
    text = f"{key.tooltip} {key.twin}".lower()
    return _LESS if all(word in text for word in query.lower().split()) else 0.0


class KeyProvider(Provider):
    """Finds acts by label, sentence and command line; the key that does the same stands behind."""

    async def discover(self) -> Hits:
        for key in KEYS:
            if key.id not in _NOT_HERE:
                yield DiscoveryHit(Content(self._words(key)), self._runner(key), key.label, key.tooltip)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for key in KEYS:
            if key.id in _NOT_HERE:
                continue
            score = max(matcher.match(self._words(key)), _in_sentence(key, query))
            if score > 0:
                yield Hit(score, Content(self._words(key)), self._runner(key), key.label, key.tooltip)

    def _words(self, key: Key) -> str:
        place = PLACES[key.id.partition(".")[0]]
        return f"{place}: {key.label}   {self._app.written(key)}"

    def _runner(self, key: Key) -> functools.partial[None]:
        return functools.partial(self._app.run_key, key.id)

    @property
    def _app(self) -> OrpApp:
        return cast("OrpApp", self.app)
