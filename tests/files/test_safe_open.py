"""Only regular files, only beneath the folder, by both ways of resolving."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orp_tui.core.errors import UnsafePath
from orp_tui.files import resolve
from orp_tui.files.safe_open import Beneath


@pytest.fixture(params=["openat2", "component by component"])
def beneath(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Beneath]:
    if request.param == "openat2":
        if resolve.openat2() is None:
            pytest.skip("this kernel has no openat2")
    else:
        monkeypatch.setattr(resolve, "openat2", lambda: None)
    folder = tmp_path / "workspace"
    folder.mkdir()
    with Beneath(folder) as opened:
        yield opened


@pytest.fixture
def folder(beneath: Beneath) -> Path:
    return Path(beneath.folder)


def read(beneath: Beneath, relative: str) -> bytes:
    with beneath.open(relative) as file:
        return file.read()


def write(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file_in_a_subfolder_is_read(beneath: Beneath, folder: Path) -> None:
    write(folder / "output/model/weights.bin", b"weights")

    assert read(beneath, "output/model/weights.bin") == b"weights"
    assert read(beneath, "./output//model/./weights.bin") == b"weights"
    assert beneath.stat("output/model/weights.bin").st_size == 7


def test_symlinks_that_stay_inside_are_followed(beneath: Beneath, folder: Path) -> None:
    write(folder / "runs/step-3/a.txt", b"three")
    (folder / "latest").symlink_to("runs/step-3")
    (folder / "runs/up").symlink_to("../latest/a.txt")
    (folder / "absolute").symlink_to(folder / "runs/step-3/a.txt")

    assert read(beneath, "latest/a.txt") == b"three"
    assert read(beneath, "runs/up") == b"three"
    assert read(beneath, "absolute") == b"three"


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "../workspace-twin/x", "inner/../../secret"])
def test_a_symlink_that_leads_out_is_refused_and_named(beneath: Beneath, folder: Path, target: str) -> None:
    write(folder.parent / "secret")
    write(folder.parent / "workspace-twin/x")
    (folder / "inner").mkdir()
    (folder / "link").symlink_to(target)

    with pytest.raises(UnsafePath, match="symlink leads out of the folder") as caught:
        beneath.open("link")

    assert target in str(caught.value)
    with pytest.raises(UnsafePath):
        beneath.stat("link")


def test_a_symlinked_folder_that_leads_out_is_refused_halfway(beneath: Beneath, folder: Path) -> None:
    write(folder.parent / "outside/data.csv")
    (folder / "data").symlink_to(folder.parent / "outside")

    with pytest.raises(UnsafePath, match="leads out"):
        beneath.open("data/data.csv")
    with pytest.raises(UnsafePath, match="leads out"):
        beneath.listdir("data")


@pytest.mark.parametrize(
    ("relative", "why"),
    [("../x", r"\.\."), ("a/../../x", r"\.\."), ("/etc/passwd", "absolute"), ("a\0b", "NUL")],
)
def test_a_path_that_leaves_as_written_is_refused(beneath: Beneath, relative: str, why: str) -> None:
    for act in (beneath.open, beneath.stat, beneath.listdir, beneath.glob):
        with pytest.raises(UnsafePath, match=why):
            act(relative)


def test_a_fifo_is_refused_at_once(beneath: Beneath, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    begun = time.monotonic()

    with pytest.raises(UnsafePath, match=r"FIFO .*not opened"):
        beneath.open("pipe")

    assert time.monotonic() - begun < 1


def test_a_socket_is_refused(beneath: Beneath, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path holds 107 bytes at most
        try:
            server.bind("s")
        finally:
            os.chdir(here)

        with pytest.raises(UnsafePath, match="a socket"):
            beneath.stat("s")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mknod needs root")
def test_a_device_is_refused(beneath: Beneath, folder: Path) -> None:
    try:
        os.mknod(folder / "null", 0o020666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no mknod in this container")

    with pytest.raises(UnsafePath, match="a character device"):
        beneath.open("null")


def test_a_folder_is_no_file(beneath: Beneath, folder: Path) -> None:
    (folder / "sub").mkdir()

    with pytest.raises(UnsafePath, match="a folder, not a regular file"):
        beneath.open("sub")


def test_links_of_proc_lead_nowhere(beneath: Beneath, folder: Path) -> None:
    (folder / "me").symlink_to("/proc/self/cwd")

    with pytest.raises(UnsafePath):
        beneath.listdir("me")


def test_missing_and_circular_paths_are_system_errors(beneath: Beneath, folder: Path) -> None:
    write(folder / "file")
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    (folder / "dangling").symlink_to("nothing")

    for missing in ("none", "none/x", "dangling"):
        with pytest.raises(FileNotFoundError):
            beneath.open(missing)
    with pytest.raises(NotADirectoryError):
        beneath.stat("file/x")
    with pytest.raises(OSError, match="symbolic links"):
        beneath.stat("a")


def test_a_name_that_is_no_utf8_comes_and_goes(beneath: Beneath, folder: Path) -> None:
    raw = os.fsencode(folder) + b"/caf\xe9.bin"
    with open(raw, "wb") as file:
        file.write(b"raw")

    (name,), _ = beneath.glob("*.bin")

    assert read(beneath, name) == b"raw"


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_a_path_that_is_swapped_all_the_time_never_leads_out(
    beneath: Beneath, folder: Path, kind: str
) -> None:
    write(folder.parent / "outside/f", b"secret")
    write(folder / "d/f", b"inside")
    (folder / "bad").mkdir()
    if kind == "link":
        (folder / "bad/f").symlink_to(folder.parent / "outside/f")
    elif kind == "fifo":
        os.mkfifo(folder / "bad/f")
    else:
        (folder / "bad").rmdir()
        (folder / "bad").symlink_to(folder.parent / "outside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for source, target in (("d", "aside"), ("bad", "d"), ("d", "bad"), ("aside", "d")):
                os.rename(folder / source, folder / target)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen: set[bytes] = set()
    expected = {b"inside", b"UnsafePath"}
    try:
        begun = time.monotonic()
        while time.monotonic() < begun + (0.5 if expected <= seen else 10):
            try:
                seen.add(read(beneath, "d/f"))
            except (UnsafePath, OSError) as error:
                seen.add(type(error).__name__.encode())
    finally:
        stop.set()
        swapper.join()

    assert b"secret" not in seen
    assert expected <= seen


def test_no_descriptor_is_left_open(beneath: Beneath, folder: Path) -> None:
    write(folder / "d/e/f.txt")
    (folder / "link").symlink_to("d/../d/e/../e/f.txt")
    (folder / "out").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    before = len(os.listdir("/proc/self/fd"))

    read(beneath, "link")
    for bad in ("out", "pipe", "none", "d"):
        with pytest.raises((UnsafePath, OSError)):
            beneath.open(bad)
    beneath.glob("**/*.txt")
    list(beneath.walk())

    assert len(os.listdir("/proc/self/fd")) == before


def test_walk_gives_files_and_links_but_enters_no_link(beneath: Beneath, folder: Path) -> None:
    for name in ("b/2", "b/1", "a", ".hidden/x"):
        write(folder / name)
    (folder / "c").symlink_to("b")
    (folder / "etc").symlink_to("/etc")

    assert list(beneath.walk()) == ["a", "c", "etc", ".hidden/x", "b/1", "b/2"]
    assert list(beneath.walk("b")) == ["b/1", "b/2"]
    with pytest.raises(FileNotFoundError):
        list(beneath.walk("none"))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.pt", ["x.pt", "y.pt"]),
        ("?.pt", ["x.pt", "y.pt"]),
        ("[!x].pt", ["y.pt"]),
        ("ckpt-*/w.bin", ["ckpt-1/w.bin", "ckpt-20/w.bin"]),
        ("ckpt-*", ["ckpt-1", "ckpt-20", "ckpt-notes.txt"]),
        ("ckpt-*/", ["ckpt-1", "ckpt-20"]),
        ("**/w.bin", ["ckpt-1/w.bin", "ckpt-20/w.bin", "deep/er/w.bin"]),
        ("deep/**", ["deep/er/w.bin"]),
        ("deep/**/*", ["deep/er", "deep/er/w.bin"]),
        ("./deep//er/*.bin", ["deep/er/w.bin"]),
        ("latest/*.bin", ["latest/w.bin"]),
        ("*/er/w.bin", ["deep/er/w.bin"]),
        (".*", [".secret.pt"]),
        ("**/**/w.bin", ["ckpt-1/w.bin", "ckpt-20/w.bin", "deep/er/w.bin"]),
        ("out/*", []),
        ("none/*", []),
        ("x.pt/*", []),
        ("", []),
    ],
)
def test_glob(beneath: Beneath, folder: Path, pattern: str, expected: list[str]) -> None:
    for name in (
        "x.pt",
        "y.pt",
        ".secret.pt",
        "ckpt-1/w.bin",
        "ckpt-20/w.bin",
        "ckpt-notes.txt",
        "deep/er/w.bin",
    ):
        write(folder / name)
    (folder / "latest").symlink_to("ckpt-20")
    (folder / "out").symlink_to("/etc")

    assert beneath.glob(pattern) == (expected, False)


def test_glob_names_a_link_that_leads_out_but_never_looks_behind_it(beneath: Beneath, folder: Path) -> None:
    write(folder.parent / "outside/w.bin")
    (folder / "out").symlink_to(folder.parent / "outside")

    assert beneath.glob("*") == (["out"], False)
    assert beneath.glob("*/w.bin") == ([], False)
    assert beneath.glob("**/w.bin") == ([], False)


def test_glob_ends_in_a_circle_of_links(beneath: Beneath, folder: Path) -> None:
    (folder / "a/b").mkdir(parents=True)
    (folder / "a/b/back").symlink_to("..")
    write(folder / "a/b/w.bin")

    assert beneath.glob("**/w.bin") == (["a/b/w.bin"], False)


def test_glob_gives_hidden_names_when_asked(beneath: Beneath, folder: Path) -> None:
    write(folder / ".hydra/config.yaml")

    assert beneath.glob("**") == ([], False)
    assert beneath.glob("**", hidden=True) == ([".hydra/config.yaml"], False)


def test_glob_is_capped_to_the_first_in_order_and_says_so(beneath: Beneath, folder: Path) -> None:
    for number in range(20):
        write(folder / f"{number:02}.txt")

    assert beneath.glob("*.txt", limit=3) == (["00.txt", "01.txt", "02.txt"], True)
    found, truncated = beneath.glob("*.txt", scan_limit=5)
    assert len(found) == 5
    assert truncated


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 100,000 files, made once."""
    folder = tmp_path_factory.mktemp("crowded")
    for number in range(100_000):
        os.mknod(folder / f"{number:06}.txt")
    return folder


@pytest.mark.slow
def test_glob_with_100_000_hits_takes_a_few_times_as_long_as_a_sorted_listing(
    beneath: Beneath, crowded: Path
) -> None:
    took, listing = [], []
    for _ in range(3):  # in turn, and by the processor's time: the machine may be busy
        begun = time.process_time()
        with Beneath(crowded) as opened:  # by the way that `beneath` has chosen
            found, truncated = opened.glob("*.txt")
        took.append(time.process_time() - begun)
        begun = time.process_time()
        sorted(os.listdir(crowded))
        listing.append(time.process_time() - begun)

    assert (len(found), truncated) == (10_000, True)
    assert min(took) <= 6 * min(listing)
