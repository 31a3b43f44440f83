"""Hidden verb: watch a training whose supervisor was killed, then finalise it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

from orp_tui.cli.border import guarded
from orp_tui.cli.engine_arguments import parse
from orp_tui.engine.adopter import Adopter
from orp_tui.engine.finaliser import finalise
from orp_tui.services.ended_metrics import ended_chain, ended_metrics


def main(argv: Sequence[str]) -> int:
    """Adopt one run. The lock's descriptor is inherited and kept open to the end."""
    words = parse(argv)
    os.set_inheritable(int(words.options["lock-fd"]), False)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)

    def work() -> int:
        Adopter(words.paths, words.run_id, int(words.options["attempt"])).run()
        finalise(words.paths, words.run_id, elsewhere=ended_metrics, chain=ended_chain)
        return 0

    return guarded("adopter", work, broken=1)
