"""Run ids: sortable by time, short enough to type a prefix of."""

from __future__ import annotations

import datetime
import re

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # base 32 without i, l, o, u: nothing to misread
_RUN_ID = re.compile(r"exp_\d{8}_\d{6}_[0-9a-hj-km-np-tv-z]{4,8}")
_ALONE = re.compile(rf"(?<![\w/.]){_RUN_ID.pattern}(?![\w/])")
"""Not within a path."""


def run_id(now: datetime.datetime, random: int) -> str:
    """`exp_YYYYMMDD_HHMMSS_xxxx` from a UTC time and at least 20 random bits."""
    tail = "".join(_ALPHABET[(random >> (5 * place)) & 31] for place in range(4))
    return f"exp_{now:%Y%m%d_%H%M%S}_{tail}"


def is_run_id(text: str) -> bool:
    """Whether `text` has the form of a run id."""
    return _RUN_ID.fullmatch(text) is not None


def with_short_ids(text: str) -> str:
    """`text` with every run id in it as its last part, which tables show and commands take; paths stay as they are."""
    return _ALONE.sub(lambda found: found[0].rpartition("_")[2], text)
