"""Write the tables of docs/filters.md from the tables of the program: `python docs/filters.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from orp_tui.core.filters.fields import FIELDS, HAS, IS, Field

PAGE = Path(__file__).with_name("filters.md")


def fields() -> str:
    """A row for each field."""
    rows = [_row(field) for field in FIELDS.values()]
    return "\n".join(
        ["| field | of a run | value | operators | as in |", "| --- | --- | --- | --- | --- |", *rows]
    )


def words(table: Mapping[str, str]) -> str:
    """A row for each word behind `is:` or `has:`."""
    return "\n".join(["| word | a run is found if |", "| --- | --- |", *(f"| `{word}` | {help_} |" for word, help_ in table.items())])  # fmt: skip


def page(text: str) -> str:
    """The page with its tables made anew; what stands between them stays."""
    has = {word: f"it has {what}" for word, what in HAS.items()}
    for name, table in {"fields": fields(), "is": words(IS), "has": words(has)}.items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda found, table=table: f"{found[1]}{table}\n{found[2]}",
            text,
            flags=re.DOTALL,
        )
    return text


def _row(field: Field) -> str:
    ops = " ".join(f"`{op}`" for op in field.ops)
    examples = ", ".join(f"`{text}`" for text in field.examples)
    cells = (f"`{field.shown}`", field.help, field.kind.value, ops, examples)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
