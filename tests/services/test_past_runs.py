"""Past runs in Python: found, gone through, and as tables."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import pytest
from many_runs import make_runs

import orp_tui
from orp_tui.core.columns import PLAIN, Column, value_of
from orp_tui.core.errors import ArchiveError, MissingExtra, RunNotFound, StoreError, UsageError
from orp_tui.core.filters.errors import FilterError
from orp_tui.core.layout import BasePaths
from orp_tui.core.past_run import PastRun
from orp_tui.core.states import RunState
from orp_tui.services.past_run_frames import FACTS
from orp_tui.store import database, runs


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A base directory of 240 runs that nobody changes."""
    folder = tmp_path_factory.mktemp("past") / "experiments"
    make_runs(folder, 240, until=1.79e9)
    return folder


@pytest.fixture
def own(tmp_path):
    """A base directory of 30 runs, for those who change it."""
    folder = tmp_path / "experiments"
    make_runs(folder, 30, until=1.79e9)
    return folder


@pytest.fixture
def without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)


def test_all_runs_are_there_newest_first_and_none_that_is_archived(base):
    found = orp_tui.runs(base_dir=base)

    times = [run.submitted_at for run in found]
    assert times == sorted(times, reverse=True)
    assert found.total == 240
    assert 200 < len(found) == len(times) < 240
    assert not any(run.is_archived for run in found)
    assert len(found) + len(orp_tui.runs("is:archived", base_dir=base)) == 240
    assert repr(found) == f"<Runs: {len(found)} of 240>"


def test_a_filter_finds_what_it_says(base):
    found = orp_tui.runs("state:succeeded cfg.optimizer:adam cfg.lr<1e-3", base_dir=base)

    assert len(found) > 3
    for run in found:
        assert run.state is RunState.SUCCEEDED
        assert "adam" in str(run.config["optimizer"])
        assert float(run.config["lr"]) < 1e-3


def test_a_mistake_in_a_filter_is_shown_with_its_place(base):
    with pytest.raises(FilterError) as caught:
        orp_tui.runs("state:succeeded cfg.lr<<3", base_dir=base)

    assert caught.value.position >= len("state:succeeded ")
    assert "^" in str(caught.value)


def test_a_sort_takes_several_columns_and_a_minus_turns_one_round(base):
    found = orp_tui.runs("has:metric.val_acc", base_dir=base, sort=["cfg.optimizer", "-best.val_acc"])

    pairs = [(str(run["cfg.optimizer"]), -float(run["best.val_acc"])) for run in found]
    assert pairs == sorted(pairs)
    with pytest.raises(UsageError, match="is no column"):
        orp_tui.runs(base_dir=base, sort="accuracy")


def test_a_limit_and_slices_are_parts(base):
    whole = orp_tui.runs(base_dir=base)

    assert [run.id for run in orp_tui.runs(base_dir=base, limit=3)] == [run.id for run in whole[:3]]
    assert whole[-1].id == list(whole)[-1].id
    assert [run.id for run in whole[::50]] == [run.id for run in whole][::50]
    assert len(orp_tui.runs(base_dir=base, limit=0)) == 0
    with pytest.raises(IndexError):
        whole[len(whole)]
    with pytest.raises(UsageError, match="limit"):
        orp_tui.runs(base_dir=base, limit=-1)


def test_a_run_has_its_facts_and_any_column_by_name(base):
    run = orp_tui.runs("has:metric.val_acc", base_dir=base)[0]

    assert run["cfg.model.name"] == run.config["model.name"]
    assert run["metric.val_acc"] == run.metrics["val_acc"].last
    assert run["cfg.nobody"] is None
    assert run.metric_names == tuple(sorted(run.metrics))
    assert run.folder.name == run.id
    with pytest.raises(UsageError, match="is no column"):
        run["nonsense"]
    with pytest.raises(AttributeError):
        run.name = "other"


def test_a_history_has_every_point_and_a_wrong_name_is_told_with_the_near_ones(base):
    run = orp_tui.runs("state:succeeded", base_dir=base)[0]
    lines = [json.loads(line) for line in run.folder.joinpath("metrics.jsonl").read_text().splitlines()]

    history = run.history("val_acc")

    assert list(history) == [(line["step"], line["val_acc"]) for line in lines]
    assert list(history.times) == [line["time"] for line in lines]
    assert len(history) == 12
    with pytest.raises(UsageError, match="did you mean val_acc"):
        run.history("val_ac")


