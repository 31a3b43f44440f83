"""`orp-tui` in a real terminal: how it begins, how it ends, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from real_terminal import ORP_TUI, RealTerminal, environment, terminal
from waiting import until

BROKEN = """\
import sys
from orp_tui.tui import launch
import orp_tui.tui.app as app
def broken(self, *_, **__):
    password = "hunter2-is-local"
    raise ValueError("it broke \\x1b]0;owned\\x07 with ghp_{token}")
app.OrpApp.{method} = broken
sys.exit(launch.main(sys.argv[1:]))
""".replace("{token}", "a1B2" * 9)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one experiment file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "orp.yaml").write_text("base_dir: experiments\n")
    (folder / "first.yaml").write_text("experiment: {name: first}\ntraining: {script: [echo, hi]}\n")
    return folder


def reports(home: Path) -> list[str]:
    return [path.read_text() for path in (home / ".local" / "state" / "orp").glob("crash-*")]


def in_order(real: RealTerminal) -> bool:
    """Whether the alternate screen, the hidden cursor and the mouse are things of the past."""
    pairs = ((b"\x1b[?1049h", b"\x1b[?1049l"), (b"\x1b[?25l", b"\x1b[?25h"), (b"\x1b[?1003h", b"\x1b[?1003l"))
    return all(real.raw.rfind(on) < real.raw.rfind(off) or on not in real.raw for on, off in pairs)


def test_q_leaves_says_so_and_gives_the_terminal_back_as_it_was(home, project):
    with terminal(ORP_TUI, environment(home), cwd=project) as real:
        before = real.modes()
        real.until("Queue", "Leave")
        real.send("q")

        assert real.end() == 0
        assert "nothing runs and nothing waits" in real.text
        assert in_order(real)
        assert real.modes() == before


def test_something_is_shown_before_textual_and_the_screen_is_not_cleared_in_between(home, project):
    with terminal(ORP_TUI, environment(home), cwd=project) as real:
        real.until("ORP", "loading")
        assert b"\x1b[?1000h" not in real.raw
        real.until("Queue", "Leave")

        assert real.raw.count(b"\x1b[?1049h") == 1
        assert real.raw.count(b"\x1b[2J") == real.raw.count(b"\x1bc") == 0


def test_the_runs_are_on_the_screen_before_textual_and_the_words_at_the_end_count_them(home, project):
    variables = environment(home, ORP_AUTOSTART="false")
    submit = [sys.executable, "-P", "-m", "orp_tui.cli", "queue", "submit", "first.yaml"]
    subprocess.run(submit, env=variables, cwd=project, check=True, capture_output=True)

    with terminal(ORP_TUI, variables, cwd=project) as real:
        real.until("Queue", "Leave")
        before_textual = bytes(real.raw).partition(b"\x1b[?1000h")[0].decode()
        assert " first " in before_textual
        assert "wait" in before_textual
        real.send("q")

        assert real.end() == 0
        assert "1 run waits" in real.text
        assert "`orp queue start`" in real.text


def test_keys_typed_while_it_loads_are_not_echoed_and_count(home, project):
    with terminal(ORP_TUI, environment(home), cwd=project) as real:
        real.until("loading")
        real.send("q")

        assert real.end() == 0
        assert (
            "q" not in real.raw.decode(errors="replace").partition("\x1b[?1000h")[0].partition("loading")[2]
        )


@pytest.mark.parametrize("variables", [{"SSH_TTY": "/dev/pts/9"}, {}], ids=["over SSH", "local"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_as_q_does_and_then_ends_it(home, project, number, variables):
    with terminal(ORP_TUI, environment(home, **variables), cwd=project) as real:
        before = real.modes()
        real.until("Queue", "Leave")
        os.kill(real.process.pid, number)

        assert real.end() == (130 if number == signal.SIGINT else -number)
        assert in_order(real)
        assert real.modes() == before


def test_a_signal_while_it_loads_gives_the_terminal_back_too(home, project):
    for number in (signal.SIGTERM, signal.SIGINT):
        with terminal(ORP_TUI, environment(home), cwd=project) as real:
            before = real.modes()
            real.until("loading")
            os.kill(real.process.pid, number)

            # An interrupt in the middle of certain imports Python turns back into the signal in the end.
            assert real.end() in ((130, -number) if number == signal.SIGINT else (-number,))
            assert in_order(real)
            assert real.modes() == before
            assert "Traceback" not in real.text


HANGING = """\
import sys
from orp_tui.tui import launch
import orp_tui.tui.app as app
app.OrpApp.exit = lambda *_, **__: None
sys.exit(launch.main())
"""


@pytest.mark.slow
def test_a_dashboard_that_hangs_is_ended_by_a_signal_all_the_same_and_in_order(home, project):
    with terminal((sys.executable, "-P", "-c", HANGING), environment(home), cwd=project) as real:
        before = real.modes()
        real.until("Queue", "Leave")
        os.kill(real.process.pid, signal.SIGTERM)

        assert real.end() == 128 + signal.SIGTERM
        assert in_order(real)
        assert real.modes() == before


def test_a_terminal_that_goes_takes_the_dashboard_with_it_and_the_place_is_kept(home, project):
    with terminal(ORP_TUI, environment(home), cwd=project) as real:
        real.until("Queue", "Leave")

        assert real.hang_up() == -signal.SIGHUP
    (kept,) = (home / ".local" / "state" / "orp" / "dashboard").glob("*.json")
    assert json.loads(kept.read_text())["base"] == str(project / "experiments")
    assert not reports(home)


def test_a_terminal_that_goes_takes_the_dashboard_with_it_where_hang_ups_are_ignored(home, project):
    with terminal(ORP_TUI, environment(home), cwd=project, hang_ups=signal.SIG_IGN) as real:
        real.until("Queue", "Leave")

        assert real.hang_up() == -signal.SIGTERM
    assert list((home / ".local" / "state" / "orp" / "dashboard").glob("*.json"))
    assert not reports(home)


@pytest.mark.parametrize("method", ["on_mount", "__init__", "compose"])
def test_a_crash_restores_the_terminal_and_leaves_a_report_without_secrets_or_locals(home, project, method):
    argv = (sys.executable, "-P", "-c", BROKEN.replace("{method}", method))
    with terminal(argv, environment(home), cwd=project) as real:
        before = real.modes()

        assert real.end() == 3
        assert "this is a bug in ORP: ValueError: it broke" in real.text
        assert "the report is in" in real.text
        assert in_order(real)
        assert real.modes() == before
        assert b"owned" not in real.raw
    (report,) = reports(home)
    assert "ValueError: it broke" in report
    assert "textual 8" in report
    for hidden in ("hunter2-is-local\n", "\x1b", "a1B2a1B2", "owned"):
        assert hidden not in report


def test_a_place_in_which_it_broke_is_forgotten(home, project):
    folder = home / ".local" / "state" / "orp" / "dashboard"
    with terminal(ORP_TUI, environment(home), cwd=project) as real:
        real.until("Queue", "Leave")
        real.send("q")
        real.end()
    assert list(folder.glob("*.json"))
    argv = (sys.executable, "-P", "-c", BROKEN.replace("{method}", "on_mount"))
    with terminal(argv, environment(home), cwd=project) as real:
        real.end()
    assert not list(folder.glob("*.json"))


def test_an_import_that_fails_gives_the_terminal_back(home, project):
    code = "import sys; sys.modules['textual'] = None; from orp_tui.tui.launch import main; sys.exit(main())"
    with terminal((sys.executable, "-P", "-c", code), environment(home), cwd=project) as real:
        before = real.modes()

        assert real.end() == 3
        assert "ModuleNotFoundError" in real.text
        assert in_order(real)
        assert real.modes() == before


def test_a_settings_file_that_is_wrong_is_told_in_a_line(home, project):
    (project / "orp.yaml").write_text("base_dri: experiments\n")
    with terminal(ORP_TUI, environment(home), cwd=project) as real:
        assert real.end() == 2
        assert "orp.yaml:1: base_dri: is not a known setting" in real.text.replace("\n", "")
        assert in_order(real)
    assert not reports(home)


def test_the_dashboard_survives_a_resize_to_next_to_nothing_and_back(home, project):
    with terminal(ORP_TUI, environment(home), cwd=project, size=(120, 40)) as real:
        real.until("Queue", "Leave")
        for size in ((20, 5), (1, 1), (200, 60), (80, 24)):
            real.resize(*size)
            os.kill(real.process.pid, signal.SIGWINCH)
            real.read(0.2)
        real.until("Queue")
        real.send("q")

        assert real.end() == 0


@pytest.mark.parametrize("given", [{"NO_COLOR": "1"}, {"TERM": "linux"}], ids=["NO_COLOR", "console"])
def test_a_terminal_without_many_colours_is_sent_none_of_its_own(home, project, given):
    with terminal(ORP_TUI, environment(home, **given), cwd=project) as real:
        real.until("Queue", "Leave")
        assert b"38;2;" not in real.raw
        assert b"48;2;" not in real.raw
        assert b"38;5;" not in real.raw
        real.send("q")
        assert real.end() == 0


def test_in_ascii_mode_every_byte_is_ascii(home, project):
    with terminal((*ORP_TUI, "--ascii"), environment(home), cwd=project) as real:
        real.until("Queue", "Leave", "first.yaml")
        real.send("?")
        real.until("Keys: Queue")
        real.send("\x1b")
        until(lambda: (real.read(), "Keys: Queue" not in real.text)[1], what="the help goes")
        real.send("q")

        assert real.end() == 0
        assert bytes(real.raw).isascii()


def test_a_terminal_of_another_encoding_gets_a_question_mark_for_what_it_lacks(home, project):
    (project / "ünïcode-宽.yaml").write_text("experiment: {name: x}\ntraining: {script: [echo]}\n")
    with terminal(ORP_TUI, environment(home, PYTHONIOENCODING="latin-1"), cwd=project) as real:
        real.until("Queue", "Leave", "code-?")
        assert b"\\u" not in real.raw


def test_over_ssh_the_keyboard_protocol_is_left_alone_and_nothing_glides(home, project):
    with terminal(ORP_TUI, environment(home, SSH_TTY="/dev/pts/9"), cwd=project) as real:
        real.until("Queue", "Leave")
        assert b"\x1b[>" not in real.raw
        real.send("q")
        real.end()


def test_the_mouse_stays_the_terminals_if_one_says_so(home, project):
    with terminal((*ORP_TUI, "--no-mouse"), environment(home), cwd=project) as real:
        real.until("Queue", "Leave")
        assert b"\x1b[?1000h" not in real.raw
        assert b"\x1b[?1003h" not in real.raw


def test_ctrl_z_gives_the_shell_its_terminal_and_fg_comes_back(home, project):
    shell = ("/bin/bash", "--norc", "--noprofile", "-i")
    with terminal(shell, environment(home, PS1="shell> ", HISTFILE="/dev/null"), cwd=project) as real:
        real.until("shell>")
        real.send(" ".join(ORP_TUI) + "\r")
        real.until("Queue", "Leave")
        real.send("\x1a")
        real.until("Stopped", "shell>")
        assert in_order(real)
        real.send("stty -a | grep -o ' echo '; echo still-$((40 + 2))\r")
        real.until("still-42")
        real.send("fg\r")
        real.until("Queue", "Leave")
        real.send("q")
        real.until("nothing runs and nothing waits", "shell>")
        assert in_order(real)


def test_a_process_that_was_stopped_from_outside_goes_on_and_still_gets_every_key(home, project):
    with terminal(ORP_TUI, environment(home), cwd=project) as real:
        before = real.modes()
        real.until("Queue", "Leave")
        for _ in range(3):
            os.kill(real.process.pid, signal.SIGSTOP)
            until(lambda: psutil.Process(real.process.pid).status() == psutil.STATUS_STOPPED)
            real.raw.clear()
            os.kill(real.process.pid, signal.SIGCONT)
            until(lambda: real.read() and len(real.raw) > 2000, what="all is drawn again")
        real.send("q")

        assert real.end() == 0
        assert real.modes() == before


def run(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`orp-tui` without a terminal."""
    return subprocess.run(
        [*ORP_TUI, *words], env=environment(home, **variables), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )  # fmt: skip


