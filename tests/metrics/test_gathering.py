"""All sources of a run in one loop: found, read on, resumed, and none in another's way."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from orp_tui.core.ports import MetricBatch
from orp_tui.core.series import Points
from orp_tui.metrics import gathering
from orp_tui.metrics.collecting import Collection
from orp_tui.metrics.declared import Declared
from orp_tui.metrics.discovery import Root
from orp_tui.metrics.gathering import Gatherer, Plan
from orp_tui.metrics.readers import registry
from orp_tui.metrics.sources import SourceSpec, Trust

SAMPLES = Path(__file__).parent / "samples"


def write(path: Path, *losses: float, start: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        for step, loss in enumerate(losses, start):
            file.write(json.dumps({"step": step, "loss": loss}) + "\n")
    return path


def own(path: Path) -> SourceSpec:
    return SourceSpec("jsonl", str(path), path.name, trust=Trust.OWN)


def values(collection: Collection) -> dict[str, list[float]]:
    collection.take()
    return {name: [value for _, value in series] for name, series in collection.series()[0].items()}


class Clock:
    """Stands still unless it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_sources_that_come_later_are_found_and_all_are_read_on(tmp_path):
    clock = Clock()
    collection = Collection(
        Gatherer(Plan((own(tmp_path / "m.jsonl"),), (Root(str(tmp_path / "w")),)), clock=clock)
    )
    assert values(collection) == {}

    write(tmp_path / "m.jsonl", 1, 2)
    write(tmp_path / "w/metrics.jsonl", 5)
    assert values(collection) == {"loss": [1, 2]}
    clock.now += 60
    write(tmp_path / "m.jsonl", 3, start=2)
    assert values(collection) == {"loss": [1, 2, 3], "loss [metrics.jsonl]": [5]}


def test_with_nothing_new_nothing_is_opened_and_nothing_is_listed(tmp_path, monkeypatch):
    clock = Clock()
    for place in range(5):
        write(tmp_path / f"{place}/metrics.jsonl", 1)
        os.utime(tmp_path / str(place), (1e9, 1e9))
    os.utime(tmp_path, (1e9, 1e9))
    gatherer = Gatherer(Plan(roots=(Root(str(tmp_path)),)), clock=clock)
    for _ in range(3):
        list(gatherer.batches())

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("more than a stat")

    for name in ("open", "scandir", "listdir"):
        monkeypatch.setattr(os, name, forbidden)
    assert list(gatherer.batches()) == []
    clock.now += 3600
    assert list(gatherer.batches()) == []


def test_a_gatherer_made_with_marks_brings_only_what_is_new(tmp_path):
    write(tmp_path / "metrics.jsonl", 1, 2)
    write(tmp_path / "a/metrics.jsonl", 3)
    plan = Plan(roots=(Root(str(tmp_path)),))
    first = Gatherer(plan)
    list(first.batches())
    marks = json.loads(json.dumps(first.marks))
    write(tmp_path / "a/metrics.jsonl", 4, start=1)

    second = Gatherer(plan, marks)
    news = [each for each in second.batches() if each.batch.points]

    assert [(each.source.label, list(each.batch.points["loss"].values)) for each in news] == [
        ("a/metrics.jsonl", [4])
    ]
    assert second.marks.keys() == marks.keys()


def test_damaged_marks_mean_from_the_beginning(tmp_path):
    write(tmp_path / "metrics.jsonl", 1, 2)
    gatherer = Gatherer(
        Plan((own(tmp_path / "metrics.jsonl"),)), {own(tmp_path / "metrics.jsonl").key: {"offset": "x"}}
    )

    assert len(next(gatherer.batches()).batch.points["loss"]) == 2


def test_a_last_line_without_its_end_is_taken_after_a_whole_look_or_at_once_if_all_is_over(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text('{"step": 0, "loss": 1}\n{"step": 1, "loss": 2}')
    live, over = (Collection(Gatherer(Plan((own(path),), is_final=final))) for final in (False, True))

    assert values(live) == {"loss": [1]}
    assert values(live) == {"loss": [1, 2]}
    assert values(over) == {"loss": [1, 2]}


def test_a_long_source_is_left_where_the_time_is_over_and_others_have_their_turn(tmp_path):
    moments = iter(range(1_000_000))
    write(tmp_path / "long.jsonl", *range(60_000))
    write(tmp_path / "short.jsonl", 1)
    plan = Plan((own(tmp_path / "long.jsonl"), own(tmp_path / "short.jsonl")))
    gatherer = Gatherer(plan, clock=lambda: float(next(moments)))

    first = [each.source.label for each in gatherer.batches(until=next(moments) + 6)]
    assert first[:2] == ["long.jsonl", "short.jsonl"]
    assert not gatherer.is_complete
    rest = [each.source.label for each in gatherer.batches()]
    assert "long.jsonl" in rest
    assert gatherer.is_complete


def test_a_file_that_begins_anew_is_told_anew(tmp_path):
    path = write(tmp_path / "m.jsonl", 1, 2, 3)
    collection = Collection(Gatherer(Plan((own(path),))))
    assert values(collection) == {"loss": [1, 2, 3]}

    path.unlink()
    write(path, 9)
    assert values(collection) == {"loss": [9]}


def test_trouble_with_one_source_is_told_in_words_and_touches_no_other(tmp_path):
    write(tmp_path / "good.jsonl", 1)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "bad.jsonl").write_text("no json\nnone either\n")
    plan = Plan(tuple(own(tmp_path / name) for name in ("fifo", "bad.jsonl", "good.jsonl")))
    collection = Collection(Gatherer(plan))

    assert values(collection) == {"loss": [1]}
    assert collection.troubles == (
        "fifo is no regular file", "bad.jsonl, line 1: no JSON object: no json; 1 more bad record",
    )  # fmt: skip
    assert (collection.bad, collection.first_bad) == (2, "bad.jsonl, line 1: no JSON object: no json")