def test_what_was_printed_comes_from_the_folder_or_from_the_zip(own):
    import zipfile

    first, second = orp_tui.runs("state:succeeded", base_dir=own)[:2]
    assert first.stdout == (first.folder / "training_stdout.txt").read_text()
    paths = BasePaths.under(own)
    paths.artifacts.mkdir()
    with zipfile.ZipFile(paths.artifact(second.id), "w") as archive:
        archive.writestr("training_stdout.txt", b"caf\xe9\n")
        archive.writestr("output/model.pt", b"x" * 10)
    (second.folder / "training_stdout.txt").unlink()

    assert second.stdout == "caf�\n"
    assert [(item.name, item.bytes) for item in second.artifacts] == [
        ("training_stdout.txt", 5),
        ("output/model.pt", 10),
    ]
    assert first.artifacts == ()
    assert first.artifacts_path is None
    with pytest.raises(UsageError, match="neither in its folder nor in a zip"):
        _ = first.stderr
    paths.artifact(second.id).write_bytes(b"no zip at all")
    with pytest.raises(ArchiveError):
        _ = second.artifacts


def test_a_run_that_was_removed_since_is_left_out_and_told(own):
    found = orp_tui.runs(base_dir=own)
    first = found[0].id
    again = orp_tui.runs(base_dir=own)
    with database.opened(BasePaths.under(own).database) as connection, database.transaction(connection):
        connection.execute("DELETE FROM run WHERE id = ?", (first,))
    for path in (BasePaths.under(own).run(first).folder).iterdir():
        path.unlink()
    BasePaths.under(own).run(first).folder.rmdir()
    newer = orp_tui.runs(base_dir=own)

    assert len(newer) == len(again) - 1
    assert first not in [run.id for run in again]
    with pytest.raises(RunNotFound, match="removed"):
        again[0]


def test_an_index_that_was_made_anew_is_told(own):
    found = orp_tui.runs(base_dir=own)
    BasePaths.under(own).catalog.unlink()

    with pytest.raises(StoreError, match="made anew"):
        found[0]


def test_groups_have_means_with_intervals(base):
    found = orp_tui.runs("state:succeeded", base_dir=base)

    groups = found.groups("cfg.model.name", "val_acc")

    assert sum(group.count for group in groups) == len(found)
    names = [group.values[0] for group in groups]
    assert names == sorted(names)
    shown = groups[0].metrics["metric.val_acc"]
    own = [run for run in found if run.config["model.name"] == names[0] and run.resumed_by is None]
    assert shown.n == len(own)
    assert shown.mean == pytest.approx(sum(run.metrics["val_acc"].last for run in own) / len(own))
    with pytest.raises(UsageError, match="part"):
        found[:5].groups("cfg.model.name")


def test_where_nothing_was_run_there_is_nothing_and_a_wrong_folder_is_told(tmp_path):
    (tmp_path / "experiments").mkdir()

    found = orp_tui.runs(base_dir=tmp_path / "experiments")

    assert (len(found), found.total, list(found)) == (0, 0, [])
    with pytest.raises(UsageError, match="no such base directory"):
        orp_tui.runs(base_dir=tmp_path / "experiment")


def test_each_fact_of_a_table_is_the_column_of_that_name(base):
    for run in orp_tui.runs(base_dir=base)[:50]:
        for name in set(FACTS) & set(PLAIN) - {"duration"}:
            _, value = FACTS[name]
            plain = value_of(Column(name), run, 0.0)
            assert value(run) == plain, name
    assert set(PLAIN) - set(FACTS) == {"age"}


def test_a_table_has_a_row_a_run_and_the_right_kinds(base):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    found = orp_tui.runs("has:metric.val_acc", base_dir=base, sort="-best.val_acc")

    table = found.to_pandas()

    assert list(table["id"]) == [run.id for run in found]
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    assert kinds["submitted"] == "datetime64[us, UTC]"
    assert kinds["seed"] == kinds["cfg.batch_size"] == "Int64"
    assert kinds["cfg.augment" if "cfg.augment" in kinds else "cfg.data.augment"] == "boolean"
    assert kinds["cfg.lr"] == kinds["metric.val_acc"] == kinds["duration"] == "float64"
    assert kinds["cfg.optimizer"].startswith(("str", "string"))
    first = found[0]
    assert table["submitted"][0] == pandas.Timestamp(first.submitted_at, unit="s", tz="UTC").round("us")
    assert table["metric.val_acc"][0] == first.metrics["val_acc"].last
    assert table["cfg.scheduler"].isna().any()


