"""Checks of other packages: entry points in the group `orp.validators`.

An entry point names a function `(context, options) -> CheckResult`, as our own checks are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orp_tui.core.checklist import CheckResult
from orp_tui.deliverables.context import Check, Context, Options
from orp_tui.deliverables.findings import CannotTell, error, shown

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "orp.validators"


def run_plugin(name: str, context: Context, options: Options) -> CheckResult:
    """The answer of a plug-in's check; whatever is wrong with the plug-in is an error naming its package."""
    found = _entry_point(name)
    if found is None:
        return error(
            name, f"no check of that name here; a package with an entry point in {GROUP} would bring it"
        )
    package = found.dist.name if found.dist else found.module
    try:
        check: Check = found.load()
        result = check(context, options)
    except CannotTell as unknown:
        return error(name, str(unknown))
    except Exception as problem:  # noqa: BLE001 - the border to foreign code, which may raise anything
        import traceback

        traceback.print_exc()
        return error(
            name, f"the plug-in of {package} is broken: {type(problem).__name__}: {shown(problem, 160)}"
        )
    if not isinstance(result, CheckResult):
        return error(
            name, f"the plug-in of {package} is broken: it gave {type(result).__name__}, no CheckResult"
        )
    return result


def _entry_point(name: str) -> EntryPoint | None:
    from importlib.metadata import entry_points

    return next(iter(entry_points(group=GROUP, name=name)), None)
