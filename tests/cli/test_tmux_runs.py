"""The Runs screen in a real terminal while real runs come, end and are tagged beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import METRICS, Desk
from tmux_screen import Screen, need_tmux

need_tmux()

TRAINING = 'for n in 1 2 3; do echo "{\\"step\\": $n, \\"acc\\": 0.$n}" >> $ORP_METRICS_FILE; done; mkdir out; echo "{\\"acc\\": 0.3}" > out/m.json'


@pytest.fixture
def screen(request: pytest.FixtureRequest, desk: Desk, tmp_path: Path) -> Iterator[Screen]:
    """A terminal of the test's own size."""
    columns, rows = request.param
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    made = Screen(desk.folder, desk.variables(**state), tmp_path / "tmux", columns=columns, rows=rows)
    try:
        made.wait("$")
        yield made
    finally:
        made.close()


def _train(desk: Desk, name: str, script: str = TRAINING) -> str:
    desk.write(f"{name}.yaml", script, experiment=name, deliverables=[METRICS])
    done = desk.finish("run", f"{name}.yaml", "--detach")
    assert done.code == 0, done.err
    run_id = done.out.strip()
    assert desk.finish("logs", "-f", run_id).code == 0
    return run_id


def _cursor_line(lines: list[str]) -> str:
    return next((line for line in lines if re.match(r".?>", line)), "")


SIZES = pytest.mark.parametrize(
    "screen", [(80, 24), pytest.param((160, 45), marks=pytest.mark.slow)], indirect=True
)


@SIZES
def test_runs_that_end_meanwhile_come_into_the_list_and_the_cursor_stays_on_its_run(
    screen: Screen, desk: Desk
) -> None:
    first = _train(desk, "first")
    _train(desk, "second")
    screen.type("orp-tui")
    screen.wait("Command")
    screen.key("2")
    screen.wait("Runs  2", "first", "second")
    screen.key("j")
    screen.wait_until(lambda lines: "first" in _cursor_line(lines), "the cursor on the older run")

    _train(desk, "third")
    _train(desk, "fourth", "exit 3")

    lines = screen.wait("Runs  4", "third", "fourth", "FAILED")
    assert "first" in _cursor_line(lines)
    assert desk.finish("tag", first, "+paper").code == 0
    screen.write("/")
    screen.wait("filter:")
    screen.write("tag:paper")
    screen.key("Enter")
    shown = screen.wait("Runs  1 of 4", "filter: tag:paper")
    assert first[-4:] in _cursor_line(shown)
    screen.key("V")
    screen.wait("sound:")
    screen.key("q")
    screen.wait("$", gone="Runs  1 of 4")


@SIZES
def test_a_run_that_goes_on_changes_its_state_in_the_list(screen: Screen, desk: Desk) -> None:
    _train(desk, "before")
    go = desk.folder / "go"
    desk.write("live.yaml", f"while [ ! -e {go} ]; do sleep 0.05; done", experiment="live")
    screen.type("orp-tui")
    screen.wait("Command")
    screen.key("2")
    screen.wait("Runs  1", "before")

    assert desk.finish("run", "live.yaml", "--detach").code == 0

    screen.wait_until(
        lambda lines: any("live" in line and "running" in line for line in lines), "a running run"
    )
    go.touch()
    screen.wait_until(lambda lines: any("live" in line and "succeeded" in line for line in lines), "its end")
    screen.key("q")
    screen.wait("$", gone="Runs  2")
