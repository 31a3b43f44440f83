"""What is read of a run's folder for lists: its metrics in short, its config, its variant, its sizes."""

from __future__ import annotations

import copy
import json
import math

import pytest
from run_folders import run_id, submitted

from orp_tui.core.layout import BasePaths
from orp_tui.core.past_run import MetricValues
from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.core.states import RunState
from orp_tui.files.atomic import write_json
from orp_tui.metrics.cache.short import complete_runs, short_runs
from orp_tui.metrics.cache.writer import CacheWriter, RunNews
from orp_tui.metrics.gathering import SourceNews
from orp_tui.metrics.primary import PrimaryRule
from orp_tui.metrics.sources import SourceSpec, Trust
from orp_tui.services.catalog_config import MOST_KEYS, flat_config, variant_of
from orp_tui.services.catalog_metrics import SMALL_BYTES, metrics_of
from orp_tui.services.catalog_reading import read_run, time_of
from orp_tui.store import database, runs
from orp_tui.store.catalog.entries import METRICS_MISSING, document, run_of

REQUEST = {
    "id": "exp_20261124_093000_aaaa",
    "argv": ["python", "train.py", "--seed", "0"],
    "seed": 0,
    "config": {"lr": 0.1, "seed": 0, "model": {"depth": 3}},
    "deliverables": [],
    "experiment": {
        "experiment": {"name": "a"},
        "training": {"script": ["python", "train.py"], "config": {}, "seed_key": "seed", "seeds": [0, 1]},
    },
}


@pytest.fixture
def paths(tmp_path):
    return BasePaths.under(tmp_path / "experiments")


def logged(folder, *lines: str) -> None:
    folder.metrics.write_text("".join(f"{line}\n" for line in lines))


def test_a_small_file_of_metrics_gives_first_lowest_and_highest(paths):
    folder = submitted(paths, "small")
    logged(
        folder, '{"step": 0, "loss": 2.0}', '{"step": 1, "loss": 0.5, "acc": 0.7}', '{"step": 2, "loss": 1.0}'
    )
    found, unsure = metrics_of(folder, {"metrics": {"loss": 1.0, "acc": 0.7}}, None, None, has_ended=True)
    assert found == {"loss": MetricValues(2.0, 1.0, 0.5, 2.0), "acc": MetricValues(0.7, 0.7, 0.7, 0.7)}
    assert not unsure


def test_lines_that_are_no_metrics_and_values_that_are_no_numbers_are_passed_over(paths):
    folder = submitted(paths, "odd")
    logged(
        folder, "garbage", "[1]", "", '{"loss": NaN}', '{"loss": "2"}', '{"loss": true}', '{"loss": 3}', '{"loss": Infinity}',
        '{"loss": 1' + "0" * 400 + "}",
    )  # fmt: skip
    found, _ = metrics_of(folder, {"metrics": {"loss": math.nan}}, None, None, has_ended=True)
    assert found == {"loss": MetricValues(3.0, None, 3.0, 3.0)}


def test_of_a_large_file_only_the_last_values_are_known_until_the_cache_has_it(paths):
    folder = submitted(paths, "large")
    logged(folder, *['{"step": 1, "loss": 1.0}'] * (SMALL_BYTES // 20))
    result = {"metrics": {"loss": 1.0}}
    assert metrics_of(folder, result, None, None, has_ended=True) == ({"loss": MetricValues(None, 1.0)}, True)
    own = SourceSpec("jsonl", str(folder.metrics), "metrics.jsonl", trust=Trust.OWN)
    paths.state.mkdir(parents=True)
    writer = CacheWriter(paths.metric_cache)
    news = [SourceNews(own, MetricBatch({"loss": Points.of([0, 1, 2], [3.0, math.nan, 1.0])}))]
    writer.write([RunNews(folder.run_id, news, {own.key: {}})])
    cached = short_runs(paths.metric_cache, [folder.run_id, "another"])
    assert cached.keys() == {folder.run_id}
    assert metrics_of(folder, result, None, cached[folder.run_id], has_ended=True)[1]
    writer.write([RunNews(folder.run_id, [], {own.key: {}}, complete=True)])
    writer.close()
    assert complete_runs(paths.metric_cache, [folder.run_id]) == {folder.run_id}
    cached = short_runs(paths.metric_cache, [folder.run_id])
    found = metrics_of(folder, result, None, cached[folder.run_id], has_ended=True)
    assert found == ({"loss": MetricValues(3.0, 1.0, 1.0, 3.0)}, False)


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 1000])
def test_without_a_cache_of_metrics_nothing_is_known_of_it(paths, content):
    if content is not None:
        paths.state.mkdir(parents=True)
        paths.metric_cache.write_bytes(content)
    assert short_runs(paths.metric_cache, ["a"]) == {}
    assert complete_runs(paths.metric_cache, ["a"]) == set()


def test_the_experiment_says_which_way_is_better(paths):
    folder = submitted(paths, "goal")
    rule = PrimaryRule("score", "minimize", "other", "maximize")
    found, _ = metrics_of(
        folder, {"metrics": {"score": 1.0, "other": 2.0, "third": 1.0}}, rule, None, has_ended=True
    )
    assert {name: values.goal for name, values in found.items()} == {
        "score": "minimize", "other": "maximize", "third": "",
    }  # fmt: skip


def test_a_config_is_flat_and_what_is_no_scalar_is_json():
    found = flat_config(
        {"a": {"b": {"c": 1}}, "list": [1, {"x": None}], "none": None, "empty": {}, "nan": math.nan}
    )
    assert found == {"a.b.c": 1, "list": '[1, {"x": null}]', "none": None, "empty": "{}", "nan": "nan"}


