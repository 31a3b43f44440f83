"""What a look at the files of a run tells beside a list: log, checklist, metric, and what is wrong."""

from __future__ import annotations

import json
import math
import os
import zipfile
from types import SimpleNamespace

import pytest
from run_folders import ended, run_id, submitted

from orp_tui.core.checklist import Check, ChecklistItem, ChecklistReport, Deliverable, DeliverableStatus
from orp_tui.core.layout import BasePaths
from orp_tui.core.past_run import MetricValues, PastRun
from orp_tui.core.states import RunState
from orp_tui.files.atomic import read_json, write_json
from orp_tui.services import run_log_end
from orp_tui.services.run_preview import RunPreviewReader

METRICS = {"metrics": {"primary": {"name": "val", "goal": "minimize"}}}


@pytest.fixture
def paths(tmp_path):
    return BasePaths.under(tmp_path)


def past(name="a", state=RunState.SUCCEEDED, **values):
    return PastRun(run_id(name), name, state, 1.0, **values)


def looked(paths, run, *, looks=20):
    """What is known once the reader says that it is all."""
    reader = RunPreviewReader(SimpleNamespace(paths=paths))
    for _ in range(looks):
        found = reader.look(run)
        if found.is_complete:
            return found
    raise AssertionError("it always promises more")


def log_metrics(folder, values, name="val"):
    lines = [json.dumps({"step": step, name: value}) + "\n" for step, value in enumerate(values)]
    folder.metrics.write_text("".join(lines))


def test_the_last_lines_of_stdout_are_shown_without_blank_ones_and_without_escapes(paths):
    folder = submitted(paths, "a")
    folder.stdout.write_bytes(
        b"".join(b"line %d\n\n" % number for number in range(40)) + b"\x1b]0;t\x07\x1b[2Jend\n"
    )

    found = looked(paths, past()).log

    assert found.lines == (*(f"line {number}" for number in range(31, 40)), "end")
    assert (found.name, found.in_zip) == ("stdout", False)


def test_of_a_crash_what_stderr_says_is_shown_with_its_indentation(paths):
    folder = submitted(paths, "a")
    folder.stdout.write_text("epoch 1\n")
    folder.stderr.write_text("Traceback (most recent call last):\n    x = 1 / 0\nZeroDivisionError: no\n")

    found = looked(paths, past(state=RunState.FAILED)).log

    assert found.name == "stderr"
    assert found.lines[1:] == ("    x = 1 / 0", "ZeroDivisionError: no")


def test_a_log_with_nothing_in_it_gives_way_to_the_other(paths):
    folder = submitted(paths, "a")
    folder.stdout.write_text("\n\n")
    folder.stderr.write_text("warning\n")
    assert looked(paths, past()).log.name == "stderr"
    folder.stderr.write_text("")
    assert looked(paths, past()).log.why_none == "it printed nothing, or its logs are gone"


def test_of_a_progress_bar_what_stood_there_last_is_shown(paths):
    submitted(paths, "a").stdout.write_bytes(b"10%\r50%\r100% done\r\nbye")
    assert looked(paths, past()).log.lines == ("100% done", "bye")


