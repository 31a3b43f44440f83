"""Projects with a prompt."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import METRICS, Desk, Ended, desks


@pytest.fixture(autouse=True)
def no_settings_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No ORP_ variable and no user settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith("ORP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty project."""
    with desks(tmp_path / "desk") as made:
        yield made


@pytest.fixture(scope="session")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    """A project with three runs that have ended, oldest first: good, incomplete, failed."""
    with desks(
        tmp_path_factory.mktemp("ended") / "desk", settings="queue: {idle_exit: 1s, slots: 3}\n"
    ) as desk:
        desk.write("good.yaml", experiment="good one", deliverables=[METRICS])
        desk.write("half.yaml", "echo done", deliverables=[METRICS])
        desk.write("bad.yaml", "echo 'RuntimeError: broken' >&2; exit 7")
        done = desk.finish("run", "good.yaml", "half.yaml", "bad.yaml", "--detach")
        assert done.code == 0, done.err
        ids = done.out.split()
        for run_id in ids:
            desk.call("logs", "-f", run_id)
        yield Ended(desk, *ids)
