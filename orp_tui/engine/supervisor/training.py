"""Step 3 and 4: the tree's lock, the log files, and the training's main process."""

import _signal as signal
import errno
import fcntl
import os
import sys
import time

from durable import failpoint, log, sync_folder, to_json, write_atomic
from kernel_view import boot_id, monotonic, oom_kills, read_text, start_ticks

IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGUSR1, signal.SIGTTOU, signal.SIGTTIN)
"""By the supervisor; the training gets every signal as a shell would give it."""


class Training:
    """The command, from before its start to its wait status."""

    def __init__(self, block, claims):
        self.block = block
        self.folder = block.one("run_dir")
        self.claims = claims
        self.tree = self.out = self.err = -1
        self.main = 0
        self.status = self.usage = None
        self.started_at = self.started = None
        self.oom_before = 0
        self.memory = None
        self.recorded = False
        self.trouble = None

    def path(self, name):
        return self.folder + "/" + name

    def lock_tree(self):
        self.tree = os.open(
            self.path("tree.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        # struct flock of 64-bit Linux: short type, short whence, padding, long start, long length, int pid
        request = fcntl.F_WRLCK.to_bytes(2, sys.byteorder) + bytes(30)
        fcntl.fcntl(self.tree, fcntl.F_OFD_SETLK, request)
        sync_folder(self.folder)
        failpoint("sup.tree.locked")

    def spawn(self):
        """Start the training. The error in words, or None."""
        argv = self.block.all("argv")
        environment = {}
        for word in self.block.all("env"):
            name, _, value = word.partition("=")
            environment[name] = value
        self.oom_before = oom_kills()
        try:
            os.chdir(self.block.one("cwd"))
        except OSError as error:
            self.open_logs()
            return "cannot enter %s: %s" % (self.block.one("cwd"), error.strerror)
        failpoint("sup.spawn.before")
        inherited = [self.tree, *self.claims]
        for descriptor in inherited:
            os.set_inheritable(descriptor, True)
        if self.memory is not None:
            self.memory.enter()
        try:
            self.open_logs()
            os.umask(int(self.block.one("umask"), 8))
            self.main = os.posix_spawn(
                argv[0],
                argv,
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, self.out, 1),
                    (os.POSIX_SPAWN_DUP2, self.err, 2),
                ],
                setpgroup=0,
                setsigmask=[],
                setsigdef=[*IGNORED, signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR2, signal.SIGXFSZ],
            )
        except OSError as error:
            return self.why_not(argv[0], error)
        finally:
            if self.memory is not None:
                self.memory.leave()
            os.umask(0o077)
            for descriptor in inherited:
                os.set_inheritable(descriptor, False)
            os.chdir(self.folder)
        self.started_at, self.started = time.time(), monotonic()
        failpoint("sup.spawned")
        self.raise_oom_score()
        self.record_start()
        return None

    def open_logs(self):
        """The last step before the spawn: while there is no log, nothing can have been started.

        So they must outlast a power cut: what it took away would be started twice.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self.err = os.open(self.path("training_stderr.txt"), flags, 0o600)
        self.out = os.open(self.path("training_stdout.txt"), flags, 0o600)
        sync_folder(self.folder)
        failpoint("sup.logs.opened")

    def why_not(self, program, error):
        if error.errno == errno.ENOENT and os.path.exists(program):
            return "%s: the interpreter named in its first line does not exist" % program
        if error.errno == errno.ENOEXEC:
            return "%s: no program; give it a #! line or name its interpreter" % program
        if error.errno == errno.E2BIG:
            return "%s: the arguments and the environment are too long" % program
        return "%s: cannot be started: %s" % (program, error.strerror)

    def oom_kills(self):
        """How often the kernel has killed for memory: in the training's own cgroup, or wherever it counts."""
        if not self.main:
            return 0
        if self.memory is not None and self.memory.inside:
            return self.memory.kills()
        return max(0, oom_kills() - self.oom_before)

    def raise_oom_score(self):
        """Out of memory, the kernel is to take the training before its supervisor."""
        try:
            own = int(read_text("/proc/self/oom_score_adj") or 0)
            descriptor = os.open("/proc/%d/oom_score_adj" % self.main, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.write(descriptor, b"%d" % min(1000, own + 300))
            finally:
                os.close(descriptor)
        except (OSError, ValueError):
            pass  # a kernel or container that does not allow it: the run goes on

    def record_start(self):
        """Write `started-n.json`, once; on a full disk it is tried again later, and the run goes on."""
        if self.recorded:
            return
        argv = self.block.all("argv")
        record = {
            "schema": 1, "pid": self.main, "start_ticks": start_ticks(self.main), "boot_id": boot_id(),
            "at": self.started_at, "command": argv,
        }  # fmt: skip
        text = to_json(record)
        if len(text) > 1 << 20:
            record["command"] = argv[:1]
            text = to_json(record)
        try:
            write_atomic(self.path("started-%s.json" % self.block.one("attempt")), (text + "\n").encode())
        except OSError as error:
            if self.trouble is None:
                log("cannot record the start, trying again: %s" % error)
            self.trouble = error
            return
        self.recorded = True
        failpoint("sup.started")

    def reap(self):
        """Collect every child that has ended; `status` is set once the main process has."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.main:
                self.status, self.usage = status, usage

    def let_go(self):
        """Close what only the tree is to hold."""
        for descriptor in [self.tree, *self.claims]:
            if descriptor >= 0:
                os.close(descriptor)
