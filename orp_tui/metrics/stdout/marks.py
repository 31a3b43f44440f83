"""Where in a training a line stands: its epoch, its step, a counter `10/196`.

What is found is taken out of the text, so that it is no metric too. Words that stand for a step
are ranked: `num_updates` and `global_step` count over the whole training, `batch` within an epoch.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from orp_tui.metrics.stdout.numbers import is_step
from orp_tui.metrics.stdout.words import words

_END = r"(?![\w%]|[.,:]\d)"
_EPOCH = re.compile(
    r"(?<![\w./-])(?:(?:train|training|val|valid|validation|eval|test)[_/])?epoch(?P<inner>\(\w{1,12}\))?"
    r"\s{0,2}[:=#]?\s{0,2}[\[(]?\s{0,2}#?(?P<epoch>\d{1,9}(?:\.\d{1,12})?)(?:\s{0,2}(?:/|of)\s{0,2}(?P<epochs>\d{1,9}))?"
    rf"(?:\s{{0,2}}[\])])?{_END}",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"(?<![\w./-])(?P<before>(?:trainer/)?(?:(?:global|train|training|total|current|optimi[sz]er|env|val|valid|test|eval)[ _])?)"
    r"(?P<word>num_updates|timesteps?|step|iteration|iter|it|update|batch|episode|round)"
    r"\s{0,2}[:=#]?\s{0,2}[\[(]?\s{0,2}#?(?P<step>\d[\d,]{0,18})(?:\s{0,2}(?:/|of)\s{0,2}(?P<total>\d[\d,]{0,18}))?"
    rf"(?:\s{{0,2}}[\])])?{_END}",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"(?<![\w./%-])(\d{1,12})\s?/\s{0,2}(\d{1,12})(?![\w./]|\s?/)")
_LEADING = re.compile(
    r"\s*(?:\[(?P<epoch>\d{1,9}),\s*(?P<step>\d{1,12})\]"  # the tutorial's [1, 2000]
    r"|(?:Train|Training|Valid|Val|Test):\s{1,2}(?P<epoch3>\d{1,9})(?:/\d+)?\s{0,2}(?:\(\s?\d+%\)\s{0,2})?(?=\[)"  # timm
    r"|(?P<epoch2>\d{1,9})\|(?P<step2>\d{1,12})\|"  # torchtune's 1|120|
    r"|\[(?P<step3>\d{1,12})\](?=\s+[A-Za-z])"  # XGBoost and LightGBM
    r"|(?P<step4>\d{1,12}):(?=\s+[A-Za-z]))"  # CatBoost
)
_NOT_NOW = words("best max min last total num per every each warmup start end from")
_RANK = {"num_updates": 0, "timestep": 0, "timesteps": 0, "batch": 2, "it": 2, "episode": 2}
_BAR = re.compile(r"\d%\||[━█▏▎▍▌▋▊▉╸╺]{3}|\[[=>.#\- ]{5,}\]")
_PERCENT = re.compile(r":?\s{0,2}\d{1,3}%(?=\|)")
_GLYPHS = re.compile(r"[\u2500-\u259f]+|\[[=>.#\- ]{5,}\]")
_AT = frozenset({"after", "at", "in", "for", "on", "of"})
_UNITS = ("step", "iter", "it", "updat", "batch", "episode", "round")
TAKEN = " | "
"""Stands where a mark stood."""


class Marks(NamedTuple):
    """What a line says of where it stands."""

    epoch: float | None = None
    step: float | None = None
    """What was counted: steps, iterations, updates."""
    total: float | None = None
    """Of how many, where that is said."""
    unit: str = ""
    """The word for what is counted; empty for a bare `10/196`."""
    is_global: bool = False
    """The steps are counted over the whole training."""
    is_bar: bool = False
    """The line is a progress bar."""
    is_first: bool = False
    """The line begins with it, as a heading does."""

    @property
    def is_counter(self) -> bool:
        """The step is a bare `10/196`: of an epoch, or of a bar."""
        return self.step is not None and not self.unit

    @property
    def at_end(self) -> bool:
        """Whether the counter has come to its end; some count from 0."""
        return self.total is not None and self.step is not None and self.step >= self.total - 1

    @property
    def is_full(self) -> bool:
        """Whether the counter has reached its total."""
        return self.total is not None and self.step is not None and self.step >= self.total

    def __bool__(self) -> bool:
        return self.epoch is not None or self.step is not None


def find_marks(text: str) -> tuple[Marks, str]:
    """The marks of a line, and the line without them."""
    is_bar = _BAR.search(text) is not None
    if is_bar or not text.isascii():
        text = _GLYPHS.sub("|", text)
    if is_bar:
        text = _PERCENT.sub("", text)
    first, rest = _leading(text)
    epoch, rest = _named_epoch(rest)
    step, rest = _named_step(rest)
    if step is None and first.step is None:
        step, rest = _counter(rest)
    found = step or first
    return Marks(
        epoch=first.epoch if epoch is None else epoch,
        step=found.step,
        total=found.total,
        unit=found.unit,
        is_global=found.is_global,
        is_bar=is_bar or found.is_bar,
        is_first=_first_letters(text) != _first_letters(rest),
    ), rest


def _leading(text: str) -> tuple[Marks, str]:
    """Marks that are known by standing at the beginning of the line."""
    found = _LEADING.match(text)
    if found is None:
        return Marks(), text
    step = _step(found["step"] or found["step2"] or found["step3"] or found["step4"])
    epoch = found["epoch"] or found["epoch2"] or found["epoch3"]
    marks = Marks(
        epoch=None if epoch is None else float(epoch), step=step, unit="" if step is None else "step"
    )
    part = f"{text[: found.start('epoch3')]} " if found["epoch3"] else ""
    return marks, part + TAKEN + text[found.end() :]


def _first_letters(text: str) -> str:
    """Of the line, to see whether it begins with a mark."""
    return text.lstrip(" =-*#>[(|")[:4]


def _without(text: str, begin: int, end: int) -> str:
    """A mark taken out, with an `after` or `at` before it, so that `loss after epoch 3: 0.5` is `loss: 0.5`."""
    before = text[:begin].rstrip()
    rest, _, last = before.rpartition(" ")
    if rest and last.lower() in _AT:
        return f"{rest} {text[end:].lstrip()}"
    return text[:begin] + TAKEN + text[end:]


def _step(text: str | None) -> float | None:
    number = None if text is None else float(text.replace(",", ""))
    return number if is_step(number) else None


def _is_of_now(text: str, begin: int) -> bool:
    """Not `best epoch 3`, nor `every epoch`."""
    before = text[max(0, begin - 16) : begin].split()
    return not before or before[-1].lower().strip("([:") not in _NOT_NOW


def _named_epoch(text: str) -> tuple[float | None, str]:
    if "poch" not in text and "POCH" not in text:
        return None, text
    for found in _EPOCH.finditer(text):
        if _is_of_now(text, found.start()):
            begin = found.start()
            if found["inner"]:  # MMEngine's Epoch(val)
                inner = f" {found['inner'][1:-1]} "
                return float(found["epoch"]), text[:begin] + inner + TAKEN + text[found.end() :]
            return float(found["epoch"]), _without(text, begin, found.end())
    return None, text


def _named_step(text: str) -> tuple[Marks | None, str]:
    """Of all steps that are named the best; all are taken out."""
    low = text.lower()
    if not any(unit in low for unit in _UNITS):
        return None, text
    best: re.Match[str] | None = None
    for found in reversed(list(_STEP.finditer(text))):  # from the end, so that places before stay true
        if not _is_of_now(text, found.start()):
            continue
        text = _without(text, found.start(), found.end())
        if best is None or _rank(found) <= _rank(best):
            best = found
    if best is None or (step := _step(best["step"])) is None:
        return None, text
    marks = Marks(
        step=step, total=_step(best["total"]), unit=best["word"].lower(), is_global=_rank(best) == 0
    )
    return marks, text


def _rank(found: re.Match[str]) -> int:
    if found["before"].lower().startswith(("global", "trainer/")):
        return 0
    return _RANK.get(found["word"].lower(), 1)


def _counter(text: str) -> tuple[Marks | None, str]:
    """The first `10/196` that is no value of a name."""
    for found in _COUNTER.finditer(text):
        before = text[: found.start()].rstrip()
        is_value = before[-1:] in (":", "=") and before[:-1].rstrip()[-1:].isalnum()
        if not is_value and 0 < float(found[2]) >= float(found[1]):
            at_begin = not before.strip()  # as Keras has it, whose bar may be missing
            marks = Marks(step=float(found[1]), total=float(found[2]), is_bar=at_begin)
            return marks, text[: found.start()] + TAKEN + text[found.end() :]
    return None, text
