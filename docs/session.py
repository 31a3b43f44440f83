"""Record a session of `orp-tui --demo` in tmux: `python docs/session.py` (needs tmux; about five minutes).

Drives the real dashboard at 80x24 and 160x45 with keys, as a newcomer would, and keeps what the
screen showed: as text in docs/session-<size>.md, and two pictures for the README. As root the
machine is called `lab1` meanwhile.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SIZES = ((80, 24), (160, 45))
PATIENCE_S = 180.0


class Terminal:
    """A shell in tmux."""

    def __init__(self, folder: Path, columns: int, rows: int, home: Path | None = None) -> None:
        """`home`: what the screen writes as `~`; None: the user's own."""
        programs = _programs(folder)
        self._tmux = [
            shutil.which("tmux") or sys.exit("tmux is needed: apt-get install tmux"),
            "-S",
            str(folder / "tmux"),
        ]
        environment = {
            **os.environ,
            "TERM": "tmux-256color",
            "COLORTERM": "truecolor",
            "XDG_STATE_HOME": str(folder / "state"),
            "TMPDIR": str(folder),
            **({} if home is None else {"HOME": str(home)}),
            "PATH": f"{programs}:{os.environ['PATH']}",
        }
        for name in ("TMUX", "SSH_CONNECTION", "SSH_TTY", "NO_COLOR"):
            environment.pop(name, None)
        size = ["-x", str(columns), "-y", str(rows), "-c", str(folder)]
        start = [
            *self._tmux,
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            *size,
            "env PS1='$ ' bash --norc --noprofile",
        ]
        named = (
            ["unshare", "--uts", "sh", "-c", 'hostname lab1 && exec "$@"', "sh"] if os.geteuid() == 0 else []
        )
        subprocess.run([*named, *start], check=True, env=environment)
        self._do("set-option", "-g", "status", "off")

    def keys(self, *names: str) -> None:
        """Press keys, as tmux names them; a text of several letters is typed."""
        for name in names:
            is_named = len(name) > 1 and name[0].isupper()
            self._do("send-keys", *([] if is_named else ["-l"]), name)
            time.sleep(0.3)

    def wait(self, *words: str, gone: str = "\0") -> None:
        """Until all words are on the screen."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            shown = self.text()
            if all(word in shown for word in words) and gone not in shown:
                time.sleep(0.7)
                return
            time.sleep(0.2)
        raise SystemExit(f"no {words} within {PATIENCE_S:.0f} s:\n{self.text()}")

    def text(self) -> str:
        """What stands on the screen."""
        return self._do("capture-pane", "-p")

    def ansi(self) -> str:
        """The same with its colours."""
        return self._do("capture-pane", "-p", "-e")

    def close(self) -> None:
        """End the shell and what runs in it."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _do(self, *words: str) -> str:
        return subprocess.run([*self._tmux, *words], check=True, capture_output=True, text=True).stdout


def _programs(folder: Path) -> Path:
    """A folder with `orp` and `orp-tui` of a Python beneath `folder`: its path is on the screen."""
    made = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made)], check=True)
    (packages,) = made.glob("lib/python3*/site-packages")
    (packages / "session.pth").write_text(f"{ROOT}\n{sysconfig.get_path('purelib')}\n", "utf-8")
    for name, module in (("orp", "orp_tui.cli.main"), ("orp-tui", "orp_tui.tui.launch")):
        script = made / "bin" / name
        script.write_text(
            f"#!{made}/bin/python\nfrom {module} import main\nraise SystemExit(main())\n", "utf-8"
        )
        script.chmod(0o755)
    return made / "bin"


