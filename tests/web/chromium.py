"""A headless Chromium, spoken to by its own DevTools protocol: what it asks for, what it shows, what it is typed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pyte
from hosting import soon

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--mute-audio",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost", "--no-default-browser-check", "--disable-domain-reliability", "--no-pings", "--disable-breakpad",
    "--window-size=1000,700", "--remote-debugging-port=0",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome")


def find_chromium() -> str:
    """Its path. Raises AssertionError: whoever asks for these tests has it."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    assert found, "no Chromium here: apt-get install --no-install-recommends chromium"
    return found


class Page:
    """One tab of the browser, from before its first request."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.requests: list[str] = []
        """Every address that was asked for, WebSockets too."""
        self.complaints: list[str] = []
        """Errors of scripts, and what the page's policy refused."""
        self.screen = pyte.Screen(240, 80)
        self._stream = pyte.ByteStream(self.screen)

    async def listen(self) -> None:
        """Answers and events, as long as the browser is there."""
        async for frame in self._socket:
            data = json.loads(frame.data)
            if "id" in data:
                self._answers.pop(data["id"]).set_result(data)
            else:
                self._note(data["method"], data["params"])

    def _note(self, event: str, facts: dict[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(facts["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(facts["url"])
            case "Network.webSocketFrameReceived" if facts["response"]["opcode"] == 2:
                self._stream.feed(base64.b64decode(facts["response"]["payloadData"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(str(facts["exceptionDetails"].get("exception", facts)))
            case "Log.entryAdded" if facts["entry"]["level"] == "error":
                self.complaints.append(facts["entry"]["text"])

    async def call(self, method: str, **words: Any) -> dict[str, Any]:
        """One command of the protocol. Raises AssertionError if the browser can't."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": words})
        data: dict[str, Any] = await asyncio.wait_for(answer, 30)
        assert "error" not in data, (method, data)
        return data["result"]

    async def value(self, script: str) -> Any:
        """What a piece of JavaScript comes to."""
        got = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    async def until(self, script: str) -> None:
        """Wait until it comes to something true."""
        async with asyncio.timeout(30):
            while not await self.value(script):
                await asyncio.sleep(0.05)

    async def until_visible(self, selector: str) -> None:
        """Wait until the first element of that kind is there and shown."""
        await self.until(
            f"(found => !!found && getComputedStyle(found).display !== 'none')(document.querySelector({selector!r}))"
        )

    async def press(self, key: str) -> None:
        """A key down and up, as a keyboard would."""
        words = {"key": key, "text": key, "unmodifiedText": key}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **words)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def shows(self, words: str) -> str:
        """The terminal's text as it was sent, once `words` are in it."""
        try:
            await soon(lambda: words in self.text, 30)
        except TimeoutError:
            raise AssertionError(f"no {words!r} in:\n{self.text}\n{self.complaints}") from None
        return self.text

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    async def picture(self) -> bytes:
        """The page as a PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    def beyond_loopback(self) -> list[str]:
        """What was asked of anybody but this machine."""
        urls = [url for url in self.requests if not url.startswith("data:")]
        return [url for url in urls if urlsplit(url).hostname not in ("127.0.0.1", "localhost")]


@contextlib.asynccontextmanager
async def browser(folder: Path, *flags: str) -> AsyncIterator[Page]:
    """A browser with a new profile in `folder`, and its one page, still empty."""
    process = await asyncio.create_subprocess_exec(
        find_chromium(),
        *FLAGS,
        *flags,
        f"--user-data-dir={folder}",
        "about:blank",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with aiohttp.ClientSession() as session:
            port = await _port(folder, process)
            async with session.get(f"http://127.0.0.1:{port}/json/list") as got:
                targets = [target for target in await got.json() if target["type"] == "page"]
            async with session.ws_connect(targets[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                for domain in ("Page", "Network", "Runtime", "Log"):
                    await page.call(f"{domain}.enable")
                yield page
                await socket.close()
                await listening
    finally:
        # The whole of it: its helpers are in its session.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _port(folder: Path, process: asyncio.subprocess.Process) -> int:
    """Where it listens, which it writes into its profile."""
    file = folder / "DevToolsActivePort"
    await soon(lambda: process.returncode is not None or (file.exists() and file.read_text().count("\n")), 30)
    assert process.returncode is None, "the browser has ended"
    return int(file.read_text().split()[0])
