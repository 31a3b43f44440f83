"""The hostile list of YAML texts: each is answered quickly, in little memory, by clear lines."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orp_tui.config.problems import Problems
from orp_tui.config.yaml_source import decode, parse, read_bytes
from orp_tui.core.errors import ConfigError


def read(text: str | bytes):
    problems = Problems("f.yaml")
    data = text if isinstance(text, bytes) else text.encode()
    document = parse(decode(data, problems), problems)
    problems.raise_any()
    return document


def problems_of(text: str | bytes) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(text)
    return str(raised.value).splitlines()


ALIAS_BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
MERGE_BOMB = "a0: &a0 {k: v}\n" + "".join(
    f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}: 1}}\n" for i in range(1, 23)
)
TEXT_BOMB = "s: &s '" + "x" * 500_000 + "'\nl: [" + ",".join(["*s"] * 1000) + "]"
DEEP_ALIASES = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 100))

HOSTILE = {
    "Y1 alias bomb": (ALIAS_BOMB, "expand to too much"),
    "Y1 text bomb": (TEXT_BOMB, "expand to too much"),
    "Y1 aliases make it deep": (DEEP_ALIASES, "levels deep"),
    "Y2 merge bomb": (MERGE_BOMB, "expand to too much"),
    "Y3 brackets": ("[" * 100_000, "levels deep"),
    "Y3 braces": ("{a: " * 100_000, "levels deep"),
    "Y3 dashes": ("- " * 100_000, "levels deep"),
    "Y3 brackets as keys": ("? " * 100_000, "levels deep"),
    "Y4 python object": ('a: !!python/object/apply:os.system ["true"]', "tag"),
    "Y4 other tag": ("a: !mine 3", "tag !mine"),
    "Y5 duplicate key": ("a: 1\nb: 2\na: 3\n", "line 1 and in line 3"),
    "Y6 100 MB": (b"# " + b"x" * 100_000_000, "at most 1,048,576"),
    "Y7 latin-1": (b"name: caf\xe9\n", "not UTF-8"),
    "Y7 UTF-16": ("a: 1".encode("utf-16"), "UTF-16"),
    "Y7 NUL": (b"a: x\x00y\n", "NUL"),
    "Y7 escape character": (b"a: \x1b[31m\n", "U+001B"),
    "Y11 holds itself": ("a: &a [*a]\n", "cannot hold itself"),
    "Y12 long number": ("a: " + "9" * 5000, "5,000 digits"),
    "Y12 long hexadecimal": ("a: 0x" + "f" * 5000, "digits"),
    "Y12 huge float": ("a: 1e400", "too large"),
    "Y12 half a character": ('a: "\\ud800"', "haracter"),
    "many values": ("[" + "1," * 250_000 + "]", "200,000"),
    "many problems": ("a: 1\n" * 200_000, "more than 100"),
    "many seeds": (
        "experiment: {name: x}\ntraining:\n  seeds: [" + "1," * 150_000 + "]",
        "seeds: has 150,000 items; at most 1,000",
    ),
    "many variables": (
        "experiment: {name: x}\ntraining:\n  env:\n" + "".join(f"    k{i}: 1\n" for i in range(60_000)),
        "env: has 60,000 keys; at most 10,000",
    ),
    "many unknown keys": (
        "experiment: {name: x}\ntraining:\n" + "".join(f"  k{i}: 1\n" for i in range(60_000)),
        "training: has 60,000 keys",
    ),
    "many stages": (
        f"stages: [{','.join(f'{{name: a{i}, needs: b{i}}}' for i in range(17_000))}]",
        "stages: has 17,000 items",
    ),
    "long command": ("training: {script: '" + "a " * 500_000 + "'}", "script: has 1,000,000 characters"),
    "two documents": ("a: 1\n---\nb: 2\n", "second document"),
    "no such alias": ("a: *b\n", "no &b"),
    "list as key": ("? [a]\n: 1\n", "keys are text"),
    "no key": ("?\n: 1\n", "key is missing"),
    "tab": ("a:\n\tb: 1\n", "spaces"),
    "open quote": ('a: "x\nb: 1\n', "quote"),
    "open bracket": ("a: [1, 2\nb: 3\n", "bracket"),
}

PROBE = """
import json, sys, time
import yaml, orp_tui.config.loader
from pathlib import Path
from orp_tui.core.errors import ConfigError
began = time.process_time()  # of the processor: other tests share its cores
try:
    orp_tui.config.loader.load_experiment_file(Path(sys.argv[1]))
    text = None
except ConfigError as error:
    text = str(error)
