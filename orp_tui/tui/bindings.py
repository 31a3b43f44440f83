"""Every key of the dashboard, with what it does and its twin on the command line.

The widgets take their bindings from here, and so do the help, the palette, the table in the
docs and the user's keymap: a key that is not in this table does not exist.
"""

from __future__ import annotations

import dataclasses

from textual.binding import Binding, BindingType


@dataclasses.dataclass(frozen=True)
class Key:
    """One act and the keys that do it."""

    id: str
    """For the user's keymap, as `queue.cancel`; the part before the dot is the place."""
    keys: str
    """Key names of Textual, with commas between; the first one is shown."""
    action: str
    label: str
    """One or two words for the footer."""
    tooltip: str
    """One sentence for help and palette."""
    twin: str = ""
    """The command line that does the same; empty if there is none."""
    alone: str = ""
    """Why there is no twin; exactly one of the two is given."""
    footer: bool = False
    """Whether the footer shows it while its place has the focus."""
    display: str = ""
    """How the key is written, where its name would not do."""


_SCREEN = "it is about the screen"
_READING = "it is about reading on the screen; `orp logs` and a pager do the same"

_ABOVE = ("app.help", "app.palette", "app.messages", "app.theme", "app.mouse", "app.redraw", "app.suspend")
"""Of the keys that are everywhere, those that mean something above another screen too."""

PLACES: dict[str, str] = {
    "app": "Everywhere",
    "list": "Lists",
    "queue": "Queue",
    "configs": "Configs",
    "config": "An experiment file",
    "runs": "Runs",
    "compare": "Compare",
    "lineage": "Lineage",
    "filter_prompt": "A filter that is typed",
    "tags": "Tags that are typed",
    "note": "A note that is written",
    "removal": "Runs to be deleted",
    "columns": "Columns of the runs",
    "views": "Saved views",
    "log": "Log",
    "checklist": "Deliverables",
    "chart": "Chart",
    "page": "Text",
    "artifacts": "Artifacts",
    "run": "A run",
    "preview": "A look into a file",
}
"""Place → its name on the screen, in the order of the help."""

