"""The folder of experiment files, told anew whenever something in it has changed.

The kernel tells of changes (inotify, through watchfiles). It is given the folders that the scan went
into, one by one: asked for a whole tree, watchfiles would follow links into data. A slow rescan finds
what the kernel does not tell, as on network file systems; where it can tell nothing at all, the folder
is looked at more often.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, Protocol

from orp_tui.services.configs import ConfigsFolder, ConfigsView
from orp_tui.services.configs_scan import SUFFIXES

RESCAN_S = 5.0
UNTOLD_S = 2.0
"""Between two looks where the kernel tells nothing."""
MOST_WATCHED = 1_000
"""Folders that the kernel is asked to watch: its watches are few and all programs share them."""
_RUNS_S = 1.0
_DEBOUNCE_MS = 400
_STEP_MS = 100
_SHARE = 50
"""Looks that take long are taken the more seldom, so that looking takes at most a fiftieth of a core."""


class Notify(Protocol):
    """What tells of changes; `watchfiles._rust_notify.RustNotify` is one."""

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: threading.Event | None
    ) -> set[tuple[int, str]] | Literal["signal", "stop", "timeout"]:
        """Changes, as kind and path, or why there are none."""

    def close(self) -> None:
        """Give the kernel's watches back."""


def watch(
    folder: ConfigsFolder,
    ended: threading.Event,
    poked: threading.Event | None = None,
    *,
    notify: Callable[[Sequence[str]], Notify] | None = None,
) -> Iterator[ConfigsView]:
    """The folder now, and again after every change, until `ended`; blocks in between.

    `poked` asks for a look at once; whoever sets `ended` sets it too, so that nobody waits.
    `notify` makes what tells of changes in folders; it raises OSError if it can't.
    """
    poked = poked or ended
    told: ConfigsView | None = None
    listener = _Listener(notify or inotify)
    try:
        while not ended.is_set():
            began = time.monotonic()
            if poked is not ended:
                poked.clear()
                if ended.is_set():  # between the question above and the clearing
                    break
            for view in folder.views(ended.is_set):
                if (noted := listener.noted(view)) != told:
                    yield (told := noted)
            took = time.monotonic() - began
            if listener.follow(folder.scan.folders):
                poked.wait(min(took, 1.0))
                continue  # what has changed between the look and now, nobody was told of
            poked.wait(min(took * 5, 1.0))  # so that files that change all the time cost a share only
            for view in _wait(folder, listener, poked, until=began + max(listener.period_s, took * _SHARE)):
                if (noted := listener.noted(view)) != told:
                    yield (told := noted)
    finally:
        listener.close()
        folder.close()


def _wait(
    folder: ConfigsFolder, listener: _Listener, poked: threading.Event, *, until: float
) -> Iterator[ConfigsView]:
    """Wait for a change, a poke or `until`; meanwhile the files with their runs, if those have changed."""
    while not poked.is_set() and (left := until - time.monotonic()) > 0:
        if listener.heard(min(left, _RUNS_S), poked):
            return
        if (view := folder.runs_again()) is not None:
            yield view


class _Listener:
    """Hears of changes in a number of folders, or says why not."""

    def __init__(self, notify: Callable[[Sequence[str]], Notify]) -> None:
        self._open = notify
        self._notify: Notify | None = None
        self._folders: tuple[Path, ...] = ()
        self._deaf: str | None = None
        """Why the kernel tells nothing; None if it does."""
        self._unheard = 0

    @property
    def period_s(self) -> float:
        """Seconds between two looks."""
        return RESCAN_S if self._notify is not None else UNTOLD_S

    def noted(self, view: ConfigsView) -> ConfigsView:
        """The view, with a word on how changes are noticed if that is not at once."""
        if self._deaf is not None and view.exists:
            note = f"changes are looked for every {UNTOLD_S:.0f} s: {self._deaf}"
        elif self._unheard:
            note = f"changes in {self._unheard:,} folders are seen within {RESCAN_S:.0f} s, in the others at once"
        else:
            return view
        return dataclasses.replace(view, notes=(*view.notes, note))

    def follow(self, folders: tuple[Path, ...]) -> bool:
        """Listen to these folders from now on; whether they are others than before and heard now."""
        if folders == self._folders and self._deaf is None:
            return False
        self.close()
        self._deaf = None
        self._unheard = max(0, len(folders) - MOST_WATCHED)
        if not folders:
            self._folders = folders
            return False
        try:
            self._notify = self._open([str(folder) for folder in folders[:MOST_WATCHED]])
        except FileNotFoundError:
            return False  # gone since the look: the next one tells
        except (OSError, RuntimeError) as error:
            self._deaf, self._folders, self._unheard = _why(error), folders, 0
            return False
        self._folders = folders
        return True

    def heard(self, seconds: float, poked: threading.Event) -> bool:
        """Wait so long for a change that matters; whether there was one."""
        if self._notify is None:
            poked.wait(seconds)
            return False
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            said = self._notify.watch(_DEBOUNCE_MS, _STEP_MS, max(1, int(left * 1000)), poked)
            if isinstance(said, str):
                return False
            if any(self._matters(path) for _, path in said):
                return True
        return False

    def _matters(self, path: str) -> bool:
        """Whether a change there may change what is shown: of a YAML file, or of what may be a folder."""
        name = os.path.basename(path)
        return name.endswith(SUFFIXES) or "." not in name or Path(path) in self._folders

    def close(self) -> None:
        """Give the watches back."""
        if self._notify is not None:
            self._notify.close()
        self._notify, self._folders = None, ()


def inotify(folders: Sequence[str]) -> Notify:
    """What tells of changes in these folders. Raises OSError or RuntimeError if the kernel won't."""
    # Its `watch` would open nothing before the first wait, and so fail too late.
    from watchfiles._rust_notify import RustNotify

    _require_inotify()
    return RustNotify(list(folders), False, False, 300, False, True)


def _require_inotify() -> None:
    """Raises OSError where the kernel gives no inotify: watchfiles would then write into the screen, and poll."""
    import ctypes

    try:
        start = ctypes.CDLL(None, use_errno=True).inotify_init1
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    descriptor: int = start(os.O_CLOEXEC)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    with contextlib.suppress(OSError):
        os.close(descriptor)


def _why(error: OSError | RuntimeError) -> str:
    number = getattr(error, "errno", None)
    text = str(error)
    if number == errno.EMFILE or "os error 24" in text:
        return "all inotify instances of this user are taken"
    if number == errno.ENOSPC or "os error 28" in text or "watch limit" in text:
        return "all inotify watches of this user are taken"
    if number == errno.ENOSYS:
        return "this system has no inotify"
    return text
