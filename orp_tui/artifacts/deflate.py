"""Deflating a long stream on two threads.

Each chunk is deflated by itself, with the last 32 KiB before it as its dictionary, up to
a byte boundary; the pieces behind one another are one deflate stream (as pigz does it).
"""

from __future__ import annotations

import collections
import zlib
from collections.abc import Iterable, Iterator

LEVEL = 1
_THREADS, _AHEAD = 2, 4
_WINDOW = 32 << 10


def deflate(data: bytes) -> bytes:
    """A whole raw deflate stream."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def deflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The raw deflate stream of the chunks behind one another, piece by piece."""
    from concurrent.futures import Future, ThreadPoolExecutor

    pending: collections.deque[Future[bytes]] = collections.deque()
    before = b""
    with ThreadPoolExecutor(_THREADS, "deflate") as pool:
        for chunk in chunks:
            pending.append(pool.submit(_piece, chunk, before))
            before = (before + chunk if len(chunk) < _WINDOW else chunk)[-_WINDOW:]
            if len(pending) >= _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    yield deflate(b"")


def _piece(chunk: bytes, before: bytes) -> bytes:
    if before:
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15, zdict=before)
    else:
        packer = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
    return packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