def test_a_table_of_chosen_columns_has_these_in_their_order(base):
    pytest.importorskip("pandas", reason="pandas is not installed")
    found = orp_tui.runs(base_dir=base)

    table = found.to_pandas(["cfg.nobody", "best.val_acc", "id", "age", "archived", "problem"])

    assert list(table) == ["cfg.nobody", "best.val_acc", "id", "age", "archived", "problem"]
    assert table["cfg.nobody"].isna().all()
    assert len(table) == len(found)
    with pytest.raises(UsageError, match="is no column"):
        found.to_pandas(["accuracy"])
    with pytest.raises(UsageError, match="a list of names"):
        found.to_pandas("id")


def test_values_of_several_kinds_and_large_numbers_keep_what_they_are(own):
    pytest.importorskip("pandas", reason="pandas is not installed")
    from orp_tui.services.past_run_frames import _array, _kind_of

    assert _kind_of([1, None, 2.5]) == "float64"
    assert _kind_of([1, 2**70]) == "float64"
    assert _kind_of([True, 1]) == "object"
    assert _kind_of([None, None]) == "object"
    assert list(_array("object", ["a", 1, None])) == ["a", 1, None]
    assert list(_array("time", [1e300, None, float("nan"), 0.0]).isna()) == [True, True, True, False]


def test_empty_runs_are_an_empty_table(base):
    pytest.importorskip("pandas", reason="pandas is not installed")

    table = orp_tui.runs("name:nobody-has-it", base_dir=base).to_pandas()

    assert len(table) == 0
    assert str(table["submitted"].dtype) == "datetime64[us, UTC]"
    assert len(orp_tui.runs("name:nobody-has-it", base_dir=base).history("val_acc")) == 0


def test_histories_of_all_runs_are_one_long_table(base):
    pytest.importorskip("pandas", reason="pandas is not installed")
    found = orp_tui.runs("state:succeeded", base_dir=base)[:5]

    table = found.history("val_acc")

    assert list(table) == ["run", "name", "seed", "step", "value", "time"]
    assert len(table) == 5 * 12
    assert list(table["run"].unique()) == [run.id for run in found]
    assert list(table["value"][:12]) == list(found[0].history("val_acc").values)
    assert str(table["time"].dtype) == "datetime64[us, UTC]"
    assert list(found[0].history("val_acc").to_pandas()) == ["step", "value", "time"]
    with pytest.raises(UsageError, match=r"none of these 5 runs has logged 'vall_acc'; did you mean val_acc"):
        found.history("vall_acc")


def test_without_pandas_the_extra_is_named_and_the_rest_goes(base, without_pandas):
    found = orp_tui.runs("state:succeeded", base_dir=base)[:2]

    for ask in (found.to_pandas, lambda: found.history("val_acc"), found[0].history("val_acc").to_pandas):
        with pytest.raises(MissingExtra, match=r"pip install 'open-research-pipeline\[pandas\]'"):
            ask()
    pairs = list(found.histories("val_acc"))
    assert [(run.id, len(history)) for run, history in pairs] == [(run.id, 12) for run in found]


def test_a_damaged_run_is_one_record_that_says_so(own):
    found = orp_tui.runs(base_dir=own)
    broken = found[0]
    (broken.folder / "request.json").write_text('{"id": ')
    with database.opened(BasePaths.under(own).database) as connection, database.transaction(connection):
        runs.touch(connection, broken.id, at=0.0, actor="test", kind=None, detail=None)

    again = {run.id: run for run in orp_tui.runs(base_dir=own)}

    assert again[broken.id].problem
    assert len(again) == len(found)


def test_importing_the_package_loads_neither_the_index_nor_pandas():
    script = "import sys, orp_tui; print(sorted(name for name in sys.modules if 'pandas' in name or 'orp_tui.' in name))"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_rows_are_fetched_in_any_thread(base):
    found = orp_tui.runs(base_dir=base)
    seen = []

    thread = threading.Thread(target=lambda: seen.extend(run.id for run in found))
    thread.start()
    thread.join()

    assert seen == [run.id for run in found]


def test_a_record_is_a_past_run(tmp_path):
    record = orp_tui.RunRecord.of(PastRun("exp_1", "a", RunState.LOST, 0.0), BasePaths.under(tmp_path))

    assert isinstance(record, PastRun)
    assert repr(record) == "<RunRecord exp_1 'a' lost>"
    assert record["duration"] is None
