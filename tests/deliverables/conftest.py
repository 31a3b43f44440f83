"""Fixtures of the deliverables' tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from checked_workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return Workspace(folder)
