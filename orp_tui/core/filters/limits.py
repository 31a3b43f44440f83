"""How large a filter may be, so that neither a screen nor SQLite is held up by one."""

from __future__ import annotations

MAX_LENGTH = 4000
MAX_DEPTH = 12
"""Brackets and `-` within one another: SQLite before 3.46 takes 16 of them as SQL."""
MAX_TERMS = 200
"""Words and comparisons: SQLite takes an expression no deeper than 1,000."""
MAX_STARS = 16
"""In one pattern: a search takes longer with every star."""
