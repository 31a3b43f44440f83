"""Step 5 and 7: wait for the end or bring it about, and leave no process behind."""

import _signal as signal
import os
import select
import time

from durable import failpoint, log, to_json, write_atomic
from kernel_view import children_of, descendants_of, has_rank, monotonic, read_text

LEFTOVER_WAIT_S = 10.0
LEFTOVER_GRACE_S = 10.0
UNKILLABLE_AFTER_S = 30.0
TICK_S = 1.0
SHELLS = ("sh", "bash", "dash", "zsh", "ksh")


class Keeper:
    """Watches one training; alone decides when it is to be stopped."""

    def __init__(self, training, wake):
        self.training = training
        self.block = training.block
        self.memory = training.memory
        self.wake = wake
        self.grace = self.block.number("grace_s")
        self.terminated = False
        self.stop = None
        self.deadline = None
        self.wished = None
        self.signals = []
        self.leftovers = 0
        self.unkillable = False

    def path(self, name):
        return self.training.path(name)

    def watch(self):
        """Return when the main process has ended and `training.status` is known."""
        timeout, stall = self.block.number("timeout_s"), self.block.number("stall_s")
        grown, size = monotonic(), -1
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        while True:
            self.training.reap()
            if self.training.status is not None:
                return
            self.training.record_start()
            now = monotonic()
            if stall is not None:
                before, size = size, self.log_bytes()
                grown = now if size != before else grown
            if self.stop is None:
                self.look_for_reasons(now, timeout, stall, grown)
            elif now >= self.hastened(now):
                self.kill_tree()
                self.look_for_unkillable(now, self.deadline)
            poll.poll(int(self.pause(monotonic(), timeout) * 1000))
            self.drain()

    def log_bytes(self):
        return os.fstat(self.training.out).st_size + os.fstat(self.training.err).st_size

    def pause(self, now, timeout):
        ends = [TICK_S]
        if self.stop is not None:
            again = TICK_S if self.unkillable else 0.05
            ends.append(self.deadline - now if self.deadline > now else again)
        elif timeout is not None:
            ends.append(self.training.started + timeout - now)
        return max(0.001, min(ends))

    def drain(self):
        try:
            while os.read(self.wake, 4096):
                pass
        except BlockingIOError:
            pass

    def look_for_reasons(self, now, timeout, stall, grown):
        cancel = self.cancelled()
        if cancel is not None:
            self.begin_stop("cancelled", *cancel)
        elif self.terminated:
            self.begin_stop("terminated", "SIGTERM", None)
        elif timeout is not None and now - self.training.started >= timeout:
            self.begin_stop("timed_out", "", None)
        elif stall is not None and now - grown >= stall:
            self.begin_stop("stalled", "", None)
        elif self.memory is not None and self.memory.is_over():
            self.begin_stop("oom", "", min(self.grace, self.memory.grace))

    def cancelled(self):
        """Who asks for the end and with which grace; None if nobody does."""
        if not os.path.exists(self.path("cancel.json")):
            return None
        text = read_text(self.path("cancel.json"))
        by, grace = "", None
        if '"by": "' in text:
            by = text.split('"by": "', 1)[1].split('"', 1)[0]
        if '"grace_s": ' in text:
            word = text.split('"grace_s": ', 1)[1].split(",")[0].split("}")[0].strip()
            grace = float(word) if word[:1].isdigit() else None
        return by, grace

    def begin_stop(self, why, by, grace):
        """Ask the training to end: its root first, so that its save handler can work."""
        self.stop = {"why": why, "by": by, "at": time.time()}
        self.deadline = monotonic() + (self.grace if grace is None else grace)
        self.wished = grace
        number = int(self.block.one("stop_signal"))
        to = self.block.one("stop_to")
        if to == "tree":
            targets = [self.training.main, *descendants_of(self.training.main)]
        elif to == "ranks":
            targets = [pid for pid in descendants_of(self.training.main) if has_rank(pid)] or [self.root()]
        else:
            targets = [self.root()]
        for pid in targets:
            self.send(pid, number)
            self.wake_stopped(pid)
        failpoint("sup.stop.sent")

    def hastened(self, now):
        """When the grace is over: a later wish may shorten it, from the moment at which it is seen."""
        cancel = self.cancelled()
        grace = None if cancel is None else cancel[1]
        if grace is not None and grace != self.wished:
            self.wished = grace
            self.deadline = min(self.deadline, now + grace)
        return self.deadline

    def wake_stopped(self, pid):
        """Let a process that was stopped by SIGSTOP or Ctrl-Z take its signal."""
        try:
            os.kill(pid, signal.SIGCONT)
        except OSError:
            pass  # it has ended

    def root(self):
        """The first process under a shell wrapper that is no shell itself."""
        pid = self.training.main
        while self.block.one("shell") == "1" and read_text("/proc/%d/comm" % pid).strip() in SHELLS:
            below = children_of(pid)
            if len(below) != 1:
                break
            pid = below[0]
        return pid

    def send(self, pid, number):
        """Signal a descendant: it is our own child, or a child of one, and can't have been replaced unreaped."""
        try:
            os.kill(pid, number)
        except OSError:
            return
        name = "signal %d to %d" % (number, pid)
        if len(self.signals) < 16:
            self.signals.append(name)

    def kill_tree(self):
        """One round of SIGKILL over all descendants."""
        if self.memory is not None:
            self.memory.kill()
        for pid in descendants_of(os.getpid()):
            self.send(pid, signal.SIGKILL)

    def sweep(self):
        """Leave no descendant: wait, SIGTERM, then SIGKILL until the kernel says ECHILD."""
        well = self.training.status == 0 and self.stop is None
        if well and self.block.one("leftovers") == "keep":
            return
        begin = monotonic()
        if self.stop is not None:
            ask, kill = begin, max(begin, self.deadline)
        else:
            ask = begin + (LEFTOVER_WAIT_S if well else 0.0)
            kill = ask + min(LEFTOVER_GRACE_S, self.grace)
        asked, pause = False, 0.002
        poll = select.poll()
        poll.register(self.wake, select.POLLIN)
        while self.has_children():
            now = monotonic()
            if self.stop is not None:
                kill = min(kill, max(begin, self.hastened(now)))
            if not asked and (now >= ask or self.cancelled() is not None):
                below = descendants_of(os.getpid())
                self.leftovers += len(below)
                for pid in below:
                    self.send(pid, signal.SIGTERM)
                asked = True
                kill = min(kill, now + self.grace)
            elif asked and now >= kill:
                if self.memory is not None:
                    self.memory.kill()
                for pid in children_of(os.getpid()):
                    self.send(pid, signal.SIGKILL)
                self.look_for_unkillable(now, kill)
            poll.poll(int(pause * 1000))
            self.drain()
            pause = min(pause * 1.5, 1.0 if self.unkillable else 0.1)
        if self.unkillable:
            self.unlink_quietly("attention.json")

    def has_children(self):
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True

    def look_for_unkillable(self, now, since):
        """Say so, once, if SIGKILL does not help: a process that waits in a driver takes no signal."""
        if now < since + UNKILLABLE_AFTER_S or self.unkillable:
            return
        self.unkillable = True
        pids = descendants_of(os.getpid())
        log("cannot be killed: %s" % pids)
        try:
            write_atomic(self.path("attention.json"), to_json({"mark": "unkillable", "pids": pids}).encode())
        except OSError:
            pass  # a full disk: the log line above has said it

    def unlink_quietly(self, name):
        try:
            os.unlink(self.path(name))
        except OSError:
            pass
