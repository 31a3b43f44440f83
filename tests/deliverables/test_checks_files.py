"""Checks of names, sizes, counts, digests and rest."""

from __future__ import annotations

import hashlib
import threading
import time

from checked_workspace import Workspace

from orp_tui.core.checklist import Check, CheckOutcome, DeliverableStatus


def test_a_file_exists_even_if_empty_and_its_size_is_told(workspace: Workspace) -> None:
    workspace.write("done", b"")
    workspace.write("big", b"x" * 4096)

    assert workspace.passes("done", "exists") == "0 bytes"
    assert workspace.passes("big", "exists") == "4,096 bytes"


def test_a_folder_exists_if_it_holds_a_file(workspace: Workspace) -> None:
    workspace.write("model/a/1.bin", b"12")
    workspace.write("model/2.bin", b"345")
    (workspace.folder / "empty/inner").mkdir(parents=True)

    item = workspace.item("model", Check("exists"))
    empty = workspace.item("empty", Check("exists"))

    assert (item.status, item.detail, item.size_bytes) == (DeliverableStatus.VALID, "2 files, 5 bytes", 5)
    assert (empty.status, empty.detail) == (DeliverableStatus.MISSING, "empty is an empty folder")


def test_what_is_not_there_is_missing(workspace: Workspace) -> None:
    for path in ("none", "none/x.json", "*.pt"):
        item = workspace.item(path, Check("min_size", {"bytes": 1}))

        assert item.status is DeliverableStatus.MISSING
        assert item.detail == f"nothing at {path}"


def test_sizes_are_of_all_matched_files_together(workspace: Workspace) -> None:
    workspace.write("a.bin", b"12345")
    workspace.write("b.bin", b"1234567")
    workspace.write("folder/c", b"123")

    assert workspace.passes("*.bin", "min_size", bytes=12) == "12 bytes"
    assert workspace.fails("*.bin", "min_size", bytes=1024) == "12 bytes, needs 1,024"
    assert workspace.passes("folder", "max_size", bytes=3) == "3 bytes"
    assert workspace.fails("*.bin", "max_size", bytes=11) == "12 bytes, at most 11 allowed"


def test_count_is_of_a_globs_matches_and_of_a_folders_files(workspace: Workspace) -> None:
    for name in ("ckpt-1/a", "ckpt-1/b", "ckpt-2/a"):
        workspace.write(name)

    assert workspace.passes("ckpt-*", "min_count", count=2) == "2 files"
    assert workspace.fails("ckpt-*", "min_count", count=3) == "2 files, needs 3"
    assert workspace.passes("ckpt-1", "min_count", count=2) == "2 files"
    assert workspace.fails("ckpt-2", "min_count", count=2) == "1 file, needs 2"


def test_sha256_in_either_case(workspace: Workspace) -> None:
    workspace.write("data.bin", b"data")
    digest = hashlib.sha256(b"data").hexdigest()

    result = workspace.check("data.bin", "sha256", sha256=digest.upper())

    assert (result.outcome, result.value) == (CheckOutcome.PASS, digest)
    wrong = workspace.fails("data.bin", "sha256", sha256="0" * 64)
    assert wrong == f"sha256 is {digest[:12]}…, not 000000000000…"


def test_a_check_of_files_cannot_be_made_of_a_folder(workspace: Workspace) -> None:
    workspace.write("folder/a.json", b"{}")

    detail = workspace.errs("folder", "contains_keys", required_keys=["a"])

    assert "is a folder" in detail


def test_an_old_file_is_stable_at_once_and_a_young_one_after_a_wait(workspace: Workspace) -> None:
    path = workspace.write("a.log")
    begun = time.monotonic()

    assert workspace.passes("a.log", "stable", seconds=0.2) == "unchanged for 0.2 s"
    assert time.monotonic() - begun < 5
    import os

    os.utime(path, (1_000_000_000, 1_000_000_000))
    begun = time.monotonic()
    workspace.passes("a.log", "stable", seconds=30)
    assert time.monotonic() - begun < 5


def test_a_growing_file_is_not_stable(workspace: Workspace) -> None:
    path = workspace.write("a.log")
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not stop.wait(0.02):
                file.write(b"more")

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        detail = workspace.fails("a.log", "stable", seconds=0.5)
    finally:
        stop.set()
        writer.join()

    assert "still changes" in detail
