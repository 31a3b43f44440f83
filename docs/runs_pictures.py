"""Make the pictures of docs/runs.md: `python docs/runs_pictures.py` (needs tmux; half a minute).

The Runs screen and a comparison in the real dashboard at 120x32, over 3,000 runs made by the tests' own maker.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from session import ROOT, Record, Terminal

COLUMNS, ROWS, COUNT = 120, 32, 3_000
FILTER = "resnet state:succeeded cfg.lr<1e-3"


def main() -> None:
    """Drive it with keys and keep two screens."""
    sys.path.insert(0, str(ROOT))
    from tests.many_runs import make_runs

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        project = Path(home) / "vision"
        make_runs(project / "experiments", COUNT)
        terminal = Terminal(project, COLUMNS, ROWS, Path(home))
        record = Record(terminal, COLUMNS, ROWS)
        try:
            terminal.keys("orp-tui", "Enter")
            terminal.wait("Command")
            terminal.keys("2")
            terminal.wait(f"of {COUNT:,}")
            terminal.keys("/", FILTER, "Enter")
            terminal.wait("resnet50", "config")
            terminal.keys("o", "/", "primary", "Enter")
            terminal.wait("PRIMARY ▼")
            record.shot("The best first.", picture="runs.svg", title="orp-tui: past runs")
            terminal.keys("Space", "j", "Space", "j", "Space", "c")
            terminal.wait("[3]Compare", "val_acc")
            record.shot("Side by side.", picture="compare.svg", title="orp-tui: a comparison")
        finally:
            terminal.close()


if __name__ == "__main__":
    main()
