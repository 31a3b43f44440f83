"""Modules that help tests of one folder are imported by their bare name, from wherever a test lies."""

import sys
from pathlib import Path

TESTS = Path(__file__).parent

for folder in (
    TESTS,
    *sorted(path for path in TESTS.iterdir() if path.is_dir() and path.name[0] not in "_."),
):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
