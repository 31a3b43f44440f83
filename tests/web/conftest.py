"""Servers for every test of the web."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hosting import BARE, Site, hosted


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def site(anyio_backend: str) -> AsyncIterator[Site]:
    """A server of a small program."""
    async with hosted() as site:
        yield site


@pytest.fixture
async def bare(anyio_backend: str) -> AsyncIterator[Site]:
    """A server of a program that starts at once."""
    async with hosted(BARE) as site:
        yield site
