"""Writing that survives a kill and a power cut, the log line, and the places where tests kill."""

import _signal as signal
import errno
import os
import time
from _json import encode_basestring_ascii as quote  # json would bring re

FAILPOINT = os.environ.pop("ORP_FAILPOINT", "")
FAILPOINT_LOG = os.environ.pop("ORP_FAILPOINT_LOG", "")
failpoint_hits = 0


def failpoint(name):
    """As `orp_tui.files.failpoint.hit`; nothing happens when the variables are not set."""
    global failpoint_hits
    if FAILPOINT_LOG:
        descriptor = os.open(FAILPOINT_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, b"%d %s\n" % (os.getpid(), name.encode()))
        os.close(descriptor)
    where, _, action = FAILPOINT.partition(":")
    wanted, _, number = where.partition("@")
    if wanted != name and not (wanted.endswith("*") and name.startswith(wanted[:-1])):
        return
    failpoint_hits += 1
    if failpoint_hits != int(number or 1):
        return
    if action.startswith("sleep="):
        time.sleep(float(action[6:]))
    elif action in ("", "kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    else:
        code = getattr(errno, action.upper())
        raise OSError(code, os.strerror(code))


def failpoint_environment():
    found = {}
    if FAILPOINT:
        found["ORP_FAILPOINT"] = FAILPOINT
    if FAILPOINT_LOG:
        found["ORP_FAILPOINT_LOG"] = FAILPOINT_LOG
    return found


def write_all(descriptor, data):
    while data:
        data = data[os.write(descriptor, data) :]


def sync_folder(path):
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path, data):
    beside = path + ".tmp"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(beside, path)
    sync_folder(os.path.dirname(path))


def to_json(value):
    """JSON of the few types that records hold."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return "{" + ", ".join(quote(key) + ": " + to_json(item) for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(to_json(item) for item in value) + "]"
    return repr(value)


def log(text):
    """To stderr, which is the run's supervisor.log."""
    try:
        os.write(
            2, (time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime()) + "supervisor: " + text + "\n").encode()
        )
    except OSError:
        pass  # a full disk must not stop the supervisor
