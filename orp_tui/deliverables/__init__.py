"""Whether a run delivered what it declared; see `evaluate`."""
