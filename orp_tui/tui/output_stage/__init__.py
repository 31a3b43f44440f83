"""The output stage: a driver that sends a terminal only what changed, when it has taken the last.

`choice.choose_driver` says whether an app gets it. The parts, from the app to the terminal:
`frames` reads what Textual writes into a `screen`; `patches` (with `spans`, `scrolls`, `pens`)
finds the least bytes from what the terminal shows to what it should show; `pacing` says when
they may go; `stage` puts these together; `writer` is the thread that sends; `answers` takes the
terminal's answers out of what is typed; `driver` is the Textual driver made of it all.
"""
