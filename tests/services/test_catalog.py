"""The catalogue lists what store and folders hold, whatever has happened to its own file."""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import statistics
import time
from pathlib import Path

import pytest
from many_runs import make_runs
from run_folders import claimed, run_id, started, submitted

from orp_tui.core.columns import parse_column, value_of
from orp_tui.core.filters.folding import folded
from orp_tui.core.filters.parse import parse
from orp_tui.core.filters.values import config_number
from orp_tui.core.past_run import PastRun
from orp_tui.core.states import RunState
from orp_tui.files import locks
from orp_tui.services import catalog as catalog_module
from orp_tui.services import catalog_catch_up
from orp_tui.services.annotations import Star, Tag, annotate
from orp_tui.services.catalog import Catalog, Query, SortKey
from orp_tui.services.context import open_context
from orp_tui.services.rebuild import rebuild
from orp_tui.store import database, removed, runs

COUNT = 80


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    base = tmp_path_factory.mktemp("many") / "experiments"
    make_runs(base, COUNT)
    return base


@pytest.fixture
def context(made, tmp_path):
    shutil.copytree(made, tmp_path / "experiments")
    return open_context(start=tmp_path, base_dir=str(tmp_path / "experiments"))


@pytest.fixture
def catalog(context):
    found = Catalog(context)
    yield found
    found.close()


def everything(catalog: Catalog, text: str = "is:archived | -is:archived", *sort: SortKey) -> list[PastRun]:
    found = catalog.rows(catalog.find(Query(parse(text), sort)).numbers)
    assert None not in found
    return [run for run in found if run is not None]


def ids(found: list[PastRun]) -> list[str]:
    return [run.id for run in found]


def stored_ids(context) -> list[str]:
    with context.store() as connection:
        return [run.id for run in runs.newest(connection, -1)]


def test_every_run_of_the_store_is_listed_newest_first(context, catalog):
    assert catalog.catch_up().read == COUNT
    assert ids(everything(catalog)) == stored_ids(context)
    assert catalog.find(Query()).total == COUNT


def test_archived_runs_are_left_out_unless_the_filter_speaks_of_them(catalog):
    catalog.catch_up()
    hidden = [run.id for run in everything(catalog) if run.is_archived]
    assert hidden
    assert not set(hidden) & set(ids(everything(catalog, "")))
    assert ids(everything(catalog, "is:archived")) == hidden


def test_a_question_before_anybody_has_caught_up_is_answered(catalog):
    assert len(everything(catalog)) == COUNT


def test_where_nothing_was_ever_run_nothing_is_listed_and_nothing_made(tmp_path):
    catalog = Catalog(open_context(start=tmp_path, base_dir=str(tmp_path / "none")))
    assert catalog.catch_up().read == 0
    assert catalog.find(Query()).total == 0
    assert catalog.vocabulary().names == ()
    catalog.close()
    assert not (tmp_path / "none").exists()


def test_runs_that_come_into_an_empty_place_are_seen_by_who_looked_before(made, tmp_path):
    catalog = Catalog(open_context(start=tmp_path, base_dir=str(tmp_path / "experiments")))
    assert catalog.find(Query()).total == 0
    shutil.copytree(made, tmp_path / "experiments")
    catalog.catch_up()
    assert catalog.find(Query()).total == COUNT
    catalog.close()
    assert (tmp_path / "experiments/state/catalog.db").exists()


def order(column, run: PastRun, now: float) -> tuple[object, ...]:
    """What SQL sorts by: numbers before texts, texts without upper case."""
    value = value_of(column, run, now)
    if column.kind == "cfg" and isinstance(value, str | bool):
        number = config_number(value)
        value = number if number is not None else str(value).lower() if isinstance(value, bool) else value
    return (1, folded(value)) if isinstance(value, str) else (0, value)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "id", "name", "state", "reason", "age", "submitted", "duration", "seed", "deliverables", "size", "tags", "star",
        "note", "by", "parent", "exit", "primary", "cfg.lr", "cfg.optimizer", "cfg.amp", "cfg.scheduler", "cfg.none",
        "metric.val_acc", "best.val_loss", "min.val_acc", "max.val_loss", "first.val_acc",
    ],
)  # fmt: skip
def test_runs_are_sorted_by_a_column_with_those_that_have_none_last(catalog, name, descending):
    column, now = parse_column(name), time.time()
    newest = everything(catalog)
    known = [run for run in newest if value_of(column, run, now) not in (None, "")]
    # Python keeps what is alike in its order, newest first, in both directions.
    wanted = sorted(known, key=lambda run: order(column, run, now), reverse=descending)
    wanted += [run for run in newest if value_of(column, run, now) in (None, "")]
    assert ids(everything(catalog, "is:archived | -is:archived", SortKey(column, descending))) == ids(wanted)


