"""What people do with the dashboard, in a real terminal with a real shell and real trainings.

The flows of the key table, at 80x24 unless size is what matters. All wait for what the screen
shows, so that a loaded machine only makes them slower.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desk import Desk, desks
from tmux_screen import Screen, need_tmux
from waiting import until

import orp_tui
from orp_tui.core.states import Mark, RunState

need_tmux()

QUIET = "queue: {autostart: false}\n"
"""Settings with which nothing starts by itself."""
Opened = Callable[..., Screen]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A project whose queue starts what is added."""
    with desks(tmp_path / "desk", settings="queue: {idle_exit: 2s, breaker: 0, slots: 2}\n") as made:
        yield made


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Desk]:
    """A project in which everything waits."""
    with desks(tmp_path / "quiet", settings=QUIET) as made:
        yield made


@pytest.fixture
def open_screen(tmp_path: Path) -> Iterator[Opened]:
    """`open_screen(desk)`: a terminal in its folder, in which the dashboard has been started."""
    made: list[Screen] = []

    def opened(
        desk: Desk, command: str = "orp-tui", *, columns: int = 80, rows: int = 24, **variables: str
    ) -> Screen:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        environment = desk.variables(HOME=str(home), **variables)
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "TMUX"):
            environment.pop(name, None)
        socket = tmp_path / f"tmux-{len(made)}"
        screen = Screen(desk.folder, environment, socket, columns=columns, rows=rows)
        made.append(screen)
        screen.wait("$")
        screen.type(command)
        return screen

    yield opened
    for screen in made:
        screen.close()


def ticking(desk: Desk, name: str = "long", before: str = "", **training: object) -> str:
    """An experiment that counts until the file `go` is there; its name."""
    go = shlex.quote(str(desk.folder / "go"))
    script = f"{before}n=0; while [ ! -e {go} ]; do n=$((n+1)); echo tick $n; sleep 0.05; done"
    desk.write(f"{name}.yaml", script, experiment=name, training=training)
    return name


def queued(desk: Desk, *names: str) -> list[str]:
    """Ids of runs of experiments of these names, none of which starts."""
    for name in names:
        desk.write(f"{name}.yaml", "echo trained", experiment=name)
    done = desk.call("run", "--detach", *(f"{name}.yaml" for name in names))
    assert done.code == 0, done.err
    return done.out.split()


def rows(lines: list[str], *names: str) -> list[str]:
    """The names in the order of their rows in the queue."""
    found = [re.search(rf"\b({'|'.join(names)})\s+[■○●✗✓–]", line) for line in lines]
    return [match[1] for match in found if match]


def ticks(lines: list[str]) -> list[int]:
    return [int(match[1]) for line in lines if (match := re.search(r"(?:^|[│ ])tick (\d+)\b", line))]


def wait_ticks(screen: Screen, *words: str, beyond: int = 8) -> list[str]:
    """The screen, once it shows these words and a training that counts."""

    def found(lines: list[str]) -> bool:
        text = "\n".join(lines)
        return all(word in text for word in words) and max(ticks(lines), default=0) > beyond

    return screen.wait_until(found, f"{words} and ticks beyond {beyond}")


def wait_said(screen: Screen, words: str) -> None:
    """Wait until a toast says these words, wherever its lines are broken."""

    def found(lines: list[str]) -> bool:
        said = " ".join(line.partition("▌")[2].rstrip(" ╮╯│─").strip() for line in lines if "▌" in line)
        return words in " ".join(said.split())

    screen.wait_until(found, f"a toast with {words!r}")


