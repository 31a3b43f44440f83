from __future__ import annotations

from pathlib import Path

import pytest

from orp_tui.config.loader import LoadedExperiment, load_experiment_file
from orp_tui.core.errors import ConfigError

HEAD = "experiment: {name: x}\ntraining:\n  script: [python, train.py]\n"


@pytest.fixture
def load(tmp_path):
    """Load a text as an experiment file; `head=True` puts the least that a file needs before it."""

    def load_text(text: str, *, head: bool = True) -> LoadedExperiment:
        path = tmp_path / "e.yaml"
        path.write_text((HEAD if head else "") + text, encoding="utf-8")
        return load_experiment_file(path)

    return load_text


@pytest.fixture
def refused(load, tmp_path):
    """The lines that say what is wrong with a text, without the folder of the file."""

    def lines(text: str, *, head: bool = True) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            load(text, head=head)
        return str(raised.value).replace(str(tmp_path) + "/", "").splitlines()

    return lines


@pytest.fixture
def quick_start() -> Path:
    return Path(__file__).with_name("quick_start.yaml")
