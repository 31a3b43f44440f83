"""`training.environment` is activated once, and what fails is said in its own words."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace import activation
from orp_tui.workspace.activation import Activation, activate

BASE = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "KEPT": "a\nb"}


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_setup_lines_run_in_order_and_what_they_export_is_kept(tmp_path):
    lines = ("export A=1", 'export B="$A two"', "echo noise; printf 'A=9\\0'", "cd /", "NOT_EXPORTED=1")

    result = activate(Activation(setup=lines), BASE, tmp_path)

    assert (result["A"], result["B"], result["KEPT"]) == ("1", "1 two", "a\nb")
    assert "NOT_EXPORTED" not in result


@pytest.mark.parametrize("line", ["false", "source /nonexistent/x.sh", "nosuchcommand", "exit 3", "if"])
def test_a_line_that_fails_refuses_with_what_bash_said(tmp_path, line):
    with pytest.raises(SubmitRefused, match=r"training\.environment cannot be activated") as refusal:
        activate(Activation(setup=("export A=1", line)), BASE, tmp_path)
    assert line.split()[0] in str(refusal.value) or line == "exit 3"


def test_a_virtual_environment_is_active_with_its_python_first(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v e")], check=True)

    result = activate(Activation(venv="v e"), BASE, tmp_path)

    assert result["VIRTUAL_ENV"] == str(tmp_path / "v e")
    assert result["PATH"].startswith(f"{tmp_path}/v e/bin:")
    with pytest.raises(SubmitRefused, match="gone: there is no"):
        activate(Activation(venv="gone"), BASE, tmp_path)


def test_conda_is_asked_for_its_hook_and_told_the_name(tmp_path):
    hook = f'conda() {{ [ "$1" = activate ] && [ "$2" = vision ] || return 1; export CONDA_PREFIX={tmp_path}/envs/vision; }}'
    conda = script(tmp_path / "conda" / "bin" / "conda", f"#!/bin/sh\ncat <<'E'\n{hook}\nE\n")

    result = activate(Activation(conda="vision"), {**BASE, "CONDA_EXE": str(conda)}, tmp_path)

    assert result["CONDA_PREFIX"] == f"{tmp_path}/envs/vision"
    with pytest.raises(SubmitRefused, match="conda activate 'other'"):
        activate(Activation(conda="other"), {**BASE, "CONDA_EXE": str(conda)}, tmp_path)


def test_without_conda_the_refusal_says_what_to_do(tmp_path):
    with pytest.raises(SubmitRefused, match="conda is not on PATH"):
        activate(Activation(conda="vision"), BASE, tmp_path)


def test_modules_are_loaded_and_an_error_with_exit_code_zero_counts(tmp_path):
    script(tmp_path / "lmod/init/bash", 'module() { [ "$2" = cuda ] || { echo "ERROR: Unable to locate a modulefile for $2" >&2; return 0; }; export LOADED=$2; }\n')  # fmt: skip
    base = {**BASE, "LMOD_PKG": str(tmp_path / "lmod")}

    assert activate(Activation(modules=("cuda",)), base, tmp_path)["LOADED"] == "cuda"
    with pytest.raises(SubmitRefused, match="Unable to locate a modulefile for gone"):
        activate(Activation(modules=("gone",)), base, tmp_path)


def test_an_activation_that_hangs_is_ended_with_all_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(activation, "TIMEOUT_S", 0.3)
    started = time.monotonic()

    with pytest.raises(SubmitRefused, match="took longer than"):
        activate(Activation(setup=("sleep 60 & echo $! > pid; wait",)), BASE, tmp_path)

    assert time.monotonic() - started < 20
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}") and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
