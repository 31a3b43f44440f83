"""`name=number`, `name: number`, and `loss 2.3` for names that are known → names and numbers of one line.

A name has one to four words; what more there is before it is prose, and so is what stands before
`with` or `is`. A line may tell of several parts, `train: loss 0.5 | val: loss 0.6`: the part goes before the name.
"""

from __future__ import annotations

import re

from orp_tui.metrics.stdout.numbers import NUMBER, number_in
from orp_tui.metrics.stdout.words import PHASES, has_phase, is_bare, is_share, words

_UNIT = r"(?:\s?%|ms|us|µs|ns|s|secs?|seconds?|m|min|h|x|it/s|dB)"
_VALUE = re.compile(
    rf"""(?P<sep>['"`*]?\s{{0,2}}(?:[=:]{{1,2}}>?|->)\s{{0,2}}|\s{{1,2}})(?:['"`*]{{1,2}}|(?:\w+\.)?tensor\(\[?|(?:np|numpy|jnp)\.\w+\()?"""
    rf"""(?P<number>{NUMBER})(?:\s?/\s?(?P<of>\d+))?{_UNIT}?(?![\w%]|[.,:/-]\d)"""
)
_PHASE = re.compile(
    r"(?<![\w/.'’_-])(?P<phase>" + "|".join(sorted(PHASES, key=len, reverse=True)) + r")"
    r"(?:\s(?:set|results?|metrics?|phase|summary|stats|on\b[^|:=]{0,40}))?"
    r"(?:\s{0,2}(?::|=>|->|\||-(?=\s))(?!\s{0,2}[-+.]?\d)|(?=\s{0,2}[\[(\])]))",
    re.IGNORECASE,
)
_CUT = re.compile(r"[|,;()\[\]{}<>\"=:•·…!?]|\s\s|\s[-–—*]\s|^[-–—*]\s")
_SO_FAR = re.compile(r"\s(?:so far|now|currently|yet)$", re.IGNORECASE)
_PLACE = re.compile(r"\s?\([^()]{1,16}\)$")
_WORD = re.compile(r"[^\W\d][\w./@%+'’#&^-]*")
_STOP = words("""with is was the a an at in after got reached has have from to by than as now and so for if when then that this these
    finished completed complete done achieved obtained obtaining improved saving saved new update updated""")
_COPULA = frozenset({"is", "was", "of", "at", "to", "="})
_MOST_WORDS = 4
_LOOK_BACK = 96
MOST = 256
"""Pairs of one line."""


def find_pairs(text: str) -> dict[str, float]:
    """Name → number, in their order; of a name that stands twice the first. Words of a name are joined by `_`."""
    phases = [(found.end(), found["phase"].lower()) for found in _PHASE.finditer(text)]
    found: dict[str, float] = {}
    place = 0
    for match in _VALUE.finditer(text):
        gap = text[max(place, match.start() - _LOOK_BACK) : match.start()]
        place = match.end()
        name = _name(gap, text, match)
        if not name or len(found) >= MOST:
            continue
        number = _number(name, match)
        if number is None:
            continue
        phase = _phase_at(phases, match.start())
        if phase and not has_phase(name):
            name = f"{phase}/{name}"
        found.setdefault(name, number)
    return found


def _phase_at(phases: list[tuple[int, str]], place: int) -> str:
    before = [phase for end, phase in phases if end <= place]
    return before[-1] if before else ""


def phase_of(text: str) -> str:
    """The part of the training that a line is about, as `test` of `Test: [0/40]`; empty if it tells none."""
    found = _PHASE.search(text)
    return found["phase"].lower() if found else ""


def _number(name: str, match: re.Match[str]) -> float | None:
    number = number_in(match["number"])
    if number is None or match["of"] is None:
        return number
    # 9843/10000 is a share where the name is one of what was right, and no number otherwise.
    of = float(match["of"])
    return number / of if is_share(name) and of else None


def _name(gap: str, text: str, match: re.Match[str]) -> str:
    """The name that a gap between two numbers ends with; empty if there is none."""
    has_sign = not match["sep"].isspace()
    gap = gap.rstrip(" '\"`*")
    gap = _PLACE.sub("", gap)
    gap = _SO_FAR.sub("", gap)
    cuts = list(_CUT.finditer(gap))
    before = (gap[cuts[-1].end() :] if cuts else gap).split()
    if not has_sign and before and before[-1].lower() in _COPULA:
        before.pop()
    name = "_".join(_words_at_end(before))
    if has_sign or not name:
        return name
    if is_bare(name):
        return name
    is_cell = bool(cuts) and cuts[-1][0] == "|" and _ends_cell(text, match.end())
    return name if is_cell else ""


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
        word = word.removesuffix("'s").removesuffix("’s").rstrip(".'’-/&^")
        if not _WORD.fullmatch(word) or word.lower() in _STOP:
            break
        name.insert(0, word)
        if len(name) > _MOST_WORDS:
            return []
    return name
