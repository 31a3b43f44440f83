"""A workspace, and one check made in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orp_tui.core.checklist import Check, ChecklistItem, CheckOutcome, CheckResult, Deliverable
from orp_tui.deliverables.evaluate import evaluate


class Workspace:
    """A folder that a training may have left behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, path: str, content: bytes | str = b"x") -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return target

    def item(self, path: str, *checks: Check, final: bool = True, **more: Any) -> ChecklistItem:
        """The evaluation of one deliverable with these checks."""
        deliverable = Deliverable(0, "report", path, True, checks)
        report = evaluate([deliverable], self.folder, **{"baseline": None, "final": final, **more})
        return report.items[0]

    def check(self, path: str, name: str, /, **options: Any) -> CheckResult:
        """What one check finally says."""
        return self.item(path, Check(name, options)).results[-1]

    def passes(self, path: str, name: str, /, **options: Any) -> str:
        """The detail of a check that has to pass."""
        return self._with(CheckOutcome.PASS, path, name, options)

    def fails(self, path: str, name: str, /, **options: Any) -> str:
        """The detail of a check that has to fail."""
        return self._with(CheckOutcome.FAIL, path, name, options)

    def errs(self, path: str, name: str, /, **options: Any) -> str:
        """The detail of a check that can't be made."""
        return self._with(CheckOutcome.ERROR, path, name, options)

    def _with(self, outcome: CheckOutcome, path: str, name: str, options: dict[str, Any]) -> str:
        result = self.check(path, name, **options)
        assert (result.check, result.outcome) == (name, outcome), result.detail
        return result.detail
