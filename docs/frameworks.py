"""Show four trainings that know nothing of ORP in one chart: `python docs/frameworks.py PYTHON`.

PYTHON is an interpreter with torch, tensorboard, lightning, transformers and wandb. The real
dashboard is driven in tmux, and what its screen showed is kept in docs/frameworks.md and
docs/images/frameworks.svg. Takes two minutes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from session import DOCS, Record, Terminal

COLUMNS, ROWS = 120, 36
ALL_HAVE_WRITTEN_S = 22.0
HEAD = """\
# Four frameworks, one chart

Made by `python docs/frameworks.py PYTHON`: the trainings of [frameworks](frameworks), none of which knows
ORP, queued with `orp batch .` and marked with `*` in the real dashboard in tmux.
TensorBoard's event files, Lightning's CSV, Hugging Face's Trainer log and W&B's offline file are read while they grow.
"""


def main(python: str) -> None:
    """Run them, and keep two screens."""
    with tempfile.TemporaryDirectory(prefix="orp-", dir="/tmp", ignore_cleanup_errors=True) as name:
        project = Path(name) / "project"
        shutil.copytree(DOCS / "frameworks", project, ignore=shutil.ignore_patterns("experiments"))
        screen = Terminal(Path(name), COLUMNS, ROWS)
        try:
            show(screen, Path(python).absolute().parent)
        finally:
            screen.close()


def show(screen: Terminal, programs: Path) -> None:
    """What is pressed, and what is seen."""
    record = Record(screen, COLUMNS, ROWS)
    screen.keys(f"cd project; export PATH={programs}:$PATH; clear", "Enter")
    screen.keys("clear; orp batch . >/dev/null; orp-tui", "Enter")
    screen.wait("4 run")
    time.sleep(ALL_HAVE_WRITTEN_S)
    screen.wait("tensorboard", "lightning", "transformers", "wandb", "loss")
    screen.keys("*", "Tab", "Tab", "Tab", "/", "loss", "Enter", "z")
    screen.wait("4 runs", " tensorboard ", " lightning ", " transformers ", " wandb ")
    record.shot(
        "Live, after some seconds; W&B writes its file every 5 to 15 s only.", picture="frameworks.svg"
    )
    screen.keys("z", "Escape")
    screen.wait("nothing runs")
    screen.keys("q")
    screen.wait("$")
    screen.keys(
        "clear; for name in tensorboard lightning transformers wandb; do orp metrics last:$name | head -2; done; echo done",
        "Enter",
    )
    screen.wait("wandb/offline", "runs/regression", "\ndone")
    record.shot("What was read, and from where:")
    (DOCS / "frameworks.md").write_text(HEAD + record.words(), "utf-8")
    print("docs/frameworks.md")  # noqa: T201 - a script


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__))
