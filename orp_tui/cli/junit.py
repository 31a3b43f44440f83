"""Results as JUnit XML, for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

from orp_tui.core.result import ExperimentResult
from orp_tui.core.sanitise import sanitise


def write_junit(path: Path, results: Sequence[ExperimentResult]) -> None:
    """One test case a run; what did not succeed is a failure, what was lost an error.

    Raises OSError if the file can't be written.
    """
    failed = sum(result.status in ("failed", "incomplete", "cancelled") for result in results)
    lost = sum(result.status == "lost" for result in results)
    suite = Element(
        "testsuite", name="orp", tests=str(len(results)), failures=str(failed), errors=str(lost),
        time=f"{sum(result.duration_s or 0 for result in results):.3f}",
    )  # fmt: skip
    for result in results:
        case = SubElement(
            suite, "testcase", classname="experiment", name=f"{sanitise(result.name)} {result.experiment_id}",
            time=f"{result.duration_s or 0:.3f}",
        )  # fmt: skip
        if not result.succeeded:
            tag = "error" if result.status == "lost" else "failure"
            words = sanitise(result.error_message or result.reason)
            SubElement(case, tag, type=result.reason, message=words).text = words
    ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
