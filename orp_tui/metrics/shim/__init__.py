"""A folder for the end of PYTHONPATH; see `orp_tui/__init__.py` inside it."""
