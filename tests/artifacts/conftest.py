from __future__ import annotations

import os
from pathlib import Path

import pytest

from orp_tui.artifacts.plan import Inline, Kind, Plan, PlanItem
from orp_tui.core.layout import RunPaths


class RunFolder:
    """A run folder with logs and records, and a workspace to fill."""

    def __init__(self, base: Path) -> None:
        self.run = RunPaths(base / "runs" / "exp_20261124_120000_abcd")
        self.run.workspace.mkdir(parents=True)
        self.zip = base / "artifacts" / "exp_20261124_120000_abcd_artifacts.zip"
        for path, text in (
            (self.run.stdout, "epoch 1\nepoch 2\n"),
            (self.run.stderr, "warning\n"),
            (self.run.request, "{}"),
            (self.run.experiment, "experiment: {name: x}\n"),
            (self.run.environment, "{}"),
            (self.run.metrics, '{"step": 1, "loss": 0.5}\n'),
            (self.run.attempt(1), "{}"),
            (self.run.exit(1), "{}"),
            (self.run.environment_private, "TOKEN=canary"),
            (self.run.supervisor_lock, ""),
            (self.run.reserve(1), "0" * 4096),
        ):
            path.write_text(text)

    def put(self, path: str, data: bytes | str = b"data") -> Path:
        """A file in the workspace."""
        file = self.run.workspace / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.fixture
def plan_of():
    """A plan of files beneath a folder under their own names; size 0 for what is not there."""

    def make(root: Path, *paths: str, packed: bool = True) -> Plan:
        items = tuple(
            PlanItem(path, str(root), path, _size(root / path), Kind.WORKSPACE, packed) for path in paths
        )
        return Plan("exp_20261124_120000_abcd", (Inline("result.json", b"{}"),), items)

    return make


def _size(path: Path) -> int:
    return os.lstat(path).st_size if os.path.lexists(path) else 0
