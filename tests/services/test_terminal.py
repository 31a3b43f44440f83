"""The user's editor and pager get the terminal, the right words, and harmless text."""

from __future__ import annotations

import os
import signal
import stat
import zipfile

import pytest

from orp_tui.core.errors import UsageError
from orp_tui.services import terminal

HOSTILE = b"plain \x1b[31mred\x1b[0m \x1b]0;title\x07\x1b[2J end\r\n" + "ünï\n".encode() + b"\xff last"


@pytest.fixture
def place(tmp_path):
    """A folder with programs that keep what they were given, and an environment that finds only them."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name in ("less", "mypager", "nano", "myeditor"):
        path = bin_ / name
        path.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" > {tmp_path}/words\n[ -t 0 ] || cat > {tmp_path}/fed\n'
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def env(place, **more):
    return {"PATH": f"{place / 'bin'}:/usr/bin:/bin", "HOME": str(place), **more}


def words(place):
    name, *rest = (place / "words").read_text().splitlines()
    return [os.path.basename(name), *rest]


@pytest.fixture
def log(place):
    path = place / "training_stdout.txt"
    path.write_bytes(HOSTILE)
    return str(path)


def test_visual_comes_before_editor_and_both_are_split_as_a_shell_does(place):
    both = env(place, VISUAL="myeditor --wait 'a b'", EDITOR="nano")
    assert terminal.editor_command(place / "x y.yaml", both) == [
        "myeditor",
        "--wait",
        "a b",
        str(place / "x y.yaml"),
    ]
    assert terminal.editor_command(place / "x", env(place, EDITOR="nano -w"))[:2] == ["nano", "-w"]
    assert terminal.editor_command(place / "x", env(place, VISUAL="  "))[0] == "nano"


@pytest.mark.parametrize("value", ["gone-editor --wait", "'unclosed", "''", "\x1b[31m"])
def test_an_editor_that_is_set_and_not_there_is_named(place, value):
    with pytest.raises(UsageError, match=r"\$VISUAL") as caught:
        terminal.editor_command(place / "x", env(place, VISUAL=value))
    assert "\x1b" not in str(caught.value)


def test_without_any_editor_it_is_said_what_to_set(place):
    with pytest.raises(UsageError, match=r"no editor found: set \$EDITOR"):
        terminal.editor_command(place / "x", {"PATH": str(place)})


def test_the_editor_opens_the_file_and_its_failure_is_told(place):
    assert terminal.edit(place / "a.yaml", env(place, EDITOR="myeditor")) is None
    assert words(place) == ["myeditor", str(place / "a.yaml")]
    assert terminal.edit(place / "a.yaml", env(place, EDITOR="false")) == "false ended with exit code 1"


def test_a_text_comes_back_as_it_was_left_in_the_editor(place):
    script = place / "bin" / "myeditor"
    script.write_text('#!/bin/sh\ncat "$1"\necho more >> "$1"\n')
    assert terminal.edit_text("first\n", env(place, EDITOR="myeditor")) == ("first\nmore\n", None)


def test_a_text_that_was_deleted_in_the_editor_stays_and_that_is_told(place):
    (place / "bin" / "myeditor").write_text('#!/bin/sh\nrm "$1"\n')
    text, wrong = terminal.edit_text("first", env(place, EDITOR="myeditor"))
    assert text == "first"
    assert "can't be read" in wrong


def test_less_gets_the_file_itself_keeps_colours_and_can_start_at_the_end(place, log):
    assert terminal.page(log, env(place), at_end=True) is None
    assert words(place) == ["less", "-R", "-n", "+G", "--", log]
    terminal.page(log, env(place, PAGER="less -r -S"))
    assert words(place) == ["less", "-r", "-S", "-R", "--", log]


def test_any_other_pager_gets_what_can_do_no_harm(place, log):
    assert terminal.page(log, env(place, PAGER="mypager -x"), at_end=True) is None
    assert words(place) == ["mypager", "-x"]
    fed = (place / "fed").read_bytes()
    assert fed.startswith(b"plain \x1b[31mred\x1b[0m ")
    assert b"\x1b]" not in fed
    assert b"\x1b[2J" not in fed
    assert fed.endswith("ünï\n\ufffd last".encode())


def test_a_log_in_a_zip_is_paged_without_unpacking(place):
    with zipfile.ZipFile(place / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("training_stdout.txt", HOSTILE)
    assert terminal.page(f"{place}/a.zip::training_stdout.txt", env(place)) is None
    assert words(place) == ["less", "-R"]
    assert (place / "fed").read_bytes() == HOSTILE


def test_a_pager_that_is_left_in_the_middle_is_no_fault(place):
    big = place / "big.txt"
    big.write_bytes(b"line\n" * 2_000_000)
    assert terminal.page(str(big), env(place, PAGER="true")) is None


def test_a_line_without_end_is_fed_in_pieces(place):
    big = place / "big.txt"
    big.write_bytes(b"x" * (3 << 20))
    terminal.page(str(big), env(place, PAGER="mypager"))
    assert (place / "fed").stat().st_size == 3 << 20


def test_what_is_not_there_is_told(place):
    with pytest.raises(UsageError, match="no such file"):
        terminal.page(str(place / "gone"), env(place))


def test_a_text_can_be_paged_too(place):
    assert terminal.page_text("a\x1b[2Jb\n", env(place)) is None
    assert (place / "fed").read_bytes() == b"ab\n"


def test_ctrl_c_is_for_the_program_that_has_the_terminal(place):
    (place / "bin" / "myeditor").write_text(
        f"#!/bin/sh\nkill -INT {os.getpid()}\ntrap 'exit 7' INT\nkill -INT $$\nexit 0\n"
    )
    before = signal.getsignal(signal.SIGINT)
    assert terminal.edit(place / "a", env(place, EDITOR="myeditor")) == "myeditor ended with exit code 7"
    assert signal.getsignal(signal.SIGINT) is before


def test_busybox_is_not_taken_for_less(place):
    (place / "bin" / "busybox").write_text("#!/bin/sh\n")
    (place / "bin" / "busybox").chmod(0o755)
    (place / "bin" / "less").unlink()
    (place / "bin" / "less").symlink_to("busybox")
    assert terminal.pager_command(env(place)) == ["less"]
