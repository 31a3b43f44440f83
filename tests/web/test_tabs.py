"""Tabs: who may open one, what it shows, and what is left when it is closed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import aiohttp
import pytest
from hosting import BARE, Site, hosted, is_alive, soon

from orp_tui.web import dashboard as dashboard_module
from orp_tui.web import tabs as tabs_module
from orp_tui.web.tabs import LARGEST_MESSAGE

pytestmark = pytest.mark.anyio


async def refused(site: Site, **headers: str) -> int:
    """The status that a handshake with these headers gets."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with site.tab(**headers):
            pass
    return caught.value.status


async def test_a_tab_needs_cookie_origin_and_host(bare):
    assert await refused(bare, Cookie="") == 403
    assert await refused(bare, Cookie=f"{bare.gate.cookie_name}=wrong") == 403
    assert await refused(bare, Cookie=f"{bare.gate.cookie_name}={bare.gate.token}") == 403
    assert await refused(bare, Origin="http://evil.example") == 403
    assert await refused(bare, Origin=f"http://localhost:{bare.port}") == 403
    assert await refused(bare, Origin="") == 403
    assert await refused(bare, Host="evil.example") == 403
    assert await refused(bare, Host="evil.example", Origin="http://evil.example") == 403  # DNS rebinding


async def test_a_refused_tab_starts_nothing(bare, monkeypatch):
    started = []
    monkeypatch.setattr(dashboard_module.Dashboard, "start", lambda *words: started.append(words))

    await refused(bare, Cookie="")

    assert started == []


async def test_a_tab_shows_a_program_and_hands_it_keys_and_sizes(site):
    async with site.tab("width=70&height=20") as tab:
        await tab.shows("size 70x20")
        await tab.send("stdin", "x")
        await tab.shows("keys: x")
        await tab.send("resize", {"width": 60, "height": 10})
        await tab.shows("size 60x10")
        await tab.send("ping", "17")
        await soon(lambda: ["pong", "17"] in tab.said)


async def test_garbage_in_a_tab_does_no_harm(bare):
    async with bare.tab("width=-1&height=%00") as tab:
        await tab.shows("size 80x24")
        for text in (
            "",
            "{",
            "null",
            '["stdin", 3]',
            '["resize"]',
            '["quit"]',
            "[" * 10_000,
            '["stdin", "\\ud800"]',
        ):
            await tab.socket.send_str(text)
        await tab.socket.send_bytes(b"\xff" * 100)
        await tab.send("stdin", "x")
        await tab.shows("?x")


async def test_a_message_that_is_too_large_ends_the_tab_alone(bare):
    async with bare.tab() as other:
        await other.pid()
        async with bare.tab() as tab:
            pid = await tab.pid()
            await tab.socket.send_str("x" * (LARGEST_MESSAGE + 1))
            await soon(lambda: tab.socket.closed)
            assert tab.socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
            await soon(lambda: not is_alive(pid))
        await other.send("stdin", "x")
        await other.shows("keys: x")


async def test_each_tab_is_a_process_of_its_own_that_ends_with_it(bare):
    async with bare.tab() as first, bare.tab() as second:
        pids = {await first.pid(), await second.pid()}
        assert len(pids) == 2
    await soon(lambda: not any(map(is_alive, pids)))
    assert bare.told == []


async def test_a_tab_whose_connection_breaks_ends_its_process(bare):
    async with bare.tab() as tab:
        pid = await tab.pid()
        tab.socket._response.connection.transport.abort()
        await soon(lambda: not is_alive(pid))


async def test_a_program_that_leaves_closes_its_tab(site):
    async with site.tab() as tab:
        pid = await tab.pid()
        await tab.send("stdin", "q")
        await soon(lambda: tab.socket.closed)
        assert not is_alive(pid)
    assert site.told == []


