"""What a dashboard sees of queue and runs."""

from __future__ import annotations

import os

from waiting import until

from orp_tui.core.states import RunState
from orp_tui.engine.alert_log import AlertRecord, note_alert
from orp_tui.files import locks
from orp_tui.services import acts
from orp_tui.services.board import BoardReader


def test_before_the_first_run_there_is_nothing_and_no_problem(project):
    reader = BoardReader(project.context)

    board = reader.look()

    assert (board.seen, board.rows, board.problem) == (None, (), None)


def test_active_runs_come_first_then_what_waits_then_what_has_ended(project):
    first, second, third = (project.submit() for _ in range(3))
    acts.drop(project.context, [first])
    reader = BoardReader(project.context)

    rows = reader.look().rows

    assert [item.run.id for item in rows] == [second, third, first]
    assert rows[-1].state is RunState.CANCELLED
    reader.close()


def test_a_look_is_due_when_somebody_wrote(project):
    run_id = project.submit()
    reader = BoardReader(project.context)
    until(lambda: reader.look() and not reader.is_due(), 10)

    acts.hold(project.context, [run_id])

    assert reader.is_due()
    assert reader.look().rows[0].run.held
    reader.close()


def test_ended_runs_are_read_again_only_when_something_was_written(project):
    first, second = project.submit(), project.submit()
    acts.drop(project.context, [first])
    reader = BoardReader(project.context)
    before = reader.look()

    unchanged = reader.look()
    acts.drop(project.context, [second])
    after = reader.look()

    assert unchanged.ended is before.ended
    assert [item.run.id for item in after.ended] == [second, first]
    reader.close()


def test_the_last_values_of_ended_and_of_live_runs_stay_from_look_to_look(project):
    ended, waiting = project.submit(), project.submit()
    acts.drop(project.context, [ended])
    project.paths.run(ended).metrics.write_text('{"step": 1, "loss": 0.5}\n')
    reader = BoardReader(project.context)

    looks = [reader.look().metrics for _ in range(2)]
    acts.hold(project.context, [waiting])
    looks.append(reader.look().metrics)

    assert looks == [{ended: "loss 0.5"}] * 3
    reader.close()


def test_a_damaged_store_is_said_and_the_last_rows_stay(project):
    project.submit()
    reader = BoardReader(project.context)
    before = reader.look()
    project.paths.database.write_bytes(b"no database" * 1000)

    board = reader.look()

    assert board.problem is not None
    assert "orp.db" in board.problem
    assert [item.run.id for item in board.rows] == [item.run.id for item in before.rows]


def test_a_store_that_is_made_again_is_seen(project):
    run_id = project.submit()
    reader = BoardReader(project.context)
    reader.look()
    project.paths.database.unlink()

    board = reader.look()

    assert [item.run.id for item in board.rows] == [run_id]
    assert board.problem is None
    reader.close()


def test_waiting_without_a_queue_processor_is_noticed(project):
    project.submit()
    reader = BoardReader(project.context)

    assert reader.look().unstarted_without_leader
    reader.close()


def test_a_run_that_ended_while_nobody_led_is_shown_as_it_ended(project):
    run_id, leader = project.running()
    leader.kill()
    leader.wait()
    reader = BoardReader(project.context)
    assert [item.state for item in reader.look().rows] == [RunState.RUNNING]

    project.go()

    until(lambda: reader.look().rows[0].state is RunState.SUCCEEDED, 20)
    board = reader.look()
    assert [item.run.id for item in board.rows] == [run_id]
    assert board.is_left_alone  # a queue processor is to be started for it
    reader.close()


def note(project, run_id, number):
    record = AlertRecord(number, 1.0, "nan(loss)", "loss", 7.0, 1.0, "loss is NaN at step 7", ("notify",))
    note_alert(project.run(run_id), record)


def test_alerts_that_came_since_the_last_look_are_told_once_also_of_a_run_that_ended_by_one(project):
    going, ended = project.submit(project.waits), project.submit("true")
    leader = project.leader(idle_exit=None)
    project.await_state(going, RunState.RUNNING)
    project.await_state(ended, RunState.SUCCEEDED)
    reader = BoardReader(project.context)
    note(project, going, 1)
    first = reader.look()

    note(project, going, 2)
    note(project, ended, 1)
    project.go()
    project.await_state(going, RunState.SUCCEEDED)
    second = reader.look()
    third = reader.look()
    leader.terminate()
    reader.close()

    assert first.alerts_since(None) == []
    assert sorted(words.split(",")[0] for words in second.alerts_since(first)) == sorted(
        f"alert in {run_id}" for run_id in (going, ended)
    )
    assert "nan(loss): loss is NaN at step 7" in second.alerts_since(first)[0]
    assert third.alerts_since(second) == []


def test_the_newest_values_of_a_run_are_known_as_heights(project):
    ended = project.submit()
    acts.drop(project.context, [ended])
    rows = [f'{{"step": {step}, "loss": {value}}}\n' for step, value in enumerate([0.0, 1.0, "NaN", 0.5])]
    project.paths.run(ended).metrics.write_text("".join(rows))
    reader = BoardReader(project.context)

    looks = [reader.look(), reader.look()]
    reader.close()

    assert looks[0].sparks == {ended: (0, 7, -1, 4)}
    assert looks[0].is_like(looks[1])


def test_a_database_that_is_gone_is_made_again_while_the_last_rows_stay_and_then_it_is_said(project):
    run_id = project.submit()
    project.submit()
    reader = BoardReader(project.context)
    before = reader.look()
    lock = locks.take(project.paths.state / "rebuild.lock")
    try:
        project.paths.database.unlink()
        board = reader.look()
    finally:
        os.close(lock)
    looks = []
    until(lambda: looks.append(reader.look()) or not looks[-1].making)

    assert "is made again" in board.making
    assert (board.rows, board.problem) == (before.rows, None)
    assert [item.run.id for item in looks[-1].rows if item.run.id == run_id] == [run_id]
    assert any("2 runs put back" in words for words in looks[-1].remade)
    assert reader.look().remade == ()
    reader.close()


def test_a_database_that_can_not_be_made_is_a_problem_and_tried_again(project):
    project.submit()
    reader = BoardReader(project.context)
    reader.look()
    project.paths.database.unlink()
    (project.paths.state / "rebuild.lock").unlink(missing_ok=True)
    (project.paths.state / "rebuild.lock").mkdir()
    looks = [reader.look()]
    until(lambda: looks.append(reader.look()) or looks[-1].problem)
    (project.paths.state / "rebuild.lock").rmdir()
    until(lambda: looks.append(reader.look()) or not (looks[-1].problem or looks[-1].making))

    assert len(looks[-1].rows) == 1
    reader.close()
