"""Numbers out of what a training prints: text made for people, of any framework or of none.

From the bytes on: `pieces` (lines, and the states of one that is drawn over), `text` (without
escapes and the furniture of loggers), then what a line says: `mapping`, `marks` (epoch, step),
`pairs` (name and number), judged by `words` and put together in `line`. What is carried from one
line to the next is in `steps`, `bars` and `boxes`, and `parser` leads them all. `patterns` are the user's own.
"""
