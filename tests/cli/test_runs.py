"""`orp runs`: found, sorted, grouped, saved, and indexed once."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, desks
from many_runs import make_runs
from pseudo_terminal import terminal

from orp_tui.services.views import View

COUNT = 300


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A project with made-up runs; do not change it."""
    folder = tmp_path_factory.mktemp("many")
    with desks(folder / "desk", settings="queue: {autostart: false}\n") as desk:
        make_runs(desk.paths.base, COUNT)
        first, second, *_ = sorted(path for path in desk.paths.runs.iterdir() if path.is_dir())
        (first / "request.json").write_text('{"half')
        shutil.rmtree(second)
        assert desk.call("runs").code == 0
        yield desk


@pytest.fixture
def three(desk: Desk) -> tuple[Desk, list[str]]:
    """Three runs that wait, oldest first; the second is tagged, the third archived."""
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    ids = []
    for number, name in enumerate(("one", "two", "three")):
        path = desk.write(f"{name}.yaml", training={"config": {"lr": 10.0**-number, "opt": "adam"}})
        ids.append(desk.call("run", "--detach", path).out.strip())
    desk.call("tag", ids[1], "+paper")
    desk.call("archive", ids[2])
    return desk, ids


def ids(desk: Desk, *words: str) -> list[str]:
    done = desk.call("runs", *words, "--json")
    assert done.code == 0, done.err
    return [item["id"] for item in done.json]


def rows(desk: Desk, *words: str) -> list[dict[str, str]]:
    done = desk.call("runs", *words, "--csv", "-n", "0")
    assert done.code == 0, done.err
    return list(csv.DictReader(io.StringIO(done.out)))


def test_a_filter_is_words_of_which_some_begin_with_a_dash(three: tuple[Desk, list[str]]) -> None:
    desk, (first, second, third) = three

    assert ids(desk) == [second, first]
    assert ids(desk, "tag:paper") == [second]
    assert ids(desk, "-tag:paper") == [first]
    assert ids(desk, "-name:two") == [first]  # -n is an option, -name: is not
    assert ids(desk, "-n1", "state:queued") == [second]
    assert ids(desk, "cfg.lr>=0.1", "cfg.opt:adam", "-two") == [first]
    assert ids(desk, "name:one | tag:paper") == [second, first]
    assert [item["id"] for item in desk.call("runs", "--json", "--", "-two").json] == [first]
    assert ids(desk, "--all") == [third, second, first]
    assert ids(desk, "--archived") == ids(desk, "is:archived") == [third]


def test_what_changes_is_seen_at_once(three: tuple[Desk, list[str]]) -> None:
    desk, (first, second, third) = three

    desk.call("star", first)
    desk.call("tag", second, "-paper")
    desk.call("archive", third, "--remove")
    desk.call("note", first, "a zebra")
    desk.call("cancel", second)

    assert ids(desk, "is:starred") == ids(desk, "zebra") == [first]
    assert ids(desk, "tag:paper") == []
    assert ids(desk, "state:cancelled") == [second]
    assert ids(desk) == [third, second, first]
    desk.call("rm", "--yes", second)
    assert ids(desk) == [third, first]
    desk.call("clean", "--restore", second)
    assert ids(desk) == [third, second, first]


@pytest.mark.parametrize(
    ("words", "says", "lines"),
    [
        (["cfg.lr>>1"], "no number", 3),
        (["state:faild"], "state", 3),
        (["(a"], "(a", 3),
        (["--sort", "nmae"], "did you mean name?", 1),
        (["--columns", "id,metric."], "is no column", 1),
        (["--group-by", "colour"], "is no column", 1),
        (["--group-by", "name", "--sort", "age"], "can't be sorted by age", 1),
        (["--view", "nothing"], "no view is called 'nothing'", 1),
        (["--drop-view", "nothing"], "no view is called 'nothing'", 1),
        (["--save-view", "a\x1b[2J"], "can be no view's name", 1),
        (["--json", "--csv"], "one of --json and --csv", None),
        (["--all", "--archived"], "one of --all and --archived", None),
    ],
)
def test_bad_input_is_told_with_its_place(many: Desk, words: list[str], says: str, lines: int | None) -> None:
    done = many.call("runs", *words)

    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert "\x1b" not in done.err
    if lines is not None:
        assert len(done.err.splitlines()) == lines
    if lines == 3:
        assert set(done.err.splitlines()[2].strip()) == {"^"}


