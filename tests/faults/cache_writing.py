"""Writes a run into a cache in many portions and says what it is sure of; tests kill it.

`python cache_writing.py CACHE`: it goes on where the cache stands, to 6,000 points.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "metrics"))

from cached import OWN, news, points

from orp_tui.metrics.cache.writer import CacheWriter

END = 6_000
PORTIONS = (1, 500, 700, 1024, 1500)


def main() -> None:
    """Say each end that was written, when it was."""
    writer = CacheWriter(Path(sys.argv[1]))
    at = writer.marks("a").get(OWN.key, {"at": 0})["at"]
    turn = 0
    while at < END:
        end = min(END, at + PORTIONS[turn % len(PORTIONS)])
        found = {"loss": points(at, end), f"m{at}": points(0, 3)}
        writer.write([news("a", found, end)])
        print(end, flush=True)
        at, turn = end, turn + 1


if __name__ == "__main__":
    main()
