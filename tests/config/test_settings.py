from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orp_tui.config.settings import Settings, find_project, load_settings
from orp_tui.core.errors import ConfigError


@pytest.fixture
def home(tmp_path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


@pytest.fixture
def project(tmp_path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def write(path: Path, text: str) -> None:
    """As a file that was saved a while ago: one saved just now is not kept in the cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    past = time.time() - 60
    os.utime(path, (past, past))


def test_without_files_everything_lies_beneath_the_project(project, home):
    settings = load_settings(project, environ=home)
    assert settings.base_dir == project / "experiments"
    assert settings.paths.database == project / "experiments" / "state" / "orp.db"
    assert settings.paths.run("x").folder == project / "experiments" / "runs" / "x"
    assert (settings.queue.slots, settings.queue.autostart, settings.queue.idle_exit_s) == (None, True, 600)
    assert settings.workspace.max_file_bytes == 10 * 2**20
    assert settings.workspace.max_total_bytes == 200 * 2**20
    assert settings.origins == {}


def test_flags_beat_environment_beats_project_beats_user(project, home, tmp_path):
    write(
        tmp_path / "home/.config/orp/config.yaml",
        "queue: {slots: 1, idle_exit: 1m}\nbase_dir: user\nruns_dir: /runs\n",
    )
    write(project / "orp.yaml", "queue: {slots: 2}\nbase_dir: mine\nstate_dir: ../state\n")

    settings = load_settings(project, environ=home)
    assert (settings.queue.slots, settings.queue.idle_exit_s) == (2, 60)
    assert settings.base_dir == project / "mine"
    assert settings.state_dir == tmp_path / "state"
    assert settings.runs_dir == Path("/runs")
    assert settings.artifacts_dir == project / "mine" / "artifacts"

    environ = {**home, "ORP_SLOTS": "3", "ORP_BASE_DIR": "other"}
    assert load_settings(project, environ=environ).queue.slots == 3
    settings = load_settings(project, environ=environ, flags={"queue.slots": 4, "base_dir": None})
    assert (settings.queue.slots, settings.base_dir) == (4, project / "other")
    assert settings.origins["queue.slots"] == "flag"
    assert settings.origins["base_dir"] == "$ORP_BASE_DIR"
    assert settings.origins["state_dir"] == str(project / "orp.yaml")


def test_wrong_settings_are_all_said_with_file_and_line(project, home):
    write(
        project / "orp.yaml",
        "bas_dir: x\nqueue:\n  slot: 2\n  autostart: yes\nworkspace: {inputs: [../x], max_file: 3G}\n",
    )
    with pytest.raises(ConfigError) as raised:
        load_settings(project, environ=home)
    name = str(project / "orp.yaml")
    lines = str(raised.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        f"{name}:1",
        f"{name}:3",
        f"{name}:4",
        f"{name}:5",
        f"{name}:5",
    ]
    assert 'bas_dir: is not a known setting; did you mean "base_dir"?' in lines[0]
    assert 'queue.slot: is not a known setting; did you mean "slots"?' in lines[1]


@pytest.mark.parametrize(
    ("environ", "flags", "sign"),
    [
        ({"ORP_SLOTS": "many"}, {}, "environment: ORP_SLOTS: must be a whole number from 1"),
        ({}, {"queue.slots": 0}, "flags: queue.slots: must be a whole number from 1"),
        ({}, {"queue.slot": 1}, 'did you mean "queue.slots"?'),
    ],
)  # fmt: skip
def test_wrong_variables_and_flags_are_named(environ, flags, sign, project, home):
    with pytest.raises(ConfigError) as raised:
        load_settings(project, environ={**home, **environ}, flags=flags)
    assert sign in str(raised.value).replace("[", ".").replace("]", "")


def test_the_project_is_the_nearest_orp_yaml_else_the_git_root_else_here(tmp_path):
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)
    assert find_project(deep) == deep
    (tmp_path / "a/b/.git").write_text("gitdir: elsewhere")
    assert find_project(deep) == tmp_path / "a/b"
    (tmp_path / "a/orp.yaml").write_text("")
    assert find_project(deep) == tmp_path / "a"


def cache_of(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "home/.cache/orp").glob("*.json"))


def test_an_unchanged_file_is_read_from_the_cache_and_a_changed_one_is_not(project, home, tmp_path):
    write(project / "orp.yaml", "queue: {slots: 2}\n")
    assert load_settings(project, environ=home).queue.slots == 2
    [kept] = cache_of(tmp_path)
    data = json.loads(kept.read_text())
    data["values"]["queue.slots"] = 7
    kept.write_text(json.dumps(data))
    assert load_settings(project, environ=home).queue.slots == 7
    write(project / "orp.yaml", "queue: {slots: 3}\n")
    assert load_settings(project, environ=home).queue.slots == 3


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"key": 1, "values": {}}', "\0", "link", "folder", "value"]
)
def test_a_damaged_cache_is_ignored(damage, project, home, tmp_path):
    write(project / "orp.yaml", "queue: {slots: 2}\n")
    load_settings(project, environ=home)
    [kept] = cache_of(tmp_path)
    data = json.loads(kept.read_text())
    kept.unlink()
    if damage == "link":
        kept.symlink_to("/dev/zero")
    elif damage == "folder":
        kept.mkdir()
    elif damage == "value":
        kept.write_text(json.dumps({**data, "values": {"queue.slots": "evil"}}))
    else:
        kept.write_text(damage)
    assert load_settings(project, environ=home).queue.slots == 2


def test_a_cache_that_cannot_be_written_changes_nothing(project, home):
    write(project / "orp.yaml", "queue: {slots: 2}\n")
    assert load_settings(project, environ={**home, "XDG_CACHE_HOME": "/proc/nowhere"}).queue.slots == 2


def test_settings_from_the_cache_need_neither_yaml_nor_pydantic(project, home):
    write(project / "orp.yaml", "queue: {slots: 2}\n")
    code = (
        "import sys, pathlib; from orp_tui.config.settings import load_settings; "
        "assert load_settings(pathlib.Path(sys.argv[1])).queue.slots == 2; "
        "print([m for m in ('yaml', 'pydantic', 'numpy', 'asyncio') if m in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(project)]
    environ = {**home, "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    loaded = [
        subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert loaded == ["['yaml']\n", "[]\n"]


def test_an_empty_file_sets_nothing(project, home):
    write(project / "orp.yaml", "# nothing yet\nqueue:\n")
    assert isinstance(load_settings(project, environ=home), Settings)


def test_the_cache_keeps_the_64_newest_files_and_nothing_else_of_the_folder_goes(project, home, tmp_path):
    folder = tmp_path / "home/.cache/orp"
    folder.mkdir(parents=True)
    for age in range(70):
        old = folder / f"settings-1-{age:x}.json"
        old.write_text("{}")
        os.utime(old, (1000 - age, 1000 - age))
    (folder / "other.json").write_text("{}")

    write(project / "orp.yaml", "queue: {slots: 3}\n")
    load_settings(project, environ=home)

    names = {path.name for path in cache_of(tmp_path)}
    assert len(names) == 65
    assert "other.json" in names
    assert {f"settings-1-{age:x}.json" for age in range(63)} < names  # the newest 63 and the new one
