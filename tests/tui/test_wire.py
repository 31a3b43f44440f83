"""No byte that acts on a terminal comes through, whichever way a hostile text takes.

The program runs in a terminal of its own; every byte that it wrote from its start to its end is
looked at. The texts hold what `reliability.md` lists: clipboard, title, links, alternate screen,
mouse, C1, DCS, bidirectional and empty characters, marks in heaps, markup.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import wire
from desk import Desk, desks
from real_terminal import ORP_TUI, RealTerminal, environment, terminal

MARKS = "a" + "\u0301" * 10_000
SEQUENCES = (
    "\x1b]52;c;RVZJTA==\x07", "\x1b]0;evil title\x07", "\x1b]2;evil title\x1b\\", "\x1b]8;;http://evil\x1b\\",
    "\x1b[?1049l", "\x1b[?1049h", "\x1b[?1000h", "\x1b[?1003l", "\x1b[?25h", "\x1b[?7h", "\x1b[2J", "\x1b[66;6H",
    "\x1b[3A", "\x1b[8m", "\x1b[5;31m", "\x1bP1$r0m\x1b\\", "\x1b_evil\x1b\\", "\x1bc", "\x1b(0", "\x1b[!p",
    "\x1b]777;notify;evil;evil\x07", "\x1b[21t", "\x1b[>31u",
)  # fmt: skip
CHARACTERS = (
    "\x9b31m\x9d0;evil title\x9c\x90q\x9c\u202eevil\u202c\u2066\u200b\u200d\u00ad\ufeff\u2028\x07\x08\x7f"
)
EVIL = "".join(SEQUENCES) + CHARACTERS + "[/][bold red]\\[ [@click=app.bell]x[/]"
"""Everything that fits into a name."""
DIES = "\x1b]0;evil title\x07\x1b[2J[red]\u202e"
"""The same for what has to be short: paths."""


def hostile_project(desk: Desk) -> None:
    """A run that says hostile things wherever a run can say something, and files that do."""
    made = desk.folder.parent / "made"
    (made / "out").mkdir(parents=True)
    (made / "bytes").write_bytes(f"{EVIL}\n{MARKS}\n{EVIL}\x1b[999\n".encode("utf-8", "surrogateescape") * 3)
    line = {"step": 1, EVIL: 0.5, "loss": 0.25, "[/]": 2.0}
    (made / "values").write_text("".join(json.dumps(line | {"step": step}) + "\n" for step in range(5)))
    (made / "out" / "found.json").write_text(json.dumps({EVIL: EVIL, "accuracy": 0.5, "[/]": "[red]"}))
    (made / "out" / "table.csv").write_text(f"{EVIL},b\n{EVIL},2\n")
    (made / "out" / f"{DIES}.txt").write_text(f"{EVIL}\n{MARKS}\n")
    there = shlex.quote(str(made))
    script = (
        f'cat {there}/bytes; cat {there}/bytes >&2; cat {there}/values > "$ORP_METRICS_FILE"; cp -r {there}/out out;'
        f"cat {there}/bytes >&2; exit 3"
    )
    desk.write(
        "evil.yaml",
        script,
        deliverables=[
            {"type": "report", "path": "out/*.txt"},
            {"type": f"kind {EVIL}", "path": "out/found.json", "validation": {"contains_keys": [EVIL, "no"]}},
            {"type": "table", "path": "out/table.csv"},
            {"type": "file", "path": f"out/none{DIES}"},
        ],
    )  # fmt: skip
    data = json.loads((desk.folder / "evil.yaml").read_text())
    data["experiment"] |= {"name": f"evil {EVIL}", "description": EVIL, "hypothesis": EVIL}
    (desk.folder / "evil.yaml").write_text(json.dumps(data))
    desk.write("markup.yaml", "echo '[/]'", experiment="[/]")
    desk.write("marks.yaml", "echo marks", experiment=MARKS)
    (desk.folder / "broken.yaml").write_text(f"experiment: {json.dumps({EVIL: EVIL})}\n")
    (desk.folder / f"{DIES}.yaml").write_text(f"experiment: {json.dumps({'name': EVIL})}\nbad: [{DIES[-1]}\n")


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A project of hostile runs that have ended."""
    folder = tmp_path_factory.mktemp("evil")
    with desks(folder / f"desk{DIES}", settings="queue: {idle_exit: 2s, breaker: 0, slots: 3}\n") as desk:
        hostile_project(desk)
        for name in ("evil", "markup", "marks"):
            done = desk.call("run", f"{name}.yaml")
            assert done.code in (0, 1), done.err
        yield desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty project."""
    with desks(tmp_path / "desk", settings="queue: {autostart: false}\n") as made:
        yield made


def showing(desk: Desk, home: Path, *options: str, size: tuple[int, int] = (160, 45), **more: str) -> object:
    home.mkdir(exist_ok=True)
    return terminal((*ORP_TUI, *options), environment(home, **more), cwd=desk.folder, size=size)


def visit(real: RealTerminal, keys: str, *texts: str, gone: str | None = None) -> None:
    """Press keys, and read until the screen shows these texts, and no more what is to be gone."""
    real.send(keys)
    real.until(*texts, gone=gone)


def everywhere(real: RealTerminal) -> None:
    """Go to every place that shows something of the runs or the files."""
    real.until("Queue  3", "Configs", "[/]", "Leave")
    visit(real, "g/", "filter:")
    visit(real, "evil", "Queue  1  filter: evil", "FAILED", "found.json", "loss")
    visit(real, "\r", "Leave")
    visit(real, "x", "nothing of this goes on")
    visit(real, "y", "path of the run folder")
    visit(real, "\x1b", "Leave", gone="path of the run folder")
    visit(real, "\r", "Artifacts", "deliverables.json", gone="Configs")
    for _ in range(6):
        visit(real, "\t", "evil")
    visit(real, "\x1b", "Configs", gone="Artifacts")
    visit(real, "\t", "Search")
    visit(real, "/", "Go")
    visit(real, "evil\r", '"evil"')
    visit(real, "l", "  stdout  ")
    visit(real, "l", "  stderr ─")
    visit(real, "\t", " Open")
    for _ in range(4):
        visit(real, "\r", "Copy path")
        visit(real, "\x1b", "Leave", gone="Copy path")
        real.send("j")
    visit(real, "\t", "Next metric")
    visit(real, "c", "Chart \ufffd")
    visit(real, "c", "Chart [/]")
    visit(real, "\t\t", "n New")
    for _ in range(5):
        visit(real, "\r", "Next problem")
        visit(real, "\x1b", "Leave", gone="Next problem")
        real.send("j")
    visit(real, "ga", "can't be queued")
    visit(real, "!", "Messages", "can't be queued")
    visit(real, "\x1b", "Leave", gone="Messages")
    visit(real, "5", "Machine", "Host")
    visit(real, "q", "nothing runs")


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["off", "on"])
def test_hostile_texts_act_on_no_terminal_from_anywhere(evil: Desk, tmp_path: Path, stage: str) -> None:
    with showing(evil, tmp_path / "home", "--output-stage", stage) as real:
        everywhere(real)
        assert real.end() == 0
    raw = bytes(real.raw)
    with showing(evil, tmp_path / "other-home", "--output-stage", stage) as calm:
        calm.until("Queue", "Leave")
        calm.send("q")
        assert calm.end() == 0

    assert wire.hostile(raw) == []
    assert wire.modes(raw) == wire.modes(bytes(calm.raw))
    ours = wire.sequences(bytes(calm.raw))
    assert [sequence for sequence in SEQUENCES if sequence not in ours and sequence.encode() in raw] == []


@pytest.mark.slow
def test_only_our_own_copy_reaches_the_clipboard_and_it_is_harmless(evil: Desk, tmp_path: Path) -> None:
    with showing(evil, tmp_path / "home") as real:
        real.until("Queue  3", "Leave")
        visit(real, "g/", "filter:")
        visit(real, "evil", "Queue  1  filter: evil")
        visit(real, "\r", "Leave")
        visit(real, "y", "n  name")
        visit(real, "n", "clipboard")
        real.send("q")
        assert real.end() == 0

    copies = [sequence for sequence in wire.sequences(bytes(real.raw)) if sequence.startswith("\x1b]52;")]
    assert [found for found in wire.hostile(bytes(real.raw)) if found not in copies] == []
    (copied,) = copies
    text = base64.b64decode(copied.removeprefix("\x1b]52;c;").rstrip("\x07\x1b\\")).decode()
    assert text.startswith("evil ")
    assert text.isprintable()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(160, 45), (80, 24), (60, 15)])
def test_hostile_names_keep_every_line_as_wide_as_it_is(
    evil: Desk, tmp_path: Path, size: tuple[int, int]
) -> None:
    with showing(evil, tmp_path / "home", size=size) as real:
        real.until("[/]", "Leave", "evi")
        screen = real.screen
        rows = [row for row in range(size[1]) if screen.buffer[row][0].data == "│"]
        ends = {row: screen.buffer[row][size[0] - 1].data for row in rows}
        real.send("q")
        assert real.end() == 0

    assert set(ends.values()) <= set("│╮╯")
    assert len(rows) > 5 or size == (60, 15)
    assert wire.hostile(bytes(real.raw)) == []


@pytest.mark.slow
def test_a_file_that_turns_hostile_while_it_is_shown_is_harmless(desk: Desk, tmp_path: Path) -> None:
    path = desk.folder / "turns.yaml"
    desk.write("turns.yaml")
    with showing(desk, tmp_path / "home") as real:
        real.until("Configs  1", "turns.yaml")
        for text in (
            EVIL,
            f"{{{json.dumps(EVIL)}: 1}}",
            f"{{name: {json.dumps(EVIL)}}}",
            f"[{MARKS}",
            "\0" * 9,
        ):
            path.write_text(f"experiment: {text}\n", "utf-8", "surrogateescape")
            visit(real, "", "! bad")
            desk.write("turns.yaml")
            visit(real, "", "Configs  1", gone="! bad")
        real.send("q")
        assert real.end() == 0

    assert wire.hostile(bytes(real.raw)) == []


def test_a_leak_would_be_seen() -> None:
    calm = b"\x1b[?1049h\x1b[1;1H\x1b[38;2;1;2;3mtext\x1b[0m\x1b[?1049l"
    assert wire.hostile(calm) == []
    for sequence in SEQUENCES:
        leaked = calm.replace(b"text", f"te{sequence}xt".encode())
        assert wire.hostile(leaked) or wire.modes(leaked) != wire.modes(calm) or sequence == "\x1b[66;6H"
    for character in "\x9b\x9d\u202e\u2066\u200b\u200d\u00ad\ufeff\u2028\x07\x08\x7f\x00":
        assert wire.hostile(calm.replace(b"text", character.encode())), repr(character)
    assert wire.hostile(calm.replace(b"text", MARKS.encode()))
