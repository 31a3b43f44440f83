"""Deleting the database loses order and settings, not runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from crowd import crowd, lines, run_python
from invariants import check_invariants
from project import projects
from run_folders import cancelled, claimed, ended, exited, fenced, run_id, started, submitted
from waiting import until

from orp_tui.core.errors import LeaderError, Stopped, StoreError
from orp_tui.core.layout import BasePaths
from orp_tui.core.states import RunState
from orp_tui.engine.launch import orp_command
from orp_tui.files import locks
from orp_tui.services import rebuild as rebuilding
from orp_tui.services.rebuild import PAUSED, make_missing, needs_rebuild, rebuild
from orp_tui.services.rebuild_runs import Watch
from orp_tui.store import database, events, runs, settings
from orp_tui.store import spool as spooling
from orp_tui.store.backup import back_up, backup_path


@pytest.fixture
def paths(tmp_path):
    return BasePaths.under(tmp_path / "experiments")


@pytest.fixture
def project(tmp_path):
    with projects(tmp_path) as make:
        yield make()


def rows(paths):
    """Every row, in the order of submission."""
    with database.opened(paths.database, create=False) as connection:
        return sorted(runs.newest(connection, -1), key=lambda run: run.seq)


def states(paths):
    return {run.name: (run.state.value, run.attempt) for run in rows(paths)}


def setting(paths, key):
    with database.opened(paths.database, create=False) as connection:
        return settings.read(connection, key)


def kept_files(paths):
    return sorted(name for name in os.listdir(paths.state) if ".damaged-" in name)


def test_each_run_comes_back_as_its_folder_tells(paths):
    submitted(paths, "wait")
    cancelled(submitted(paths, "gone"))
    fenced(submitted(paths, "again"))
    folder = submitted(paths, "fence")
    fenced(folder)
    cancelled(folder)
    claimed(submitted(paths, "claim"))
    folder = submitted(paths, "second")
    fenced(folder)
    claimed(folder, 2)
    started(folder, 2)
    folder = submitted(paths, "done")
    claimed(folder)
    started(folder)
    exited(folder)
    ended(submitted(paths, "good"))
    ended(submitted(paths, "bad"), code=3)

    rebuild(paths)

    assert states(paths) == {
        "wait": ("queued", 0),
        "gone": ("cancelled", 0),
        "again": ("queued", 1),
        "fence": ("cancelled", 1),
        "claim": ("starting", 1),
        "second": ("running", 2),
        "done": ("finishing", 1),
        "good": ("incomplete", 1),  # its checklist could not be made
        "bad": ("failed", 1),
    }


def test_a_row_holds_what_request_result_and_cancel_say(paths):
    folder = submitted(paths, "bad", submitted_at=7.5, priority=3, workspace="shared", retry_of="exp_x")
    ended(folder, code=3)
    cancelled(folder)

    rebuild(paths)

    (run,) = rows(paths)
    assert (run.submitted_at, run.priority, run.workspace, run.project, run.retry_of) == (
        7.5,
        3,
        "shared",
        "/p",
        "exp_x",
    )
    assert (run.started_at, run.ended_at, run.exit_code, run.reason) == (3.0, 4.0, 3, "exit_code")
    assert (run.detail, run.artifacts) == ("exit code 3", "pending: needs 3.1 GB, 0.4 free")
    assert (run.cancel_requested_at, run.cancel_by) == (5.0, "you@there")
    with database.opened(paths.database) as connection:
        assert [event.kind for event in events.of_run(connection, run.id)] == ["rebuilt"]
        assert connection.execute("SELECT config_sha256 FROM run").fetchone()[0] == "hash of bad"


def test_a_run_cancelled_before_its_start_has_its_reason(paths):
    cancelled(submitted(paths, "gone"))

    rebuild(paths)

    (run,) = rows(paths)
    assert (run.reason, run.ended_at, run.detail) == (
        "cancelled",
        5.0,
        "cancelled by you@there before it started",
    )


def test_a_supervisor_that_is_about_to_claim_is_not_started_a_second_time(paths):
    folder = submitted(paths, "spawn")
    lock = locks.take(folder.supervisor_lock)
    try:
        rebuild(paths)
    finally:
        os.close(lock)

    assert states(paths) == {"spawn": ("starting", 1)}


def test_a_result_counts_when_its_finaliser_has_let_go(paths):
    folder = submitted(paths, "packs")
    ended(folder)
    lock = locks.take(folder.supervisor_lock)
    try:
        rebuild(paths)
    finally:
        os.close(lock)

    assert states(paths) == {"packs": ("finishing", 1)}


def test_a_damaged_result_is_an_end_all_the_same(paths):
    folder = submitted(paths, "torn")
    ended(folder, code=3)
    folder.result.write_text('{"schema": 1, "attempt": 1, "status": "failed"}')

    rebuild(paths)

    (run,) = rows(paths)
    assert run.state is RunState.FAILED
    assert "result.json is damaged" in run.detail


def test_the_order_is_that_of_the_submissions(paths):
    for name, at in [("aaaa", 3.0), ("bbbb", 1.0), ("cccc", 2.0), ("dddd", 1.0)]:
        submitted(paths, name, submitted_at=at)

    rebuild(paths)

    assert [run.name for run in rows(paths)] == ["bbbb", "dddd", "cccc", "aaaa"]


def test_a_key_still_gives_the_first_run(paths):
    submitted(paths, "keyed", key="nightly")

    rebuild(paths)

    with database.opened(paths.database) as connection:
        again = runs.NewRun(run_id("other"), "other", 9.0, "me@here", idempotency_key="nightly")
        assert runs.insert(connection, again) == run_id("keyed")


def test_of_two_folders_with_one_key_the_one_that_ran_is_the_run(paths):
    submitted(paths, "loser", key="nightly", submitted_at=1.0)
    ended(submitted(paths, "winner", key="nightly", submitted_at=2.0))

    done = rebuild(paths)

    assert [run.name for run in rows(paths)] == ["winner"]
    assert "never queued" in done.skipped[run_id("loser")]


def test_the_damaged_file_is_kept_with_its_journals(paths):
    submitted(paths, "wait")
    paths.state.mkdir(parents=True, mode=0o700)
    for end, content in [("", b"rubbish" * 1000), ("-wal", b"the log"), ("-journal", b"the journal")]:
        paths.database.with_name(f"orp.db{end}").write_bytes(content)

    done = rebuild(paths)

    assert done.new
    assert done.kept is not None
    assert done.kept.read_bytes() == b"rubbish" * 1000
    assert done.kept.with_name(done.kept.name + "-wal").read_bytes() == b"the log"
    assert done.kept.with_name(done.kept.name + "-journal").read_bytes() == b"the journal"
    assert states(paths) == {"wait": ("queued", 0)}


@pytest.mark.parametrize(("left", "kept"), [("", False), ("-journal", False), ("-wal", True)])
def test_a_database_that_was_deleted_leaves_only_what_says_something(paths, left, kept):
    submitted(paths, "wait")
    paths.state.mkdir(parents=True, mode=0o700)
    if left:
        paths.database.with_name(f"orp.db{left}").write_bytes(b"the log" if kept else b"")

    done = rebuild(paths)

    assert (done.kept is not None) == kept
    assert done.kept is None or done.kept.read_bytes() == b"the log"
    assert any("kept as" in line for line in done.words()) == kept


def test_a_second_rebuild_changes_nothing(paths):
    submitted(paths, "wait")
    ended(submitted(paths, "done"))
    paths.state.mkdir(parents=True, mode=0o700)
    paths.database.write_bytes(b"rubbish" * 1000)
    rebuild(paths)
    before, kept = rows(paths), kept_files(paths)

    done = rebuild(paths)

    assert not done.new
    assert done.counts == {}
    assert rows(paths) == before
    assert kept_files(paths) == kept
    assert len(kept) == 1


def test_a_sound_database_only_gets_what_it_lacks(paths):
    submitted(paths, "known")
    rebuild(paths)
    with database.opened(paths.database) as connection:
        (run,) = runs.unfinished(connection)
        runs.note(connection, run, held=True)
        settings.write(connection, "slots", "7")
        settings.write(connection, "paused", None)
    ended(submitted(paths, "old"))

    done = rebuild(paths)

    assert (done.new, done.counts, done.paused) == (False, {RunState.INCOMPLETE: 1}, False)
    assert {run.name: run.held for run in rows(paths)} == {"known": True, "old": False}
    assert setting(paths, "slots") == "7"
    assert setting(paths, "paused") is None


@pytest.mark.parametrize(
    ("make", "paused"),
    [
        (lambda folder: None, PAUSED),
        (claimed, PAUSED),
        (ended, None),
        (cancelled, None),
    ],
)
def test_the_queue_is_paused_if_anything_might_start(paths, make, paused):
    make(submitted(paths, "one"))

    done = rebuild(paths)

    assert setting(paths, "paused") == paused
    assert any("orp queue resume" in line for line in done.words()) == (paused is not None)


def broken_folders(paths, tmp_path):
    """Folders that nobody can make a run of, and what is said of each."""
    broken = {
        name: submitted(paths, name)
        for name in ("half", "empty", "copy", "deep", "fifo", "kind", "surr", "list")
    }
    broken["half"].request.write_text('{"id": ')
    broken["empty"].request.write_text("")
    broken["copy"].request.write_bytes(broken["kind"].request.read_bytes())
    broken["deep"].request.write_text("[" * 100_000)
    broken["fifo"].request.unlink()
    os.mkfifo(broken["fifo"].request)
    text = broken["kind"].request.read_text()
    broken["kind"].request.write_text(text.replace('"submitted_at": 1.0', '"submitted_at": "now"'))
    broken["list"].request.write_text("[1, 2]")
    text = broken["surr"].request.read_text()
    broken["surr"].request.write_text(text.replace('"name": "surr"', '"name": "a\\ud800"'))
    (paths.runs / run_id("bare")).mkdir()
    (paths.runs / run_id("link")).symlink_to(tmp_path)
    (paths.runs / run_id("file")).write_text("")
    (paths.runs / "notes").mkdir()
    (paths.runs / ".new-exp_x").mkdir()
    return {*map(run_id, [*broken, "bare", "link", "file"]), "notes"}


def test_folders_that_can_not_be_read_are_listed_and_skipped(paths, tmp_path):
    wrong = broken_folders(paths, tmp_path)
    submitted(paths, "fine")

    done = rebuild(paths)

    assert [run.name for run in rows(paths)] == ["fine"]
    assert set(done.skipped) == wrong
    assert run_id("kind") in done.skipped[run_id("copy")]
    assert all("\n" not in why for why in done.skipped.values())


def test_what_was_decided_after_the_submission_is_taken_from_the_daily_copy(paths):
    for name in ("held", "high", "gone", "done"):
        submitted(paths, name)
    rebuild(paths)
    with database.opened(paths.database) as connection:
        known = {run.name: run for run in runs.unfinished(connection)}
        runs.note(connection, known["held"], held=True)
        runs.note(connection, known["high"], priority=10)
        runs.request_cancel(connection, run_id("gone"), at=9.0, by="me@here")
        settings.write(connection, "slots", "7")
        settings.write(connection, "paused", "lunch")
        assert back_up(connection, paths.database, now=time.time())
    ended(paths.run(run_id("done")))
    submitted(paths, "new")
    paths.database.unlink()

    done = rebuild(paths)

    assert {run.name: (run.state.value, run.held, run.priority) for run in rows(paths)} == {
        "held": ("queued", True, 0),
        "high": ("queued", False, 10),
        "gone": ("cancelled", False, 0),
        "done": ("incomplete", False, 0),
        "new": ("queued", False, 0),
    }
    assert setting(paths, "slots") == "7"
    assert setting(paths, "paused") == PAUSED
    assert any("when the last copy was made" in line for line in done.words())


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000])
def test_a_copy_that_can_not_be_read_is_left_out(paths, content):
    submitted(paths, "wait")
    paths.state.mkdir(parents=True, mode=0o700)
    backup_path(paths.database).write_bytes(content)

    assert rebuild(paths).copy is None
    assert states(paths) == {"wait": ("queued", 0)}
    assert backup_path(paths.database).read_bytes() == content


def test_nothing_is_touched_while_a_queue_processor_leads(paths):
    submitted(paths, "wait")
    paths.state.mkdir(parents=True, mode=0o700)
    paths.database.write_bytes(b"rubbish" * 1000)
    lead = locks.take(paths.leader_lock)
    try:
        with pytest.raises(LeaderError, match="orp queue stop"):
            rebuild(paths)
    finally:
        os.close(lead)

    assert paths.database.read_bytes() == b"rubbish" * 1000


def test_a_newer_database_is_neither_rebuilt_nor_moved(paths):
    submitted(paths, "wait")
    rebuild(paths)
    with database.opened(paths.database) as connection:
        connection.execute("PRAGMA user_version = 999")

    with pytest.raises(StoreError, match="newer ORP"):
        rebuild(paths)

    assert kept_files(paths) == []


def test_nothing_is_made_where_nothing_was_run(paths):
    assert make_missing(paths) is None
    paths.runs.mkdir(parents=True)
    (paths.runs / ".new-exp_20261124_093000_aaaa").mkdir()
    assert make_missing(paths) is None
    assert not paths.database.exists()


@pytest.mark.parametrize("emptied", [False, True])
def test_a_database_that_is_gone_or_empty_is_made_again(paths, emptied):
    submitted(paths, "wait")
    if emptied:
        paths.state.mkdir(parents=True, mode=0o700)
        paths.database.touch()
    assert needs_rebuild(paths)

    done = make_missing(paths)

    assert done is not None
    assert states(paths) == {"wait": ("queued", 0)}
    assert make_missing(paths) is None


def test_a_run_that_may_be_alive_on_another_machine_needs_a_persons_word(paths):
    folder = submitted(paths, "away")
    claimed(folder, host="elsewhere")
    started(folder)

    with pytest.raises(StoreError, match="may be alive on elsewhere"):
        make_missing(paths)
    assert not paths.database.exists()

    rebuild(paths)

    assert states(paths) == {"away": ("running", 1)}


def test_a_client_waits_for_a_leader_that_still_has_the_old_file_and_then_says_so(paths, monkeypatch):
    submitted(paths, "wait")
    paths.state.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(rebuilding, "WAIT_S", 0.2)
    lead = locks.take(paths.leader_lock)
    try:
        with pytest.raises(StoreError, match="was deleted while the queue processor"):
            make_missing(paths)
        assert make_missing(paths, leading=True) is not None, "the leader itself need not wait"
    finally:
        os.close(lead)


CLIENT = """
from pathlib import Path
from orp_tui.core.layout import BasePaths
from orp_tui.services.rebuild import make_missing
from orp_tui.store import database, runs
paths = BasePaths.under(Path(sys.argv[2]))
ready()
done = make_missing(paths)
with database.opened(paths.database, create=False) as connection:
    print("made" if done else "found", len(runs.newest(connection, -1)))
