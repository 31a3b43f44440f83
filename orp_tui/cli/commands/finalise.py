"""Hidden verb: what a supervisor becomes once its exit record is on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence

from orp_tui.cli.border import guarded
from orp_tui.cli.engine_arguments import parse
from orp_tui.engine.finaliser import finalise, newest_exit
from orp_tui.engine.leftovers import end_leftovers
from orp_tui.services.ended_metrics import ended_chain, ended_metrics


def main(argv: Sequence[str]) -> int:
    """Finalise one run. The lock's descriptor is inherited and kept open to the end."""
    words = parse(argv)
    os.set_inheritable(int(words.options["lock-fd"]), False)
    counted = words.options.get("leftovers")

    def work() -> int:
        if counted is None:  # the supervisor was killed, perhaps before it had seen to them
            attempt = newest_exit(words.paths.run(words.run_id))
            leftovers = end_leftovers(words.paths, words.run_id, attempt)
        else:
            leftovers = int(counted)
        finalise(words.paths, words.run_id, leftovers=leftovers, elsewhere=ended_metrics, chain=ended_chain)
        return 0

    return guarded("finaliser", work, broken=1)
