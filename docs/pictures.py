"""Make the pictures of the README from a real run: `python docs/pictures.py` (needs tmux; dev extra).

It runs the digits sample in a terminal of 100×20 and keeps what the screen showed in the
end, as SVG.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 100, 20


def main() -> None:
    """Run the sample in tmux and write docs/images/run.svg."""
    tmux = shutil.which("tmux") or sys.exit("tmux is needed: apt-get install tmux")
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/tmux"
        project = Path(folder) / "sample_experiments"
        shutil.copytree(
            ROOT / "sample_experiments", project, ignore=shutil.ignore_patterns("experiments", "__pycache__")
        )
        environment = {**os.environ, "PS1": "$ ", "TERM": "xterm-256color", "ORP_IDLE_EXIT": "5s"}
        run = [tmux, "-S", socket]
        start = [
            "new-session",
            "-d",
            "-x",
            str(WIDTH),
            "-y",
            str(HEIGHT),
            "-c",
            str(project),
            "bash --norc --noprofile",
        ]
        subprocess.run([*run, *start], check=True, env=environment)
        subprocess.run([*run, "send-keys", "clear; orp run digits.yaml", "Enter"], check=True)
        screen = _screen_with(run, "_artifacts.zip")
        subprocess.run([*run, "kill-server"], check=True)
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    lines = screen.rstrip().splitlines()
    end = next(place for place, line in enumerate(lines) if "succeeded" in line)
    shown = lines[end:-1]  # without the prompts of this machine
    console.print(Text.from_ansi("\n".join(["$ orp run digits.yaml", *shown])))
    images = ROOT / "docs" / "images"
    images.mkdir(exist_ok=True)
    console.save_svg(str(images / "run.svg"), title="orp run digits.yaml")


def _screen_with(run: list[str], word: str) -> str:
    """What the terminal shows once it shows `word`."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        screen = subprocess.run(
            [*run, "capture-pane", "-p", "-e"], check=True, capture_output=True, text=True
        ).stdout
        if word in screen:
            return screen
        time.sleep(0.2)
    sys.exit(f"the run did not end:\n{screen}")


if __name__ == "__main__":
    main()
