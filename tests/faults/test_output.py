"""Every byte of stdout and stderr, in the run folder and in the zip, whatever is killed (O1, O2, O10)."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from invariants import check_invariants
from project import Project, alive
from waiting import until

from orp_tui.core.states import RunState
from orp_tui.engine.launch import orp_command

STREAM = """
import hashlib, os, sys, time
for number in range({blocks}):
    for stream in (1, 2):
        block = hashlib.shake_256(b"%d-%d" % (stream, number)).digest(4099)
        while block:
            block = block[os.write(stream, block):]
    time.sleep(0.002)
    while number == {half} and not os.path.exists({go!r}):
        time.sleep(0.02)
"""
BLOCKS = 400


def stream(project: Project) -> list[str]:
    """A training that writes bytes known beforehand, and stops half-way until `go`."""
    text = STREAM.format(blocks=BLOCKS, half=BLOCKS // 2, go=str(project.root / "go"))
    return [sys.executable, "-I", "-S", "-c", text]


def expected(number: int) -> str:
    digest = hashlib.sha256()
    for block in range(BLOCKS):
        digest.update(hashlib.shake_256(b"%d-%d" % (number, block)).digest(4099))
    return digest.hexdigest()


def check_bytes(project: Project, run_id: str) -> None:
    folder = project.run(run_id)
    with zipfile.ZipFile(project.paths.artifact(run_id)) as archive:
        for number, path in ((1, folder.stdout), (2, folder.stderr)):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == expected(number), path
            assert hashlib.sha256(archive.read(path.name)).hexdigest() == expected(number), path


@pytest.mark.parametrize("victims", ["leader", "supervisor", "leader and supervisor"])
def test_no_byte_is_lost_when_orp_is_killed(project, victims):
    run_id = project.submit(stream(project))
    leader = project.leader()
    half = (BLOCKS // 2 + 1) * 4099
    until(lambda: project.run(run_id).stderr.exists() and project.run(run_id).stderr.stat().st_size == half)
    until(project.run(run_id).started(1).exists)
    if "leader" in victims:
        leader.kill()
        leader.wait()
    if "supervisor" in victims:
        project.kill_supervisor(run_id)

    project.go()
    if "leader" in victims:
        project.settle()
    else:
        assert leader.wait(40) == 0

    check_bytes(project, run_id)
    check_invariants(project.paths, project.side, accepted=project.accepted)


@pytest.mark.parametrize(
    "point",
    [
        "bundle.member@2",
        "fin.packed",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("fin.begin", "bundle.written", "bundle.renamed")
        ),
    ],
)
def test_no_byte_is_lost_when_the_finaliser_is_killed(project, point):
    run_id = project.submit(stream(project))
    log = project.root / "points.log"
    project.go()
    leader = project.leader(failpoint=point, log=log)
    until(
        lambda: (
            log.exists()
            and log.read_text().count(point.split("@")[0]) >= int(point[-1] if "@" in point else 1)
        )
    )
    leader.terminate()
    leader.wait()

    project.settle()

    check_bytes(project, run_id)
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_what_the_training_wrote_before_it_was_killed_is_kept(project):
    run_id, leader = project.running("printf 'half a li'; printf 'n\\000\\377' >&2; sleep 60")
    until(lambda: project.run(run_id).stderr.stat().st_size == 3)
    os.kill(project.training(run_id), signal.SIGKILL)
    assert leader.wait(30) == 0

    with zipfile.ZipFile(project.paths.artifact(run_id)) as archive:
        assert archive.read("training_stdout.txt") == b"half a li"
        assert archive.read("training_stderr.txt") == b"n\0\xff"
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_binary_garbage_is_kept_and_every_record_stays_readable(project):
    garbage = bytes(range(256)) * 300 + b"\xf0\x9f\x98"
    (project.root / "garbage").write_bytes(garbage)
    run_id = project.submit(f"cat {project.root}/garbage; cat {project.root}/garbage >&2; exit 9")
    project.settle()

    assert project.run(run_id).stdout.read_bytes() == garbage
    assert project.run(run_id).stderr.read_bytes() == garbage
    row = project.row(run_id)
    assert (row.state, row.exit_code) == (RunState.FAILED, 9)
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_training_that_closes_its_outputs_succeeds(project):
    run_id = project.submit("echo before; exec >&- 2>&-; sleep 0.2")
    project.settle()
    assert project.run(run_id).stdout.read_text() == "before\n"
    assert project.state(run_id) is RunState.SUCCEEDED
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_what_a_child_writes_after_the_main_process_ended_is_in_the_zip(project):
    run_id = project.submit("(sleep 0.5; echo late) & echo early; exit 3", stop={"grace": "5s"})
    # A failed command's children are asked to end at once; this one is deaf to that.
    deaf = "(trap '' TERM; : >deaf; sleep 0.3; echo late) & until [ -e deaf ]; do sleep 0.01; done"
    second = project.submit(f"{deaf}; echo early; exit 3", stop={"grace": "5s"})
    project.settle()
    assert project.run(run_id).stdout.read_text() == "early\n"
    assert project.run(second).stdout.read_text() == "early\nlate\n"
    with zipfile.ZipFile(project.paths.artifact(second)) as archive:
        assert archive.read("training_stdout.txt") == b"early\nlate\n"
    check_invariants(project.paths, project.side, accepted=project.accepted)


class Peak:
    """The most memory that a process held at once, watched from outside until it ends."""

    def __init__(self, pid: int) -> None:
        self.pid, self.kib = pid, 0
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self) -> None:
        while alive(self.pid):
            try:
                text = Path(f"/proc/{self.pid}/status").read_text()
            except OSError:
                return
            if "RssAnon:" in text:  # what files are mapped does not count: it can be given back
                self.kib = max(self.kib, int(text.split("RssAnon:")[1].split()[0]))
            time.sleep(0.002)

    def mib(self) -> float:
        self.thread.join()
        assert self.kib > 1000, "the process was never seen"
        return self.kib / 1024


@pytest.mark.slow
def test_a_gigabyte_without_a_line_end_takes_little_memory_to_pack_and_to_read(project):
    run_id = project.submit("truncate -s 1G /dev/stdout")
    leader = project.leader(failpoint="sup.exec.before:sleep=0.3")
    packing = Peak(project.supervisor(run_id))
    assert leader.wait(200) == 0
    assert project.run(run_id).stdout.stat().st_size == 1 << 30
    assert packing.mib() < 80

    reading = subprocess.Popen(
        [*orp_command(), "logs", run_id, "--base-dir", str(project.paths.base)], stdout=subprocess.PIPE
    )
    project.children.append(reading)
    peak = Peak(reading.pid)
    shown = len(reading.stdout.read())
    assert reading.wait(120) == 0
    assert peak.mib() < 100
    assert shown > 0
    check_invariants(project.paths, project.side, accepted=project.accepted)