class Record:
    """Screens with what is to be said of them."""

    def __init__(self, terminal: Terminal, columns: int, rows: int) -> None:
        self._terminal = terminal
        self._size = f"{columns}x{rows}"
        self._columns, self._rows = columns, rows
        self._head = f"# A session at {self._size}\n\nMade by `python docs/session.py`: the real `orp-tui --demo` in tmux, driven by keys.\n"
        self._parts: list[str] = []

    def shot(self, words: str, *, picture: str | None = None, title: str = "orp-tui --demo") -> None:
        """Keep the screen; also as a picture under that name."""
        screen = "\n".join(line.rstrip() for line in self._terminal.text().rstrip("\n").split("\n"))
        self._parts.append(f"\n{words}\n\n```text\n{screen}\n```\n")
        if picture is not None:
            console = Console(
                record=True,
                width=self._columns,
                height=self._rows,
                file=io.StringIO(),
                color_system="truecolor",
            )
            console.print(Text.from_ansi(self._terminal.ansi().rstrip("\n")))
            console.save_svg(str(DOCS / "images" / picture), title=title)

    def write(self) -> None:
        """Write the page."""
        (DOCS / f"session-{self._size}.md").write_text(self._head + self.words(), "utf-8")

    def words(self) -> str:
        """What was kept."""
        return "".join(self._parts)


def main() -> None:
    """Record both sizes."""
    for columns, rows in SIZES:
        with terminal(columns, rows) as screen:
            record = Record(screen, columns, rows)
            session(screen, record, wide=columns >= 100)
            record.write()
            print(f"docs/session-{columns}x{rows}.md")  # noqa: T201 - a script


@contextlib.contextmanager
def terminal(columns: int, rows: int) -> Iterator[Terminal]:
    """A terminal whose demo is ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="orp-", dir="/tmp", ignore_cleanup_errors=True) as name:
        screen = Terminal(Path(name), columns, rows)
        try:
            yield screen
            screen.keys("clear; orp-tui --end-demo", "Enter")
            screen.wait("removed")
        finally:
            screen.close()


def session(screen: Terminal, record: Record, *, wide: bool) -> None:
    """What a newcomer does."""
    screen.keys("orp-tui --demo", "Enter")
    screen.wait("one-gpu", "both-gpus", "● running")
    record.shot("`orp-tui --demo`: a playground with made-up GPUs, whose first runs have been queued.")

    screen.keys("/", "one-gpu", "Enter", *([] if wide else ["]"]))
    screen.wait("[x]")
    record.shot("The deliverables of a run turn green one by one …")
    screen.wait("7/7")
    record.shot("… until all are there.")
    screen.keys("Escape")

    for name in ("long", "talkative", "seeds"):
        screen.keys("a", "/")
        screen.wait("filter:")
        screen.keys(name, "Enter")
        screen.wait(f"filter: {name[:2]}")  # a narrow frame cuts it
        screen.keys("a")
        screen.wait("queued")
        screen.keys("Escape", "Tab")
        screen.wait("ORP", gone="queued")
    screen.wait("long", "seeds", "talkative")
    record.shot(
        "Launch three experiments: `a` goes to the experiment files, `/` filters them, `a` queues; `seeds` has three runs."
    )

    screen.keys("/", "seeds", "Enter", "G", "T")
    screen.wait("moved top")
    screen.keys("Escape")
    screen.wait("both-gpus")
    record.shot("`T` lets a waiting run start first; `u` would take that back.")

    screen.keys("/", "long", "Enter")
    screen.wait("● running")
    screen.wait("test_accuracy")
    if wide:
        screen.keys("Escape")
        screen.wait("[~]", "seeds")
        record.shot("Everything at once, where there is room.", picture="dashboard.svg")
        screen.keys("/", "long", "Enter")
        screen.wait("filter: long")
    screen.keys("x")
    screen.wait("Cancel 1 run?")
    record.shot("`x` asks before it ends what runs, and says how: which signal, how long it may take.")
    screen.keys("y")
    screen.wait("cancelled")
    screen.keys("Enter")
    screen.wait("How it ended")
    record.shot(
        "Enter shows everything about the run, its death certificate included.",
        picture=None if wide else "run-screen.svg",
    )

    screen.keys("Escape", "q")
    screen.wait("stays in", "orp-tui --demo")
    record.shot("`q` leaves, and says what goes on.")
    screen.keys("orp-tui --demo", "Enter")
    screen.wait("filter: lo", "cancelled", "ORP")
    record.shot("The next `orp-tui` shows the same place.")
    screen.keys("Escape", "q")
    screen.wait("end-demo")


if __name__ == "__main__":
    main()