def test_event_files_of_a_training_that_was_started_again_are_one_line_beside_that_of_a_table(tmp_path):
    shutil.copytree(SAMPLES / "tfevents" / "restarted", tmp_path / "runs/a")
    expected = json.loads((SAMPLES / "tfevents" / "expected.json").read_text())["restarted"]["loss"]
    (tmp_path / "results.csv").write_text("step,loss\n1,0.5\n2,\n3,nan\n")
    collection = Collection(Gatherer(Plan(roots=(Root(str(tmp_path)),))))
    collection.take()
    series, origins = collection.series()

    assert [value for _, value in series["loss"]][:1] == [0.5]
    merged = {step: value for step, value, _ in expected}
    assert list(series["loss [runs/a]"]) == sorted(merged.items())
    assert {name: origin.source.kind for name, origin in origins.items()} == {
        "loss": "csv", "loss [runs/a]": "tfevents",
    }  # fmt: skip


def test_declared_sources_take_the_place_of_what_would_be_found(tmp_path):
    write(tmp_path / "metrics.jsonl", 1)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/odd.txt").write_text("step,loss\n1,5\n")
    (tmp_path / "deep/log.out").write_text("step 1 loss 7.5\nthe answer is 42\n")
    (tmp_path / "deep/old.txt").write_text("step,loss\n1,6\n")
    os.utime(tmp_path / "deep/old.txt", (1e9, 1e9))
    shutil.copytree(SAMPLES / "tfevents" / "torch_writer", tmp_path / "tb")
    root = Root(str(tmp_path), since=1.5e9)
    for path in (tmp_path / "tb").rglob("*"):
        os.utime(path)

    def gathered(*declared: Declared) -> dict[str, str]:
        collection = Collection(Gatherer(Plan(roots=(root,), declared=declared, is_final=True)))
        collection.take()
        return {name: origin.source.label for name, origin in collection.series()[1].items()}

    assert gathered(Declared("csv", "**/*.txt")) == {"loss": "deep/odd.txt"}
    assert set(gathered(Declared("tfevents", "tb/**")).values()) == {
        "tb",
        "tb/trial",
        "tb/both_a",
        "tb/both_b",
    }
    assert gathered(Declared("tfevents", "tb")) == gathered(Declared("tfevents", "tb/**"))
    pattern = r"the answer is (?P<answer>\d+)"
    assert gathered(Declared("stdout", "deep/*.out", (pattern,)))["answer"] == "deep/log.out"


def test_what_a_declared_glob_reaches_outside_is_refused_in_words(tmp_path):
    write(tmp_path / "outside/m.jsonl", 1)
    (tmp_path / "w").mkdir()
    (tmp_path / "w/out").symlink_to(tmp_path / "outside")
    root = Root(str(tmp_path / "w"))

    gatherers = [
        Gatherer(Plan(roots=(root,), declared=(Declared("jsonl", glob),)))
        for glob in ("out/m.jsonl", "../outside/*.jsonl", "out/*.jsonl", "none/*")
    ]
    for gatherer in gatherers:
        assert list(gatherer.batches()) == []

    assert "leaves its folder" in gatherers[1].troubles[0]
    assert gatherers[3].troubles == ()


class Endless:
    """A plug-in's reader that never comes to an end."""

    mark: ClassVar[dict[str, int]] = {}

    def __init__(self, path: str, **_: object) -> None:
        self.path = path

    def changed(self) -> bool:
        return True

    def read(self, *, final: bool = False) -> MetricBatch:
        return MetricBatch(more=True)


def test_a_reader_that_always_has_more_and_brings_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_maker", lambda source: Endless)
    monkeypatch.setattr(gathering, "_MOST_EMPTY", 10)
    collection = Collection(Gatherer(Plan((own(tmp_path / "m"),))))
    collection.take()

    assert collection.is_complete
    assert collection.troubles == ("m says that there is more, and brings nothing",)


class Broken(Endless):
    def read(self, *, final: bool = False) -> MetricBatch:
        raise RuntimeError("\x1b[31mno")


class Strange(Endless):
    def read(self, *, final: bool = False) -> MetricBatch:
        return {"loss": Points.of([1], [1])}  # type: ignore[return-value]


class Unmade(Endless):
    def __init__(self, path: str, **_: object) -> None:
        raise KeyError("path")


