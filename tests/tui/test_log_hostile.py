"""Logs that would act on a terminal, or fill it: what reaches the screen is text and colours."""

from __future__ import annotations

import os
import random
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from real_terminal import environment, terminal
from shown_logs import Shown, log_shown

from orp_tui.core.sanitise import MARKS_KEPT
from orp_tui.tui.widgets.log_text import LogText

pytestmark = pytest.mark.anyio

HOSTILE = (
    "\x1b]52;c;aGVsbG8=\x07clipboard\n"
    "\x1b]0;title\x07title\n"
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\\n"
    "\x1b[?1049halternate\x1b[2J\x1b[H\n"
    "\x1b[?1000hmouse\x1b[6n\n"
    "\x1bP+q544e\x1b\\device\x9b31mc1\x9d0;x\x9c\n"
    "bidi \u202eevil\u202c \u2066isolated\u2069\n"
    "zero\u200bwidth\u200djoined\ufeff\n"
    "bell \x07 null \x00 delete \x7f\n"
    "unfinished \x1b]52;c;aGk=\n"
    "[/] [red]markup[/red] \\[ @click\n"
    "wide 日本語 🙂 e\u0301\n"
    "marks " + "a" + "\u0301" * 10_000 + " end\n"
    "\x1b[31mred\x1b[8mhidden\x1b[5mblinking\x1b[0m\n"
)


def drawn(shown: Shown) -> str:
    """The very text that the lines of the log send to a terminal; each of the right width."""
    text = shown.view.query_one("#log-stdout", LogText)
    pieces = []
    for y in range(text.size.height):
        strip = text.render_line(y)
        assert strip.cell_length == text.size.width
        pieces.append(strip.render(shown.app.console))
    return "\n".join(pieces)


def without_colours(sent: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", sent)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]", plain)
    return plain


async def test_nothing_of_a_hostile_log_acts_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(HOSTILE.encode("utf-8") + b"broken \xff\xfe\xc3( utf-8\n")
    async with log_shown(tmp_path / "log", size=(90, 24)) as shown:
        await shown.until(lambda: shown.rows()[-1:] == ["broken \ufffd\ufffd\ufffd( utf-8"])
        plain = without_colours(drawn(shown))
        for word in (
            "clipboard",
            "title",
            "link",
            "alternate",
            "mouse",
            "device",
            "evil",
            "[/] [red]markup[/red]",
        ):
            assert word in plain
        assert sum(unicodedata.combining(char) > 0 for char in plain) <= MARKS_KEPT + 1
        assert not re.search(r"\x1b\[[0-9;]*\b[58]m", drawn(shown).replace("38;5", "").replace("48;5", ""))
        await shown.press("w", "slash", *"[/]", "enter")
        await shown.until(lambda: shown.status.wrap)
        without_colours(drawn(shown))
        assert shown.app.export_screenshot()


def test_no_byte_of_it_reaches_a_real_terminal(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(HOSTILE)
    program = (
        "import sys; from shown_logs import LogApp, LogSources; LogApp(LogSources('x', sys.argv[1])).run()"
    )
    argv = [sys.executable, "-c", program, str(tmp_path / "log")]
    env = environment(tmp_path, PYTHONPATH=os.pathsep.join(map(str, sys.path)))
    with terminal(argv, env, size=(90, 24)) as real:
        real.until("clipboard", "hidden")
        raw = bytes(real.raw)
    for bytes_of_it in (b"\x1b]52", b"\x1b]0;", b"\x1b]8;", b"\x1b[6n", b"\x1bP+q544e", b"\x9b31m"):
        assert bytes_of_it not in raw
    shown = raw.decode("utf-8", "replace")
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x80-\x9f]", shown)
    assert shown.count("\u0301") < 100


@pytest.mark.parametrize("seed", range(3))
async def test_random_bytes_are_harmless(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    pieces = [
        b"\x1b[",
        b"\x1b]",
        b"\n",
        b"\r",
        b"\x1b[9A",
        b"\xf0\x9f",
        "日\u0301\u202e".encode(),
        b"\x9b",
        b"31m",
        b"\t",
    ]
    data = b"".join(rng.choice([rng.randbytes(rng.randrange(20)), rng.choice(pieces)]) for _ in range(20_000))
    (tmp_path / "log").write_bytes(data)
    async with log_shown(tmp_path / "log", size=(70, 30)) as shown:
        await shown.until(shown.rows)
        without_colours(drawn(shown))
        for key in ("pageup", "g", "w", "pagedown", "right", "G", "e"):
            await shown.press(key)
            await shown.pilot.pause(0.05)
            without_colours(drawn(shown))


async def test_names_and_notices_are_made_harmless(tmp_path: Path) -> None:
    name = "bad\x1b]52;c;aGk=\x07\u202ename[red]"
    async with log_shown(tmp_path / name) as shown:
        await shown.until(lambda: shown.status.notice)
        assert shown.status.notice == "not there yet: bad\ufffdname[red]"
        await shown.press("ctrl+g", *"[/]x", "enter")
        await shown.until(lambda: shown.status.notice.startswith("[/]x: neither"))
