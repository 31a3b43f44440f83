"""What an alert watches for: the text of `metrics.alerts[].when` → a condition.

    nan(loss)   inf(loss)                   a value that is no number, or infinite
    loss > 10                               any of > >= < <= == != and a number
    no_log > 10m   no_metric > 10m          silence: no line in the logs, no value logged
    spike(loss)   spike(loss, 8, 51)        a value far off the ones before it: 8 MADs over the median of 51
    plateau(loss, 1000)   plateau(loss, 2h, 0.01)    no better by more than 0.01 over steps, or time
    throughput < 70%                        values a second, against the run's own median

A spike and a plateau take `max` or `min` as last word where a metric is better the higher, or the
lower, it is; without it the experiment's primary metric says so, and else lower is better.
A metric with a comma or a comparison in its name stands in quotes.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
from collections.abc import Mapping
from typing import TypeAlias

from orp_tui.core.durations import parse_duration
from orp_tui.core.words import duration

LONGEST = 500
SPIKE_MADS = 8.0
SPIKE_WINDOW = 51
"""Of the values before: where all of 600 synthetic spikes were found and none on healthy curves."""


@dataclasses.dataclass(frozen=True, slots=True)
class NonFinite:
    """The metric is NaN, or infinite."""

    metric: str
    kind: str
    """nan or inf."""


@dataclasses.dataclass(frozen=True, slots=True)
class Threshold:
    """The metric compares so with a number. NaN compares with nothing."""

    metric: str
    operator: str
    bound: float


@dataclasses.dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was heard for longer than this."""

    of: str
    """no_log or no_metric."""
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class Spike:
    """The metric is worse than the median of the values before it by so many median absolute deviations."""

    metric: str
    mads: float = SPIKE_MADS
    window: int = SPIKE_WINDOW
    """How many values before it count."""
    maximize: bool = False
    """Higher is better, and a spike leads down."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plateau:
    """The metric has not become better over the last steps, or the last time."""

    metric: str
    span: float
    """Steps, or seconds."""
    in_steps: bool
    delta: float | None = None
    """An improvement by less is none; None: 1 % of what it has improved by in all."""
    maximize: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Throughput:
    """Fewer values a second than this share of the run's own median."""

    share: float
    """Between 0 and 1."""


Condition: TypeAlias = NonFinite | Threshold | Silence | Spike | Plateau | Throughput

_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)
_COMPARISON = re.compile(
    r"""(?P<left>"[^"]*"|'[^']*'|[^"'<>=!]*?)\s*(?P<operator>[<>=!]+)\s*(?P<right>.*)""", re.DOTALL
)
_ARGUMENT = re.compile(r"""\s*("[^"]*"|'[^']*'|[^,]*?)\s*(?:,|$)""")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_OPERATORS = (">", ">=", "<", "<=", "==", "!=")
_CALLS = ("nan", "inf", "spike", "plateau")
_SILENCES = ("no_log", "no_metric")
_FORMS = (
    "write nan(loss), inf(loss), loss > 10, spike(loss), plateau(loss, 1000), no_log > 10m, no_metric > 10m "
    "or throughput < 70%"
)


def parse_condition(text: str, goals: Mapping[str, str] | None = None) -> Condition:
    """The condition that `text` describes. `goals`: metric → `maximize` or `minimize`, where that is known.

    Raises ValueError with a sentence that says what is wrong and what to write instead.
    """
    text = text.strip()
    if not text:
        raise ValueError(f"is empty; {_FORMS}")
    if len(text) > LONGEST:
        raise ValueError(f"has {len(text):,} characters; a condition has at most {LONGEST}")
    if not text.isprintable():
        raise ValueError(f"holds a character that can't be shown; {_FORMS}")
    called = _CALL.fullmatch(text)
    if called is not None:
        return _call(called[1], _arguments(called[2]), goals or {})
    compared = _COMPARISON.fullmatch(text)
    if compared is None:
        raise ValueError(f"{_short(text)} is no condition; {_FORMS}")
    return _comparison(compared["left"], compared["operator"], compared["right"].strip())


def _call(name: str, arguments: list[str], goals: Mapping[str, str]) -> Condition:
    if name in _SILENCES or name == "throughput":
        form = "throughput < 70%" if name == "throughput" else f"{name} > 10m"
        raise ValueError(f"{name} is compared, not called; write {form}")
    if name not in _CALLS:
        close = difflib.get_close_matches(name.lower(), _CALLS, n=1)
        more = (
            f"did you mean {close[0]}(…)?"
            if close
            else f"known: {', '.join(f'{call}(…)' for call in _CALLS)}"
        )
        raise ValueError(f"{_short(name)}(…) is no condition; {more}")
    metric = _metric(arguments[0] if arguments else "", f"{name}(loss)")
    if name in ("nan", "inf"):
        if len(arguments) > 1:
            raise ValueError(f"{name}(…) takes a metric and nothing else; write {name}({metric})")
        return NonFinite(metric, name)
    rest = arguments[1:]
    maximize = goals.get(metric) == "maximize"
    if rest and rest[-1] in ("min", "max"):
        maximize = rest.pop() == "max"
    return _spike(metric, rest, maximize) if name == "spike" else _plateau(metric, rest, maximize)


def _spike(metric: str, rest: list[str], maximize: bool) -> Spike:
    form = f"write spike({metric}), or spike({metric}, 8, 51): deviations, and values before it that count"
    if len(rest) > 2:
        raise ValueError(f"spike(…) takes at most two numbers; {form}")
    mads = _number(rest[0], form) if rest else SPIKE_MADS
    window = _number(rest[1], form) if len(rest) > 1 else SPIKE_WINDOW
    if mads < 1:
        raise ValueError(f"{rest[0]} deviations are too few to be a spike; {form}")
    if not 10 <= window <= 1000 or window != int(window):
        raise ValueError(f"{rest[1]} values can't be looked at; give a whole number from 10 to 1000")
    return Spike(metric, mads, int(window), maximize)


