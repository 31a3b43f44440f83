"""Zip of a run with a random checkpoint and a text log, against `zipfile` with its defaults.

The data, 0.7 random and 0.3 log lines, is made in a temporary folder. Ours includes sha256 of
every member and of the zip, and fsync, which `zipfile` does not do.
"""

from __future__ import annotations

import os
import random
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from orp_tui.artifacts.bundle import bundle
from orp_tui.artifacts.plan import Kind, Plan, PlanItem
from tests.benchmarks.ground import ground
from tests.benchmarks.measure import Budget, Row, Samples, interleaved

MIB = 1 << 20


def rows(*, quick: bool) -> Iterator[Row]:
    """Time and size, of the same zips."""
    mib, rounds = (128, 1) if quick else (1024, 2)
    sizes: dict[str, list[float]] = {"orp": [], "zipfile": []}
    with ground() as place:
        folder = place.project
        names = make_data(folder, mib)
        os.sync()

        def timed(who: str, action: Callable[[Path, list[str], Path], None]) -> Callable[[], float]:
            def measured() -> float:
                target = folder / "out.zip"
                begin = time.perf_counter()
                action(folder, names, target)
                took = time.perf_counter() - begin
                sizes[who].append(target.stat().st_size / MIB)
                target.unlink()
                return took

            return measured

        ours, theirs = interleaved(
            rounds, timed("orp", zip_by_orp), timed("zipfile", zip_by_stdlib), warm_up=0
        )
    what = f"zip of {mib} MiB, 0.7 random"
    yield Row(f"{what}: time", Samples(ours, "s"), "zipfile", Samples(theirs, "s"), Budget(0.15, "ratio"))
    our_sizes, their_sizes = (Samples(tuple(sizes[who]), "MiB") for who in ("orp", "zipfile"))
    yield Row(f"{what}: size", our_sizes, "zipfile", their_sizes, Budget(1.03, "ratio"))


def make_data(folder: Path, mib: int) -> list[str]:
    """The checkpoint and the log; what they hold is the same for one size, but for the random part."""
    text_mib = mib * 3 // 10
    with open(folder / "checkpoint.bin", "wb") as file:
        for _ in range(mib - text_mib):
            file.write(os.urandom(MIB))
    rng = random.Random(1)
    with open(folder / "training_stdout.txt", "w", encoding="utf-8") as log:
        step = 0
        while log.tell() < text_mib * MIB:
            lines = []
            for _ in range(2000):
                step += 1
                lines.append(
                    f"2026-11-24 12:{step // 60 % 60:02d}:{step % 60:02d} step {step} loss={rng.random():.6f} "
                    f"acc={rng.random():.4f} lr=0.0003 {rng.randint(800, 999)} samples/s\n"
                )
            log.write("".join(lines))
    return ["checkpoint.bin", "training_stdout.txt"]


def zip_by_stdlib(folder: Path, names: list[str], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(folder / name, name)


def zip_by_orp(folder: Path, names: list[str], target: Path) -> None:
    items = tuple(
        PlanItem(name, str(folder), name, os.path.getsize(folder / name), Kind.WORKSPACE) for name in names
    )
    bundle(Plan("bench", (), items), target)
