"""Catches up with a base directory in small batches and says so when it is done; tests kill it, or run several.

`python catalog_writing.py BASE`
"""

from __future__ import annotations

import sys
from pathlib import Path

from orp_tui.services import catalog_catch_up
from orp_tui.services.catalog import Catalog
from orp_tui.services.context import open_context

BATCH = 8


def main() -> None:
    """Once, whole."""
    catalog_catch_up.BATCH = BATCH
    base = Path(sys.argv[1])
    catalog = Catalog(open_context(start=base.parent, base_dir=str(base)))
    done = catalog.catch_up()
    assert not done.problem, done.problem
    print(done.read, flush=True)
    catalog.close()


if __name__ == "__main__":
    main()
