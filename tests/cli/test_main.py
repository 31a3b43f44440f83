"""Errors, tracebacks, colours and readers that go away: the manners of every command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from desk import Desk, Ended
from pseudo_terminal import in_terminal
from waiting import until

VERBS = [
    "run",
    "validate",
    "init",
    "queue",
    "cancel",
    "status",
    "runs",
    "info",
    "logs",
    "artifacts",
    "doctor",
    "schema",
    "completion",
    "help",
]


def test_no_word_at_all_shows_the_help(desk: Desk) -> None:
    done = desk.call()

    assert done.code in (0, 2)
    assert all(f"\n  {verb} " in done.out + done.err for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(desk: Desk, verb: str) -> None:
    done = desk.call(verb, "--help")

    assert done.code == 0
    assert f"orp {verb}" in done.out.splitlines()[0]
    assert done.err == ""


def test_a_slip_of_the_pen_is_answered_with_the_nearest_name(desk: Desk) -> None:
    done = desk.call("staus")

    assert done.code == 2
    assert "Did you mean 'status'?" in done.err


def test_an_error_is_a_line_and_with_debug_a_traceback_too(desk: Desk) -> None:
    plain, debug, early = (
        desk.call("info", "x"),
        desk.call("info", "x", "--debug"),
        desk.call("--debug", "info", "x"),
    )

    assert "Traceback" not in plain.err
    assert "Traceback" in debug.err
    assert "RunNotFound" in debug.err
    assert plain.code == debug.code == early.code == 2
    assert early.err == debug.err
    assert debug.err.endswith(plain.err)


def test_debug_behind_the_dashes_is_the_commands(desk: Desk) -> None:
    done = desk.call("run", "--json", "--", "echo", "--debug")

    assert desk.stdout(done.json["experiment_id"]) == "--debug\n"


def test_a_bug_leaves_its_traceback_in_one_named_file(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    from orp_tui.cli.commands import schema

    monkeypatch.setattr(schema, "json_schema", lambda: 1 // 0)

    done, debug = desk.call("schema"), desk.call("schema", "--debug")

    (path,) = (tmp_path / "state" / "orp").iterdir()
    assert done.code == debug.code == 3
    assert done.out == ""
    assert "a bug in ORP: ZeroDivisionError" in done.err
    assert "Traceback" not in done.err
    assert str(path) in done.err
    assert "Traceback" in path.read_text()
    assert "Traceback" in debug.err


def test_a_reader_that_goes_away_is_no_error(ended: Ended) -> None:
    (ended.desk.root / "long.log").write_bytes(b"a line of a log\n" * 200_000)

    for line in (
        "orp runs | true",
        "orp info last --json | head -1",
        f"orp logs {ended.desk.root}/long.log | head -1",
    ):
        done = ended.desk.shell(f"{line}; echo ${{PIPESTATUS[0]}} >&2")
        assert done.err == "0\n", line


def test_a_reader_that_goes_away_does_not_change_how_a_run_ended(desk: Desk) -> None:
    desk.write("e.yaml", "exit 4")

    done = desk.shell("orp run e.yaml 2>&1 | head -1; echo ${PIPESTATUS[0]} >&2")

    assert done.err == "1\n"


def test_output_that_cannot_be_written_is_told_and_exits_3(ended: Ended) -> None:
    done = ended.desk.shell("orp runs > /dev/full")

    assert done.code == 3
    assert done.err == "orp: standard output cannot be written: No space left on device\n"


def test_an_encoding_without_glyphs_gets_ascii(ended: Ended) -> None:
    done = ended.desk.finish("runs", env=ended.desk.variables(PYTHONIOENCODING="ascii"))

    assert done.code == 0
    assert "+ succeeded" in done.out
    assert "x FAILED" in done.out


def test_piped_and_with_no_color_there_are_no_colours(ended: Ended) -> None:
    piped = ended.desk.shell("orp runs; orp info last; orp status")
    refused = in_terminal(ended.desk, "runs", NO_COLOR="1")
    coloured = in_terminal(ended.desk, "runs")

    assert "\x1b" not in piped.out + piped.err
    assert b"\x1b" not in refused
    assert b"\x1b[31;1m" in coloured


def test_a_broken_settings_file_is_told_with_its_line(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue:\n  slots: many\n")

    for words in (["status"], ["runs"], ["info", "last"], ["run", desk.write("e.yaml")]):
        done = desk.call(*words)
        assert done.code == 2
        assert "orp.yaml:2: queue.slots" in done.err


@pytest.mark.parametrize("base", ["/proc/nope", "/dev/null/nope", "/sys/nope"])
def test_a_base_directory_that_cannot_be_made_is_told_in_a_line(desk: Desk, base: str) -> None:
    done = desk.call("run", "--base-dir", base, desk.write("e.yaml"))

    assert done.code == 3
    assert base in done.err
    assert len(done.err.splitlines()) == 1
    assert "bug" not in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a folder away")
def test_the_store_of_another_user_is_refused_with_what_to_set(desk: Desk) -> None:
    (desk.folder / "orp.yaml").write_text("queue: {autostart: false}\n")
    desk.call("run", "--detach", desk.write("e.yaml"))
    os.chown(desk.paths.state, 65534, 65534)

    for words in (["runs"], ["run", "e.yaml"], ["info", "last"]):
        done = desk.call(*words)
        assert done.code == 3
        assert "belongs to another user" in done.err
        assert "state_dir" in done.err
        assert len(done.err.splitlines()) == 1


def test_help_and_status_import_nothing_heavy(desk: Desk) -> None:
    code = (
        "import sys; from orp_tui.cli.main import main; main(sys.argv[1:]);"
        "print([name for name in ('pydantic', 'yaml', 'numpy', 'asyncio', 'jsonschema', 'psutil') if name in sys.modules], file=sys.stderr)"
    )
    for words in (["--help"], ["status"], ["runs"], ["help"], ["completion", "bash"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=desk.root,
            env=desk.variables(),
            capture_output=True,
            text=True,
        )
        assert done.stderr.splitlines()[-1] == "[]", words


def test_text_that_the_terminal_has_no_letters_for_ends_no_command(desk: Desk) -> None:
    (desk.folder / "any.log").write_bytes("ü 実験 \udc80".encode("utf-8", "surrogateescape"))

    logs = in_terminal(desk, "logs", "any.log", PYTHONIOENCODING="ascii")
    run = in_terminal(
        desk, "run", desk.write("e.yaml", "echo 'ü 実験'", experiment="実験"), PYTHONIOENCODING="ascii"
    )

    assert b"\\xfc \\u5b9f" in logs
    assert b"succeeded" in run
    assert b"bug" not in logs + run


def test_a_project_that_is_deleted_under_a_follower_ends_it_with_a_line(desk: Desk) -> None:
    child = desk.spawn("run", desk.write("e.yaml", "echo here; sleep 60"))
    until(lambda: any("here" in desk.stdout(path.name) for path in desk.paths.runs.glob("exp_*")))
    for pid in desk.processes():
        if pid != child.pid:
            os.kill(pid, 9)

    shutil.rmtree(desk.paths.base)

    _, err = child.communicate(timeout=30)
    assert child.returncode in (1, 2, 3)
    assert b"Traceback" not in err
    assert b"bug" not in err


@pytest.mark.parametrize("words", [["status"], ["init"], ["info", "last"]])
def test_a_current_folder_that_was_deleted_is_said_so(words: list[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"import os, sys; os.rmdir({str(gone)!r}); from orp_tui.cli.main import main; sys.exit(main({words!r}))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=gone, capture_output=True, text=True, timeout=30, check=False
    )

    assert done.returncode == 2
    assert done.stderr == "orp: the current folder was deleted; `cd` into one that is there\n"