seconds = time.process_time() - began
# ru_maxrss would also count what the test process held when it forked.
[peak] = [int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([text, seconds, peak]))
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_refused_by_a_clear_line_in_a_second_and_200_mib(name, tmp_path):
    text, sign = HOSTILE[name]
    file = tmp_path / "hostile.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(file)], capture_output=True, text=True, timeout=30
    )

    assert done.returncode == 0, done.stderr
    said, seconds, peak_mib = json.loads(done.stdout)
    assert sign in said
    assert all(line.startswith(f"{file}:") and len(line) < 400 for line in said.splitlines())
    assert peak_mib < 200
    # Twice the promise, since other tests share the machine's cores.
    assert seconds < 2


@pytest.mark.parametrize("item", ["1", "2.5", "ab"])
def test_the_most_values_that_a_file_may_hold_are_read_in_a_second(item, tmp_path):
    file = tmp_path / "large.yaml"
    items = ",".join([item] * 190_000)
    file.write_text(f"experiment: {{name: x}}\ntraining: {{script: [a], config: {{a: [{items}]}}}}\n")

    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(file)], capture_output=True, text=True, timeout=30
    )

    said, seconds, _ = json.loads(done.stdout)
    assert said is None
    assert seconds < 2  # twice the promise, as above


@pytest.mark.parametrize("kind", ["fifo", "device", "folder", "missing", "link to device"])
def test_what_is_no_regular_file_is_refused_without_being_read(kind, tmp_path):
    path = tmp_path / "experiment.yaml"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "link to device":
        path.symlink_to("/dev/zero")

    with pytest.raises(ConfigError) as raised:
        read_bytes(path, Problems(str(path)))

    assert str(raised.value).startswith(str(path))


def test_a_link_to_a_regular_file_is_followed(tmp_path):
    (tmp_path / "real.yaml").write_text("a: 1")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    assert read_bytes(tmp_path / "link.yaml", Problems("x")) == b"a: 1"


def test_words_are_read_by_the_core_schema_of_yaml_1_2():
    value = read(
        "a: no\nb: 012\nc: 12:30:00\nd: 1e-3\ne: 2026-01-01\nf: 0o17\ng: 0x1F\nh: -.inf\ni: ~\nj: 1_000\nk: +.5\nl: yes\n"
        "on: 3\nm: True\nn: NULL\no: '1'\np: 1.\nq:\n"
    ).value
    assert value == {
        "a": "no", "b": 12, "c": "12:30:00", "d": 0.001, "e": "2026-01-01", "f": 15, "g": 31, "h": -math.inf, "i": None,
        "j": "1_000", "k": 0.5, "l": "yes", "on": 3, "m": True, "n": None, "o": "1", "p": 1.0, "q": None,
    }  # fmt: skip
    assert math.isnan(read("a: .nan").value["a"])


def test_tags_of_the_core_schema_are_obeyed_or_refused():
    assert read('a: !!str 1\nb: !!int "3"\nc: !!float 2\nd: ! 5').value == {
        "a": "1",
        "b": 3,
        "c": 2.0,
        "d": "5",
    }
    assert problems_of('a: !!int "x"') == ["f.yaml:1: a: 'x' is no int"]


def test_keys_are_text_as_written():
    assert read("1: a\ntrue: b\n~: c\n'<<': d").value == {"1": "a", "true": "b", "~": "c", "<<": "d"}


def test_merges_fill_in_what_a_mapping_lacks():
    value = read("base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nall:\n  <<: [*b, *m]\n  x: 9\n").value
    assert value["all"] == {"x": 9, "y": 2, "z": 4}


def test_aliases_are_copies_so_that_changing_one_leaves_the_other():
    value = read("a: &a {x: [1]}\nb: *a\n").value
    value["b"]["x"].append(2)
    assert value["a"] == {"x": [1]}


def test_every_key_and_item_knows_its_line():
    document = read("a: 1\nb:\n  - x\n  - y: 2\n\nc: &c {d: 1}\ne: *c\n")
    assert document.line_of(("b", 1, "y")) == 4
    assert document.line_of(("c", "d")) == 6
    assert document.line_of(("e", "d")) == 7
    assert document.line_of(("b", 7, "nothing")) == 2


def test_all_duplicates_are_said_at_once_with_both_lines():
    assert problems_of("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n") == [
        "f.yaml:4: b.c: stands twice, in line 3 and in line 4; keep one",
        "f.yaml:5: a: stands twice, in line 1 and in line 5; keep one",
    ]


def test_messages_show_control_characters_from_escapes_as_text():
    [line] = problems_of('"\\x1b[2J": 1\n"\\x1b[2J": 2\n')
    assert line.isprintable()


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert read("\ufeffa: 1").value == {"a": 1}


def test_an_empty_text_and_comments_alone_say_nothing():
    assert read("").value is None
    assert read("# nothing\n").value is None


def test_the_parser_in_pure_python_gives_the_same(monkeypatch):
    import yaml

    text = "a: [1, {b: 1e-3}]\nc: &c {d: x}\ne: {<<: *c}\nf: |\n  text\n"
    fast = read(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert read(text) == fast
    assert "levels deep" in problems_of("[" * 1000)[0]
