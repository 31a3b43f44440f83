"""Textual's driver for Linux with the output stage in it."""

from __future__ import annotations

import contextlib
import os
import selectors
from codecs import getincrementaldecoder
from typing import TYPE_CHECKING, Any

from textual import events
from textual._parser import ParseError
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from orp_tui.tui.output_stage.answers import AnswerParser
from orp_tui.tui.output_stage.stage import Stats
from orp_tui.tui.output_stage.writer import StageWriter

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

LOOK_S = 0.1
"""How often the parser looks whether a key that may begin a sequence stands alone."""
READ_BYTES = 4096


class StagedDriver(LinuxDriver):
    """Sends only what changed, and the next frame only when the terminal has taken the last."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._stage_writer: StageWriter | None = None

    @property
    def stats(self) -> Stats:
        """What was sent since the app started, or came back from the background."""
        return Stats() if self._stage_writer is None else self._stage_writer.stats

    def write(self, data: str) -> None:
        """Take what the app writes."""
        if self._stage_writer is not None:
            self._stage_writer.write(data)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        # Textual draws on standard error; without one it would have failed before.
        assert self._file is not None
        self._file.flush()
        terminal = self._file.fileno()
        if self._stage_writer is not None:
            # A process that was stopped without being asked goes on as if it started.
            self._stage_writer.stop()
        self._stage_writer = StageWriter(terminal, super()._get_terminal_size(), draw_again=self._draw_again)
        self._stage_writer.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self.input_tty and os.isatty(terminal):
            self._stage_writer.ask()

    def _sigcont_application(self, *arguments: object) -> None:
        """Go on after Ctrl+Z: Textual takes the terminal, but would paint only what changed since."""
        super()._sigcont_application(*arguments)
        if self._auto_restart:
            self._draw_again()

    def disable_input(self) -> None:
        """Read no more keys; the answers that are on their way are still read."""
        if self._stage_writer is not None and self._key_thread is not None and self._key_thread.is_alive():
            self._stage_writer.ask_no_more()
        super().disable_input()

    def close(self) -> None:
        """Send what is left."""
        if self._stage_writer is not None:
            self._stage_writer.stop()
        super().close()

    def process_message(self, message: Message) -> None:
        """A terminal that tells its size itself sends no signal."""
        if isinstance(message, events.Resize) and self._stage_writer is not None:
            self._stage_writer.resize(*message.size)
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Read what is typed and what the terminal answers; as the plain driver does, with our parser."""
        parser = AnswerParser(self._debug, self._answered)
        # Not strict: what is no UTF-8 must not end the app.
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(LOOK_S):
                    self._hear(parser, decode(os.read(self.fileno, READ_BYTES)))
                for message in parser.tick():
                    self.process_message(message)
        with contextlib.suppress(EOFError, ParseError):
            for _ in parser.feed(""):
                pass

    def _hear(self, parser: AnswerParser, typed: str) -> None:
        if not typed:
            # The end of a pipe, or the beginning of a character.
            self.exit_event.wait(LOOK_S)
            return
        for message in parser.feed(typed):
            self.process_message(message)

    def _answered(self) -> None:
        if self._stage_writer is not None:
            self._stage_writer.answered()

    def _get_terminal_size(self) -> tuple[int, int]:
        """Asked at the start and whenever the terminal's size may have changed."""
        size = super()._get_terminal_size()
        if self._stage_writer is not None:
            self._stage_writer.resize(*size)
        return size

    def _draw_again(self) -> None:
        """Have the app paint everything; called from a signal handler or a thread of the stage."""
        self._loop.call_soon_threadsafe(self._app.call_later, self._paint_all)

    def _paint_all(self) -> None:
        """In the app's own thread: once more for the terminal's size, should Textual have missed it."""
        size = Size(*super()._get_terminal_size())
        for screen in self._app.screen_stack:
            if screen.outer_size != size:
                screen.post_message(events.Resize(size, size))
        self._app.refresh(layout=True)
