"""A file under the name that a person gave: written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from orp_tui.core.errors import OrpError, UsageError


def write_given(parts: Iterable[bytes], path: str, *, over: bool = True) -> Path:
    """Write the parts one after the other, and say where: the whole path. `over`: in the place of one that is there.

    Raises UsageError for a file that is there if not `over`; OrpError if it can't be written.
    """
    target = Path(path).expanduser().absolute()
    part = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.writelines(parts)
        if over:
            part.replace(target)
        else:
            os.link(part, target)
    except FileExistsError:
        raise UsageError(f"{target}: is there already; take another name") from None
    except OSError as error:
        raise OrpError(f"{target}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return target
