"""Modules that help tests of one folder are imported by their bare name, from wherever a test lies."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parent

for folder in (
    TESTS,
    *sorted(path for path in TESTS.iterdir() if path.is_dir() and path.name[0] not in "_."),
):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

# Made-up GPUs are claimed machine-wide: tests side by side, and whoever tries ORP meanwhile, must not share them.
CLAIMS = tempfile.mkdtemp(prefix="orp-claims-")
os.environ["ORP_CLAIMS_DIR"] = CLAIMS
atexit.register(shutil.rmtree, CLAIMS, ignore_errors=True)
