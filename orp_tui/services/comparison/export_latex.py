"""A comparison as a LaTeX table in the manner of booktabs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orp_tui.core.sanitise import one_line
from orp_tui.services.comparison.sheet import Sheet, delta_words, percent_words
from orp_tui.services.comparison.values import Cell, Row

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "±": r"$\pm$", "×": r"$\times$", "…": r"\dots{}", "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}", "Δ": r"$\Delta$", "→": r"$\to$", "−": r"$-$", "–": "--", "[": "{[}", "]": "{]}",
}  # fmt: skip
"""What LaTeX would act on, or the usual fonts lack. A bracket behind a line's end would be its option."""
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d+)?)(?:e([+-]?\d{1,4}))?( %)?")


def latex(sheet: Sheet) -> str:
    r"""A `tabular`, whose columns are the runs; it needs `booktabs` and `textcomp`. The best is bold."""
    extra = [r"$\Delta$", r"\%"] if sheet.has_differences else []
    count = len(sheet.columns) + len(extra)
    ids = [_escaped(column.heading) for column in sheet.columns]
    names = [_escaped(column.name) for column in sheet.columns]
    lines = [
        "% needs \\usepackage{booktabs,textcomp}",
        rf"\begin{{tabular}}{{l{'r' * count}}}",
        r"\toprule",
        _line([_escaped(sheet.corner), *ids, *extra]),
        *([_line(["", *names, *[""] * len(extra)])] if any(names) else []),
    ]
    for part in sheet.parts:
        lines.append(r"\midrule")
        if part.title:
            lines.append(rf"\multicolumn{{{count + 1}}}{{l}}{{\emph{{{_escaped(part.title)}}}}} \\")
        lines += [_line([*_row(row), *(_differences(row) if extra else [])]) for row in part.rows]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [f"% {_escaped(note)}" for note in sheet.notes]
    return "\n".join(lines) + "\n"


def _row(row: Row) -> list[str]:
    return [_escaped(row.name), *map(_cell, row.cells)]


def _cell(cell: Cell) -> str:
    text = "--" if cell.text == "-" else _said(cell.text)
    if not cell.is_best:
        return text
    # \textbf does nothing to what is set as mathematics.
    is_formula = text.startswith("$") and text.endswith("$")
    return rf"$\mathbf{{{text[1:-1]}}}$" if is_formula else rf"\textbf{{{text}}}"


def _differences(row: Row) -> list[str]:
    return [_said(delta_words(row)), _said(percent_words(row.difference))]


def _said(text: str) -> str:
    r"""A number as it is printed, `$-0.31$` and `$1 \times 10^{-5}$`; any other text escaped."""
    found = _NUMBER.fullmatch(text)
    if found is None or not (found[1] or found[3]):
        return _escaped(text)
    power = rf" \times 10^{{{int(found[3])}}}" if found[3] else ""
    return f"${found[1]}{found[2]}{power}${chr(92) + ',' + chr(92) + '%' if found[4] else ''}"


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _escaped(text: str) -> str:
    """On one line, with nothing in it that LaTeX would act on."""
    return "".join(_SPECIAL.get(char, char) for char in one_line(text))
