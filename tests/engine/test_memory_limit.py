"""Where a cgroup with a memory limit can be made, and what is put into it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orp_tui.engine import memory_limit

RUN = "exp_20261124_093000_aaaa"


@pytest.fixture
def machine(tmp_path):
    """A maker of folders that look like a machine's: /proc/self, and cgroups with the controllers they hand down."""

    def make(own: str, folders: dict[str, str], *, root: str = "/") -> Path:
        mount = tmp_path / "cgroup"
        for name, controllers in folders.items():
            folder = mount / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "cgroup.subtree_control").write_text(controllers)
            (folder / "cgroup.procs").write_text("")
        proc = tmp_path / "proc"
        proc.mkdir()
        (proc / "cgroup").write_text(f"4:memory:/x\n0::{own}\n")
        (proc / "mountinfo").write_text(
            "30 1 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
            f"31 1 0:27 {root} {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
        )
        return proc

    return make


USER = "user.slice/user@1000.service"


def test_the_nearest_folder_that_hands_memory_down_is_used(machine, tmp_path):
    proc = machine(
        f"/{USER}/app.slice/tmux.scope",
        {"": "memory", USER: "cpu memory", f"{USER}/app.slice": "memory pids", f"{USER}/app.slice/tmux.scope": ""},
    )  # fmt: skip
    app = tmp_path / "cgroup" / USER / "app.slice"

    assert memory_limit.place(proc) == (app, app / "tmux.scope")


def test_without_memory_anywhere_above_there_is_no_place(machine):
    proc = machine(f"/{USER}", {"": "cpu", USER: ""})

    assert memory_limit.place(proc) is None
    assert memory_limit.make(RUN, 1, 1000, proc=proc) == []


def test_a_container_sees_only_its_part(machine, tmp_path):
    proc = machine("/docker/abc/inner", {"": "memory", "inner": ""}, root="/docker/abc")

    assert memory_limit.place(proc) == (tmp_path / "cgroup", tmp_path / "cgroup" / "inner")


@pytest.mark.parametrize("own", ["/../elsewhere", "/other"])
def test_a_cgroup_outside_of_what_is_mounted_is_none(machine, own):
    assert memory_limit.place(machine(own, {"": "memory"}, root="/docker/abc")) is None


def test_no_unified_hierarchy_is_no_place(tmp_path):
    (tmp_path / "cgroup").write_text("4:memory:/x\n")
    (tmp_path / "mountinfo").write_text("")

    assert memory_limit.place(tmp_path) is None
    assert memory_limit.place(tmp_path / "nowhere") is None


def test_a_run_with_a_limit_gets_a_cgroup_that_ends_all_of_it_and_does_not_swap(machine, tmp_path):
    proc = machine("/a", {"": "memory", "a": ""})

    folder, home = memory_limit.make(RUN, 2, 5000, proc=proc)

    assert folder == str(tmp_path / "cgroup" / f"orp-{RUN}-2")
    assert home == str(tmp_path / "cgroup" / "a")
    values = {path.name: path.read_text() for path in Path(folder).iterdir()}
    assert values == {"memory.max": "5000", "memory.swap.max": "0", "memory.oom.group": "1"}
    assert memory_limit.make(RUN, 3, None, proc=proc) == []


def test_cgroups_of_ended_runs_are_swept_and_no_others(machine, tmp_path):
    proc = machine("/a", {"": "memory", "a": ""})
    mount = tmp_path / "cgroup"
    alive, fresh = "exp_20261124_093000_bbbb", "exp_20261124_093000_cccc"
    for name in (f"orp-{RUN}-1", f"orp-{alive}-1", f"orp-{fresh}-1", "orp-other-1"):
        (mount / name).mkdir()
        if fresh not in name:
            os.utime(mount / name, (1, 1))

    memory_limit.sweep({alive}, proc=proc)

    kept = {path.name for path in mount.iterdir() if path.name.startswith("orp-")}
    assert kept == {f"orp-{alive}-1", f"orp-{fresh}-1", "orp-other-1"}


def test_the_cgroup_of_a_process_is_found_by_its_name(machine, tmp_path):
    proc = machine("/docker/abc/a", {"": "memory", "a": ""}, root="/docker/abc")
    name = memory_limit.name_of(RUN, 2)
    for pid, where in (
        (1, f"/docker/abc/{name}"),
        (2, f"/docker/abc/{name}/below"),
        (3, "/docker/abc/a"),
        (4, f"/../{name}"),
    ):
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cgroup").write_text(f"4:memory:/x\n0::{where}\n")

    found = [memory_limit.folder_of(pid, name, proc=proc) for pid in range(1, 6)]

    assert found == [tmp_path / "cgroup" / name] * 2 + [None] * 3
