"""Past runs for tests of lists, previews and dialogs: plausible ones, and hostile ones."""

from __future__ import annotations

from typing import Any

from orp_tui.core.past_run import MetricValues, PastRun
from orp_tui.core.states import RunState

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x1b[31mevil\u202egnp.exe 文件\u0301\u0301 [bold]x[/] " + "k" * 300


def past(name: str = "resnet", state: RunState = RunState.SUCCEEDED, **values: Any) -> PastRun:
    """A run that has ended well."""
    usual: dict[str, Any] = {
        "submitted_at": 1_000.0, "started_at": 1_010.0, "ended_at": 4_610.0, "submitted_by": "maria@lab", "seed": 3,
        "deliverables_valid": 2, "deliverables_total": 3, "bytes": 5 << 20, "zip": "ok", "zip_bytes": 1 << 20,
        "config": {"lr": 0.001, "model.name": "resnet50"}, "metrics": {"val_acc": MetricValues(0.1, 0.9, 0.1, 0.92)},
        "primary": "val_acc", "primary_value": 0.91, "tags": ("best", "paper"), "note": "the one of table 2",
        "parent": "exp_20261123_093000_aaaa",
    }  # fmt: skip
    return PastRun(
        f"exp_20261124_093000_{''.join(filter(str.isalnum, name))[:4]:0<4}",
        name,
        state,
        **{**usual, **values},
    )


def hostile(state: RunState = RunState.FAILED) -> PastRun:
    """A run in which every text from outside means harm."""
    return past(
        HOSTILE, state, reason="oom_cuda", detail=HOSTILE, config={HOSTILE: HOSTILE}, tags=(HOSTILE,), note=HOSTILE,
        metrics={HOSTILE: MetricValues(0.1, 0.9, 0.1, 0.92)}, primary=HOSTILE, problem=HOSTILE, parent=HOSTILE,
        submitted_by=HOSTILE, group=HOSTILE, host=HOSTILE, commit=HOSTILE, imported_from=HOSTILE,
    )  # fmt: skip


def is_harmless(text: str) -> bool:
    """Whether nothing in it acts on a terminal or turns what is read around."""
    return text.replace("\n", "").isprintable() and "\u202e" not in text and "\x1b" not in text
