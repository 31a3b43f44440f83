"""The language in which runs are looked for: the same in dashboard, command line and Python."""
