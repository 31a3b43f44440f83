"""The server: every request passes the gate, then finds the page, its files, a tab or a download."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
import socket
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from orp_tui.core.sanitise import sanitise
from orp_tui.web import downloads as files
from orp_tui.web.gate import Gate, Refusal, Visit
from orp_tui.web.headers import ALWAYS, WELCOME_POLICY, page_policy
from orp_tui.web.page import FILES, page
from orp_tui.web.strangers import Strangers
from orp_tui.web.tabs import MOST_TABS, Tabs

_IDLE_S = 30.0
"""An open connection that asks for nothing is closed after this."""
_LEAVING_S = 12.0
"""What tabs have to end in when the server ends."""


@dataclasses.dataclass(frozen=True)
class Served:
    """What a server shows, and to whom it speaks."""

    gate: Gate
    command: Sequence[str]
    """Starts one dashboard."""
    environ: Mapping[str, str]
    title: str
    tell: Callable[[str], None]
    """Words for the person who started the server; they hold no secret."""
    most_tabs: int = MOST_TABS


async def serve(served: Served, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; `ready` is called when connections are accepted."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    async with Running(served, listening):
        ready()
        await ended.wait()


class Running:
    """A server from `async with` to its end; dashboards end with it, runs do not."""

    def __init__(self, served: Served, listening: socket.socket) -> None:
        self._served, self._listening = served, listening
        self._log = _Log(served)

    async def __aenter__(self) -> Running:
        self._log.attach()
        application, strangers = make_application(self._served)
        # No access log: it would hold the token.
        self._runner = web.AppRunner(
            application, access_log=None, keepalive_timeout=_IDLE_S, shutdown_timeout=_LEAVING_S
        )
        await self._runner.setup()
        assert self._runner.server is not None
        strangers.watch(self._runner.server)
        self._accepting = await asyncio.get_running_loop().create_server(strangers, sock=self._listening)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._accepting.close()
        await self._runner.cleanup()
        self._log.detach()


def make_application(served: Served) -> tuple[web.Application, Strangers]:
    """The routes behind the gate, and who counts the connections that have not passed it."""
    gate, strangers, downloads = served.gate, Strangers(), files.Downloads()
    tabs = Tabs(served.command, served.environ, downloads, served.tell, served.most_tabs)

    async def enter(request: web.Request) -> web.StreamResponse:
        return _welcome(gate, request)

    async def show_page(request: web.Request) -> web.StreamResponse:
        return _page(served, request)

    async def fetch(request: web.Request) -> web.StreamResponse:
        return await files.answer(request, downloads)

    async def close_tabs(_: web.Application) -> None:
        await tabs.close()

    application = web.Application(middlewares=[_judged(gate, strangers)], client_max_size=1024)
    application.add_routes(
        [
            web.get("/", enter),
            web.get(gate.root, show_page),
            web.get(f"{gate.root}ws", tabs.serve),
            web.get(f"{gate.root}download/{{key}}", fetch),
            web.get(f"{gate.root}static/{{name}}", _file),
        ]
    )
    application.on_response_prepare.append(_forbid)
    application.on_shutdown.append(close_tabs)
    return application, strangers


def _judged(gate: Gate, strangers: Strangers) -> Middleware:
    """The middleware that no request gets round, found or not."""

    @web.middleware
    async def judged(request: web.Request, handler: Handler) -> web.StreamResponse:
        visit = _visit(gate, request)
        at_entrance = request.path == "/" and request.method == "GET" and visit.token is not None
        refusal = gate.refusal_at_entrance(visit) if at_entrance else gate.refusal(visit)
        if refusal is not None:
            return _refused(refusal)
        strangers.admit(request.protocol)
        try:
            return await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=error.text)

    return judged


def _visit(gate: Gate, request: web.Request) -> Visit:
    sockname = request.transport.get_extra_info("sockname") if request.transport else None
    return Visit(
        hosts=request.headers.getall("Host", []),
        origins=request.headers.getall("Origin", []),
        local_address=sockname[0] if sockname else "",
        method=request.method,
        is_websocket=request.path == f"{gate.root}ws" or "Upgrade" in request.headers,
        cookie=request.cookies.get(gate.cookie_name),
        token=request.query.get("token"),
    )


def _refused(refusal: Refusal) -> web.Response:
    response = web.Response(status=403, text=refusal.value + "\n")
    # Whatever else was sent on this connection is not read.
    response.force_close()
    return response


def _welcome(gate: Gate, request: web.Request) -> web.Response:
    """The cookie for the token, and on to an address that has none in it."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # Come by a link on another site: a redirect would be that site's too, and go without the cookie.
        headers = {"Refresh": f"0; url={gate.root}", "Content-Security-Policy": WELCOME_POLICY}
        response = web.Response(text="Opening the dashboard …\n", headers=headers)
    else:
        response = web.Response(status=303, headers={"Location": gate.root})
    response.set_cookie(gate.cookie_name, gate.cookie, path=gate.root, httponly=True, samesite="Strict")
    return response


def _page(served: Served, request: web.Request) -> web.Response:
    host = request.headers["Host"].lower()
    text = page(
        title=served.title,
        websocket_url=f"ws://{host}{served.gate.root}ws",
        font_size=request.query.get("fontsize"),
    )
    headers = {"Content-Security-Policy": page_policy(host)}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def _file(request: web.Request) -> web.StreamResponse:
    found = FILES.get(request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound(text="There is no such file.")
    path, kind = found
    return web.FileResponse(path, headers={"Content-Type": kind, "Cache-Control": "private, max-age=3600"})


async def _forbid(request: web.Request, response: web.StreamResponse) -> None:
    del request
    for name, value in ALWAYS.items():
        if name == "Server":
            response.headers[name] = value
        response.headers.setdefault(name, value)


class _Log(logging.Handler):
    """Warnings of the libraries as words for the person: clean, and without secrets."""

    _NAMES = ("aiohttp", "textual-serve", "asyncio")

    def __init__(self, served: Served) -> None:
        super().__init__(logging.WARNING)
        self._served = served

    def emit(self, record: logging.LogRecord) -> None:
        text = self._served.gate.without_secrets(self.format(record))
        self._served.tell(sanitise(text, keep_newlines=True))

    def attach(self) -> None:
        for name in self._NAMES:
            logging.getLogger(name).addHandler(self)

    def detach(self) -> None:
        for name in self._NAMES:
            logging.getLogger(name).removeHandler(self)