KEYS: tuple[Key, ...] = (
    # Everywhere
    Key("app.dashboard", "1", "app.place('dashboard')", "Dashboard", "Go to the dashboard.", twin="orp status --watch"),
    Key("app.runs", "2", "app.place('runs')", "Runs", "Go to all runs there ever were: filter, sort, group, compare.", twin="orp runs"),
    Key("app.compare", "3", "app.place('compare')", "Compare", "Go to the last comparison of runs.", twin="orp compare RUN RUN"),
    Key("app.system", "5", "app.place('system')", "System", "Go to the machine: GPUs, host, who holds what.", twin="orp doctor"),
    Key("app.help", "question_mark,f1", "app.keys_here", "Help", "Show the keys of this place; Enter runs one.", twin="orp help", footer=True, display="?"),
    Key("app.palette", "colon,ctrl+p", "app.command_palette", "Command", "Find any act by its name and run it.", twin="orp --help", footer=True, display=":"),
    Key("app.next", "tab", "app.focus_next", "Next panel", "Go to the next panel.", alone=_SCREEN),
    Key("app.previous", "shift+tab", "app.focus_previous", "Previous panel", "Go to the panel before.", alone=_SCREEN),
    Key("app.next_tab", "right_square_bracket", "screen.turn_tab(1)", "Next tab", "Show the next tab of the run.", alone=_SCREEN, display="]"),
    Key("app.previous_tab", "left_square_bracket", "screen.turn_tab(-1)", "Tab before", "Show the tab before.", alone=_SCREEN, display="["),
    Key("app.zoom", "z", "screen.zoom", "Zoom", "Give the panel with the focus the whole screen, or take it back.", alone=_SCREEN, footer=True),
    Key("app.back", "escape", "screen.back", "Back", "One level back: out of a search, a filter, marks, a zoom, a screen.", alone=_SCREEN),
    Key("app.messages", "exclamation_mark", "app.messages", "Messages", "Read again what was said.", alone="what it said is in its answers", display="!"),
    Key("app.theme", "ctrl+t", "app.next_theme", "Theme", "Take the next theme: dark, light, of the terminal.", alone=_SCREEN),
    Key("app.mouse", "f2", "app.toggle_mouse", "Mouse", "Let the terminal have the mouse, or take it back.", alone=_SCREEN),
    Key("app.redraw", "ctrl+l", "app.redraw", "Redraw", "Draw the whole screen again; twice at once: print it bare, for copying.", alone=_SCREEN),
    Key("app.suspend", "ctrl+z", "app.suspend_process", "Suspend", "Give the shell its terminal; `fg` comes back.", alone=_SCREEN),
    Key("app.copy", "y", "screen.copy", "Copy", "Copy id, path, command, line or screen.", twin="orp info RUN"),
    Key("app.leave", "q", "app.leave", "Leave", "Leave; what runs goes on.", alone="a command ends by itself", footer=True),
    Key("app.interrupt", "ctrl+c", "app.interrupt", "Copy selection", "Copy what is selected; it never ends the dashboard.", alone=_SCREEN),
    # Lists
    Key("list.down", "j,down", "cursor_down", "Down", "Go down one row.", alone=_SCREEN, display="j"),
    Key("list.up", "k,up", "cursor_up", "Up", "Go up one row.", alone=_SCREEN, display="k"),
    Key("list.page_down", "pagedown,ctrl+d", "page_down", "Page down", "Go down a page.", alone=_SCREEN),
    Key("list.page_up", "pageup,ctrl+u", "page_up", "Page up", "Go up a page.", alone=_SCREEN),
    Key("list.first", "g,home", "first", "Top", "Go to the first row.", alone=_SCREEN),
    Key("list.last", "G,end", "last", "End", "Go to the last row.", alone=_SCREEN),
    # Queue
    Key("queue.open", "enter", "screen.open_run", "Open", "Show everything about the run.", twin="orp info RUN"),
    Key("queue.add", "a", "screen.focus_configs", "Add", "Go to the experiment files; `a` there queues one.", twin="orp queue submit FILE", footer=True),
    Key("queue.cancel", "x", "screen.cancel_runs(False)", "Cancel", "End the run: its stop signal, its grace, then SIGKILL.", twin="orp cancel RUN", footer=True),
    Key("queue.kill", "X", "screen.cancel_runs(True)", "Kill", "End the run at once, without grace.", twin="orp cancel RUN --grace 0"),
    Key("queue.hold", "s", "screen.hold_runs", "Hold", "Keep a waiting run from starting, or let it go.", twin="orp queue hold RUN", footer=True),
    Key("queue.down", "J", "screen.move_runs('down')", "Move down", "Let the waiting run start one place later.", twin="orp queue move RUN down", footer=True),
    Key("queue.up", "K", "screen.move_runs('up')", "Move up", "Let the waiting run start one place earlier.", twin="orp queue move RUN up", footer=True),
    Key("queue.top", "T", "screen.move_runs('top')", "To top", "Let the waiting run start first.", twin="orp queue move RUN top"),
    Key("queue.bottom", "B", "screen.move_runs('bottom')", "To bottom", "Let the waiting run start last.", twin="orp queue move RUN bottom"),
    Key("queue.raise", "plus,equals_sign", "screen.change_priority(1)", "Priority up", "Raise the run's priority by one.", twin="orp queue priority RUN N", display="+"),
    Key("queue.lower", "minus", "screen.change_priority(-1)", "Priority down", "Lower the run's priority by one.", twin="orp queue priority RUN N", display="-"),
    Key("queue.pause", "p", "screen.pause_group", "Pause", "Start nothing more of the run's group, or start again; what runs goes on.", twin="orp queue pause GROUP", footer=True),
    Key("queue.drain", "P", "screen.pause_queue", "Drain", "Start nothing more at all, or start again; what runs goes on.", twin="orp queue pause"),
    Key("queue.retry", "R", "screen.retry_runs", "Retry", "Run it again as a new run, of the same code.", twin="orp retry RUN", footer=True),
    Key("queue.resume", "r", "screen.resume_runs", "Resume", "Go on from its newest checkpoint, as a new run.", twin="orp resume RUN"),
    Key("queue.edit", "e", "screen.clone_run", "Clone & edit", "Edit a copy of its experiment and queue that as its child.", twin="orp clone RUN --edit"),
    Key("queue.drop", "d", "screen.drop_runs", "Drop", "Take the waiting run off the queue.", twin="orp queue clear RUN"),
    Key("queue.refreeze", "F", "screen.refreeze_runs", "Refreeze", "Give the waiting run the code as it is now.", twin="orp queue refreeze RUN"),
    Key("queue.bundle", "b", "screen.bundle_runs", "Zip", "Write the run's artifact zip, or write it again.", twin="orp artifacts bundle RUN"),
    Key("queue.mark", "space", "mark", "Mark", "Mark the run; verbs act on the marks.", alone="a command takes many runs"),
    Key("queue.mark_range", "v", "mark_range", "Mark range", "Mark from the last mark to here.", alone="a command takes many runs"),
    Key("queue.mark_all", "asterisk", "mark_all", "Mark all", "Mark all that is shown, or none.", twin="orp cancel --all-queued", display="*"),
    Key("queue.undo", "u", "screen.undo", "Undo", "Take back the last move, hold, priority or pause.", alone="a command says what undoes it"),
    Key("queue.redo", "U", "screen.redo", "Redo", "Do again what was undone.", alone="a command says what undoes it"),
    Key("queue.filter", "slash", "screen.filter_queue", "Filter", "Show only the rows that hold these words; `!` before a word: that don't.", alone="`orp status --json` and jq do it", footer=True, display="/"),
    Key("queue.sort", "o", "sort", "Sort", "Sort by the next column; O turns the order round.", alone=_SCREEN),
    Key("queue.reverse", "O", "reverse", "Reverse", "Turn the order round.", alone=_SCREEN),
    # Configs
    Key("configs.add", "a", "screen.add_config(False)", "Add", "Queue the experiment file, as it is.", twin="orp queue submit FILE", footer=True),
    Key("configs.options", "A", "screen.add_config(True)", "Add with options", "Queue it with GPUs, memory, a start time, dependencies, a time limit.", twin="orp run FILE --detach --set training.resources.gpus=N", footer=True),
    Key("configs.open", "enter", "screen.open_config", "Open", "Show the file and what is wrong with it; a folder opens or closes.", twin="orp validate FILE"),
    Key("configs.edit", "e", "screen.edit_config", "Edit", "Open the file in your editor.", twin="orp validate FILE", footer=True),
    Key("configs.copy", "c", "screen.copy_config", "Clone & edit", "Copy the file under a new name and open that in your editor.", alone="cp does it", footer=True),
    Key("configs.new", "n", "screen.new_config", "New", "Make an experiment file from a template.", twin="orp init", footer=True),
    Key("configs.mark", "space", "mark", "Mark", "Mark the file, or all of a folder; add acts on the marks.", twin="orp batch FILES"),
    Key("configs.mark_range", "v", "mark_range", "Mark range", "Mark from the last mark to here.", alone="a command takes many files"),
    Key("configs.mark_all", "asterisk", "mark_all", "Mark all", "Mark every experiment that is shown, or none.", twin="orp batch FOLDER", display="*"),
    Key("configs.close_folder", "left,h", "close_folder", "Close folder", "Close the folder, or go to the one around.", alone=_SCREEN),
    Key("configs.open_folder", "right,l", "open_folder", "Open folder", "Open the folder, or go into it.", alone=_SCREEN),
    Key("configs.undo", "u", "screen.undo", "Undo", "Take back the last add.", alone="a command says what undoes it"),
    Key("configs.redo", "U", "screen.redo", "Redo", "Do again what was undone.", alone="a command says what undoes it"),
    Key("configs.filter", "slash", "screen.filter_configs", "Filter", "Show only the files that hold these words.", alone="ls does it", display="/"),
    # An experiment file
    Key("config.edit", "e", "answer('edit')", "Edit", "Open the file in your editor.", twin="orp validate FILE", footer=True),
    Key("config.add", "a", "answer('add')", "Add", "Queue the experiment file, as it is.", twin="orp queue submit FILE", footer=True),
    Key("config.options", "A", "answer('options')", "Add with options", "Queue it with options.", twin="orp run FILE --detach --set KEY=VALUE", footer=True),
    Key("config.problem", "n", "problem(1)", "Next problem", "Go to the next thing that is wrong.", alone=_READING, footer=True),
    Key("config.problem_before", "N", "problem(-1)", "Problem before", "Go to what is wrong before this.", alone=_READING),
    Key("config.back", "escape,q,backspace,ctrl+c", "back", "Back", "Back to the screen before.", alone=_SCREEN, footer=True, display="Esc"),
    # Runs
    Key("runs.open", "enter", "open_row", "Open", "Show everything about the run; a group opens or closes.", twin="orp info RUN"),
    Key("runs.filter", "slash", "screen.filter_runs", "Filter", "Show only the runs that a filter finds, such as `state:failed cfg.lr>=1e-3 age<2d`.", twin="orp runs FILTER", footer=True, display="/"),
    Key("runs.views", "w", "screen.choose_view", "Views", "Go to a saved view by its digit, or save this one: filter, columns, order, groups.", twin="orp runs --view NAME", footer=True),
    Key("runs.sort", "o", "screen.choose_sort", "Sort", "Choose the column to sort by, or one more to sort by after it.", twin="orp runs --sort COLUMN", footer=True),
    Key("runs.reverse", "O", "screen.reverse_sort", "Reverse", "Turn the order round.", twin="orp runs --reverse"),
    Key("runs.columns", "C", "screen.choose_columns", "Columns", "Choose the columns and their order: facts, config keys, metrics.", twin="orp runs --columns NAMES", footer=True),
    Key("runs.group", "G", "screen.choose_groups", "Group", "Group by columns into a tree, with mean ± interval over the seeds; End goes to the last row.", twin="orp runs --group-by COLUMN", footer=True),
    Key("runs.compare", "c", "screen.compare_runs", "Compare", "Compare the marked runs: config, metrics, code, environment.", twin="orp compare RUN RUN", footer=True),
    Key("runs.parent", "d", "screen.compare_with_parent", "With parent", "Compare the run with its parent.", twin="orp compare RUN RUN", footer=True),
    Key("runs.lineage", "l", "screen.show_lineage", "Lineage", "Show where the run came from and what came of it.", twin="orp lineage RUN", footer=True),
    Key("runs.preview", "p", "screen.toggle_preview", "Preview", "Show the run under the cursor beside the list, or don't.", twin="orp info RUN"),
    Key("runs.verify", "V", "screen.verify_zip", "Verify zip", "Compare the run's zip with its manifest.", twin="orp artifacts verify RUN", footer=True),
    Key("runs.mark", "space", "mark", "Mark", "Mark the run; verbs act on the marks.", alone="a command takes many runs"),
    Key("runs.mark_range", "v", "mark_range", "Mark range", "Mark from the last mark to here.", alone="a command takes many runs"),
    Key("runs.mark_all", "asterisk", "mark_all", "Mark all", "Mark all that the filter finds, or none.", alone="a command takes a filter", display="*"),
    Key("runs.star", "f", "screen.star_runs", "Star", "Star the runs, or take the star away.", twin="orp star RUN", footer=True),
    Key("runs.tag", "t", "screen.tag_runs", "Tag", "Give the runs tags, or take some away.", twin="orp tag RUN", footer=True),
    Key("runs.note", "n", "screen.note_runs", "Note", "Write a note to the runs.", twin="orp note RUN", footer=True),
    Key("runs.archive", "E", "screen.archive_runs", "Archive", "Put the runs out of sight, or back; `is:archived` finds them.", twin="orp archive RUN"),
    Key("runs.delete", "D", "screen.delete_runs", "Delete", "Put the runs into the trash, after a look at their sizes.", twin="orp rm RUN"),
    Key("runs.share", "S", "screen.share_runs", "Share", "Let colleagues on this machine read the runs.", twin="orp share RUN"),
    Key("runs.bundle", "b", "screen.bundle_runs", "Zip", "Write the run's artifact zip, or write it again.", twin="orp artifacts bundle RUN"),
    Key("runs.edit", "e", "screen.clone_run", "Clone & edit", "Edit a copy of its experiment and queue that as its child.", twin="orp clone RUN --edit"),
    Key("runs.retry", "R", "screen.retry_runs", "Retry", "Run it again as a new run, of the same code.", twin="orp retry RUN"),
    Key("runs.resume", "r", "screen.resume_runs", "Resume", "Go on from its newest checkpoint, as a new run.", twin="orp resume RUN"),
    Key("runs.cancel", "x", "screen.cancel_runs(False)", "Cancel", "End the run: its stop signal, its grace, then SIGKILL.", twin="orp cancel RUN"),
    Key("runs.undo", "u", "screen.undo", "Undo", "Take back the last star, tag, archiving or removal.", alone="a command says what undoes it"),
    Key("runs.redo", "U", "screen.redo", "Redo", "Do again what was undone.", alone="a command says what undoes it"),
    Key("runs.left", "left", "go_left", "Left", "Close the group or go to the one around; without groups: see the columns at the left.", alone=_SCREEN),
    Key("runs.right", "right", "go_right", "Right", "Open the group; without groups: see the columns that do not fit at the right.", alone=_SCREEN),
    Key("runs.columns_left", "less_than_sign,shift+left", "sideways(-1)", "Columns left", "See the columns at the left.", alone=_SCREEN, display="<"),
    Key("runs.columns_right", "greater_than_sign,shift+right", "sideways(1)", "Columns right", "See the columns that do not fit at the right.", alone=_SCREEN, display=">"),
    Key("runs.refresh", "ctrl+r", "screen.look_again", "Look again", "Read what has changed at once.", twin="orp runs"),
    # A filter that is typed; what is not here is a letter of it
    Key("filter_prompt.complete", "tab", "complete(1)", "Complete", "Complete the word at the cursor; again: the next choice.", alone=_SCREEN, footer=True),
    Key("filter_prompt.complete_before", "shift+tab", "complete(-1)", "Choice before", "Take the choice before.", alone=_SCREEN),
    Key("filter_prompt.older", "up", "recall(-1)", "Filter before", "Bring back the filter that was kept before.", alone=_SCREEN, footer=True),
    Key("filter_prompt.newer", "down", "recall(1)", "Filter after", "Bring back the filter that was kept after it.", alone=_SCREEN),
    Key("filter_prompt.keep", "enter", "keep", "Keep", "Keep the filter and go back to the list.", twin="orp runs FILTER", footer=True),
    Key("filter_prompt.give_up", "escape,ctrl+c", "give_up", "Back", "Take the filter back that was there before.", alone=_SCREEN, footer=True, display="Esc"),
    # What is typed or asked before runs are tagged, noted or deleted
    Key("tags.complete", "tab", "complete(1)", "Complete", "Complete the tag at the cursor; again: the next one.", alone=_SCREEN, footer=True),
    Key("tags.complete_before", "shift+tab", "complete(-1)", "Tag before", "Take the choice before.", alone=_SCREEN),
    Key("tags.keep", "enter", "keep", "Tag", "Give the runs these tags, and take those away that have a - before them.", twin="orp tag RUN", footer=True),
    Key("tags.back", "escape,ctrl+c", "back", "Back", "Back, with all tags as they were.", alone=_SCREEN, footer=True, display="Esc"),
    Key("note.keep", "ctrl+d", "keep", "Keep", "Write the note to the runs.", twin="orp note RUN", footer=True),
    Key("note.editor", "ctrl+o", "edit", "Editor", "Go on writing in your editor.", twin="orp note RUN", footer=True),
    Key("note.back", "escape,ctrl+c", "back", "Back", "Back without a note; twice where something is written.", alone=_SCREEN, footer=True, display="Esc"),
    Key("removal.yes", "y", "answer(True)", "Delete", "Put the runs into the trash.", twin="orp rm RUN", footer=True),
    Key("removal.no", "n,escape,q,ctrl+c", "answer(False)", "Back", "Leave the runs where they are.", alone=_SCREEN, footer=True, display="Esc"),
    # Columns of the runs, and saved views
    Key("columns.take", "enter", "take", "Take", "Take what is chosen; in a sort: this column alone.", alone=_SCREEN, footer=True),
    Key("columns.choose", "space", "choose", "Choose", "Choose the column, or leave it out; in a sort: one more to sort by.", alone=_SCREEN, footer=True),
    Key("columns.down", "J", "shift_column(1)", "Move down", "Let the column come one place later.", alone=_SCREEN, footer=True),
    Key("columns.up", "K", "shift_column(-1)", "Move up", "Let the column come one place earlier.", alone=_SCREEN, footer=True),
    Key("columns.usual", "u", "take_usual", "Usual", "The usual ones again.", alone=_SCREEN, footer=True),
    Key("columns.find", "slash", "find_column", "Find", "Show only the columns whose names hold these words.", alone=_SCREEN, footer=True, display="/"),
    Key("columns.back", "escape,q,ctrl+c", "back", "Back", "Back, with everything as it was.", alone=_SCREEN, footer=True, display="Esc"),
    Key("views.take", "enter", "take", "Take", "Go to the view under the cursor; its digit does so at once.", twin="orp runs --view NAME", footer=True),
    Key("views.save", "s", "save_view", "Save", "Save what is shown now as a view.", twin="orp runs FILTER --save-view NAME", footer=True),
    Key("views.delete", "D", "delete_view", "Delete", "Delete the view under the cursor.", twin="orp runs --drop-view NAME", footer=True),
    Key("views.back", "escape,q,w,ctrl+c", "back", "Back", "Back, with everything as it was.", alone=_SCREEN, footer=True, display="Esc"),
    # Log
    Key("log.follow", "f", "follow", "Follow", "Stay at the end as the log grows, or don't.", twin="orp logs RUN -f", footer=True),
    Key("log.search", "slash", "search", "Search", "Find text in the whole log; n and N go on.", alone=_READING, footer=True, display="/"),
    Key("log.next", "n", "next_hit(1)", "Next hit", "Go to the next hit.", alone=_READING),
    Key("log.previous", "N", "next_hit(-1)", "Hit before", "Go to the hit before.", alone=_READING),
    Key("log.filter", "ampersand", "filter", "Filter", "Show only lines that match; `!` first: that don't.", alone=_READING, footer=True, display="&"),
    Key("log.error", "e", "next_error(1)", "Next error", "Go to the next line that tells of an error.", alone=_READING, footer=True),
    Key("log.error_before", "E", "next_error(-1)", "Error before", "Go to the error before.", alone=_READING),
    Key("log.wrap", "w", "wrap", "Wrap", "Fold long lines, or let them run out of sight.", alone=_READING, footer=True),
    Key("log.stream", "l", "stream", "Stream", "Show stdout, stderr, or both.", twin="orp logs RUN --stderr", footer=True),
    Key("log.mark", "m", "mark_line", "Mark line", "Remember this line under the letter that follows.", alone=_READING),
    Key("log.to_mark", "apostrophe", "go_to_mark", "Go to mark", "Go to the line of the letter that follows.", alone=_READING, display="'"),
    Key("log.go_to", "ctrl+g", "go_to", "Go to", "Go to a line by its number, or to a percentage.", alone=_READING),
    Key("log.pager", "v", "screen.page_log", "Pager", "Open the log in your pager.", twin="orp logs RUN | less -R", footer=True),
    Key("log.top", "g,home", "top", "Top", "Go to the first line.", alone=_READING),
    Key("log.bottom", "G,end", "bottom", "End", "Go to the end, and follow.", alone=_READING),
    Key("log.down", "j,down", "scroll_lines(1)", "Line down", "Go one line down.", alone=_READING),
    Key("log.up", "k,up", "scroll_lines(-1)", "Line up", "Go one line up; following pauses.", alone=_READING),
    Key("log.page_down", "pagedown", "scroll_pages(1)", "Page down", "Go one page down.", alone=_READING),
    Key("log.page_up", "pageup", "scroll_pages(-1)", "Page up", "Go one page up.", alone=_READING),
    Key("log.half_down", "ctrl+d", "scroll_pages(0.5)", "Half down", "Go half a page down.", alone=_READING),
    Key("log.half_up", "ctrl+u", "scroll_pages(-0.5)", "Half up", "Go half a page up.", alone=_READING),
    Key("log.left", "left", "sideways(-1)", "Left", "See what has left at the left.", alone=_READING),
    Key("log.right", "right", "sideways(1)", "Right", "See what does not fit at the right.", alone=_READING),
    # Deliverables
    Key("checklist.open", "enter", "open_deliverable", "Open", "Look into the file without leaving.", twin="orp info RUN", footer=True),
    # Chart
    Key("chart.next", "c", "next_metric(1)", "Next metric", "Draw the next metric.", twin="orp metrics RUN --plot", footer=True),
    Key("chart.previous", "C", "next_metric(-1)", "Metric before", "Draw the metric before.", twin="orp metrics RUN --plot"),
    Key("chart.log", "L", "log_scale", "Log scale", "Draw the values on a logarithmic scale, or not.", twin="orp metrics RUN --plot --log", footer=True),
    Key("chart.axis", "t", "axis", "Axis", "Draw over steps, over epochs, over the time since the start, or over the clock.", twin="orp metrics RUN --plot --by epoch", footer=True),
    Key("chart.smoother", "full_stop", "smooth(1)", "Smoother", "Smooth the line more.", twin="orp metrics RUN --plot --smooth 0.9", display="."),
    Key("chart.rougher", "comma", "smooth(-1)", "Rougher", "Smooth the line less.", twin="orp metrics RUN --plot --smooth 0", display=","),
    Key("chart.layout", "m", "layout", "Charts", "Show one metric, two, or four at once, as many as there is room for.", twin="orp metrics RUN --plot", footer=True),
    Key("chart.filter", "slash", "screen.filter_chart", "Find metric", "Go to the first metric whose name holds these words; c then stays among such.", twin="orp metrics RUN --plot --metric NAME", footer=True, display="/"),
    Key("chart.members", "s", "members", "Seeds", "Draw runs that differ by their seed as one line with a band, or each for itself.", twin="orp metrics RUN --plot"),
    Key("chart.left", "left,h", "move(-1)", "Cursor left", "Move the cursor a column to the left; its step and values stand in the title.", alone=_SCREEN),
    Key("chart.right", "right,l", "move(1)", "Cursor right", "Move the cursor a column to the right.", alone=_SCREEN),
    Key("chart.far_left", "shift+left", "move(-10)", "Ten left", "Move the cursor ten columns to the left.", alone=_SCREEN),
    Key("chart.far_right", "shift+right", "move(10)", "Ten right", "Move the cursor ten columns to the right.", alone=_SCREEN),
    Key("chart.to_log", "enter", "to_log", "Log there", "Go to the line of the log that tells of the step under the cursor.", alone=_READING),
    Key("chart.zoom_in", "plus,equals_sign", "zoom(0.5)", "Zoom in", "Show half as much, around the cursor, from the raw points there.", twin="orp metrics RUN --plot --from X --to X", footer=True, display="+"),
    Key("chart.zoom_out", "minus", "zoom(2)", "Zoom out", "Show twice as much.", twin="orp metrics RUN --plot --from X --to X", display="-"),
    Key("chart.range", "v", "choose_range", "Zoom to range", "Begin a range at the cursor; again: show that range alone.", twin="orp metrics RUN --plot --from X --to X"),
    Key("chart.whole", "0", "whole", "Show all", "Show all there is, from the first point to the last.", twin="orp metrics RUN --plot"),
    Key("chart.pan_left", "less_than_sign", "pan(-1)", "Pan left", "Show what lies left of a zoomed part.", alone=_SCREEN, display="<"),
    Key("chart.pan_right", "greater_than_sign", "pan(1)", "Pan right", "Show what lies right of a zoomed part.", alone=_SCREEN, display=">"),
    Key("chart.write", "w", "screen.write_chart", "Write to file", "Write the chart as SVG or PNG, or its points as CSV, into the folder the dashboard was started in.", twin="orp metrics RUN --plot --export FILE", footer=True),
    # Compare
    Key("compare.open", "enter", "screen.open_column", "Open", "Show everything about the run of the column.", twin="orp info RUN"),
    Key("compare.left", "left,h", "screen.column(-1)", "Run before", "Go to the run at the left.", alone=_SCREEN),
    Key("compare.right", "right,l", "screen.column(1)", "Next run", "Go to the run at the right.", alone=_SCREEN),
    Key("compare.all", "a", "screen.all_rows", "All rows", "Show the rows that are the same in all runs too, or only those that differ.", twin="orp compare RUN RUN --all", footer=True),
    Key("compare.baseline", "b", "screen.baseline", "Baseline", "Compare the others with the run of this column.", twin="orp compare RUN RUN --baseline RUN", footer=True),
    Key("compare.drop", "x", "screen.drop_column", "Take out", "Take the run of the column out of the comparison; the run itself stays.", alone="name fewer runs", footer=True),
    Key("compare.undo", "u", "screen.undo_drop", "Put back", "Put back the run that was taken out last.", alone="name the run again"),
    Key("compare.fold", "f", "screen.fold_seeds", "Fold seeds", "Show runs that differ by their seed alone as one column with mean ± interval, or each.", twin="orp compare RUN RUN --fold-seeds", footer=True),
    Key("compare.section", "space", "screen.fold_section", "Fold section", "Hide the rows of the section, or show them.", alone=_SCREEN),
    Key("compare.filter", "slash", "screen.filter_rows", "Find rows", "Show only the rows whose names hold these words.", alone="grep does it", footer=True, display="/"),
    Key("compare.write", "w", "screen.write_comparison", "Write to file", "Write what is seen as Markdown, CSV, LaTeX, JSON or text.", twin="orp compare RUN RUN -o FILE", footer=True),
    Key("compare.metric", "c", "screen.next_metric(1)", "Next metric", "Draw the next metric, or show it step by step.", twin="orp compare RUN RUN --steps METRIC", footer=True),
    Key("compare.metric_before", "C", "screen.next_metric(-1)", "Metric before", "Draw the metric before, or show it step by step.", twin="orp compare RUN RUN --steps METRIC"),
    Key("compare.axis", "t", "screen.next_axis", "Axis", "Compare at steps, at epochs, or at times since the start.", twin="orp compare RUN RUN --steps METRIC --by epoch", footer=True),
    Key("compare.relative", "d", "screen.relative", "Difference", "Show step by step what each run has more than the baseline, or the values.", twin="orp compare RUN RUN --steps METRIC --relative", footer=True),
    Key("compare.more", "plus,equals_sign", "screen.more_rows(2)", "More steps", "Show twice as many steps.", twin="orp compare RUN RUN --steps METRIC --rows N", display="+"),
    Key("compare.fewer", "minus", "screen.more_rows(0.5)", "Fewer steps", "Show half as many steps.", twin="orp compare RUN RUN --steps METRIC --rows N", display="-"),
    Key("compare.refresh", "r", "screen.look_again", "Look again", "Read the runs again at once.", twin="orp compare RUN RUN"),
    # Lineage
    Key("lineage.open", "enter", "screen.open_run", "Open", "Show everything about the run.", twin="orp info RUN", footer=True),
    Key("lineage.parent", "left,h", "screen.go_to_parent", "Parent", "Go to the run that it was made from.", twin="orp lineage RUN --up", footer=True, display="h"),
    Key("lineage.child", "right,l", "screen.go_to_child", "Child", "Go to the first run that was made from it.", twin="orp lineage RUN --down", footer=True, display="l"),
    Key("lineage.next", "n", "screen.go_to_sibling(1)", "Next beside", "Go to the next run made from the same parent.", alone=_SCREEN),
    Key("lineage.before", "N", "screen.go_to_sibling(-1)", "Beside before", "Go to the run before made from the same parent.", alone=_SCREEN),
    Key("lineage.compare", "d", "screen.compare_with_parent", "With parent", "Compare the run with the one that it was made from.", twin="orp compare RUN RUN", footer=True),
    Key("lineage.centre", "o", "screen.centre", "Around it", "Show the tree around the run under the cursor: all that was made from it.", twin="orp lineage RUN", footer=True),
    Key("lineage.fold", "f", "screen.fold_seeds", "Fold seeds", "Show children that differ by their seed alone as one line, or each.", twin="orp lineage RUN --seeds"),
    Key("lineage.refresh", "ctrl+r", "screen.look_again", "Look again", "Read the runs again at once.", twin="orp lineage RUN"),
    # Artifacts, text, and a look into a file
    Key("artifacts.extract", "x", "screen.extract_artifact", "Extract", "Write the file out of the zip into a folder; what is there already is asked about.", twin="orp artifacts extract RUN MEMBER", footer=True),
    Key("artifacts.filter", "slash", "screen.filter_artifacts", "Find files", "Show only the files whose names hold these words; `!` before a word: that don't.", twin="orp artifacts list RUN", footer=True, display="/"),
    Key("artifacts.sort", "o", "sort", "Sort", "Sort by the next of order in the zip, name, size; O turns the order round.", alone="`orp artifacts list --json` and jq do it"),
    Key("artifacts.reverse", "O", "reverse", "Reverse", "Turn the order round.", alone=_SCREEN),
    Key("artifacts.open", "enter", "open_artifact", "Open", "Look into the file without unpacking the zip.", twin="orp artifacts list RUN", footer=True),
    Key("artifacts.verify", "V", "verify", "Verify", "Compare the whole zip with its manifest.", twin="orp artifacts verify RUN", footer=True),
    Key("run.lineage", "l", "screen.show_lineage", "Lineage", "Show where the run came from and what came of it.", twin="orp lineage RUN", footer=True),
    Key("run.refresh", "ctrl+r", "look_again", "Look again", "Read the run again at once.", twin="orp info RUN"),
    Key("page.left", "left,h", "sideways(-1)", "Left", "Show what is further left.", alone=_SCREEN),
    Key("page.right", "right,l", "sideways(1)", "Right", "Show what is further right.", alone=_SCREEN),
    Key("preview.open", "enter", "open_entry", "Open", "Look into the file or folder under the cursor.", twin="orp artifacts list RUN", footer=True),
    Key("preview.back", "escape,q,backspace,ctrl+c", "back", "Back", "One look back, or to the screen before.", alone=_SCREEN, footer=True, display="Esc"),
    Key("preview.again", "r", "look_again", "Look again", "Read the file again: it may have changed.", alone=_READING, footer=True),
    Key("preview.copy", "y", "copy_path", "Copy path", "Copy the path of what is shown.", alone=_SCREEN, footer=True),
)  # fmt: skip


def keys_of(place: str) -> tuple[Key, ...]:
    """The keys of a place, in the order of the table."""
    return tuple(key for key in KEYS if key.id.partition(".")[0] == place)


def bindings(place: str) -> list[BindingType]:
    """What a widget or an app of that place binds."""
    return [_binding(key) for key in keys_of(place)]


def bindings_above() -> list[BindingType]:
    """What a screen that lies above another binds of the keys that are everywhere: it hears none of the app's own."""
    return [_binding(key) for key in keys_of("app") if key.id in _ABOVE]


def _binding(key: Key) -> Binding:
    return Binding(
        key.keys,
        key.action,
        key.label,
        show=key.footer,
        key_display=key.display or None,
        tooltip=key.tooltip,
        id=key.id,
        priority=False,
    )
