from __future__ import annotations

import dataclasses

import pytest

from orp_tui.web.address import names_of
from orp_tui.web.gate import Gate, Refusal, Visit, host_name

GATE = Gate(names_of("127.0.0.1", "127.0.0.1"))
HOST = "127.0.0.1:8765"
GOOD = Visit([HOST], [], "127.0.0.1", cookie=GATE.cookie)


def changed(**changes: object) -> Visit:
    return dataclasses.replace(GOOD, **changes)


def test_the_cookie_lets_in_and_its_lack_does_not():
    assert GATE.refusal(GOOD) is None
    for cookie in (None, "", "x", GATE.token, GATE.cookie[:-1], GATE.cookie + "x", "é\udcff"):
        assert GATE.refusal(changed(cookie=cookie)) is Refusal.KEY


def test_the_token_counts_at_the_entrance_only():
    assert GATE.refusal_at_entrance(changed(cookie=None, token=GATE.token)) is None
    assert GATE.refusal(changed(cookie=None, token=GATE.token)) is Refusal.KEY
    for token in (None, "", GATE.cookie, GATE.token.swapcase()):
        assert GATE.refusal_at_entrance(changed(token=token)) is Refusal.KEY


@pytest.mark.parametrize(
    "hosts",
    [
        [], ["evil.example"], ["evil.example:8765"], ["127.0.0.1.evil.example"], ["localhost.evil.example:8765"],
        [HOST, HOST], ["127.0.0.1@evil.example"], ["127.0.0.1:8765:1"], [""], ["[::1"], ["0.0.0.0:8765"], ["127.0.0.2"],
        ["localhost\nx"], ["localhost/x"],
    ],
)  # fmt: skip
def test_another_name_is_refused_whoever_knows_the_secrets(hosts):
    assert GATE.refusal(changed(hosts=hosts)) is Refusal.HOST
    assert GATE.refusal_at_entrance(changed(hosts=hosts, token=GATE.token)) is Refusal.HOST


@pytest.mark.parametrize("host", [HOST, "localhost:9000", "LOCALHOST", "localhost.:80", "[::1]:8765"])
def test_every_name_of_the_loopback_is_ours_and_so_is_the_port_of_a_tunnel(host):
    assert GATE.refusal(changed(hosts=[host])) is None


@pytest.mark.parametrize(
    "origins",
    [
        ["http://evil.example"], ["null"], ["http://127.0.0.1:8766"], ["https://127.0.0.1:8765"], ["http://localhost:8765"],
        ["http://127.0.0.1"], [f"http://{HOST}", f"http://{HOST}"], [f"http://{HOST}/"], [""],
    ],
)  # fmt: skip
def test_another_origin_is_refused_for_every_method(origins):
    for method in ("GET", "POST"):
        assert GATE.refusal(changed(origins=origins, method=method)) is Refusal.ORIGIN


def test_only_reading_goes_without_an_origin():
    assert GATE.refusal(changed(is_websocket=True)) is Refusal.ORIGIN
    assert GATE.refusal(changed(method="POST")) is Refusal.ORIGIN
    assert GATE.refusal(changed(is_websocket=True, origins=[f"http://{HOST}"])) is None


def test_a_server_on_all_addresses_answers_to_the_one_that_was_asked():
    gate = Gate(names_of("0.0.0.0", "0.0.0.0"))

    assert (
        gate.refusal(changed(hosts=["192.0.2.7:8765"], local_address="192.0.2.7", cookie=gate.cookie)) is None
    )
    assert (
        gate.refusal(changed(hosts=["evil.example"], local_address="192.0.2.7", cookie=gate.cookie))
        is Refusal.HOST
    )


def test_every_start_has_secrets_of_its_own_which_are_not_shown():
    other = Gate(GATE.names)

    for name in ("token", "cookie", "place"):
        assert getattr(other, name) != getattr(GATE, name)
        assert getattr(GATE, name) not in repr(GATE)
        assert getattr(GATE, name) not in GATE.without_secrets(
            f"GET {GATE.root}?token={GATE.token} {GATE.cookie}"
        )
    assert len(GATE.token) >= 43  # 256 bits
    assert len({GATE.token, GATE.cookie, GATE.place}) == 3


def test_a_host_is_read_without_port_and_brackets():
    assert host_name("a-b.example:80") == "a-b.example"
    assert host_name("[::1]:80") == "::1"
    assert host_name("a b") is None
