"""Hidden verb: queue the successors of runs that ended for a reason for which they are tried again."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Sequence

from orp_tui.cli.engine_arguments import parse
from orp_tui.core.errors import OrpError
from orp_tui.engine.leader import log
from orp_tui.services.retries import try_again
from orp_tui.store import database


def main(argv: Sequence[str]) -> int:
    """Look through the ends of the last days once; 3 if that could not be finished."""
    words = parse(argv)
    try:
        with database.opened(words.paths.database, allow_network=True, create=False) as connection:
            for line in try_again(words.paths, connection, now=time.time()):
                log(line)
    except (OrpError, OSError) as error:
        log(f"retries: {error}")
        return 3
    except Exception:  # noqa: BLE001 - the top of a process: the traceback goes to queue.log
        print("retries:", file=sys.stderr)  # noqa: T201 - the log
        traceback.print_exc()
        return 3
    return 0
