"""Real projects for tests that break things."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from project import Project, projects


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """One project; all its processes are ended afterwards."""
    with projects(tmp_path) as make:
        yield make()


@pytest.fixture
def make_project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """A maker of further projects."""
    with projects(tmp_path) as make:
        yield make
