"""The catalogue: what lists of runs ask for, in one SQLite file that can be made again, `state/catalog.db`.

The facts are the folders of the runs, and `orp.db` says which of them have changed. One process writes
at a time (`state/catalog.lock`); everybody else reads what is there. All texts in it but those of the
documents are casefolded, since filters and groups take upper and lower case for the same.
"""
