"""Where to listen: the loopback, or somewhere else only if that was asked for in so many words."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

from orp_tui.core.errors import OrpError, UsageError

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PENDING = 32
"""Connections that wait to be accepted."""


def find_address(host: str, *, beyond_loopback: bool) -> str:
    """The numeric address of `host`; IPv4 rather than IPv6 where it has both.

    Raises UsageError if it has none, or if it lies beyond the loopback without leave.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host}: there is no such address on this machine ({error})") from error
    found.sort(key=lambda item: item[0] != socket.AF_INET)
    address = str(found[0][4][0])
    if not is_loopback(address) and not beyond_loopback:
        raise UsageError(
            f"--host {host} can be reached from other machines, and whoever gets in runs programs as you, unencrypted. "
            f"From elsewhere use `ssh -L`; if you must, add --insecure-network."
        )
    return address


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches the numeric `address`."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def names_of(host: str, address: str) -> frozenset[str]:
    """The names by which a browser may ask for a server on `address`, in lower case."""
    names = {host.strip("[]").lower().rstrip("."), address}
    if is_loopback(address):
        return frozenset(names | LOOPBACK_NAMES)
    if ipaddress.ip_address(address).is_unspecified:
        names |= LOOPBACK_NAMES | {socket.gethostname().lower(), socket.getfqdn().lower()}
    return frozenset(names)


def listen(address: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OrpError if the port can't be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=_PENDING)
    except OSError as error:
        raise OrpError(_explained(address, port, error)) from error


def _explained(address: str, port: int, error: OSError) -> str:
    where = f"port {port} of {address}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is taken; choose another with --port, or --port 0 for any free one"
    if error.errno == errno.EACCES:
        return f"{where} needs rights that you don't have; choose one above 1023 with --port"
    return f"{where} can't be listened on: {os.strerror(error.errno or 0)}"


def url_host(address: str, port: int) -> str:
    """Host and port as an address line has them; what listens everywhere is called by the machine's name."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.is_unspecified:
        return f"{socket.gethostname()}:{port}"
    return f"[{address}]:{port}" if ip.version == 6 else f"{address}:{port}"
