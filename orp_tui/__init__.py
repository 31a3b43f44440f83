"""Open Research Pipeline: run ML experiments from YAML, and learn honestly what came of them.

The public names are resolved when they are first asked for, so that importing the
package loads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orp_tui.core.result import ExperimentResult as ExperimentResult
    from orp_tui.metrics.writer import log as log
    from orp_tui.services.api import load_experiment as load_experiment
    from orp_tui.services.api import run_experiment as run_experiment
    from orp_tui.services.past_run_record import RunRecord as RunRecord
    from orp_tui.services.past_runs import Runs as Runs
    from orp_tui.services.past_runs import runs as runs

__version__ = "0.1.0"

__all__ = [
    "ExperimentResult",
    "RunRecord",
    "Runs",
    "__version__",
    "load_experiment",
    "log",
    "run_experiment",
    "runs",
]

_HOME = {
    "ExperimentResult": "orp_tui.core.result",
    "RunRecord": "orp_tui.services.past_run_record",
    "Runs": "orp_tui.services.past_runs",
    "load_experiment": "orp_tui.services.api",
    "log": "orp_tui.metrics.writer",
    "run_experiment": "orp_tui.services.api",
    "runs": "orp_tui.services.past_runs",
}


def __getattr__(name: str) -> Any:  # Any: the names have nothing in common
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
