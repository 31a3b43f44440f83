"""Which of the declared deliverables are there and good: live while a run goes on, and finally.

Nothing that lies in a workspace makes `evaluate` raise, and a deliverable that can't be
checked does not touch the others.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.checklist import (
    Check,
    ChecklistItem,
    ChecklistReport,
    CheckOutcome,
    CheckResult,
    Deliverable,
    DeliverableStatus,
    Json,
)
from orp_tui.core.errors import MissingExtra, UnsafePath
from orp_tui.deliverables.baseline import take_baseline, without_stale
from orp_tui.deliverables.checks import KINDS, runs_apart, runs_now
from orp_tui.deliverables.context import Context
from orp_tui.deliverables.findings import error, failed, os_words, passed, shown
from orp_tui.deliverables.targets import FINAL, LIVE, Found, find, of_paths
from orp_tui.files.safe_open import Beneath

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["evaluate", "take_baseline"]

_WRITTEN_RECENTLY_S = 2.0
_PIP_NAMES = {"yaml": "pyyaml", "referencing": "jsonschema"}


def evaluate(
    deliverables: Sequence[Deliverable],
    workspace: Path,
    *,
    baseline: dict[str, Json] | None,
    final: bool,
    now: float | None = None,
    previous: ChecklistReport | None = None,
    environment: Mapping[str, str] | None = None,
) -> ChecklistReport:
    """Where each deliverable stands now.

    `final` makes every check. Without it only the cheap ones are made, the status says no more
    than those found, and what is still written to is GROWING: its size differs from that in
    `previous`, or it was written in the last 2 s before `now` (seconds since the epoch, None is
    the clock). `baseline` is what `take_baseline` gave before the start; without it `fresh` is an
    error finally, and not made live. `environment` is for commands and plug-ins; None is our own.
    """
    moment = time.time() if now is None else now
    before = {item.index: item for item in previous.items} if previous else {}
    known: dict[str, Json] = (baseline or {}).get("items", {})
    try:
        folder = Beneath(workspace)
    except OSError as problem:
        gone = error("exists", os_words("the workspace", problem))
        items = tuple(_item(each, DeliverableStatus.MISSING, [gone], Found()) for each in deliverables)
        return ChecklistReport(items, final)
    with folder:
        items = tuple(
            _evaluate_one(
                Context(folder, each, (), False, final, moment, known.get(str(each.index)), environment),
                before.get(each.index),
            )
            for each in deliverables
        )
    return ChecklistReport(items, final)


def answer_request(request: dict[str, Json]) -> dict[str, Json]:
    """In the child of `deliverables.apart`: the answer to its request."""
    deliverable = Deliverable.from_json(request["deliverable"])
    check = Check.from_json(request["check"])
    with Beneath(request["workspace"]) as folder:
        found = of_paths(folder, request["targets"], FINAL)
        context = Context(
            folder,
            deliverable,
            found.targets,
            request["truncated"],
            request["final"],
            request["now"],
            request["baseline"],
            request["environment"],
        )
        return _make(context, check, plugin=request["plugin"]).to_json()


def _evaluate_one(context: Context, before: ChecklistItem | None) -> ChecklistItem:
    found = find(context.folder, context.deliverable, FINAL if context.final else LIVE)
    deliverable = context.deliverable
    wrong = [failed("exists", text) for text in (found.refused + found.dangling)[:1]]
    wrong += [error("exists", text) for text in found.unreadable[:1]]
    if not found.targets:
        if wrong and not found.dangling:
            return _item(deliverable, DeliverableStatus.INVALID, wrong, found)
        nothing = failed("exists", f"nothing at {deliverable.path}")
        return _item(deliverable, DeliverableStatus.MISSING, wrong or [nothing], found)
    context = dataclasses.replace(context, targets=found.targets, truncated=found.truncated)
    growing = not context.final and not wrong and _grows(context, found, before)
    if any(check.name == "fresh" for check in deliverable.checks):
        context, stale = without_stale(context)
    else:
        stale = 0
    exists = wrong[:1] or [_exists(context, stale)]
    if not any(target.files for target in context.targets) and not wrong:
        return _item(deliverable, DeliverableStatus.MISSING, exists, found)
    results = exists + [
        _run(context, check)
        for check in deliverable.checks
        if check.name != "exists" and _is_due(context, check, growing=growing)
    ]
    found = found._replace(targets=context.targets)
    bad = any(result.outcome is not CheckOutcome.PASS for result in results)
    status = DeliverableStatus.INVALID if bad else DeliverableStatus.VALID
    return _item(deliverable, DeliverableStatus.GROWING if growing else status, results, found)


def _exists(context: Context, stale: int) -> CheckResult:
    result = _run(context, Check("exists"))
    if not stale or result.outcome is not CheckOutcome.PASS:
        return result
    return passed(
        "exists", f"{result.detail}; {stale:,} more from before the start, not counted", result.value
    )


def _is_due(context: Context, check: Check, *, growing: bool) -> bool:
    if context.final:
        return True
    if check.name == "fresh" and context.baseline is None:
        return False
    # Half a file is neither right nor wrong: only what its size says is looked at.
    if growing and check.name not in ("min_size", "max_size", "min_count", "fresh"):
        return False
    return runs_now(KINDS.get(check.name), context)


def _grows(context: Context, found: Found, before: ChecklistItem | None) -> bool:
    if before is not None and before.files and before.size_bytes != found.size:
        return True
    newest = max((file.mtime_ns for target in found.targets for file in target.files), default=0)
    return abs(context.now - newest / 1e9) < _WRITTEN_RECENTLY_S


def _run(context: Context, check: Check) -> CheckResult:
    """One check, here or in a process of its own; whatever happens is a result."""
    kind = KINDS.get(check.name)
    if not runs_apart(kind, context):
        return _make(context, check, plugin=False)
    from orp_tui.deliverables.apart import run_apart

    return run_apart(context, check, plugin=kind is None)


def _make(context: Context, check: Check, *, plugin: bool) -> CheckResult:
    """One check in this process."""
    name = check.name
    try:
        if plugin:
            from orp_tui.deliverables.plugins import run_plugin

            return run_plugin(name, context, check.options)
        return KINDS[name].load()(context, check.options)
    except UnsafePath as unsafe:
        return failed(name, str(unsafe))
    except OSError as problem:
        return error(name, os_words(str(problem.filename or context.deliverable.path), problem))
    except MissingExtra as missing:
        return error(name, str(missing))
    except ModuleNotFoundError as missing:
        package = (missing.name or "").partition(".")[0]
        return error(name, f"needs: pip install {_PIP_NAMES.get(package, package)}")
    except MemoryError:
        return error(name, "needs more memory than a check may take")
    except Exception as problem:  # noqa: BLE001 - the border of the checks, built in and plugged in alike
        if context.final:  # live it would be told every second
            import traceback

            traceback.print_exc()
        return error(name, f"the check itself is broken: {type(problem).__name__}: {shown(problem, 160)}")


def _item(
    deliverable: Deliverable, status: DeliverableStatus, results: Sequence[CheckResult], found: Found
) -> ChecklistItem:
    return ChecklistItem(
        index=deliverable.index,
        type=deliverable.type,
        path=deliverable.path,
        required=deliverable.required,
        status=status,
        results=tuple(results),
        files=found.paths,
        size_bytes=found.size,
        truncated=found.truncated or any(target.truncated for target in found.targets),
    )
