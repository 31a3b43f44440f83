"""`orp clean`: shows first, moves to the trash, puts back, empties."""

from __future__ import annotations

import pytest
from desk import METRICS, Desk


@pytest.fixture
def done(desk: Desk) -> str:
    """The id of a run that succeeded."""
    found = desk.call("run", "--json", desk.write("good.yaml", deliverables=[METRICS]))
    run_id: str = found.json["experiment_id"]
    return run_id


def test_without_yes_it_only_shows(desk: Desk, done: str) -> None:
    shown = desk.call("clean")

    assert shown.code == 0
    head, row, total = shown.out.splitlines()
    assert head.split() == ["RUN", "WORKSPACE", "TOGETHER"]
    assert row.startswith(done)
    assert total.startswith("1 in all")
    assert "do it with --yes" in shown.err
    assert desk.call("clean", "--yes", "--dry-run").out == shown.out
    assert desk.run(done).workspace.is_dir()


def test_a_cleaned_run_says_so_until_it_is_put_back(desk: Desk, done: str) -> None:
    cleaned = desk.call("clean", "--yes", "--kinds", "workspace,logs", done)

    assert cleaned.code == 0, cleaned.err
    assert cleaned.out.startswith(f"{done}: workspace, logs moved to the trash (")
    info = desk.call("info", done).out
    assert "cleaned      workspace (" in info
    assert f"`orp clean --restore {done}` puts it back" in info
    assert desk.call("logs", done).out == "trained\n"  # from the zip

    assert desk.call("clean", "--restore", done).code == 0
    assert "\ncleaned" not in desk.call("info", done).out
    assert (desk.run(done).workspace / "out/m.json").exists()


def test_emptying_shows_first_and_then_nothing_comes_back(desk: Desk, done: str) -> None:
    desk.call("clean", "--yes")

    assert "do it with --yes" in desk.call("clean", "--empty-trash").err
    emptied = desk.call("clean", "--empty-trash", "--yes")

    assert emptied.out.startswith("the trash is empty; ")
    assert desk.call("clean", "--restore", done).code == 2
    assert "gone for good" in desk.call("info", done).out
    assert "nothing to clean" in desk.call("clean").err


def test_a_zip_that_was_cleaned_can_be_written_again(desk: Desk, done: str) -> None:
    desk.call("clean", "--yes", "--kinds", "artifacts")
    assert "zip          cleaned: on " in desk.call("info", done).out

    assert desk.call("artifacts", "bundle", done).code == 0
    assert desk.call("artifacts", "verify", done).code == 0
    assert "\ncleaned" not in desk.call("info", done).out


def test_running_runs_and_nonsense_are_refused(desk: Desk) -> None:
    run_id = desk.begin()

    refused = desk.call("clean", "--yes", run_id)

    assert refused.code == 2
    assert "only runs that have ended" in refused.err
    for words in (["--kinds", "everything"], ["--state", "running"], ["--older-than", "soon"]):
        assert desk.call("clean", *words).code == 2
    assert desk.call("clean", "--restore", run_id, "--empty-trash").code == 2


def test_what_was_cleaned_is_never_frozen_into_the_next_run(desk: Desk, done: str) -> None:
    desk.call("clean", "--yes")

    again = desk.call("run", "--dry-run", "--json", "good.yaml")

    assert again.code == 0
    assert "trash" not in again.out


def test_json_tells_all_that_goes_and_all_that_stays(desk: Desk, done: str) -> None:
    found = desk.call("clean", "--json", "--kinds", "workspace,artifacts").json

    assert [(item["run"], item["kind"]) for item in found["going"]] == [(done, "workspace")]
    assert found["going"][0]["path"] == f"runs/{done}/workspace"
    assert [item["kind"] for item in found["kept"]] == ["artifacts"]
    assert "only copy" in found["kept"][0]["kept"]


def test_only_what_a_filter_finds_is_cleaned(desk: Desk, done: str) -> None:
    other = desk.call("run", "--json", desk.write("other.yaml", "exit 1")).json["experiment_id"]

    cleaned = desk.call("clean", "--yes", "--filter", "state:failed size<1GB")

    assert cleaned.code == 0, cleaned.err
    assert other in cleaned.out
    assert done not in cleaned.out
    assert desk.run(done).workspace.is_dir()
    assert desk.call("clean", "--filter", "name:none").err.startswith("nothing to clean")
    assert desk.call("clean", done, "--filter", "name:good").code == 2
    assert "did you mean failed?" in desk.call("clean", "--filter", "state:faild").err
