"""`orp metrics test`: which lines of a log are read as metrics, as what, and which nearly are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import as_json, base_dir
from orp_tui.cli.progress import progress_bar
from orp_tui.cli.run_argument import run_argument
from orp_tui.core.sanitise import one_line
from orp_tui.core.words import counted, number

if TYPE_CHECKING:
    from orp_tui.services.log_reading import Ending, Match, NearMiss, Rules

_WIDTH = 160
"""Characters of a line that are shown when the output is no terminal."""


@click.command("test")
@run_argument("reference", metavar="LOG", files=True)
@click.option(
    "--pattern", "patterns", metavar="REGEX", multiple=True,
    help="A regular expression with named groups, as in metrics.patterns. Repeatable.",
)  # fmt: skip
@click.option(
    "--file", "file", metavar="EXPERIMENT.yaml", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take metrics.patterns, include and exclude from this file.",
)  # fmt: skip
@click.option("--stderr", is_flag=True, help="Of a run, its error output instead: bars are often there.")
@base_dir
@as_json
def command(
    reference: str, patterns: tuple[str, ...], file: Path | None, stderr: bool, base_dir: str | None, as_json: bool
) -> None:  # fmt: skip
    """Show which lines of a log are read as metrics, and as what.

    LOG is a file, a run (its standard output, by the rules of its experiment) or ZIP::MEMBER. Below
    stand the first lines with numbers that were not taken, with the reason.
    """
    from orp_tui.services.log_reading import checked, find_log, read_log

    rules = _rules(checked(patterns), file)
    log = find_log(reference, stderr=stderr, base_dir=base_dir)
    matches: list[dict[str, Any]] = []  # Any: as JSON
    show = (lambda match: matches.append(_match_json(match))) if as_json else _show
    with progress_bar(one_line(log.run_id or reference, 40)) as progress:
        ending = read_log(log, log.rules + rules, show, progress)
    if as_json:
        output.emit_json(_json(log.reference, matches, ending))
    else:
        _end(ending)


def _rules(patterns: tuple[str, ...], file: Path | None) -> Rules:
    from orp_tui.services.log_reading import Rules, rules_of_file

    own = Rules(patterns=patterns)
    return own if file is None else own + rules_of_file(file)


def _show(match: Match) -> None:
    output.emit(_line(match.line, match.text))
    output.emit(f"{'':>8}→ {_said(match)}" if output.can_draw(sys.stdout) else f"{'':>8}-> {_said(match)}")


def _line(line: int, text: str) -> str:
    import shutil

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH
    return f"{line:>7} {one_line(text, max(20, width - 8))}"


def _said(match: Match) -> str:
    """`step 100: loss=2.31 lr=0.0003  (pairs)`."""
    record = match.record
    pairs = " ".join(f"{one_line(name, 60)}={number(value)}" for name, value in record.values.items())
    time = "" if record.time != record.time else f", {output.utc_time(record.time)}"
    step = f"{record.step:,.0f}" if record.step == round(record.step) else f"{record.step:g}"
    return f"step {step}: {pairs}  ({record.how}{time})"


def _end(ending: Ending) -> None:
    if ending.misses:
        output.emit(f"\nnot taken{_first(ending)}:")
        for miss in ending.misses:
            output.emit(_line(miss.line, miss.text))
            output.emit(f"{'':>10}{one_line(miss.reason, 120)}")
    other = ending.lines - ending.matched - ending.missed
    output.say(
        f"{counted(ending.lines, 'line')}: {ending.matched:,} read as metrics, {ending.missed:,} nearly, {max(0, other):,} passed over"
    )
    if ending.too_long:
        output.say(f"{counted(ending.too_long, 'line')} of more than 4 KiB not looked at")
    if ending.trouble:
        output.say(one_line(ending.trouble))
    if ending.misses:
        output.say(
            "name a metric in metrics.include, or write a pattern: --pattern '(?P<step>…) … (?P<loss>…)' tries one"
        )


def _first(ending: Ending) -> str:
    left = ending.missed - len(ending.misses)
    return f" (the first {len(ending.misses)} of {ending.missed:,})" if left else ""


def _match_json(match: Match) -> dict[str, Any]:  # Any: as JSON
    record = match.record
    return {
        "line": match.line,
        "text": match.text,
        "as": record.how,
        "step": record.step,
        "time": record.time,
        "values": dict(record.values),
    }


def _miss_json(miss: NearMiss) -> dict[str, Any]:  # Any: as JSON
    return {"line": miss.line, "text": miss.text, "reason": miss.reason}


def _json(source: str, matches: list[dict[str, Any]], ending: Ending) -> dict[str, Any]:  # Any: as JSON
    return {
        "source": source,
        "lines": ending.lines,
        "matched_lines": ending.matched,
        "near_misses": ending.missed,
        "too_long": ending.too_long,
        "trouble": ending.trouble or None,
        "matched": matches,
        "missed": [_miss_json(miss) for miss in ending.misses],
    }
