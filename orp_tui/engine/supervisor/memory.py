"""The memory limit of one training: held by the kernel in a cgroup of its own, else looked at once a second."""

import os

from durable import log
from kernel_view import descendants_of, monotonic, read_text

PERIOD_S = 0.95
GRACE_S = 10.0
"""A training that is over its limit has no longer than this to save and end."""


class MemoryLimit:
    """What the launch block says of memory; made only where there is a limit."""

    def __init__(self, block):
        self.limit = int(block.number("memory"))
        places = [os.fsdecode(word) for word in block.lists.get("cgroup", [])]
        self.cgroup, self.home = places if len(places) == 2 else ("", "")
        self.grace = GRACE_S
        self.inside = False
        self.used = None
        self.looked = 0.0
        self.page = os.sysconf("SC_PAGE_SIZE")

    def enter(self):
        """Go into the training's cgroup, for the moment in which it is spawned: so it begins there."""
        if self.cgroup:
            self.inside = self.put(self.cgroup + "/cgroup.procs", b"0")

    def leave(self):
        if self.inside:
            self.put(self.home + "/cgroup.procs", b"0")

    def put(self, path, data):
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)
        except OSError as error:
            log("%s: %s" % (path, error.strerror))
            return False
        return True

    def is_over(self):
        """Whether the tree uses more than it may; always False where the kernel sees to it."""
        now = monotonic()
        if self.inside or now - self.looked < PERIOD_S:
            return False
        self.looked = now
        pids = descendants_of(os.getpid())
        used = sum(map(self.resident, pids))
        if used > self.limit:
            # Pages that processes share, as data loaders do, are in the sum once for each of them.
            used = sum(map(self.proportional, pids))
        self.used = max(used, self.used or 0)
        return used > self.limit

    def resident(self, pid):
        words = read_text("/proc/%d/statm" % pid).split()
        return int(words[1]) * self.page if len(words) > 1 else 0

    def proportional(self, pid):
        """Shared pages counted in part; as `resident` where the kernel does not tell."""
        words = read_text("/proc/%d/smaps_rollup" % pid).split()
        return int(words[words.index("Pss:") + 1]) << 10 if "Pss:" in words else self.resident(pid)

    def kills(self):
        words = read_text(self.cgroup + "/memory.events").split()
        return int(words[words.index("oom_kill") + 1]) if "oom_kill" in words else 0

    def facts(self):
        """For the exit record."""
        peak = read_text(self.cgroup + "/memory.peak").strip() if self.inside else ""
        return {
            "limit": self.limit, "used": int(peak) if peak.isdigit() else self.used,
            "by": "kernel" if self.inside else "watch",
        }  # fmt: skip

    def kill(self):
        """SIGKILL to all of the cgroup at once, whatever it forks meanwhile; nothing where there is none."""
        if self.inside and os.path.exists(self.cgroup + "/cgroup.kill"):
            self.put(self.cgroup + "/cgroup.kill", b"1")

    def remove(self):
        if self.cgroup:
            try:
                os.rmdir(self.cgroup)
            except OSError:
                pass  # a kept process lives in it; the queue processor removes it some day
