"""From a file's path to its name in the zip, and which paths a pattern means."""

from __future__ import annotations

import re

FIXED = (
    "training_stdout.txt",
    "training_stderr.txt",
    "request.json",
    "experiment.yaml",
    "result.json",
    "environment.json",
    "source.json",
    "config.json",
    "deliverables.json",
    "metrics.jsonl",
    "system.jsonl",
    "notes.jsonl",
    "alerts.jsonl",
    "cancel.json",
    "supervisor.log",
)
"""What a run folder gives to the zip's root, in the zip's order; each only if it is there."""

EXPECTED = FIXED[:4]
"""Of these the manifest says so if one is missing."""

NUMBERED = re.compile(r"(?:attempt|started|exit)-[0-9]+\.json")

SOURCE = "source"
"""Folder of the zip that holds the frozen code."""

ASIDE = "workspace"
"""Folder of the zip for workspace files whose own path belongs to something else."""

_RESERVED = frozenset([*FIXED, SOURCE, ASIDE, "manifest.json"])
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\\\\%\ud800-\udfff]")
_SET = re.compile(r"\[(?:!?\]?[^\]/]*)\]")


def workspace_name(path: str) -> str:
    """The zip's name for a file of the workspace: its own path, escaped.

    A path whose first part is a name of the zip's own (`result.json`, `source/…`, in any
    case of letters) goes beneath `workspace/`, and so does one that begins with `workspace`:
    two paths never get one name.
    """
    first = path.partition("/")[0].casefold()
    aside = first in _RESERVED or NUMBERED.fullmatch(first) is not None
    return escaped(f"{ASIDE}/{path}" if aside else path)


def escaped(path: str) -> str:
    """`path` as UTF-8 text without controls: such bytes, `%` and backslashes as `%ff`.

    Backslashes too, because unpackers on Windows take them for folders. Reversible, so two
    paths never get one name.
    """
    if path.isascii() and path.isprintable() and "%" not in path and "\\" not in path:
        return path
    return _ODD.sub(_percent, path)


def _percent(match: re.Match[str]) -> str:
    raw = match[0].encode("utf-8", "surrogateescape" if "\udc80" <= match[0] <= "\udcff" else "surrogatepass")
    return "".join(f"%{byte:02x}" for byte in raw)


class Excluded:
    """The paths that `artifacts.exclude` means.

    `*`, `?` and `[…]` match within one name, `**` any number of folders. A pattern that
    matches a folder means everything beneath it; one without a `/` matches at any depth.
    """

    def __init__(self, patterns: tuple[str, ...]) -> None:
        forms = [_regex(pattern) for pattern in patterns if pattern.strip("/")]
        self._match = re.compile("|".join(forms)).fullmatch if forms else None

    def __contains__(self, path: str) -> bool:
        return self._match is not None and self._match(path) is not None


def _regex(pattern: str) -> str:
    inner = pattern.strip("/")
    parts = inner.split("/") if "/" in inner else ["**", inner]
    form = ""
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if part == "**":
            form += ".+" if last else "(?:[^/]+/)*"
        else:
            form += _one_name(part) + ("" if last else "/")
    return f"(?:{form})(?:/.*)?"


def _one_name(part: str) -> str:
    form = ""
    position = 0
    while position < len(part):
        char = part[position]
        found = _SET.match(part, position) if char == "[" else None
        if found is not None and len(found[0]) > 2:
            body = found[0][1:-1].replace("\\", "\\\\").replace("[", "\\[")
            form += f"(?!/)[{'^' + body[1:] if body[0] == '!' else body}]"
            position = found.end()
            continue
        form += {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char)
        position += 1
    return form
