"""Two runs to fifty side by side: what differs, how each metric came out, step by step, and as a table for a paper."""
