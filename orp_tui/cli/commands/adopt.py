"""Hidden verb: watch a training whose supervisor was killed, then finalise it."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence

from orp_tui.cli.engine_arguments import parse
from orp_tui.engine.adopter import Adopter
from orp_tui.engine.finaliser import finalise


def main(argv: Sequence[str]) -> int:
    """Adopt one run. The lock's descriptor is inherited and kept open to the end."""
    words = parse(argv)
    os.set_inheritable(int(words.options["lock-fd"]), False)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    try:
        Adopter(words.paths, words.run_id, int(words.options["attempt"])).run()
        finalise(words.paths, words.run_id)
    except Exception:  # noqa: BLE001 - the top of a process: the traceback goes to the run's supervisor.log
        print("adopter:", file=sys.stderr)  # noqa: T201 - the log
        traceback.print_exc()
        return 1
    return 0
