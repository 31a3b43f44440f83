"""A log is gone to where it tells of a step, and what was done is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.logs.source import open_log
from orp_tui.logs.step_lines import seek_step


def found_in(path, step, epoch=None):
    log = open_log(str(path))
    try:
        return [found for found in seek_step(log, step, epoch) if found is not None][-1]
    finally:
        log.close()


def line_of(path, step, epoch=None):
    """The line that is gone to, and what is said."""
    found = found_in(path, step, epoch)
    if found.begin is None:
        return None, found.notice
    return path.read_text()[found.begin :].partition("\n")[0], found.notice


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log"


@pytest.mark.parametrize(
    "line",
    [
        "step 1200 loss 0.3", "Step: 1,200", "global_step=1200", '{"step": 1200, "loss": 1}', "Iter [1200/5000]",
        "iteration 1200: x", "[batch 1_200]", "INFO step=1200,", "STEP 1200",
    ],
)  # fmt: skip
def test_the_line_that_names_the_step_is_found_as_trainings_write_it(path, line):
    path.write_text(f"begin\nstep 1 a\n{line}\nstep 1200 again\nstep 2000 z\n")

    assert line_of(path, 1200) == (line, "step 1,200: the first line that names it")


def test_a_progress_bar_counts_too(path):
    path.write_text("lr 0.1\n 24%|##  | 1200/5000 [00:03]\n 25%|##  | 1250/5000\n")

    assert line_of(path, 1200)[0].startswith(" 24%")
    assert line_of(path, 1200)[1] == "step 1,200: the first line with 1200/…"


def test_without_that_step_the_nearest_one_that_is_named_is_shown_and_that_is_said(path):
    path.write_text("".join(f"step {step} loss\n" for step in range(0, 5000, 100)))

    assert line_of(path, 1234) == (
        "step 1200 loss",
        "step 1,200 is the nearest to 1,234 that is named",
    )


def test_a_log_of_epochs_is_shown_where_the_epoch_begins(path):
    path.write_text("epoch 1\nfoo\nEpoch 2: loss 1\nbar\nepoch 3\n")

    assert line_of(path, 1200, 2.4) == (
        "Epoch 2: loss 1",
        "no line names a step; epoch 2 begins here",
    )


@pytest.mark.parametrize(
    "text", ["", "hello\n", "epoch 7\n", "footstep 1200\n", "timestep: none\n", "v1200/2\n"]
)
def test_a_log_without_steps_is_said_to_have_none(path, text):
    path.write_text(text)

    begin, notice = line_of(path, 1200, 2.4)

    assert begin is None
    assert "no line names a step" in notice


def test_colours_around_the_number_are_no_part_of_it(path):
    path.write_text("a\n\x1b[32mstep 7\x1b[0m ok\nstep \x1b[1;31m8\x1b[0m\n")

    assert found_in(path, 7).begin == 2
    assert found_in(path, 8).begin == 21


@settings(max_examples=100, deadline=None)
@given(
    data=st.binary(max_size=300),
    step=st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 99)),
)
def test_garbage_never_breaks_it_and_where_it_goes_a_line_begins(tmp_path_factory, data, step):
    path = tmp_path_factory.mktemp("log") / "log"
    path.write_bytes(b"step 3\n" + data)

    found = found_in(path, step, 1.0)

    assert found.notice
    assert (
        found.begin is None or found.begin == 0 or path.read_bytes()[found.begin - 1 : found.begin] == b"\n"
    )
