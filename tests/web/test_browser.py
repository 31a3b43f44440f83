"""The dashboard in a headless Chromium: what a person sees, and what the browser asks of whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
from chromium import Page, browser
from hosting import Site, hosted, is_alive, soon

from orp_tui.cli.commands.serve import dashboard_command

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

WATCH_PAINT = """
window.painted = new Set();
for (const context of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
  const paint = context.prototype.fillText;
  context.prototype.fillText = function (text, ...rest) { window.painted.add(text); return paint.call(this, text, ...rest); };
}"""
"""Keeps every text that a script paints on a canvas, as the terminal does each sign."""


@pytest.fixture
async def page(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Page]:
    """A browser that notes what is painted."""
    async with browser(tmp_path / "profile") as page:
        await page.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH_PAINT)
        yield page


async def visit(page: Page, site: Site, query: str = "") -> None:
    await page.call("Page.navigate", url=site.url(f"/?token={site.gate.token}{query}"))


async def test_the_first_words_are_painted_and_a_key_works(page, site):
    await visit(page, site)
    await page.shows("hello from")
    await page.until("document.body.classList.contains('-first-byte')")
    await page.until("[...'hello'].every(sign => window.painted.has(sign))")
    before = await page.picture()

    await page.press("x")

    await page.shows("keys: x")
    await page.until("window.painted.has('x')")
    await soon_differs(page, before)
    assert await page.value("document.fonts.check(\"16px 'Roboto Mono'\")")
    assert await page.value("document.fonts.size") == 2
    assert page.complaints == []
    assert page.beyond_loopback() == []
    assert {urlsplit(url).port for url in page.requests if not url.startswith("data:")} == {site.port}
    assert any(url.startswith("ws://") for url in page.requests)


async def soon_differs(page: Page, before: bytes) -> None:
    for _ in range(100):
        if await page.picture() != before:
            return
    raise AssertionError("the picture stays the same")


async def test_the_dashboard_itself_is_shown_and_takes_keys(page, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    async with hosted(dashboard_command(str(project), str(project / "experiments"))) as site:
        await visit(page, site)
        await page.shows("Queue")
        await page.until("window.painted.has('Q')")

        await page.press("?")

        await page.shows("Keys: ")
        assert page.complaints == []
        assert page.beyond_loopback() == []
        assert site.told == []


async def test_the_address_holds_no_token_and_scripts_see_no_cookie(page, site):
    await visit(page, site)
    await page.shows("hello from")

    assert await page.value("location.href") == site.inside()
    assert await page.value("document.cookie") == ""
    assert site.gate.token not in await page.value("document.documentElement.outerHTML")
    (cookie,) = (await page.call("Network.getCookies", urls=[site.inside()]))["cookies"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["session"]) == (True, "Strict", True)
    assert cookie["path"] == site.gate.root
    assert (await page.call("Network.getCookies", urls=[site.url("/"), "http://127.0.0.1:1/"]))[
        "cookies"
    ] == []


async def test_the_page_is_asked_in_its_address_to_call_home_and_does_not(page, site):
    await visit(page, site)
    await page.shows("hello from")
    await page.call("Page.navigate", url=site.inside("?ping=http://192.0.2.1/&fontsize=30"))
    await page.until("window.performance.timeOrigin > 0 && document.readyState === 'complete'")
    refused = "fetch('http://192.0.2.1/').then(() => 'sent', () => 'refused')"

    assert await page.value(refused) == "refused"
    assert await page.value("document.querySelector('#terminal').dataset.fontSize") == "30"
    assert any("Content Security Policy" in text for text in page.complaints)


async def test_scripts_of_a_page_elsewhere_cannot_connect_nor_frame(page, site):
    """A page on another port of this machine: the same site to cookies, another origin."""
    await visit(page, site)
    await page.shows("hello from")
    async with hosted() as other:
        await visit(page, other)
        await page.shows("hello from")
        assert await opened(page, f"ws://{site.host}{site.gate.root}ws") is False
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with site.tab(Origin=f"http://{other.host}"):
                pass


async def opened(page: Page, url: str) -> bool:
    """Whether a script of the page, without a policy of its own against it, gets a WebSocket there."""
    await page.call("Page.setBypassCSP", enabled=True)
    await page.call("Page.reload")
    await page.until("document.readyState === 'complete'")
    script = f"""new Promise(done => {{
        const socket = new WebSocket({url!r});
        socket.onopen = () => done(true);
        socket.onerror = () => done(false);
    }})"""
    return bool(await page.value(script))


async def test_a_link_on_another_site_leads_in_too(page, site):
    async with hosted() as other:
        await page.call("Page.navigate", url=f"http://localhost:{other.port}/?token={other.gate.token}")
        await page.until("document.readyState === 'complete'")
        link = site.url(f"/?token={site.gate.token}")
        await page.value(f"location.href = {link!r}; true")
        await page.until(f"location.href === {site.inside()!r}")
        await page.shows("hello from")


async def test_closing_the_page_ends_the_program(page, site):
    await visit(page, site)
    await page.shows(" [")
    pid = int(page.text.partition("hello from ")[2].split()[0])

    await page.call("Page.navigate", url="about:blank")

    await soon(lambda: not is_alive(pid))


async def test_a_program_that_ends_can_be_started_again(page, site):
    await visit(page, site)
    await page.shows(" [")
    await page.press("q")
    await page.until_visible(".ended")
    page.screen.reset()

    await page.value("document.querySelector('#again').click()")

    await page.shows("hello from")


async def test_a_file_that_the_program_hands_out_is_saved(page, site, tmp_path):
    await page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "saved"))
    await visit(page, site)
    await page.shows(" [")

    await page.press("d")

    saved = tmp_path / "saved"
    await soon(lambda: any(path.stat().st_size == 200_000 for path in saved.glob("*.bin")), 30)


async def test_a_browser_without_webgl_shows_it_too(site, tmp_path, anyio_backend):
    async with browser(tmp_path / "profile", "--disable-3d-apis") as page:
        await visit(page, site)
        await page.until("(document.querySelector('.xterm-rows')?.textContent ?? '').includes('hello')")
        await page.press("x")
        await page.until("document.querySelector('.xterm-rows').textContent.includes('keys: x')")
