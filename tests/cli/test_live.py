"""The live view of `orp run`, by the very bytes that a terminal is sent."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from desk import METRICS, Desk
from pseudo_terminal import in_terminal, terminal
from waiting import until

from orp_tui.core.states import RunState

ALLOWED = re.compile(rb"\x1b\[(?:[0-9;]*m|K|J|[0-9]+F|\?25[lh]|\?7[lh]|\?2026[lh])")
"""What the live view itself sends: colours, erasing, going up, and three modes."""

WAIT = 'until [ -e "$GO" ]; do sleep 0.02; done'


def _left_over(seen: bytes) -> bytes:
    """Control characters that are none of the view's own."""
    text = ALLOWED.sub(b"", seen).decode()
    return "".join(
        char for char in text if (ord(char) < 32 and char not in "\r\n\t") or 0x7F <= ord(char) < 0xA0
    ).encode()


def _start(desk: Desk, script: str, **more: object) -> str:
    (desk.folder / "go").unlink(missing_ok=True)
    return desk.write("e.yaml", script.replace("$GO", str(desk.folder / "go")), **more)


def _run_id(desk: Desk) -> str:
    return next(path.name for path in desk.paths.runs.glob("exp_*"))


def test_state_elapsed_log_and_checklist_are_shown_and_then_the_summary(desk: Desk) -> None:
    second = METRICS | {"path": "out/n.json"}
    script = (
        f'mkdir out; echo line one; echo "{{\\"acc\\": 1}}" > out/m.json; {WAIT}; cp out/m.json out/n.json'
    )
    name = _start(desk, script, deliverables=[METRICS, second])

    with terminal(desk, "run", name) as tty:
        tty.until(b"running")
        tty.until(b"line one")
        tty.until(b"Ctrl-C: detach or cancel")
        tty.until(b"not there yet")
        seen = tty.until(b"\x1b[32m[x]\x1b[0m out/m.json")  # green while the other is still to come
        assert b"[ ]\x1b[0m out/n.json" in seen
        assert b"out/n.json  has acc" not in seen
        (desk.folder / "go").touch()
        code = tty.end()

    last = tty.seen[tty.seen.rindex(b"\x1b[J") :]
    assert code == 0
    assert last.count(b"\x1b[32m[x]\x1b[0m out/") == 2
    assert b"_artifacts.zip" in last
    assert b"succeeded" in last
    assert tty.seen.rindex(b"\x1b[?25h") > tty.seen.rindex(b"\x1b[?25l")
    assert _left_over(tty.seen) == b""


def test_ctrl_c_then_d_leaves_the_run_running(desk: Desk) -> None:
    with terminal(desk, "run", _start(desk, f"echo here; {WAIT}")) as tty:
        tty.until(b"here")
        tty.type(b"\x03")
        tty.until(b"d  detach")
        tty.type(b"d")
        code = tty.end()
        run_id = _run_id(desk)

    assert code == 130
    assert f"orp logs -f {run_id}".encode() in tty.seen
    assert desk.view(run_id).state is RunState.RUNNING
    (desk.folder / "go").touch()
    desk.await_state(run_id, RunState.SUCCEEDED)


def test_ctrl_c_then_c_cancels(desk: Desk) -> None:
    with terminal(desk, "run", _start(desk, f"echo here; {WAIT}")) as tty:
        tty.until(b"here")
        tty.type(b"\x03")
        tty.until(b"c  cancel")
        tty.type(b"c")
        code = tty.end()

    assert code == 130
    assert b"cancelled by " in tty.seen
    assert desk.state(_run_id(desk)) is RunState.CANCELLED


def test_ctrl_c_and_any_other_key_goes_on_watching(desk: Desk) -> None:
    with terminal(desk, "run", _start(desk, f"echo here; {WAIT}; echo there; sleep 0.3")) as tty:
        tty.until(b"here")
        tty.type(b"\x03")
        tty.until(b"any other key")
        tty.type(b"x")
        (desk.folder / "go").touch()
        tty.until(b"there")
        code = tty.end()

    assert code == 0


