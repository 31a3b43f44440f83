"""What the kernel says of processes, memory and time, read from its files."""

import os
import time


def read_text(path):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, 1 << 16).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def start_ticks(pid):
    """Field 22 of the stat file: clock ticks from boot to the start of the process; 0 if it is gone."""
    stat = read_text("/proc/%d/stat" % pid)
    fields = stat[stat.rfind(")") + 2 :].split()
    return int(fields[19]) if len(fields) > 19 else 0


def boot_id():
    return read_text("/proc/sys/kernel/random/boot_id").strip()


def pid_namespace():
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def children_of(pid):
    """Direct children, by the kernel's list or, where it has none, by the parent named in each stat file."""
    found = []
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            found += [int(word) for word in read_text("/proc/%d/task/%s/children" % (pid, task)).split()]
        if found or os.path.exists("/proc/%d/task/%d/children" % (pid, pid)):
            return found
    except OSError:
        return found
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = read_text("/proc/%s/stat" % name)
            fields = stat[stat.rfind(")") + 2 :].split()
            if len(fields) > 1 and fields[1] == str(pid):
                found.append(int(name))
    return found


def descendants_of(pid):
    found, todo = [], [pid]
    while todo:
        for child in children_of(todo.pop()):
            if child not in found:
                found.append(child)
                todo.append(child)
    return found


def oom_kills():
    """How often the kernel killed for memory: in this cgroup where it counts them, else on the machine."""
    for line in read_text("/proc/self/cgroup").split("\n"):
        if line.startswith("0::"):
            events = read_text("/sys/fs/cgroup" + line[3:] + "/memory.events").split()
            if "oom_kill" in events:
                return int(events[events.index("oom_kill") + 1])
    counters = read_text("/proc/vmstat").split()
    return int(counters[counters.index("oom_kill") + 1]) if "oom_kill" in counters else 0


def disk_free(path):
    """Bytes that are left where `path` lies; None if nobody can say."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def monotonic():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def has_rank(pid):
    words = read_text("/proc/%d/environ" % pid).split("\0")
    return any(
        word.startswith(("RANK=", "LOCAL_RANK=", "SLURM_PROCID=", "OMPI_COMM_WORLD_RANK=")) for word in words
    )
