"""A place goes through JSON and back, and no garbage in it matters."""

from __future__ import annotations

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from orp_tui.tui.place import MAX_ITEMS, MAX_TEXT, Place

WHOLE = Place(
    run_id="exp_20261124_090000_abcd",
    config="demo/long.yaml",
    screen="system",
    tab="chart",
    panel="log",
    zoomed=True,
    filter="!ü x",
    sort="elapsed",
    reverse=True,
    theme="orp-light",
    splits={"queue": 0.4},
    choices={"log.wrap": True, "chart.metric": "loss", "chart.smooth": 0.5, "n": 3},
)


def test_a_place_comes_back_as_it_was():
    assert Place.from_json(json.loads(json.dumps(WHOLE.to_json()))) == WHOLE
    assert Place.from_json(Place().to_json()) == Place()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*WHOLE.to_json(), "other"]), json_values) | json_values)
def test_garbage_makes_a_place_that_can_be_kept_again(data):
    place = Place.from_json(data)
    assert Place.from_json(json.loads(json.dumps(place.to_json()))) == place


def test_what_makes_no_sense_is_left_out_and_the_rest_stays():
    place = Place.from_json(
        {
            "run_id": "x" * (MAX_TEXT + 1),
            "tab": 3,
            "theme": None,
            "sort": "name",
            "zoomed": "yes",
            "splits": {"a": 0.5, "b": 2, "c": "x", "d": True, "e": math.nan},
            "choices": {str(n): n for n in range(2 * MAX_ITEMS)},
        }
    )
    assert place.sort == "name"
    assert (place.run_id, place.tab, place.theme, place.zoomed) == (None, "", None, False)
    assert place.splits == {"a": 0.5}
    assert len(place.choices) == MAX_ITEMS
