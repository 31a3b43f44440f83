"""Hidden verb: the observer."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from orp_tui.cli.engine_arguments import parse
from orp_tui.services.observe import observe


def main(argv: Sequence[str]) -> int:
    """Look on until nothing has run for a while; 3 if another observer does already."""
    words = parse(argv)
    try:
        return 0 if observe(words.paths) else 3
    except Exception:  # noqa: BLE001 - the top of a process: the traceback goes to observer.log
        print("observer:", file=sys.stderr)  # noqa: T201 - the log
        traceback.print_exc()
        return 3
