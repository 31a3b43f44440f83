"""How runs end, as a person reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_runs import made_run

from orp_tui.core.layout import RunPaths
from orp_tui.core.states import Reason, RunState
from orp_tui.services.death_certificate import REASONS, certificate, read_last_words
from orp_tui.services.detail import RunDetail
from orp_tui.services.run_page import RunPageReader
from orp_tui.services.watch import RunView

RUN = "exp_20261124_093000_k7f3"


def detail(state: RunState = RunState.FAILED, folder: Path = Path("/none"), **values: Any) -> RunDetail:
    """A run that ended so; `exit` and `result` as the folder holds them."""
    view: dict[str, Any] = {
        "reason": "exit_code",
        "detail": "exit code 1: ValueError: bad",
        "exit_code": 1,
        "signal": None,
    }
    records = {name: values.pop(name, None) for name in ("exit", "result", "request")}
    view |= values
    seen = RunView(
        made_run(RUN, state=state),
        state,
        marks=frozenset(),
        started_at=10.0,
        ended_at=70.0,
        checklist=None,
        **view,
    )
    return RunDetail(
        seen,
        None,
        RunPaths(folder / RUN),
        source=None,
        environment=None,
        checklist=None,
        history=(),
        **records,
    )


def exit_record(**values: Any) -> dict[str, Any]:
    return {
        "schema": 1, "how": "waited", "exit_code": 1, "signal": None, "started_at": 10.0, "ended_at": 70.0,
        "duration_s": 60.0, "rusage": {"user_s": 50.0, "system_s": 4.0, "max_rss_kib": 2048}, **values,
    }  # fmt: skip


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.FINISHING])
def test_a_run_that_goes_on_has_no_certificate(state):
    assert certificate(detail(state)) is None


def test_every_reason_has_its_words():
    assert set(REASONS) == set(Reason)
    assert all(REASONS.values())


def test_a_failure_has_reason_evidence_and_what_was_used():
    found = certificate(detail(exit=exit_record(stderr_tail="Traceback\n\nValueError: bad\n", disk_free=7)))

    assert found.reason == "exit_code"
    assert found.reason_words == "its command ended with an error"
    assert found.evidence == "exit code 1: ValueError: bad"
    assert (found.exit_code, found.duration_s, found.cpu_s, found.memory_most) == (1, 60.0, 54.0, 2048 * 1024)
    assert found.last_lines == ("Traceback", "ValueError: bad")
    assert found.disk_free == 7
    assert f"orp logs {RUN} --stderr" in found.next_steps


def test_a_cancelled_run_names_who_asked_and_what_was_sent():
    found = certificate(
        detail(
            RunState.CANCELLED,
            reason="cancelled",
            exit=exit_record(
                signal=9,
                stop={"why": "cancelled", "at": 60.0, "by": "maria@lab"},
                signals=["signal 15 to 4711", "signal 9 to 4711"],
            ),
            signal=9,
        )
    )

    assert found.stopped == "cancelled by maria@lab"
    assert found.stopped_at == 60.0
    assert found.signals == ("SIGTERM to 4711", "SIGKILL to 4711")
    assert found.signal == "SIGKILL (killed from outside)"
    assert f"orp resume {RUN}" in found.next_steps


def test_a_memory_limit_is_told_with_what_was_used():
    found = certificate(
        detail(
            reason="oom_kernel",
            exit=exit_record(oom_kills=2, memory={"limit": 100, "used": 99, "by": "kernel"}),
        )
    )

    assert (found.memory_limit, found.memory_used, found.oom_kills) == (100, 99, 2)


def test_leftovers_and_a_pending_zip_are_told():
    result = {"leftovers": 3, "artifact": {"state": "pending", "why": "needs 3.1 GB, 0.4 free"}}

    found = certificate(detail(result=result))

    assert found.leftovers == 3
    assert found.archive == "pending: needs 3.1 GB, 0.4 free"


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"how": 3},
        exit_record(stop="now"),
        exit_record(stop=[1]),
        exit_record(signals=None),
        exit_record(rusage=[]),
    ],
)
def test_a_damaged_exit_record_leaves_the_rest(damaged):
    found = certificate(detail(exit=damaged, result={"artifact": "x", "leftovers": "many"}))

    assert found.evidence == "exit code 1: ValueError: bad"
    assert found.archive == "none"


def test_a_reason_of_another_version_is_kept_as_it_is():
    found = certificate(detail(reason="struck_by_lightning"))

    assert (found.reason, found.reason_words) == ("struck_by_lightning", "")


def test_of_a_run_whose_end_nobody_saw_the_log_tells_the_last_words(tmp_path):
    lost = detail(RunState.LOST, tmp_path, reason="rebooted", exit_code=None)
    lost.folder.folder.mkdir()
    lost.folder.stderr.write_text("epoch 3\nepoch 4\n")

    found = certificate(lost, read_last_words(lost))

    assert found.last_lines == ("epoch 3", "epoch 4")
    assert read_last_words(detail(exit=exit_record(stderr_tail="x"))) == ""


def test_a_run_that_was_killed_tells_so_on_its_page(project):
    run_id = project.submit("echo oh no >&2; kill -9 $$")
    project.leader()
    project.await_state(run_id, RunState.FAILED)

    page = RunPageReader(project.context, run_id).look()

    assert page.certificate.reason == "signal"
    assert page.certificate.signal.startswith("SIGKILL")
    assert page.certificate.last_lines == ("oh no",)
    assert page.problem == ""


def test_a_run_that_an_alert_stopped_was_cancelled_by_nobody():
    stop = {"why": "cancelled", "by": "alert nan(loss)", "at": 60.0}
    found = certificate(detail(RunState.CANCELLED, reason="cancelled", exit=exit_record(stop=stop)))

    assert found is not None
    assert (found.reason_words, found.stopped) == ("an alert stopped it", "cancelled by alert nan(loss)")
