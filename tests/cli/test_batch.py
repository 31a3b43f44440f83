"""`orp batch`: the experiments of a folder in one submission."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from desk import Desk

from orp_tui.core.states import RunState

STOPPED = "queue: {autostart: false}\n"


def still(desk: Desk) -> None:
    """Nothing starts by itself."""
    (desk.folder / "orp.yaml").write_text(STOPPED)


def folder(desk: Desk, **scripts: str) -> str:
    """A folder with these experiments."""
    (desk.folder / "exps").mkdir()
    for name, script in scripts.items():
        desk.write(f"exps/{name}.yaml", script, experiment=name)
    return "exps"


def test_a_folder_is_queued_in_the_order_of_names_and_what_is_none_is_named(desk: Desk) -> None:
    still(desk)
    place = folder(desk, b="true", a="true")
    (desk.folder / "exps" / "list.yml").write_text("- 1\n")

    done = desk.call("batch", place)

    ids = done.out.split()
    assert done.code == 0
    assert [desk.row(run_id).name for run_id in ids] == ["a", "b"]
    assert {desk.row(run_id).batch for run_id in ids} == {ids[0]}
    assert "skipped exps/list.yml: without the key experiment or training" in done.err
    assert f"end: orp cancel --batch {ids[0]}" in done.err


def test_one_invalid_file_shows_all_problems_and_queues_nothing(desk: Desk) -> None:
    still(desk)
    place = folder(desk, a="true")
    (desk.folder / "exps" / "b.yaml").write_text("experiment: 3\n")
    (desk.folder / "exps" / "c.yaml").write_text("training: {script: echo, tiemout: 1}\n")

    done = desk.call("batch", place)

    assert (done.code, done.out) == (2, "")
    assert "exps/b.yaml:1" in done.err
    assert "tiemout" in done.err
    assert not desk.paths.runs.exists()


def test_waiting_gives_1_if_any_fails_and_writes_junit(desk: Desk) -> None:
    done = desk.call("batch", folder(desk, a="true", b="exit 3"), "--wait", "--junit", "r.xml", "--json")

    assert done.code == 1
    assert [item["status"] for item in done.json] == ["succeeded", "failed"]
    assert ET.parse(desk.folder / "r.xml").getroot().attrib["failures"] == "1"


def test_forty_do_not_start_if_the_smoke_run_fails(desk: Desk) -> None:
    done = desk.call("batch", folder(desk, a="exit 3", b="true", c="true"), "--smoke", "--wait", "--json")

    assert done.code == 1
    assert [item["status"] for item in done.json] == ["failed", "cancelled", "cancelled"]


def test_what_has_succeeded_is_not_queued_again_and_said_with_its_id(desk: Desk) -> None:
    place = folder(desk, a="true", b="true")
    first = desk.call("run", "exps/a.yaml", "--json").json["experiment_id"]

    done = desk.call("batch", place, "--unless-exists", "--set", "+x=1", "--json")
    again = desk.call("batch", "exps/a.yaml", "--unless-exists", "--json")
    single = desk.call("run", "exps/a.yaml", "--unless-exists")

    assert len(done.json["runs"]) == 2  # other values are another experiment
    assert again.json["runs"] == []
    assert again.json["existed"] == [{"id": first, "name": "a"}]
    assert f"a: has succeeded already as {first}; not queued" in single.err
    assert single.code == 0


def test_the_flags_of_the_queue_reach_every_run(desk: Desk) -> None:
    still(desk)
    first = desk.call("run", "--detach", desk.write("first.yaml")).out.strip()
    place = folder(desk, a="true", b="true")

    done = desk.call(
        "batch",
        place,
        "--after",
        f"{first}:any",
        "--in",
        "2h",
        "--held",
        "--group",
        "g",
        "--priority",
        "high",
    )

    for run_id in done.out.split():
        run = desk.row(run_id)
        assert (run.after[0].run_id, run.after[0].on) == (first, "any")
        assert (run.held, run.group, run.priority) == (True, "g", 10)
        assert 7100 < run.starts_at - run.submitted_at < 7300  # type: ignore[operator]


def test_flags_that_make_no_sense_are_refused_in_one_line(desk: Desk) -> None:
    still(desk)
    place = folder(desk, a="true")

    for words, said in {
        ("--junit", "r.xml"): "--junit needs --wait",
        ("--at", "22:00", "--in", "2h"): "not both",
        ("--at", "noon"): "noon: no time",
        ("--in", "long"): "long",
        ("--at", "+2h"): "for --in",
        ("--priority", "urgent"): "no priority",
        ("--after", "nope"): "nope: no such run",
        ("--parallel", "2", "--group", "g"): "group of its own",
        ("--parallel", "0"): "--parallel",
    }.items():
        done = desk.call("batch", place, *words)
        assert done.code == 2, words
        assert said in done.err
        assert "Traceback" not in done.err
    assert desk.call("batch", "nowhere").code == 2
    assert not list(desk.paths.runs.glob("exp_*"))


def test_several_seeds_of_a_file_are_one_batch(desk: Desk) -> None:
    still(desk)
    name = desk.write("e.yaml", training={"seeds": [5, 6]})

    ids = desk.call("run", "--detach", name).out.split()

    assert [desk.row(run_id).seed for run_id in ids] == [5, 6]
    assert {desk.row(run_id).batch for run_id in ids} == {ids[0]}
    assert desk.row(desk.call("run", "--detach", "--seed", "1", name).out.strip()).batch is None


def test_a_batch_is_cancelled_by_the_id_of_its_first(desk: Desk) -> None:
    still(desk)
    ids = desk.call("batch", folder(desk, a="true", b="true")).out.split()
    other = desk.call("run", "--detach", "exps/a.yaml").out.strip()

    done = desk.call("cancel", "--batch", ids[0])

    assert done.out.splitlines() == [f"{run_id}: cancelled" for run_id in ids]
    assert desk.state(other) is RunState.QUEUED
    assert desk.call("cancel", "--batch", ids[0]).err == "no such run\n"
