"""The filter language: what its text means, and that no text breaks it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_filters import NOW, PATIENT, RUN, TRUE_OF_RUN, expressions, past_runs, texts, typed

from orp_tui.core.filters.build import all_of, any_of, mentions
from orp_tui.core.filters.errors import FilterError
from orp_tui.core.filters.expression import EVERYTHING, And, Compare, Expression, Not, Or, Word
from orp_tui.core.filters.fields import FIELDS, Kind
from orp_tui.core.filters.folding import folded, glob_matches
from orp_tui.core.filters.limits import MAX_DEPTH, MAX_LENGTH, MAX_TERMS
from orp_tui.core.filters.parse import parse
from orp_tui.core.filters.reference import matches
from orp_tui.core.filters.show import text_of, value_text
from orp_tui.core.sanitise import sanitise


@pytest.mark.parametrize("text", TRUE_OF_RUN)
def test_a_filter_finds_the_run_that_it_describes(text):
    assert matches(parse(text), RUN, NOW)
    assert not matches(parse(f"-({text})"), RUN, NOW)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", EVERYTHING),
        (" \t\n", EVERYTHING),
        ('""', EVERYTHING),
        ("a", Word("a")),
        ("A | b c", Or((Word("a"), And((Word("b"), Word("c")))))),
        ("(a | b) c", And((Or((Word("a"), Word("b"))), Word("c")))),
        ("-a b", And((Not(Word("a")), Word("b")))),
        ("-(a b)", Not(And((Word("a"), Word("b"))))),
        ("a (b c)", And((Word("a"), Word("b"), Word("c")))),
        ("a OR NOT b AND c", Or((Word("a"), And((Not(Word("b")), Word("c")))))),
        ('"OR" or', And((Word("or"), Word("or")))),
        ("-1", Not(Word("1"))),
        ('"-1"', Word("-1")),
        ("a-1", Word("a-1")),
        ("don't!", Word("don't!")),
        ("cfg.lr=-1", Compare("cfg", "lr", "=", "-1", -1.0)),
        ('cfg.lr="-1"', Compare("cfg", "lr", "=", "-1", None)),
        ("cfg.a.b/c:x:y=z", Compare("cfg", "a.b/c", ":", "x:y=z", None)),
        ('cfg."a:b c".d<2', Compare("cfg", "a:b c.d", "<", "2", 2.0)),
        ("Last.ACC>2", Compare("metric", "ACC", ">", "2", 2.0)),
        ('name:a" b"c', Compare("name", "", ":", "a bc", None)),
        (r'name:"a\"b\\c\d"', Compare("name", "", ":", r'a"b\c\d', None)),
        ("name:'say \"a\"'", Compare("name", "", ":", 'say "a"', None)),
        ("seed != 3", Compare("seed", "", "!=", "3", 3.0)),
        ("seed!=3", Compare("seed", "", "!=", "3", 3.0)),
        ("a !seed:3", And((Word("a"), Not(Compare("seed", "", ":", "3", 3.0))))),
        ("age<1h30m", Compare("age", "", "<", "1h30m", 5400.0)),
        ("age<1mo", Compare("age", "", "<", "1mo", 30 * 86400.0)),
        ("size>2MiB", Compare("size", "", ">", "2MiB", 2.0 * 2**20)),
        ("deliverables>=50%", Compare("deliverables", "", ">=", "50%", 0.5)),
        ("submitted:Today", Compare("submitted", "", ":", "today", None)),
        ("has:Tags", Compare("has", "", ":", "tag", None)),
        ("has:config.LR", Compare("has", "", ":", "cfg.LR", None)),
    ],
)
def test_a_text_is_read_as_it_is_meant(text, expression):
    assert parse(text) == expression


@pytest.mark.parametrize(
    ("text", "place", "length", "words"),
    [
        ("a | (b", 4, 1, "never closed"),
        ("a b) c", 3, 1, "closes nothing"),
        ("|", 0, 1, "nothing stands before |"),
        ("a |", 2, 1, "nothing stands behind |"),
        ("a || b", 3, 1, "nothing stands between | and |"),
        ("(a | ) b", 5, 1, "nothing stands between | and )"),
        ("() a", 0, 2, "nothing stands in the brackets"),
        ("a -", 2, 1, "nothing sticks to this -"),
        ("- a", 0, 1, "nothing sticks to this -"),
        ("NOT", 0, 3, "nothing stands behind NOT"),
        ('a "b c', 2, 4, "never closed"),
        ("<3", 0, 1, "nothing stands before <"),
        ("state:", 6, 1, "nothing stands behind state:"),
        ("cfg.lr< | a", 7, 1, "nothing stands behind cfg.lr<"),
        ("lr<", 0, 2, "A config key is cfg.lr"),
        ("cfg.", 0, 4, "needs a key"),
        ("cfg. <3", 0, 4, "needs a key"),
        ("x cfg.lr y", 2, 6, "has:cfg.lr"),
        ("a state:faild", 8, 5, "did you mean failed?"),
        ("stat:failed", 0, 4, "did you mean state?"),
        ("state.x:a", 0, 7, "no keys"),
        ("name<a", 4, 1, "no order; it takes :, = or !="),
        ("age:2d", 3, 1, "age takes <, <=, > or >="),
        ("age<2", 4, 1, "needs a unit: 2s"),
        ("age<-2d", 4, 3, "no time"),
        ("age<1m1h", 4, 4, "no time"),
        ("cfg.lr<abc", 7, 3, "no number"),
        ("metric.a>nan", 9, 3, "no number"),
        ("seed:1e999", 5, 5, "no number"),
        ("seed:१", 5, 1, "no number"),
        ("size>1G", 5, 2, "unclear"),
        ("submitted:2026-13", 10, 7, "no date"),
        ("submitted:0001", 10, 4, "no date"),
        ("deliverables<2/3", 13, 3, "no order"),
        ("deliverables:x", 13, 1, "no count"),
        ("is:star", 3, 4, "did you mean starred?"),
        ("reason:oomph", 7, 5, "did you mean oom?"),
        ("state:x*", 6, 2, "no state answers"),
        ("has:''", 4, 2, "nothing stands in the quotes"),
        ('"state":failed', 0, 7, "no field stands before"),
        ("foo(bar)", 3, 1, "sticks to the word"),
        ("a\x1bb", 1, 1, "U+001B"),
        ('"a\0b"', 2, 1, "U+0000"),
        ("a\ud800", 1, 1, "U+D800"),
        ("name:" + "*a" * 20, 5, 40, "more than 16 *"),
        ("*a" * 20, 0, 40, "more than 16 *"),
        ("-" * 50, MAX_DEPTH, 1, "within one another"),
        ("(" * 5000, MAX_LENGTH, 1000, "at most 4,000 characters"),
        ("(" * 4000, MAX_DEPTH, 1, "within one another"),
        ("a " * (MAX_TERMS + 1), 2 * MAX_TERMS, 1, "more than 200 words"),
    ],
)
def test_an_error_points_at_its_place_and_says_what_to_do(text, place, length, words):
    with pytest.raises(FilterError) as caught:
        parse(text)

    error = caught.value
    assert (error.position, error.length) == (place, length)
    assert words in error.words
    assert error.exit_code == 2


def test_the_mark_stands_under_what_is_wrong():
    with pytest.raises(FilterError) as caught:
        parse("日本 state:faild tag:x")

    words, text, mark = str(caught.value).split("\n")
    assert words.startswith("'faild' is no state")
    assert text == "  日本 state:faild tag:x"
    # Two wide characters take four cells.
    assert mark == "  " + " " * len("xxxx state:") + "^^^^^"


def test_of_a_long_filter_the_part_around_the_mistake_is_shown():
    with pytest.raises(FilterError) as caught:
        parse("a " * 100 + "state:faild" + " b" * 50)

    _, text, mark = str(caught.value).split("\n")
    assert len(text) < 90
    assert text.startswith("  …")
    assert text.endswith("…")
    assert text[mark.index("^") : mark.rindex("^") + 1] == "faild"


PIECES = ("state", "cfg.", "cfg.lr", "name", "age", "has", "submitted", ":", "=", "!=", "<", ">=", "failed", "1", "2d", '"', "'", "\\",
          "(", ")", "|", "-", "!", " ", " ", "a", "*", "é", "\u3000", "OR", "NOT", "2026", "zip", "%", "\t", "\x85")  # fmt: skip


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=15).map("".join))
@PATIENT
@example("\x1c")
@example("STATE\x85:")
def test_no_text_raises_anything_but_a_filter_error(text):
    found = read(text)

    if isinstance(found, FilterError):
        assert 0 <= found.position <= len(text)
        assert len(str(found).split("\n")) == 3
        assert sanitise(str(found), keep_newlines=True) == str(found)
    else:
        assert parse(text_of(found)) == found
        matches(found, RUN, NOW)


def read(text: str) -> Expression | FilterError:
    """What a text means, or what is wrong with it."""
    try:
        return parse(text)
    except FilterError as error:
        return error


@given(expressions)
@settings(PATIENT, max_examples=200)
def test_a_printed_filter_is_read_as_the_same(expression):
    assert parse(text_of(expression)) == expression


@given(expressions, expressions, past_runs)
@PATIENT
def test_signs_mean_what_logic_says(first, second, run):
    one, two = matches(first, run, NOW), matches(second, run, NOW)

    assert matches(all_of(first, second), run, NOW) is (one and two)
    assert matches(any_of(first, second), run, NOW) is (one or two)
    assert matches(Not(first), run, NOW) is not one


@given(past_runs, st.sampled_from([f for f in FIELDS.values() if f.kind not in (Kind.HAS, Kind.IS)]))
@PATIENT
def test_what_a_run_lacks_compares_false_with_every_operator(run, field):
    lacking = dataclasses.replace(
        run, name="", note="", detail=None, project="", submitted_by="", parent=None, batch=None, variant="",
        commit="", host="", group="", tags=(), config={}, metrics={}, primary_value=None, deliverables_total=0, seed=None,
        started_at=None, ended_at=None, bytes=None, exit_code=None, reason=None,
    )  # fmt: skip
    if field.name in ("id", "state", "zip", "age", "submitted"):
        return
    value = {Kind.CHOICE: "oom", Kind.DURATION: "1s", Kind.DATE: "2026"}.get(field.kind, "1")
    for op in field.ops:
        text = f"{field.name}{'.x' if field.keyed else ''}{op}{value}"
        assert not matches(parse(text), lacking, NOW), text


@given(texts)
@PATIENT
def test_folding_twice_changes_nothing(text):
    assert folded(folded(text)) == folded(text)
    folded(text).encode()


def test_what_sqlite_cannot_hold_is_folded_to_a_mark():
    assert folded("a\0b\ud800é") == "a\ufffdb\ufffdé"
    assert folded("a\0b") == "a\ufffdb"


def test_upper_and_lower_case_and_ways_to_write_an_accent_are_alike():
    assert folded("STRASSE") == folded("straße")
    assert folded("É") == folded("e\u0301")
    assert folded("ΟΔΟΣ") == folded("οδος")


def test_every_character_folds_to_something_stable():
    for code in range(0x110000):
        once = folded(chr(code))
        assert once == folded(once), hex(code)


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("*", "", True), ("?", "", False), ("a*", "ab", True), ("*b", "ab", True), ("a*c", "abbc", True), ("a?c", "abbc", False),
        ("*a*b*", "xaxbx", True), ("*a*b*", "xbxax", False), ("a**", "a", True), ("[a]", "a", False), ("?", "é", True),
        ("a*ab", "aaab", True), ("\\*", "\\x", True),
    ],
)  # fmt: skip
def test_wildcards_stand_for_any_text_and_any_one_character(pattern, text, is_found):
    assert glob_matches(pattern, text) is is_found


def test_a_wildcard_for_the_worst_case_ends_soon():
    assert not glob_matches("*a" * 16 + "b", "a" * 20_000)


@given(typed)
@PATIENT
def test_any_text_can_be_quoted_as_a_value(text):
    assert parse(f"name={value_text(text)}") == Compare("name", "", "=", text, None)


def test_what_no_filter_may_hold_is_quoted_as_a_wildcard():
    shown = value_text("a\x1bb")
    assert parse(f"name:{shown}") == Compare("name", "", ":", "a?b", None)


def test_one_can_ask_whether_a_filter_speaks_of_archived_runs():
    assert mentions(parse("a | -(b IS:Archived)"), "is", "archived")
    assert not mentions(parse("archived is:starred"), "is", "archived")


def test_parts_are_put_together_in_one_form():
    a, b, c = Word("a"), Word("b"), Word("c")

    assert all_of(And((a, b)), EVERYTHING, c) == And((a, b, c))
    assert any_of(Or((a, b)), c) == Or((a, b, c))
    assert any_of(a, EVERYTHING) == EVERYTHING
    assert all_of() == EVERYTHING
    assert not matches(any_of(), RUN, NOW)
    assert parse(text_of(any_of())) == any_of()


@pytest.mark.parametrize("example_text", [text for field in FIELDS.values() for text in field.examples])
def test_every_example_is_a_filter(example_text):
    assert parse(text_of(parse(example_text))) == parse(example_text)