def test_columns_are_shown_in_their_order_with_numbers_to_the_right(many: Desk) -> None:
    out = many.call("runs", "--columns", "cfg.lr,id,metric.val_acc", "-n", "4").out

    heading, *lines = out.splitlines()
    assert heading.split() == ["lr", "RUN", "val_acc"]
    assert len({len(line) for line in lines if not line.endswith("-")} | {len(heading)}) == 1
    added = many.call("runs", "--columns", "+cfg.optimizer", "-n", "1").out.splitlines()[0]
    assert added.split()[0] == "RUN"
    assert added.split()[-1] == "optimizer"


def test_sorting_goes_by_several_columns_and_what_is_missing_stands_last(many: Desk) -> None:
    found = rows(many, "--columns", "id,cfg.optimizer,best.val_acc", "--sort", "cfg.optimizer,-best.val_acc")

    keys = [(row["cfg.optimizer"] or "\uffff", -float(row["best.val_acc"] or "-inf")) for row in found]
    assert keys == sorted(keys)
    assert len({row["cfg.optimizer"] for row in found}) > 2


def test_reverse_turns_the_order_round(many: Desk) -> None:
    newest = [row["id"] for row in rows(many)]

    assert [row["id"] for row in rows(many, "--reverse")] == newest[::-1]
    by_name = [row["name"] for row in rows(many, "--sort", "name", "--reverse")]
    assert by_name == sorted(by_name, reverse=True)


def test_groups_are_a_tree_with_mean_interval_and_n(many: Desk) -> None:
    data = many.call(
        "runs", "--group-by", "name,cfg.optimizer", "--columns", "metric.val_acc", "--json", "-n", "0"
    ).json
    table = many.call("runs", "--group-by", "name,cfg.optimizer", "--columns", "metric.val_acc", "-n", "0")

    heading, *lines = table.out.splitlines()
    assert heading.split() == ["GROUP", "RUNS", "val_acc"]
    assert sum(line.startswith("  ") for line in lines) == len(data)
    assert any("±" in line and "(n=" in line for line in lines)
    total = sum(int(line.split()[1]) for line in lines if not line.startswith(" "))
    assert total == sum(item["runs"] for item in data) == len(rows(many))
    one = max(data, key=lambda item: item["metrics"]["metric.val_acc"]["n"])
    values = one["values"]
    found = rows(many, f"name={values['name']}", f"cfg.optimizer={values['cfg.optimizer']}")
    assert len(found) == one["runs"]
    interval = one["metrics"]["metric.val_acc"]
    assert interval["low"] < interval["mean"] < interval["high"]


def test_groups_are_sorted_by_their_means_and_written_as_csv(many: Desk) -> None:
    words = ("--group-by", "name", "--sort", "-metric.val_acc")
    found = rows(many, *words)

    means = [float(row["metric.val_acc mean"]) for row in found if row["metric.val_acc mean"]]
    assert means == sorted(means, reverse=True)
    assert list(found[0]) == [
        "name",
        "runs",
        *(f"metric.val_acc {end}" for end in ("n", "mean", "low", "high")),
    ]
    limited = many.call("runs", *words, "-n", "2")
    assert len(limited.out.splitlines()) == 3
    assert "more groups" in limited.err


def test_damaged_runs_are_said_and_found(many: Desk) -> None:
    found = many.call("runs", "is:damaged", "-n", "0")

    assert found.code == 0
    assert [("! damaged" in line) for line in found.out.splitlines()] == [False, True, True]
    assert found.err.count("orp: exp_") == 2
    assert "its folder is gone" in found.out
    assert all(item["problem"] for item in many.call("runs", "is:damaged", "--json").json)


def test_damaged_runs_are_red_in_a_terminal(many: Desk) -> None:
    with terminal(many, "runs", "is:damaged", "-n", "1", columns=200) as made:
        assert made.end() == 0
    assert b"\x1b[31;1m! damaged" in made.seen


def test_the_rest_is_told(many: Desk) -> None:
    total = len(rows(many, "--all"))

    assert f"50 of {len(rows(many)):,} runs; -n 0 shows all" in many.call("runs").err
    assert f"none of {total:,} runs" in many.call("runs", "nothing-is-called-so").err
    assert many.call("runs", "nothing-is-called-so", "--json").json == []


