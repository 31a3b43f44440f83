"""Frozen source trees: each distinct one is written once and never changed.

    sources/<sha256>/
        tree/            the files, read-only
        manifest.json    path, mode, size and sha256 of each; the folder is whole when it is there
        git-<key>/       what a workspace's own `.git` is copied from, see `workspace.owngit`

A tree's name is the sha256 over path, kind and content of its files; see `tree_digest`.
"""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import json
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orp_tui.core.errors import SubmitRefused
from orp_tui.files.atomic import sync_folder, to_json
from orp_tui.files.failpoint import hit
from orp_tui.workspace.filecache import FileCache
from orp_tui.workspace.plan import FreezePlan, PlannedFile, all_parents

MANIFEST = "manifest.json"


@dataclasses.dataclass(frozen=True)
class TreeFile:
    """One file or link of a frozen tree."""

    path: str
    mode: str
    """100644, 100755 or 120000, as git writes them."""
    size: int
    sha256: str
    """Of the content; of the target for a link."""
    link: str | None


@dataclasses.dataclass(frozen=True)
class FrozenTree:
    """A tree in the store."""

    sha256: str
    folder: Path
    """`sources/<sha256>`."""
    files: tuple[TreeFile, ...]
    """Sorted by path."""

    @property
    def path(self) -> Path:
        """The folder that holds the files."""
        return self.folder / "tree"

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


def tree_digest(files: Iterable[TreeFile]) -> str:
    """sha256 over `path NUL mode NUL sha256 LF` of each file, sorted by the bytes of the path."""
    digest = hashlib.sha256(b"orp tree 1\n")
    for file in sorted(files, key=lambda item: os.fsencode(item.path)):
        digest.update(os.fsencode(file.path) + f"\0{file.mode}\0{file.sha256}\n".encode())
    return digest.hexdigest()


def store_tree(plan: FreezePlan, sources: Path, cache: FileCache | None = None) -> FrozenTree:
    """The plan's files in the store, on disk when this returns.

    A tree that is there already is not written again; two submits that store the same one at
    once both succeed. What the tree holds is what its name says even if a file changes
    meanwhile: content is hashed as it is copied.

    Raises SubmitRefused if a file went away or can't be read since it was planned.
    """
    cache = cache or FileCache(None)
    try:
        files = tuple(describe(file, cache) for file in plan.files)
        cache.save()
        known = load_tree(sources, tree_digest(files))
        return known or _write(plan, sources)
    except (FileNotFoundError, PermissionError) as error:
        raise SubmitRefused(f"{error.filename}: {error.strerror}; the project changed during the submit, try again") from error  # fmt: skip


def load_tree(sources: Path, sha256: str) -> FrozenTree | None:
    """A stored tree; None if there is none, or only part of one."""
    folder = sources / sha256
    try:
        data = json.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return FrozenTree(sha256, folder, tuple(_from_json(item) for item in data["files"]))


def _from_json(item: dict[str, Any]) -> TreeFile:  # Any: values as JSON gives them
    return TreeFile(os.fsdecode(item["path"].encode("utf-8", "surrogateescape")), item["mode"], item["size"], item["sha256"], item["link"])  # fmt: skip


def describe(file: PlannedFile, cache: FileCache) -> TreeFile:
    """The file as it would stand in a tree now. Raises OSError if it can't be read."""
    if file.link is not None:
        return _link(file.path, file.link)
    facts = cache.facts(file.source, scan=False)
    return TreeFile(file.path, "100755" if file.executable else "100644", file.size, facts.sha256, None)


def _link(path: str, target: str) -> TreeFile:
    return TreeFile(path, "120000", 0, hashlib.sha256(os.fsencode(target)).hexdigest(), target)


def _write(plan: FreezePlan, sources: Path) -> FrozenTree:
    sources.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(sources)
    aside = sources / f".new-{secrets.token_hex(8)}"
    aside.mkdir(mode=0o700)
    try:
        files = _copy_all(plan.files, aside / "tree")
        sha256 = tree_digest(files)
        with open(aside / MANIFEST, "xb") as out:
            out.write(
                to_json(
                    {"schema": 1, "sha256": sha256, "files": [dataclasses.asdict(file) for file in files]}
                )
            )
        hit("sources.written")
        sync_file_system(aside)
        hit("sources.synced")
        _publish(aside, sources / sha256)
    finally:
        remove_tree(aside)
    sync_folder(sources)
    tree = load_tree(sources, sha256)
    assert tree is not None
    return tree


def _sweep(sources: Path) -> None:
    """Removes what a submit that was killed left behind; none takes an hour."""
    for left in sources.glob(".new-*"):
        try:
            age = time.time() - left.lstat().st_mtime
        except FileNotFoundError:
            continue
        if age > 3600:
            remove_tree(left)


def _publish(aside: Path, final: Path) -> None:
    """Gives the tree its name; if another submit was faster, its tree is as good."""
    for _ in range(3):
        try:
            os.rename(aside, final)
            return
        except OSError:
            if (final / MANIFEST).is_file():
                return
            # A folder without its manifest was left half removed by somebody.
            remove_tree(final)
    os.rename(aside, final)


def _copy_all(planned: Iterable[PlannedFile], tree: Path) -> tuple[TreeFile, ...]:
    tree.mkdir(mode=0o700)
    planned = list(planned)
    for folder in sorted(all_parents(file.path for file in planned)):
        (tree / folder).mkdir(mode=0o700)
    files = []
    for file in planned:
        target = tree / file.path
        if file.link is not None:
            os.symlink(file.link, target)
            files.append(_link(file.path, file.link))
        else:
            files.append(_copy_hashed(file, target))
    return tuple(files)


def _copy_hashed(file: PlannedFile, target: Path) -> TreeFile:
    """The name of the content comes from the very bytes that were written."""
    source = os.open(file.source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    digest, size = hashlib.sha256(), 0
    with os.fdopen(source, "rb", buffering=0) as reader, open(target, "xb", buffering=0) as writer:
        if not stat.S_ISREG(os.fstat(reader.fileno()).st_mode):
            raise FileNotFoundError(0, "is no regular file any more", file.source)
        while chunk := reader.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
            view = memoryview(chunk)
            while view:
                view = view[writer.write(view) :]
        os.fchmod(writer.fileno(), 0o555 if file.executable else 0o444)
    return TreeFile(file.path, "100755" if file.executable else "100644", size, digest.hexdigest(), None)


def sync_file_system(path: Path) -> None:
    """Everything written so far to the file system of `path` is on disk; one call for any number of files.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)


def remove_tree(path: Path) -> None:
    """Removes a folder of ours, read-only files included; nothing if it is gone."""
    shutil.rmtree(path, ignore_errors=True)
