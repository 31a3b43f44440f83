"""Where a run comes from and what came of it; what is missing or goes in a circle is said."""

from __future__ import annotations

import dataclasses

import pytest

from orp_tui.core.past_run import MetricValues, PastRun
from orp_tui.core.states import RunState
from orp_tui.services import lineage as subject
from orp_tui.services.catalog import Sample
from orp_tui.services.lineage import lineage
from orp_tui.services.lineage_drawing import branch, seed_words, stem, value_words


class Entries:
    """The catalogue's answers from runs in memory."""

    def __init__(self, *runs):
        self.runs = {run.id: run for run in runs}

    def runs_of(self, run_ids):
        return [self.runs[run_id] for run_id in run_ids if run_id in self.runs]

    def children_of(self, run_ids, most=10_000):
        wanted = set(run_ids)
        found = [run for run in self.runs.values() if wanted & {run.parent, run.retry_of, run.resume_of}]
        return sorted(found, key=lambda run: (run.submitted_at, run.id))[:most]

    def samples_of(self, variants):
        return [
            Sample(run.variant, run.tree, run.primary, run.primary_value, run.seed)
            for run in self.runs.values()
            if run.variant in variants
            and run.state is RunState.SUCCEEDED
            and run.resumed_by is None
            and run.primary_value is not None
        ]


def run(run_id, value=None, *, variant="", state=RunState.SUCCEEDED, goal="maximize", primary="acc", **more):
    return PastRun(
        run_id,
        f"name of {run_id}",
        state,
        submitted_at=float(ord(run_id[0])),
        primary=primary,
        primary_value=value,
        variant=variant or f"v-{run_id}",
        metrics={primary: MetricValues(last=value, goal=goal)} if primary else {},
        tree="t",
        **more,
    )


def drawn(found):
    return [f"{branch(row)}{row.link} {row.run_id}".replace("child ", "") for row in found.rows]


def test_the_line_of_ancestors_and_all_that_was_made_from_a_run_is_one_tree():
    entries = Entries(
        run("a"), run("b", parent="a"), run("c", parent="b"), run("d", parent="c"), run("e", parent="b"), run("f", parent="a")
    )  # fmt: skip

    found = lineage(entries, "b")

    assert drawn(found) == [" a", "└─ b", "   ├─ c", "   │  └─ d", "   └─ e"]
    assert found.row_of("a").more == 1
    assert [row.run_id for row in found.below("b")] == ["c", "e"]
    assert [stem(row, has_below=bool(found.below(row.run_id))) for row in found.rows] == [
        "│  ", "   │  ", "   │  │  ", "   │        ", "         ",
    ]  # fmt: skip


def test_only_up_only_down_and_a_depth():
    entries = Entries(run("a"), run("b", parent="a"), run("c", parent="b"), run("d", parent="c"))

    assert [row.run_id for row in lineage(entries, "c", down=False).rows] == ["a", "b", "c"]
    assert [row.run_id for row in lineage(entries, "b", up=False).rows] == ["b", "c", "d"]
    near = lineage(entries, "b", depth=1)
    assert [(row.run_id, row.more) for row in near.rows] == [("a", 0), ("b", 0), ("c", 1)]
    assert [row.run_id for row in lineage(entries, "b", depth=0).rows] == ["b"]


def test_a_retry_and_a_resume_hang_below_what_they_go_on_from_though_they_have_its_parent_too():
    entries = Entries(
        run("a"),
        run("b", parent="a", state=RunState.FAILED),
        run("c", parent="a", retry_of="b", state=RunState.FAILED, resumed_by="d"),
        run("d", parent="a", resume_of="c"),
    )

    assert drawn(lineage(entries, "a")) == [" a", "└─ b", "   └─ retry c", "      └─ resume d"]
    assert drawn(lineage(entries, "d")) == [" a", "└─ b", "   └─ retry c", "      └─ resume d"]


def test_a_retry_of_a_removed_run_hangs_below_their_parent():
    assert drawn(lineage(Entries(run("a"), run("c", parent="a", retry_of="b")), "a")) == [" a", "└─ c"]


def test_a_parent_that_is_not_here_any_more_is_a_row_that_says_so():
    found = lineage(Entries(run("b", parent="a"), run("c", parent="b")), "c")

    assert [row.run_id for row in found.rows] == ["a", "b", "c"]
    assert found.rows[0].run is None
    assert "removed" in found.rows[0].note
    gone = lineage(Entries(run("b", parent="a")), "a")
    assert (gone.rows[0].run, [row.run_id for row in gone.rows]) == (None, ["a", "b"])


@pytest.mark.parametrize("asked", ["a", "b", "c"])
def test_a_circle_is_survived_and_said(asked):
    entries = Entries(run("a", parent="c"), run("b", parent="a"), run("c", parent="b"))

    found = lineage(entries, asked)

    assert sorted(row.run_id for row in found.rows) == ["a", "b", "c"]
    assert any("circle" in note for note in found.notes)
    assert len(lineage(entries, asked, up=False).rows) == 3
    assert lineage(Entries(run("a", parent="a")), "a").rows[0].run_id == "a"


