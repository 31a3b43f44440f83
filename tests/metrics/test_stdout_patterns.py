"""Patterns of the user: what they find, and that none of them can hang whoever reads."""

from __future__ import annotations

import math
import os
import signal
import threading
from pathlib import Path

import pytest

from orp_tui.metrics.readers.stdout import StdoutReader
from orp_tui.metrics.stdout import pattern_process
from orp_tui.metrics.stdout.pattern_process import PatternProcess, Refused

ENDLESS = r"(?P<x>(?:a+)+)$"
EVIL = "a" * 40 + "!1"


@pytest.fixture
def process():
    process = PatternProcess()
    yield process
    process.close()


def read(folder: Path, text: str, *patterns: str, **options: object):
    (folder / "log").write_text(text)
    return StdoutReader(folder / "log", patterns=patterns, **options).read()


def plain(batch) -> dict[str, list[tuple[float, float]]]:
    return {
        name: list(zip(points.steps, points.values, strict=True)) for name, points in batch.points.items()
    }


def test_named_groups_are_metrics_and_step_and_epoch_say_where(tmp_path):
    batch = read(tmp_path, "at 7 of 2: 1.5\n", r"at (?P<step>\d+) of (?P<epoch>\d+): (?P<cost>[\d.]+)")

    assert plain(batch) == {"cost": [(7, 1.5)], "epoch": [(7, 2)]}


def test_a_line_that_a_pattern_matches_is_read_by_it_alone_and_others_as_ever(tmp_path):
    batch = read(tmp_path, "step 1 loss 0.5 cost 2\nstep 2 loss 0.4\n", r"cost (?P<cost>\d)")

    assert plain(batch) == {"cost": [(0, 2)], "loss": [(2, 0.4)]}


def test_a_pattern_may_want_a_line_without_a_letter(tmp_path):
    assert plain(read(tmp_path, "1.5 2.5\n", r"(?P<a>\S+) (?P<b>\S+)")) == {"a": [(0, 1.5)], "b": [(0, 2.5)]}


def test_what_several_patterns_find_in_a_line_goes_together(tmp_path):
    batch = read(tmp_path, "a1 b2 s3\n", r"a(?P<a>\d)", r"b(?P<b>\d) s(?P<step>\d)")

    assert plain(batch) == {"a": [(3, 1)], "b": [(3, 2)]}


@pytest.mark.parametrize(
    ("text", "time"), [("1764000000.5", 1764000000.5), ("1764000000500", 1764000000.5), ("2026-11-24T12:00:00Z", 1795521600.0), ("x", math.nan)]
)  # fmt: skip
def test_a_group_called_time_is_the_time(tmp_path, text, time):
    batch = read(tmp_path, f"{text} cost 2\n", r"(?P<time>\S+) cost (?P<cost>\d)")

    assert list(batch.points["cost"].times) == pytest.approx([time], nan_ok=True)


def test_numbers_are_read_as_everywhere_and_what_is_none_is_left_out(tmp_path):
    batch = read(
        tmp_path, "1,234.5|7%|nan|abc|\n", r"(?P<a>.*?)\|(?P<b>.*?)\|(?P<c>.*?)\|(?P<d>.*?)\|(?P<e>z)?"
    )

    assert {name: str(value) for name, [(_, value)] in plain(batch).items()} == {
        "a": "1234.5",
        "b": "7.0",
        "c": "nan",
    }


def test_a_pattern_sees_the_line_without_colours_and_with_its_date(tmp_path):
    batch = read(
        tmp_path, "2026-11-24 12:00:00 \x1b[31mcost\x1b[0m 2\n", r"^2026-11-24 12:00:00 cost (?P<cost>\d)"
    )

    assert plain(batch) == {"cost": [(0, 2)]}


def test_a_pattern_without_an_end_is_left_out_with_a_word_and_the_others_go_on(tmp_path):
    batch = read(tmp_path, f"{EVIL}\nb 2\nloss: 0.5\n", ENDLESS, r"b (?P<b>\d)")

    assert plain(batch) == {"b": [(0, 2)], "loss": [(0, 0.5)]}
    assert "takes too long" in batch.trouble

    again = read(tmp_path, f"{EVIL}\nloss: 0.5\n", ENDLESS)  # known by now: it costs nothing more
    assert "takes too long" in again.trouble


def test_a_pattern_that_is_none_is_left_out_with_a_word(tmp_path):
    batch = read(tmp_path, "loss: 0.5\n", "(?P<a>(")

    assert plain(batch) == {"loss": [(0, 0.5)]}
    assert "is no regular expression" in batch.trouble


def test_where_no_process_can_be_started_the_log_is_read_all_the_same(tmp_path, monkeypatch):
    process = PatternProcess()
    monkeypatch.setattr(pattern_process, "SHARED", process)
    monkeypatch.setattr(pattern_process, "_WORKER", "/nonexistent")
    monkeypatch.setattr(pattern_process.sys, "executable", "/nonexistent")

    batch = read(tmp_path, "loss: 0.5\n", r"(?P<cost>\d)")

    assert plain(batch) == {"loss": [(0, 0.5)]}
    assert "needs a process" in batch.trouble


def test_a_pattern_gives_the_same_byte_by_byte(tmp_path):
    data = b"at 7: 1.5\r\nat 8: 2.5\nat 9"
    path, pattern = tmp_path / "log", r"at (?P<step>\d+): (?P<cost>[\d.]+)"
    path.write_bytes(b"")
    reader, found = StdoutReader(path, patterns=[pattern]), []
    with open(path, "ab", buffering=0) as file:
        for place in range(len(data)):
            file.write(data[place : place + 1])
            found += plain(reader.read()).get("cost", [])

    assert found == [(7, 1.5), (8, 2.5)]


def test_include_and_exclude_hold_for_patterns_too(tmp_path):
    assert plain(read(tmp_path, "a1 b2\n", r"a(?P<a>\d) b(?P<b>\d)", exclude=["a"])) == {"b": [(0, 2)]}


def test_the_process_is_started_once_asked_from_any_thread_and_started_again_if_it_dies(process):
    assert process.search(r"(?P<a>\d)", ["x", "y5"]) == [(1, {"a": "5"})]
    first = process._process
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append(process.search(r"(?P<a>\d)", ["1", "2"])))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process._process is first
    assert answers == [[(0, {"a": "1"}), (1, {"a": "2"})]] * 8

    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert process.search(r"(?P<a>\d)", ["7"]) == [(0, {"a": "7"})]


def test_the_process_ends_an_endless_match_itself(process):
    with pytest.raises(Refused, match="takes too long"):
        process.search(ENDLESS, [EVIL])

    assert process.search(r"(?P<a>\d)", ["7"]) == [(0, {"a": "7"})]


def test_a_large_question_gets_its_answer(process):
    lines = [f"loss {place}" for place in range(50_000)]

    assert len(process.search(r"loss (?P<loss>\d+)", lines)) == 50_000
