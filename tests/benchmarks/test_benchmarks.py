"""The form of the benchmark command's output; never its times, which are the machine's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def benchmarks(*words: str, temporary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", *words],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_row_says_what_was_measured_against_what_and_leaves_nothing_behind(tmp_path):
    done = benchmarks("startup", "--quick", "--json", temporary=tmp_path)

    assert done.returncode in (0, 1), done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [row["what"] for row in rows] == ["orp --help", "orp status, 1,000 runs"]
    assert [row["budget"] for row in rows] == ["≤ 5×", "≤ 8×"]
    for row in rows:
        assert row["benchmark"] == "startup"
        assert row["anchor"]["what"] == "python -c pass"
        assert row["measured"]["n"] == row["anchor"]["n"] == 5
        assert row["ratio"] == row["measured"]["median"] / row["anchor"]["median"]
        assert row["verdict"] == ("ok" if row["ratio"] <= float(row["budget"][2:-1]) else "over")
    assert done.returncode == any(row["verdict"] == "over" for row in rows)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_none_is_answered_with_those_that_are(tmp_path):
    done = benchmarks("start", temporary=tmp_path)

    assert done.returncode == 2
    assert (
        "startup, latency, run, queue, submit, memory, idle, zip, chart, metrics, dashboard, browse, runs, logs, slow_link"
        in done.stderr
    )
