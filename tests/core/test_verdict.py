"""What an exit record and a checklist add up to."""

from __future__ import annotations

import itertools

import pytest
from made_runs import made_record

from orp_tui.core.checklist import (
    ChecklistItem,
    ChecklistReport,
    CheckOutcome,
    CheckResult,
    DeliverableStatus,
)
from orp_tui.core.run import Stop
from orp_tui.core.states import Reason, RunState
from orp_tui.core.verdict import verdict


def report(*statuses, required=True):
    items = tuple(
        ChecklistItem(
            place,
            "metrics",
            f"m{place}.json",
            required,
            status,
            (CheckResult("threshold", CheckOutcome.FAIL, "accuracy 0.87 < 0.90"),)
            if status is INVALID
            else (),
            (),
            0,
        )
        for place, status in enumerate(statuses)
    )
    return ChecklistReport(items, final=True)


VALID, INVALID, MISSING = DeliverableStatus.VALID, DeliverableStatus.INVALID, DeliverableStatus.MISSING
KILLED = ("SIGTERM to 12",)
CANCEL = Stop("cancelled", 5.0, "me@here")
TRACEBACK = "Traceback (most recent call last):\n  File 'train.py'\nRuntimeError: no such dataset\n"

TABLE = [
    # the record, the checklist → state, reason, part of the evidence
    ({}, report(), "succeeded", "ok", "exit code 0"),
    ({}, report(VALID, VALID), "succeeded", "ok", "2/2 deliverables valid"),
    ({}, report(VALID, MISSING), "incomplete", "deliverable", "m1.json: missing"),
    ({}, report(INVALID), "incomplete", "deliverable", "m0.json: accuracy 0.87 < 0.90"),
    ({}, report(MISSING, required=False), "succeeded", "ok", "0/1"),
    ({}, None, "incomplete", "finaliser_failed", "could not be checked"),
    ({"exit_code": 1}, report(VALID), "failed", "exit_code", "exit code 1"),
    ({"exit_code": 1, "stderr_tail": TRACEBACK}, None, "failed", "exit_code", "exit code 1: RuntimeError: no such dataset"),
    ({"exit_code": None, "signal": 11}, report(), "failed", "signal", "SIGSEGV (segmentation fault)"),
    ({"exit_code": None, "signal": 9}, report(), "failed", "signal", "SIGKILL (killed from outside)"),
    ({"exit_code": None, "signal": 9, "oom_kills": 1}, report(), "failed", "oom_kernel", "out of memory"),
    ({"exit_code": None, "signal": 15, "oom_kills": 1}, report(), "failed", "signal", "SIGTERM"),
    ({"exit_code": None, "signal": 40}, report(), "failed", "signal", "signal 40"),
    ({"exit_code": 1, "stderr_tail": "x\ntorch.OutOfMemoryError: CUDA out of memory. Tried\nbye"}, report(), "failed", "oom_cuda", "GPU out of memory: torch.OutOfMemoryError: CUDA out of memory. Tried"),
    ({"exit_code": 1, "stderr_tail": "OSError: [Errno 28] No space left on device"}, report(), "failed", "disk_full", "disk full: OSError"),
    ({"exit_code": 0, "stderr_tail": "warning: CUDA out of memory, tried again"}, report(), "succeeded", "ok", ""),
    # what ORP stopped
    ({"exit_code": None, "signal": 15, "stop": CANCEL, "signals": KILLED}, report(), "cancelled", "cancelled", "cancelled by me@here (sent SIGTERM to 12)"),
    ({"exit_code": 0, "stop": CANCEL, "signals": KILLED}, report(VALID), "cancelled", "cancelled", "me@here"),
    ({"exit_code": 143, "stop": CANCEL, "signals": KILLED}, None, "cancelled", "cancelled", "me@here"),
    ({"exit_code": None, "signal": 9, "oom_kills": 3, "stop": CANCEL, "signals": KILLED}, None, "cancelled", "cancelled", ""),
    ({"exit_code": 0, "stop": CANCEL}, report(VALID), "succeeded", "ok", ""),
    ({"exit_code": 3, "stop": CANCEL}, report(), "failed", "exit_code", "exit code 3"),
    ({"how": "not_started", "exit_code": None, "stop": CANCEL, "started_at": None}, None, "cancelled", "cancelled", "before it started"),
    ({"exit_code": None, "signal": 15, "stop": Stop("timed_out", 5.0), "signals": KILLED}, report(), "failed", "timed_out", "time limit"),
    ({"exit_code": None, "signal": 15, "stop": Stop("stalled", 5.0), "signals": KILLED}, report(), "failed", "stalled", "too long"),
    ({"exit_code": None, "signal": 15, "stop": Stop("terminated", 5.0, "SIGTERM"), "signals": KILLED}, report(), "failed", "terminated", "outside ORP"),
    # what nobody saw
    ({"exit_code": None, "spawn_error": "python: not found", "how": "spawn_error"}, None, "failed", "spawn_error", "python: not found"),
    ({"how": "adopted", "exit_code": None}, report(VALID), "lost", "unknown_exit", "1/1 deliverables valid"),
    ({"how": "adopted", "exit_code": 0}, report(VALID), "succeeded", "ok", ""),
    ({"how": "adopted", "exit_code": None, "stop": CANCEL, "signals": KILLED}, None, "cancelled", "cancelled", ""),
    ({"how": "lost", "exit_code": None, "reason": "rebooted"}, report(VALID), "lost", "rebooted", "restarted while it ran"),
    ({"how": "lost", "exit_code": None, "reason": "supervisor_killed"}, None, "lost", "supervisor_killed", "unseen"),
    ({"how": "lost", "exit_code": None, "reason": "processes_vanished"}, None, "lost", "processes_vanished", "container"),
    ({"how": "lost", "exit_code": None, "reason": "folder_deleted"}, None, "lost", "folder_deleted", "deleted"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "checked", "state", "reason", "evidence"), TABLE)