"""


def test_of_many_clients_at_once_one_makes_it_and_all_see_all(paths):
    for number in range(30):
        submitted(paths, f"r{number:03}")

    said = lines(crowd(CLIENT, 6, str(paths.base)))

    assert sorted(said) == ["found 30"] * 5 + ["made 30"]
    assert not [name for name in os.listdir(paths.state) if "making" in name]


REBUILD = """
import sys
from pathlib import Path
from orp_tui.core.layout import BasePaths
from orp_tui.services.rebuild import rebuild
print(rebuild(BasePaths.under(Path(sys.argv[1]))).counts)
"""


@pytest.mark.parametrize("hit", range(1, 10))
def test_a_rebuild_that_is_killed_anywhere_is_made_good_by_the_next(paths, hit):
    submitted(paths, "wait", submitted_at=1.0)
    ended(submitted(paths, "done", submitted_at=2.0))
    paths.state.mkdir(parents=True, mode=0o700)
    paths.database.write_bytes(b"rubbish" * 1000)

    first = run_python(REBUILD, str(paths.base), ORP_FAILPOINT=f"rebuild.*@{hit}")
    assert first.returncode in (0, -signal.SIGKILL)
    assert (hit <= 8) == (first.returncode != 0), "every place is hit once"
    second = run_python(REBUILD, str(paths.base))

    assert second.returncode == 0, second.stderr
    assert [run.name for run in rows(paths)] == ["wait", "done"]
    assert setting(paths, "paused") == PAUSED
    (kept,) = [name for name in kept_files(paths) if not name.endswith(("-journal", "-wal", "-shm"))]
    assert (paths.state / kept).read_bytes() == b"rubbish" * 1000
    assert not [name for name in os.listdir(paths.state) if "making" in name]


def test_a_rebuild_that_is_stopped_leaves_everything_as_it_was(paths):
    for number in range(250):
        submitted(paths, f"{number:04}")
    paths.state.mkdir(parents=True, mode=0o700)
    paths.database.write_bytes(b"rubbish" * 1000)
    seen = []

    with pytest.raises(Stopped):
        rebuild(paths, Watch(lambda done, total: seen.append((done, total)), lambda: len(seen) > 2))

    assert seen == [(0, 250), (100, 250), (200, 250)]
    assert paths.database.read_bytes() == b"rubbish" * 1000
    assert kept_files(paths) == []
    assert not [name for name in os.listdir(paths.state) if "making" in name]
    assert rebuild(paths).counts == {RunState.QUEUED: 250}


def test_a_rebuild_is_stopped_while_the_rows_are_written_too(paths):
    for number in range(20):
        submitted(paths, f"{number:04}")
    calls = []

    def after_the_reading():
        calls.append(1)
        return len(calls) > 2

    before, spooling._BETWEEN_ASKING = spooling._BETWEEN_ASKING, 10
    try:
        with pytest.raises(Stopped):
            rebuild(paths, Watch(cancelled=after_the_reading))
    finally:
        spooling._BETWEEN_ASKING = before

    assert not paths.database.exists()
    assert rebuild(paths).counts == {RunState.QUEUED: 20}


def test_an_old_database_is_put_back_where_the_new_one_can_not_take_its_place(paths):
    submitted(paths, "wait")
    paths.state.mkdir(parents=True, mode=0o700)
    paths.database.write_bytes(b"rubbish" * 1000)
    paths.database.with_name("orp.db-wal").write_bytes(b"the log")

    done = run_python(REBUILD, str(paths.base), ORP_FAILPOINT="rebuild.filled:eio")

    assert done.returncode == 1
    assert "Input/output error" in done.stderr
    assert paths.database.read_bytes() == b"rubbish" * 1000
    assert paths.database.with_name("orp.db-wal").read_bytes() == b"the log"
    assert kept_files(paths) == []


def test_a_run_whose_folder_comes_while_the_others_are_read_is_put_back_too(paths):
    submitted(paths, "one", submitted_at=1.0)
    paths.state.mkdir(parents=True, mode=0o700)
    paths.database.write_bytes(b"rubbish" * 1000)

    def somebody_submits(done, total):
        if done == total and not paths.run(run_id("two")).folder.exists():
            submitted(paths, "two", submitted_at=2.0)

    done = rebuild(paths, Watch(somebody_submits))

    assert [run.name for run in rows(paths)] == ["one", "two"]
    assert done.counts == {RunState.QUEUED: 2}


def test_a_folder_with_a_result_and_no_attempt_has_ended(paths):
    """As one has that came in a zip."""
    folder = submitted(paths, "zip")
    ended(folder, code=3)
    folder.attempt(1).unlink()
    folder.exit(1).unlink()

    rebuild(paths)

    assert states(paths) == {"zip": ("failed", 1)}


def test_a_result_that_holds_no_number_is_read_all_the_same(paths):
    folder = submitted(paths, "nan")
    ended(folder, code=3)
    text = folder.result.read_text()
    folder.result.write_text(text.replace('"metrics": {}', '"metrics": {"loss": NaN}'))
    assert "NaN" in folder.result.read_text()

    rebuild(paths)

    assert states(paths) == {"nan": ("failed", 1)}


def test_a_sound_database_has_no_folder_read_that_it_knows(paths):
    submitted(paths, "known")
    rebuild(paths)
    paths.run(run_id("known")).request.write_text("rubbish")
    totals = []

    done = rebuild(paths, Watch(lambda done, total: totals.append(total)))

    assert done.skipped == {}
    assert totals == []


def orp(project, *words):
    return subprocess.run(
        [*orp_command(), *words, "--base-dir", str(project.paths.base)],
        capture_output=True, text=True, timeout=60, check=False, cwd=project.folder,
    )  # fmt: skip


def test_a_run_survives_the_deletion_of_the_database_beneath_its_leader(project):
    flag = project.root / "flag"
    running = project.submit(f"while [ ! -e {flag} ]; do sleep 0.05; done")
    waiting = project.submit()
    leader = project.leader(slots=1, idle_exit=None)
    project.training(running)
    project.await_state(running, RunState.RUNNING)

    for end in ("", "-journal", "-wal", "-shm"):
        project.paths.database.with_name(f"orp.db{end}").unlink(missing_ok=True)

    assert leader.wait(20) == 3
    assert "was deleted while it was in use" in project.paths.leader_log.read_text()
    assert not project.ended(running), "the run goes on"
    seen = orp(project, "status")
    assert "2 runs put back" in seen.stderr
    assert "orp queue resume" in seen.stderr
    assert f"{running}  fault-1  > running" in seen.stdout.replace("●", ">")
    flag.touch()
    until(lambda: project.ended(running))
    second = project.leader(slots=1, idle_exit=None)
    project.await_state(running, RunState.SUCCEEDED)
    assert project.state(waiting) is RunState.QUEUED, "paused"
    assert orp(project, "queue", "resume").returncode == 0
    project.await_state(waiting, RunState.SUCCEEDED)
    second.terminate()
    assert second.wait(20) == 0
    check_invariants(project.paths, project.side, accepted=project.accepted)


def test_a_leader_that_finds_no_database_makes_it_and_says_so(project):
    run_id = project.submit()
    project.paths.database.unlink()

    leader = project.leader(idle_exit=None)

    until(lambda: project.paths.database.exists() and project.row(run_id))
    until(lambda: "1 run put back" in project.paths.leader_log.read_text())
    assert orp(project, "queue", "resume").returncode == 0
    project.await_state(run_id, RunState.SUCCEEDED)
    leader.terminate()
    assert leader.wait(20) == 0


def test_a_submit_whose_database_is_deleted_never_prints_an_id_that_is_lost(project):
    """The database goes between the publishing of the folder and the row; a client rebuilds meanwhile."""
    path = project.file("echo trained")
    project.submit()
    child = project.orp("run", "--detach", str(path), failpoint="submit.published:sleep=1.5")
    known = set(os.listdir(project.paths.runs))
    until(lambda: [name for name in set(os.listdir(project.paths.runs)) - known if name.startswith("exp_")])

    project.paths.database.unlink()
    assert "2 runs put back" in orp(project, "runs").stderr
    printed, _ = child.communicate(timeout=30)

    assert child.returncode == 3
    assert printed == b""
    assert len(rows(project.paths)) == 2


def test_queue_pause_and_resume_are_kept_and_told(project):
    assert orp(project, "queue", "pause", "the room is hot").returncode == 0
    run_id = project.submit()

    assert "the queue is paused: the room is hot" in orp(project, "status").stdout
    assert "the queue goes on" in orp(project, "queue", "resume").stderr
    assert "paused" not in orp(project, "status").stderr
    assert "was not paused" in orp(project, "queue", "resume").stderr
    assert run_id in orp(project, "status").stdout


def test_the_doctors_word_is_enough_to_rebuild(project):
    run_id = project.submit()
    project.paths.database.write_bytes(b"rubbish" * 1000)

    status = orp(project, "status")
    assert status.returncode == 3
    assert "orp doctor --rebuild" in status.stderr
    doctor = orp(project, "doctor", "--rebuild")

    assert doctor.returncode == 0
    assert "1 run put back" in doctor.stdout
    assert run_id in orp(project, "status").stdout


def test_ctrl_c_in_a_rebuild_is_one_line_and_changes_nothing(project):
    for number in range(3_000):
        submitted(project.paths, f"{number:04}")
    project.paths.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    project.paths.database.write_bytes(b"rubbish" * 1000)
    leading, terminal = os.openpty()
    child = subprocess.Popen(
        [*orp_command(), "doctor", "--rebuild", "--base-dir", str(project.paths.base)],
        stderr=terminal, stdout=subprocess.PIPE, cwd=project.folder,
    )  # fmt: skip
    os.close(terminal)
    said = b""
    while b" of 3,000" not in said:
        said += os.read(leading, 1000)

    child.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the terminal ends with its last writer
        while part := os.read(leading, 1000):
            said += part
    printed, _ = child.communicate(timeout=60)
    os.close(leading)

    assert child.returncode == 130
    assert printed == b""
    assert b"stopped; the database is as it was" in said
    assert b"Traceback" not in said
    assert project.paths.database.read_bytes() == b"rubbish" * 1000
    assert kept_files(project.paths) == []


def test_an_ordinary_start_loads_no_rebuild(project):
    project.submit()
    script = "import sys; from orp_tui.cli.main import main; code = main(['status', '--base-dir', sys.argv[1]]); print('orp_tui.services.rebuild' in sys.modules, code)"

    answer = subprocess.run(
        [sys.executable, "-c", script, str(project.paths.base)],
        capture_output=True,
        text=True,
        check=True,
        cwd=project.folder,
    )

    assert answer.stdout.splitlines()[-1] == "False 0"
