"""A run in short as lines: what the list knows of it, then what its files tell."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.columns import scalar_text
from orp_tui.core.ids import with_short_ids
from orp_tui.core.past_run import PastRun
from orp_tui.core.sanitise import cell_width, one_line
from orp_tui.core.sparkline import levels, sparkline, thinned
from orp_tui.core.states import RunState
from orp_tui.core.words import STATE_GLYPHS, counted, duration, number, size, state_word
from orp_tui.services.death_certificate import reason_words
from orp_tui.tui.format import local_time
from orp_tui.tui.rows import elapsed_words
from orp_tui.tui.widgets.checklist import words_of
from orp_tui.tui.widgets.page_view import Line, line
from orp_tui.tui.widgets.wrapping import wrapped

if TYPE_CHECKING:
    from orp_tui.services.run_curve import Curve
    from orp_tui.services.run_preview import RunPreview
    from orp_tui.tui.run_listing import GroupRow

SIDE_BY_SIDE = 84
"""From so many cells on there are two columns."""
_LOW, _SIDE_BY_SIDE_LOW = 12, 70
"""Below so many lines, two columns from so many cells on."""
_GAP = 3
_LABEL = 9
_MOST_CHECKS = 8
_MOST_CONFIG = 40
_BAD = (RunState.FAILED, RunState.LOST, RunState.INCOMPLETE)


def preview_lines(
    run: PastRun,
    found: RunPreview | None,
    *,
    width: int,
    height: int = 24,
    now: float,
    ascii_only: bool = False,
) -> list[Line]:
    """Lines of at most `width` cells, the most telling within `height`. `found`: None while the files are not read yet."""
    if width >= (_SIDE_BY_SIDE_LOW if height < _LOW else SIDE_BY_SIDE):
        half = (width - _GAP) // 2
        left = [*_what(run, found, half, now, ascii_only), *_facts(run, half)]
        right = [*_checks(found, width - _GAP - half), *_log(found, width - _GAP - half)]
        return list(_beside(left, right, half))
    return [
        *_what(run, found, width, now, ascii_only),
        *_checks(found, width),
        *_log(found, width),
        *_facts(run, width),
    ]


def group_lines(group: GroupRow, width: int) -> list[Line]:
    """What a group of the list stands for, and what one can do with it."""
    values = [
        f"{one_line(str(key), 60)} = {one_line(scalar_text(value), 60)}"
        for key, value in zip(group.keys, group.path, strict=False)
    ]
    means = [
        part
        for column in group.metrics
        for part in _labelled("mean", f"{column}  {group.mean(column)}", width)
    ]
    return [
        *(part for words in values for part in _wrapped(words, width, "heading")),
        line(one_line(counted(group.group.count, "run"), width)),
        *means,
        *(_wrapped("n counts the runs that succeeded, of a chain the last", width, "quiet") if means else ()),
        line(),
        *_wrapped("Enter opens or closes it, Space marks all of its runs", width, "quiet"),
    ]


def _what(run: PastRun, found: RunPreview | None, width: int, now: float, ascii_only: bool) -> Iterator[Line]:
    """How it stands, why, when, and how its metric went."""
    yield from _state(run, width, ascii_only)
    if run.problem:
        yield from _wrapped(run.problem, width, "bad")
    for words in found.troubles if found is not None else ():
        yield from _wrapped(words, width, "warning", most=2)
    for words in found.next_steps if found is not None else ():
        yield from _labelled("do", words, width)
    if run.detail and run.detail != run.problem and run.state is not RunState.SUCCEEDED:
        yield from _wrapped(run.detail, width, _style(run.state), most=3)
    if found is not None and found.waits and found.waits != run.detail:
        yield from _labelled("waits", found.waits, width, "warning")
    yield from _labelled("when", _when(run, now), width)
    curve = found.curve if found is not None else None
    if curve is not None:
        judged = run.primary_value if run.primary == curve.name else None
        yield from _metric(curve, judged, width, ascii_only)


def _state(run: PastRun, width: int, ascii_only: bool) -> Iterator[Line]:
    word = f"{STATE_GLYPHS[run.state][ascii_only]} {state_word(run.state)}"
    is_bad = run.state in _BAD or bool(run.problem)
    style = "bad" if is_bad else "good" if run.state is RunState.SUCCEEDED else "text"
    reason = ""
    if run.reason and run.reason != "ok":
        said = reason_words(run.reason)
        reason = run.reason.replace("_", " ") + (f": {said}" if said else "")
    signs = [word, *(["damaged"] if run.problem else []), *(["starred"] if run.is_starred else [])]
    signs += ["archived"] if run.is_archived else []
    signs += [one_line(reason)] if reason else []
    for place, part in enumerate(wrapped("  ".join(signs), width)):
        yield line(part, style if not place or is_bad else "text")


def _style(state: RunState) -> str:
    return "bad" if state in _BAD else "warning" if state.is_active else "text"


def _when(run: PastRun, now: float) -> str:
    parts = [local_time(run.started_at if run.started_at is not None else run.submitted_at)]
    took = run.elapsed_s(now)
    if run.started_at is None:
        parts = [f"submitted {parts[0]}"]
    elif took is not None:
        parts.append(f"took {duration(took)}" if run.state.is_final else f"for {elapsed_words(took)}")
    parts += [f"by {run.submitted_by}"] if run.submitted_by else []
    return ", ".join(parts)


def _metric(curve: Curve, judged: float | None, width: int, ascii_only: bool) -> Iterator[Line]:
    """`val_acc  0.1 -> 0.91, best 0.92 at 420`, and a row of bars beneath; `judged`: the value that counts."""
    arrow = "->" if ascii_only else "→"
    words = f"{_number(curve.first)} {arrow} {_number(curve.last)}"
    if curve.best is not None:
        at = f" at {number(curve.best_step)}" if curve.best_step is not None else ""
        words += f", best {number(curve.best)}{at}"
    if judged is not None and judged not in (curve.last, curve.best):
        words += f", judged by {number(judged)}"
    if curve.non_finite:
        words += f", {curve.non_finite:,} not finite"
    name = one_line(curve.name, max(8, width - 12))
    for place, part in enumerate(wrapped(f"{name}  {words}", width)):
        head = name + "  "
        if not place and part.startswith(head):
            yield Line(((head, "label"), (part[len(head) :], "text")))
        else:
            yield line(part)
    if curve.values:
        shown = thinned(curve.values, width)
        yield line(sparkline(levels(shown, width), width, ascii_only=ascii_only), "heading")


def _number(value: float | None) -> str:
    return "?" if value is None else number(value)


def _checks(found: RunPreview | None, width: int) -> Iterator[Line]:
    """The checklist; what is wrong stands first."""
    report = found.checklist if found is not None else None
    if report is None or not report.items:
        return
    yield line()
    yield line(one_line(f"Deliverables {report.valid}/{len(report.items)}", width), "heading")
    ordered = sorted(report.items, key=lambda item: (item.box == "[x]", not item.required))
    room = max(8, width - 4)
    for item in ordered[:_MOST_CHECKS]:
        path = one_line(item.path, max(8, room * 3 // 5))
        said = one_line(words_of(item, final=report.final))
        left = room - cell_width(path) - 2
        words = f"{path}  {one_line(said, left)}" if left >= 6 and said else path
        style = {"[!]": "bad", "[?]": "warning", "[x]": "text"}.get(item.box, "quiet")
        yield Line(((f"{item.box} ", "good" if item.box == "[x]" else style), (words, style)))
    if len(ordered) > _MOST_CHECKS:
        yield line(f"    {len(ordered) - _MOST_CHECKS} more", "quiet")


def _log(found: RunPreview | None, width: int) -> Iterator[Line]:
    if found is None:
        return
    log = found.log
    yield line()
    if not log.lines:
        yield from _wrapped(log.why_none, width, "quiet")
        return
    where = ", from the zip" if log.in_zip else ""
    yield line(one_line(f"Last lines of {log.name}{where}", width), "heading")
    for text in log.lines:
        indent = text[: len(text) - len(text.lstrip(" "))][: width // 4]
        yield line(indent + one_line(text, max(1, width - len(indent))))


def _facts(run: PastRun, width: int) -> Iterator[Line]:
    """What people said of it, what it was made with, where it comes from."""
    yield line()
    yield from _labelled("tags", " ".join(run.tags), width)
    yield from _labelled("note", run.note, width, most=4)
    yield from _labelled("config", config_words(run), width, most=6)
    yield from _labelled("seed", "" if run.seed is None else str(run.seed), width)
    yield from _labelled("parent", with_short_ids(run.parent or ""), width)
    for name, other in (("retry of", run.retry_of), ("resumes", run.resume_of), ("gone on", run.resumed_by)):
        yield from _labelled(name, with_short_ids(other or ""), width)
    yield from _labelled("size", _sizes(run), width)
    yield from _labelled("group", run.group if run.group != "default" else "", width)
    yield from _labelled("from", run.imported_from, width)
    yield from _labelled("code", one_line(run.commit)[:12], width)
    yield from _labelled("run", run.id, width)


def config_words(run: PastRun, most: int = _MOST_CONFIG) -> str:
    """`lr=0.001 model.name=resnet50`; of many keys the first, and how many more there are."""
    shown = [
        f"{one_line(key, 60)}={one_line(scalar_text(value), 60)}"
        for key, value in itertools.islice(run.config.items(), most)
    ]
    more = len(run.config) - len(shown)
    return "  ".join(shown) + (f"  and {more} more" if more else "")


def _sizes(run: PastRun) -> str:
    parts = [size(run.bytes)] if run.bytes is not None else []
    state, _, why = run.zip.partition(":")
    if state != "none":
        parts.append(f"zip {size(run.zip_bytes)}" if run.zip_bytes is not None else f"zip {state}")
    if why:
        parts.append(why.strip())
    return ", ".join(parts)


def _labelled(label: str, text: str, width: int, style: str = "text", *, most: int = 3) -> Iterator[Line]:
    """Nothing for an empty text; what does not fit into `most` lines ends with `…`."""
    words = one_line(text)
    if not words:
        return
    name = label.ljust(_LABEL)
    for part in _cut(wrapped(words, max(1, width - _LABEL)), most, width - _LABEL):
        yield Line(((name, "label"), (part, style)))
        name = " " * _LABEL


def _wrapped(text: str, width: int, style: str, *, most: int = 4) -> Iterator[Line]:
    return (line(part, style) for part in _cut(wrapped(one_line(text), width), most, width))


def _cut(parts: Sequence[str], most: int, width: int) -> Iterable[str]:
    if len(parts) <= most:
        return parts
    last = parts[most - 1]
    return [
        *parts[: most - 1],
        one_line(f"{last} …" if cell_width(last) + 2 <= width else f"{last}……", width),
    ]


def _beside(left: Sequence[Line], right: Sequence[Line], width: int) -> Iterator[Line]:
    """Two columns; the left one is `width` cells wide. An empty first line of the right one is left out."""
    right = right[1:] if right and not right[0].text else right
    for one, other in itertools.zip_longest(left, right, fillvalue=line()):
        gap = " " * (width - cell_width(one.text) + _GAP)
        yield Line((*one.spans, (gap, "text"), *other.spans)) if other.spans else one
