"""The server as a browser, or somebody who is none, meets it."""

from __future__ import annotations

import asyncio
import logging
import re

import aiohttp
import pytest
from hosting import BARE, Site, hosted

from orp_tui.web.page import FILES
from orp_tui.web.strangers import MOST_STRANGERS

pytestmark = pytest.mark.anyio

PATHS = [
    "/",
    "/?token=",
    "/?token=wrong",
    "/ws",
    "/download/x",
    "/static/textual.js",
    "/favicon.ico",
    "/%2e%2e/etc/passwd",
]


def inner_paths(site: Site) -> list[str]:
    return [
        site.gate.root + path
        for path in ("", "ws", "download/x", "nothing", *(f"static/{name}" for name in FILES))
    ]


async def test_nothing_is_had_without_the_cookie_known_or_not(site):
    for path in [*PATHS, *inner_paths(site)]:
        for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE"):
            got = await site.get(path, method=method)
            assert got.status == 403, (method, path)
            assert method == "HEAD" or re.fullmatch(rb"[^<>\n]+\.\n|[^<>\n]+ page\.\n", got.body)
            assert "Set-Cookie" not in got.headers


async def test_the_token_is_changed_for_a_cookie_and_leaves_the_address(site):
    got = await site.get(f"/?token={site.gate.token}")

    assert (got.status, got.headers["Location"]) == (303, site.gate.root)
    cookie = got.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert f"Path={site.gate.root}" in cookie
    assert site.gate.token not in str(got.headers) + got.body.decode()
    assert (await site.get(site.gate.root, {"Cookie": cookie.partition(";")[0]})).status == 200


async def test_a_visitor_from_a_link_elsewhere_is_not_redirected_because_the_cookie_would_stay_behind(site):
    got = await site.get(f"/?token={site.gate.token}", {"Sec-Fetch-Site": "cross-site"})

    assert (got.status, got.headers["Refresh"]) == (200, f"0; url={site.gate.root}")
    assert "SameSite=Strict" in got.headers["Set-Cookie"]


async def test_the_token_opens_nothing_but_the_entrance(site):
    for path in [*PATHS[3:], *inner_paths(site)]:
        assert (await site.get(f"{path}?token={site.gate.token}")).status == 403


async def test_a_name_that_is_not_ours_is_refused_with_cookie_and_token(site):
    for host in ("evil.example", f"evil.example:{site.port}", "127.0.0.1.evil.example", ""):
        for path in (f"/?token={site.gate.token}", *inner_paths(site)):
            got = await site.get(path, site.key | {"Host": host})
            assert got.status == 403, (host, path)
            assert "Set-Cookie" not in got.headers


async def test_two_hosts_or_none_are_refused(site):
    for hosts in (b"", b"Host: 127.0.0.1\r\nHost: evil.example\r\n"):
        head = f"GET /?token={site.gate.token} HTTP/1.1\r\n".encode() + hosts
        got = await site.raw(head + b"Connection: close\r\n\r\n")
        assert got.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400", b"HTTP/1.0 400")), got
        assert b"Set-Cookie" not in got


async def test_an_address_in_the_request_line_is_no_way_round_the_host(site):
    head = f"GET http://evil.example/?token={site.gate.token} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"

    assert (await site.raw(head.encode())).startswith(b"HTTP/1.1 403")


async def test_other_origins_get_nothing_and_no_leave_to_read(site):
    for origin in ("http://evil.example", "null", f"http://localhost:{site.port}", f"https://{site.host}"):
        for path in ("", "static/textual.js", "download/x"):
            got = await site.get(site.gate.root + path, site.key | {"Origin": origin})
            assert got.status == 403
            assert not [name for name in got.headers if name.lower().startswith("access-control")]


async def test_nothing_can_be_posted(site):
    headers = site.key | {"Origin": f"http://{site.host}"}

    for path in inner_paths(site):
        assert (await site.get(path, headers, method="POST")).status in (404, 405)
        assert (await site.get(path, site.key, method="POST")).status == 403


async def test_paths_out_of_the_folders_lead_nowhere(site):
    root = site.gate.root
    for path in (
        "static/../server.py", "static/%2e%2e/server.py", "static/..%2fserver.py", "static//etc/passwd", "static/",
        "static/%2fetc%2fpasswd", "static/textual.js/..", "static/page.html", "static", "download/", "download/../page",
        "download/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "static/page.css%00", "..%2f..%2fetc/passwd",
    ):  # fmt: skip
        head = f"GET {root}{path} HTTP/1.1\r\nHost: {site.host}\r\nCookie: {site.key['Cookie']}\r\nConnection: close\r\n\r\n"
        got = await site.raw(head.encode())
        assert got.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400", b"HTTP/1.1 403")), (path, got[:200])
        assert b"root:" not in got