def test_a_line_longer_than_python_nests_is_drawn():
    runs = [run("a0000")] + [run(f"a{n:04}", parent=f"a{n - 1:04}") for n in range(1, 900)]

    assert len(lineage(Entries(*runs), "a0450").rows) == 900


def test_more_runs_than_a_tree_shows_are_counted(monkeypatch):
    monkeypatch.setattr(subject, "MOST_ROWS", 10)
    entries = Entries(run("a"), *(run(f"b{n}", parent="a") for n in range(30)))

    found = lineage(entries, "a")

    assert (len(found.rows), found.rows[0].more) == (10, 21)
    assert found.notes == ("only the first 10 runs are shown",)


def gain(*runs, of="b"):
    return lineage(Entries(*runs), of).row_of(of).gain


def seeds(prefix, values, **more):
    return [run(f"{prefix}{n}", value, variant=f"v-{prefix}", **more) for n, value in enumerate(values)]


def test_seeds_on_both_sides_give_the_gain_an_interval():
    found = gain(*seeds("a", [0.1, 0.2, 0.3]), *seeds("b", [0.6, 0.7, 0.8], parent="a0"), of="b1")

    assert found.difference.difference == pytest.approx(0.5)
    assert (found.difference.before, found.difference.after) == (3, 3)
    assert (found.is_better, found.is_clear) == (True, True)
    assert found.words == "acc +0.50 ± 0.23 (n=3, 3), better"


def test_the_same_seed_once_more_makes_no_interval():
    entries = Entries(
        run("a", 0.5, variant="v", seed=1), run("b", 0.5, variant="v", seed=1, retry_of="a"),
        run("c", 0.6, variant="w", seed=1, parent="a"), run("d", 0.6, variant="w", seed=1, retry_of="c"),
    )  # fmt: skip

    gain = lineage(entries, "a").row_of("c").gain

    assert (gain.difference.before, gain.difference.after, gain.difference.half) == (1, 1, None)
    assert "two seeds or more" in gain.why


def test_seeds_beside_each_other_are_one_row_unless_something_was_made_from_one():
    children = seeds("b", [0.5, 0.6, 0.7], parent="a")
    failed = run("b3", variant="v-b", parent="a", state=RunState.FAILED)
    entries = Entries(run("a"), *children, failed, run("c", parent="b1"))

    folded = lineage(entries, "a", fold=True)
    assert [row.run_id for row in folded.rows] == ["a", "b0", "b1", "c"]
    assert [each.id for each in folded.row_of("b0").seeds] == ["b0", "b2", "b3"]
    assert seed_words(folded.row_of("b0")) == "2 of 3 seeds succeeded"
    assert value_words(folded.row_of("b0")) == "acc 0.6"
    assert len(lineage(entries, "a").rows) == 6


def test_one_value_on_a_side_gives_the_bare_difference_and_says_so():
    found = gain(run("a", 0.5), run("b", 0.4, parent="a"))

    assert found.words == "acc -0.1 (n=1, 1, no interval), worse"
    assert "two seeds or more" in found.why


def test_a_difference_within_its_interval_is_not_called_better():
    found = gain(*seeds("a", [0.1, 0.9]), *seeds("b", [0.2, 0.9], parent="a0"), of="b0")

    assert not found.is_clear
    assert found.words.endswith("no clear difference")


def test_a_metric_that_falls_is_better_when_it_has_fallen():
    found = gain(
        run("a", 2.0, primary="loss", goal="minimize"),
        run("b", 1.0, primary="loss", goal="minimize", parent="a"),
    )

    assert found.is_better is True


def test_a_chain_by_resume_is_one_value_that_of_its_end():
    first = run("b", 0.1, parent="a", variant="v", state=RunState.FAILED, resumed_by="c")
    last = run("c", 0.9, parent="a", variant="v", resume_of="b")
    other = run("d", 0.7, parent="a", variant="v")

    found = lineage(Entries(run("a", 0.5), first, last, other), "a")

    assert found.row_of("b").gain.difference.difference == pytest.approx(0.3)
    assert found.row_of("b").gain.difference.after == 2
    assert found.row_of("c").gain is None


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (run("a", 0.5), run("b", state=RunState.FAILED, parent="a"), "b has not succeeded: it is failed"),
        (run("a", 0.5), run("b", state=RunState.RUNNING, parent="a"), "b has no value yet: it is running"),
        (run("a"), run("b", 0.5, parent="a"), "a has no value of it"),
        (run("a", 0.5, primary="x"), run("b", 0.5, parent="a"), "judged by different metrics: x, acc"),
        (run("a", 0.5, variant="v"), run("b", 0.5, variant="v", parent="a"), "the same experiment: values of one mean"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_compared_it_is_said_why(before, after, why):
    found = gain(before, after)

    assert found.difference is None
    assert found.words == why


def test_runs_that_nothing_judges_have_no_gain():
    bare = [dataclasses.replace(each, primary=None, metrics={}) for each in (run("a"), run("b", parent="a"))]

    assert gain(*bare) is None
