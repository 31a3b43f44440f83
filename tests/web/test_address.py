from __future__ import annotations

import socket

import pytest

from orp_tui.core.errors import OrpError, UsageError
from orp_tui.web.address import find_address, listen, names_of, url_host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1.2.3"])
def test_the_loopback_needs_no_leave(host):
    assert find_address(host, beyond_loopback=False).startswith("127.")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", ""])
def test_everything_else_needs_one(host):
    with pytest.raises(UsageError, match=r"insecure-network|no such address"):
        find_address(host, beyond_loopback=False)


def test_with_leave_it_is_taken():
    assert find_address("0.0.0.0", beyond_loopback=True) == "0.0.0.0"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "a..b"])
def test_a_name_without_address_is_said(host):
    with pytest.raises(UsageError, match="no such address"):
        find_address(host, beyond_loopback=True)


def test_a_taken_port_is_one_clear_error():
    with (
        listen("127.0.0.1", 0) as first,
        pytest.raises(OrpError, match="is taken; choose another with --port"),
    ):
        listen("127.0.0.1", first.getsockname()[1])


def test_an_address_of_another_machine_is_one_too():
    with pytest.raises(OrpError, match="can't be listened on"):
        listen("192.0.2.1", 0)


def test_the_loopback_answers_to_its_names_and_another_address_does_not():
    assert names_of("127.0.0.1", "127.0.0.1") == {"127.0.0.1", "localhost", "::1"}
    assert names_of("Box.example.", "192.0.2.1") == {"box.example", "192.0.2.1"}
    assert socket.gethostname().lower() in names_of("0.0.0.0", "0.0.0.0")


def test_an_address_is_written_as_browsers_read_it():
    assert url_host("127.0.0.1", 80) == "127.0.0.1:80"
    assert url_host("::1", 80) == "[::1]:80"
    assert url_host("0.0.0.0", 80) == f"{socket.gethostname()}:80"
