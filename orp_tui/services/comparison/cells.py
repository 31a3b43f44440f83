"""One value of one run, or the values of several runs with different seeds → what stands in a cell."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence

from orp_tui.core.columns import scalar_text
from orp_tui.core.past_run import Scalar
from orp_tui.core.words import duration, size
from orp_tui.services.comparison.values import NOTHING, Cell

_MOST_NAMED = 3
"""Different values of folded runs that are named; of more only the number is told."""

Words = Callable[[Scalar], str]


def single(value: Scalar, words: Words = scalar_text) -> Cell:
    """The cell of one run."""
    return NOTHING if value is None or value == "" else Cell(value, words(value))


def folded(values: Sequence[Scalar], words: Words = scalar_text) -> Cell:
    """The cell of several runs that need not agree: `adam`, `0, 1, 2`, `5 values`, or `27m52s–1h27m` of times and sizes."""
    counts = Counter(map(_key, values))
    if len(counts) == 1:
        return single(values[0], words)
    if words in (in_seconds, in_bytes, in_local_time):
        return _range([float(value) for value in values if isinstance(value, int | float)], words)
    if len(counts) > _MOST_NAMED:
        text = f"{len(counts)} values"
    else:
        # By what is told, not by the key: that tells 1 and true apart.
        firsts = {_key(value): value for value in reversed(values)}
        distinct = [firsts[key] for key in counts]
        numbers = [value for value in distinct if isinstance(value, int | float)]
        text = ", ".join(map(words, sorted(numbers) if len(numbers) == len(distinct) else distinct))
    return Cell(text, text)


def _range(values: Sequence[float], words: Words) -> Cell:
    ends = list(dict.fromkeys(words(value) for value in (min(values), max(values))))
    text = "–".join(ends)
    return Cell(text, text)


def counted_words(values: Sequence[str]) -> Cell:
    """`succeeded ×3`, `succeeded ×2, FAILED`: the words of folded runs, the most frequent first."""
    counts = Counter(values).most_common()
    text = ", ".join(word if count == 1 else f"{word} ×{count}" for word, count in counts)
    return Cell(text, text)


def mean_of(values: Sequence[float]) -> Cell:
    """Mean and interval of one metric over seeds; nothing if there is no finite value."""
    from orp_tui.analysis.intervals import mean_interval

    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return NOTHING
    mean = math.fsum(finite) / len(finite)
    squares = math.fsum((value - mean) ** 2 for value in finite)
    interval = mean_interval(len(finite), mean, squares)
    return Cell(mean, str(interval), interval=interval)


def is_same_value(one: Cell, other: Cell) -> bool:
    """Whether two cells say the same; NaN is what it is."""
    return _key(one.value) == _key(other.value)


def _key(value: Scalar) -> tuple[str, object]:
    """Equal for equal values: true is not 1, 1 is 1.0, NaN is NaN."""
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, int | float):
        return "number", "nan" if value != value else value
    return type(value).__name__, value


# How some values are told


def in_seconds(value: Scalar) -> str:
    """`1h02m`."""
    return duration(float(value)) if isinstance(value, int | float) else "-"


def in_bytes(value: Scalar) -> str:
    """`3.1 MiB`."""
    return size(float(value)) if isinstance(value, int | float) else "-"


def in_local_time(value: Scalar) -> str:
    """`11-24 16:10:02`, with the year if that is another one, in the time zone of the reader."""
    if not isinstance(value, int | float):
        return "-"
    try:
        moment, now = time.localtime(value), time.localtime()
        return time.strftime("%m-%d %H:%M:%S" if moment.tm_year == now.tm_year else "%Y-%m-%d %H:%M", moment)
    except (ValueError, OverflowError, OSError):
        return scalar_text(value)  # no time that anybody counts in


def shortened(value: Scalar) -> str:
    """The first twelve characters of a digest."""
    return scalar_text(value)[:12]
