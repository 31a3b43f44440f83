"""Completion of filters: what the word under the cursor may become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_filters import PATIENT, texts

from orp_tui.core.filters.complete import MAX_CHOICES, complete
from orp_tui.core.filters.errors import FilterError
from orp_tui.core.filters.expression import Compare
from orp_tui.core.filters.fields import FIELDS, HAS, IS, STATES
from orp_tui.core.filters.parse import parse
from orp_tui.core.filters.vocabulary import NO_VOCABULARY, Vocabulary

KNOWN = Vocabulary(
    config_keys=("lr", "batch_size", "optimizer.name", "a b", "bell\x07"),
    metrics=("val_loss", "loss", "val/acc"),
    tags=("paper", "to-check", "baseline"),
    names=("my resnet", "resnet18", "x\x1by", 'say "hi"'),
    reasons=("exit_code", "oom_cuda"),
    groups=("default", "night"),
    projects=("/home/ada/vision",),
    values={"optimizer.name": ("adam", "sgd w"), "lr": ("0.1", "auto", "0.01")},
    people=("ada@gpu1",),
    hosts=("gpu1",),
)


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("sta", ("state:", "started:")),
        ("-STA", ("state:", "started:")),
        ("a | (sta", ("state:", "started:")),
        ("ag", ("age<",)),
        ("state:f", ("failed", "finishing")),
        ("state: suc", ("succeeded",)),
        ("-state:los", ("lost",)),
        ("cfg.", ("cfg.lr", "cfg.batch_size", "cfg.optimizer.name", 'cfg."a b"')),
        ("config.opt", ("config.optimizer.name",)),
        ("cfg.name", ("cfg.optimizer.name",)),
        ('cfg."a ', ('cfg."a b"',)),
        ("lr", ("cfg.lr",)),
        ("best.lo", ("best.loss", "best.val_loss")),
        ("loss", ("metric.loss", "metric.val_loss")),
        ("pape", ("tag:paper",)),
        ("tag:", ("paper", "to-check", "baseline")),
        ("tag:CHE", ("to-check",)),
        ("name:res", ("resnet18", '"my resnet"')),
        ('name:"my r', ('"my resnet"',)),
        ("name:x", ('"x?y"',)),
        ("name=x", ()),
        ("name:say", (r'"say \"hi\""',)),
        ("reason:oom", ("oom_cuda", "oom_kernel", "oom")),
        ("group:n", ("night",)),
        ("project:", ("/home/ada/vision",)),
        ("by:", ("ada@gpu1",)),
        ("host=", ("gpu1",)),
        ("cfg.optimizer.name:", ("adam", '"sgd w"')),
        ("cfg.lr<", ("0.1", "0.01")),
        ("cfg.lr:a", ("auto",)),
        ("cfg.none=", ()),
        ("age<2", ("2s", "2m", "2h", "2d", "2w", "2mo", "2y")),
        ("size>", ("1kB", "1MB", "1GB", "1TB")),
        ("submitted:last", ("last-week", "last-month", "last-year")),
        ("is:", tuple(IS)),
        ("has:bell", ()),
        ("has:val", ("val_loss", "val/acc")),
        ("seed:", ()),
        ("foo:", ()),
        ("state<", ()),
        ("a OR", ()),
        ("(a)", ()),
        ("a\x1b", ()),
    ],
)
def test_what_is_typed_is_completed_by_what_there_is(text, choices):
    found = complete(text, len(text), KNOWN).choices

    assert sorted(found) == sorted(choices)


def test_what_begins_so_comes_before_what_holds_it():
    assert complete("best.lo", 7, KNOWN).choices == ("best.loss", "best.val_loss")


def test_how_runs_end_comes_before_how_they_go_on():
    assert complete("state:f", 7, KNOWN).choices == ("failed", "finishing")


def test_reasons_that_have_occurred_come_first():
    assert complete("reason:", 7, KNOWN).choices[:2] == ("exit_code", "oom_cuda")


def test_of_nothing_typed_the_fields_are_told():
    assert complete("", 0, KNOWN).choices == complete("a ", 2, NO_VOCABULARY).choices
    assert len(complete("", 0, KNOWN).choices) == len(FIELDS)


def test_all_that_can_be_asked_behind_state_and_has_is_told():
    assert set(complete("state:", 6, KNOWN).choices) == set(STATES)
    assert set(HAS) < set(complete("has:", 4, KNOWN).choices)


@pytest.mark.parametrize(
    ("text", "cursor", "choice", "whole", "place"),
    [
        ("sta", 3, "state:", "state:", 6),
        ("a sta b", 5, "state:", "a state: b", 8),
        ("stat:failed", 3, "state", "state:failed", 5),
        ("state:fai b", 7, "failed", "state:failed b", 12),
        ("cfg.l<3", 5, "cfg.lr", "cfg.lr<3", 6),
        ('name:"my', 8, '"my resnet"', 'name:"my resnet"', 16),
        ("tag: x", 5, "paper", "tag: paperx", 10),
    ],
)
def test_a_choice_takes_the_place_of_the_whole_word(text, cursor, choice, whole, place):
    found = complete(text, cursor, KNOWN)

    assert choice in found.choices
    assert found.applied(text, choice) == (whole, place)


def test_so_many_choices_are_told_as_one_can_look_at():
    many = Vocabulary(names=tuple(f"größe {number}" for number in range(2000)))

    assert len(complete("name:größe", 10, many).choices) == MAX_CHOICES


@given(
    st.lists(texts, min_size=1, max_size=5), st.sampled_from(["name:", "tag:", "cfg.x:", "cfg.x=", "name="])
)
@PATIENT
def test_every_completed_value_is_a_filter_of_that_value(names, before):
    words = tuple(name for name in names if name)
    known = Vocabulary(names=words, tags=words, values={"x": words})

    for choice in complete(before, len(before), known).choices:
        found = parse(before + choice)
        assert isinstance(found, Compare)
        if "=" in before:
            assert found.text in words


@given(st.text(max_size=30) | st.lists(st.sampled_from(["cfg.", "x", ":", "=", '"', "'", "(", ")", "|", "-", " ", "state", "\x00"])).map("".join), st.integers(-1, 40))  # fmt: skip
@PATIENT
def test_no_text_breaks_the_completion(text, cursor):
    found = complete(text, cursor, KNOWN)

    assert 0 <= found.start <= found.end <= len(text)
    for choice in found.choices:
        assert choice in found.applied(text, choice)[0]


@given(st.sampled_from(["cfg.", "metric.", "has:"]), st.lists(texts.filter(bool), min_size=1, max_size=5))
@PATIENT
def test_every_completed_key_can_be_read_again(before, keys):
    known = Vocabulary(config_keys=tuple(keys), metrics=tuple(keys))

    for choice in complete(before, len(before), known).choices:
        text = before + choice if before == "has:" else f"{choice}>1"
        try:
            found = parse(text)
        except FilterError as error:
            raise AssertionError(text) from error
        assert isinstance(found, Compare)


def test_a_text_that_is_no_filter_for_its_length_is_not_completed():
    text = "a " * 5000 + "sta"

    assert complete(text, len(text), KNOWN).choices == ()
