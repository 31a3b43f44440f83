"""Whoever writes the cache of metrics is killed anywhere: what is there is whole, and the rest is written later."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cache_writing import END
from cached import OWN, expected, news, points, rows
from mounting import tmpfs

from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.cache.writer import CacheNotWritten, CacheWriter

WRITER = str(Path(__file__).with_name("cache_writing.py"))
CALLS = ("pwrite64", "fsync,fdatasync", "ftruncate", "unlink,unlinkat", "rename", "openat")


def write(path, *wrap, failpoint=""):
    """What the writer was sure of when it ended, and how it ended."""
    environ = {**os.environ, "ORP_FAILPOINT": failpoint}
    done = subprocess.run(
        [*wrap, sys.executable, WRITER, str(path)], env=environ, capture_output=True, text=True, timeout=60
    )
    sure = [int(line) for line in done.stdout.split()]
    return (sure[-1] if sure else 0), done.returncode, done.stderr


def assert_whole(path, sure):
    """Points and mark belong together, and nothing is lost of which the writer was sure."""
    found = MetricCache(path).run("a")
    if found is None:
        assert sure == 0
        return
    at = found.marks[OWN.key]["at"]
    assert at >= sure
    (source,) = found.sources
    assert rows(source.series["loss"]) == expected(at)
    assert all(rows(source.series[name]) == expected(3) for name in source.series if name != "loss")


def assert_survives(path, killed):
    sure, code, said = killed
    assert code in (-9, 137, 0), said
    assert_whole(path, sure)
    assert write(path)[1] == 0
    assert_whole(path, END)
    assert not path.with_name("metrics.db.aside").exists()


def test_a_kill_at_a_sampled_point_of_a_write_leaves_all_or_nothing(tmp_path):
    for number in random.sample(range(1, 25), 4):
        path = tmp_path / str(number) / "metrics.db"
        assert_survives(path, write(path, failpoint=f"cache.*@{number}"))


@pytest.mark.sweep
def test_a_kill_at_every_point_of_a_write_leaves_all_or_nothing(tmp_path):
    number, code = 0, -9
    while code:
        number += 1
        path = tmp_path / str(number) / "metrics.db"
        killed = write(path, failpoint=f"cache.*@{number}")
        code = killed[1]
        assert_survives(path, killed)
    assert number > 20


@pytest.mark.sweep
@pytest.mark.root
@pytest.mark.parametrize("call", CALLS)
def test_a_kill_at_every_system_call_of_a_kind_leaves_all_or_nothing(tmp_path, call):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    counted = write(tmp_path / "all" / "metrics.db", strace, "-f", "-o", str(trace), "-e", f"trace={call}")
    if counted[1]:
        pytest.skip(f"strace may not trace here: {counted[2]}")
    lines = trace.read_text().splitlines()
    ours = [number for number, line in enumerate(lines, 1) if "metrics.db" in line or "openat" not in call]
    for number in random.sample(ours, min(len(ours), 25)):
        path = tmp_path / str(number) / "metrics.db"
        inject = f"inject={call}:signal=KILL:when={number}"
        assert_survives(
            path, write(path, strace, "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject)
        )
    assert ours or not re.match("pwrite|fsync", call)


@pytest.mark.root
def test_on_a_full_disk_nothing_is_lost_that_was_kept_and_more_is_kept_when_there_is_room(tmp_path):
    with tmpfs(tmp_path / "disk", "512k") as folder:
        ballast = folder / "ballast"
        ballast.write_bytes(b"x" * 200_000)
        path, at = folder / "metrics.db", 0
        writer = CacheWriter(path)
        said = ""
        while not said and at < 100_000:
            try:
                writer.write([news("a", {"loss": points(at, at + 900)}, at + 900)])
                at += 900
            except CacheNotWritten as error:
                said = str(error)
        assert "full" in said
        assert_whole(path, at)
        assert MetricCache(path).marks("a")[OWN.key]["at"] == at
        ballast.unlink()
        writer.write([news("a", {"loss": points(at, at + 900)}, at + 900)])
        writer.close()
        assert_whole(path, at + 900)
