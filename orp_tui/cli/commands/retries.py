"""Hidden verb: queue the successors of runs that ended for a reason for which they are tried again."""

from __future__ import annotations

import time
from collections.abc import Sequence

from orp_tui.cli.border import guarded
from orp_tui.cli.engine_arguments import parse
from orp_tui.core.errors import OrpError
from orp_tui.core.layout import BasePaths
from orp_tui.engine.leader import log
from orp_tui.services.retries import try_again
from orp_tui.store import database


def main(argv: Sequence[str]) -> int:
    """Look through the ends of the last days once; 3 if that could not be finished."""
    words = parse(argv)
    return guarded("retries", lambda: _look(words.paths), broken=3)


def _look(paths: BasePaths) -> int:
    try:
        with database.opened(paths.database, allow_network=True, create=False) as connection:
            for line in try_again(paths, connection, now=time.time()):
                log(line)
    except (OrpError, OSError) as error:
        log(f"retries: {error}")
        return 3
    return 0