def test_the_end_follows_from_the_record_and_the_checks(values, checked, state, reason, evidence):
    found = verdict(made_record(**values), checked)

    assert (found.state.value, found.reason.value) == (state, reason)
    assert evidence in found.detail
    assert "\n" not in found.detail


def test_only_exit_code_0_with_valid_deliverables_is_a_success():
    whys = (None, CANCEL, Stop("timed_out", 5.0), Stop("stalled", 5.0), Stop("terminated", 5.0))
    checks = (None, report(), report(VALID), report(INVALID), report(MISSING))
    hows = ("waited", "adopted")
    for how, (code, number), stop, signals, checked in itertools.product(
        hows, [(0, None), (1, None), (None, 9), (None, None)], whys, [(), KILLED], checks
    ):
        record = made_record(how=how, exit_code=code, signal=number, stop=stop, signals=signals)
        found = verdict(record, checked)

        assert found.state.is_final
        assert found.detail
        succeeded = code == 0 and checked is not None and checked.complete and not (stop and signals)
        assert (found.state is RunState.SUCCEEDED) == succeeded, record
        assert (found.state is RunState.CANCELLED) == (stop is CANCEL and signals == KILLED), record
        assert (found.reason is Reason.OK) == succeeded


def test_a_stop_above_the_memory_limit_says_what_was_used_and_allowed():
    memory = {"limit": 16 << 30, "used": int(16.4 * (1 << 30)), "by": "watch"}
    record = made_record(
        exit_code=None, signal=15, stop=Stop("oom", 1.0), signals=("signal 15 to 7",), memory=memory
    )

    found = verdict(record, None)

    assert (found.state, found.reason) == (RunState.FAILED, Reason.OOM)
    assert found.detail == "memory limit 16.0 GiB: used 16.4 GiB (sent SIGTERM to 7)"


@pytest.mark.parametrize(
    "end", [{"exit_code": None, "signal": 9}, {"exit_code": 1}, {"exit_code": None, "how": "adopted"}]
)
def test_a_kill_in_its_own_cgroup_is_the_kernels_even_if_only_a_worker_was_killed(end):
    record = made_record(oom_kills=1, memory={"limit": 1 << 30, "used": 1 << 30, "by": "kernel"}, **end)

    found = verdict(record, None)

    assert (found.state, found.reason) == (RunState.FAILED, Reason.OOM_KERNEL)
    assert found.detail == "killed by the kernel: memory limit 1.0 GiB: used 1.0 GiB"


def test_a_kill_somewhere_on_the_machine_is_no_evidence_against_a_run_that_exited_by_itself():
    record = made_record(exit_code=1, oom_kills=1, memory={"limit": 1 << 30, "used": 5, "by": "watch"})

    assert verdict(record, None).reason is Reason.EXIT_CODE


def test_a_path_that_the_detail_begins_with_is_said_once():
    detail = "out/m.json: a socket, not a file"
    wrong = ChecklistItem(
        0, "metrics", "out/m.json", True, DeliverableStatus.INVALID,
        (CheckResult("exists", CheckOutcome.FAIL, detail),), (), 0,
    )  # fmt: skip

    found = verdict(made_record(exit_code=0), ChecklistReport((wrong,), final=True))

    assert found.detail == f"exit code 0, but {detail}"
