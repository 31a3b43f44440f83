"""Hidden verb: the observer."""

from __future__ import annotations

from collections.abc import Sequence

from orp_tui.cli.border import guarded
from orp_tui.cli.engine_arguments import parse
from orp_tui.services.observe import observe


def main(argv: Sequence[str]) -> int:
    """Look on until nothing has run for a while; 3 if another observer does already."""
    words = parse(argv)
    return guarded("observer", lambda: 0 if observe(words.paths) else 3, broken=3)