def test_without_a_terminal_it_is_refused_with_advice(home):
    done = run(home)
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert "`orp status --watch`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_is_refused_with_advice(home, project, term):
    with terminal(ORP_TUI, environment(home, TERM=term), cwd=project) as real:
        assert real.end() == 2
        assert "`orp status --watch`" in real.text.replace("\n", " ")
        assert b"\x1b" not in real.raw


def test_help_and_version_need_no_terminal(home):
    assert "--demo" in run(home, "--help").stdout
    assert run(home, "--version").stdout.startswith("orp-tui ")


def test_wrong_words_are_told_in_a_line(home, tmp_path):
    for words in (["--colours", "many"], ["--theme", "nice"], ["--demo", "here"], [str(tmp_path / "gone")]):
        done = run(home, *words)
        assert done.returncode == 2
        assert done.stderr.startswith("orp-tui: ")
        assert done.stderr.count("\n") == 1


FIRST_PAINT = """\
import os, sys
from orp_tui.tui import manners, options, session, skeleton
made = session.new_session(options.options_of([]), manners.manners_of(os.environ), skeleton.Skeleton())
display, seen = made.app._display, []
def first(screen, drawn):
    if not seen and type(drawn).__name__ == "LayoutUpdate":
        seen.append(sorted({"numpy", "plotext", "pydantic", "yaml", "scipy", "watchfiles", "click"} & set(sys.modules)))
        made.app.exit()
    display(screen, drawn)
made.app._display = first
made.app.run(headless=True, size=(120, 40))
print(seen)
"""


def test_the_first_paint_needs_none_of_the_heavy_packages(home, project):
    (project / "orp.yaml").unlink()  # one that was changed since it was last read is read again
    done = subprocess.run(
        [sys.executable, "-P", "-c", FIRST_PAINT], env=environment(home), cwd=project, capture_output=True, text=True
    )  # fmt: skip
    assert done.stdout == "[[]]\n", done.stderr


def test_the_first_line_needs_neither_textual_nor_asyncio(home):
    code = (
        "import sys; from orp_tui.tui import launch, skeleton; launch.options_of([]);"
        "print(sorted({'textual', 'rich', 'asyncio', 'sqlite3', 'yaml', 'click', 'orp_tui.services'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment(home), capture_output=True, text=True
    )
    assert done.stdout == "[]\n"
