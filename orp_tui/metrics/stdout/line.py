"""What one line says by itself: its numbers and where it stands, or why it is no line of metrics."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from orp_tui.metrics.stdout.mapping import mapping_at_end, numbers_of
from orp_tui.metrics.stdout.marks import Marks, find_marks
from orp_tui.metrics.stdout.numbers import NUMBER, is_step, number_in
from orp_tui.metrics.stdout.pairs import Phases, find_pairs, find_phases
from orp_tui.metrics.stdout.text import said
from orp_tui.metrics.stdout.words import LEARNING, PHASES, Kind, has_phase, kind_of, may_tell, parts_of

_CALL = re.compile(r"\b(?P<name>[A-Z]\w*)\s?\(\s*(?:\w+=|$)")
_OF_RESULTS = re.compile(r"(?i:output|metric|result|stat|score|eval)")
_DUMP = re.compile(
    r"\s*(?:(?:using|running with|parsed|final|full|training|model)\s)?"
    r"(?:namespace|config(?:uration)?s?|args?|arguments|hyper-?param(?:eter)?s?|hparams|settings|options|overriding)\b"
    r"|\s*wandb: ",  # its summary at the end says once more what was said
    re.IGNORECASE,
)
_CELLS = re.compile(
    r"\s*\|\s{0,2}(?P<name>[^\W\d][^|]{0,60}?)\s{0,2}\|\s{0,2}(?P<number>[^|\s]{1,32})\s{0,2}\|\s*"
)
_SENTENCE = re.compile(
    r"\s*(?P<name>(?:\w{1,16}\s)?(?i:accuracy|loss|error|score))\s(?:of|on|over|for)\s[^:=]{1,80}[:=]\s{0,2}"
    rf"(?P<number>{NUMBER})(?![\w.])"
)
_HEADING = 48
"""Characters of a line that names an epoch and holds no number besides."""
_STEP_KEYS = ("num_updates", "global_step", "_step", "step", "total_timesteps", "iteration", "iter")
_TIME_KEYS = ("timestamp", "_timestamp", "wall_time", "time")
_YOUNGEST = 1e8
"""A `time` below this is a duration, not a moment."""
_MILLISECONDS = 1e11

Wanted = Callable[[str], bool]
"""Whether the user has asked for a name."""


class Reading(NamedTuple):
    """A line that counts. Without values it is a heading, which says where the next ones stand."""

    values: Mapping[str, float]
    marks: Marks
    phase: str = ""
    """The part that it is about, if that is not the training."""
    time: float = math.nan
    how: str = "pairs"
    """What it was read as: pairs, mapping, table or pattern."""


@dataclasses.dataclass(frozen=True, slots=True)
class Miss:
    """A line with names and numbers that is no line of metrics, as it seems."""

    reason: str


def read_line(text: str, wanted: Wanted | None = None) -> Reading | Miss | None:
    """What a line says; None if it holds no names with numbers.

    `wanted` are names that the user asks for: they count as results.
    """
    whole = said(text)
    reading = _of_mapping(whole.text, wanted) or _of_text(whole.text, wanted)
    if isinstance(reading, Reading):
        values = reading.values
        if whole.rank:
            values = {f"rank{whole.rank}/{name}": value for name, value in values.items()}
        time = reading.time if math.isnan(whole.time) else whole.time
        return reading._replace(values=values, time=time)
    return reading


def _of_text(text: str, wanted: Wanted | None) -> Reading | Miss | None:
    marks, rest = find_marks(text)
    phases = [each for each in find_phases(rest) if not (marks.is_bar and each[1] in LEARNING)]
    pairs = find_pairs(rest, phases)
    values, reason = _judged(pairs.items(), wanted, marks)
    if not values and (other := _cells(rest) or _sentence(rest)):
        pairs, (values, reason) = other, _judged(other.items(), wanted, marks)
    if not reason and _is_dump(text):
        reason = "it shows settings"
    if not reason:
        return Reading(values, marks, _other_phase(phases, values))
    if marks and _is_heading(marks, rest) and may_tell(text) and not _is_dump(text):
        return Reading({}, marks)
    return Miss(reason) if pairs else None


def _cells(text: str) -> dict[str, float]:
    """A row of a table with a name and a number and nothing else."""
    found = _CELLS.fullmatch(text)
    number = number_in(found["number"]) if found else None
    return {} if found is None or number is None else {"_".join(found["name"].split()): number}


def _sentence(text: str) -> dict[str, float]:
    """`Accuracy of the network on the 10000 test images: 54 %`, as many a tutorial ends."""
    found = _SENTENCE.match(text)
    number = number_in(found["number"]) if found else None
    return {} if found is None or number is None else {"_".join(found["name"].split()): number}


def _is_heading(marks: Marks, rest: str) -> bool:
    letters = sum(map(str.isalnum, rest))
    if marks.is_counter:
        return False
    return letters <= _HEADING if marks.epoch is not None else marks.is_first and letters <= _HEADING // 2


def _is_dump(text: str) -> bool:
    call = _CALL.search(text)
    return bool(call and not _OF_RESULTS.search(call["name"])) or _DUMP.match(text) is not None


def _other_phase(phases: Phases, values: Mapping[str, float]) -> str:
    """The part that all of the line is about; empty for the training, or for more than one."""
    phase = phases[0][1] if phases else ""
    if not phase:
        found = {next((part for part in parts_of(name) if part in PHASES), "") for name in values}
        phase = found.pop() if len(found) == 1 else ""
    return "" if phase in LEARNING else phase


def _of_mapping(text: str, wanted: Wanted | None) -> Reading | Miss | None:
    found = mapping_at_end(text)
    if found is None:
        return None
    before, tree = found
    numbers = list(numbers_of(tree))
    leaves = {name: value for name, value in numbers if value is not None}
    if not leaves:
        return None
    marks, rest = find_marks(before)
    marks = _marks_of(leaves, marks)
    time = _time_of(leaves)
    values, reason = _judged(leaves.items(), wanted, marks)
    if not reason and 2 * sum(value is None for _, value in numbers) > len(numbers):
        reason = "most of what it holds are no numbers"
    if not reason and _is_dump(before):
        reason = "it shows settings"
    if reason:
        return Miss(reason)
    if _CALL.search(before) and marks.epoch is not None:
        # HF's TrainOutput sums up a log that stood at epochs, by the number of all steps.
        marks = marks._replace(step=None, unit="")
    values = {**_pairs_before(rest), **values}
    reading = Reading(values, marks, _other_phase([], values), time, "mapping")
    phases = find_phases(rest)
    return of_phase(reading, phases[0][1]) if phases else reading


def of_phase(reading: Reading, phase: str) -> Reading:
    """The same, said of a part: `test/loss` for `loss`, if the names do not tell theirs."""
    values = {name if has_phase(name) else f"{phase}/{name}": value for name, value in reading.values.items()}
    return reading._replace(values=values, phase="" if phase in LEARNING else phase)


def _pairs_before(text: str) -> dict[str, float]:
    """What is told before the dict: `TrainOutput(global_step=3, training_loss=0.5, metrics={…})`."""
    return {name: value for name, value in find_pairs(text, []).items() if kind_of(name) is Kind.RESULT}


def _marks_of(leaves: dict[str, float], marks: Marks) -> Marks:
    """Step and epoch out of a dict, taken from it."""
    epoch, step, unit, is_global = marks.epoch, marks.step, marks.unit, marks.is_global
    told = _taken(leaves, ("epoch",))
    if told is not None:
        epoch = told
    for key in _STEP_KEYS:
        told = _taken(leaves, (key,))
        if told is not None and step is None:
            step, unit, is_global = told, key, True
    return marks._replace(epoch=epoch, step=step, unit=unit, is_global=is_global)


def _taken(leaves: dict[str, float], keys: Iterable[str]) -> float | None:
    """The number under a key, alone or behind a phase (`train_num_updates`); it is taken out."""
    for key in keys:
        for name in list(leaves):
            first, _, last = name.replace("/", "_").partition("_")
            if (name == key or (first in PHASES and last == key)) and is_step(leaves[name]):
                return leaves.pop(name)
    return None


def _time_of(leaves: dict[str, float]) -> float:
    for key in _TIME_KEYS:
        told = leaves.get(key, math.nan)
        if told > _YOUNGEST:
            del leaves[key]
            return told / 1000 if told > _MILLISECONDS else told
    return math.nan


def _judged(
    pairs: Iterable[tuple[str, float]], wanted: Wanted | None, marks: Marks
) -> tuple[dict[str, float], str]:
    """The pairs that are worth keeping, and why none is; empty if they pass the gate."""
    kept: dict[str, float] = {}
    results = settings = 0
    strangers: list[str] = []
    for name, value in pairs:
        if wanted is not None and wanted(name):
            kept[name], results = value, results + 1
            continue
        kind = kind_of(name)
        if kind is Kind.SETTING:
            settings += 1
            continue
        kept[name] = value
        if kind is Kind.RESULT or (_is_probable(kind, marks) and not _is_whole(value)):
            results += 1
        else:
            strangers.append(name)
    if not results:
        return {}, _no_result(strangers, settings)
    if settings > 2 * results + len(strangers):
        return {}, "more of its names are settings than results"
    return kept, ""


def _is_probable(kind: Kind, marks: Marks) -> bool:
    return kind is Kind.LIKELY or (kind is Kind.GENERIC and bool(marks) and not marks.is_bar)


def _is_whole(value: float) -> bool:
    return math.isfinite(value) and value == math.floor(value)


def _no_result(strangers: list[str], settings: int) -> str:
    if strangers:
        return f"{strangers[0]} is not known as a metric"
    return "its names are those of settings" if settings else "no number has a name"
