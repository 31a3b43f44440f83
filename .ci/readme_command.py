"""Print a command of the README: the code block under the comment `<!-- NAME -->`."""

import re
import sys
from pathlib import Path

text = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
found = re.search(rf"<!-- {re.escape(sys.argv[1])} -->\s*```(?:bash|sh)\n(.*?)```", text, re.DOTALL)
if found is None:
    sys.exit(f"README.md has no command marked {sys.argv[1]!r}")
sys.stdout.write(found[1])
