"""Logs as trainings write them, and what a terminal would show of them."""

from __future__ import annotations

import random

LONG = "long " + "0123456789" * 39 + " end."
"""A line of 400 columns."""


def five_cases() -> tuple[bytes, list[str]]:
    """Bars of tqdm, colours, a long line, a nested bar of two lines and an unfinished one; its rows in the end."""
    parts = ["begin\n"]
    for name in ("load", "train", "test"):
        parts += [f"\r{name}: {step:3d}%|{'█' * (step // 10):10}| {step}/100" for step in range(0, 101, 4)]
        parts.append("\n")
    parts.append("\x1b[31mred\x1b[0m plain \x1b[1;32mbold green\x1b[0m\n")
    parts.append(LONG + "\n")
    for epoch in range(1, 4):
        parts.append(f"\repoch {epoch}/3")
        parts += [f"\n\rbatch {batch:2d}/20\x1b[A" for batch in range(1, 21)]
    parts.append("\n\n")
    parts += [f"\rsave:  {step}%" for step in range(63)]
    rows = ["begin"]
    rows += [f"{name}: 100%|██████████| 100/100" for name in ("load", "train", "test")]
    rows += ["red plain bold green", LONG, "epoch 3/3", "batch 20/20", "save:  62%"]
    return "".join(parts).encode(), rows


def training_log(seed: int, parts: int = 40) -> bytes:
    """Plain lines, bars, nested bars and displays redrawn in place, in any order and any number."""
    rng = random.Random(seed)
    out: list[str] = []
    for number in range(parts):
        out += rng.choice((_lines, _bar, _nested, _display))(rng, number)
    return "".join(out).encode()


def _lines(rng: random.Random, number: int) -> list[str]:
    return [f"line {number}.{line} {'x' * rng.randrange(200)}\n" for line in range(rng.randrange(800))]


def _bar(rng: random.Random, number: int) -> list[str]:
    return [f"\r{step}%|{'#' * rng.randrange(60)}" for step in range(rng.randrange(2000))] + ["\n"]


def _nested(rng: random.Random, number: int) -> list[str]:
    outer = rng.randrange(50)
    out: list[str] = []
    for step in range(outer):
        out.append(f"\router {step}/{outer}")
        out += [f"\n\rinner {inner:03d}\x1b[A" for inner in range(rng.randrange(40))]
    return [*out, "\n\n"]


def _display(rng: random.Random, number: int) -> list[str]:
    rows = rng.randrange(1, 8)

    def frame(step: int) -> str:
        return "".join(f"\x1b[2K{number}: task {row} {step}%\n" for row in range(rows))

    return [frame(0)] + [f"\x1b[{rows}A\r{frame(step)}" for step in range(rng.randrange(1000))]
