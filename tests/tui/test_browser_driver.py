"""The driver behind a browser's tab; that its packets are whole is shown by tests/web/test_downloads.py."""

from __future__ import annotations

import os
import subprocess
import threading

from hosting import SMALL


def test_a_dashboard_whose_server_is_gone_leaves():
    variables = os.environ | {"TEXTUAL_DRIVER": "orp_tui.tui.browser_driver:BrowserDriver"}
    with subprocess.Popen(
        SMALL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=variables
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"__GANGLION__\n"
        reading = threading.Thread(target=process.stdout.read)
        reading.start()

        process.stdin.close()

        assert process.wait(30) == 0
        reading.join()
