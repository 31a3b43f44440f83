"""The driver of a dashboard that a browser shows: Textual's, but no packet is torn, and it ends with its server.

Textual writes packets from two threads, and a pipe that is full lets one in the middle of the
other: a file handed out while the screen changed broke the stream for good.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from textual import messages
from textual.app import App
from textual.drivers.web_driver import WebDriver


class BrowserDriver(WebDriver):
    """Named by `orp serve` in TEXTUAL_DRIVER."""

    def __init__(self, app: App[Any], **options: Any) -> None:  # Any: as Textual's
        super().__init__(app, **options)
        self._whole = threading.Lock()
        self._write = self._write_whole  # type: ignore[assignment]  # Textual's is a partial of os.write

    def _write_whole(self, data: bytes) -> int:
        """One packet, with nothing of another in between."""
        with self._whole:
            left = memoryview(data)
            while left:
                left = left[os.write(self.fileno, left) :]
        return len(data)

    def run_input_thread(self) -> None:
        """As Textual's; without a server there is nobody to draw for."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())
