"""Parts of a screen, each of which shows plain values and posts messages."""
