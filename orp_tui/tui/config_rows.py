"""The folder of experiment files as rows of a tree: words and style classes, nothing drawn yet."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from orp_tui.core.problem import Problem
from orp_tui.core.sanitise import one_line
from orp_tui.core.states import RunState
from orp_tui.core.words import STATE_GLYPHS, counted, state_word
from orp_tui.services.configs_read import Kind
from orp_tui.tui.rows import HELD_GLYPHS

if TYPE_CHECKING:
    from orp_tui.services.configs import ConfigFile, ConfigsView

KIND_GLYPHS = {
    Kind.UNREAD: ("…", "~"),
    Kind.VALID: ("◇", "o"),
    Kind.INVALID: ("!", "!"),
    Kind.NOT_YET: ("!", "!"),
    Kind.OTHER: ("·", "#"),
}
"""Glyph and its ASCII twin of a file that shows no run."""
FOLDER_GLYPHS = {True: ("▾", "-"), False: ("▸", "+")}
"""Of an open and of a closed folder."""
NOT_A_FILE = "\0"
"""In the key of a row beneath a file, or of a note; no file's name holds it."""
_NAME_CELLS = 120


@dataclasses.dataclass(frozen=True)
class ConfigRow:
    """The words of a row; each is one line and safe to show."""

    key: str
    """The relative name of a file; of a folder, with `/` behind it; with NOT_A_FILE for what can't be chosen."""
    depth: int
    """How many folders it lies in."""
    name: str
    style: str = ""
    """The style class of the state without its dash, or `quiet`."""
    glyph: str = ""
    word: str = ""
    """What a file is, or how its newest run stands; of a folder, what is in it."""
    run: str = ""
    """The newest run's short id."""
    experiment: str = ""
    """The experiment's name."""
    brief: str = ""
    """The name where there is little room; empty if it is the same."""

    @property
    def is_folder(self) -> bool:
        """Whether it opens and closes."""
        return self.key.endswith("/")

    @property
    def is_choosable(self) -> bool:
        """Whether the cursor can stand on it."""
        return NOT_A_FILE not in self.key


class RowMaker:
    """Makes rows and keeps those of files that have not changed."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        self._ascii = ascii_only
        self._made: dict[str, tuple[ConfigFile, tuple[ConfigRow, ...]]] = {}

    def rows(
        self, view: ConfigsView, wanted: Callable[[str], bool] | None, closed: Callable[[str], bool]
    ) -> Iterator[ConfigRow]:
        """The rows of the tree.

        `wanted` tells whether a file of these words (lower case) is shown, None: all are. `closed` tells
        of a folder, named with its `/`, whether it is; with `wanted` all folders are open.
        """
        files = [file for file in view.files if wanted is None or wanted(self.text_of(file))]
        counts = _counts(files)
        shut = None if wanted is not None else closed
        above: tuple[str, ...] = ()
        for file in files:
            folders = tuple(_folders(file.name))
            hidden = shut is not None and any(shut(folder) for folder in folders)
            for depth, folder in enumerate(folders):
                if folder not in above and not (shut and any(shut(outer) for outer in folders[:depth])):
                    is_open = shut is None or not shut(folder)
                    yield self._folder(folder, depth, is_open=is_open, inside=counts[folder])
            above = folders
            if not hidden:
                yield from self._rows_of(file)
        for number, note in enumerate(view.notes):
            yield ConfigRow(f"{NOT_A_FILE}{number}", 0, one_line(note, 400), "quiet")
        self._forget({file.name for file in view.files})

    def text_of(self, file: ConfigFile) -> str:
        """Everything that a filter looks at, in lower case."""
        first = self._rows_of(file)[0]
        return f"{one_line(file.name)} {first.experiment} {first.word} {first.run}".lower()

    def _rows_of(self, file: ConfigFile) -> tuple[ConfigRow, ...]:
        known = self._made.get(file.name)
        if known is None or known[0] != file:
            known = file, tuple(self._make(file))
            self._made[file.name] = known
        return known[1]

    def _forget(self, names: Collection[str]) -> None:
        if len(self._made) > len(names):
            self._made = {name: made for name, made in self._made.items() if name in names}

    def _make(self, file: ConfigFile) -> Iterator[ConfigRow]:
        depth = file.name.count("/")
        name = one_line(file.name.rpartition("/")[2], _NAME_CELLS)
        glyph, word, style, run = self._state(file)
        yield ConfigRow(file.name, depth, name, style, glyph, word, run, one_line(file.experiment, 60))
        if file.kind in (Kind.INVALID, Kind.NOT_YET) and file.problems:
            words, brief = first_problem(file.problems)
            yield ConfigRow(f"{file.name}{NOT_A_FILE}", depth, words, "invalid", brief=brief)

    def _state(self, file: ConfigFile) -> tuple[str, str, str, str]:
        """Glyph, word, style class and run: what is wrong with a file comes before the run that it had."""
        if file.kind is Kind.VALID and file.run is not None:
            state, short = file.run.state, one_line(file.run.short_id, 8)
            if state is RunState.QUEUED and file.run.held:
                return HELD_GLYPHS[self._ascii], "held", "held", short
            word = "wait" if state is RunState.QUEUED else state_word(state)
            return STATE_GLYPHS[state][self._ascii], word, state.value, short
        styles = {Kind.INVALID: "invalid", Kind.NOT_YET: "invalid", Kind.VALID: "valid"}
        return KIND_GLYPHS[file.kind][self._ascii], file.kind.value, styles.get(file.kind, "quiet"), ""

    def _folder(self, folder: str, depth: int, *, is_open: bool, inside: tuple[int, int]) -> ConfigRow:
        files, invalid = inside
        name = one_line(folder.rstrip("/").rpartition("/")[2], _NAME_CELLS)
        sign = FOLDER_GLYPHS[is_open][self._ascii]
        row = ConfigRow(folder, depth, f"{sign} {name}/")
        if is_open:
            return row
        if invalid:
            return dataclasses.replace(row, style="invalid", glyph="!", word=f"{invalid} of {files} invalid")
        return dataclasses.replace(row, style="quiet", word=counted(files, "file"))


def first_problem(problems: Sequence[Problem]) -> tuple[str, str]:
    """The first problem in one line, and with the last part of its key only: `line 12: lr: is no number`."""
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    where = f"line {first.line}: " if first.line is not None else ""
    key = one_line(first.key)
    message = one_line(first.message, 300)
    brief = key.rpartition(".")[2]
    return (
        f"{where}{f'{key}: ' if key else ''}{message}{more}",
        f"{where}{f'{brief}: ' if brief else ''}{message}",
    )


def without_experiments(view: ConfigsView) -> set[str]:
    """Folders, with their `/`, of which every file at any depth is somebody else's YAML."""
    all_others: dict[str, bool] = {}
    for file in view.files:
        for folder in _folders(file.name):
            all_others[folder] = all_others.get(folder, True) and file.kind is Kind.OTHER
    return {folder for folder, others in all_others.items() if others}


def _folders(name: str) -> Iterator[str]:
    """`a/b/c.yaml` → `a/`, `a/b/`."""
    place = name.find("/")
    while place >= 0:
        yield name[: place + 1]
        place = name.find("/", place + 1)


def _counts(files: Sequence[ConfigFile]) -> Mapping[str, tuple[int, int]]:
    """Folder → how many files lie in it at any depth, and how many of them are invalid."""
    found: dict[str, tuple[int, int]] = {}
    for file in files:
        bad = file.kind is Kind.INVALID
        for folder in _folders(file.name):
            number, invalid = found.get(folder, (0, 0))
            found[folder] = number + 1, invalid + bad
    return found