class Markless(Endless):
    mark = property(lambda self: 1 / 0)  # type: ignore[assignment]


class EntryPoint:
    def __init__(self, name: str, found: object) -> None:
        self.name, self.module, self.dist, self.found = name, "theirs", None, found

    def load(self) -> object:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        (Broken, "m the plug-in of theirs is broken: RuntimeError: no"),
        (Strange, "m the plug-in of theirs is broken: TypeError: it gave dict, no MetricBatch"),
        (Unmade, "m the plug-in of theirs is broken: KeyError: 'path'"),
        (Markless, "m the plug-in of theirs is broken: ZeroDivisionError: division by zero"),
        (ImportError("no torch here"), "m the plug-in of theirs is broken: ImportError: no torch here"),
        (None, "m the plug-in of theirs is broken: TypeError: 'NoneType' object is not callable"),
    ],
)
def test_a_broken_plug_in_is_named_and_all_others_are_read(tmp_path, monkeypatch, reader, said):
    write(tmp_path / "good.jsonl", 1)
    monkeypatch.setattr(registry, "_entry_point", lambda kind: EntryPoint(kind, reader))
    plan = Plan((SourceSpec("theirs", str(tmp_path / "m"), "m"), own(tmp_path / "good.jsonl")))
    collection = Collection(Gatherer(plan))

    assert values(collection) == {"loss": [1]}
    assert list(collection.troubles) == [said]
    assert json.dumps(Gatherer(plan).marks)


def test_a_kind_that_nobody_reads_is_said(tmp_path):
    collection = Collection(Gatherer(Plan((SourceSpec("parchment", str(tmp_path / "m"), "m"),))))
    collection.take()

    assert collection.troubles[0].startswith("m no reader called parchment here; a package")


def test_a_plug_in_is_read_as_our_own_kinds_are(tmp_path, monkeypatch):
    class Good(Endless):
        def read(self, *, final: bool = False) -> MetricBatch:
            return MetricBatch({"theirs": Points.of([1], [float(len(self.path))])})

        def changed(self) -> bool:
            return False

    monkeypatch.setattr(registry, "_entry_point", lambda kind: EntryPoint(kind, Good))
    (tmp_path / "file.odd").touch()
    plan = Plan(roots=(Root(str(tmp_path)),), declared=(Declared("odd", "*.odd"),), is_final=True)

    assert values(Collection(Gatherer(plan))) == {"theirs": [len(str(tmp_path / "file.odd"))]}


def test_every_kind_that_an_experiment_file_may_name_can_be_read():
    from orp_tui.config.spec_rest import READERS

    assert set(READERS) <= set(registry.kinds())
    for kind in registry._READERS:
        source = SourceSpec(
            kind.partition(" ")[0],
            "/nowhere",
            "x",
            run="r" if kind.endswith("database") or kind == "trackio" else "",
        )
        reader = registry.open_reader(source)
        assert reader.read().trouble == "", kind


def test_only_the_metrics_that_are_asked_for_are_brought(tmp_path):
    path = tmp_path / "m.jsonl"
    path.write_text('{"step": 1, "loss": 1, "val/loss": 2, "lr": 3, "sys/cpu": 4}\n')
    log = tmp_path / "log"
    log.write_text("step 1 loss 5 frobs: 7 widgets: 8\n")
    sources = (own(path), SourceSpec("stdout", str(log), "log", trust=Trust.LOG))

    def names(**wanted: tuple[str, ...]) -> set[str]:
        return set(values(Collection(Gatherer(Plan(sources, is_final=True, **wanted)))))

    assert names(include=("*loss", "frobs")) == {"loss", "val/loss", "frobs", "sys/cpu"}
    assert names(include=("*loss",), exclude=("val/*", "sys/*")) == {"loss"}


def test_a_tree_that_is_built_up_and_torn_down_meanwhile_raises_nothing(tmp_path):
    root, over = tmp_path / "w", threading.Event()
    root.mkdir()

    def churn() -> None:
        dice = random.Random(0)
        while not over.is_set():
            folder = root / f"{dice.randrange(6)}/lightning_logs"
            step = dice.randrange(5)
            with contextlib.suppress(OSError):
                if step == 0:
                    shutil.rmtree(folder.parent, ignore_errors=True)
                elif step == 1:
                    folder.parent.rename(root / f"{dice.randrange(6)}")
                elif step == 2:
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / "metrics.csv").symlink_to("/dev/zero")
                elif step == 3:
                    os.mkfifo(folder / "metrics.jsonl")
                elif not (folder / "metrics.jsonl").is_fifo():  # to open one would wait for a reader for ever
                    folder.mkdir(parents=True, exist_ok=True)
                    write(folder / "metrics.jsonl", dice.random())

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        clock = Clock()
        collection = Collection(Gatherer(Plan(roots=(Root(str(root)),)), clock=clock))
        for _ in range(150):
            clock.now += 60
            collection.take()
            collection.series()
    finally:
        over.set()
        thread.join()

    write(root / "last/metrics.jsonl", 42)
    clock.now += 60
    assert any(42 in each for each in values(collection).values())
