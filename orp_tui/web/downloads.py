"""Files that a dashboard hands to its browser, each once, whole or visibly broken off."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from urllib.parse import quote

from aiohttp import web
from textual_serve.download_manager import DOWNLOAD_CHUNK_SIZE, DOWNLOAD_TIMEOUT, Download, DownloadManager

_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


class BrokenOff(Exception):
    """The dashboard ended, or stopped answering, before the file was whole."""


class Downloads(DownloadManager):
    """As textual-serve's, but a file can be fetched once, and one that breaks off does not look whole."""

    def __init__(self) -> None:
        super().__init__()
        self._taken: set[str] = set()

    def take(self, key: str) -> Download | None:
        """The file of that key, which is then nobody else's; None if there is none."""
        download = self._active_downloads.get(key)
        if download is None or key in self._taken:
            return None
        self._taken.add(key)
        return download

    async def download(self, delivery_key: str) -> AsyncGenerator[bytes, None]:
        """The file in pieces. Raises BrokenOff."""
        download = self._active_downloads[delivery_key]
        try:
            while chunk := await self._next_chunk(download):
                yield chunk
        finally:
            self.forget(delivery_key)

    async def _next_chunk(self, download: Download) -> bytes:
        wish: dict[str, str | int | bool | None] = {
            "type": "deliver_chunk_request",
            "key": download.delivery_key,
            "size": DOWNLOAD_CHUNK_SIZE,
            "name": download.name,
        }
        if not await download.app_service.send_meta(wish):
            raise BrokenOff
        try:
            chunk = await asyncio.wait_for(download.incoming_chunks.get(), DOWNLOAD_TIMEOUT)
        except TimeoutError as error:
            raise BrokenOff from error
        if chunk is None:
            raise BrokenOff
        return chunk

    def forget(self, key: str) -> None:
        """The file of that key can't be fetched any more."""
        self._active_downloads.pop(key, None)
        self._taken.discard(key)

    async def cancel_app_downloads(self, app_service_id: str) -> None:
        """Break off and forget every file of one dashboard."""
        for key, download in list(self._active_downloads.items()):
            if download.app_service.app_service_id == app_service_id:
                download.incoming_chunks.put_nowait(None)
                if key not in self._taken:
                    self.forget(key)


async def answer(request: web.Request, downloads: Downloads) -> web.StreamResponse:
    """The file of the key in the path, always to be saved and never shown: it would be shown as our own page."""
    key = request.match_info["key"]
    download = downloads.take(key)
    if download is None:
        raise web.HTTPNotFound(text="There is no such file, or it was already fetched.")
    response = web.StreamResponse(headers=headers_of(download))
    try:
        await response.prepare(request)
        async for chunk in downloads.download(key):
            await response.write(chunk)
        await response.write_eof()
    except BrokenOff:
        if request.transport is not None:
            request.transport.abort()
    finally:
        downloads.forget(key)
    return response


def headers_of(download: Download) -> dict[str, str]:
    """Type and name of a file, with nothing in them that could be another header."""
    kind = download.mime_type if _TYPE.fullmatch(download.mime_type or "") else "application/octet-stream"
    if kind.startswith("text/"):
        kind += "; charset=utf-8" if not download.encoding else f"; charset={quote(download.encoding)}"
    name = quote(download.file_name.encode("utf-8", "replace"), safe="")
    return {"Content-Type": kind, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
