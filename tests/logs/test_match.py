import random
import re

import pytest

from orp_tui.core.errors import UsageError
from orp_tui.logs.hits import Hits, find_next, find_previous
from orp_tui.logs.literal import Literal
from orp_tui.logs.match import AllOf, Matcher
from orp_tui.logs.match_errors import ErrorMatcher
from orp_tui.logs.path_watch import WatchedLog

WORDS = (
    *(
        "loss=0.5",
        "Error: bad",
        "CUDA",
        "nan",
        "\x1b[31mred\x1b[0m alert",
        "foo",
        "bar(x)",
        "é",
        "É",
        "y" * 700,
    ),
    *("", "100%", "ValueError: q", "Foo", "f\x1b[1moo\x1b[0m", "日本語"),
)
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A log of 2 MB with words in all lines, and its bytes; the last line has no newline."""
    rng = random.Random(5)
    lines = [" ".join(rng.choice(WORDS) for _ in range(rng.randrange(5))) for _ in range(6_000)]
    data = "\n".join(lines).encode() + b"\nlast foo"
    path = tmp_path_factory.mktemp("match") / "log"
    path.write_bytes(data)
    log = WatchedLog(path)
    log.look()
    return log, data


def naive(data: bytes, pattern: str, *, flags: int = 0, inverse: bool = False) -> list[int]:
    """Where the matching lines begin, found line by line as text."""
    found, offset = [], 0
    for line in data.split(b"\n"):
        text = COLOUR.sub(b"", line).decode("utf-8", "replace")
        if bool(re.search(pattern, text, flags)) != inverse:
            found.append(offset)
        offset += len(line) + 1
    return found


def collected(log, matcher) -> Hits:
    hits = Hits(log, matcher)
    while hits.step():
        pass
    return hits


CASES = [
    ("foo", "foo", re.I),
    ("Foo", "Foo", 0),
    ("Error", "Error", 0),
    ("red alert", "red alert", re.I),
    ("é", "é", re.I),
    ("É", "É", 0),
    ("日本", "日本", 0),
    (r"loss=\d", r"loss=\d", re.I),
    ("^foo", "^foo", re.I),
    ("foo$", "foo$", re.I),
    (r"bar\(x\)", r"bar\(x\)", re.I),
    ("foo [^r]*foo", "foo [^r]*foo", re.I),
    (r"f.o\S", r"f.o\S", re.I),
    ("cuda|nan", "cuda|nan", re.I),
    ("nan|É", "nan|É", 0),
    ("bar(", r"bar\(", re.I),
    ("^$", "^$", re.I),
    ("f[éo]+", "f[éo]+", re.I),
    (r"foo(?! foo)", r"foo(?! foo)", re.I),
    ("not there", "not there", re.I),
]


@pytest.mark.parametrize("inverse", [False, True], ids=["", "inverse"])
@pytest.mark.parametrize(("text", "pattern", "flags"), CASES, ids=[case[0] for case in CASES])
def test_the_lines_found_are_those_of_a_search_line_by_line(made, text, pattern, flags, inverse):
    log, data = made
    hits = collected(log, Matcher(text, inverse=inverse))
    expected = naive(data, pattern, flags=flags, inverse=inverse)

    assert hits.begins(0, 1 << 30) == expected
    assert hits.total == len(expected)
    assert hits.complete


def test_hits_are_ranked_and_found_from_any_place(made):
    log, data = made
    matcher = Matcher("cuda")
    hits = collected(log, matcher)
    expected = naive(data, "cuda", flags=re.I)
    for place in (0, 1, 300, len(expected) - 1):
        begin = expected[place]
        assert hits.rank(begin) == place
        assert hits.rank(begin + 1) == place + 1
        assert first(find_next(log, matcher, begin)) == begin
        if place:
            assert first(find_previous(log, matcher, begin)) == expected[place - 1]
    assert first(find_previous(log, matcher, expected[0])) is None
    assert hits.begins(3, 6) == expected[3:6]
    assert hits.begins(-5, 2) == expected[:2]


def first(found):
    return next((begin for begin in found if begin is not None), None)


def test_hits_go_on_as_the_log_grows(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"foo 1\nbar\nfo")
    log = WatchedLog(path)
    log.look()
    hits = collected(log, Matcher("foo"))
    assert hits.begins(0, 9) == [0]
    with path.open("ab") as file:
        file.write(b"o 2")
    while hits.step():
        pass
    assert hits.begins(0, 9) == [0, 10]
    assert hits.complete
    with path.open("ab") as file:
        file.write(b" more\n" + b"foo\n" * 300_000)
    while hits.step():
        pass
    assert hits.total == 300_002
    assert hits.begins(1, 4) == [10, 21, 25]


@pytest.mark.parametrize("length", [3 << 20, 9 << 20])
def test_a_line_of_megabytes_is_searched_in_its_first_four(tmp_path, length):
    path = tmp_path / "log"
    path.write_bytes(b"one\n" + b"x" * length + b"needle\nneedle\n")
    log = WatchedLog(path)
    log.look()
    expected = [4, 4 + length + 7] if length < 4 << 20 else [4 + length + 7]
    assert collected(log, Matcher("needle")).begins(0, 9) == expected
    assert first(find_next(log, Matcher("needle"), 0)) == expected[0]
    assert first(find_previous(log, Matcher("needle"), path.stat().st_size)) == expected[-1]


@pytest.mark.parametrize("seed", range(5))
def test_rare_and_common_bytes_are_found_alike(seed):
    rng = random.Random(seed)
    for _ in range(60):
        alphabet = rng.choice([b"ab\n", b"abcdefghij\n", bytes(range(256))])
        data = bytes(rng.choice(alphabet) for _ in range(rng.randrange(3_000)))
        needle = bytes(rng.choice(alphabet) for _ in range(rng.randrange(1, 4))).replace(b"\n", b"a")
        folded = rng.random() < 0.5
        expected, offset = [], 0
        for line in data.split(b"\n"):
            if needle.lower() in line.lower() if folded else needle in line:
                expected.append(offset)
            offset += len(line) + 1
        found = Literal(needle.lower() if folded else needle, ignore_case=folded).lines(data)
        assert found == expected, (needle, data)


def test_case_matters_only_if_there_is_a_capital():
    assert Matcher("foo").lines(b"FOO\n") == [0]
    assert Matcher("Foo").lines(b"FOO\nFoo\n") == [4]
    assert Matcher(r"\Soo").lines(b"FOO\n") == [0]
    assert Matcher("ä").lines("Ä\n".encode()) == [0]


def test_a_pattern_that_is_none_is_searched_as_text():
    assert not Matcher("a(").is_regex
    assert Matcher("a(").lines(b"b\na(\n") == [2]
    assert list(Matcher("a(").spans("xa(a(")) == [(1, 3), (3, 5)]


def test_any_pattern_is_searched_somehow():
    assert Matcher("[[INFO]").lines(b"[info]\n[[INFO]\n") == [7]
    assert Matcher(r"\N{BULLET}x").lines("ax\n•x\n".encode()) == [3]
    assert Matcher("(?u:x)").lines(b"ax\n") == [0]
    for text in (
        "*",
        "?",
        "\\",
        "a{99999999999}",
        "(?P<",
        "[",
        "(?i)x",
        "|",
        "||",
        "a|",
        "\x00",
        "((((",
        ")(",
    ):
        Matcher(text).lines(b"some x\nlines\n")
        list(Matcher(text).spans("some x"))


def test_a_repeat_of_repeats_is_refused():
    for text in ("(a+)+b", "(a*)*", "(?:x+y?)*z", "((a|b)+)+"):
        with pytest.raises(UsageError, match="repeat inside a repeat"):
            Matcher(text)
    for text in ("(ab)+", "a+b+", r"\d+\.\d+", "(a+)b", "a{2,3}"):
        Matcher(text)


def test_a_pattern_with_repeats_looks_at_the_beginning_of_a_line_only():
    line = b"a" * 100_000 + b"b"
    assert Matcher("a.*b").lines(line) == []
    assert Matcher("a+a").lines(line) == [0]
    assert list(Matcher("aab").spans("a" * 100_000 + "b")) == [(99_998, 100_001)]


def test_two_searches_at_once_find_what_both_find():
    both = AllOf(Matcher("foo"), Matcher("bar", inverse=True))
    assert both.lines(b"foo\nfoo bar\nbar\nfoo\n") == [0, 16]
    assert list(both.spans("a foo")) == [(2, 5)]


@pytest.mark.parametrize(
    ("line", "tells"),
    [
        ("Traceback (most recent call last):", True),
        ("RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB", True),
        ("torch.cuda.OutOfMemoryError: no", True),
        ("ERROR: it broke", True),
        ("2026-11-24 [ERROR] x", True),
        ("error: cannot open", True),
        ("loss: nan", True),
        ("loss=NaN", True),
        ("Killed", True),
        ("Segmentation fault (core dumped)", True),
        ("Using device CUDA:0", False),
        ("val_error=0.31", False),
        ("error=0.31 rate", False),
        ("banana panini", False),
        ("0 errors", False),
        ("Financial", False),
        ("Skilled workers", False),
    ],
)
def test_lines_that_tell_of_an_error(line, tells):
    assert bool(ErrorMatcher().lines(b"before\n" + line.encode() + b"\nafter\n")) is tells