def program(path: Path, script: str) -> str:
    """A shell script that can be called."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def only_run(desk: Desk) -> str:
    """The id of the only run, once there is one."""
    return until(lambda: [path.name for path in desk.paths.runs.glob("exp_*")], what="a run")[0]


# Launch, cancel, kill


def test_a_file_is_launched_watched_and_cancelled(desk: Desk, open_screen: Opened) -> None:
    ticking(desk)
    screen = open_screen(desk)

    screen.wait("nothing was run here yet")
    screen.key("a")
    screen.wait("long.yaml", "◇ valid")
    screen.key("a")
    wait_ticks(screen, "● running", "1 run", "FOLLOW")
    screen.key("Escape")
    screen.wait("Queue  1", gone="long.yaml")
    screen.key("x")
    screen.wait(
        "Cancel 1 run?", "long  exp_", "running for", "SIGTERM, then SIGKILL after", "orp cancel exp_"
    )
    screen.key("Enter", "n")
    screen.wait("● running", gone="Cancel 1 run?")
    screen.key("x")
    screen.wait("Cancel 1 run?")
    screen.key("y")
    screen.wait("– cancelled", "nothing runs")

    assert desk.view(only_run(desk)).state is RunState.CANCELLED


@pytest.mark.slow
def test_a_run_that_will_not_stop_shows_a_countdown(desk: Desk, open_screen: Opened) -> None:
    ticking(desk, before="trap '' TERM; ", stop={"grace": "300s"})
    desk.call("run", "--detach", "long.yaml")
    screen = open_screen(desk)

    wait_ticks(screen, "● running")
    screen.key("x")
    screen.wait("SIGKILL after 5m00s")
    screen.key("y")
    screen.wait_until(lambda lines: re.search(r"stopping 2\d\ds", "\n".join(lines)), "the countdown")
    (desk.folder / "go").touch()
    screen.wait("– cancelled", gone="stopping")


@pytest.mark.slow
def test_a_run_is_killed_at_once_and_its_certificate_read(desk: Desk, open_screen: Opened) -> None:
    ticking(desk, before="trap '' TERM; ", stop={"grace": "300s"})
    desk.call("run", "--detach", "long.yaml")
    screen = open_screen(desk)

    wait_ticks(screen, "● running")
    screen.key("X")
    screen.wait("Kill 1 run?", "SIGKILL at once", "orp cancel --grace 0 exp_")
    screen.key("y")
    screen.wait("– cancelled", gone="stopping")

    screen.key("Enter")
    screen.wait("How it ended", "cancel")
    screen.key("Escape")
    screen.wait("Queue  1", gone="How it ended")


# The order of the queue


@pytest.mark.slow
def test_the_queue_is_put_in_order_and_held_and_each_act_undone(quiet: Desk, open_screen: Opened) -> None:
    names = ("one", "two", "three")
    queued(quiet, *names)
    screen = open_screen(quiet)

    def order(*wanted: str) -> None:
        screen.wait_until(lambda lines: rows(lines, *names) == list(wanted), f"the order {wanted}")

    order("one", "two", "three")
    screen.key("J")
    order("two", "one", "three")
    screen.key("B")
    order("two", "three", "one")
    screen.key("K")
    order("two", "one", "three")
    screen.key("T")
    order("one", "two", "three")
    screen.key("u")
    order("two", "one", "three")
    screen.key("U")
    order("one", "two", "three")

    screen.key("s")
    screen.wait("■ held")
    screen.key("s")
    screen.wait("○ wait", gone="■ held")
    screen.key("Space", "Space", "d")
    screen.wait("– cancelled", "1 wait")
    screen.key("u")
    screen.wait("Queue  5", "3 wait")


# Ended runs


@pytest.mark.slow
def test_a_failed_run_is_retried_from_the_queue(desk: Desk, open_screen: Opened) -> None:
    desk.write("bad.yaml", "echo 'RuntimeError: it broke' >&2; exit 7")
    desk.call("run", "--detach", "bad.yaml")
    screen = open_screen(desk)

    screen.wait("✗ FAILED", "exit code 7: RuntimeError")
    screen.key("R")
    screen.wait("Queue  2")
    screen.wait_until(lambda lines: "\n".join(lines).count("✗ FAILED") == 2, "the second failure")


@pytest.mark.slow
def test_a_copy_of_a_run_is_edited_and_queued_as_its_child(
    quiet: Desk, open_screen: Opened, tmp_path: Path
) -> None:
    (parent,) = queued(quiet, "mother")
    editor = program(tmp_path / "editor", """sed -i 's/mother/daughter/' "$1"; echo edited""")
    screen = open_screen(quiet, EDITOR=editor)

    screen.wait("mother", "○ wait")
    screen.key("e")
    screen.wait("daughter")

    # A request never changes: the original is taken off the queue.
    until(lambda: quiet.view(parent).state is RunState.CANCELLED, what="the original is cancelled")
    screen.wait("1 wait")


# Filters and searches


@pytest.mark.slow
def test_the_queue_is_filtered_while_one_types(quiet: Desk, open_screen: Opened) -> None:
    queued(quiet, "alpha", "beta", "gamma")
    screen = open_screen(quiet)

    screen.wait("alpha", "beta", "gamma")
    screen.key("/")
    screen.wait("filter:")
    screen.write("bet")
    screen.wait("beta", gone="gamma")
    screen.key("Enter")
    screen.wait("Queue  1  filter: bet", "beta", "Leave")
    screen.key("Escape")
    screen.wait("Queue  3", "alpha", "beta", "gamma", gone="filter")


@pytest.mark.slow
def test_a_log_is_searched_and_filtered(desk: Desk, open_screen: Opened) -> None:
    lines = 'n=0; while [ $n -lt 3000 ]; do n=$((n+1)); echo "line $n"; done; echo RuntimeError: at the end'
    desk.write("talk.yaml", f"{lines}; exit 3")
    desk.call("run", "--detach", "talk.yaml")
    screen = open_screen(desk)

    screen.wait("✗ FAILED", "RuntimeError: at the end")
    screen.key("Tab", "/")
    screen.wait("\n│/ ", "enter Go", gone="Leave")
    screen.write("line 1[05]00$")
    screen.key("Enter")
    screen.wait("/2", "line 1500")
    screen.key("n")
    screen.wait("1/2", "line 1000")
    screen.key("N")
    screen.wait("2/2", "line 1500")
    screen.key("Escape")
    screen.wait("Queue  1", gone="2/2")
    screen.key("&")
    screen.wait("\n│& ")
    screen.write("77$")
    screen.key("Enter")
    shown = screen.wait("line 1577", "line 1677", "&77$", gone="line 1578")
    assert not any("RuntimeError" in line for line in shown if line.startswith("│R"))
    screen.key("Escape")
    screen.wait("Queue  1", gone="&77$")
    screen.key("G")
    screen.wait("RuntimeError: at the end", "FOLLOW")


# What leaves the screen


def test_what_is_copied_is_in_the_buffer_of_tmux(quiet: Desk, open_screen: Opened) -> None:
    (run_id,) = queued(quiet, "alpha")
    screen = open_screen(quiet)

    screen.wait("alpha", "○ wait")
    screen.key("y")
    screen.wait("i  id", "s  screen")
    screen.key("i")
    screen.wait("copied")
    assert screen.buffer() == run_id

    screen.key("y")
    screen.wait("s  screen")
    screen.key("s")
    until(lambda: "○ wait" in screen.buffer(), what="the screen is copied")
    assert "\x1b" not in screen.buffer()
    assert screen.buffer().startswith(" ORP ")


@pytest.mark.slow
def test_a_file_is_edited_and_the_screen_comes_back(desk: Desk, open_screen: Opened, tmp_path: Path) -> None:
    desk.write("one.yaml")
    editor = program(tmp_path / "editor", 'echo "IN THE EDITOR"; read answer; echo "experiment: [" > "$1"')
    screen = open_screen(desk, EDITOR=editor)

    screen.wait("nothing was run here yet")
    screen.key("a")
    screen.wait("one.yaml", "◇ valid")
    screen.key("e")
    screen.wait("IN THE EDITOR", gone="one.yaml")
    assert not screen.is_alternate()
    assert screen.has_cursor()
    screen.key("Enter")
    screen.wait("one.yaml", "! invalid", "Configs", gone="IN THE EDITOR")
    screen.key("Enter")
    screen.wait("experiment: [", "not valid YAML")


@pytest.mark.slow
def test_a_log_is_read_in_the_pager_and_the_screen_comes_back(
    desk: Desk, open_screen: Opened, tmp_path: Path
) -> None:
    desk.write("talk.yaml", "echo first words; echo last words")
    desk.call("run", "--detach", "talk.yaml")
    pager = program(tmp_path / "my-pager", 'echo "IN THE PAGER"; cat "$@"; read answer < /dev/tty')
    screen = open_screen(desk, PAGER=pager)

    screen.wait("✓ succeeded", "last words")
    screen.key("Tab", "v")
    screen.wait("IN THE PAGER", "first words", gone="Queue")
    screen.key("Enter")
    screen.wait("Queue  1", "✓ succeeded", "last words", gone="IN THE PAGER")


@pytest.mark.slow
def test_an_editor_that_is_not_there_is_told(quiet: Desk, open_screen: Opened) -> None:
    quiet.write("one.yaml")
    screen = open_screen(quiet, EDITOR="no-such-editor")

    screen.wait("nothing was run here yet")
    screen.key("a")
    screen.wait("◇ valid")
    screen.key("e")
    wait_said(screen, "$EDITOR names 'no-such-editor', which is not found")
    screen.wait("one.yaml", "◇ valid")


# Panels and sizes


@pytest.mark.slow
def test_a_panel_is_zoomed_and_tabs_are_turned(desk: Desk, open_screen: Opened) -> None:
    desk.write("talk.yaml", "echo some words", deliverables=[{"type": "table", "path": "out.csv"}])
    desk.call("run", "--detach", "talk.yaml")
    screen = open_screen(desk)

    screen.wait("[Log", "some words", "INCOMPLETE")
    screen.key("Tab", "z")
    screen.wait("some words", gone="Queue  1")
    screen.key("z")
    screen.wait("Queue  1", "[Log")
    screen.key("]")
    screen.wait("[Deliverables 0/1]", "out.csv")
    screen.key("]")
    screen.wait("[Chart")
    screen.key("]")
    screen.wait("[Info]", "How it ended")
    screen.key("[", "[", "[")
    screen.wait("[Log", "some words")


def test_a_log_is_followed_through_every_size(desk: Desk, open_screen: Opened) -> None:
    ticking(desk)
    desk.call("run", "--detach", "long.yaml")
    # Some export the size of the moment: that must not outrank the terminal.
    screen = open_screen(desk, COLUMNS="80", LINES="24")
    wait_ticks(screen, "● running", "[Log")
    screen.key("Tab")

    for columns, height in ((160, 45), (50, 12), (80, 24)):
        before = max(ticks(screen.lines()), default=0)
        screen.resize(columns, height)
        lines = screen.wait_until(
            lambda lines, before=before, height=height: (
                len(lines) == height and max(ticks(lines), default=0) > before + 10
            ),
            f"the log goes on at {columns}x{height}, beyond {before}",
        )
        shown = ticks(lines)
        assert shown == list(range(shown[0], shown[0] + len(shown))), "\n".join(lines)
        assert all(len(line) <= columns for line in lines)
        assert sum(line.startswith(" ORP ") for line in lines) == 1
        assert "Leave" in lines[-1]
        if columns == 160:
            screen.wait("╭─ Configs", "╭─ Deliverables", "╭─ Chart", "╭─ Info")


# Leaving and coming back


def chosen_name(lines: list[str]) -> list[str] | None:
    """Id and name of the run under the cursor; None while the screen is drawn."""
    return next((re.split(r"\s{2,}|[●○]", line)[:2] for line in lines if "│> " in line), None)


def test_leaving_says_what_goes_on_and_coming_back_shows_the_same_place(
    desk: Desk, open_screen: Opened
) -> None:
    ticking(desk, "first")
    ticking(desk, "second")
    desk.call("run", "--detach", "first.yaml", "second.yaml")
    screen = open_screen(desk, "orp-tui; echo code=$?")
    wait_ticks(screen, "first", "second", "● running")
    screen.key("j", "]")
    screen.wait("[Deliverables")
    chosen = chosen_name(screen.lines())

    screen.key("q")
    screen.wait("2 runs go on", "`orp-tui` shows them again", "code=0")
    assert not screen.is_alternate()
    assert screen.has_cursor()
    screen.type("clear; orp-tui")
    screen.wait("[Deliverables", "● running", gone="code=0")

    until(lambda: chosen_name(screen.lines()) == chosen, what=f"the cursor on {chosen}")


@pytest.mark.slow
def test_leaving_a_terminal_that_was_made_larger_leaves_no_picture_behind(
    desk: Desk, open_screen: Opened
) -> None:
    screen = open_screen(desk, "orp-tui; echo code=$?")
    screen.wait("nothing was run here yet")
    screen.resize(120, 40)
    screen.wait("Configs", "nothing was run here yet")

    screen.key("q")
    lines = screen.wait("code=0")

    assert not screen.is_alternate()
    assert not any(sign in line for line in lines for sign in "╭│╰"), lines


@pytest.mark.slow
def test_ctrl_z_gives_the_shell_its_terminal_and_fg_comes_back(desk: Desk, open_screen: Opened) -> None:
    ticking(desk)
    desk.call("run", "--detach", "long.yaml")
    screen = open_screen(desk)
    before = max(ticks(wait_ticks(screen, "● running")))

    screen.key("C-z")
    screen.wait("Stopped")
    assert screen.has_cursor()
    assert not screen.is_alternate()
    screen.type("echo typed")
    screen.wait("$ echo typed", "\ntyped\n")
    screen.type("clear; fg")
    wait_ticks(screen, beyond=before + 20)
    screen.wait("Queue  1", "● running", gone="typed")
    screen.key("q")
    screen.wait("1 run goes on")


# More than one, and none


@pytest.mark.slow
def test_two_dashboards_of_one_project_see_each_others_acts(desk: Desk, open_screen: Opened) -> None:
    ticking(desk)
    desk.call("run", "--detach", "long.yaml")
    one, other = open_screen(desk), open_screen(desk, columns=160, rows=45)
    for screen in (one, other):
        wait_ticks(screen, "● running")

    one.key("x")
    one.wait("Cancel 1 run?")
    one.key("y")
    for screen in (one, other):
        screen.wait("– cancelled", "nothing runs")

    other.key("R")
    for screen in (one, other):
        screen.wait("● running", "Queue  2")


@pytest.mark.slow
def test_an_empty_project_says_the_next_key(desk: Desk, open_screen: Opened) -> None:
    screen = open_screen(desk)

    screen.wait("nothing was run here yet", "a  goes to the experiment files", "nothing runs")
    screen.key("a")
    screen.wait("No experiment file", "n makes one")
    screen.key("n")
    screen.wait("New experiment file from")


@pytest.mark.slow
def test_a_broken_file_says_its_line_and_is_mended_while_it_is_shown(desk: Desk, open_screen: Opened) -> None:
    (desk.folder / "broken.yaml").write_text("experiment: {name: x}\ntraining: {script: [true]\n")
    desk.write("good.yaml")
    screen = open_screen(desk)

    screen.wait("nothing was run here yet")
    screen.key("a")
    screen.wait("broken.yaml", "! invalid", "good.yaml", "◇ valid")
    screen.key("a")
    wait_said(screen, "broken.yaml can't be queued: line ")
    screen.key("Enter")
    screen.wait("training: {script: [true]", "line ")
    desk.write("broken.yaml")
    screen.key("Escape")
    screen.wait("broken.yaml", "◇ valid", gone="! invalid")


# Violent ends


def test_a_killed_dashboard_harms_no_run(desk: Desk, open_screen: Opened) -> None:
    ticking(desk)
    screen = open_screen(desk)
    screen.wait("nothing was run here yet")
    screen.key("a")
    screen.wait("◇ valid")
    screen.key("a")
    wait_ticks(screen, "● running")
    run_id = only_run(desk)

    os.kill(screen.child(), signal.SIGKILL)
    screen.wait("Killed")

    count = desk.stdout(run_id).count("tick")
    until(lambda: desk.stdout(run_id).count("tick") > count + 20, what="the training goes on")
    assert desk.view(run_id).state is RunState.RUNNING
    screen.type("stty sane; clear; orp-tui")
    screen.wait("● running", "Queue  1", gone="Killed")
    (desk.folder / "go").touch()
    screen.wait("✓ succeeded")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "word"), [(signal.SIGTERM, "Terminated"), (signal.SIGHUP, "Hangup")])
def test_a_signal_gives_the_terminal_back(
    desk: Desk, open_screen: Opened, number: signal.Signals, word: str
) -> None:
    screen = open_screen(desk, "orp-tui; stty -a | grep -o ' echo '; echo code=$?")
    screen.wait("nothing was run here yet")

    os.kill(screen.child(), number)

    screen.wait(word, " echo ", "code=0", gone="nothing was run here yet")
    assert screen.has_cursor()
    assert not screen.is_alternate()


@pytest.mark.slow
def test_a_half_upgraded_orp_ends_with_a_report_and_harms_no_run(
    desk: Desk, open_screen: Opened, tmp_path: Path
) -> None:
    package = Path(orp_tui.__file__).parent
    shutil.copytree(package, tmp_path / "site" / "orp_tui", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(package.parent / "styles", tmp_path / "site" / "styles")
    (tmp_path / "site" / "orp_tui" / "tui" / "screens" / "system.py").write_text("class SystemScreen(")
    ticking(desk)
    desk.call("run", "--detach", "long.yaml")
    screen = open_screen(
        desk, "orp-tui; echo code=$?; stty -a | grep -o ' echo '", PYTHONPATH=str(tmp_path / "site")
    )
    wait_ticks(screen, "● running")

    screen.key("5")

    lines = screen.wait(
        "this is a bug in ORP: SyntaxError", "the report is in", "what runs goes on", "code=3", " echo "
    )
    assert "Traceback" not in "\n".join(lines)
    assert screen.has_cursor()
    assert not screen.is_alternate()
    (report,) = (tmp_path / "home" / ".local" / "state" / "orp").glob("crash-*.txt")
    assert "SyntaxError" in report.read_text()
    count = desk.stdout(only_run(desk)).count("tick")
    until(lambda: desk.stdout(only_run(desk)).count("tick") > count + 5, what="the training goes on")
    screen.type("clear; orp-tui")
    screen.wait("● running", gone="code=3")


@pytest.mark.slow
def test_a_broken_package_costs_its_panel_only(desk: Desk, open_screen: Opened, tmp_path: Path) -> None:
    for name in ("psutil", "plotext"):
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "__init__.py").write_text(f"raise RuntimeError('this {name} is broken')")
    values = 'echo \'{"step": 1, "loss": 0.5}\' >> "$ORP_METRICS_FILE"'
    desk.write("one.yaml", f"{values}; echo trained", experiment="one")
    desk.call("run", "--detach", "one.yaml")
    screen = open_screen(desk, PYTHONPATH=str(tmp_path / "site"))

    wait_said(screen, "looking at the machine failed and is tried again: RuntimeError: this psutil is broken")
    screen.wait("✓ succeeded")
    screen.key("]", "]")
    screen.wait("[Chart loss", "this plotext is broken", "✓ succeeded")
    screen.key("q")
    screen.wait("nothing runs and nothing waits")


@pytest.mark.root
def test_a_store_that_cannot_be_written_is_shown_and_left_alone(quiet: Desk, open_screen: Opened) -> None:
    (run_id,) = queued(quiet, "alpha")
    base = shlex.quote(str(quiet.paths.base))
    mounts = f"mount --bind {base} {base} && mount -o remount,ro,bind {base}"
    if subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounts], capture_output=True, check=False
    ).returncode:
        pytest.skip("this machine lets us make no mount namespace with a read-only folder")
    screen = open_screen(quiet, f"unshare --mount sh -c '{mounts} && exec orp-tui'")

    screen.wait("alpha", "○ wait", "read only")
    screen.key("s")
    wait_said(screen, "cannot be written")
    screen.key("a")
    screen.wait("alpha.yaml")
    screen.key("a")
    wait_said(screen, "read-only file system")
    screen.key("q")
    screen.wait("1 run waits", "$")

    assert Mark.HELD not in quiet.view(run_id).marks
    assert len(list(quiet.paths.runs.glob("exp_*"))) == 1
