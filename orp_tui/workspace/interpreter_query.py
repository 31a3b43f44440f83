"""Asked of the training's Python, which may be any from 3.6 on: given as text with `-c`, never imported.

Prints one JSON object; reads names and small files of the folders on `sys.path`, imports no
package of the user's.
"""

import ast
import json
import os
import re
import sys


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


def literal(text: str, name: str) -> "dict[str, str]":
    match = re.search(r"^" + name + r"[^=\n]*=\s*(\{.*?\})\s*$", text, re.MULTILINE | re.DOTALL)
    if not match:
        return {}
    try:
        return dict(ast.literal_eval(match.group(1)))
    except (SyntaxError, TypeError, ValueError):
        return {}


def main() -> None:
    # Annotations of local names are not evaluated, so that any version reads them.
    packages: dict[str, str] = {}
    mappings: dict[str, str] = {}
    editables = []
    stamped = []
    folders = [folder for folder in sys.path if folder and os.path.isdir(folder)]
    for folder in folders:
        if "packages" not in os.path.basename(folder):
            continue
        stamped.append(folder)
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            found = re.match(r"(.+?)-([0-9][^-]*?)(?:-py[0-9.]+)?\.(?:dist-info|egg-info|egg)$", name)
            if found:
                packages.setdefault(found.group(1), found.group(2))
                url = read(os.path.join(path, "direct_url.json")) if name.endswith(".dist-info") else ""
                if '"editable"' in url:
                    try:
                        data = json.loads(url)
                    except ValueError:
                        continue
                    if data.get("dir_info", {}).get("editable"):
                        top = read(os.path.join(path, "top_level.txt")).split()
                        editables.append(
                            {"name": found.group(1), "url": data.get("url", ""), "top_level": top}
                        )
            elif name.endswith((".pth", ".egg-link")):
                stamped.append(path)
            elif name.startswith("__editable__") and name.endswith(".py"):
                stamped.append(path)
                text = read(path)
                mappings.update(literal(text, "MAPPING"))
    facts = {
        "version": sys.version,
        "version_info": list(sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "path": folders,
        "packages": packages,
        "mappings": mappings,
        "editables": editables,
        "stamped": stamped,
    }
    sys.stdout.write(json.dumps(facts))


main()
