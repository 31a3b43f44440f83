"""Collects everything that is wrong in a file, so that all of it is said at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NoReturn

from orp_tui.core.errors import ConfigError
from orp_tui.core.problem import Problem

Path = tuple[str | int, ...]
"""Where a value stands: keys and list places from the top."""

MAX_PROBLEMS = 100
_MOST_KNOWN = 200


def dotted(path: Path) -> str:
    """A path as a person reads it: `deliverables[2].path`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{shown(part)}" if text else shown(part)
    return text


def shown(text: str, limit: int = 80) -> str:
    """`text` on one line, cut at `limit`, with control characters escaped."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in cut)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be; None among more than a person chooses from."""
    import difflib

    known = list(known)
    if len(known) > _MOST_KNOWN:
        return None
    folded = {name.lower().replace("-", "_"): name for name in known}
    plain = word[:100].lower().replace("-", "_")
    if plain in folded:
        return folded[plain]
    close = difflib.get_close_matches(plain, folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def advised(close: str | None, rest: str) -> str:
    """What follows a semicolon: `did you mean "name"? Known keys: …`, or `known keys: …` where nothing is close."""
    return f'did you mean "{close}"? {rest[:1].upper()}{rest[1:]}' if close else rest


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """`is not a known key; did you mean …? Known keys: …`; `what` is the noun."""
    names = list(known)
    close = nearest(word, names)
    return f"is not a known {what}; {advised(close, f'known {what}s: ' + ', '.join(names))}"


class Problems:
    """Problems of one file, in the order of its lines."""

    def __init__(self, file: str, line_of: Callable[[Path], int | None] | None = None) -> None:
        self.file = file
        """As the user named it."""
        self.line_of = line_of or (lambda _: None)
        """Where a key path stands; can be set once the text is parsed."""
        self.found: list[Problem] = []

    def add(self, path: Path, message: str, *, line: int | None = None) -> None:
        """Note a problem; without `line`, the line of `path`.

        Raises ConfigError once there are more than a person would read.
        """
        if len(self.found) >= MAX_PROBLEMS:
            self.found.append(
                Problem(self.file, None, "", f"more than {MAX_PROBLEMS} problems; the rest is not shown")
            )
            raise ConfigError(self.sorted())
        where = line if line is not None else self.line_of(path)
        self.found.append(Problem(self.file, where, dotted(path), message))

    def stop(self, path: Path, message: str, *, line: int | None = None) -> NoReturn:
        """Note a problem that makes the rest unreadable, and raise all so far."""
        self.add(path, message, line=line)
        raise ConfigError(self.sorted())

    def sorted(self) -> list[Problem]:
        """By line, each once."""
        return sorted(
            dict.fromkeys(self.found), key=lambda problem: problem.line or (0 if problem.key else 10**9)
        )

    def raise_any(self) -> None:
        """Raises ConfigError with all problems, if there are any."""
        if self.found:
            raise ConfigError(self.sorted())
