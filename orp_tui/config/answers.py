"""Answers to "input or output?" written into orp.yaml, its text and comments kept as they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orp_tui.config.problems import Problems
from orp_tui.config.settings import PROJECT_FILE
from orp_tui.config.settings_file import parsed_bytes
from orp_tui.config.yaml_text import quoted
from orp_tui.core.errors import ConfigError
from orp_tui.files.atomic import write_bytes

Json = Any  # Any: YAML nodes and marks have no types


def answer_workspace(project: Path, *, inputs: Sequence[str] = (), outputs: Sequence[str] = ()) -> Path:
    """The project's orp.yaml, in which `workspace.inputs` and `.outputs` now hold these paths too.

    Made if there is none. Only lines are added, or items to a list in brackets.

    Raises ConfigError if the file is invalid, or is written so that nothing can be added
    safely; then it is left alone and the message has the lines to add by hand.
    """
    path = project / PROJECT_FILE
    problems = Problems(str(path))
    try:
        # The file behind a link is changed, not the link replaced.
        target = path.resolve(strict=True)
        mode = stat.S_IMODE(os.stat(target).st_mode)
    except FileNotFoundError:
        target, mode = path, 0o644
    data = b""
    if target.exists():
        from orp_tui.config.yaml_source import read_bytes

        data = read_bytes(target, problems)
    before = parsed_bytes(data, str(path))
    wanted = dict(before)
    text = data.decode("utf-8-sig")
    for key, paths in (("inputs", inputs), ("outputs", outputs)):
        known = before.get(f"workspace.{key}", [])
        new = [item for item in dict.fromkeys(paths) if item.rstrip("/") not in known]
        if new:
            wanted[f"workspace.{key}"] = [*known, *(item.rstrip("/") for item in new)]
            text = with_items(text, key, new)
    if wanted == before:
        return path
    changed = text.encode()
    if _reads_as(changed, str(path)) != wanted:
        lines = "".join(
            f"\n  {key}: [{', '.join(map(quoted, items))}]" for key, items in _answers(inputs, outputs)
        )
        problems.stop((), f"cannot be changed safely; add these lines yourself:\nworkspace:{lines}")
    write_bytes(target, changed, mode=mode)
    return path


def _answers(inputs: Sequence[str], outputs: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    return [(key, items) for key, items in (("inputs", inputs), ("outputs", outputs)) if items]


def _reads_as(data: bytes, name: str) -> dict[str, Json] | None:
    try:
        return parsed_bytes(data, name)
    except ConfigError:
        return None


def with_items(text: str, key: str, items: Sequence[str]) -> str:
    """`text` with `items` added to the list at `workspace.<key>`, wherever that stands."""
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    newline = "\r\n" if "\r\n" in text else "\n"
    words = [quoted(item) for item in items]
    if root is None:
        return _appended(text, ["workspace:", f"  {key}:", *(f"    - {word}" for word in words)], newline)
    found = _entry(root, "workspace")
    if found is None:
        return _into_mapping(text, root, f"workspace: {{{key}: [{', '.join(words)}]}}", words, key, newline)
    name, workspace = found
    if _is_empty(workspace):
        indent = " " * (name.start_mark.column + 2)
        return _after_line(
            text, name, [f"{indent}{key}:", *(f"{indent}  - {word}" for word in words)], newline
        )
    inner = _entry(workspace, key)
    if inner is None:
        return _into_mapping(text, workspace, f"{key}: [{', '.join(words)}]", words, key, newline)
    return _into_list(text, *inner, words, newline)


def _entry(mapping: Json, key: str) -> tuple[Json, Json] | None:
    for name, value in getattr(mapping, "value", []) if getattr(mapping, "id", "") == "mapping" else []:
        if name.value == key:
            return name, value
    return None


def _is_empty(node: Json) -> bool:
    return node.id == "scalar" and node.style is None and node.value in ("", "~", "null")


def _into_mapping(text: str, mapping: Json, flow: str, words: list[str], key: str, newline: str) -> str:
    """A new entry: `flow` inside braces, lines before the first key otherwise (at the end, for the root)."""
    if mapping.flow_style:
        return _before_bracket(text, mapping, flow)
    column = mapping.start_mark.column
    indent = " " * column
    lines = [f"{indent}{key}:", *(f"{indent}  - {word}" for word in words)]
    if flow.startswith("workspace"):
        return _appended(text, ["workspace:", *(f"  {line}" for line in lines)], newline)
    return _insert_line(text, mapping.start_mark.line, lines, newline)


def _into_list(text: str, name: Json, node: Json, words: list[str], newline: str) -> str:
    if _is_empty(node):
        indent = " " * (name.start_mark.column + 2)
        return _after_line(text, name, [f"{indent}- {word}" for word in words], newline)
    if node.id == "scalar":
        start, end = node.start_mark.index, node.end_mark.index
        return f"{text[:start]}[{', '.join([text[start:end], *words])}]{text[end:]}"
    if node.flow_style:
        return _before_bracket(text, node, ", ".join(words))
    indent = " " * node.start_mark.column
    last = node.value[-1]
    return _after_line(text, last, [f"{indent}- {word}" for word in words], newline)


def _before_bracket(text: str, node: Json, addition: str) -> str:
    end = node.end_mark.index - 1
    if not node.value:
        return text[:end] + addition + text[end:]
    last = node.value[-1][1] if node.id == "mapping" else node.value[-1]
    at = last.end_mark.index
    return f"{text[:at]}, {addition}{text[at:]}"


def _after_line(text: str, node: Json, lines: list[str], newline: str) -> str:
    return _insert_line(text, node.end_mark.line + 1, lines, newline)


def _insert_line(text: str, line: int, lines: list[str], newline: str) -> str:
    all_lines = text.splitlines(keepends=True)
    if line >= len(all_lines):
        return _appended(text, lines, newline)
    added = [line + newline for line in lines]
    return "".join([*all_lines[:line], *added, *all_lines[line:]])


def _appended(text: str, lines: list[str], newline: str) -> str:
    if text and not text.endswith("\n"):
        text += newline
    return text + "".join(line + newline for line in lines)
