"""`python -m orp_tui.cli` is `orp`."""

import sys

from orp_tui.cli.main import main

sys.exit(main())
