"""What the probe sees of a program whose every byte is known; never its times, which are the machine's."""

from __future__ import annotations

import importlib
import os
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ECHO = "stty -echo -icanon; printf ready; while c=$(head -c1); do printf '\\r<%s>' \"$c\"; done"


@pytest.fixture(scope="module")
def probes():
    """The module, as the benchmark command imports it."""
    sys.path.insert(0, str(ROOT))
    yield importlib.import_module("tests.benchmarks.terminal_probe")
    sys.path.remove(str(ROOT))


@pytest.fixture(scope="module")
def lines(probes):
    return importlib.import_module("tests.benchmarks.slow_line")


def test_a_key_is_timed_to_the_bytes_that_it_brought(probes, tmp_path):
    with probes.probing(["sh", "-c", ECHO], os.environ, tmp_path) as probe:
        probe.until_shown("ready")
        assert probe.first_paint_s is not None
        before = probe.bytes_out
        for key in "abc":
            took = probe.answer_ms(key, probe.sight(f"<{key}>"))
            assert 0 < took < 1000 * probes.UNANSWERED_S
        assert probe.bytes_out == before + 3 * len("\r<a>")
        assert probe.answer_ms("d", lambda: False, seconds=0.05) == 50
        assert probe.private_mb() > 0
        assert probe.cpu_s() > 0
        pid = probe.process.pid
    assert not Path(f"/proc/{pid}").exists()


def test_a_program_that_ends_is_no_silence(probes, tmp_path):
    with probes.probing(["sh", "-c", "printf bye"], os.environ, tmp_path) as probe:
        with pytest.raises(TimeoutError, match="never"):
            probe.until_shown("never")
        assert "bye" in probe.screen.text


def test_the_lag_of_a_line_is_its_age_when_it_is_painted(probes, tmp_path):
    say = "import time\nwhile True: print('t%.6f' % (time.monotonic() - 100), flush=True); time.sleep(0.02)"
    with probes.probing([sys.executable, "-c", say], os.environ, tmp_path) as probe:
        probe.until_shown(r"t\d")
        watched = probe.watch(0.3, re.compile(r"\bt(\d+\.\d{6})"))
    assert watched.lags_ms
    assert min(watched.lags_ms) >= 100_000
    assert watched.bytes_per_s > 0


def test_a_slow_line_delivers_at_its_rate_and_takes_no_more_than_its_window(lines):
    line = lines.SlowLine(bits_per_s=8000, round_trip_s=0.5, window=2000)
    assert line.arrival(1000, now=10.0) == 11.25
    assert line.arrival(1000, now=10.0) == 12.25
    assert line.until_room(10.0) == 0
    line.arrival(500, now=10.0)
    assert line.until_room(10.0) == 0.5
    assert line.arrival(1000, now=60.0) == 61.25


def test_over_a_slow_line_an_answer_comes_after_a_round_trip(probes, lines, tmp_path):
    ask = "stty -echo raw; printf '\\033[5n'; head -c4 >/dev/null; printf answered"
    with probes.probing(["sh", "-c", ask], os.environ, tmp_path, lines.SlowLine(256_000, 0.2)) as probe:
        assert probe.until_shown("answered") - probe.started >= 0.3