def test_a_list_that_is_empty_says_why(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    run_id = desk.call("run", "--detach", desk.write("e.yaml")).out.strip()
    desk.call("archive", run_id)
    assert desk.call("runs").err == "none of 1 runs is shown: all are archived; --all\n"

    desk.call("cancel", run_id)
    desk.call("rm", "--yes", run_id)
    assert desk.call("runs").err == "there are no runs\n"


def test_views_are_saved_listed_shown_and_dropped(three: tuple[Desk, list[str]]) -> None:
    desk, _ = three
    shown = ("cfg.lr<=1 | tag:none", "--sort", "cfg.lr", "--columns", "name,cfg.lr")

    saved = desk.call("runs", *shown, "--save-view", "small")
    again = desk.call("runs", "--view", "SMALL")
    more = desk.call("runs", "--view", "small", "-tag:paper", "--columns", "name")
    listed = desk.call("runs", "--views", "--json").json

    assert saved.code == 0
    assert "view small saved" in saved.err
    assert again.out == saved.out
    assert [line.split() for line in saved.out.splitlines()] == [["NAME", "lr"], ["two", "0.1"], ["one", "1"]]
    assert more.out.split() == ["NAME", "one"]
    assert listed == [View("small", shown[0], ("name", "cfg.lr"), ("cfg.lr",)).to_json()]
    assert "small" in desk.call("runs", "--views").out
    assert desk.call("runs", "--drop-view", "small").out == "view small: dropped\n"
    assert desk.call("runs", "--views").out == ""


def test_names_and_config_values_from_outside_act_on_no_terminal(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    config = {"training": {"config": {"lr\x1b[2J": "\x1b]52;c;aGk=\x07", "k": "a,b\nc"}}}
    desk.call("run", "--detach", desk.write("e.yaml", experiment="[red]\x1b[31m\u202e", **config))

    for words in (
        ("--columns", "name,cfg.k"),
        ("--group-by", "cfg.k"),
        ("--group-by", "name", "--csv"),
        ("--columns", "name,cfg.k", "--csv"),
    ):
        done = desk.call("runs", *words)
        assert done.code == 0, done.err
        assert not {"\x1b", "\x07", "\u202e"} & set(done.out + done.err)


def test_an_unwritable_state_folder_keeps_no_list_from_being_shown(three: tuple[Desk, list[str]]) -> None:
    desk, (first, second, _) = three
    (desk.paths.state / "catalog.db").unlink(missing_ok=True)
    (desk.paths.state / "catalog.db").mkdir()

    assert ids(desk) == [second, first]


def test_a_damaged_index_is_made_anew(three: tuple[Desk, list[str]]) -> None:
    desk, (first, second, _) = three
    (desk.paths.state / "catalog.db").write_bytes(b"x" * 10_000)

    assert ids(desk, "state:queued") == [second, first]


def test_ctrl_c_stops_the_indexing_and_what_is_indexed_is_kept(tmp_path: Path) -> None:
    with desks(tmp_path / "desk", settings="queue: {autostart: false}\n") as desk:
        make_runs(desk.paths.base, 2_400)
        with terminal(desk, "runs", "-n", "1", columns=160) as made:
            made.until(b"indexing runs")
            made.process.send_signal(signal.SIGINT)
            assert made.end() == 130
        assert b"stopped;" in made.seen
        assert b"Traceback" not in made.seen
        assert len(ids(desk, "--all", "-n", "0")) >= 2_400


def test_the_words_of_a_shell_completion_come_from_the_index(many: Desk) -> None:
    def completed(line: str) -> list[str]:
        words = line.split(" ")
        variables = {"_ORP_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        done = many.finish(env=many.variables(**variables))
        return [text.partition(",")[2] for text in done.out.splitlines()]

    assert "cfg.optimizer" in " ".join(completed("orp runs cfg.opt"))
    assert "state:failed" in completed("orp runs state:fai")
    assert "id,metric.val_acc" in completed("orp runs --columns id,metric.val_a")
    assert "cfg.lr" in completed("orp runs --sort cfg.l")


def test_listing_imports_nothing_heavy(many: Desk) -> None:
    code = (
        "import sys; from orp_tui.cli.main import main; assert main(['runs', 'state:failed', '-n', '3']) == 0;"
        "print(sorted({'pydantic', 'yaml', 'numpy', 'scipy', 'plotext', 'textual'} & set(sys.modules)), file=sys.stderr)"
    )
    done = many.shell(f'python -c "{code}"')

    assert done.err.splitlines()[-1] == "[]", done.err


def test_an_index_of_another_process_is_waited_for_and_then_used_as_it_is(
    three: tuple[Desk, list[str]],
) -> None:
    desk, (first, second, _) = three
    assert ids(desk) == [second, first]
    from orp_tui.files import locks

    lock = locks.take(desk.paths.state / "catalog.lock")
    try:
        done = desk.call("runs")
    finally:
        os.close(lock)

    assert "another process is indexing runs" in done.err
    assert second in done.out


def test_a_folder_that_is_gone_is_one_damaged_row(three: tuple[Desk, list[str]]) -> None:
    desk, (first, _, _) = three
    shutil.rmtree(desk.run(first).folder)
    desk.call("runs")

    item = next(item for item in desk.call("runs", "--json").json if item["id"] == first)

    assert "gone" in (item["problem"] or "") + (item["detail"] or "")
    assert json.dumps(item)
