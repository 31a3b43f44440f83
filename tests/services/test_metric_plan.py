"""Where the metrics of a run are looked for: isolated, in place, resumed, declared, and with damaged facts."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import shutil
from pathlib import Path

import pytest
import run_folders

from orp_tui.core.layout import BasePaths, RunPaths
from orp_tui.metrics.cache.writer import CacheWriter, RunNews
from orp_tui.metrics.declared import Declared
from orp_tui.metrics.gathering import Gatherer
from orp_tui.metrics.sources import Trust
from orp_tui.services.last_metrics import LastMetrics
from orp_tui.services.metric_plan import chain_of, plan_of
from orp_tui.services.run_metrics import RunMetrics

EVENTS = Path(__file__).parent.parent / "metrics" / "samples" / "tfevents" / "restarted"
TABLE = "step,loss\n"


@pytest.fixture
def paths(tmp_path: Path) -> BasePaths:
    return BasePaths.under(tmp_path / "base")


def run(
    paths: BasePaths, name: str, *, began: float = 3.0, ended: float | None = None, **values: object
) -> RunPaths:
    """A run that was started at `began` and maybe has ended."""
    folder = run_folders.submitted(paths, name, **values)
    run_folders.claimed(folder)
    run_folders.started(folder)
    record = json.loads(folder.started(1).read_text())
    folder.started(1).write_text(json.dumps({**record, "at": began}))
    if ended is not None:
        run_folders.exited(folder)
        record = json.loads(folder.exit(1).read_text())
        folder.exit(1).write_text(json.dumps({**record, "ended_at": ended}))
    return folder


def log(folder: Path, text: str, *, at: float) -> None:
    """A table in a workspace, last written then."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "metrics.csv"
    path.write_text(text)
    os.utime(path, (at, at))


def curves(folder: RunPaths, paths: BasePaths | None = None) -> dict[str, list[tuple[float, float]]]:
    found = RunMetrics(folder, None, paths).look()
    assert found is not None
    assert found.complete
    return {name: list(series) for name, series in found.series.items()}


def test_an_isolated_run_is_looked_for_in_its_workspace_and_its_own_files_come_first(paths):
    folder = run(paths, "a")
    plan = plan_of(folder, paths)

    assert [(source.kind, Path(source.path).name, source.trust) for source in plan.fixed] == [
        ("jsonl", "metrics.jsonl", Trust.OWN), ("jsonl", "system.jsonl", Trust.STRUCTURED),
        ("stdout", "training_stdout.txt", Trust.LOG), ("stdout", "training_stderr.txt", Trust.ASIDE),
    ]  # fmt: skip
    (root,) = plan.roots
    assert (root.folder, root.since, root.until) == (str(folder.workspace), 2.95, math.inf)
    assert not plan.is_final


def test_of_several_attempts_the_first_that_was_started_counts(paths):
    folder = run(paths, "a", began=50.0)
    run_folders.claimed(folder, 2)
    run_folders.started(folder, 2)

    assert plan_of(folder, paths).roots[0].since == 49.95


def test_what_lay_there_before_the_start_is_no_metric_of_the_run(paths):
    folder = run(paths, "a", began=1000.0)
    log(folder.workspace / "data", TABLE + "1,9\n", at=500.0)
    log(folder.workspace / "out", TABLE + "1,5\n", at=1500.0)

    assert curves(folder) == {"loss": [(1, 5)]}


def test_a_run_in_place_is_looked_for_where_it_works_and_other_runs_are_left_out(paths):
    project = paths.base.parent
    folder = run(
        paths, "a", began=1000.0, ended=2000.0, workspace="in_place", cwd=str(project), project=str(project)
    )
    log(project / "out", TABLE + "1,5\n", at=1500.0)
    log(project / "later", TABLE + "1,7\n", at=2500.0)
    log(paths.run("exp_other").workspace, TABLE + "1,9\n", at=1500.0)

    assert curves(folder, paths) == {"loss": [(1, 5)]}


