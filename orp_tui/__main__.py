"""`python -m orp_tui` starts the dashboard."""

import sys

from orp_tui.tui.launch import main

sys.exit(main())
