"""Files handed to the browser."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from hosting import Site, Tab, soon
from textual_serve.download_manager import Download

from orp_tui.web.downloads import headers_of

pytestmark = pytest.mark.anyio


async def offered(tab: Tab, key: str) -> str:
    """The name of the file that the program hands out at that key."""
    await tab.pid()
    await tab.send("stdin", key)
    await soon(lambda: any(item[0] == "deliver_file_start" for item in tab.said))
    return str(next(item[1] for item in tab.said if item[0] == "deliver_file_start"))


async def test_a_file_is_fetched_whole_and_once(site):
    async with site.tab() as tab:
        path = f"{site.gate.root}download/{await offered(tab, 'd')}"
        assert (await site.get(path)).status == 403
        assert (await site.get(path, site.key | {"Host": "evil.example"})).status == 403
        assert (await site.get(path, site.key | {"Origin": "http://evil.example"})).status == 403

        got = await site.get(path, site.key)

        assert (got.status, got.body) == (200, b"\x00\xff" * 100_000)
        assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''odd%20%22name%22%0A.bin"
        assert (await site.get(path, site.key)).status == 404


async def test_a_page_is_saved_and_never_shown_as_ours(site):
    async with site.tab() as tab:
        path = f"{site.gate.root}download/{await offered(tab, 'h')}"

        got = await site.get(path, site.key)

        assert got.headers["Content-Disposition"].startswith("attachment;")
        assert "sandbox" in got.headers["Content-Security-Policy"]


async def test_two_visitors_do_not_share_the_pieces_of_a_file(site):
    async with site.tab() as tab:
        path = f"{site.gate.root}download/{await offered(tab, 'd')}"

        answers = await asyncio.gather(*(site.get(path, site.key) for _ in range(4)))

        assert sorted(got.status for got in answers) == [200, 404, 404, 404]
        assert max(len(got.body) for got in answers) == 200_000


async def test_a_file_is_whole_though_the_screen_changes_all_the_while(site):
    async with site.tab() as tab:
        path = f"{site.gate.root}download/{await offered(tab, 'w')}"

        got = await site.get(path, site.key)

        assert got.body == bytes(3_000_000)
    assert site.told == []


async def test_a_file_is_gone_with_its_program(site):
    async with site.tab() as tab:
        path = f"{site.gate.root}download/{await offered(tab, 'd')}"
        await tab.send("stdin", "q")
        await soon(lambda: tab.socket.closed)

    await soon_is(site, path, 404)


async def soon_is(site: Site, path: str, status: int) -> None:
    async with asyncio.timeout(20):
        while (await site.get(path, site.key)).status != status:
            await asyncio.sleep(0.02)


async def test_a_file_that_breaks_off_does_not_look_whole(site):
    async with site.tab() as tab:
        key = await offered(tab, "e")
        with pytest.raises(aiohttp.ClientPayloadError):
            await site.get(f"{site.gate.root}download/{key}", site.key)


def test_names_and_types_of_a_file_become_no_headers():
    download = Download(None, "k", "a\r\nSet-Cookie: x\udcff", "browser", "text/html\r\nX: y", "utf-8")  # type: ignore[arg-type]

    headers = headers_of(download)

    assert headers["Content-Type"] == "application/octet-stream"
    assert not set("\r\n") & set("".join(headers.values()))