def _plateau(metric: str, rest: list[str], maximize: bool) -> Plateau:
    form = f"write plateau({metric}, 1000) for steps, or plateau({metric}, 2h) for time"
    if not rest:
        raise ValueError(f"plateau(…) needs to know for how long; {form}")
    if len(rest) > 2:
        raise ValueError(
            f"plateau(…) takes a length and a least improvement; write plateau({metric}, 1000, 0.01)"
        )
    in_steps = _NUMBER.fullmatch(rest[0]) is not None
    try:
        span = float(rest[0]) if in_steps else parse_duration(rest[0])
    except ValueError:
        raise ValueError(f"{_short(rest[0])} is no length; {form}") from None
    if not 0 < span < math.inf:
        raise ValueError(f"a plateau of {_short(rest[0])} is none; {form}")
    delta = None
    if len(rest) > 1:
        delta = _number(rest[1], f"write plateau({metric}, {rest[0]}, 0.01) for the least improvement")
        if delta < 0:
            raise ValueError(f"{rest[1]} is no least improvement; give 0 or more")
    return Plateau(metric, span, in_steps, delta, maximize)


def _comparison(left: str, operator: str, right: str) -> Condition:
    if operator not in _OPERATORS:
        raise ValueError(f"{operator} is no comparison; known: {' '.join(_OPERATORS)}")
    if left in _SILENCES:
        return _silence(left, operator, right)
    if left == "throughput":
        return _throughput(operator, right)
    if (called := _CALL.fullmatch(left)) and called[1] in _CALLS:
        raise ValueError(f"{_short(left)} stands for itself and compares with nothing; {_FORMS}")
    metric = _metric(left, f"loss {operator} 10")
    if right.endswith("%"):
        raise ValueError(
            f"{_short(right)} is a share, which goes with throughput alone; write {metric} {operator} 10"
        )
    if right.lower().lstrip("+-") in ("nan", "inf", "infinity", ".nan", ".inf"):
        kind = "nan" if "nan" in right.lower() else "inf"
        raise ValueError(f"nothing compares with {right}; write {kind}({metric})")
    return Threshold(
        metric, operator, _number(right, f"write {metric} {operator} 10, one condition an alert")
    )


def _silence(of: str, operator: str, right: str) -> Silence:
    if operator not in (">", ">="):
        raise ValueError(f"{of} says how long nothing was heard; write {of} > 10m")
    seconds = parse_duration(right)
    if seconds < 1:
        raise ValueError(f"{_short(right)} is shorter than anybody looks; write {of} > 10m")
    return Silence(of, seconds)


def _throughput(operator: str, right: str) -> Throughput:
    if not right.endswith("%"):
        raise ValueError(
            f"{_short(right)} is no share of the run's own median; write throughput < 70%, "
            f'or "throughput" {operator} 10 for a metric of that name'
        )
    share = _number(right[:-1].strip(), "write throughput < 70%")
    if operator not in ("<", "<="):
        raise ValueError(f"a run that is fast needs no alert; write throughput < {right}")
    if not 0 < share < 100:
        raise ValueError(f"{right} of the median says nothing; give a share between 0% and 100%")
    return Throughput(share / 100)


def _arguments(text: str) -> list[str]:
    """What stands between commas; a comma within quotes is none."""
    found, place = [], 0
    while text.strip() and place <= len(text):
        match = _ARGUMENT.match(text, place)
        if match is None:
            raise ValueError(f"{_short(text)} can't be read; close the quote")
        found.append(match[1])
        if match.end() >= len(text) and not text.endswith(","):
            break
        place = match.end()
        if place >= len(text):
            found.append("")
            break
    return found


def _metric(text: str, form: str) -> str:
    if text[:1] in ("'", '"') and text[-1:] == text[:1] and len(text) > 2:
        return text[1:-1]
    if not text or text[:1] in ("'", '"'):
        raise ValueError(f"no metric is named; write {form}")
    if not _is_balanced(text):
        raise ValueError(f"{_short(text)} is no name of a metric; an alert holds one condition: write {form}")
    if not (text[0].isalpha() or text[0] == "_"):
        raise ValueError(
            f'{_short(text)} is no name of a metric; write {form}, an odd name in quotes: "{_short(text)}"'
        )
    return text


def _is_balanced(text: str) -> bool:
    """Whether every parenthesis in it is opened, then closed."""
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def _number(text: str, form: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{_short(text) or 'nothing'} is no number; {form}")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{_short(text)} is more than a number can be; {form}")
    return value


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def in_words(condition: Condition) -> str:
    """What a condition means, for somebody who did not write it."""
    if isinstance(condition, NonFinite):
        return f"{condition.metric} is {'NaN' if condition.kind == 'nan' else 'infinite'}"
    if isinstance(condition, Threshold):
        return f"{condition.metric} {condition.operator} {condition.bound:g}"
    if isinstance(condition, Silence):
        what = "no line in the logs" if condition.of == "no_log" else "no metric logged"
        return f"{what} for {duration(condition.seconds)}"
    if isinstance(condition, Spike):
        return f"{condition.metric} {'below' if condition.maximize else 'above'} its median by {condition.mads:g} MADs"
    if isinstance(condition, Plateau):
        span = f"{condition.span:g} steps" if condition.in_steps else duration(condition.span)
        return f"{condition.metric} no {'higher' if condition.maximize else 'lower'} over {span}"
    return f"throughput below {condition.share:.0%} of its median"
