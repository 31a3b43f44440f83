from __future__ import annotations

import io
import subprocess
import sys

import pytest

from orp_tui.tui.output_stage.choice import choose_driver
from orp_tui.tui.output_stage.driver import StagedDriver

SSH = {"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("environ", "setting", "staged"),
    [
        ({}, "auto", True),
        (SSH, "auto", True),
        (SSH, "off", False),
        ({}, "on", True),
        (SSH | {"TEXTUAL_DRIVER": "my.driver:Driver"}, "auto", False),
        ({"TEXTUAL_DRIVER": "my.driver:Driver"}, "on", True),
    ],
)
def test_it_is_on_unless_somebody_says_otherwise(environ, setting, staged, monkeypatch):
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(io.BytesIO(), "utf-8"))

    assert choose_driver(environ, setting) is (StagedDriver if staged else None)


def test_a_terminal_that_does_not_take_utf8_keeps_the_plain_driver(monkeypatch):
    monkeypatch.setattr(sys, "__stderr__", io.TextIOWrapper(io.BytesIO(), "latin-1"))

    assert choose_driver(SSH, "on") is None


def test_a_no_costs_no_textual():
    program = (
        "import sys; from orp_tui.tui.output_stage.choice import choose_driver; choose_driver({}, 'off');"
        "print({'textual', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
