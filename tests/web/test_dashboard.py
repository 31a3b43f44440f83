"""The process behind a tab: what it is given, and what it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hosting import soon

pytestmark = pytest.mark.anyio


def everything_about(pid: int) -> bytes:
    return b"".join(Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ"))


async def test_no_secret_is_in_arguments_or_environment(bare):
    async with bare.tab() as tab:
        pid = await tab.pid()
        for secret in (bare.gate.token, bare.gate.cookie, bare.gate.place):
            assert secret.encode() not in everything_about(pid)
            assert secret.encode() not in everything_about(os.getpid())


async def test_the_program_knows_the_browser_as_its_terminal(bare):
    async with bare.tab() as tab:
        pid = await tab.pid()
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        assert b"TERM=xterm-256color" in variables
        assert b"TEXTUAL_DRIVER=orp_tui.tui.browser_driver:BrowserDriver" in variables
        assert not [item for item in variables if item.startswith((b"TMUX", b"SSH_CONNECTION"))]


async def test_the_program_is_the_child_itself_with_no_shell_between(bare):
    async with bare.tab() as tab:
        pid = await tab.pid()
        status = Path(f"/proc/{pid}/status").read_text()
        assert f"PPid:\t{os.getpid()}\n" in status
        assert os.getsid(pid) == pid


async def test_no_file_of_the_server_is_open_in_the_program(bare):
    async with bare.tab() as tab:
        pid = await tab.pid()
        links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        inodes = {link for link in links if link.startswith("socket:")}
        ours = {
            os.readlink(f"/proc/self/fd/{name}")
            for name in os.listdir("/proc/self/fd")
            if os.path.lexists(f"/proc/self/fd/{name}")
        }
        # Its three pipes are ours too; no other socket is.
        standard = {os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)}
        assert not (inodes & ours) - standard


async def test_what_the_program_draws_first_is_there_before_any_key(bare):
    async with bare.tab() as tab:
        await soon(lambda: "keys:" in tab.text)