def test_a_slow_cancel_can_be_left_to_itself(desk: Desk) -> None:
    script = f"trap 'echo saving' TERM; echo here; {WAIT}; exit 1"
    with terminal(desk, "run", _start(desk, script, training={"stop": {"grace": "60s"}})) as tty:
        tty.until(b"here")
        tty.type(b"\x03")
        tty.until(b"c  cancel")
        tty.type(b"c")
        tty.until(b"cancel requested  SIGKILL in 5")
        tty.type(b"\x03")
        tty.until(b"leave it to end")
        tty.type(b"d")
        code = tty.end()

    assert code == 130
    run_id = _run_id(desk)
    (desk.folder / "go").touch()
    desk.await_state(run_id, RunState.CANCELLED)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
        pytest.param(signal.SIGQUIT, marks=pytest.mark.slow),
    ],
)
def test_a_signal_gives_the_terminal_back_as_it_was_and_leaves_the_run(
    desk: Desk, number: signal.Signals
) -> None:
    with terminal(desk, "run", _start(desk, f"echo here; {WAIT}")) as tty:
        before = tty.modes()
        tty.until(b"here")
        tty.process.send_signal(number)
        code = tty.end()
        after = tty.modes()

    assert code == -number
    assert after == before
    assert tty.seen.rindex(b"\x1b[?25h") > tty.seen.rindex(b"\x1b[?25l")
    assert desk.view(_run_id(desk)).state is RunState.RUNNING


def test_a_signal_while_it_asks_gives_the_terminal_back_too(desk: Desk) -> None:
    with terminal(desk, "run", _start(desk, f"echo here; {WAIT}")) as tty:
        before = tty.modes()
        tty.until(b"here")
        tty.type(b"\x03")
        tty.until(b"d  detach")
        until(lambda: tty.modes() != before, what="raw mode, to hear a single key")
        tty.process.send_signal(signal.SIGTERM)
        code = tty.end()
        after = tty.modes()

    assert code == -signal.SIGTERM
    assert after == before


HOSTILE = "\x1b]52;c;aGk=\x07\x1b]0;title\x07\x1b[2J\x1b[?1049h\x1b[?1000h\x1bP1;2q\x1b\\\x9b2J\x85\u202e\u2066\u200b\x00\x08 [/] [red]"


def test_nothing_hostile_reaches_the_terminal(desk: Desk) -> None:
    marks = "e" + "\u0301" * 10_000
    (desk.folder / "hostile.py").write_text(
        f"import sys, time, pathlib\ntext = {HOSTILE!r} + {marks!r}\n"
        "for stream in (sys.stdout, sys.stderr):\n"
        "    stream.buffer.write(text.encode() + b'\\n\\x9b2J\\xff\\n \\x1b[31mred\\x1b[0m here\\n'); stream.flush()\n"
        f"while not pathlib.Path({str(desk.folder / 'go')!r}).exists(): time.sleep(0.02)\n"
        "raise SystemExit(text)\n"
    )
    odd = {"type": "report", "path": "out/\u202e\u009b2J.md", "validation": "exists"}
    name = desk.write(
        "e.yaml",
        ["python", "hostile.py"],
        experiment=f"[/] {HOSTILE}".replace("\x00", ""),
        deliverables=[odd],
    )

    with terminal(desk, "run", name) as tty:
        tty.until(b"\x1b[31mred")
        (desk.folder / "go").touch()
        tty.end()
    looks = [
        in_terminal(desk, *words)
        for words in (["runs"], ["info", "last"], ["logs", "last"], ["logs", "last", "--stderr"], ["status"])
    ]

    for seen in (tty.seen, *looks):
        assert _left_over(seen) == b""
        text = seen.decode()
        for char in "\u202e\u2066\u200b":
            assert char not in text
        assert "\u0301" * 9 not in text
        assert len(seen) < 200_000
    assert b"[/] " in tty.seen
    assert b"[red]" in looks[0] + looks[1]


def test_a_flood_is_drawn_at_a_walking_pace_and_keys_are_answered(desk: Desk) -> None:
    (desk.folder / "flood.py").write_text(
        "import os\ndata = b''.join(b'\\x1b[32mline %d of a flood\\x1b[0m\\n' % n for n in range(20000))\n"
        "for _ in range(60): os.write(1, data)\nos.write(1, b'the last line\\n')\n"
        f"import time, pathlib\nwhile not pathlib.Path({str(desk.folder / 'go')!r}).exists(): time.sleep(0.02)\n"
    )
    with terminal(desk, "run", desk.write("e.yaml", [sys.executable, "flood.py"])) as tty:
        tty.until(b"of a flood")
        begin = time.monotonic()
        tty.type(b"\x03")
        tty.until(b"any other key")
        answered = time.monotonic() - begin
        tty.type(b"x")
        tty.until(b"the last line")
        (desk.folder / "go").touch()
        code = tty.end()

    assert code == 0
    assert os.path.getsize(desk.run(_run_id(desk)).stdout) > 30_000_000
    assert len(tty.seen) < 500_000
    assert answered < 3


