"""From a relative path to a descriptor that is surely beneath a folder.

Two ways to the same answer: `openat2` lets the kernel refuse, `_walk` opens one component
at a time with O_NOFOLLOW and reads inner symlinks itself. The walk also says in words
which link leads out, so it is asked again when the kernel has refused.
"""

from __future__ import annotations

import errno
import functools
import os
import stat
from collections.abc import Callable, Iterable

from orp_tui.core.errors import UnsafePath

_SYS_OPENAT2 = 437  # the same number on every architecture
_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_BENEATH = 0x08
_MAX_LINKS = 40  # as the kernel's own limit
_RETRIES = 8  # EAGAIN: a rename raced with `..` in a symlink

OpenAt2 = Callable[[int, str, int], int]


def checked(relative: str) -> str:
    """`relative` itself, if it stays inside as written. Raises UnsafePath."""
    if "\0" in relative:
        raise UnsafePath(relative.replace("\0", "\\0"), "holds a NUL character")
    try:
        os.fsencode(relative)
    except UnicodeEncodeError:
        raise UnsafePath(ascii(relative), "holds half a character; no file has that name") from None
    if relative.startswith("/"):
        raise UnsafePath(relative, "is absolute; it must be relative to its folder")
    if ".." in relative.split("/"):
        raise UnsafePath(relative, "leaves its folder with ..")
    return relative or "."


def open_beneath(root: int, roots: Iterable[str], relative: str, flags: int) -> int:
    """A new descriptor of `relative` beneath the folder open at `root`.

    `roots` are the absolute names of that folder: an absolute symlink to one of them stays inside.
    Raises UnsafePath if a symlink leads out, OSError as the system gives it.
    """
    kernel = openat2()
    if kernel is None:
        return _walk(root, roots, relative, flags)
    try:
        return kernel(root, relative, flags)
    except OSError as error:
        # EXDEV: leads out, or is absolute. ELOOP: a link of /proc, or too many links.
        if error.errno not in (errno.EXDEV, errno.ELOOP, errno.EAGAIN):
            raise
    return _walk(root, roots, relative, flags)


@functools.cache
def openat2() -> OpenAt2 | None:
    """The system call, confined to its folder; None where the kernel or a filter refuses it."""
    import ctypes
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    confined = _RESOLVE_BENEATH | _RESOLVE_NO_MAGICLINKS

    def call(folder: int, relative: str, flags: int) -> int:
        how = struct.pack("QQQ", flags, 0, confined)
        for _ in range(_RETRIES):
            fd: int = libc.syscall(
                ctypes.c_long(_SYS_OPENAT2),
                ctypes.c_int(folder),
                ctypes.c_char_p(os.fsencode(relative)),
                ctypes.c_char_p(how),
                ctypes.c_size_t(len(how)),
            )
            if fd >= 0:
                return fd
            if ctypes.get_errno() not in (errno.EAGAIN, errno.EINTR):
                break
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), relative)

    probe = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        os.close(call(probe, ".", os.O_PATH | os.O_CLOEXEC))
    except OSError:
        return None
    finally:
        os.close(probe)
    return call


def _walk(root: int, roots: Iterable[str], relative: str, flags: int) -> int:
    """As `open_beneath`, one component at a time."""
    folders = [os.dup(root)]
    try:
        return _walk_from(folders, sorted(roots, key=len, reverse=True), relative, flags)
    finally:
        for fd in folders:
            os.close(fd)


def _walk_from(folders: list[int], roots: list[str], relative: str, flags: int) -> int:
    """`folders` is the way so far, the root first; every descriptor left in it is the caller's."""
    pending = relative.split("/")[::-1]
    links: list[str] = []
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        if name == "..":
            if len(folders) == 1:
                raise UnsafePath(relative, _leads_out(links))
            os.close(folders.pop())
            continue
        last = all(part in ("", ".") for part in pending)
        link = _enter(folders, name, relative, flags if last else None)
        if isinstance(link, int):
            return link
        if link is not None:
            links.append(link)
            if len(links) > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), relative)
            inside = _inside(link, roots)
            if inside is None:
                raise UnsafePath(relative, _leads_out(links))
            if link.startswith("/"):
                while len(folders) > 1:
                    os.close(folders.pop())
            pending.extend(inside.split("/")[::-1])
    return os.open(".", flags, dir_fd=folders[-1])


def _enter(folders: list[int], name: str, relative: str, flags: int | None) -> str | int | None:
    """One component: the target if it is a symlink, the descriptor asked for if it is the last, else None.

    `flags` is None where more components follow: the folder is then put on `folders`.
    """
    here = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folders[-1])
    mode = os.fstat(here).st_mode
    if stat.S_ISDIR(mode):
        folders.append(here)
        return None
    try:
        if stat.S_ISLNK(mode):
            return os.readlink("", dir_fd=here)
        if flags is None:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), relative)
        return os.open(name, flags | os.O_NOFOLLOW, dir_fd=folders[-1])
    finally:
        os.close(here)


def _inside(target: str, roots: list[str]) -> str | None:
    """A link's target as a path to go on with; None if it is absolute and elsewhere."""
    if not target.startswith("/"):
        return target
    for root in roots:
        if target == root or target.startswith(root.rstrip("/") + "/"):
            return target[len(root) :] or "."
    return None


def _leads_out(links: list[str]) -> str:
    return f"a symlink leads out of the folder, to {links[-1]}" if links else "leaves its folder with .."
