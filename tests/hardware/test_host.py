"""What a machine has is what its control groups leave of it."""

from __future__ import annotations

import os

import pytest

from orp_tui.hardware import host

MIB = 1 << 20


@pytest.fixture
def machine(tmp_path):
    """Makes files beneath a root that stands for a machine with 1000 MiB."""

    def put(**files):
        files = {"proc/meminfo": "MemTotal: 1024000 kB\nMemFree: 1 kB\nMemAvailable: 512000 kB\n", **files}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return str(tmp_path)

    return put


def put_v2(machine, **files):
    return machine(
        **{"proc/self/cgroup": "0::/user/job\n"},
        **{f"sys/fs/cgroup/{name}": text for name, text in files.items()},
    )


def test_without_limits_all_of_the_machine_counts(machine):
    root = machine()

    assert host.cpus(root) == len(os.sched_getaffinity(0))
    assert host.memory(root) == host.Memory(1000 * MIB, 500 * MIB)


def test_the_least_of_all_groups_above_is_the_limit(machine):
    root = put_v2(
        machine,
        **{
            "user/job/memory.max": "max\n",
            "user/memory.max": f"{200 * MIB}\n",
            "user/memory.current": f"{150 * MIB}\n",
            "user/memory.stat": f"anon 5\ninactive_file {100 * MIB}\n",
            "memory.max": f"{400 * MIB}\n",
            "memory.current": "0\n",
            "user/cpu.max": "100000 100000\n",
            "user/job/cpu.max": "max 100000\n",
        },
    )

    assert host.memory(root) == host.Memory(200 * MIB, 150 * MIB)
    assert host.cpus(root) == 1


def test_older_control_groups_count_too(machine):
    root = machine(
        **{
            "proc/self/cgroup": "7:cpu,cpuacct:/job\n8:memory:/job\n",
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{300 * MIB}\n",
            "sys/fs/cgroup/memory/job/memory.usage_in_bytes": f"{100 * MIB}\n",
            "sys/fs/cgroup/memory/job/memory.stat": f"total_inactive_file {40 * MIB}\n",
            "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n",
        }
    )

    assert host.memory(root) == host.Memory(300 * MIB, 240 * MIB)
    assert host.cpus(root) == 1


def test_a_limit_that_is_none_is_none(machine):
    root = machine(
        **{
            "proc/self/cgroup": "8:memory:/\n7:cpu:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        }
    )

    assert host.memory(root).total == 1000 * MIB
    assert host.cpus(root) == len(os.sched_getaffinity(0))


def test_where_nothing_can_be_read_nothing_is_known(tmp_path):
    assert host.memory(str(tmp_path)) is None


def test_this_machine_has_something():
    here = host.memory()

    assert here is not None
    assert 0 < here.available <= here.total
    assert host.cpus() >= 1
    assert host.load() >= 0


def test_the_disk_of_a_path_that_is_not_there_yet_is_that_of_its_folder(tmp_path):
    assert host.disk(tmp_path / "not" / "yet").total == host.disk(tmp_path).total > 0
