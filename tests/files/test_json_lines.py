"""Lines of JSON that many processes append."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from orp_tui.files.json_lines import append, read

LIMIT = 1 << 20


def test_what_was_appended_is_read_in_its_order(tmp_path):
    path = tmp_path / "a.jsonl"

    for number in range(3):
        append(path, {"n": number, "text": "ü\n\udc80"})

    assert [line["n"] for line in read(path, limit=LIMIT)] == [0, 1, 2]
    assert len(path.read_bytes().splitlines()) == 3
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_torn_line_costs_itself_alone(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"n": 0}\n{"n": 1, "te')

    append(path, {"n": 2})

    assert [line["n"] for line in read(path, limit=LIMIT)] == [0, 2]


def test_what_is_no_object_is_passed_over(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'[1]\n\xff\xfe\n"a"\nnull\n' + b"[" * 100_000 + b'\n{"n": 1}\n\n')

    assert list(read(path, limit=LIMIT)) == [{"n": 1}]


def test_of_a_large_file_the_end_is_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"n": number}) + "\n" for number in range(1000)))

    assert [line["n"] for line in read(path, limit=40)] == [997, 998, 999]


@pytest.mark.parametrize("kind", ["fifo", "folder", "link", "nothing"])
def test_what_is_no_regular_file_is_not_read(tmp_path, kind):
    path = tmp_path / "a.jsonl"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        (tmp_path / "other").write_text('{"n": 1}\n')
        path.symlink_to("other")

    assert list(read(path, limit=LIMIT)) == []
    if kind != "nothing":
        with pytest.raises(OSError, match=r"."):
            append(path, {"n": 1})


def test_a_line_that_finds_no_room_is_an_error_and_costs_itself_alone(tmp_path):
    path = tmp_path / "a.jsonl"
    append(path, {"n": 0})
    code = (
        "import resource, signal, sys; from pathlib import Path; from orp_tui.files.json_lines import append\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))\n"
        "try: append(Path(sys.argv[1]), {'n': 'x' * 100})\n"
        "except OSError as error: print(error.strerror)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    append(path, {"n": 2})

    assert done.stdout == "No space left on device\n"
    assert [line["n"] for line in read(path, limit=LIMIT)] == [0, 2]


def test_lines_of_many_processes_never_mix(tmp_path):
    path = tmp_path / "a.jsonl"
    code = (
        "import sys; from pathlib import Path; from orp_tui.files.json_lines import append\n"
        "for n in range(40): append(Path(sys.argv[1]), {'by': sys.argv[2], 'n': n, 'x': 'x' * 5000})"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, path, by]) for by in "abc"]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]

    lines = list(read(path, limit=LIMIT))

    assert sorted((line["by"], line["n"]) for line in lines) == [(by, n) for by in "abc" for n in range(40)]
