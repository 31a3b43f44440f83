"""The training's Python is asked once, and again when something it reads changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from project_tree import write

from orp_tui.core.errors import SubmitRefused
from orp_tui.workspace.interpreter import query


@pytest.fixture
def venv(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    return tmp_path / "venv"


def site(venv: Path) -> Path:
    return next(venv.glob("lib/python*/site-packages"))


def test_packages_prefix_and_editable_installs_are_known(venv, tmp_path):
    record = json.dumps({"url": f"file://{tmp_path}/my%20code", "dir_info": {"editable": True}})
    write(site(venv), {"numpy-2.1.0.dist-info/METADATA": "", "my_code-0.1.dist-info/direct_url.json": record})

    facts = query(str(venv / "bin/python"), {})

    assert facts.packages == {"numpy": "2.1.0", "my_code": "0.1"}
    assert facts.prefix == str(venv)
    assert facts.version_info == sys.version_info[:3]
    assert [(item.name, item.folder) for item in facts.editables] == [("my_code", f"{tmp_path}/my code")]


def test_an_answer_is_kept_until_a_package_or_a_path_file_changes(venv, tmp_path):
    python, cache = str(venv / "bin/python"), tmp_path / "cache"
    first = query(python, {}, cache)
    kept = next(cache.glob("python-*.json"))
    told = json.loads(kept.read_text())
    told["facts"]["packages"] = {"remembered": "1"}
    kept.write_text(json.dumps(told))
    assert query(python, {}, cache).packages == {"remembered": "1"}

    write(site(venv), {"new-1.0.dist-info/METADATA": ""})
    assert query(python, {}, cache).packages == {**first.packages, "new": "1.0"}

    write(site(venv), {"a.pth": f"{tmp_path}\n"})
    assert str(tmp_path) in query(python, {}, cache).import_path
    (site(venv) / "a.pth").write_text(f"{tmp_path}/venv\n")
    assert str(tmp_path) not in query(python, {}, cache).import_path


def test_a_damaged_answer_is_asked_for_again(venv, tmp_path):
    python, cache = str(venv / "bin/python"), tmp_path / "cache"
    query(python, {}, cache)
    next(cache.glob("python-*.json")).write_text('{"facts": {}, "stamps": []}')

    assert query(python, {}, cache).prefix == str(venv)


def test_noise_of_a_sitecustomize_does_no_harm_and_its_failure_is_said(venv):
    write(site(venv), {"sitecustomize.py": "print('hello {\"version\": 1}')"})
    assert query(str(venv / "bin/python"), {}).prefix == str(venv)

    write(site(venv), {"sitecustomize.py": "import os; os.write(2, b'broken here'); os._exit(3)"})
    with pytest.raises(SubmitRefused, match=r"exit code 3[\s\S]*broken here"):
        query(str(venv / "bin/python"), {})


def test_a_program_that_is_no_python_is_refused(tmp_path):
    with pytest.raises(SubmitRefused, match="cannot be started"):
        query(str(tmp_path / "python"), {})


@pytest.mark.parametrize("version", ["3.6.15", "3.8.18", "3.13.0"])
def test_other_versions_can_be_asked(version):
    python = f"/root/.pyenv/versions/{version}/bin/python"
    if not os.access(python, os.X_OK):
        pytest.skip(f"no Python {version} here")

    assert ".".join(map(str, query(python, {}).version_info)) == version
