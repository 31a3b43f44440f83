"""The slim waiter: starts one training, sees it through, writes how it ended, becomes the finaliser.

Run by its path with `python -I -S supervisor/main.py FD RUN_ID`. It imports the files beside
it, nothing else of ours, and as little as can be of the standard library, so that it stays at a few MiB for days
and does not notice an upgrade of the package beneath it.

FD is an inherited memory file with the launch block: NUL-separated words, repeated as
name, count, and that many values. No environment value and no secret is on disk.

Order of the steps, each of which may be the last if it is killed:
 1. claim the attempt by creating `attempt-n.json` once; somebody else's claim ends it
 2. set space aside for the exit record
 3. take `tree.lock`, which the training inherits: proof of life without a supervisor
 4. start the training, its stdout and stderr being the log files themselves
 5. wait; alone enforce time limit, stall limit and `cancel.json`
 6. write `exit-n.json` (flushed, renamed, folder flushed) before anything else
 7. stop what is left of the tree until the kernel says there is no child (ECHILD):
    under a subreaper that proves that there is no descendant
 8. exec the finaliser: same pid, same lock
"""

import _signal as signal  # the C module; `signal` would bring enum
import ctypes
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from durable import failpoint, failpoint_environment, sync_folder, to_json, write_all
from exit_record import ExitRecord
from kernel_view import boot_id, pid_namespace, start_ticks
from launch_block import Block
from stopping import Keeper
from training import IGNORED, Training

PR_SET_CHILD_SUBREAPER = 36


class Supervisor:
    """One attempt of one run."""

    def __init__(self, block):
        self.block = block
        self.folder = block.one("run_dir")
        self.attempt = block.one("attempt")
        self.lock = int(block.one("lock_fd"))
        self.claims = [int(word) for word in block.all("claim_fds")]
        wake, self.wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.training = Training(block, self.claims)
        if block.number("memory") is not None:
            import memory  # only where it is needed: most runs have no limit

            self.training.memory = memory.MemoryLimit(block)
        self.keeper = Keeper(self.training, wake)
        self.record = ExitRecord(self.training, self.keeper)

    def path(self, name):
        return self.folder + "/" + name

    def prepare(self):
        """Own session's manners: subreaper, signals, descriptors."""
        for descriptor in [self.lock, *self.claims]:
            os.set_inheritable(descriptor, False)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "no subreaper")
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(self.wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, wake_up)
        signal.signal(signal.SIGUSR2, wake_up)
        signal.signal(signal.SIGTERM, self.on_term)
        os.umask(0o077)
        os.chdir(self.folder)

    def on_term(self, _number, _frame):
        self.keeper.terminated = True

    def claim(self):
        """Whether this attempt is ours to make."""
        held = os.fstat(self.lock)
        record = {
            "schema": 1, "by": "supervisor", "pid": os.getpid(), "start_ticks": start_ticks(os.getpid()),
            "boot_id": boot_id(), "pid_namespace": pid_namespace(),
            "lock": "%d:%d" % (held.st_dev, held.st_ino), "host": os.uname().nodename,
            "orp": self.block.one("version"), "at": time.time(),
        }  # fmt: skip
        beside = self.path(".attempt-%s.tmp-%d" % (self.attempt, os.getpid()))
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(descriptor, (to_json(record) + "\n").encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        failpoint("sup.claim.written")
        try:
            os.link(beside, self.path("attempt-%s.json" % self.attempt))
        except FileExistsError:
            return False
        finally:
            os.unlink(beside)
        failpoint("sup.claim.linked")
        sync_folder(self.folder)
        failpoint("sup.claim.synced")
        return True

    def become_finaliser(self):
        """Exec it with the lock; if that fails the queue processor starts another."""
        self.training.let_go()
        failpoint("sup.exec.before")
        if not os.path.isdir(self.folder):
            return
        os.set_inheritable(self.lock, True)
        argv = [
            *self.block.all("finaliser"),
            "--lock-fd",
            str(self.lock),
            "--leftovers",
            str(self.keeper.leftovers),
        ]
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.execve(argv[0], argv, dict(os.environ, **failpoint_environment()))

    def run(self):
        """The whole of it; the exit status is only for the log."""
        self.prepare()
        failpoint("sup.prepared")
        if not self.claim():
            return 3
        self.record.reserve()
        cancel = self.keeper.cancelled()
        if cancel is not None:
            self.keeper.stop = {"why": "cancelled", "by": cancel[0], "at": time.time()}
            self.record.write("not_started")
        else:
            self.see_through()
        self.become_finaliser()
        return 0

    def see_through(self):
        """Start the training, wait for its end, record it, and leave nothing of it behind."""
        self.training.lock_tree()
        error = self.training.spawn()
        if error is not None:
            self.record.write("spawn_error", error)
            return
        self.keeper.watch()
        self.record.write("waited")
        self.keeper.sweep()
        if self.training.memory is not None:
            self.training.memory.remove()


def wake_up(_number, _frame):
    """The byte in the wake-up pipe is all that is wanted."""


if __name__ == "__main__":
    sys.exit(Supervisor(Block(int(sys.argv[1]))).run())
