"""Comparisons of runs in real base directories: damaged folders, folders that go away, code, steps, memory."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path

import pytest
from many_runs import make_runs

from orp_tui.core.errors import UsageError
from orp_tui.core.layout import BasePaths
from orp_tui.services.comparison.chosen import chosen_runs
from orp_tui.services.comparison.code import compare_codes
from orp_tui.services.comparison.code_lines import code_lines, code_text
from orp_tui.services.comparison.export import exported
from orp_tui.services.comparison.facts import FactsReader
from orp_tui.services.comparison.reader import ComparisonReader
from orp_tui.services.comparison.sheet import sheet_of
from orp_tui.services.comparison.steps import align, metric_names
from orp_tui.services.comparison.values import CONFIG, LAST, RUN, VARIABLES, Comparison
from orp_tui.services.context import Context, open_context


@pytest.fixture
def lab(tmp_path: Path) -> Context:
    """A base directory with twelve runs."""
    (tmp_path / "orp.yaml").write_text("queue: {autostart: false}\n")
    make_runs(tmp_path / "experiments", 12)
    return open_context(start=tmp_path, base_dir=str(tmp_path / "experiments"))


def ids_of(context: Context) -> list[str]:
    return sorted(path.name for path in context.paths.runs.iterdir())


def look(context: Context, run_ids, **options) -> Comparison:
    with ComparisonReader(context) as reader:
        return reader.look(run_ids, **options)


def texts(found: Comparison, section: str, name: str) -> list[str]:
    return next(
        [cell.text for cell in row.cells] for row in found.rows if (row.section, row.name) == (section, name)
    )


def test_runs_are_compared_as_they_were_named_and_the_best_is_marked(lab):
    ids = ids_of(lab)[:4]

    found = look(lab, reversed(ids))

    assert [column.run_id for column in found.columns] == ids[::-1]
    best = next(row for row in found.rows if (row.section, row.name) == (LAST, "val_acc"))
    values = [cell.value for cell in best.cells if cell.is_best]
    assert values
    assert values[0] == max(cell.value for cell in best.cells if cell.value is not None)


def test_damaged_runs_and_those_without_a_folder_keep_their_column(lab):
    ids = ids_of(lab)[:3]
    look(lab, ids)
    (lab.paths.run(ids[1]).request).write_text("{bad")
    shutil.rmtree(lab.paths.run(ids[2]).folder)

    found = look(lab, ids)

    assert not found.columns[0].problem
    assert found.columns[1].problem or found.columns[1].state is not None
    assert "gone" in found.columns[2].problem
    assert len(texts(found, RUN, "state")) == 3
    for kind in ("text", "md", "csv", "latex", "json"):
        assert exported(sheet_of(found), kind)


def test_a_run_that_goes_away_while_it_is_looked_at_keeps_what_was_known(lab):
    ids = ids_of(lab)[:2]
    with ComparisonReader(lab) as reader:
        before = reader.look(ids)
        assert not reader.has_changed(ids) or not reader.has_changed(ids)
        shutil.rmtree(lab.paths.run(ids[1]).folder)

        assert reader.has_changed(ids)
        after = reader.look(ids)

    assert after.columns[1].name == before.columns[1].name
    assert "gone" in after.columns[1].problem
    assert texts(after, RUN, "submitted") == texts(before, RUN, "submitted")


def test_a_run_that_nobody_knows_has_a_column_too(lab):
    found = look(lab, [ids_of(lab)[0], "exp_20200101_000000_gone"])

    assert found.columns[1].state is None
    assert "not there" in found.columns[1].problem


def test_more_than_fifty_and_fewer_than_two_are_refused(lab):
    with pytest.raises(UsageError, match="at most 50"):
        look(lab, [f"exp_20200101_000000_{place:04}" for place in range(51)])
    with pytest.raises(UsageError, match="two runs"):
        chosen_runs(lab, [ids_of(lab)[0]])
    with pytest.raises(UsageError, match="finds none"):
        chosen_runs(lab, [], "name:there-is-no-such-name")


def test_runs_are_chosen_by_name_by_filter_and_with_a_baseline_of_its_own(lab):
    ids = ids_of(lab)

    found, base = chosen_runs(lab, [ids[3]], f"id:{ids[4][-4:]}", ids[5])

    assert found == [ids[3], ids[4], ids[5]]
    assert base == ids[5]


def test_secrets_in_an_environment_are_masked(lab):
    run_id = ids_of(lab)[0]
    record = {
        "names": ["WANDB_API_KEY", "URL"],
        "values": {"WANDB_API_KEY": "s3cret-canary", "URL": "https://u:s3cret-canary@host/"},
        "python": {"version": "3.11.1"},
    }
    (lab.paths.run(run_id).environment).write_text(json.dumps(record))

    found = look(lab, ids_of(lab)[:2])

    assert "s3cret-canary" not in exported(sheet_of(found), "json")
    assert any(row.section == VARIABLES and row.name == "WANDB_API_KEY" for row in found.rows)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", '{"python": 3}', '{"names": 7}', '{"host": []}', '{"python": {"packages": [1]}}'],
)
def test_a_damaged_environment_is_not_known_and_breaks_nothing(lab, text):
    ids = ids_of(lab)[:2]
    (lab.paths.run(ids[0]).environment).write_text(text)

    assert look(lab, ids).rows


@pytest.mark.parametrize("text", ["", "{", "[]", '{"items": 3}', '{"items": [{}], "final": true}'])
def test_a_damaged_checklist_breaks_nothing(lab, text):
    ids = ids_of(lab)[:2]
    (lab.paths.run(ids[0]).deliverables).write_text(text)

    assert look(lab, ids).rows


def test_a_file_is_read_again_only_if_it_is_another_one(lab, monkeypatch):
    ids = ids_of(lab)[:2]
    with ComparisonReader(lab) as reader:
        runs = reader.runs(ids)
    read = FactsReader(lab)
    first = read(runs[0])
    assert read(runs[0]).environment is first.environment or not first.environment
    (lab.paths.run(ids[0]).environment).write_text('{"python": {"version": "3.99"}}')

    assert read(runs[0]).environment["python"]["version"] == "3.99"


def test_a_metric_is_put_step_by_step_for_all_that_have_it(lab):
    ids = ids_of(lab)[:4]
    found = look(lab, ids)

    aligned = align(lab, found, "val_acc", rows=6)

    assert 2 <= len(aligned.places) <= 6
    assert aligned.lacking == ()
    for run_id, values in zip(ids, aligned.values, strict=True):
        last = next(row for row in found.rows if (row.section, row.name) == (LAST, "val_acc"))
        known = [value for value in values[0] if value is not None]
        assert known
        if values[0][-1] is not None:
            assert known[-1] == pytest.approx(last.cells[ids.index(run_id)].value)
    relative = aligned.sheet(relative=True)
    assert relative.rows[0].cells[1].value == pytest.approx(aligned.values[1][0][0] - aligned.values[0][0][0])
    assert align(lab, found, "no such metric").lacking == tuple(ids)
    assert "val_acc" in metric_names(found)
    for kind in ("text", "md", "csv", "latex", "json"):
        assert exported(relative, kind)


def test_steps_are_not_read_on_once_nobody_wants_them(lab):
    found = look(lab, ids_of(lab)[:4])
    asked = []

    aligned = align(
        lab, found, "val_acc", cancelled=lambda: len(asked) >= 2, progress=lambda done, _: asked.append(done)
    )

    assert asked == [0, 1]
    assert len(aligned.lacking) == 2


def test_long_histories_that_no_cache_has_are_not_all_in_memory(tmp_path):
    (tmp_path / "orp.yaml").write_text("queue: {autostart: false}\n")
    make_runs(tmp_path / "experiments", 4)
    context = open_context(start=tmp_path, base_dir=str(tmp_path / "experiments"))
    ids = ids_of(context)[:4]
    count = 60_000
    text = "".join(f'{{"step": {step}, "loss": {1 / (step + 1):.6g}}}\n' for step in range(count))
    for run_id in ids:
        context.paths.run(run_id).metrics.write_text(text)
    found = look(context, ids)
    align(context, found, "loss", rows=5)  # what is imported first counts for nothing
    tracemalloc.start()
    try:
        aligned = align(context, found, "loss", rows=40)
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()

    assert len(aligned.places) == 40
    assert [values[0][-1] for values in aligned.values] == pytest.approx([1 / count] * 4, rel=1e-4)
    assert left < 2 * count * 8  # of the points of one run not even all steps and values


def test_code_is_compared_by_groups_of_runs_that_share_a_tree(project):
    (project.folder / "train.py").write_text("one\n")
    first, second = project.submit("true"), project.submit("true", config={"lr": 1})
    (project.folder / "train.py").write_text("two\n```\n")
    third = project.submit("true")
    in_place = project.submit("true", workspace="in_place")
    with ComparisonReader(project.context) as reader:
        runs = reader.runs([first, second, third, in_place])

    found = compare_codes(project.context, runs, third)

    assert [group.run_ids for group in found.groups] == [(third,), (first, second), (in_place,)]
    assert [change.path for change in found.groups[1].changes or ()] == ["train.py"]
    assert "nothing was frozen" in found.groups[2].unknown
    lines = code_lines(found)
    assert ("-two", "removed") in [(line.text, line.kind) for line in lines]
    assert code_text(found, "md").startswith("````diff\n")
    assert json.loads(code_text(found, "json"))["same"] is False
    with pytest.raises(UsageError):
        code_text(found, "csv")
    same = compare_codes(project.context, runs[:2])
    assert same.is_same
    assert code_lines(same)[-1].text == "all ran the same code"


def test_config_of_runs_is_compared_by_dotted_key(project):
    first = project.submit("true", config={"lr": 0.1, "net": {"depth": 3}})
    second = project.submit("true", config={"lr": 0.2, "net": {"depth": 3}})

    found = look(project.context, [first, second]).only_differing()

    assert texts(found, CONFIG, "lr") == ["0.1", "0.2"]
    assert not [row for row in found.rows if row.name == "net.depth"]
    assert found.is_live


def test_an_empty_base_directory_has_nothing_to_compare(tmp_path):
    (tmp_path / "orp.yaml").write_text("queue: {autostart: false}\n")
    context = open_context(start=tmp_path, base_dir=str(tmp_path / "experiments"))

    assert not BasePaths.under(tmp_path / "experiments").database.exists()
    assert all(column.problem for column in look(context, ["exp_20200101_000000_aaaa"]).columns)
