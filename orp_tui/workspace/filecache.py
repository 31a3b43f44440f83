"""What was read from a file once: its sha256 and whether it holds a secret.

An entry counts as long as size, inode and both times of the file are the same. The cache can
be deleted at any time; then files are read again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from pathlib import Path

from orp_tui.workspace.secretscan import SCANNED_BYTES, find_in_bytes

_SETTLED_NS = 2_000_000_000
"""A file changed more recently than this when it was read may change again within the resolution of
the file system's clock without showing it; git has the same rule for its index."""

_MAX_ENTRIES = 100_000
_CHUNK = 1 << 20


@dataclasses.dataclass(frozen=True)
class FileFacts:
    """What reading a file told."""

    sha256: str
    secret: tuple[int, str] | None
    """Line and kind of the first secret; None for none, or if it was not looked for."""


class FileCache:
    """Facts of files by their absolute path; `save` keeps them for the next submit."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._entries: dict[str, list[object]] = _read(path)
        self._changed = False

    def facts(self, source: str, *, scan: bool) -> FileFacts:
        """Reads the file unless it is known. With `scan` also for secrets.

        Raises OSError if the file can't be read.
        """
        status = os.stat(source, follow_symlinks=False)
        key = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        entry = self._entries.get(source)
        if entry is not None and entry[:4] == key and (entry[5] or not scan):
            return FileFacts(str(entry[4]), _secret(entry[6]))
        facts = read_facts(source, scan=scan)
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS:
            self._entries[source] = [*key, facts.sha256, scan, facts.secret]
            self._changed = True
        return facts

    def save(self) -> None:
        """Writes what is new; without a flush to disk, because it can be made again."""
        if self._path is None or not self._changed:
            return
        if len(self._entries) > _MAX_ENTRIES:
            self._entries = dict(list(self._entries.items())[-_MAX_ENTRIES // 2 :])
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        beside.write_text(json.dumps(self._entries, separators=(",", ":")), encoding="utf-8")
        os.replace(beside, self._path)
        self._changed = False


def _read(path: Path | None) -> dict[str, list[object]]:
    if path is None:
        return {}
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(entries, dict):
        return {}
    return {key: value for key, value in entries.items() if isinstance(value, list) and len(value) == 7}


def _secret(value: object) -> tuple[int, str] | None:
    if isinstance(value, list | tuple) and len(value) == 2:
        return int(value[0]), str(value[1])
    return None


def read_facts(source: str, *, scan: bool) -> FileFacts:
    """Reads one regular file. Raises OSError; a FIFO or a link put in its place is not followed."""
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        head = file.read(SCANNED_BYTES)
        digest = hashlib.sha256(head)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return FileFacts(digest.hexdigest(), find_in_bytes(head) if scan else None)
