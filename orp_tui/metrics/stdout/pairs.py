"""`name=number`, `name: number`, and `loss 2.3` for names that are known → names and numbers of one line.

A name has one to four words; what more there is before it is prose, and so is what stands before
`with` or `is`. A line may tell of several parts, `train: loss 0.5 | val: loss 0.6`: the part goes before the name.
"""

from __future__ import annotations

import functools
import re

from orp_tui.metrics.stdout.numbers import NUMBER, number_in
from orp_tui.metrics.stdout.words import PHASES, has_phase, is_bare, is_share, words

_BEGIN = re.compile(r"[\s=:>'\"`*(\[](?=[-+]?(?:\.?\d|(?i:nan|inf)))")
"""What stands before a number that may have a name; a number right behind a letter is part of a word."""
_UNIT = r"(?:\s?%|ms|us|µs|ns|s|secs?|seconds?|m|min|h|x|it/s|dB)"
_CODE = r"\s?[*+]\s?[\w(]|\s/\s[A-Za-z(]|\s-\s\(|\sif\s"
"""Behind a number in a line of a program, as a traceback shows it."""
_NUMBER = re.compile(rf"(?P<number>{NUMBER})(?:\s?/\s?(?P<of>\d+))?{_UNIT}?(?![\w%]|[.,:/-]\d|{_CODE})")
_WRAP = re.compile(r"(?:\w+\.)?tensor\(\[?|(?:np|numpy|jnp)\.\w+\(")
_PHASE = re.compile(
    r"(?<![\w/.'’_-])(?P<phase>" + "|".join(sorted(PHASES, key=len, reverse=True)) + r")"
    r"(?:\s(?:set|results?|metrics?|phase|summary|stats|on\b[^|:=]{0,40}))?"
    r"(?:\s{0,2}(?::|=>|->|\||-(?=\s))(?!\s{0,2}[-+.]?\d)|(?=\s{0,2}[\[(\])]))",
    re.IGNORECASE,
)
_STARTS = ("train", "val", "eval", "test", "dev")
_AFTER_CUT = re.compile(r".*[|,;()\[\]{}<>\"=:•·…!?]", re.DOTALL)
_CUTS = ("  ", " - ", " – ", " — ", " * ")
_PLACE = re.compile(r"\s?\([^()]{1,16}\)$")
_WORD = re.compile(r"[^\W\d][\w./@%+'’#&^-]*")
_SO_FAR = (["so", "far"], ["now"], ["currently"], ["yet"])
_STOP = words(
    """with is was the a an at in after got reached has have from to by than as now and so for if when then that this these
    finished completed complete done achieved obtained obtaining improved saving saved new update updated"""
)
_COPULA = frozenset({"is", "was", "of", "at", "to"})
_MOST_WORDS = 4
_LOOK_BACK = 96
MOST = 256
"""Pairs of one line."""
Phases = list[tuple[int, str]]
"""Where the name of a part ends, and the part."""


def find_pairs(text: str, phases: Phases) -> dict[str, float]:
    """Name → number, in their order; of a name that stands twice the first. Words of a name are joined by `_`."""
    found: dict[str, float] = {}
    place = 0
    for begin in _BEGIN.finditer(text):
        match = _NUMBER.match(text, begin.end())
        if match is None or begin.end() < place:
            continue
        gap = text[max(place, begin.end() - _LOOK_BACK) : begin.end()]
        place = match.end()
        name = _name(gap, text, place)
        if not name:
            continue
        number = _number(name, match)
        if number is None:
            continue
        phase = _phase_at(phases, begin.end())
        if phase and not has_phase(name):
            name = f"{phase}/{name}"
        found.setdefault(name, number)
        if len(found) >= MOST:
            break
    return found


def find_phases(text: str) -> Phases:
    """The parts of a training that a line names, as `test` of `Test: [0/40]`."""
    low = text.lower()
    if not any(start in low for start in _STARTS):
        return []
    return [(found.end(), found["phase"].lower()) for found in _PHASE.finditer(text)]


def _phase_at(phases: Phases, place: int) -> str:
    before = ""
    for end, phase in phases:
        if end > place:
            break
        before = phase
    return before


def _number(name: str, match: re.Match[str]) -> float | None:
    number = number_in(match["number"])
    if number is None or match["of"] is None:
        return number
    # 9843/10000 is a share where the name is one of what was right, and no number otherwise.
    of = float(match["of"])
    return number / of if is_share(name) and of else None


def _name(gap: str, text: str, end: int) -> str:
    """The name in the gap between two numbers, if it belongs to the second, which ends at `end`; empty if none does."""
    name, is_certain = _name_in(gap)
    return name if is_certain or (name and _ends_cell(text, end)) else ""


@functools.lru_cache(maxsize=4096)
def _name_in(gap: str) -> tuple[str, bool]:
    """The name at the end of a gap, and whether it is one even if no cell of a table ends behind the number.

    Kept, since the lines of a training differ in nothing but their numbers.
    """
    if gap[-1] in "([":
        wrap = next((found for found in _WRAP.finditer(gap) if found.end() == len(gap)), None)
        if wrap is None:
            return "", False
        gap = gap[: wrap.start()]
    body, has_sign = _without_sign(gap)
    if body.endswith(")"):
        body = _PLACE.sub("", body)
    before, cut = _after_cut(body)
    if not has_sign and before and before[-1].lower() in _COPULA:
        before.pop()
    for tail in _SO_FAR:
        if before[-len(tail) :] == tail:
            before = before[: -len(tail)]
    name = "_".join(_words_at_end(before))
    if has_sign or is_bare(name):
        return name, True
    return (name if cut == "|" else ""), False


def _without_sign(gap: str) -> tuple[str, bool]:
    """What stands before `=` or `:`, and whether there is one."""
    body = gap.rstrip(" '\"`*")
    if body.endswith(("=>", "->")):
        return body[:-2].rstrip(" '\"`*"), True
    bare = body.rstrip("=:")
    if len(body) - len(bare) in (1, 2):
        return bare.rstrip(" '\"`*"), True
    return body, False


def _after_cut(body: str) -> tuple[list[str], str]:
    """The words behind the last sign that parts names, and that sign."""
    found = _AFTER_CUT.match(body)
    begin = found.end() if found else 0
    cut = body[begin - 1] if begin else ""
    for sign in _CUTS:
        place = body.rfind(sign, begin)
        if place >= 0:
            begin, cut = place + len(sign), sign
    return body[begin:].split(), cut


def _ends_cell(text: str, place: int) -> bool:
    """Whether a cell of a line cut by `|` ends here, but for something in brackets."""
    rest = text[place : place + 32].lstrip()
    if rest.startswith("("):
        rest = rest.partition(")")[2].lstrip()
    return not rest or rest.startswith("|")


def _words_at_end(before: list[str]) -> list[str]:
    """The words at the end that make a name; none if that is prose."""
    name: list[str] = []
    for word in reversed(before):
        if not word.isidentifier():
            word = word.lstrip("*`'\"").removesuffix("'s").removesuffix("’s").rstrip(".'’-/&^")
            if not _WORD.fullmatch(word):
                break
        if word.lower() in _STOP:
            break
        name.insert(0, word)
        if len(name) > _MOST_WORDS:
            return []
    return name
