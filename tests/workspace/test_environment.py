"""The environment of a run is the one of its submit, without secrets on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from project_tree import GITHUB_TOKEN, git_project, plan, write

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.environment import (
    SHIM,
    RunPlaces,
    capture,
    for_run,
    python_path,
)
from orp_tui.workspace.private_environment import encoded, late_secrets, read_env_file, read_private

PLACES = RunPlaces(
    "exp_1", Path("/r"), Path("/r/w/sub"), Path("/r/w/outputs"), Path("/r/config.json"), Path("/r/m.jsonl"), 7
)


def test_secrets_are_kept_by_name_whether_name_or_value_tells(tmp_path):
    key = tmp_path / "key.json"
    key.touch()
    shell = {
        "PATH": "/bin",
        "WANDB_API_KEY": "x",
        "HARMLESS": GITHUB_TOKEN,
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "MAX_TOKENS": "3",
    }

    fixed = capture(shell, {})

    assert fixed.late == ("HARMLESS", "WANDB_API_KEY")
    assert fixed.variables == {"PATH": "/bin", "GOOGLE_APPLICATION_CREDENTIALS": str(key), "MAX_TOKENS": "3"}
    assert GITHUB_TOKEN not in repr(fixed)


def test_training_env_stands_over_the_shell_and_may_name_a_source():
    fixed = capture(
        {"A": "shell", "B": "shell", "HF_TOKEN": "x"},
        {"A": "file", "B": {"from_env": "MINE"}, "HF_TOKEN": {"from_env": "HF_TOKEN"}},
    )

    assert fixed.variables == {"A": "file"}
    assert fixed.late == ("B=MINE", "HF_TOKEN")
    assert fixed.late_names == ("B", "HF_TOKEN")
    assert fixed.missing({"MINE"}) == ["HF_TOKEN"]


def test_variables_of_an_outer_run_and_of_the_submitting_process_are_dropped():
    assert capture(
        {"ORP_RUN_ID": "outer", "PWD": "/x", "_": "/bin/orp", "SHLVL": "3", "TERM": "xterm"}, {}
    ).variables == {"TERM": "xterm"}


def test_a_run_knows_its_places_and_imports_the_shim_last():
    variables = for_run(capture({"PYTHONPATH": "/mine"}, {}), PLACES, code=["/r/w/src"])

    assert variables["PYTHONPATH"] == f"/r/w/src:/mine:{SHIM}"
    assert {name: value for name, value in variables.items() if name.startswith("ORP_")} == {
        "ORP_RUN_ID": "exp_1", "ORP_RUN_DIR": "/r", "ORP_OUTPUT_DIR": "/r/w/outputs", "ORP_CONFIG_FILE": "/r/config.json",
        "ORP_METRICS_FILE": "/r/m.jsonl", "ORP_SEED": "7",
    }  # fmt: skip
    assert (variables["PYTHONUNBUFFERED"], variables["PWD"]) == ("1", "/r/w/sub")
    assert (SHIM / "orp_tui" / "__init__.py").is_file()


def test_what_training_env_says_of_buffering_is_left_alone():
    fixed = capture({}, {"PYTHONUNBUFFERED": ""})

    assert for_run(fixed, PLACES, explicit={"PYTHONUNBUFFERED"})["PYTHONUNBUFFERED"] == ""


def test_uv_leaves_a_linked_environment_of_the_project_alone(tmp_path):
    project = git_project(tmp_path / "p", {"train.py": ""})
    fixed = capture({}, {})
    assert "UV_NO_SYNC" not in for_run(fixed, PLACES, plan=plan(project))

    write(project, {".venv/pyvenv.cfg": ""})

    assert for_run(fixed, PLACES, plan=plan(project))["UV_NO_SYNC"] == "1"


def test_an_empty_entry_of_pythonpath_stays_the_working_folder():
    assert python_path("/a::/b", ["/w"], None) == "/w:/a::/b"
    assert python_path("", [], None) == ""


def test_the_private_file_holds_any_bytes(tmp_path):
    variables = {"A": "x=y\nz", "B": "", "C": os.fsdecode(b"\xff\xfe"), "BASH_FUNC_module%%": "() { :\n}"}

    (tmp_path / "e").write_bytes(encoded(variables))

    assert read_private(tmp_path / "e") == variables


def test_secrets_come_from_the_file_first_then_from_the_leader(tmp_path):
    (tmp_path / ".env").write_text("HF_TOKEN=file\nEXTRA=1\nFIXED=no\nORP_RUN_ID=no\n")

    found, missing = late_secrets(
        ("HF_TOKEN", "B=MINE", "GONE"),
        tmp_path / ".env",
        {"HF_TOKEN": "leader", "MINE": "m", "OTHER": "o"},
        fixed={"FIXED"},
    )

    assert found == {"HF_TOKEN": "file", "EXTRA": "1", "B": "m"}
    assert missing == ["GONE"]


def test_an_env_file_that_is_gone_is_named_as_missing(tmp_path):
    assert late_secrets((), tmp_path / ".env", {}) == ({}, [f"env_file {tmp_path / '.env'}"])


def test_dotenv_lines_of_all_usual_kinds_are_read(tmp_path):
    (tmp_path / ".env").write_text(
        "# comment\n\nexport A=1\nB = \"two words\" # c\nC='sin#gle $X'\nD=plain value   # trailing\nE=a#b\nF=\n"
        'G="multi\nline\\n\\"q\\""\nH=http://x/y?z=1#frag\nI=\'\'\n'
    )

    assert read_env_file(tmp_path / ".env") == {
        "A": "1", "B": "two words", "C": "sin#gle $X", "D": "plain value", "E": "a#b", "F": "", "G": 'multi\nline\n"q"',
        "H": "http://x/y?z=1#frag", "I": "",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["A=1\nsecret words\n", 'A=1\nX="unclosed\n', "A=1\n1B=3"])
def test_a_line_that_is_none_of_these_is_named_by_its_number_only(tmp_path, text):
    (tmp_path / ".env").write_text(text)

    with pytest.raises(SubmitRefused, match=r"\.env:2: not NAME=value") as refusal:
        read_env_file(tmp_path / ".env")
    assert "secret words" not in str(refusal.value)
