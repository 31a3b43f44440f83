"""`orp logs`: what a training printed, from wherever it lies."""

from __future__ import annotations

import os
import shutil

import pytest
from desk import Desk, Ended

from orp_tui.core.states import RunState


def test_stdout_or_stderr_or_the_last_lines(ended: Ended) -> None:
    assert ended.desk.call("logs", ended.good).out == "trained\n"
    assert ended.desk.call("logs", ended.good, "--stderr").out == "careful\n"
    assert ended.desk.call("logs", ended.good, "-n", "0").out == ""
    assert ended.desk.call("logs", "-n", "1", ended.failed, "--stderr").out.startswith("RuntimeError")


def test_a_member_of_a_zip_and_a_zip_alone(ended: Ended) -> None:
    packed = f"experiments/artifacts/{ended.good}_artifacts.zip"

    assert ended.desk.call("logs", f"{packed}::training_stderr.txt").out == "careful\n"
    assert ended.desk.call("logs", packed).out == "trained\n"
    assert ended.desk.call("logs", "-f", f"{packed}::training_stdout.txt").out == "trained\n"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("nope", "no such run"),
        ("nope.zip::x", "no such file"),
        ("experiments/artifacts/{good}_artifacts.zip::nope", "holds no member 'nope'"),
        ("./experiments", "is no run of"),
    ],
)
def test_what_is_not_there_is_one_clear_line(ended: Ended, reference: str, said: str) -> None:
    done = ended.desk.call("logs", reference.format(good=ended.good))

    assert done.code in (2, 3)
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_following_goes_from_before_the_start_to_the_end_of_the_run(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    run_id = desk.call("run", "--detach", desk.write("e.yaml", "echo one; sleep 0.3; printf two")).out.strip()
    follower = desk.spawn("logs", "-f", run_id)
    assert desk.state(run_id) is RunState.QUEUED

    desk.leader()

    assert follower.communicate(timeout=20)[0] == b"one\ntwo"
    assert follower.returncode == 0


def test_a_queued_run_has_printed_nothing_and_that_is_said(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    run_id = desk.call("run", "--detach", desk.write("e.yaml")).out.strip()

    done = desk.call("logs", run_id)

    assert done.code == 0
    assert done.out == ""
    assert "has not started yet" in done.err


def test_the_zip_answers_when_the_run_folder_is_gone(desk: Desk) -> None:
    done = desk.call("run", desk.write("e.yaml"), "--json")
    run_id = done.json["experiment_id"]
    shutil.rmtree(desk.run(run_id).folder)

    assert desk.call("logs", run_id).out == "trained\n"
    assert desk.call("logs", "-f", "e").out == "trained\n"


def test_piped_bytes_go_through_as_they_are(desk: Desk) -> None:
    data = b"\x1b]52;c;aGk=\x07\xff\x00\r\n" + b"x" * 3_000_000
    (desk.folder / "any.log").write_bytes(data)

    child = desk.spawn("logs", "any.log")

    assert child.communicate(timeout=20)[0] == data


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_what_is_no_regular_file_is_refused_and_never_blocks(desk: Desk, kind: str) -> None:
    path = desk.folder / "log"
    os.mkfifo(path) if kind == "fifo" else path.mkdir()

    done = desk.call("logs", "./log")

    assert done.code in (2, 3)
    assert "log" in done.err


def test_a_plain_file_is_followed_until_somebody_stops_it(desk: Desk) -> None:
    path = desk.folder / "any.log"
    path.write_bytes(b"1\n2\n3\n")
    child = desk.spawn("logs", "-f", "-n", "1", "any.log")
    assert child.stdout is not None
    assert child.stdout.readline() == b"3\n"

    with open(path, "ab") as file:
        file.write(b"4\n")

    assert child.stdout.readline() == b"4\n"
    child.send_signal(2)
    assert child.wait(10) == 130
    assert child.stderr is not None
    assert child.stderr.read().strip() == b""
