"""What every answer tells the browser to forbid."""

from __future__ import annotations

from collections.abc import Mapping

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

ALWAYS: Mapping[str, str] = {
    # No script, no plug-in, no origin of its own: also for a file that is downloaded and turns out to be a page.
    "Content-Security-Policy": f"{_NOTHING}; sandbox",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Server": "orp",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Of every answer that has none of its own."""

WELCOME_POLICY = _NOTHING
"""Of the answer that leads on to the page: in a sandbox it would be nobody's, and come without its cookie."""


def page_policy(host: str) -> str:
    """The content policy of the dashboard's page, as asked for under `host`: this server and nobody else.

    xterm.js writes style elements as it goes, so styles may be inline; scripts may not. The
    WebSocket is named, because not every browser counts it as the page's own origin.
    """
    return (
        f"{_NOTHING}; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"font-src 'self'; img-src 'self' data:; connect-src 'self' ws://{host}"
    )
