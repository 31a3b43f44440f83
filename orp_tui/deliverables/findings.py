"""What a check says: the two ways a look at a file can end badly, and results made of them."""

from __future__ import annotations

from orp_tui.core.checklist import CheckOutcome, CheckResult, Json

MAX_DETAIL = 300
"""Terminal cells of a detail."""


class Broken(Exception):
    """The file is not what it has to be: the check fails, with this text as its detail."""

    def __init__(self, detail: str, value: Json = None) -> None:
        self.value = value
        """What was found, as in `CheckResult.value`."""
        super().__init__(detail)


class CannotTell(Exception):
    """It could not be checked: the check errs, with this text as its detail."""


def passed(check: str, detail: str, value: Json = None) -> CheckResult:
    return _result(check, CheckOutcome.PASS, detail, value)


def failed(check: str, detail: str, value: Json = None) -> CheckResult:
    return _result(check, CheckOutcome.FAIL, detail, value)


def error(check: str, detail: str, value: Json = None) -> CheckResult:
    return _result(check, CheckOutcome.ERROR, detail, value)


def _result(check: str, outcome: CheckOutcome, detail: str, value: Json) -> CheckResult:
    return CheckResult(check, outcome, shown(detail, MAX_DETAIL), value)


def shown(text: object, width: int = 80) -> str:
    """Text from a file or a name, on one line, harmless and cut."""
    from orp_tui.core.sanitise import one_line

    # Cut first: a hostile text may have millions of characters.
    return one_line(str(text)[: 4 * width], width)


def some(names: list[str] | tuple[str, ...], limit: int = 8) -> str:
    """The first few of a list, and how many more there are: `a, b and 3 more`; `nothing` if empty."""
    if not names:
        return "nothing"
    text = ", ".join(shown(name, 60) for name in names[:limit])
    return text if len(names) <= limit else f"{text} and {len(names) - limit:,} more"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 row`, `3 rows`, `4,096 bytes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def os_words(path: str, problem: OSError) -> str:
    """An error of the system in a sentence: `output/x: Permission denied`."""
    return f"{path}: {problem.strerror or problem}"
