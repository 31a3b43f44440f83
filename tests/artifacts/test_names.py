import itertools

import pytest

from orp_tui.artifacts.names import Excluded, escaped, workspace_name


@pytest.mark.parametrize(
    ("pattern", "hit", "miss"),
    [
        ("*.tmp", ["a.tmp", "deep/er/b.tmp"], ["a.tmp2", "atmp"]),
        ("out/*.bin", ["out/a.bin"], ["out/x/a.bin", "a.bin"]),
        ("out/**", ["out/a", "out/b/c"], ["out", "outer/a"]),
        ("**/cache", ["cache/x", "a/b/cache/y/z", "cache"], ["cached/x"]),
        ("a/**/z", ["a/z", "a/b/c/z"], ["a/zz", "b/z"]),
        ("ckpt-[0-9]", ["ckpt-1", "x/ckpt-2/w"], ["ckpt-a", "ckpt-12"]),
        ("ckpt-[!0-9]", ["ckpt-a"], ["ckpt-1", "ckpt-/"]),
        ("a?c", ["abc"], ["ac", "a/c"]),
        ("[", ["["], ["a"]),
        ("out/", ["out/a"], ["in/a"]),
    ],
)
def test_exclude_patterns(pattern, hit, miss):
    excluded = Excluded((pattern,))
    assert [path for path in hit if path not in excluded] == []
    assert [path for path in miss if path in excluded] == []


def test_no_pattern_excludes_nothing():
    assert "a" not in Excluded(())
    assert "a" not in Excluded(("", "/"))


def test_names_that_are_no_text_are_escaped_reversibly():
    assert escaped("plain/größe ✓.txt") == "plain/größe ✓.txt"
    assert escaped("bad\udcff.bin") == "bad%ff.bin"
    assert escaped("100%\x1b\n\\") == "100%25%1b%0a%5c"
    assert escaped("\x85") == "%c2%85"


def test_two_paths_never_get_one_name():
    parts = [
        "a",
        "%61",
        "a%ff",
        "a\udcff",
        "result.json",
        "workspace",
        "source",
        "Result.json",
        "%72esult.json",
    ]
    paths = [*parts, *("/".join(pair) for pair in itertools.product(parts, repeat=2))]
    assert len({workspace_name(path) for path in paths}) == len(paths)
