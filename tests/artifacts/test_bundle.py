import dataclasses
import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from orp_tui.artifacts import bundle as bundle_module
from orp_tui.artifacts import space
from orp_tui.artifacts.bundle import bundle
from orp_tui.artifacts.manifest import LeftOut, Manifest
from orp_tui.artifacts.names import workspace_name
from orp_tui.artifacts.plan import Kind
from orp_tui.artifacts.verify import verify
from orp_tui.core.errors import ArchiveError, DiskFull

MIB = 1 << 20


def contents(path: Path) -> dict[str, bytes]:
    """The members but the manifest, read by the standard library."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist() if name != "MANIFEST.json"}


def notes(result) -> dict[str, str]:
    return {entry.path: entry.note for entry in result.manifest.entries if entry.note}


def left(result) -> dict[str, str]:
    return {item.path: item.why for item in result.manifest.left_out}


def test_a_zip_holds_every_byte_and_a_manifest_of_it(tmp_path, plan_of):
    (tmp_path / "sub").mkdir()
    (tmp_path / "log.txt").write_bytes(b"epoch\n" * 1000)
    (tmp_path / "sub/random.bin").write_bytes(os.urandom(3 * MIB))
    (tmp_path / "empty").write_bytes(b"")
    target = tmp_path / "a" / "x_artifacts.zip"

    result = bundle(plan_of(tmp_path, "log.txt", "sub/random.bin", "empty"), target)

    files = contents(target)
    assert list(files) == ["result.json", "log.txt", "sub/random.bin", "empty"]
    assert all(files[name] == (tmp_path / name).read_bytes() for name in list(files)[1:])
    assert result.bytes == target.stat().st_size
    assert result.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    for entry in result.manifest.entries:
        assert (entry.size, entry.sha256) == (
            len(files[entry.path]),
            hashlib.sha256(files[entry.path]).hexdigest(),
        )
    assert Manifest.from_json(result.manifest.to_json()) == result.manifest
    assert os.listdir(target.parent) == [target.name]
    assert target.stat().st_mode & 0o777 == 0o600


def test_text_is_deflated_and_random_data_is_stored(tmp_path, plan_of):
    for size in (100_000, 5 * MIB, 20 * MIB):
        (tmp_path / f"text-{size}").write_bytes(
            b"".join(b"step %d loss 0.1\n" % n for n in range(size // 17))
        )
        (tmp_path / f"random-{size}").write_bytes(os.urandom(size))
    names = sorted(path.name for path in tmp_path.iterdir())
    target = tmp_path / "out.zip"

    bundle(plan_of(tmp_path, *names), target)

    with zipfile.ZipFile(target) as archive:
        methods = {info.filename: info.compress_type for info in archive.infolist()}
        assert archive.testzip() is None
    for name in names:
        assert methods[name] == (zipfile.ZIP_DEFLATED if name.startswith("text") else zipfile.ZIP_STORED)
        assert contents(target)[name] == (tmp_path / name).read_bytes()


def test_the_same_files_give_the_same_zip(tmp_path, plan_of, monkeypatch):
    (tmp_path / "a").write_bytes(b"text " * 5_000_000)
    (tmp_path / "b").write_bytes(b"b")
    monkeypatch.setattr(bundle_module.time, "time", lambda: 1.7e9)

    first = bundle(plan_of(tmp_path, "a", "b"), tmp_path / "1.zip")
    second = bundle(plan_of(tmp_path, "a", "b"), tmp_path / "2.zip")

    assert first == second


def test_referenced_files_are_hashed_and_not_packed(tmp_path, plan_of):
    (tmp_path / "big").write_bytes(b"x" * 1000)

    result = bundle(plan_of(tmp_path, "big", packed=False), tmp_path / "out.zip")

    (entry,) = result.manifest.referenced
    assert (entry.path, entry.size, entry.stored) == ("big", 1000, "workspace")
    assert entry.sha256 == hashlib.sha256(b"x" * 1000).hexdigest()
    assert "big" not in contents(tmp_path / "out.zip")


def test_a_log_that_grows_without_end_is_packed_up_to_its_size_at_the_opening(tmp_path, plan_of):
    log = tmp_path / "log.txt"
    log.write_bytes(b"line\n" * MIB)
    stop = threading.Event()

    def write() -> None:
        with log.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"more\n" * 1000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        result = bundle(plan_of(tmp_path, "log.txt"), tmp_path / "out.zip")
    finally:
        stop.set()
        writer.join()

    assert notes(result) == {"log.txt": "grew while packing"}
    packed = contents(tmp_path / "out.zip")["log.txt"]
    assert log.read_bytes().startswith(packed)
    assert len(packed) >= 5 * MIB
    assert verify(tmp_path / "out.zip").ok


@pytest.mark.parametrize("size", [2 * MIB, 20 * MIB])
def test_what_happens_to_a_file_under_way_is_noted(tmp_path, plan_of, size):
    for name in ("shrinks", "changes", "replaced", "gone", "linked"):
        (tmp_path / name).write_bytes(os.urandom(size))
    os.link(tmp_path / "linked", tmp_path / "other")
    plan = plan_of(tmp_path, "shrinks", "changes", "replaced", "gone", "linked")
    plan = dataclasses.replace(plan, left_out=(LeftOut("earlier", "said before"),))
    acts = {
        2: lambda: os.truncate(tmp_path / "shrinks", size // 4),
        2 + size: lambda: (tmp_path / "gone").unlink(missing_ok=True),
        2 + size + size // 4: lambda: os.utime(tmp_path / "changes", (1, 1)),
    }
    done_acts: set[int] = set()

    def meddle(done: int, total: int) -> None:
        for threshold, act in acts.items():
            if done > threshold and threshold not in done_acts:
                done_acts.add(threshold)
                act()
        if done > 2 + size + size // 4 + size // 2 and "replace" not in done_acts:
            done_acts.add("replace")
            (tmp_path / "new").write_bytes(b"new")
            os.replace(tmp_path / "new", tmp_path / "replaced")

    result = bundle(plan, tmp_path / "out.zip", progress=meddle)

    assert contents(tmp_path / "out.zip").keys() >= {"shrinks", "changes", "linked"}
    assert notes(result)["linked"] == "2 hard links"
    if size > bundle_module._IN_MEMORY:
        assert notes(result)["shrinks"] == "shrank while packing"
    assert left(result)["gone"] == "vanished before it was packed"
    assert left(result)["earlier"] == "said before"
    assert verify(tmp_path / "out.zip").ok


def test_what_may_not_be_packed_is_left_out_with_the_reason(tmp_path, plan_of):
    root = tmp_path / "ws"
    root.mkdir()
    (tmp_path / "secret").write_text("canary")
    (root / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(root / "pipe")
    (root / "dir").mkdir()
    (root / "good").write_text("good")

    result = bundle(plan_of(root, "link", "pipe", "dir", "gone", "good"), tmp_path / "out.zip")

    assert list(contents(tmp_path / "out.zip")) == ["result.json", "good"]
    assert "leads out" in left(result)["link"]
    assert "FIFO" in left(result)["pipe"]
    assert "folder" in left(result)["dir"]
    assert "vanished" in left(result)["gone"]
    assert b"canary" not in (tmp_path / "out.zip").read_bytes()


def test_a_file_swapped_for_a_link_after_selection_is_not_followed(tmp_path, plan_of):
    root = tmp_path / "ws"
    root.mkdir()
    (tmp_path / "secret").write_text("canary")
    (root / "model").write_text("weights")
    plan = plan_of(root, "model")
    (root / "model").unlink()
    (root / "model").symlink_to(tmp_path / "secret")

    result = bundle(plan, tmp_path / "out.zip")

    assert "leads out" in left(result)["model"]
    assert b"canary" not in (tmp_path / "out.zip").read_bytes()


def test_the_private_environment_is_packed_under_no_name(tmp_path, plan_of):
    private = tmp_path / "environment.private"
    private.write_text("canary")
    os.link(private, tmp_path / "metrics.jsonl")
    (tmp_path / "notes.jsonl").symlink_to("environment.private")
    plan = dataclasses.replace(plan_of(tmp_path, "metrics.jsonl", "notes.jsonl"), never=(str(private),))

    result = bundle(plan, tmp_path / "out.zip")

    assert left(result) == {"metrics.jsonl": "private", "notes.jsonl": "private"}


def test_the_zip_does_not_pack_itself(tmp_path, plan_of):
    target = tmp_path / "out.zip"
    target.write_bytes(b"an earlier one")
    mine = f".out.zip.tmp-{os.getpid()}"

    result = bundle(plan_of(tmp_path, "out.zip", mine), target)

    assert left(result) == {"out.zip": "an earlier zip of this run", mine: "the zip itself"}
    assert list(contents(target)) == ["result.json"]


def test_a_folder_that_vanished_costs_only_its_files(tmp_path, plan_of):
    result = bundle(plan_of(tmp_path / "gone", "a"), tmp_path / "out.zip")
    assert "vanished" in left(result)["a"]


@pytest.mark.skipif(os.geteuid() == 0 and not hasattr(os, "seteuid"), reason="needs an unreadable file")
def test_an_unreadable_file_is_left_out(tmp_path, plan_of):
    (tmp_path / "closed").write_text("x")
    (tmp_path / "closed").chmod(0)
    plan = plan_of(tmp_path, "closed")
    if os.geteuid() == 0:
        tmp_path.chmod(0o777)
        for parent in list(tmp_path.parents)[:3]:
            parent.chmod(parent.stat().st_mode | 0o011)
        os.seteuid(65534)
    try:
        result = bundle(plan, tmp_path / "out.zip")
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
    assert left(result) == {"closed": "permission denied"}


@pytest.mark.parametrize(
    ("mtime", "expected"),
    [
        (0, (1980, 1, 1, 0, 0, 0)),
        (-(10**9), (1980, 1, 1, 0, 0, 0)),
        (7_258_118_400, (2107, 12, 31, 23, 59, 58)),
        (1_700_000_000, (2023, 11, 14, 22, 13, 20)),
    ],
)
def test_times_that_no_zip_can_hold_are_moved_into_range(tmp_path, plan_of, mtime, expected):
    (tmp_path / "f").write_text("x")
    os.utime(tmp_path / "f", (mtime, mtime))

    bundle(plan_of(tmp_path, "f"), tmp_path / "out.zip")

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.getinfo("f").date_time == expected


def test_odd_names_survive(tmp_path, plan_of):
    odd = [
        os.fsdecode(b"bad\xff"),
        "größe ✓",
        "Model.pt",
        "model.pt",
        "new\nline",
        "100%",
        "back\\slash",
        "n" * 255,
    ]
    for name in odd:
        (tmp_path / name).write_text(name, errors="surrogateescape")
    plan = plan_of(tmp_path, *odd)
    plan = dataclasses.replace(
        plan, items=tuple(dataclasses.replace(item, name=workspace_name(item.path)) for item in plan.items)
    )

    result = bundle(plan, tmp_path / "out.zip")

    files = contents(tmp_path / "out.zip")
    expected = [
        "bad%ff",
        "größe ✓",
        "Model.pt",
        "model.pt",
        "new%0aline",
        "100%25",
        "back%5cslash",
        "n" * 255,
    ]
    assert list(files)[1:] == expected
    assert {entry.path: entry.origin for entry in result.manifest.entries}["bad%ff"] == os.fsdecode(
        b"bad\xff"
    )
    report = verify(tmp_path / "out.zip")
    assert report.ok
    assert report.manifest == result.manifest


def test_progress_ends_at_the_total(tmp_path, plan_of):
    (tmp_path / "a").write_bytes(b"x" * (3 * MIB))
    seen: list[tuple[int, int]] = []

    bundle(
        plan_of(tmp_path, "a"), tmp_path / "out.zip", progress=lambda done, total: seen.append((done, total))
    )

    assert seen[-1] == (3 * MIB + 2, 3 * MIB + 2)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) >= 4


def test_what_a_dead_packer_left_is_swept_and_a_living_ones_is_not(tmp_path, plan_of):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    own, old, fresh, living, other = (
        tmp_path / f".out.zip.tmp-{dead.pid}",
        tmp_path / f".old.zip.tmp-{dead.pid}",
        tmp_path / f".fresh.zip.tmp-{dead.pid}",
        tmp_path / ".out.zip.tmp-1",
        tmp_path / ".out.zip.tmp-x",
    )
    for path in (own, old, fresh, living, other):
        path.write_text("x")
    os.utime(old, (1, 1))
    (tmp_path / f".out.zip.tmp-{os.getpid()}").write_text("of a dead process that had our pid")

    bundle(plan_of(tmp_path), tmp_path / "out.zip")

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [fresh.name, living.name, other.name, "out.zip"]
    )


def test_a_disk_that_is_too_full_is_refused_before_a_byte_is_written(tmp_path, plan_of, monkeypatch):
    (tmp_path / "a").write_bytes(b"x" * MIB)
    monkeypatch.setattr(space, "free_bytes", lambda folder: 1000)

    with pytest.raises(DiskFull, match=r"needs 1\.1 MB, 0\.0 free") as caught:
        bundle(plan_of(tmp_path, "a"), tmp_path / "z" / "out.zip")

    assert caught.value.needed > MIB
    assert caught.value.free == 1000
    assert list((tmp_path / "z").iterdir()) == []


def test_the_estimate_knows_that_text_shrinks_and_random_data_does_not(tmp_path, plan_of):
    (tmp_path / "text").write_bytes(b"step 1 loss 0.5\n" * (2 * MIB))
    (tmp_path / "random").write_bytes(os.urandom(10 * MIB))

    assert space.estimate(plan_of(tmp_path, "text")) < 4 * MIB
    assert 10 * MIB <= space.estimate(plan_of(tmp_path, "random")) < 11 * MIB
    assert space.estimate(plan_of(tmp_path, "random", packed=False)) < MIB


def pack_in_a_process(tmp_path: Path, failpoint: str) -> subprocess.CompletedProcess[str]:
    script = (
        "import sys; from pathlib import Path; from orp_tui.artifacts.bundle import bundle;"
        "from orp_tui.artifacts.plan import *;"
        f"root = {str(tmp_path)!r}; items = (PlanItem('a', root, 'a', 1, Kind.RUN),);"
        "bundle(Plan('x', (), items), Path(root) / 'z' / 'out.zip')"
    )
    env = {**os.environ, "ORP_FAILPOINT": failpoint}
    return subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("point", ["opened", "member", "written", "synced"])
def test_a_packer_that_is_killed_leaves_nothing_under_the_name(tmp_path, plan_of, point):
    (tmp_path / "a").write_bytes(b"x" * 100)

    killed = pack_in_a_process(tmp_path, f"bundle.{point}")

    assert killed.returncode == -9
    assert not (tmp_path / "z" / "out.zip").exists()
    assert len(os.listdir(tmp_path / "z")) == 1
    bundle(plan_of(tmp_path, "a"), tmp_path / "z" / "out.zip")
    assert os.listdir(tmp_path / "z") == ["out.zip"]


def test_a_packer_that_is_killed_after_the_rename_leaves_a_whole_zip(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 100)

    assert pack_in_a_process(tmp_path, "bundle.renamed").returncode == -9

    assert verify(tmp_path / "z" / "out.zip").ok


@pytest.mark.parametrize(("action", "word"), [("enospc", "DiskFull"), ("eio", "ArchiveError")])
def test_an_error_while_writing_leaves_no_file(tmp_path, action, word):
    (tmp_path / "a").write_bytes(b"x" * 100)

    failed = pack_in_a_process(tmp_path, f"bundle.written:{action}")

    assert failed.returncode == 1
    assert word in failed.stderr
    assert os.listdir(tmp_path / "z") == []


def test_a_target_that_cannot_be_written_is_an_archive_error(tmp_path, plan_of):
    (tmp_path / "file").write_text("x")

    with pytest.raises(ArchiveError, match="cannot be written"):
        bundle(plan_of(tmp_path), tmp_path / "file" / "out.zip")


@pytest.mark.root
def test_a_full_disk_raises_and_leaves_nothing(tmp_path, plan_of, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("mounting a tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("this system lets nobody mount a tmpfs")
    try:
        (tmp_path / "a").write_bytes(os.urandom(20 * MIB))
        with pytest.raises(DiskFull) as early:
            bundle(plan_of(tmp_path, "a"), disk / "out.zip")
        monkeypatch.setattr(space, "estimate", lambda plan: 1)  # an estimate that was wrong
        with pytest.raises(DiskFull) as late:
            bundle(plan_of(tmp_path, "a"), disk / "out.zip")
        assert early.value.needed >= 20 * MIB
        assert late.value.needed > MIB
        assert 3 * MIB <= late.value.free <= 4 * MIB
        assert os.listdir(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.sweep
def test_seventy_thousand_members(tmp_path, plan_of):
    names = [f"d{number // 1000}/{number}" for number in range(70_000)]
    for folder in range(70):
        (tmp_path / f"d{folder}").mkdir()
        (tmp_path / f"d{folder}.txt").write_text(f"d{folder}")
    for name in names:  # links take a hundredth of the time of files
        os.link(tmp_path / f"{name.partition('/')[0]}.txt", tmp_path / name)

    result = bundle(plan_of(tmp_path, *names), tmp_path / "out.zip")

    assert len(result.manifest.packed) == 70_001
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert len(archive.namelist()) == 70_002
        assert archive.read("d69/69999") == b"d69"
    assert verify(tmp_path / "out.zip").ok


@pytest.mark.sweep
def test_a_member_of_five_gigabytes_and_one_behind_it(tmp_path, plan_of):
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(5 << 30)
    (tmp_path / "after").write_text("after")

    bundle(plan_of(tmp_path, "sparse", "after"), tmp_path / "out.zip")

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.getinfo("sparse").file_size == 5 << 30
        assert archive.read("after") == b"after"
    assert verify(tmp_path / "out.zip").ok


@pytest.mark.sweep
def test_a_stored_member_beyond_four_gigabytes_has_zip64_offsets_behind_it(tmp_path, plan_of):
    if space.free_bytes(tmp_path) < 12 << 30:
        pytest.skip("needs 12 GB of room")
    block = os.urandom(64 * MIB)
    with (tmp_path / "random").open("wb") as file:
        for _ in range(67):
            file.write(block)
    (tmp_path / "after").write_text("after")

    bundle(plan_of(tmp_path, "random", "after"), tmp_path / "out.zip")

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.getinfo("random").compress_type == zipfile.ZIP_STORED
        assert archive.getinfo("after").header_offset > 1 << 32
        assert archive.read("after") == b"after"
    assert verify(tmp_path / "out.zip").ok


def test_small_zip64_is_written_where_the_limit_says(tmp_path, plan_of, monkeypatch):
    from orp_tui.artifacts import zip_writer

    monkeypatch.setattr(zip_writer, "ZIP64_LIMIT", 1000)
    monkeypatch.setattr(zip_writer, "MAX_COUNT", 2)
    (tmp_path / "big").write_bytes(os.urandom(5 * MIB))
    (tmp_path / "text").write_bytes(b"text " * (2 * MIB))
    (tmp_path / "after").write_text("after")

    bundle(plan_of(tmp_path, "big", "text", "after"), tmp_path / "out.zip")

    assert contents(tmp_path / "out.zip")["after"] == b"after"
    assert contents(tmp_path / "out.zip")["big"] == (tmp_path / "big").read_bytes()
    assert verify(tmp_path / "out.zip").ok
    assert subprocess.run(["unzip", "-tq", str(tmp_path / "out.zip")], check=False).returncode == 0


def test_packing_imports_nothing_heavy():
    script = "import sys, orp_tui.artifacts.bundle, orp_tui.artifacts.selection; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    heavy = {
        "pydantic",
        "yaml",
        "numpy",
        "zipfile",
        "threading",
        "asyncio",
        "subprocess",
        "shutil",
        "tempfile",
    }
    assert heavy.isdisjoint(loaded.stdout.split())
    assert Kind.RUN.value == "run"
