"""A comparison of code as lines: which runs ran the same, which files differ, and how."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Literal

from orp_tui.core.errors import UsageError
from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.core.words import counted
from orp_tui.services.code_diff import FileChange
from orp_tui.services.comparison.code import CodeComparison, CodeGroup

Kind = Literal["heading", "text", "quiet", "added", "removed", "place"]
MARKS = {"added": "A", "removed": "D", "changed": "M"}
MOST_LINES = 20_000
"""Of all diffs together; what is more is said to be there."""
_KINDS: dict[str, Kind] = {"+": "added", "-": "removed", "@": "place"}
_NAMED = 12


@dataclasses.dataclass(frozen=True, slots=True)
class CodeLine:
    """One harmless line without tabs, and what it is."""

    text: str
    kind: Kind = "text"


def code_lines(found: CodeComparison) -> list[CodeLine]:
    """Group after group: the runs, the files that differ from the baseline's, then the lines."""
    lines: list[CodeLine] = []
    for group in found.groups:
        lines += [*([CodeLine("")] if lines else []), *_group(group, is_baseline=group is found.groups[0])]
        if len(lines) > MOST_LINES:
            left = len(lines) - MOST_LINES
            return [*lines[:MOST_LINES], CodeLine(f"{left:,} lines and more are left out; `orp diff A B --code` shows two runs", "quiet")]  # fmt: skip
    if found.is_same:
        lines.append(CodeLine("all ran the same code", "quiet"))
    return lines


def _group(group: CodeGroup, *, is_baseline: bool) -> Iterator[CodeLine]:
    names = ", ".join(run_id.rpartition("_")[2] for run_id in group.run_ids[:_NAMED])
    more = f" and {len(group.run_ids) - _NAMED} more" if len(group.run_ids) > _NAMED else ""
    what = f"code {group.tree[:12]}" if group.tree is not None else "code not known"
    commit = f"  commit {one_line(group.commit)[:12]}" if group.commit else ""
    base = "  baseline" if is_baseline else ""
    yield CodeLine(f"{what}{commit}  {counted(len(group.run_ids), 'run')}: {names}{more}{base}", "heading")
    if group.unknown:
        yield CodeLine(one_line(group.unknown), "quiet")
    for change in group.changes or ():
        yield CodeLine(f"{MARKS[change.what]} {one_line(change.path, 100)}  {_counts(change)}".rstrip())
    for change in group.changes or ():
        if change.diff:
            yield CodeLine("")
            yield from map(_of_diff, change.diff.splitlines())


def _counts(change: FileChange) -> str:
    if change.added is None or change.removed is None:
        return one_line(change.note)
    return f"+{change.added} −{change.removed}" + (f"  {one_line(change.note)}" if change.note else "")


def _of_diff(line: str) -> CodeLine:
    is_file = line.startswith(("+++ ", "--- "))
    kind: Kind = "quiet" if is_file else _KINDS.get(line[:1], "text")
    return CodeLine(sanitise(line).expandtabs(4), kind)


def code_text(found: CodeComparison, kind: str) -> str:
    """The same for a file: `text`, `md` or `json`. Raises UsageError for formats of tables."""
    if kind == "json":
        return json.dumps(_document(found), indent=1) + "\n"
    if kind not in ("text", "md"):
        raise UsageError(f"code is no table; take text, md or json for it, not {kind}")
    text = "\n".join(line.text for line in code_lines(found)) + "\n"
    if kind == "text":
        return text
    fence = "```"
    while fence in text:  # no line may end the block
        fence += "`"
    return f"{fence}diff\n{text}{fence}\n"


def _document(found: CodeComparison) -> dict[str, object]:
    return {"groups": [dataclasses.asdict(group) for group in found.groups], "same": found.is_same}
