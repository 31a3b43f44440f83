"""Step 6: the exit record, on disk before anything else is done, for as long as that takes."""

import os
import time

from durable import failpoint, log, sync_folder, to_json, write_all, write_atomic
from kernel_view import boot_id, disk_free, monotonic

RECORD_BYTES = 4096


class ExitRecord:
    """`exit-n.json` and the space that is set aside for it."""

    def __init__(self, training, keeper):
        self.training = training
        self.keeper = keeper
        self.attempt = training.block.one("attempt")

    def path(self, name):
        return self.training.path(name)

    def reserve(self):
        descriptor = os.open(
            self.path(".reserve-" + self.attempt), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600
        )
        try:
            write_all(descriptor, b" " * RECORD_BYTES)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(self.training.folder)
        failpoint("sup.reserved")

    def write(self, how, spawn_error=None):
        """Write how it ended, for as long as it takes; a full disk has room in the reserve."""
        record = self.facts(how, spawn_error)
        tail = self.stderr_tail()
        while True:
            record["stderr_tail"] = tail
            data = (to_json(record) + "\n").encode()
            if len(data) <= RECORD_BYTES or not tail:
                break
            tail = tail[len(tail) // 4 + 1 :]
        wait = 0.5
        while not self.write_record(data[:RECORD_BYTES] if len(data) > RECORD_BYTES else data):
            time.sleep(wait)
            wait = min(wait * 2, 30.0)

    def facts(self, how, spawn_error):
        code = number = None
        if self.training.status is not None:
            if os.WIFSIGNALED(self.training.status):
                number = os.WTERMSIG(self.training.status)
            else:
                code = os.WEXITSTATUS(self.training.status)
        usage = self.training.usage
        return {
            "schema": 1, "attempt": int(self.attempt), "how": how, "status": self.training.status, "exit_code": code,
            "signal": number, "started_at": self.training.started_at, "ended_at": time.time(),
            "duration_s": None if self.training.started is None else round(monotonic() - self.training.started, 3),
            "boot_id": boot_id(), "stop": self.keeper.stop, "signals": self.keeper.signals,
            "spawn_error": None if spawn_error is None else spawn_error[:1000],
            "disk_free": disk_free(self.training.folder),
            "oom_kills": self.training.oom_kills(),
            "memory": None if self.training.memory is None else self.training.memory.facts(),
            "rusage": {} if usage is None else {
                "user_s": round(usage.ru_utime, 3), "system_s": round(usage.ru_stime, 3), "max_rss_kib": usage.ru_maxrss,
            },
        }  # fmt: skip

    def stderr_tail(self):
        if not self.training.main:
            return ""
        try:
            size = os.fstat(self.training.err).st_size
            descriptor = os.open(self.path("training_stderr.txt"), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                return os.pread(descriptor, 2048, max(0, size - 2048)).decode("utf-8", "replace")
            finally:
                os.close(descriptor)
        except OSError:
            return ""

    def write_record(self, data):
        """Whether the record is on disk."""
        reserve = self.path(".reserve-" + self.attempt)
        try:
            failpoint("sup.exit.before")
            descriptor = os.open(reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(descriptor, data, 0)
                os.ftruncate(descriptor, len(data))
                os.fsync(descriptor)
                failpoint("sup.exit.written")
            finally:
                os.close(descriptor)
            os.rename(reserve, self.path("exit-%s.json" % self.attempt))
            failpoint("sup.exit.renamed")
            sync_folder(self.training.folder)
            failpoint("sup.exit.synced")
        except FileNotFoundError:
            return self.write_orphan(data)
        except OSError as error:
            log("cannot write the exit record, trying again: %s" % error)
            return False
        return True

    def write_orphan(self, data):
        """The run's folder is gone: the record goes where the queue processor looks for it."""
        path = self.training.block.one("orphan")
        try:
            os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
            write_atomic(path, data)
        except OSError as error:
            log("cannot write the exit record: %s" % error)
            return False
        return True