async def test_every_answer_forbids_what_it_need_not_allow(site):
    token = f"/?token={site.gate.token}"
    for path, headers in [("/", {}), (token, {}), *((path, site.key) for path in inner_paths(site))]:
        got = (await site.get(path, headers)).headers
        assert got["Referrer-Policy"] == "no-referrer", path
        assert got["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in got["Content-Security-Policy"]
        assert "default-src 'none'" in got["Content-Security-Policy"]
        assert got["Server"] == "orp"
        assert "static/" in path or got["Cache-Control"] == "no-store"


async def test_the_page_names_nothing_beyond_this_server(site):
    got = await site.get(site.gate.root + '?fontsize=20&ping=http://evil.example/"><script>', site.key)
    text = got.body.decode()

    assert got.status == 200
    assert "orp on &lt;&quot;this&quot;&gt;" in text
    assert "evil.example" not in text
    assert f'data-session-websocket-url="ws://{site.host}{site.gate.root}ws"' in text
    assert 'data-font-size="20"' in text
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", text) == [
        "data:,", "static/xterm.css", "static/page.css", "static/page.js", "static/textual.js",
    ]  # fmt: skip
    assert (
        "'unsafe-inline'"
        not in got.headers["Content-Security-Policy"].partition("script-src")[2].partition(";")[0]
    )
    assert "<script>" not in text


async def test_a_font_size_that_is_none_is_the_usual_one(site):
    for size in ("", "x", "²", "9" * 5000):
        got = await site.get(f"{site.gate.root}?fontsize={size}", site.key)
        assert re.search(rb'data-font-size="(16|40)"', got.body)


async def test_no_stylesheet_or_script_file_names_another_server(site):
    for name in FILES:
        got = await site.get(f"{site.gate.root}static/{name}", site.key)
        assert got.status == 200
        assert got.headers["Content-Type"].startswith(FILES[name][1])
        if not name.endswith(".ttf"):
            assert not re.search(rb"(?:url\(|@import|src=)\s*[\"']?(?:https?:)?//", got.body), name


async def test_secrets_are_in_no_log(site, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = (site.gate.token, site.gate.cookie)

    await site.get(f"/?token={site.gate.token}")
    await site.get(site.gate.root, site.key)
    await site.raw(f"GET /?token={site.gate.token} RUBBISH/9\r\n{site.key['Cookie']}\r\n\r\n".encode())
    await site.raw(f"GET /?token={site.gate.token} HTTP/1.1\r\nHost: a\r\n bad\x01: b\r\n\r\n".encode())
    logging.getLogger("aiohttp.server").error("odd \x1b[2J %s %s", *secrets)

    assert site.told[-1].startswith("odd")
    assert "\x1b" not in site.told[-1]
    for secret in secrets:
        assert all(secret not in text for text in site.told)
    assert secrets[0] not in "".join(
        record.getMessage() for record in caplog.records[:-1] if record.levelno > logging.DEBUG
    )


async def test_strangers_who_hold_connections_keep_nobody_out(site):
    held = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(MOST_STRANGERS + 20)]

    assert (await site.get(site.gate.root, site.key)).status == 200
    ended = 0
    for reader, _ in held[:20]:
        ended += await asyncio.wait_for(reader.read(), 20) == b""
    assert ended == 20
    for _, writer in held:
        writer.close()


async def test_strangers_end_no_tab():
    async with hosted(BARE) as site, site.tab() as tab:
        pid = await tab.pid()
        held = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(MOST_STRANGERS + 20)]
        await tab.send("stdin", "x")
        await tab.shows("keys: x")
        assert str(pid) in tab.text
        for _, writer in held:
            writer.close()


async def test_a_request_that_never_ends_gets_an_end(site):
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000)

    assert (await asyncio.wait_for(reader.read(), 20)).startswith(b"HTTP/1.")
    writer.close()


async def test_a_body_is_not_waited_for(site):
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(
        f"POST {site.gate.root} HTTP/1.1\r\nHost: {site.host}\r\nOrigin: http://{site.host}\r\n"
        f"Cookie: {site.key['Cookie']}\r\nContent-Length: 999999999999\r\n\r\n".encode()
    )

    assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 405")
    writer.close()


async def test_the_server_ends_while_a_visitor_holds_a_connection():
    async with hosted() as site:
        held = await asyncio.open_connection("127.0.0.1", site.port)
        assert (await site.get("/")).status == 403
    held[1].close()
    with pytest.raises(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(site.url("/")):
            pass
