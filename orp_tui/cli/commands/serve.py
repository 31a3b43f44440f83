"""`orp serve`: the dashboard in a browser of this machine, or of another through `ssh -L`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from orp_tui.cli import output
from orp_tui.cli.context_option import base_dir
from orp_tui.core.errors import MissingExtra, OrpError
from orp_tui.core.sanitise import sanitise

if TYPE_CHECKING:
    from orp_tui.web.gate import Gate

PORT = 8765
_OF_THE_EXTRA = ("aiohttp", "textual_serve")


@click.command("serve", options_metavar="[OPTIONS]")
@click.argument("configs_dir", required=False, type=click.Path(exists=True, file_okay=False))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes any free one."
)
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--insecure-network", is_flag=True, help="Allow an address that other machines reach.")
@base_dir
def command(
    configs_dir: str | None, port: int, host: str, insecure_network: bool, base_dir: str | None
) -> None:
    """The dashboard in a browser, until Ctrl+C; every tab is a dashboard of its own.

    Only whoever has the address that is printed gets in: its token is new at every start. Closing
    a tab or ending the server stops no run. From another machine: ssh -L 8765:127.0.0.1:8765 HOST.
    """
    server = _server()
    from orp_tui.web.address import find_address, is_loopback, listen, names_of, url_host
    from orp_tui.web.gate import Gate

    address = find_address(host, beyond_loopback=insecure_network)
    gate = Gate(names_of(host, address))
    listening = listen(address, port)
    with contextlib.closing(listening):
        place = url_host(address, listening.getsockname()[1])
        if not is_loopback(address):
            output.say(_WARNING)
        served = server.Served(
            gate=gate,
            command=dashboard_command(configs_dir, base_dir),
            environ=os.environ,
            title=f"orp on {socket.gethostname()}",
            tell=_tell,
        )
        with _announced(gate, place) as announce:
            asyncio.run(server.serve(served, listening, announce))
    output.say("orp serve has ended; runs go on")


_WARNING = """\
warning: other machines can reach this server, and nothing between is encrypted: whoever reads along has the
token, and whoever has the token runs programs as you. `ssh -L` needs no --insecure-network."""


def _server() -> ModuleType:
    """The module that needs the extra. Raises MissingExtra."""
    try:
        from orp_tui.web import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        raise MissingExtra("orp serve", "web") from error
    return server


def dashboard_command(configs_dir: str | None, base_dir: str | None) -> list[str]:
    """What one tab runs; `-P` keeps the project's folder off the module path."""
    words = [sys.executable, "-P", "-m", "orp_tui"]
    if base_dir:
        words += ["--base-dir", os.path.abspath(base_dir)]
    return [*words, os.path.abspath(configs_dir)] if configs_dir else words


def _tell(text: str) -> None:
    output.say(f"orp serve: {sanitise(text, keep_newlines=True)}")


@contextlib.contextmanager
def _announced(gate: Gate, place: str) -> Iterator[_Announce]:
    """Something that says the address, once; a file that it was put in is removed in the end."""
    announce = _Announce(f"http://{place}/?token={gate.token}", place)
    try:
        yield announce
    finally:
        if announce.file is not None:
            announce.file.unlink(missing_ok=True)


class _Announce:
    """Says the address: on a terminal, or in a file of the user's alone where stderr may be a log."""

    def __init__(self, url: str, place: str) -> None:
        self._url, self._place = url, place
        self.file: Path | None = None

    def __call__(self) -> None:
        if sys.stderr.isatty():
            output.say(f"the dashboard is at\n\n    {self._url}\n")
        else:
            self.file = _private_file(self._url)
            output.say(f"the address of the dashboard is in {self.file}")
        if os.environ.get("SSH_CONNECTION"):
            port = self._place.rpartition(":")[2]
            output.say(
                f"from the machine you sit at: ssh -L {port}:{self._place} {socket.gethostname()}, then that address there"
            )
        output.say("Ctrl+C ends it; runs go on")


def _private_file(text: str) -> Path:
    """A new file that only this user can read. Raises OrpError."""
    path = output.state_file("serve")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise OrpError(f"{path}: the address can't be written there: {error.strerror}") from error
    return path