async def test_a_program_that_breaks_says_why_in_its_tab_and_at_the_server(site):
    async with site.tab() as tab:
        await tab.pid()
        await tab.send("stdin", "b")
        await soon(lambda: tab.socket.closed)
        assert "the dashboard ended (exit code 7)" in tab.text
        assert "last words" in tab.text
    assert "last words" in site.told[0]
    assert "\x1b" not in site.told[0]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import sys; print('no such thing', file=sys.stderr); sys.exit(3)", "did not start (exit code 3)"),
        ("print('x' * 1_000_000)", "did not start"),
        ("print('hello\\n' * 5)", "did not start (exit code 0)"),
        ("print('__GANGLION__'); print('Xjunk')", "no packet"),
        ("print('__GANGLION__\\nD\\xff\\xff\\xff\\xffzzz', flush=True)", "no packet"),
        ("print('__GANGLION__\\nM\\0\\0\\0\\x02{}', flush=True)", "no packet"),
        ("print('__GANGLION__\\nP\\0\\0\\0\\x02ti', flush=True)", "no packet"),
    ],
)
async def test_a_program_that_is_no_dashboard_is_told_as_such(script, words):
    async with hosted([sys.executable, "-c", script]) as site, site.tab() as tab:
        await soon(lambda: tab.socket.closed)
        assert words in site.told[0]
        assert "the dashboard" in tab.text


async def test_a_command_that_is_not_there_is_an_error_and_the_server_goes_on():
    async with hosted(["/no/such/program"]) as site:
        async with site.tab() as tab:
            await soon(lambda: tab.socket.closed)
        assert (await site.get(site.gate.root, site.key)).status == 200
        assert "/no/such/program" in site.told[0]


async def test_words_of_the_command_reach_the_program_and_no_shell():
    script = (
        "import sys; print('__GANGLION__', flush=True); sys.stderr.write(repr(sys.argv[1:])); sys.exit(1)"
    )
    words = ["$HOME", "; exit", "`id`", "a b", "*"]

    async with hosted([sys.executable, "-c", script, *words]) as site, site.tab() as tab:
        await soon(lambda: tab.socket.closed)
        assert repr(words) in site.told[0]


async def test_a_program_that_will_not_leave_is_killed(monkeypatch):
    monkeypatch.setattr(dashboard_module, "PATIENCE_S", 0.2)
    monkeypatch.setattr(dashboard_module, "LAST_PATIENCE_S", 0.2)
    monkeypatch.setattr(tabs_module, "STUCK_S", 0.2)
    script = (
        "import os, signal, sys, time; signal.signal(15, signal.SIG_IGN); sys.stdout.write('__GANGLION__\\n');"
        "text = f'pid {os.getpid()} '; sys.stdout.write('D\\0\\0\\0' + chr(len(text)) + text); sys.stdout.flush(); time.sleep(600)"
    )
    async with hosted([sys.executable, "-c", script]) as site:
        async with site.tab() as tab:
            pid = int((await tab.shows("pid ")).split()[1])
            # More than a pipe holds: asking it to leave would wait for ever.
            await tab.send("stdin", "x" * 500_000)
        await soon(lambda: not is_alive(pid))


async def test_a_stopped_program_keeps_no_tab_open(bare, monkeypatch):
    monkeypatch.setattr(dashboard_module, "PATIENCE_S", 0.2)
    monkeypatch.setattr(dashboard_module, "LAST_PATIENCE_S", 0.2)
    async with bare.tab() as tab:
        pid = await tab.pid()
        os.kill(pid, signal.SIGSTOP)
    await soon(lambda: not is_alive(pid))


async def test_there_are_so_many_tabs_and_no_more():
    async with hosted(BARE, most_tabs=2) as site:
        async with site.tab(), site.tab():
            assert await refused(site) == 503
        await soon_opens(site)


async def soon_opens(site: Site) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with site.tab() as tab:
                    await tab.pid()
                    return
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0.05)


async def test_the_end_of_the_server_ends_every_tab_and_its_process():
    async with hosted(BARE) as site, asyncio.TaskGroup() as tasks:
        closed: list[int] = []
        ready = [asyncio.Event(), asyncio.Event()]

        async def watch(number: int) -> None:
            async with site.tab() as tab:
                closed.append(await tab.pid())
                ready[number].set()
                await soon(lambda: tab.socket.closed)
                assert tab.socket.close_code == aiohttp.WSCloseCode.GOING_AWAY

        for number in range(2):
            tasks.create_task(watch(number))
        for event in ready:
            await event.wait()
        site.stop.set()
    assert not any(map(is_alive, closed))
