"""What was copied can be pasted, and the words say where."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from orp_tui.services.clipboard import OSC52_BYTES, Clipboard


@pytest.fixture
def user(tmp_path):
    """The environment of a user in front of a plain terminal, without a desktop."""
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "TERM": "xterm"}


@pytest.fixture
def tmux(tmp_path):
    """A real tmux server of its own: its command, and $TMUX of a pane in it."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    command = ["tmux", "-S", str(tmp_path / "tmux"), "-f", os.devnull]
    subprocess.run([*command, "new-session", "-d", "cat"], check=True, env={"PATH": os.environ["PATH"]})
    pid = subprocess.check_output([*command, "display-message", "-p", "#{pid}"], text=True).strip()
    yield command, f"{tmp_path / 'tmux'},{pid},0"
    subprocess.run([*command, "kill-server"], check=False)


def program(folder, name, script):
    """A program that is on the path of whoever has `folder` first in it."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_in_tmux_the_text_is_in_its_buffer(user, tmux):
    command, pane = tmux
    sent = []
    text = "exp_20261124_090000_abcd\nsecond line – ünïcode\n" + "x" * 200_000

    words = Clipboard(sent.append, user | {"TMUX": pane}).copy(text)

    assert subprocess.check_output([*command, "show-buffer"], text=True) == text
    assert "in tmux's buffer" in words
    assert "~/.local/state/orp/copied.txt" in words
    assert sent == []


def test_a_tmux_that_knows_no_w_still_gets_it(user, tmp_path):
    program(tmp_path / "bin", "tmux", f'[ "$2" = - ] && cat > {tmp_path}/got')
    found = user | {"TMUX": "x", "PATH": f"{tmp_path / 'bin'}:{user['PATH']}"}

    words = Clipboard(lambda _: None, found).copy("text")

    assert (tmp_path / "got").read_text() == "text"
    assert "terminal" not in words


def test_elsewhere_the_terminal_is_asked_and_the_file_holds_it_too(user, tmp_path):
    sent = []

    words = Clipboard(sent.append, user).copy("one\ntwo")

    assert sent == ["one\ntwo"]
    assert words == "copied: sent to the terminal's clipboard; in ~/.local/state/orp/copied.txt"
    file = tmp_path / ".local" / "state" / "orp" / "copied.txt"
    assert file.read_text() == "one\ntwo"
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_too_long_for_a_terminal_is_only_in_the_file(user):
    sent = []
    clipboard = Clipboard(sent.append, user)

    words = clipboard.copy("ä" * (OSC52_BYTES // 2) + "b")

    assert sent == []
    assert "too much for the terminal" in words
    assert clipboard.file.stat().st_size == OSC52_BYTES // 2 * 2 + 1
    clipboard.copy("ä" * (OSC52_BYTES // 2))
    assert len(sent) == 1


def test_what_could_act_on_the_terminal_where_it_is_pasted_is_taken_out(user):
    sent = []
    Clipboard(sent.append, user).copy("safe\x1b]0;title\x07\x1b[201~rm -rf\u202e\nnext")
    assert sent == ["saferm -rf\ufffd\nnext"]


def test_gnu_screen_drops_the_sequence_so_it_is_not_said_to_be_there(user):
    sent = []
    words = Clipboard(sent.append, user | {"STY": "1.pts"}).copy("x")
    assert sent == []
    assert words == "copied: in ~/.local/state/orp/copied.txt"


def test_a_desktops_own_program_is_used_at_the_desk_and_not_from_afar(user, tmp_path):
    program(tmp_path / "bin", "xclip", f"cat > {tmp_path}/got")
    at_desk = user | {"DISPLAY": ":0", "PATH": f"{tmp_path / 'bin'}:{user['PATH']}"}

    assert "on the desktop's clipboard" in Clipboard(lambda _: None, at_desk).copy("here")
    assert (tmp_path / "got").read_text() == "here"
    assert "desktop" not in Clipboard(lambda _: None, at_desk | {"SSH_TTY": "x"}).copy("far")
    assert (tmp_path / "got").read_text() == "here"


def test_a_program_that_hangs_or_fails_keeps_nobody(user, tmp_path, monkeypatch):
    monkeypatch.setattr("orp_tui.services.clipboard._WITHIN_S", 0.2)
    program(tmp_path / "bin", "tmux", "exec sleep 60")
    found = user | {"TMUX": "x", "PATH": f"{tmp_path / 'bin'}:{user['PATH']}"}
    assert Clipboard(lambda _: None, found).copy("x") == "copied: in ~/.local/state/orp/copied.txt"


def test_a_link_in_place_of_the_file_is_not_followed(user, tmp_path):
    clipboard = Clipboard(lambda _: None, user)
    clipboard.file.parent.mkdir(parents=True)
    (tmp_path / "other").write_text("mine")
    clipboard.file.symlink_to(tmp_path / "other")

    clipboard.copy("text")

    assert (tmp_path / "other").read_text() == "mine"
    assert clipboard.file.read_text() == "text"


def test_without_any_place_it_says_so(user):
    found = user | {"STY": "1.pts", "HOME": "/proc/nowhere"}
    assert Clipboard(lambda _: None, found).copy("x") == "not copied: there is no place to copy to"
