"""Checks that need no more than names, sizes and bytes."""

from __future__ import annotations

import time

from orp_tui.core.checklist import CheckResult
from orp_tui.deliverables.context import Context, FileFacts, Options, each_file
from orp_tui.deliverables.findings import Broken, counted, error, failed, passed

_CHUNK = 1024 * 1024
_STABLE_S = 2.0


def check_exists(context: Context, _options: Options) -> CheckResult:
    """Something is there; a folder must hold a file."""
    empty = [target.path for target in context.targets if not target.files]
    if empty:
        return failed("exists", f"{empty[0]} is an empty folder", 0)
    return passed("exists", _what(context), _total(context))


def check_min_size(context: Context, options: Options) -> CheckResult:
    """All matched files together have at least `bytes`."""
    size, least = _total(context), options["bytes"]
    partly = any(target.truncated for target in context.targets) or context.truncated
    if size >= least:
        return passed("min_size", counted(size, "byte"), size)
    if partly:
        return error("min_size", f"the first files have {size:,} bytes, of more files than are looked at")
    return failed("min_size", f"{counted(size, 'byte')}, needs {least:,}", size)


def check_max_size(context: Context, options: Options) -> CheckResult:
    """All matched files together have at most `bytes`."""
    size, most = _total(context), options["bytes"]
    if size > most:
        return failed("max_size", f"{counted(size, 'byte')}, at most {most:,} allowed", size)
    if any(target.truncated for target in context.targets) or context.truncated:
        return error("max_size", f"the first files have {size:,} bytes, of more files than are looked at")
    return passed("max_size", counted(size, "byte"), size)


def check_min_count(context: Context, options: Options) -> CheckResult:
    """A glob matches at least `count` paths; a folder holds at least that many files."""
    least = options["count"]
    if context.deliverable.is_glob:
        count = len(context.targets)
        if count < least and context.truncated:
            found, _ = context.folder.glob(context.deliverable.path, least)
            count = len(found)
    else:
        count = sum(len(target.files) for target in context.targets)
    if count < least:
        return failed("min_count", f"{counted(count, 'file')}, needs {least:,}", count)
    return passed("min_count", counted(count, "file"), count)


def check_sha256(context: Context, options: Options) -> CheckResult:
    """The SHA-256 digest of the file is `sha256`, as hexadecimal digits of either case."""
    import hashlib

    wanted = str(options["sha256"]).strip().lower().removeprefix("sha256:")

    def look(file: FileFacts) -> tuple[str, str]:
        digest = hashlib.sha256()
        with context.open(file.path) as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
        found = digest.hexdigest()
        if found != wanted:
            raise Broken(f"sha256 is {found[:12]}…, not {wanted[:12]}…")
        return f"sha256 {found[:12]}…", found

    return each_file(context, "sha256", look)


def check_stable(context: Context, options: Options) -> CheckResult:
    """No file has changed for `seconds` (2); waits for that if the last change is younger."""
    seconds = float(options.get("seconds", _STABLE_S))
    before = [file for target in context.targets for file in target.files]
    youngest = max((file.mtime_ns / 1e9 for file in before), default=0.0)
    age = time.time() - youngest
    if age < seconds:
        # A file from the future is looked at for as long as one from just now.
        time.sleep(seconds - max(age, 0.0))
    for file in before:
        now = context.folder.stat(file.path)
        if now.st_size != file.size:
            return failed("stable", f"{file.path} still changes: {file.size:,} → {now.st_size:,} bytes")
        if now.st_mtime_ns != file.mtime_ns:
            return failed("stable", f"{file.path} still changes: written to while it was looked at")
    return passed("stable", f"unchanged for {seconds:g} s")


def _total(context: Context) -> int:
    return sum(target.size for target in context.targets)


def _what(context: Context) -> str:
    size = counted(_total(context), "byte")
    files = sum(len(target.files) for target in context.targets)
    if context.deliverable.is_glob:
        more = " (the rest was not looked at)" if context.truncated else ""
        return f"{counted(len(context.targets), 'match', 'matches')}, {size}{more}"
    return f"{counted(files, 'file')}, {size}" if context.targets[0].is_folder else size
