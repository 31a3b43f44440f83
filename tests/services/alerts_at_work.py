"""The part of an observer that watches alerts, alone: reads a run's metrics.jsonl and hands on what is new.

`python alerts_at_work.py BASE RUN` looks every 50 ms until the run has ended; failpoints kill it as they
kill any process of ORP.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from orp_tui.core.layout import BasePaths
from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.services.alerting import Alerts
from orp_tui.store import database, runs


def watch(base: str, run_id: str) -> None:
    paths = BasePaths.under(Path(base))
    connection = database.connect(paths.database, create=False)
    alerts, reader = Alerts(paths, connection), JsonlReader(paths.run(run_id).metrics)
    while (run := runs.get(connection, run_id)) is not None and not run.state.is_final:
        alerts.look(run, reader.read().points)
        time.sleep(0.05)


if __name__ == "__main__":
    watch(sys.argv[1], sys.argv[2])
