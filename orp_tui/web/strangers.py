"""Open connections that have shown no key yet: so many and no more, so that nobody can use up the server."""

from __future__ import annotations

import asyncio

from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

MOST_STRANGERS = 64


class Strangers:
    """Makes aiohttp's handler of each connection; one too many ends the stranger who came first."""

    def __init__(self, most: int = MOST_STRANGERS) -> None:
        self._most = most
        self._strangers: dict[RequestHandler, bool] = {}
        """Oldest first; whether it was seen connected, which it is a moment after it was made."""
        self._server: Server | None = None

    def watch(self, server: Server) -> None:
        """Before the first connection: the server that answers them."""
        self._server = server

    def __call__(self) -> asyncio.Protocol:
        """The handler of a new connection."""
        assert self._server is not None
        connected = set(self._server.connections)
        self._strangers = {
            handler: handler in connected
            for handler, was_connected in self._strangers.items()
            if handler in connected or not was_connected
        }
        while len(self._strangers) >= self._most:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.force_close()
        handler = self._server()
        self._strangers[handler] = False
        return handler

    def admit(self, handler: RequestHandler) -> None:
        """Whoever has shown a key is not counted any more."""
        self._strangers.pop(handler, None)
