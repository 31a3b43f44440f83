"""What was read of the metrics of all runs, in one SQLite file that can be made again: `state/metrics.db`.

The truth are the files of the runs. The observer alone writes here, points and the mark of the
file they came from in one transaction; everybody else reads, and goes on in the files from the
marks. A cache that is missing, damaged, locked or of another version is as good as an empty one; who finds
it damaged sets it aside, whereupon its writer makes another.

It lies with the metrics and not in `store`: it is about files of metrics, the database of the
queue has nothing to do with it, and what is below `metrics` may not know its values.
"""
