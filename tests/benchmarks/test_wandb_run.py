"""Both files of the benchmark hold the same run, or its times compare nothing."""

from __future__ import annotations

from pathlib import Path

from orp_tui.metrics.readers.jsonl import JsonlReader
from orp_tui.metrics.readers.wandb import WandbReader
from orp_tui.metrics.table import MetricTable
from tests.benchmarks.wandb_run import write_lines, write_wandb

COUNT = 2_000
"""Rows: records lie across the ends of W&B's blocks, and the machine is sampled twice."""


def read(reader: JsonlReader | WandbReader) -> MetricTable:
    table, more = MetricTable(), True
    while more:
        batch = reader.read(final=True)
        table.take(batch)
        more = batch.more
    assert (table.bad, batch.trouble) == (0, "")
    return table


def test_the_wandb_file_and_the_json_lines_have_the_same_points(tmp_path: Path) -> None:
    write_wandb(tmp_path / "run.wandb", COUNT)
    write_lines(tmp_path / "metrics.jsonl", COUNT)

    theirs = read(WandbReader(tmp_path / "run.wandb")).series()
    ours = read(JsonlReader(tmp_path / "metrics.jsonl")).series()

    assert ours.keys() == {"loss"}
    assert theirs.keys() == {"loss", "sys/cpu", "sys/memory_percent"}
    assert len(theirs["sys/cpu"]) == 2
    one, other = (
        [
            point
            for block in series.blocks
            for point in zip(block.steps, block.values, block.times, strict=True)
        ]
        for series in (theirs["loss"], ours["loss"])
    )
    assert len(one) == COUNT
    assert one == other
