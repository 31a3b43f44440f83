from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orp_tui.web.messages import Focused, Pinged, Resized, Typed, cells, read_message


def test_each_message_of_the_page_is_read():
    assert read_message('["stdin", "\\u001b[A"]') == Typed("\x1b[A")
    assert read_message('["resize", {"width": 120, "height": 40}]') == Resized(120, 40)
    assert read_message('["ping", "17"]') == Pinged("17")
    assert read_message('["focus"]') == Focused(True)
    assert read_message('["blur"]') == Focused(False)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "3", "[]", "{}", '"stdin"', '["stdin"]', '["stdin", 3]', '["stdin", "a", "b"]', '["resize", null]',
        '["resize", {"width": 1}]', '["quit"]', '[["stdin"], "a"]', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_message_is_none(text):
    assert read_message(text) is None


@settings(deadline=None, max_examples=60)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_no_json_is_too_odd(value):
    for text in (json.dumps(value), json.dumps(["resize", {"width": value, "height": value}])):
        message = read_message(text)
        if isinstance(message, Resized):
            assert (20, 5) <= (message.columns, message.rows) <= (500, 200)


def test_a_size_is_brought_within_what_a_screen_can_be():
    assert cells("120", "40") == (120, 40)
    assert cells("999999999999999999", "NaN") == (80, 24)
    assert cells(None, "-1") == (80, 24)
    assert cells("0", "99999") == (20, 200)
    assert cells(10**30, -5) == (500, 5)
