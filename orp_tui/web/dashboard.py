"""One dashboard behind one tab: textual-serve's service, but started without a shell and sure to end.

textual-serve gives its command to a shell, waits for an end that may never come, lets a tab look
at a dead dashboard, keeps all that the dashboard says on stderr and prints it unchecked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import shlex
import signal
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

from textual_serve.app_service import AppService

from orp_tui.core.sanitise import one_line, sanitise
from orp_tui.web.downloads import Downloads

PATIENCE_S, LAST_PATIENCE_S = 5.0, 2.0
"""How long a dashboard has to leave by itself, and then after SIGTERM."""
_AFTERWARDS_S = 1.0
"""For what is still on its way when the dashboard has ended."""
_START_LINES = 10
"""Lines of output before a Textual program says that it is one."""
_READY = b"__GANGLION__\n"
_LARGEST_PACKET = 16 << 20
_LAST_WORDS = 40
"""Lines of stderr that are kept."""
_OF_ANOTHER_TERMINAL = (
    "TMUX", "TMUX_PANE", "STY", "SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "MOSH_IP", "NO_COLOR", "LINES",
)  # fmt: skip
"""Of the terminal that `orp serve` was started in; the dashboard's is the page."""

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _end_with_server() -> None:
    """In the child: SIGTERM when the server dies, however it dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Dashboard(AppService):
    """A process that draws for one tab, from `start` to `stop`."""

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        write_bytes: Callable[[bytes], Awaitable[None]],
        write_str: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[None]],
        downloads: Downloads,
        tell: Callable[[str], None],
    ) -> None:
        # The quoted line is never used; it is there should a later textual-serve start it by itself.
        super().__init__(
            shlex.join(command),
            write_bytes=write_bytes, write_str=write_str, close=close, download_manager=downloads,
        )  # fmt: skip
        self._words = tuple(command)
        self._environ = dict(environ)
        self._tell = tell
        self._last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        self._began = self._is_garbled = False
        self._tab_is_gone = False

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        variables = {name: value for name, value in self._environ.items() if name not in _OF_ANOTHER_TERMINAL}
        return variables | {
            "TEXTUAL_DRIVER": "orp_tui.tui.browser_driver:BrowserDriver",
            "TEXTUAL_FPS": "30",
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TERM_PROGRAM": "textual",
            "COLUMNS": str(width),
            "ROWS": str(height),
        }

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        self._process = process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,  # Ctrl+C at the server's terminal is the server's
            preexec_fn=_end_with_server,
        )
        self._stdin = process.stdin
        return process

    async def run(self) -> None:
        """Hand on what the dashboard draws until it has ended; then the tab is closed too."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        assert process.stderr is not None
        listening = asyncio.create_task(self._listen(process.stderr))
        relaying = asyncio.create_task(self._relay(process.stdout))
        exiting = asyncio.create_task(process.wait())
        await asyncio.wait({relaying, exiting}, return_when=asyncio.FIRST_COMPLETED)
        # What the dashboard started may hold its output open, so that only its own end can be trusted.
        await asyncio.wait({relaying}, timeout=_AFTERWARDS_S)
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
        # To its end, because a pipe that is never read to its end is never closed.
        discarding = asyncio.create_task(_discard(process.stdout))
        await self._see_it_end(process)
        await asyncio.wait({listening, discarding}, timeout=_AFTERWARDS_S)
        for task in (listening, discarding):
            task.cancel()
        await asyncio.gather(listening, discarding, return_exceptions=True)
        if not self._tab_is_gone:
            await self._say_why(process.returncode)
        await self.remote_close()

    async def _relay(self, stdout: asyncio.StreamReader) -> None:
        """What the dashboard writes to the tab, until it leaves or writes what nobody can read."""
        try:
            self._began = await _says_it_is_textual(stdout)
            while self._began and await self._hand_on_packet(stdout):
                pass
        except asyncio.IncompleteReadError:
            return
        except Exception as error:  # noqa: BLE001 - whatever the bytes are, they are reported and nothing more
            self._is_garbled = True
            self._last_words.append(
                f"it wrote something to its output that is no packet: {one_line(repr(error))}"
            )

    async def _hand_on_packet(self, stdout: asyncio.StreamReader) -> bool:
        """Whether there may be another. Raises IncompleteReadError at the end, anything else for garbage."""
        kind = await stdout.readexactly(1)
        size = int.from_bytes(await stdout.readexactly(4), "big")
        handler = {b"D": self.on_data, b"M": self.on_meta, b"P": self.on_packed}[kind]
        if size > _LARGEST_PACKET:
            raise ValueError(f"{size} bytes")
        payload = await stdout.readexactly(size)
        if kind == b"M" and json.loads(payload)["type"] == "exit":
            return False
        # Read on when the tab is gone: a dashboard that can't write can't leave either.
        if not self._tab_is_gone:
            with contextlib.suppress(ConnectionError):
                await handler(payload)
        return True

    async def _listen(self, stderr: asyncio.StreamReader) -> None:
        """Keep the last lines of what it says on stderr, parts of lines too long to be read whole left out."""
        while True:
            try:
                line = await stderr.readline()
            except ValueError:
                continue
            if not line:
                return
            self._last_words.append(sanitise(line.decode("utf-8", "replace").rstrip())[:500])

    async def _see_it_end(self, process: Process) -> None:
        """It says no more that could be read, so it ends now: by itself, or it is made to."""
        first = 0.1 if self._is_garbled else PATIENCE_S
        for patience, act in ((first, process.terminate), (LAST_PATIENCE_S, process.kill)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), patience)
                return
            with contextlib.suppress(ProcessLookupError):
                act()
        await process.wait()

    async def _say_why(self, code: int | None) -> None:
        """In the tab and at the server, unless the dashboard simply left."""
        if self._began and code == 0 and not self._is_garbled:
            return
        what = "ended" if self._began else "did not start"
        lines = [f"the dashboard {what} ({_ending(code)})", *self._last_words]
        self._tell("\n".join(lines))
        text = "\x1b[?1049l\x1b[2J\x1b[H" + "\r\n".join(lines) + "\r\n"
        with contextlib.suppress(ConnectionError):
            await self.remote_write_bytes(text.encode("utf-8", "replace"))

    async def stop(self) -> None:
        """The tab is gone: the dashboard is asked to leave, then told to, then killed; nothing else is touched."""
        self._tab_is_gone = True
        task, process = self._task, self._process
        if task is None or process is None:
            return
        self._task = None
        await self._download_manager.cancel_app_downloads(self.app_service_id)
        leaving = asyncio.create_task(self._leave(process))
        await task
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)

    async def _leave(self, process: Process) -> None:
        """Each way to end it in turn; cancelled when it has ended."""
        # It may have stopped reading: then even asking would wait for ever.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.send_meta({"type": "quit"}), 1.0)
        await asyncio.sleep(PATIENCE_S)
        for act in (process.terminate, process.kill):
            with contextlib.suppress(ProcessLookupError):
                act()
            await asyncio.sleep(LAST_PATIENCE_S)


async def _says_it_is_textual(stdout: asyncio.StreamReader) -> bool:
    for _ in range(_START_LINES):
        line = await stdout.readline()
        if line == _READY:
            return True
        if not line:
            break
    return False


async def _discard(stdout: asyncio.StreamReader) -> None:
    while await stdout.read(1 << 16):
        pass


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"signal {-code}"
    return f"exit code {code}"
