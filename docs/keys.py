"""Write docs/keys.md from the table of keys: `python docs/keys.py`."""

from __future__ import annotations

from pathlib import Path

from orp_tui.tui.bindings import PLACES, Key, keys_of

HEAD = """# Keys of the dashboard

Made by `python docs/keys.py`. Every key can be given others in `keys.yaml` of your configuration folder
(`orp doctor` names it): `queue.cancel: ctrl+x`. `?` shows the keys of the place where you are, `:` finds any act by its name.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for place, title in PLACES.items():
        parts.append(
            f"\n## {title}\n\n| key | act | what it does | on the command line |\n| --- | --- | --- | --- |"
        )
        parts += [_row(key) for key in keys_of(place)]
    return "\n".join(parts) + "\n"


def _row(key: Key) -> str:
    names = [key.display, *key.keys.split(",")[1:]] if key.display else key.keys.split(",")
    twin = f"`{key.twin}`" if key.twin else f"none: {key.alone}"
    cells = (" ".join(f"`{name}`" for name in names), f"{key.label} (`{key.id}`)", key.tooltip, twin)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    Path(__file__).with_name("keys.md").write_text(page(), "utf-8")