def test_a_second_column_orders_what_is_alike_in_the_first(catalog):
    model, acc = parse_column("cfg.model.name"), parse_column("metric.val_acc")
    found = everything(catalog, "state:succeeded", SortKey(model), SortKey(acc, descending=True))
    keys = [(run.config["model.name"], -(run.metrics["val_acc"].last or 0.0)) for run in found]
    assert keys == sorted(keys)


def test_what_somebody_says_of_a_run_is_seen_and_no_other_run_is_read_again(context, catalog):
    catalog.catch_up()
    before, chosen = catalog.version(), ids(everything(catalog, "-is:damaged"))[7]
    with context.store() as connection:
        annotate(context, connection, [chosen], Tag(add=("Übung",)), by="me@here")
    assert catalog.catch_up().read == 1
    assert catalog.version() != before
    assert chosen in ids(everything(catalog, "tag:ÜBUNG"))


def test_where_nothing_is_new_nothing_is_read_or_written(context, catalog):
    catalog.catch_up()
    path = context.paths.catalog
    before = os.stat(path).st_mtime_ns, catalog.version()
    for other in (catalog, Catalog(context)):
        assert other.catch_up().read == 0
        assert (os.stat(path).st_mtime_ns, other.version()) == before
        other.close()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: os.stat(path).st_size // 2])


def scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 8192):
        data[start : start + 300] = os.urandom(300)
    path.write_bytes(data)