def test_a_log_that_was_cleaned_away_is_read_from_the_zip(paths, monkeypatch):
    submitted(paths, "a")
    paths.artifacts.mkdir()
    with zipfile.ZipFile(paths.artifact(run_id("a")), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("training_stdout.txt", "one\ntwo\n")

    found = looked(paths, past()).log

    assert (found.lines, found.in_zip) == (("one", "two"), True)
    monkeypatch.setattr(run_log_end, "_MOST_UNPACKED", 3)
    assert "open the run to read it" in looked(paths, past()).log.why_none


def test_what_is_no_log_is_not_opened(paths):
    folder = submitted(paths, "a")
    os.mkfifo(folder.stdout)
    assert "not a regular file" in looked(paths, past()).log.why_none


def test_the_metric_that_judges_the_run_is_told_with_its_best(paths):
    folder = submitted(paths, "a", experiment=METRICS)
    ended(folder)
    log_metrics(folder, [4.0, 1.0, math.nan, 2.0])

    found = looked(paths, past(primary="val", metrics={"val": MetricValues(goal="minimize")}))

    curve = found.curve
    assert (curve.name, curve.first, curve.last, curve.best, curve.best_step) == ("val", 4.0, 2.0, 1.0, 1.0)
    assert (curve.values[0], curve.count, curve.non_finite) == (4.0, 4, 1)
    assert not found.troubles


def test_a_long_history_is_thinned_and_keeps_its_ends(paths):
    folder = submitted(paths, "a", experiment=METRICS)
    log_metrics(folder, [1 / (step + 1) for step in range(30_000)])

    curve = looked(paths, past(primary="val"), looks=200).curve

    assert len(curve.values) == 120
    assert list(curve.values) == sorted(curve.values, reverse=True)
    assert (curve.first, curve.count) == (1.0, 30_000)


def test_without_files_the_numbers_of_the_list_stand(paths):
    submitted(paths, "a")
    run = past(metrics={"acc": MetricValues(0.1, 0.7, 0.1, 0.9)})
    first = RunPreviewReader(SimpleNamespace(paths=paths)).look(run)

    assert first.curve == looked(paths, run).curve
    assert (first.curve.first, first.curve.last, first.curve.best) == (0.1, 0.7, 0.9)
    assert not first.is_complete


def test_before_anybody_has_checked_all_deliverables_are_missing(paths):
    wanted = Deliverable(0, "model", "m.pt", True, (Check("exists"),))
    submitted(paths, "a", deliverables=(wanted,))
    report = looked(paths, past(state=RunState.RUNNING)).checklist
    assert [item.path for item in report.items] == ["m.pt"]
    assert report.valid == 0


def test_of_an_ended_run_without_a_list_of_its_own_the_result_tells(paths):
    folder = submitted(paths, "a", deliverables=(Deliverable(0, "model", "m.pt", True, (Check("exists"),)),))
    ended(folder)
    assert looked(paths, past()).checklist is None
    item = ChecklistItem(0, "model", "m.pt", True, DeliverableStatus.VALID, (), (), 10)
    result = read_json(folder.result) | {
        "deliverables_status": ChecklistReport((item,), final=True).by_path()
    }
    write_json(folder.result, result)

    report = looked(paths, past()).checklist

    assert (report.valid, report.final) == (1, True)


def test_a_damaged_run_says_what_to_do(paths):
    paths.artifacts.mkdir(parents=True)
    run = past(problem="its folder is gone")
    assert looked(paths, run).next_steps == ("D takes it off the list",)

    paths.artifact(run.id).write_bytes(b"no zip")
    found = looked(paths, run)
    assert found.next_steps[0].startswith(f"`orp artifacts extract {run.id}`")
    assert found.log.why_none
    assert found.checklist is None

    submitted(paths, "a").result.write_text("{")
    found = looked(paths, run)
    assert found.next_steps[0] == "Enter shows what is left of it"
    assert not found.troubles  # the problem says it already
    assert not looked(paths, past(problem="unknown: `orp doctor --rebuild`")).next_steps


@pytest.mark.parametrize("damage", [b"", b"\0" * 99, b"[1, 2", b'{"schema": "one"}', b'"x"', b"[" * 100_000])
def test_a_damaged_record_costs_no_other_part(paths, damage):
    folder = submitted(paths, "a")
    for place in (folder.request, folder.deliverables, folder.result, folder.metrics):
        place.write_bytes(damage)
    folder.stdout.write_text("still here\n")

    found = looked(paths, past(metrics={"acc": MetricValues(last=0.5)}))

    assert found.log.lines == ("still here",)
    assert found.curve.last == 0.5
