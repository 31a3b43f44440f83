"""Whoever writes the catalogue is killed anywhere, or is one of many: what it holds is what the folders say."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from catalog_writing import BATCH
from crowd import crowd
from many_runs import make_runs
from mounting import tmpfs

from orp_tui.core.filters.parse import parse
from orp_tui.core.past_run import PastRun
from orp_tui.services.catalog import Catalog, Query
from orp_tui.services.context import open_context
from orp_tui.store import database, runs

WRITER = str(Path(__file__).with_name("catalog_writing.py"))
COUNT = 40
EVERYTHING = Query(parse("is:archived | -is:archived"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("many") / "experiments"
    make_runs(base, COUNT)
    return base


@pytest.fixture(scope="module")
def wanted(made, tmp_path_factory):
    base = tmp_path_factory.mktemp("wanted") / "experiments"
    shutil.copytree(made, base)
    return listed(base)


def listed(base: Path, *, catch_up: bool = True) -> list[PastRun | None]:
    catalog = Catalog(open_context(start=base.parent, base_dir=str(base)))
    try:
        if catch_up:
            catalog.catch_up()
        return catalog.rows(catalog.find(EVERYTHING).numbers)
    finally:
        catalog.close()


def write(base: Path, failpoint: str = "", *wrap: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "ORP_FAILPOINT": failpoint}
    return subprocess.run(
        [*wrap, sys.executable, WRITER, str(base)], env=environ, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


def killed_and_finished(made: Path, base: Path, number: int, wanted: list[PastRun | None]) -> bool:
    """Whether there was such a point; afterwards everything is there once, and nothing was read twice."""
    shutil.copytree(made, base)
    done = write(base, f"catalog.*@{number}")
    assert done.returncode in (0, -9), done.stderr
    kept = [run for run in listed(base, catch_up=False) if run is not None] if done.returncode else wanted
    known = {run.id: run for run in wanted if run is not None}
    assert all(known[run.id] == run for run in kept if run is not None)
    again = write(base)
    assert again.returncode == 0, again.stderr
    assert listed(base) == wanted
    if done.returncode:
        assert int(again.stdout) == COUNT - len(kept)
    assert not (base / "state/catalog.db.aside").exists()
    return done.returncode != 0


def points() -> int:
    """A batch passes three points of its transaction, and one with each run."""
    return COUNT + 3 * COUNT // BATCH


def test_a_kill_at_a_sampled_point_loses_nothing_and_reads_nothing_twice(made, wanted, tmp_path):
    for number in random.sample(range(1, points()), 4):
        assert killed_and_finished(made, tmp_path / str(number), number, wanted)


@pytest.mark.sweep
def test_a_kill_at_every_point_loses_nothing_and_reads_nothing_twice(made, wanted, tmp_path):
    number = 1
    while killed_and_finished(made, tmp_path / str(number), number, wanted):
        number += 1
    assert number > points()


@pytest.mark.sweep
@pytest.mark.root
@pytest.mark.parametrize(
    "call", ["pwrite64", "fsync,fdatasync", "ftruncate", "unlink,unlinkat", "rename", "openat"]
)
def test_a_kill_at_every_system_call_of_a_kind_loses_nothing(made, wanted, tmp_path, call):
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    number, code, step = 1, -9, 7 if call in ("openat", "pwrite64") else 3
    while code:
        base = tmp_path / str(number)
        shutil.copytree(made, base)
        inject = f"inject={call}:signal=SIGKILL:when={number}"
        code = write(base, "", strace, "-f", "-o", os.devnull, "-e", f"trace={call}", "-e", inject).returncode
        assert write(base).returncode == 0
        assert listed(base) == wanted
        shutil.rmtree(base)
        number += step
    assert number > 1


WATCHES = """
from pathlib import Path
from orp_tui.services import catalog_catch_up
from orp_tui.services.catalog import Catalog, Query
from orp_tui.services.context import open_context
from orp_tui.core.filters.parse import parse
import time
catalog_catch_up.BATCH = 8
base = Path(sys.argv[2])
catalog = Catalog(open_context(start=base.parent, base_dir=str(base)))
ready()
last, end = 0, time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    done = catalog.catch_up()
    assert not done.problem, done.problem
    found = catalog.find(Query(parse("is:archived | -is:archived")))
    rows = catalog.rows(found.numbers)
    assert None not in rows
    assert len({run.id for run in rows}) == len(rows) >= last
    assert [run.submitted_at for run in rows] == sorted((run.submitted_at for run in rows), reverse=True)
    last = len(rows)
