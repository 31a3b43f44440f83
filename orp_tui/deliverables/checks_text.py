"""Checks of text: a pattern in it, headings in it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from orp_tui.core.checklist import CheckResult, Json
from orp_tui.deliverables.context import Context, FileFacts, Options, each_file
from orp_tui.deliverables.documents import read_bounded
from orp_tui.deliverables.findings import Broken, CannotTell, counted, shown, some

_MAX_LINE = 64 * 1024
_MAX_HEADINGS = 10_000
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+|~+|\^+)[ \t]*$")
_HTML_TAG = re.compile(r"<(/?)h([1-6])\b[^<>]*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")

Heading = tuple[int, str]
"""Level (0 where the text shows none) and title."""


def check_regex(context: Context, options: Options) -> CheckResult:
    """`pattern` is found at least `min_matches` (1) times; `^` and `$` are those of each line.

    Meant to be run in a process of its own: a pattern can backtrack for ever.
    """
    least = int(options.get("min_matches", 1))

    def look(file: FileFacts) -> tuple[str, Json]:
        try:
            pattern = re.compile(str(options["pattern"]), re.MULTILINE)
        except (re.error, RecursionError, OverflowError) as bad:
            raise CannotTell(f"the pattern is invalid: {bad}") from bad
        with context.open(file.path) as opened:
            text = read_bounded(opened).decode("utf-8-sig", "replace")
        count = 0
        first = ""
        for match in pattern.finditer(text):
            first = first or match[0]
            count += 1
        if count < least:
            wanted = f"{shown(options['pattern'], 60)}, needs {least:,}"
            raise Broken(f"{counted(count, 'match', 'matches')} of {wanted}", count)
        found = f", the first: {shown(first, 60)}" if count else ""
        return f"{counted(count, 'match', 'matches')}{found}", count

    return each_file(context, "regex", look)


def check_contains_sections(context: Context, options: Options) -> CheckResult:
    """Every one of `sections` is a heading, in Markdown, reStructuredText or HTML.

    Case, outer blanks and numbers in front (`2.1 Method`) do not matter. With `## ` in front
    the level has to be that.
    """
    wanted = [str(section) for section in options["sections"]]

    def look(file: FileFacts) -> tuple[str, Json]:
        with context.open(file.path) as opened:
            if file.path.lower().endswith((".html", ".htm")):
                headings = list(html_headings(read_bounded(opened).decode("utf-8-sig", "replace")))
            else:
                with io.TextIOWrapper(opened, encoding="utf-8-sig", errors="replace") as text:
                    headings = list(markdown_headings(text))
        missing = [section for section in wanted if not _has(headings, section)]
        if missing:
            titles = [title for _, title in headings]
            raise Broken(f"missing section: {some(missing)} (has: {some(titles)})")
        return f"has {some(wanted)}", len(wanted)

    return each_file(context, "contains_sections", look)


def markdown_headings(text: io.TextIOWrapper) -> Iterator[Heading]:
    """`# Title` and underlined titles, but nothing in a fenced block; at most 10,000."""
    fence, before, count = "", "", 0
    while count < _MAX_HEADINGS and (line := text.readline(_MAX_LINE)):
        line = line.rstrip("\r\n")
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip(" " + fence[0]):
                fence = ""
            continue
        if mark:
            fence, before = mark[1], ""
            continue
        if atx := _ATX.match(line):
            count += 1
            yield len(atx[1]), atx[2]
        elif before and (underline := _UNDERLINE.match(line)):
            count += 1
            yield {"=": 1, "-": 2}.get(underline[1][0], 0), before
            line = ""
        before = line.strip()


def html_headings(text: str) -> Iterator[Heading]:
    """What stands between `<h1>` … `<h6>` and their ends; one pass, whatever the text."""
    import html

    level, start = "", 0
    for tag in _HTML_TAG.finditer(text):
        if not tag[1]:
            level, start = tag[2], tag.end()
        elif tag[2] == level:
            title = _ANY_TAG.sub("", text[start : tag.start()][:_MAX_LINE])
            yield int(level), " ".join(html.unescape(title).split())
            level = ""


def _has(headings: list[Heading], section: str) -> bool:
    level = len(section) - len(section.lstrip("#"))
    title = _plain(section.lstrip("#"))
    return any(_plain(found) == title and level in (0, depth) for depth, found in headings) or any(
        _unnumbered(found) == title and level in (0, depth) for depth, found in headings
    )


def _plain(title: str) -> str:
    return " ".join(title.replace("*", "").replace("`", "").split()).casefold()


def _unnumbered(title: str) -> str:
    return re.sub(r"^(?:[0-9]+\.)*[0-9]*\.?\)?\s+", "", _plain(title)[:1000])