def of_another_version(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def of_another_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE entry (number)")
    connection.close()


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARM = [Path.unlink, emptied, garbage, torn, scribbled, of_another_version, of_another_program, a_folder]


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("is_open", [True, False])
def test_a_catalogue_that_is_of_no_use_is_made_again(context, catalog, harm, is_open):
    catalog.catch_up()
    wanted = everything(catalog)
    if not is_open:
        catalog.close()
    harm(context.paths.catalog)
    # Harm that SQLite does not see at once is met by a question, which makes all of it again.
    catalog.catch_up()
    assert ids(everything(catalog)) == ids(wanted)
    assert everything(catalog, "", SortKey(parse_column("cfg.lr")))
    assert catalog.groups(Query(), [parse_column("name")], [parse_column("metric.val_acc")])


def test_damaged_folders_are_one_run_each_that_says_what_is_wrong(context, catalog):
    chosen = stored_ids(context)[:5]
    folders = [context.paths.run(run_id) for run_id in chosen]
    folders[0].request.write_text("{")
    shutil.rmtree(folders[1].folder)
    folders[2].result.write_text('{"metrics": 3}')
    folders[3].request.unlink()
    folders[4].result.write_bytes(b"\xff\xfe")
    catalog.catch_up()
    found = {run.id: run.problem for run in everything(catalog)}
    assert len(found) == COUNT
    assert "request.json cannot be read: it is no JSON" in found[chosen[0]]
    assert found[chosen[1]] == "its folder is gone"
    assert found[chosen[3]] == "request.json is missing"
    assert found[chosen[4]].startswith("result.json is damaged")
    assert {run_id for run_id in found if found[run_id]} == {*chosen} - {chosen[2]}
    assert set(ids(everything(catalog, "is:damaged -is:archived | is:damaged is:archived"))) == {*chosen} - {
        chosen[2]
    }


@pytest.mark.parametrize(
    "request_text",
    [
        "[]",
        "null",
        "3",
        '"text"',
        "{}",
        '{"id": 5}',
        '{"config": []}',
        "[" * 5000,
        '{"id": "\\ud800"}',
        "\0" * 100,
    ],
)
def test_any_request_gives_one_run(context, catalog, request_text):
    chosen = stored_ids(context)[0]
    context.paths.run(chosen).request.write_text(request_text)
    catalog.catch_up()
    found = {run.id: run for run in everything(catalog)}
    assert len(found) == COUNT
    assert found[chosen].problem


@pytest.mark.parametrize(
    "values",
    [
        {"config": 5, "experiment": [], "submitted_by": 7, "parent": {}, "resume_of": [], "tree": 1, "argv": 3},
        {"config": {"a" * 5000: "b" * 5000, "": {"": {}}, "\ud800": "\ud801", "n": [1, {"api_key": "canary"}]}},
        {"config": {"big": 10**400, "huge": 2**63, "neg": -(2**63) - 1}, "experiment": {"training": {"config": 3}}},
        {"config": {str(number): number for number in range(5000)}},
        {"experiment": {"metrics": {"primary": {"name": "x\ud800", "at": {"best": 5}}}}},
    ],
)  # fmt: skip
def test_hostile_values_of_a_request_are_kept_as_far_as_they_can_be(context, catalog, values):
    chosen = stored_ids(context)[0]
    path = context.paths.run(chosen).request
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    catalog.catch_up()
    assert ids(everything(catalog)) == stored_ids(context)
    assert catalog.runs_of([chosen])[0].problem == ""


def test_no_secret_gets_into_the_catalogue(context, catalog):
    chosen = stored_ids(context)[0]
    path = context.paths.run(chosen).request
    request = json.loads(path.read_text())
    token = "ghp_" + "c4N4ry" * 6
    request["config"] = {
        "wandb": {"api_key": "canary-one"}, "password": "canary-two", "url": f"https://{token}@x.org",
        "list": [{"hf_token": "canary-three"}, token], "max_tokens": 512, "secret_number": 987654321,
    }  # fmt: skip
    path.write_text(json.dumps(request))
    catalog.catch_up()
    found = catalog.runs_of([chosen])[0].config
    assert found["max_tokens"] == 512
    assert found["wandb.api_key"] == "********"
    data = context.paths.catalog.read_bytes()
    assert b"canary" not in data
    assert b"c4N4ry" not in data
    assert "987654321" not in str(found)


def test_a_folder_that_the_database_does_not_know_is_listed_once_it_is_old_enough(
    context, catalog, monkeypatch
):
    catalog.catch_up()
    folder = submitted(context.paths, "stranger")
    monkeypatch.setattr(catalog_catch_up, "FRESH_S", 0.0)
    catalog.catch_up()
    assert catalog.runs_of([folder.run_id]) == []
    monkeypatch.setattr(catalog_catch_up, "YOUNG_S", -1.0)
    catalog.catch_up()
    (found,) = catalog.runs_of([folder.run_id])
    assert "orp doctor --rebuild" in found.problem
    assert found.name == "stranger"
    rebuild(context.paths)
    catalog.catch_up()
    assert catalog.runs_of([folder.run_id])[0].problem == ""
    assert catalog.find(Query()).total == COUNT + 1


def test_a_strange_folder_that_goes_is_forgotten_and_one_that_is_garbage_is_listed(
    context, catalog, monkeypatch
):
    monkeypatch.setattr(catalog_catch_up, "FRESH_S", 0.0)
    monkeypatch.setattr(catalog_catch_up, "YOUNG_S", -1.0)
    folder = context.paths.run(run_id("strange"))
    folder.folder.mkdir()
    folder.request.write_text("garbage")
    catalog.catch_up()
    (found,) = catalog.runs_of([folder.run_id])
    assert "cannot be read" in found.problem
    assert found.submitted_at > 0
    shutil.rmtree(folder.folder)
    catalog.catch_up()
    assert catalog.runs_of([folder.run_id]) == []


def test_a_folder_that_goes_later_is_noticed(context, catalog, monkeypatch):
    monkeypatch.setattr(catalog_catch_up, "FRESH_S", 0.0)
    catalog.catch_up()
    chosen = stored_ids(context)[3]
    shutil.rmtree(context.paths.run(chosen).folder)
    catalog.catch_up()
    assert catalog.runs_of([chosen])[0].problem == "its folder is gone"


def test_a_folder_that_is_back_is_read_again(context, catalog, monkeypatch, tmp_path):
    monkeypatch.setattr("orp_tui.services.catalog_catch_up.FRESH_S", -1.0)
    chosen = ids(everything(catalog))[2]
    before = catalog.runs_of([chosen])
    folder = context.paths.run(chosen).folder
    away = folder.rename(tmp_path / "away")
    catalog.catch_up()
    assert catalog.runs_of([chosen])[0].problem == "its folder is gone"

    away.rename(folder)
    catalog.catch_up()

    assert catalog.runs_of([chosen]) == before


def test_a_run_whose_row_is_taken_away_is_listed_no_more(context, catalog):
    catalog.catch_up()
    chosen = stored_ids(context)[5]
    number = catalog.numbers_of([chosen])
    shutil.rmtree(context.paths.run(chosen).folder)
    with context.store() as connection, database.transaction(connection):
        removed.take_out(connection, chosen, at=5.0, actor="me@here")
    catalog.catch_up()
    assert catalog.rows(number) == [None]
    assert catalog.runs_of([chosen]) == []
    assert catalog.find(Query()).total == COUNT - 1


def test_another_database_with_other_runs_is_followed(context, catalog):
    catalog.catch_up()
    gone, tagged = stored_ids(context)[:2]
    shutil.rmtree(context.paths.run(gone).folder)
    with context.paths.run(tagged).notes.open("a") as notes:
        notes.write('{"kind": "tag", "add": ["late"], "remove": []}\n')
    context.paths.database.unlink()
    catalog.catch_up()
    assert sorted(ids(everything(catalog))) == sorted(stored_ids(context))
    assert gone not in ids(everything(catalog))
    assert "late" in catalog.runs_of([tagged])[0].tags


def test_catching_up_is_cancelled_between_batches_and_goes_on_where_it_was(context, catalog, monkeypatch):
    monkeypatch.setattr(catalog_catch_up, "BATCH", 10)
    said: list[tuple[int, int]] = []
    done = catalog.catch_up(lambda *words: said.append(words), lambda: len(said) > 3)
    assert (done.read, done.left) == (30, COUNT - 30)
    assert catalog.find(Query()).total == 30
    # The newest come first: they are what a list begins with.
    assert ids(everything(catalog)) == stored_ids(context)[:30]
    other = Catalog(context)
    assert other.catch_up().read == COUNT - 30
    other.close()
    assert said[0] == (0, COUNT)


def test_while_another_process_writes_what_is_there_is_listed(context, catalog, monkeypatch):
    monkeypatch.setattr(catalog_module, "WAIT_S", 0.05)
    catalog.catch_up()
    with context.store() as connection:
        annotate(context, connection, stored_ids(context)[:1], Star(), by="me@here")
    lock = locks.take(context.paths.catalog_lock)
    assert lock is not None
    try:
        assert catalog.catch_up().is_busy
        assert len(everything(catalog)) == COUNT
    finally:
        os.close(lock)
    assert catalog.catch_up().read == 1


def test_where_nothing_can_be_written_runs_are_listed_all_the_same(context, catalog):
    catalog.catch_up()
    catalog.close()
    context.paths.catalog_lock.unlink()
    context.paths.catalog_lock.mkdir()  # opening it fails, as in a folder that is read-only
    before = os.stat(context.paths.catalog).st_mtime_ns
    with context.store() as connection:
        annotate(context, connection, stored_ids(context)[:1], Tag(add=("new",)), by="me@here")
    done = catalog.catch_up()
    assert (done.read, done.problem) == (1, "")
    assert len(everything(catalog)) == COUNT
    assert ids(everything(catalog, "tag:new is:archived | tag:new")) == stored_ids(context)[:1]
    assert os.stat(context.paths.catalog).st_mtime_ns == before


def test_where_there_is_no_place_at_all_the_old_catalogue_is_asked_and_the_problem_said(
    context, catalog, monkeypatch
):
    catalog.catch_up()
    context.paths.catalog_lock.unlink()
    context.paths.catalog_lock.mkdir()

    def no_room(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(catalog_module.tempfile, "TemporaryDirectory", no_room)
    done = catalog.catch_up()
    assert "cannot be written" in done.problem
    assert len(everything(catalog)) == COUNT


def test_a_resumed_run_names_the_one_that_goes_on_from_it(context, catalog):
    first = submitted(context.paths, "first", submitted_at=10.0)
    catalog.catch_up()
    with context.store() as connection:
        runs.insert(connection, runs.NewRun(first.run_id, "first", 10.0, "me@here"))
    second = submitted(context.paths, "second", submitted_at=20.0, resume_of=first.run_id)
    with context.store() as connection:
        runs.insert(connection, runs.NewRun(second.run_id, "second", 20.0, "me@here"))
    catalog.catch_up()
    before, after = catalog.runs_of([first.run_id, second.run_id])
    assert (before.resumed_by, after.resumed_by) == (second.run_id, None)
    assert ids(everything(catalog, "is:chain-end name:second")) == [second.run_id]
    with context.store() as connection:
        runs.request_cancel(connection, first.run_id, at=30.0, by="me@here")
    catalog.catch_up()
    assert catalog.runs_of([first.run_id])[0].resumed_by == second.run_id
    shutil.rmtree(second.folder)
    with context.store() as connection, database.transaction(connection):
        removed.take_out(connection, second.run_id, at=5.0, actor="me@here")
    catalog.catch_up()
    assert catalog.runs_of([first.run_id])[0].resumed_by is None


def test_a_run_whose_supervisor_was_killed_is_listed_as_it_truly_stands(context, catalog):
    folder = submitted(context.paths, "dead")
    with context.store() as connection:
        runs.insert(connection, runs.NewRun(folder.run_id, "dead", time.time(), "me@here"))
        run = runs.claim(connection, runs.get(connection, folder.run_id), at=1.0)
        runs.move(connection, run, "start", at=2.0, started_at=2.0)
    claimed(folder)
    started(folder)
    catalog.catch_up()
    (found,) = catalog.runs_of([folder.run_id])
    assert found.state is RunState.LOST
    assert ids(everything(catalog, "state:lost id:dead")) == [folder.run_id]


def test_groups_count_their_members_and_take_only_samples_for_the_mean(catalog):
    keys, acc = [parse_column("cfg.model.name"), parse_column("cfg.amp")], parse_column("metric.val_acc")
    catalog.catch_up()
    query = Query(parse("-state:cancelled"))
    found = catalog.groups(query, keys, [acc, parse_column("metric.none")])
    everybody = everything(catalog, "-state:cancelled")
    assert sum(group.count for group in found) == len(everybody)
    for group in found:
        members = [run for run in everybody if (run.config["model.name"], run.config["amp"]) == group.values]
        assert ids(everything_of(catalog, Query(group.filter))) == ids(members)
        assert len(members) == group.count
        samples = [
            run.metrics["val_acc"].last for run in members if run.state is RunState.SUCCEEDED and not run.resumed_by
        ]  # fmt: skip
        interval = group.metrics["metric.val_acc"]
        assert interval.n == len(samples)
        assert group.metrics["metric.none"].n == 0
        if samples:
            assert math.isclose(interval.mean, statistics.fmean(samples))
        if len(samples) > 1:
            assert interval.low < interval.mean < interval.high


def everything_of(catalog: Catalog, query: Query) -> list[PastRun]:
    return [run for run in catalog.rows(catalog.find(query).numbers) if run is not None]


@pytest.mark.parametrize(
    "name",
    [
        "name", "state", "reason", "detail", "seed", "note", "group", "project", "by", "parent", "batch", "variant",
        "commit", "host", "exit", "primary", "star", "zip", "cfg.scheduler", "cfg.none", "cfg.lr", "cfg.data.size",
        "metric.val_acc", "best.val_loss", "first.lr", "id", "deliverables",
    ],
)  # fmt: skip
def test_the_filter_of_a_group_finds_its_members_and_nobody_else(catalog, name):
    found = catalog.groups(Query(), [parse_column(name)], [])
    every = [run.id for group in found for run in everything_of(catalog, Query(group.filter))]
    assert sorted(every) == sorted(ids(everything(catalog, "")))
    for group in found:
        assert len(catalog.find(Query(group.filter)).numbers) == group.count


def test_a_null_of_a_config_and_a_config_without_the_key_are_two_groups(context, catalog):
    chosen = stored_ids(context)[:3]
    for chosen_id, value in zip(chosen, ({"x": None}, {"x": "null"}, {}), strict=True):
        path = context.paths.run(chosen_id).request
        path.write_text(json.dumps({**json.loads(path.read_text()), "config": value}))
    these = " | ".join(f"id={chosen_id}" for chosen_id in chosen)
    query = Query(parse(f"({these}) (is:archived | -is:archived)"))
    found = catalog.groups(query, [parse_column("cfg.x")], [])
    # `cfg.x=null` finds a null and the word alike.
    assert [group.count for group in found] == [2, 1]
    assert [len(catalog.find(Query(group.filter)).numbers) for group in found] == [2, 1]


def test_seeds_of_one_experiment_are_one_variant(context, catalog):
    catalog.catch_up()
    by_batch: dict[str, set[str]] = {}
    for run in everything(catalog):
        if run.batch and not run.retry_of:
            by_batch.setdefault(run.batch, set()).add(run.variant)
    assert by_batch
    assert all(len(variants) == 1 for variants in by_batch.values())
    assert len(set.union(*by_batch.values())) == len(by_batch)


def test_the_vocabulary_has_what_occurs(catalog):
    catalog.catch_up()
    found = catalog.vocabulary()
    assert "model.name" in found.config_keys
    assert "val_acc" in found.metrics
    assert "resnet50" in found.values["model.name"]
    assert set(found.reasons) >= {"ok", "exit_code"}
    assert set(found.tags) <= {"baseline", "paper", "best", "broken", "ablation", "keep", "to-check"}
