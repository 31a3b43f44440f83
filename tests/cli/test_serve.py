"""`orp serve` as it is called: what it says, where it puts the token, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pyte
import pytest
from desk import Desk
from hosting import is_alive
from pseudo_terminal import terminal
from waiting import until

from orp_tui.cli.commands import serve as serve_module
from orp_tui.cli.commands.serve import dashboard_command
from orp_tui.core.states import RunState


@contextlib.contextmanager
def serving(desk: Desk, state: Path, *words: str) -> Iterator[tuple[int, str, Path]]:
    """A server whose stderr is a file, as under nohup: its pid, its address, that file."""
    log = state.parent / "log.txt"
    with open(log, "wb") as file:
        child = desk.spawn(
            "serve", "--port", "0", *words, stderr=file, env=desk.variables(XDG_STATE_HOME=str(state))
        )
    until(lambda: "Ctrl+C" in log.read_text(), what=f"{log.read_text()!r} says how to end it")
    found = re.search(r"is in (/.+)", log.read_text())
    assert found
    path = Path(found[1])
    assert path.stat().st_mode & 0o077 == 0
    yield child.pid, path.read_text().strip(), log
    child.send_signal(signal.SIGINT)
    assert child.wait(20) == 0
    assert not path.exists()


def status(url: str) -> int:
    """What a GET gets; redirects are followed without a cookie."""
    try:
        with urllib.request.urlopen(url, timeout=20) as got:
            return int(got.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_log_gets_no_token_and_neither_do_processes(desk, tmp_path):
    with serving(desk, tmp_path / "state") as (pid, url, log):
        token = url.partition("token=")[2]
        assert len(token) > 40
        assert status(url.partition("?")[0]) == 403
        assert status(url) == 403  # the redirect was followed, and the cookie left behind
        assert token not in log.read_text()
        for name in ("cmdline", "environ"):
            assert token.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
    assert token not in log.read_text()
    assert "runs go on" in log.read_text()


def test_a_run_goes_on_when_the_tab_and_the_server_are_gone(desk, tmp_path):
    run_id = desk.begin()
    with serving(desk, tmp_path / "state") as (pid, url, _):
        asyncio.run(look(url, desk.view(run_id).run.name))
        until(lambda: children(pid) == [], what="the dashboard has left")
    assert desk.view(run_id).state is RunState.RUNNING


def test_a_server_that_is_killed_takes_its_dashboards_along(desk, tmp_path):
    async def kill_while_looking(pid: int, url: str) -> int:
        async with tab(url) as socket:
            await socket.receive_bytes()
            (dashboard,) = children(pid)
            os.kill(pid, signal.SIGKILL)
            return dashboard

    with (
        pytest.raises(AssertionError),
        serving(desk, tmp_path / "state") as (pid, url, _),
    ):  # its exit code is not 0
        dashboard = asyncio.run(kill_while_looking(pid, url))
    until(lambda: not is_alive(dashboard))


@contextlib.asynccontextmanager
async def tab(url: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A tab, come by as a browser comes by it."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(url) as got:
            place = got.url
            assert got.status == 200
        origin = f"http://{place.host}:{place.port}"
        async with session.ws_connect(place / "ws", headers={"Origin": origin}) as socket:
            yield socket


async def look(url: str, words: str) -> None:
    """Open a tab, and close it when `words` are on the screen."""
    screen = pyte.Screen(200, 60)
    stream = pyte.ByteStream(screen)
    async with asyncio.timeout(30), tab(url) as socket:
        await socket.send_str('["resize", {"width": 200, "height": 60}]')
        while words not in "\n".join(screen.display):
            stream.feed(await socket.receive_bytes())


def children(pid: int) -> list[int]:
    """Processes that it has started and that still run."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_it_listens_on_the_loopback_alone(desk, tmp_path):
    with serving(desk, tmp_path / "state") as (_, url, _):
        port = int(url.split("/")[2].partition(":")[2])
        wanted = f":{port:04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        rows += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
        listening = [row[1] for row in rows if row[1].endswith(wanted) and row[3] == "0A"]
        assert listening == [f"0100007F{wanted}"]


def test_a_terminal_is_shown_the_address_once_and_ctrl_c_ends_it(desk):
    with terminal(desk, "serve", "--port", "0", columns=200, rows=24) as seen:
        seen.until(b"Ctrl+C ends it")
        urls = re.findall(rb"http://127\.0\.0\.1:\d+/\?token=[\w-]{43}", seen.seen)
        assert len(urls) == 1
        seen.type(b"\x03")
        assert seen.end() == 0
        assert urls[0].partition(b"=")[2] not in seen.seen.partition(urls[0])[2]


def test_a_taken_port_is_one_error(desk):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = desk.call("serve", "--port", str(taken.getsockname()[1]))

    assert (done.code, done.out) == (3, "")
    assert re.fullmatch(r"orp: port \d+ of 127\.0\.0\.1 is taken; choose another with --port.*\n", done.err)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_are_kept_out_unless_that_is_asked_for(desk, host):
    done = desk.call("serve", "--host", host)

    assert done.code == 2
    assert "ssh -L" in done.err
    assert "--insecure-network" in done.err


def test_a_wider_address_is_warned_of(desk, tmp_path):
    with serving(desk, tmp_path / "state", "--host", "0.0.0.0", "--insecure-network") as (_, url, log):
        port = url.split("/")[2].rpartition(":")[2]
        assert "warning: other machines can reach this server" in log.read_text()
        query = url.partition("?")[2]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/?{query}", headers={"Host": "evil.example"}
        )
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request, timeout=20)


@pytest.mark.parametrize("module", ["aiohttp", "textual_serve"])
def test_without_the_extra_it_says_what_to_install(desk, monkeypatch, module):
    for name in [name for name in sys.modules if name.startswith("orp_tui.web")]:
        monkeypatch.delitem(sys.modules, name)
    import orp_tui.web

    monkeypatch.delattr(orp_tui.web, "server", raising=False)
    monkeypatch.setitem(sys.modules, module, None)

    done = desk.call("serve", "--port", "0")

    assert done.code == 3
    assert "pip install 'open-research-pipeline[web]'" in done.err


def test_a_folder_that_is_not_there_is_a_usage_error(desk):
    assert desk.call("serve", "nowhere").code == 2


def test_folders_are_handed_on_whole_and_never_as_options(desk, monkeypatch):
    monkeypatch.chdir(desk.folder)

    words = dashboard_command("-configs", "my runs")

    assert words[:4] == [sys.executable, "-P", "-m", "orp_tui"]
    assert words[4:] == ["--base-dir", str(desk.folder / "my runs"), str(desk.folder / "-configs")]
    assert dashboard_command(None, None) == words[:4]


def test_the_address_is_written_for_its_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    mask = os.umask(0)
    try:
        path = serve_module._private_file("secret")
    finally:
        os.umask(mask)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
