"""The same real projects as the fault tests have."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from project import Project, projects


@pytest.fixture
def make_project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """A maker of projects; all their processes are ended afterwards."""
    with projects(tmp_path) as make:
        yield make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """One project."""
    return make_project()
