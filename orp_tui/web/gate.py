"""Who may come in: the rules for Host, Origin, token and cookie, on plain values.

Every local user reaches the loopback, and so does every page that the user's browser shows:
directly, by a name that is made to point here (DNS rebinding), or from another port of this
machine. Cookies know no ports, so the cookie belongs to a path that nobody can guess: a server
of somebody else on this machine is never sent it.
"""

from __future__ import annotations

import dataclasses
import enum
import hmac
import re
import secrets
from collections.abc import Sequence

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+?)\.?)(?::\d{1,5})?", re.ASCII)
_TOKEN_BYTES, _PLACE_BYTES = 32, 12


class Refusal(enum.Enum):
    """Why a request is turned away, as the sentence that the browser shows."""

    HOST = "This server answers only to the address that `orp serve` printed."
    ORIGIN = "Only the page of `orp serve` itself may do that."
    KEY = "Open the address that `orp serve` printed: it holds the key to this page."


@dataclasses.dataclass(frozen=True)
class Visit:
    """What the rules need of one request."""

    hosts: Sequence[str]
    """Every Host header: more than one is refused."""
    origins: Sequence[str]
    """Every Origin header; browsers leave it out where a page of their own is only read."""
    local_address: str
    """The address of ours that the connection came in on."""
    method: str = "GET"
    is_websocket: bool = False
    cookie: str | None = None
    token: str | None = None
    """The token in the address; counted only at the entrance."""


@dataclasses.dataclass(frozen=True)
class Gate:
    """The secrets of one `orp serve`, new at every start, and the names that it answers to."""

    names: frozenset[str]
    """Lower case, without port; an address that the connection came in on is always one."""
    token: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES), repr=False)
    """In the address that is printed."""
    cookie: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES), repr=False)
    """In the browser from its first visit on."""
    place: str = dataclasses.field(default_factory=lambda: secrets.token_urlsafe(_PLACE_BYTES), repr=False)
    """The folder of every page; not enough to come in, and not known to other servers of this host."""

    @property
    def root(self) -> str:
        """Path of the dashboard's page, and of the cookie."""
        return f"/{self.place}/"

    @property
    def cookie_name(self) -> str:
        """Not to be guessed either, so that no other port can set one of the same name before it."""
        return f"orp-{self.place}"

    def refusal(self, visit: Visit) -> Refusal | None:
        """Why this request may not come in; None: it may."""
        return self._stranger(visit) or (None if _same(visit.cookie, self.cookie) else Refusal.KEY)

    def refusal_at_entrance(self, visit: Visit) -> Refusal | None:
        """As `refusal`, where the token is handed in for a cookie."""
        return self._stranger(visit) or (None if _same(visit.token, self.token) else Refusal.KEY)

    def _stranger(self, visit: Visit) -> Refusal | None:
        """What is wrong before any secret is looked at."""
        host = visit.hosts[0].lower() if len(visit.hosts) == 1 else ""
        name = host_name(host)
        if name is None or (name not in self.names and name != visit.local_address):
            return Refusal.HOST
        reads_only = visit.method in ("GET", "HEAD") and not visit.is_websocket
        if reads_only and not visit.origins:
            return None
        if [origin.lower() for origin in visit.origins] != [f"http://{host}"]:
            return Refusal.ORIGIN
        return None

    def without_secrets(self, text: str) -> str:
        """`text` as it may be logged."""
        for secret in (self.token, self.cookie, self.place):
            text = text.replace(secret, "…")
        return text


def host_name(host: str) -> str | None:
    """The name in a lower-case Host header, without port, brackets and last dot; None if it is none."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]) if match else None


def _same(given: str | None, secret: str) -> bool:
    """Compared in a time that tells nothing of how much was right."""
    return hmac.compare_digest((given or "").encode("utf-8", "replace"), secret.encode())