@pytest.mark.parametrize(
    ("columns", "rows"),
    [(40, 10), *(pytest.param(*size, marks=pytest.mark.slow) for size in ((20, 4), (160, 45), (1, 1)))],
)
def test_every_size_holds_every_row(desk: Desk, columns: int, rows: int) -> None:
    long = "w" * 300 + " 実験" * 50
    items = [{"type": "report", "path": f"out/{'x' * 50}{n}.md", "validation": "exists"} for n in range(30)]
    name = _start(
        desk,
        f'for n in 1 2 3 4 5 6 7 8 9; do echo "{long}"; echo "{long}" >&2; done; {WAIT}',
        experiment=long,
        deliverables=items,
    )

    with terminal(desk, "run", name, columns=columns, rows=rows) as tty:
        tty.until(b"running" if columns > 10 else b"\x1b[J")
        (desk.folder / "go").touch()
        tty.end()

    frames = re.findall(rb"\x1b\[\?2026h(.*?)\x1b\[\?2026l", tty.seen, re.DOTALL)
    assert frames
    from orp_tui.core.sanitise import cell_width

    for frame in frames:
        lines = ALLOWED.sub(b"", frame).decode().split("\r\n")
        assert len(lines) - 1 <= max(1, rows - 1)
        assert all(cell_width(line) <= max(20, columns) for line in lines), lines


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_gets_lines(desk: Desk, variables: dict[str, str]) -> None:
    seen = in_terminal(desk, "run", desk.write("e.yaml", deliverables=[METRICS]), **variables)

    assert b"\x1b[?25l" not in seen
    assert b"F\x1b[J" not in seen
    assert b"succeeded" in seen
    if variables["TERM"] == "dumb":
        assert b"\x1b" not in seen


@pytest.mark.slow
def test_without_colours_the_view_has_none(desk: Desk) -> None:
    name = _start(desk, f"printf '\\033[31mred\\033[0m\\n'; {WAIT}")

    with terminal(desk, "run", name, NO_COLOR="1") as tty:
        tty.until(b"red")
        (desk.folder / "go").touch()
        tty.end()

    assert set(re.findall(rb"\x1b\[[0-9;]*m", tty.seen)) <= {b"\x1b[0m"}


@pytest.mark.slow
def test_a_queued_run_says_why_it_waits(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {idle_exit: 2s, slots: 1}\n")
    first = desk.begin()

    with terminal(desk, "run", desk.write("e.yaml"), columns=160) as tty:
        seen = tty.until(b"waits: ")
        desk.call("cancel", first)
        code = tty.end()

    assert code == 0
    assert b"queued" in seen


def test_folders_of_which_nobody_has_said_what_they_are_are_asked_once(desk: Desk) -> None:
    for name in ("data", "runs"):
        (desk.folder / name).mkdir()
        (desk.folder / name / "x").write_text(name)
    (desk.folder / ".gitignore").write_text("data/\nruns/\nexperiments/\n")
    subprocess.run(["git", "init", "-q"], cwd=desk.folder, check=True)
    name = desk.write("e.yaml", "cat data/x; ls runs")

    with terminal(desk, "run", name) as tty:
        tty.until(b"data/")
        tty.until(b"[o]utput")
        tty.type(b"i\n")
        tty.until(b"runs/")
        tty.type(b"o\n")
        first = tty.end()
    second = in_terminal(desk, "run", name)

    assert first == 0
    settings = (desk.folder / "orp.yaml").read_text()
    assert "data" in settings
    assert "inputs" in settings
    assert "outputs" in settings
    assert b"[o]utput" not in second
    assert b"succeeded" in second
    assert desk.call("logs", "last").out == "data"


def test_a_table_is_cut_at_the_edge_of_the_terminal(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {idle_exit: 1s}\n")
    desk.call("run", desk.write("e.yaml", f"echo '{'long ' * 100}' >&2; exit 1"))

    seen = in_terminal(desk, "runs", columns=100)

    from orp_tui.core.sanitise import cell_width

    lines = ALLOWED.sub(b"", seen).decode().split("\r\n")
    assert max(map(cell_width, lines)) <= 100
    assert "…" in lines[1]
