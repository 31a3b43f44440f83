"""A run as one row of a table: words and the style class of its state, nothing drawn yet."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from orp_tui.core.ids import with_short_ids
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import Mark, RunState
from orp_tui.core.words import STATE_GLYPHS, duration, roughly, state_word

if TYPE_CHECKING:
    from orp_tui.services.watch import RunView

HELD_GLYPHS = ("■", "=")
_BESIDE = {
    Mark.UNSUPERVISED: "unsupervised",
    Mark.UNKILLABLE: "can't be killed",
    Mark.DISK_FULL: "disk full",
    Mark.STALLED: "stalled",
    Mark.STALE: "not seen for a while",
    Mark.FOLDER_MISSING: "folder gone",
}


@dataclasses.dataclass(frozen=True)
class RunRow:
    """The words of a row; each is one line and safe to show."""

    run_id: str
    short_id: str
    """The last part of the id, which commands take too."""
    name: str
    seed: str
    """` s3` behind the name, which gives way to it; empty for a run without a seed."""
    state: str
    """Glyph and word."""
    state_class: str
    """`running`, `held`, …: the style class without its dash."""
    gpu: str
    elapsed: str
    left: str
    deliverables: str
    said: str
    """The last primary metric, why it waits, or how it ended."""
    waits: bool
    """Whether `said` may take the place of the columns that a waiting run does not fill."""
    heights: tuple[int, ...] = ()
    """Of the newest values of its metric, for a line of bars."""
    has_alert: bool = False
    """Whether a live run has had an alert, the condition of which `said` tells."""

    @property
    def text(self) -> str:
        """Everything in lower case, for a filter."""
        words = (self.run_id, self.name + self.seed, self.state, self.gpu, self.deliverables, self.said)
        return " ".join(words).lower()


def run_row(
    item: RunView,
    *,
    now: float,
    ascii_only: bool = False,
    metric: str = "",
    heights: tuple[int, ...] = (),
    kill_at: float | None = None,
) -> RunRow:
    """The row of a run at `now`, seconds since 1970. `metric` is the primary one, in words."""
    run = item.run
    state, state_class = _state(item, now, ascii_only, kill_at)
    return RunRow(
        run_id=run.id,
        short_id=run.id.rpartition("_")[2],
        name=one_line(run.name, 60),
        seed="" if run.seed is None else f" s{run.seed}",
        state=state,
        state_class=state_class,
        gpu=",".join(map(str, run.cards)) or "-",
        elapsed=elapsed_words(item.elapsed_s(now)),
        left=roughly(item.left_s) if item.left_s is not None else "-",
        deliverables=_deliverables(item),
        said=one_line(with_short_ids(_said(item, metric)), 400),
        waits=item.state is RunState.QUEUED,
        # Where it ended badly, the evidence has all the room.
        heights=heights if not item.state.is_final or item.state is RunState.SUCCEEDED else (),
        has_alert=bool(item.alert),
    )


def why_no_log(item: RunView) -> str:
    """Why a run that has no log yet has none; empty where it may come at any moment."""
    if item.state is RunState.QUEUED:
        return one_line(with_short_ids(f"no log yet, the run waits: {_why_waiting(item)}"), 400)
    if item.state.is_final:
        return one_line(with_short_ids(f"there is no log: {item.detail or state_word(item.state)}"), 400)
    return ""


def elapsed_words(seconds: float | None) -> str:
    """`42s`, then whole minutes only: a quiet screen sends nothing."""
    if seconds is None:
        return "-"
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    return f"{whole // 60}m" if whole < 3600 else duration(whole - whole % 60)


def _state(item: RunView, now: float, ascii_only: bool, kill_at: float | None) -> tuple[str, str]:
    glyph = STATE_GLYPHS[item.state][ascii_only]
    if Mark.HELD in item.marks and item.state is RunState.QUEUED:
        return f"{HELD_GLYPHS[ascii_only]} held", "held"
    if Mark.CANCEL_REQUESTED in item.marks and item.state is not RunState.FINISHING:
        left = "" if kill_at is None else f" {max(0, round(kill_at - now))}s"
        return f"{glyph} stopping{left}", "stopping"
    if item.state is RunState.QUEUED:
        return f"{glyph} wait", "queued"
    return f"{glyph} {state_word(item.state)}", item.state.value


def _deliverables(item: RunView) -> str:
    total = item.run.deliverables_total
    if not total:
        return "-"
    valid = item.checklist.valid if item.checklist is not None else item.run.deliverables_valid
    return f"{valid or 0}/{total}"


def _said(item: RunView, metric: str) -> str:
    words = [_BESIDE[mark] for mark in sorted(item.marks, key=lambda mark: mark.value) if mark in _BESIDE]
    if item.alert:
        words.insert(0, f"! {one_line(item.alert_rule, 40)}")
    if item.state is RunState.QUEUED:
        # First: it is why this one stands where it stands.
        words[:0] = [f"priority {item.run.priority}"] if item.run.priority else []
        words.append(_why_waiting(item))
    elif item.state.is_final and item.state is not RunState.SUCCEEDED:
        # What INCOMPLETE says already would push what is missing out of sight.
        said = (item.detail or "").removeprefix("exit code 0, but ")
        words.append(said or (item.reason or "").replace("_", " "))
    else:
        if metric:
            words.append(metric)
        if item.state is not RunState.SUCCEEDED and item.detail:
            words.append(item.detail)
    return "; ".join(word for word in words if word)


def _why_waiting(item: RunView) -> str:
    why = item.detail or "free to start"
    return why if item.starts_in_s is None else f"{why}; starts in {roughly(item.starts_in_s)}"
