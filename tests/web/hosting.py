"""A real server on a free port of the loopback, and a visitor who speaks HTTP to it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import aiohttp
import pyte

from orp_tui.web.address import listen, names_of
from orp_tui.web.gate import Gate
from orp_tui.web.server import Running, Served

SMALL = (sys.executable, "-P", str(Path(__file__).with_name("small_app.py")))
BARE = (sys.executable, "-I", "-S", str(Path(__file__).with_name("bare_app.py")))
"""Quick to start, for what is no matter of Textual's."""
T = TypeVar("T")


async def soon(condition: Callable[[], T], seconds: float = 20.0, *, what: str = "") -> T:
    """The first true answer of `condition`; the loop runs meanwhile."""
    async with asyncio.timeout(seconds):
        while not (answer := condition()):
            await asyncio.sleep(0.02)
    return answer


@dataclasses.dataclass
class Site:
    """A running server and what was said about it."""

    gate: Gate
    port: int
    told: list[str]
    session: aiohttp.ClientSession
    stop: asyncio.Event
    """Set: the server ends, before `hosted` does."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def key(self) -> dict[str, str]:
        """The header of who was let in."""
        return {"Cookie": f"{self.gate.cookie_name}={self.gate.cookie}"}

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def inside(self, path: str = "") -> str:
        """A path beneath the page's."""
        return self.url(f"{self.gate.root}{path}")

    async def get(self, path: str, headers: Mapping[str, str] = {}, method: str = "GET") -> Answer:
        async with self.session.request(
            method, self.url(path), headers=headers, allow_redirects=False
        ) as got:
            return Answer(got.status, got.headers, await got.read())

    async def raw(self, data: bytes) -> bytes:
        """Whatever is answered to these very bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            writer.close()

    @contextlib.asynccontextmanager
    async def tab(self, size: str = "width=80&height=24", **headers: str) -> AsyncIterator[Tab]:
        """An open tab; `headers` replace or add to those of the page."""
        wanted = self.key | {"Origin": f"http://{self.host}"} | headers
        async with self.session.ws_connect(self.inside(f"ws?{size}"), headers=wanted) as socket:
            tab = Tab(socket)
            reading = asyncio.create_task(tab.read())
            try:
                yield tab
            finally:
                await socket.close()
                await reading


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Tab:
    """One WebSocket as the page uses it, with a terminal that draws what comes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.said: list[list[object]] = []
        """Messages other than output."""

    async def read(self) -> None:
        async for frame in self.socket:
            if frame.type is aiohttp.WSMsgType.BINARY:
                self._stream.feed(frame.data)
            else:
                self.said.append(json.loads(frame.data))

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    async def shows(self, words: str) -> str:
        """The screen, once `words` are on it."""
        try:
            await soon(lambda: words in self.text)
        except TimeoutError:
            raise AssertionError(f"no {words!r} in:\n{self.text}") from None
        return self.text

    async def send(self, *message: object) -> None:
        await self.socket.send_str(json.dumps(message))

    async def pid(self) -> int:
        """The process that draws this tab."""
        text = await self.shows("hello from")
        await self.shows(" [")
        return int(text.partition("hello from ")[2].split()[0])


@contextlib.asynccontextmanager
async def hosted(command: Sequence[str] = SMALL, **more: object) -> AsyncIterator[Site]:
    """A server of `command`, ended in the end."""
    gate = Gate(names_of("127.0.0.1", "127.0.0.1"))
    told: list[str] = []
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    served = Served(gate, command, os.environ | {"TMUX": "no"}, 'orp on <"this">', told.append, **more)  # type: ignore[arg-type]
    stop = asyncio.Event()

    async def until_stopped(ready: asyncio.Event) -> None:
        async with Running(served, listening):
            ready.set()
            await stop.wait()

    ready = asyncio.Event()
    running = asyncio.create_task(until_stopped(ready))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        try:
            await ready.wait()
            yield Site(gate, port, told, session, stop)
        finally:
            stop.set()
            await running
            listening.close()


def is_alive(pid: int) -> bool:
    """Whether the process runs, one that nobody has waited for not counted."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
