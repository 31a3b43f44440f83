"""`from orp_tui import log` where Open Research Pipeline is not installed.

ORP puts this folder at the end of a training's PYTHONPATH, which Python still searches before its
installed packages. So an installed `orp_tui` is looked for first, and takes this module's
place. Read by Python 3.8 and later.
"""

import importlib.machinery
import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _is_here(entry: str) -> bool:
    return os.path.realpath(entry or os.curdir) == os.path.realpath(_HERE)


def _find_installed():  # type: ignore[no-untyped-def]
    """The spec of an `orp_tui` that is really there, by any finder; None if this one is all there is."""
    path = [entry for entry in sys.path if not _is_here(entry)]
    for finder in sys.meta_path:
        if finder is importlib.machinery.PathFinder:
            spec = importlib.machinery.PathFinder.find_spec("orp_tui", path)
        else:
            find = getattr(finder, "find_spec", None)
            spec = None if find is None else find("orp_tui", None)
        if spec is not None and spec.loader is not None and spec.origin is not None:
            return spec
    return None


def _load(spec, name):  # type: ignore[no-untyped-def]
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_spec = _find_installed()  # type: ignore[no-untyped-call]
if _spec is not None:
    # The import system hands out what stands here when this module has run.
    _load(_spec, "orp_tui")  # type: ignore[no-untyped-call]
else:
    _writer = os.path.join(os.path.dirname(_HERE), "writer.py")
    log = _load(importlib.util.spec_from_file_location("orp_tui._writer", _writer), "orp_tui._writer").log  # type: ignore[no-untyped-call]
    __all__ = ["log"]

    def __getattr__(name: str) -> None:
        raise AttributeError(
            f"orp_tui.{name}: Open Research Pipeline is not installed in {sys.executable}; only `log` is there"
        )
