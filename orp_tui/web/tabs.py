"""The open tabs: a WebSocket and a dashboard each, as many as there may be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aiohttp import WSCloseCode, WSMsgType, web

from orp_tui.web.dashboard import Dashboard
from orp_tui.web.downloads import Downloads
from orp_tui.web.messages import Focused, Message, Pinged, Resized, Typed, cells, read_message

MOST_TABS = 8
LARGEST_MESSAGE = 1 << 20
"""Bytes; a paste is one message."""
_HEARTBEAT_S = 15.0
"""A tab that answers no ping for as long as this is gone."""
STUCK_S = 10.0
"""A dashboard that takes no input for as long as this, though much of it waits, is stuck."""
_GOODBYE_S = 2.0
"""How long a tab has to answer that it is closed."""


class Tabs:
    """Every tab of one server."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        downloads: Downloads,
        tell: Callable[[str], None],
        most: int = MOST_TABS,
    ) -> None:
        self._command, self._environ, self._downloads, self._tell = command, environ, downloads, tell
        self._most = most
        self._open: set[web.WebSocketResponse] = set()
        self._closing = False

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One tab, from its opening to the end of its dashboard."""
        if self._closing or len(self._open) >= self._most:
            raise web.HTTPServiceUnavailable(text=f"There are {self._most} tabs open already; close one.")
        socket = web.WebSocketResponse(
            timeout=_GOODBYE_S, heartbeat=_HEARTBEAT_S, max_msg_size=LARGEST_MESSAGE
        )
        self._open.add(socket)
        try:
            await socket.prepare(request)
            await self._connect(socket, cells(request.query.get("width"), request.query.get("height")))
        finally:
            self._open.discard(socket)
        return socket

    async def _connect(self, socket: web.WebSocketResponse, size: tuple[int, int]) -> None:
        async def close() -> None:
            await socket.close()

        dashboard = Dashboard(
            self._command,
            self._environ,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            downloads=self._downloads,
            tell=self._tell,
        )
        try:
            await dashboard.start(*size)
            async for frame in socket:
                message = read_message(frame.data) if frame.type is WSMsgType.TEXT else None
                if message is not None:
                    await asyncio.wait_for(_hand_on(message, dashboard, socket), STUCK_S)
        except TimeoutError:
            self._tell("a dashboard takes no input any more, so it is ended")
        except ConnectionError:
            pass
        finally:
            # A cancelled handler too must not leave before its dashboard has.
            await asyncio.shield(dashboard.stop())

    async def close(self) -> None:
        """Close every tab, and let none open any more; `serve` ends their dashboards."""
        self._closing = True
        goodbyes = [
            socket.close(code=WSCloseCode.GOING_AWAY, message=b"orp serve has ended") for socket in self._open
        ]
        await asyncio.gather(*goodbyes, return_exceptions=True)


async def _hand_on(message: Message, dashboard: Dashboard, socket: web.WebSocketResponse) -> None:
    match message:
        case Typed(text):
            await dashboard.send_bytes(text.encode("utf-8", "replace"))
        case Resized(columns, rows):
            await dashboard.set_terminal_size(columns, rows)
        case Focused(True):
            await dashboard.focus()
        case Focused(False):
            await dashboard.blur()
        case Pinged(mark):
            await socket.send_json(["pong", mark])