def test_a_config_without_end_is_cut():
    assert len(flat_config({str(number): 1 for number in range(3 * MOST_KEYS)})) == MOST_KEYS
    deep: dict[str, object] = {}
    for _ in range(500):
        deep = {"x": deep}
    assert len(flat_config(deep)) == 1


def test_runs_that_differ_by_their_seed_alone_are_one_variant():
    other = copy.deepcopy(REQUEST)
    other |= {"id": "exp_20261124_093000_bbbb", "seed": 1, "argv": ["python", "train.py", "--seed", "1"]}
    other["config"]["seed"] = 1
    other["experiment"]["experiment"]["name"] = "another name"
    other["experiment"]["training"]["seeds"] = [1]
    assert variant_of(other) == variant_of(REQUEST) != ""


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("config", "lr"), 0.2),
        (("config", "model", "depth"), 4),
        (("experiment", "training", "script"), ["python", "other.py"]),
        (("experiment", "training", "env"), {"A": "1"}),
        (("deliverables",), [{"path": "x"}]),
    ],
)
def test_runs_that_differ_by_what_decides_are_two_variants(place, value):
    other = copy.deepcopy(REQUEST)
    inner = other
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    assert variant_of(other) != variant_of(REQUEST)


def test_a_seed_deep_in_the_config_is_left_out_too():
    one, other = copy.deepcopy(REQUEST), copy.deepcopy(REQUEST)
    for number, request in enumerate((one, other)):
        request["config"] = {"trainer": {"seed": number, "lr": 1}}
        request["experiment"]["training"]["seed_key"] = "trainer.seed"
    assert variant_of(one) == variant_of(other)


def test_commands_without_an_experiment_are_one_variant_whatever_their_folder_is():
    one = {"id": "exp_1", "argv": ["train", "/runs/exp_1/out"], "config": {}}
    other = {"id": "exp_2", "argv": ["train", "/runs/exp_2/out"], "config": {}}
    assert variant_of(one) == variant_of(other)
    assert variant_of(one) != variant_of({**one, "argv": ["train", "fast"]})


def test_a_time_is_in_an_id():
    assert time_of("exp_20261124_093000_aaaa") == 1795512600.0
    assert time_of("anything") == 0.0


@pytest.fixture
def connection(paths):
    with database.opened(paths.database) as found:
        yield found


def ended(paths, connection, name: str, result: object, **values: object):
    """A run that has succeeded, and how it is read."""
    folder = submitted(paths, name, **values)
    runs.insert(connection, runs.NewRun(folder.run_id, name, 1.0, "me@here"))
    run = runs.claim(connection, runs.get(connection, folder.run_id), at=2.0)
    run = runs.move(
        connection, run, "succeed", at=4.0, started_at=2.0, ended_at=4.0, reason="ok", artifacts="ok"
    )
    write_json(folder.result, result)
    return read_run(paths, run, None, None)


PRIMARY = {"metrics": {"primary": {"name": "acc", "goal": "maximize"}}}


@pytest.mark.parametrize(
    ("result", "value"),
    [
        ({"metrics": {"acc": 0.7}, "primary": {"name": "acc", "goal": "maximize", "value": 0.9}}, 0.9),
        ({"metrics": {"acc": 0.7}}, 0.7),
        ({"metrics": {"acc": 0.7}, "primary": None}, None),
        ({"metrics": {"acc": 0.7}, "primary": {"name": "acc", "value": None}}, None),
        ({"metrics": {}, "primary": {"name": "acc", "value": "high"}}, None),
    ],
)
def test_the_value_that_judges_a_run_is_that_of_its_result(paths, connection, result, value):
    found = ended(paths, connection, "judged", result, experiment=PRIMARY).run
    assert (found.primary, found.primary_value) == ("acc", value)


@pytest.mark.parametrize(
    "result",
    [
        {"metrics": 5}, {"metrics": {"a": "b"}, "artifact": 7}, {"artifact": {"bytes": "x"}}, {"artifact": {"bytes": -5}},
        {"primary": []}, {"metrics": {"a": 10**400}}, {"artifact": {"bytes": 2**80}},
    ],
)  # fmt: skip
def test_a_result_with_values_of_the_wrong_kind_is_a_run_all_the_same(paths, connection, result):
    read = ended(paths, connection, "wrong", result)
    assert read.run.state is RunState.SUCCEEDED
    assert run_of(document(read.run)) == read.run


def test_the_sizes_are_those_of_folder_and_zip_on_the_disk(paths, connection):
    folder = submitted(paths, "sized")
    paths.artifacts.mkdir(parents=True, exist_ok=True)
    paths.artifact(folder.run_id).write_bytes(bytes(100_000))
    runs.insert(connection, runs.NewRun(folder.run_id, "sized", 1.0, "me@here"))
    runs.request_cancel(connection, folder.run_id, at=3.0, by="me@here")
    read = read_run(paths, runs.get(connection, folder.run_id), None, None)
    assert read.run.bytes is not None
    assert 100_000 <= read.run.bytes < 200_000


def test_what_the_cache_may_know_later_is_marked(paths, connection):
    read = ended(paths, connection, "later", {"metrics": {"loss": 1.0}})
    assert read.unsure == METRICS_MISSING
    assert read.run.metrics == {"loss": MetricValues(None, 1.0)}


def test_a_folder_that_is_a_copy_of_another_is_a_problem(paths, connection):
    folder = submitted(paths, "copied")
    request = json.loads(folder.request.read_text())
    folder.request.write_text(json.dumps({**request, "id": run_id("other")}))
    runs.insert(connection, runs.NewRun(folder.run_id, "copied", 1.0, "me@here"))
    read = read_run(paths, runs.get(connection, folder.run_id), None, None)
    assert "the folder is a copy" in read.run.problem
