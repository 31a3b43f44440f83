"""Whatever a format brings, and however it is cut into portions: the cache and the rest of the files are the files."""

from __future__ import annotations

import math
import shutil
import time
from pathlib import Path

import pytest

from orp_tui.metrics.cache.reader import MetricCache
from orp_tui.metrics.cache.writer import CacheWriter, RunNews
from orp_tui.metrics.collecting import Collection, table_for
from orp_tui.metrics.discovery import Root
from orp_tui.metrics.gathering import Gatherer, Plan, is_news
from orp_tui.metrics.sources import SourceSpec, Trust

SAMPLES = sorted(path for path in (Path(__file__).parent / "samples").iterdir() if path.is_dir())


@pytest.fixture(params=SAMPLES, ids=lambda path: path.name)
def plan(request, tmp_path):
    """A place that holds the samples of one format."""
    place = tmp_path / "place"
    shutil.copytree(request.param, place)
    logs = sorted(place.glob("*.txt"))
    fixed = tuple(SourceSpec("stdout", str(log), log.name, trust=Trust.LOG) for log in logs)
    return Plan(fixed, (Root(str(place)),), is_final=True)


def told(series):
    """Every point of every metric, so that NaN equals NaN."""
    return {
        name: repr(
            [row for block in one.blocks for row in zip(block.steps, block.values, block.times, strict=True)]
        )
        for name, one in series.items()
    }


def from_files(plan):
    metrics = Collection(Gatherer(plan))
    metrics.take()
    return told(metrics.series()[0])


def from_cache(plan, path):
    """What a chart shows: the cache, and what the files hold behind its marks."""
    cached = MetricCache(path).run("a")
    tables = {source.spec: table_for(source.spec) for source in cached.sources} if cached else {}
    for source in cached.sources if cached else ():
        tables[source.spec].begin_with(source.series, source.bad, source.first_bad)
    metrics = Collection(Gatherer(plan, cached.marks if cached else None), tables)
    metrics.take()
    return told(metrics.series()[0])


def test_what_is_cached_read_by_read_by_ever_new_observers_is_what_the_files_hold(plan, tmp_path):
    path, expected = tmp_path / "metrics.db", from_files(plan)
    assert expected
    for _ in range(200):
        writer = CacheWriter(path)
        gatherer = Gatherer(plan, writer.marks("a"))
        news = [each for each in gatherer.batches(time.monotonic() + 0.005) if is_news(each.batch)]
        writer.write([RunNews("a", news, gatherer.marks)])
        writer.close()
        assert from_cache(plan, path) == expected
        if gatherer.is_complete and not news:
            break
    else:
        pytest.fail("it never comes to an end")


def test_tables_name_the_metrics_as_charts_do(plan, tmp_path):
    path, expected = tmp_path / "metrics.db", Collection(Gatherer(plan))
    expected.take()
    series, _ = expected.series()
    writer, gatherer = CacheWriter(path), Gatherer(plan)
    news = [each for each in gatherer.batches() if is_news(each.batch)]
    writer.write([RunNews("a", news, gatherer.marks)])
    writer.close()
    rows = {row.name: row for row in MetricCache(path).summaries()}
    assert series.keys() <= rows.keys()
    for name, one in series.items():
        assert rows[name].length == len(one)
        last = one.summary.last
        assert rows[name].last == last or (rows[name].last is None and math.isnan(last))