catalog.catch_up()
print(last)
"""

MOVES = """
import shutil, time
from pathlib import Path
from orp_tui.core.layout import BasePaths
from orp_tui.services.annotations import Tag, annotate
from orp_tui.services.context import open_context
from orp_tui.store import runs
base, source = Path(sys.argv[2]), Path(sys.argv[4])
context = open_context(start=base.parent, base_dir=str(base))
ready()
made, end = 0, time.monotonic() + float(sys.argv[3])
with context.store() as connection:
    while time.monotonic() < end:
        run_id = f"exp_20261124_09{int(sys.argv[1]):02d}00_{made:04d}"
        shutil.copytree(source, context.paths.run(run_id).folder)
        request = context.paths.run(run_id).request
        request.write_text(request.read_text().replace(source.name, run_id))
        runs.insert(connection, runs.NewRun(run_id, f"new {sys.argv[1]}", time.time(), "me@here"))
        run = runs.claim(connection, runs.get(connection, run_id), at=time.time())
        run = runs.move(connection, run, "start", at=time.time(), started_at=time.time())
        runs.move(connection, run, "succeed", at=time.time(), ended_at=time.time(), reason="ok")
        annotate(context, connection, [run_id], Tag(add=("late",)), by="me@here")
        made += 1
print(made)
"""


def test_runs_that_come_and_end_while_others_look_are_all_listed_as_they_ended(made, tmp_path):
    base = tmp_path / "experiments"
    shutil.copytree(made, base)
    source = next(path for path in sorted((base / "runs").iterdir()) if (path / "result.json").exists())
    script = f"if int(sys.argv[1]) < 2:\n{_indented(WATCHES)}\nelse:\n{_indented(MOVES)}"
    said = crowd(script, 4, str(base), "2.0", str(source))
    new = sum(map(int, said[2:]))
    assert new > 4
    found = [run for run in listed(base) if run is not None]
    assert len(found) == COUNT + new
    late = [run for run in found if run.name.startswith("new ")]
    assert len(late) == new
    assert {(run.state.value, run.tags[-1:], run.problem) for run in late} <= {
        ("succeeded", ("late",), ""),
    }
    with database.opened(base / "state/orp.db") as connection:
        assert sorted(run.id for run in found) == sorted(run.id for run in runs.newest(connection, -1))


def _indented(script: str) -> str:
    return "\n".join(f"    {line}" for line in script.splitlines())


def test_of_many_that_begin_at_once_one_makes_the_catalogue_and_all_can_ask(made, tmp_path):
    base = tmp_path / "experiments"
    shutil.copytree(made, base)
    said = crowd(WATCHES, 4, str(base), "0.5")
    assert list(map(int, said)) == [COUNT] * 4
    assert not (base / "state/catalog.db.aside").exists()


@pytest.mark.root
def test_on_a_full_disk_runs_are_listed_all_the_same(made, wanted, tmp_path):
    with tmpfs(tmp_path / "small", "24M") as small:
        base = small / "experiments"
        shutil.copytree(made, base)
        filler = small / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        assert [run and run.id for run in listed(base)] == [run and run.id for run in wanted]
        filler.unlink()
        assert [run and run.id for run in listed(base)] == [run and run.id for run in wanted]
        assert (base / "state/catalog.db").stat().st_size > 0


def test_orp_db_can_be_written_while_a_slow_catalogue_is_made(made, tmp_path):
    base = tmp_path / "experiments"
    shutil.copytree(made, base)
    environ = {**os.environ, "ORP_FAILPOINT": "catalog.entry@3:sleep=3"}
    slow = subprocess.Popen(
        [sys.executable, WRITER, str(base)], env=environ, stdout=subprocess.PIPE, text=True
    )
    try:
        with database.opened(base / "state/orp.db") as connection:
            longest, end = 0.0, time.monotonic() + 3.0
            while time.monotonic() < end and slow.poll() is None:
                begin = time.monotonic()
                run_id = runs.newest(connection, 1)[0].id
                with database.transaction(connection):
                    runs.touch(connection, run_id, at=1.0, actor="me@here", kind=None, detail=None)
                longest = max(longest, time.monotonic() - begin)
                time.sleep(0.01)
        assert longest < 2.0  # it would be three seconds if it were held
        assert slow.wait(30) == 0
    finally:
        slow.kill()
        slow.communicate()


def test_the_document_of_every_run_is_what_its_folder_says(made, wanted):
    for run in wanted:
        assert run is not None
        request = json.loads((made / "runs" / run.id / "request.json").read_text())
        assert (run.config["lr"], run.seed) == (request["config"]["lr"], request["seed"])
