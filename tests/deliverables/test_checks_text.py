"""Checks of text."""

from __future__ import annotations

import time

import pytest
from checked_workspace import Workspace

REPORT = """Study of Digits
===============

## 1. Method ##

```
# not a heading
## Results
```

### **Results** and `notes`

Conclusion
----------
"""


def test_a_pattern_is_counted_line_by_line(workspace: Workspace) -> None:
    workspace.write("log.txt", "epoch 1 done\nepoch 2 done\n")

    result = workspace.check("log.txt", "regex", pattern=r"^epoch \d+ done$", min_matches=2)

    assert (result.detail, result.value) == ("2 matches, the first: epoch 1 done", 2)
    assert workspace.fails("log.txt", "regex", pattern="error") == "0 matches of error, needs 1"


def test_text_that_is_cut_within_a_character_is_read(workspace: Workspace) -> None:
    workspace.write("log.txt", "żółw done ż".encode()[:-1])

    workspace.passes("log.txt", "regex", pattern="żółw done")


def test_a_bad_pattern_is_an_error(workspace: Workspace) -> None:
    workspace.write("log.txt", "x")

    assert "the pattern is invalid" in workspace.errs("log.txt", "regex", pattern="(")


def test_a_pattern_that_backtracks_for_ever_is_stopped(workspace: Workspace) -> None:
    workspace.write("log.txt", "a" * 60 + "b")
    begun = time.monotonic()

    detail = workspace.errs("log.txt", "regex", pattern="(a+)+$", timeout_s=1)

    assert detail == "not done after 1 s; stopped"
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    "section",
    [
        "Study of digits",
        "# Study of Digits",
        "Method",
        "1. method",
        "## Method",
        "results AND notes",
        "## Conclusion",
    ],
)
def test_sections_are_found(workspace: Workspace, section: str) -> None:
    workspace.write("report.md", REPORT)

    assert workspace.passes("report.md", "contains_sections", sections=[section]) == f"has {section}"


@pytest.mark.parametrize("section", ["not a heading", "Results", "### Method", "Appendix"])
def test_sections_that_are_not_there_are_named(workspace: Workspace, section: str) -> None:
    workspace.write("report.md", REPORT)

    detail = workspace.fails("report.md", "contains_sections", sections=["Conclusion", section])

    assert detail.startswith(f"missing section: {section} (has: Study of Digits, 1. Method, ")


def test_headings_of_html(workspace: Workspace) -> None:
    workspace.write(
        "report.html",
        "<h1 class='a'>Big &amp; <b>Bold</b></h1><h2>Cut <h3>Off</h3><h9>No</h9>" + "<h1>" * 100_000,
    )

    workspace.passes("report.html", "contains_sections", sections=["# Big & Bold", "### Off"])
    assert workspace.fails("report.html", "contains_sections", sections=["Cut", "No"]).startswith(
        "missing section: Cut, No"
    )


def test_a_gigabyte_without_newline_takes_no_memory(workspace: Workspace) -> None:
    with workspace.write("report.md", "# One\n").open("r+b") as file:
        file.truncate(50 * 1024**2)

    workspace.passes("report.md", "contains_sections", sections=["One"])