def test_event_files_of_an_earlier_run_in_the_same_folder_are_no_part_of_the_curve(paths):
    project = paths.base.parent
    shutil.copytree(EVENTS, project / "runs")
    first, second = sorted((project / "runs").iterdir())
    os.utime(first, (500.0, 500.0))
    os.utime(second, (1500.0, 1500.0))
    folder = run(paths, "a", began=1000.0, workspace="in_place", cwd=str(project))

    own, both = (
        curves(folder, paths),
        curves(run(paths, "b", began=100.0, workspace="in_place", cwd=str(project))),
    )

    assert 0 < len(own["loss"]) < len(both["loss"])


def test_declared_sources_are_relative_to_where_the_run_works(paths):
    metrics = {
        "sources": [{"type": "csv", "path": "logs/*.txt"}, {"type": 3}],
        "patterns": ["answer (?P<answer>[0-9]+)"],
    }
    folder = run_folders.submitted(paths, "a")
    request = json.loads(folder.request.read_text())
    request |= {"cwd": str(folder.workspace / "sub"), "experiment": {"metrics": metrics}}
    folder.request.write_text(json.dumps(request))
    (folder.workspace / "sub/logs").mkdir(parents=True)
    (folder.workspace / "sub/logs/m.txt").write_text(TABLE + "1,5\n")
    (folder.workspace / "sub/metrics.csv").write_text(TABLE + "1,6\n")
    folder.stdout.write_text("answer 42\n")

    assert plan_of(folder, paths).declared == (Declared("csv", "logs/*.txt", ("answer (?P<answer>[0-9]+)",)),)
    found = curves(folder, paths)
    assert found["loss"] == [(1, 5)]
    assert [value for _, value in found["answer"]] == [42]


@pytest.mark.parametrize(
    "text",
    [
        None, "", "{", "[]", "null", '{"workspace": "isolated"}', '{"workspace": "in_place", "cwd": 3, "experiment": 5}',
        '{"workspace": "isolated", "cwd": "relative", "submitted_at": "x", "experiment": {"metrics": [1]}}',
        '{"workspace": "isolated", "cwd": "/x", "experiment": {"metrics": {"sources": 3, "patterns": 4}}}',
        '{"workspace": "isolated", "cwd": "/x", "experiment": {"metrics": {"sources": [3], "patterns": [4]}}}',
    ],
)  # fmt: skip
def test_a_damaged_request_leaves_the_runs_own_files(paths, text):
    folder = paths.run("exp_1")
    folder.folder.mkdir(parents=True)
    if text is not None:
        folder.request.write_text(text)
    folder.metrics.write_text('{"step": 1, "loss": 1}\n')

    assert curves(folder, paths) == {"loss": [(1, 1)]}
    assert chain_of(paths, "exp_1") == ("exp_1",)


def test_an_ended_run_is_looked_through_once(paths):
    folder = run_folders.submitted(paths, "a")
    run_folders.ended(folder)

    assert plan_of(folder, paths).is_final


def chain(paths: BasePaths) -> tuple[RunPaths, RunPaths]:
    """A run that ended, and one that has taken its workspace over."""
    first = run(paths, "a", began=1000.0, ended=2000.0)
    second = run(paths, "b", began=3000.0, resume_of=first.run_id)
    second.workspace.mkdir()
    first.workspace.symlink_to(os.path.join("..", second.run_id, "workspace"))
    return first, second


def test_a_chain_is_told_by_what_each_run_goes_on_from_and_never_without_end(paths):
    first, second = chain(paths)
    looping = run_folders.submitted(paths, "c", resume_of=run_folders.run_id("d"))
    run_folders.submitted(paths, "d", resume_of=looping.run_id)
    gone = run_folders.submitted(paths, "e", resume_of="exp_gone")

    assert chain_of(paths, second.run_id) == (first.run_id, second.run_id)
    assert chain_of(paths, first.run_id) == (first.run_id,)
    assert len(chain_of(paths, looping.run_id)) == 2
    assert chain_of(paths, gone.run_id) == ("exp_gone", gone.run_id)


