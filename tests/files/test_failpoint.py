"""A test can make ORP die, fail or wait at a named place; in real life those places do nothing."""

from __future__ import annotations

import signal

import pytest
from crowd import run_python

SCRIPT = """
import time
from orp_tui.files.failpoint import hit
begun = time.monotonic()
for name in ("leader.a", "leader.b", "leader.a", "other"):
    try:
        hit(name)
    except OSError as error:
        print(name, error.errno, end=" ")
        continue
    print(name, end=" ")
print(time.monotonic() - begun > 0.1, end="", flush=True)
"""


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "leader.a leader.b leader.a other False"),
        ("nowhere", "leader.a leader.b leader.a other False"),
        ("leader.b:enospc", "leader.a leader.b 28 leader.a other False"),
        ("leader.a@2:eio", "leader.a leader.b leader.a 5 other False"),
        ("leader.*@3:eio", "leader.a leader.b leader.a 5 other False"),
        ("*@4:eio", "leader.a leader.b leader.a other 5 False"),
        ("other:sleep=0.15", "leader.a leader.b leader.a other True"),
    ],
)
def test_the_named_hit_fails_or_waits(spec, said):
    assert run_python(SCRIPT, ORP_FAILPOINT=spec).stdout == said


@pytest.mark.parametrize("spec", ["leader.b", "leader.b:kill", "leader.*@2"])
def test_the_named_hit_kills(spec):
    assert run_python(SCRIPT, ORP_FAILPOINT=spec).returncode == -signal.SIGKILL


def test_the_log_lists_every_hit(tmp_path):
    log = tmp_path / "log"

    run_python(SCRIPT, ORP_FAILPOINT_LOG=str(log))

    assert [line.split()[1] for line in log.read_text().splitlines()] == [
        "leader.a",
        "leader.b",
        "leader.a",
        "other",
    ]


def test_without_a_wish_the_places_are_empty():
    answer = run_python(
        "from orp_tui.files import failpoint as f; print(f.hit is f._nothing)", ORP_FAILPOINT=""
    )

    assert answer.stdout == "True\n"
