"""One showing of the dashboard: what it is made of, and what is said and kept when it is over.

Imported when the first line is on the screen already; it brings Textual.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from orp_tui.core.errors import OrpError
from orp_tui.services.context import Context, configs_folder, open_context
from orp_tui.services.dashboard_state import forget_state, newest_state, read_state, write_state
from orp_tui.tui.crash import Faults, watch_for_faults, write_report
from orp_tui.tui.first_look import first_look, queue_lines
from orp_tui.tui.manners import Manners, textual_variables
from orp_tui.tui.options import Options, is_served
from orp_tui.tui.output_stage.choice import choose_driver
from orp_tui.tui.place import Place
from orp_tui.tui.skeleton import Skeleton, continued_by

if TYPE_CHECKING:
    from orp_tui.services.board import Board
    from orp_tui.services.demo import Demo
    from orp_tui.tui.app import OrpApp


@dataclasses.dataclass
class Session:
    """The app and everything around it."""

    context: Context
    manners: Manners
    app: OrpApp
    faults: Faults
    demo: Demo | None = None
    report: Path | None = None
    """Where the faults are told of, once there is such a file."""

    def run(self) -> None:
        """Show the dashboard until it is left."""
        self.app.run(mouse=self.manners.mouse)

    def farewell(self) -> tuple[list[str], list[BaseException]]:
        """What to say to the shell, and the errors by which it ended; keeps the place.

        A place in which it broke is forgotten, lest it break there again at every start.
        """
        lines = self._words()
        if self.faults.is_fatal:
            forget_state(self.context.paths)
            lines = []
        elif not_kept := write_state(self.context.paths, self._place().to_json()):
            lines.append(not_kept)
        if self.faults.errors:
            with contextlib.suppress(OSError):
                self.report = write_report(self.faults.errors, said=self.app.said, facts=self._facts())
        if self.report is not None and not self.faults.is_fatal:
            lines.append(f"something broke meanwhile, and the dashboard went on: see {self.report}")
        return lines, self.faults.errors if self.faults.is_fatal else []

    def _words(self) -> list[str]:
        from orp_tui.services.leaving import last_look

        given = self.app.return_value
        lines = given.splitlines() if given else last_look(self.context, base_option=self._base_option())
        return lines if self.demo is None else [*lines[:1], *self.demo.words()]

    def _base_option(self) -> str:
        """What a command given here must add to mean the same base directory; empty if nothing."""
        import shlex

        try:
            same = open_context().paths == self.context.paths
        except OrpError:
            same = False
        return "" if same else f" --base-dir {shlex.quote(str(self.context.paths.base))}"

    def _place(self) -> Place:
        place = self.app.place
        few = self.manners.colours in ("none", "16")
        return place if few else dataclasses.replace(place, theme=self.app.theme)

    def _facts(self) -> dict[str, str]:
        size = self.app.size
        return {
            "screen": f"{size.width}x{size.height}",
            "theme": self.app.theme,
            "manners": repr(self.manners),
            "where": " > ".join(type(screen).__name__ for screen in self.app.screen_stack),
        }


def new_session(options: Options, manners: Manners, skeleton: Skeleton) -> Session:
    """Everything that is needed to show the dashboard.

    Raises OrpError for settings or a folder that can't be used.
    """
    context, demo = _context(options)
    place = Place.from_json(read_state(context.paths))
    if place.theme is None:
        place = dataclasses.replace(place, theme=Place.from_json(newest_state()).theme)
    board = first_look(context)
    if board is not None and not place.filter and place.sort in ("", "state"):
        skeleton.show_queue(lambda width: queue_lines(board, width, ascii_only=manners.ascii))
    app = _app(context, manners, configs_folder(context, options.configs_dir), place, board)
    if not is_served(os.environ):
        # Exported, as by `eval $(resize)`, they outrank what the terminal says of itself: no resize is seen.
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)
        staged = choose_driver(os.environ, "on" if manners.output_stage else "off")
        app.driver_class = continued_by(skeleton, staged or app.driver_class)
    faults = Faults()
    watch_for_faults(app, faults)
    return Session(context, manners, app, faults, demo)


def _context(options: Options) -> tuple[Context, Demo | None]:
    if options.demo:
        from orp_tui.services.demo import open_demo

        demo = open_demo()
        return open_context(start=demo.folder), demo
    near = options.configs_dir / "any.yaml" if options.configs_dir is not None else None
    return open_context(base_dir=options.base_dir, near=near), None


def _app(context: Context, manners: Manners, configs_dir: Path, place: Place, board: Board | None) -> OrpApp:
    """The app, made while Textual's variables are set: it reads them at its import, and in its constructor."""
    served = (
        {name: None for name in os.environ if name.startswith("TEXTUAL")} if is_served(os.environ) else {}
    )
    with variables(textual_variables(manners, os.environ)):
        from orp_tui.tui.app import OrpApp

        app = OrpApp(context, manners, configs_dir=configs_dir, place=place, board=board)
    for name in served:
        # Of the server and not of the user: no run is to inherit them.
        os.environ.pop(name, None)
    return app


@contextlib.contextmanager
def variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """The environment with these variables, for a moment: runs that are queued later must not inherit them."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