def test_a_resumed_run_is_one_curve_with_the_run_before_it(paths):
    first, second = chain(paths)
    first.metrics.write_text("".join(f'{{"step": {step}, "acc": 1}}\n' for step in range(6)))
    second.metrics.write_text('{"step": 4, "acc": 2}\n{"step": 6, "acc": 2}\n')
    log(second.workspace / "lightning_logs/version_0", TABLE + "1,1\n2,1\n", at=1500.0)
    log(second.workspace / "lightning_logs/version_1", TABLE + "2,2\n3,2\n", at=3500.0)

    found = RunMetrics(second, None, paths).look()

    assert found is not None
    assert found.runs == (first.run_id, second.run_id)
    assert list(found.series["acc"]) == [(0, 1), (1, 1), (2, 1), (3, 1), (4, 2), (6, 2)]
    assert list(found.series["loss"]) == [(1, 1), (2, 2), (3, 2)]
    assert found.origins["loss"].source.label == "lightning_logs/version_1/metrics.csv"


def test_a_file_that_the_later_run_has_appended_to_counts_once(paths):
    _, second = chain(paths)
    log(second.workspace, TABLE + "1,1\n2,1\n3,2\n", at=3500.0)

    assert curves(second, paths) == {"loss": [(1, 1), (2, 1), (3, 2)]}


def test_each_run_of_a_chain_alone_has_what_it_wrote(paths):
    first, second = chain(paths)
    log(second.workspace / "version_0", TABLE + "1,1\n", at=1500.0)
    log(second.workspace / "version_1", TABLE + "2,2\n", at=3500.0)

    assert curves(first) == {"loss": [(1, 1)]}
    assert curves(second) == {"loss": [(2, 2)]}


def test_of_three_runs_each_has_what_it_wrote_before_the_next_one_began(paths):
    first = run(paths, "a", began=1000.0, ended=1001.0)
    second = run(paths, "b", began=1001.5, ended=1002.0, resume_of=first.run_id)
    third = run(paths, "c", began=1002.5, resume_of=second.run_id)
    third.workspace.mkdir()
    for earlier, later in ((first, second), (second, third)):
        earlier.workspace.symlink_to(os.path.join("..", later.run_id, "workspace"))
    for version, at in enumerate((1000.5, 1001.6, 1002.6)):
        log(third.workspace / f"version_{version}", f"{TABLE}{version},{version}\n", at=at)

    assert [curves(each) for each in (first, second, third)] == [{"loss": [(n, n)]} for n in range(3)]
    assert curves(third, paths) == {"loss": [(0, 0), (1, 1), (2, 2)]}


def test_a_run_whose_predecessor_is_gone_is_shown_alone(paths):
    second = run(paths, "b", resume_of="exp_gone")
    second.metrics.write_text('{"step": 1, "loss": 1}\n')

    assert curves(second, paths) == {"loss": [(1, 1)]}


def test_the_last_value_of_a_table_comes_from_any_source_of_the_run(paths):
    folder = run(paths, "a", began=1000.0)
    log(folder.workspace, "step,acc,loss\n1,0.25,5\n2,0.5,4\n", at=1500.0)
    metrics = LastMetrics(paths)

    before = metrics.of(folder)
    changed = metrics.advance(share_s=60.0)
    after = metrics.of(folder)

    assert before is None
    assert changed
    assert after is not None
    assert (after.name, after.value, after.step) == ("loss", 4, 2)
    assert not metrics.advance(share_s=60.0)
    folder.system.write_text('{"step": 1, "sys/cpu": 9}\n')
    assert metrics.of(folder) == after
    folder.metrics.write_text('{"step": 1, "loss": 9}\n')
    now = metrics.of(folder)
    assert now is not None
    assert now.value == 9


