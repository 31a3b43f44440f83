"""Whatever a file holds, it loads or is refused by lines of its own: nothing else is raised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orp_tui.config.loader import load_experiment_bytes
from orp_tui.config.plan import experiment_hash, plan_runs
from orp_tui.config.problems import Problems
from orp_tui.config.yaml_source import parse
from orp_tui.config.yaml_text import as_yaml
from orp_tui.core.errors import ConfigError

WHOLE: dict[str, Any] = parse(Path(__file__).with_name("whole.yaml").read_text(), Problems("x")).value
FILE = Path("f.yaml")
# Each has a home somewhere in the file, and is wrong everywhere else.
ODD = st.sampled_from(
    [None, True, False, 0, -1, 2**70, 1e-5, float("nan"), float("inf"), "", " ", "x", "../x", "a.b", "12h", "20GB", "(", "[/]",
     "\x1b[2J", "\0", "x" * 3000, "{output_dir}", "last:x", "regex:(", "-", "\u202e", [], [None], [[]], ["a", 1], {}, {"": 1},
     {"a": {"b": [False]}}, {"from_env": "A"}, {"min": 0, "max": 1}, [{}], [{"type": "a", "path": "b"}], {"exists": None}]
)  # fmt: skip


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in paths(item, (*path, key)))]


def changed(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    first, *rest = path
    if isinstance(value, dict):
        return {**value, str(first): changed(value.get(first), tuple(rest), new)}
    if isinstance(value, list) and isinstance(first, int) and first < len(value):
        return [
            changed(item, tuple(rest), new) if place == first else item for place, item in enumerate(value)
        ]
    return value


def outcome(data: bytes) -> None:
    loaded, lines = None, []
    try:
        loaded = load_experiment_bytes(data, FILE)
    except ConfigError as error:
        lines = str(error).splitlines()
    assert (loaded is None) == bool(lines)
    assert [
        line for line in lines if not line.startswith("f.yaml") or not line.isprintable() or len(line) > 1500
    ] == []
    for plan in plan_runs(loaded) if loaded else []:
        experiment_hash(plan)
        assert all("\0" not in word for word in plan.argv)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(paths(WHOLE)), ODD), min_size=1, max_size=3))
def test_a_file_with_odd_values_anywhere_loads_or_is_refused(changes):
    tree = WHOLE
    for path, new in changes:
        tree = changed(tree, path, new)
    outcome(as_yaml(tree).encode())


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%@`\n \t?<", max_size=60))
def test_any_text_loads_or_is_refused(text):
    outcome(text.encode())


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_load_or_are_refused(data):
    outcome(data)


TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_what_is_written_as_yaml_is_read_back_the_same(tree):
    problems = Problems("x")
    value = parse(as_yaml(tree), problems).value
    problems.raise_any()
    assert value == tree
    assert repr(value) == repr(tree)
