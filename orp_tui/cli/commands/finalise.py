"""Hidden verb: what a supervisor becomes once its exit record is on disk."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Sequence

from orp_tui.cli.engine_arguments import parse
from orp_tui.engine.finaliser import finalise, newest_exit
from orp_tui.engine.leftovers import end_leftovers


def main(argv: Sequence[str]) -> int:
    """Finalise one run. The lock's descriptor is inherited and kept open to the end."""
    words = parse(argv)
    os.set_inheritable(int(words.options["lock-fd"]), False)
    counted = words.options.get("leftovers")
    try:
        if counted is None:  # the supervisor was killed, perhaps before it had seen to them
            attempt = newest_exit(words.paths.run(words.run_id))
            leftovers = end_leftovers(words.paths, words.run_id, attempt)
        else:
            leftovers = int(counted)
        finalise(words.paths, words.run_id, leftovers=leftovers)
    except Exception:  # noqa: BLE001 - the top of a process: the traceback goes to the run's supervisor.log
        print(time.strftime("%Y-%m-%dT%H:%M:%SZ finaliser:", time.gmtime()), file=sys.stderr)  # noqa: T201 - the log
        traceback.print_exc()
        return 1
    return 0