def test_what_the_observer_has_kept_is_not_read_again_for_a_table(paths, monkeypatch):
    folder = run(paths, "a", began=1000.0)
    log(folder.workspace, "step,loss\n1,5\n2,4\n", at=1500.0)
    gatherer = Gatherer(plan_of(folder, paths))
    news = list(gatherer.batches())
    with contextlib.closing(CacheWriter(paths.metric_cache)) as writer:
        writer.write([RunNews(folder.run_id, news, gatherer.marks)])
    with open(folder.workspace / "metrics.csv", "a") as more:
        more.write("3,3\n")
    brought: list[int] = []
    take = Gatherer.batches

    def watched(self, until):
        for each in take(self, until):
            brought.extend(map(len, each.batch.points.values()))
            yield each

    monkeypatch.setattr(Gatherer, "batches", watched)
    metrics = LastMetrics(paths)
    metrics.of(folder)
    metrics.advance(share_s=60.0)
    found = metrics.of(folder)

    assert brought == [1]
    assert found is not None
    assert (found.value, found.step, found.recent) == (3, 3, (5, 4, 3))


def test_a_primary_metric_in_another_file_than_the_runs_own_is_found_there(paths):
    folder = run(paths, "a", began=1000.0, experiment={"metrics": {"primary": {"name": "acc"}}})
    folder.metrics.write_text('{"step": 1, "loss": 9}\n')
    log(folder.workspace, "step,acc\n1,0.5\n", at=1500.0)
    metrics = LastMetrics(paths)

    before = metrics.of(folder)
    metrics.advance(share_s=60.0)
    after = metrics.of(folder)

    assert before is not None
    assert after is not None
    assert (before.name, after.name, after.value) == ("loss", "acc", 0.5)


def test_many_runs_have_their_turn_one_after_the_other(paths):
    moments = iter(range(1_000_000))
    folders = [run(paths, f"r{place}", began=1000.0) for place in range(5)]
    for place, folder in enumerate(folders):
        log(folder.workspace, f"{TABLE}1,{place}\n", at=1500.0)
    metrics = LastMetrics(paths, clock=lambda: float(next(moments)))

    known: list[set[int]] = []
    for _ in range(40):
        found = [metrics.of(folder) for folder in folders]
        known.append({place for place, last in enumerate(found) if last is not None})
        metrics.advance(share_s=5.0)

    assert known[-1] == set(range(5))
    assert any(0 < len(each) < 5 for each in known)
    assert all(one <= other for one, other in itertools.pairwise(known))


def test_a_run_that_was_looked_at_before_it_began_has_nothing_of_the_run_before_it(paths):
    project = paths.base.parent
    folder = run_folders.submitted(paths, "a", submitted_at=1000.0, workspace="in_place", cwd=str(project))
    log(project / "out", TABLE + "1,9\n", at=1500.0)
    metrics = RunMetrics(folder, None, paths)
    metrics.look()

    run_folders.claimed(folder)
    run_folders.started(folder)
    folder.started(1).write_text(json.dumps({**json.loads(folder.started(1).read_text()), "at": 2000.0}))
    log(project / "later", TABLE + "1,5\n", at=2500.0)
    found = metrics.look()

    assert found is not None
    assert [list(series) for series in found.series.values()] == [[(1, 5)]]


def test_a_run_whose_workspace_is_taken_over_while_it_is_looked_at_keeps_its_own(paths):
    first = run(paths, "a", began=1000.0, ended=2000.0)
    log(first.workspace / "version_0", TABLE + "1,1\n", at=1500.0)
    metrics = RunMetrics(first, None, paths)
    assert metrics.look() is not None

    second = run(paths, "b", began=3000.0, resume_of=first.run_id)
    first.workspace.rename(second.workspace)
    first.workspace.symlink_to(os.path.join("..", second.run_id, "workspace"))
    log(second.workspace / "version_1", TABLE + "2,2\n", at=3500.0)
    found = metrics.look()

    assert found is not None
    assert {name: list(series) for name, series in found.series.items()} == {"loss": [(1, 1)]}
