"""A dashboard over a real project, without a terminal."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from project import Project, projects
from textual.pilot import Pilot

from orp_tui.tui.app import OrpApp
from orp_tui.tui.manners import Manners
from orp_tui.tui.place import Place


@pytest.fixture(autouse=True)
def own_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the dashboard remembers goes to the test's own folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state-home"))


@pytest.fixture
def anyio_backend() -> str:
    """Textual runs on asyncio."""
    return "asyncio"


@pytest.fixture
def make_project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """A maker of projects; all their processes are ended afterwards."""
    with projects(tmp_path) as make:
        yield make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """One project, whose queue nobody processes unless the test starts that."""
    return make_project()


@contextlib.asynccontextmanager
async def dashboard(
    project: Project, *, size: tuple[int, int] = (100, 30), place: Place | None = None, **manners: bool
) -> AsyncIterator[tuple[OrpApp, Pilot[str]]]:
    """The dashboard of a project, and the hands that drive it."""
    app = OrpApp(project.context, Manners(**manners), configs_dir=project.folder, place=place)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield app, pilot


@pytest.fixture
def open_dashboard() -> Callable[..., contextlib.AbstractAsyncContextManager[tuple[OrpApp, Pilot[str]]]]:
    """`async with open_dashboard(project, size=…) as (app, pilot)`."""
    return dashboard
