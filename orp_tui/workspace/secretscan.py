"""Secrets in a project's files: by the name of a file, by what a file or a diff holds.

`core.secrets` knows the shapes; here they are looked for where code is frozen.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
from collections.abc import Iterator

from orp_tui.core.secrets import find_secrets, is_secret_name

SCANNED_BYTES = 1 << 20
"""Of one file; behind that it is data."""

_SECRET_NAMES = (
    ".env*", "*.env", "*.pem", ".netrc", "_netrc", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.p12", "*.pfx", "*.ppk",
    "*.kdbx", "*.keystore", "*.jks", "credentials", "credentials.*", "*credentials.json", "*-credentials.y*ml", "service-account*.json",
    "service_account*.json", "client_secret*.json", "kaggle.json", "secrets.*", ".pypirc", ".npmrc", ".pgpass", ".git-credentials",
    ".htpasswd", ".dockercfg", ".boto", ".s3cfg", ".vault-token",
)  # fmt: skip
_SECRET_FOLDERS = frozenset({".ssh", ".aws", ".gnupg", ".kaggle", ".azure"})
_NAMES = re.compile("|".join(fnmatch.translate(pattern) for pattern in _SECRET_NAMES))
_SOURCE_SUFFIXES = (".py", ".pyi", ".pyx", ".ipynb", ".r", ".jl", ".md", ".rs", ".go", ".js", ".ts")

# `WANDB_API_KEY=0f3c…`, `"password": "…"`; what follows has to look random, see `_is_random`.
_ASSIGNED = re.compile(
    r"(?P<name>[A-Za-z][A-Za-z0-9_.-]{2,60})[\"']?\s{0,4}(?:=|:)\s{0,4}"
    r"(?P<quote>[\"']?)(?P<value>[A-Za-z0-9+/_=-]{20,200})(?P=quote)(?![A-Za-z0-9_.(\[])"
)

# `postgres://user:password@host` in a comment is no secret.
_EXAMPLE_URL = re.compile(
    r"://[^:/]*:(?:pass|passwd|password|passwort|pwd|secret|token|x+|[a-z]*_?(?:password|token))@",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class SecretHit:
    """Where a secret stands. The secret itself is not kept."""

    path: str
    line: int
    """From 1."""
    kind: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}"


def is_secret_file(path: str) -> bool:
    """Whether files of that name usually hold secrets: `.env.local`, `key.pem`, `.aws/config`.

    `secrets.py` and the like are code, and only what they hold tells.
    """
    *folders, name = path.lower().split("/")
    if not _SECRET_FOLDERS.isdisjoint(folders):
        return True
    return _NAMES.match(name) is not None and not name.endswith(_SOURCE_SUFFIXES)


def find_in_bytes(data: bytes) -> tuple[int, str] | None:
    """Line and kind of the first secret in a text; None for binary data and clean text."""
    if b"\0" in data[:8192]:
        return None
    text = data[:SCANNED_BYTES].decode("utf-8", "replace")
    hits = sorted(_offsets(text))
    if not hits:
        return None
    offset, kind = hits[0]
    return text.count("\n", 0, offset) + 1, kind


def _offsets(text: str) -> Iterator[tuple[int, str]]:
    for found in find_secrets(text):
        if not _EXAMPLE_URL.search(text, found.start, found.end):
            yield found.start, found.kind
    for match in _ASSIGNED.finditer(text):
        name = match["name"].rpartition(".")[2]
        if is_secret_name(name) and _is_random(match["value"], quoted=bool(match["quote"])):
            yield match.start(), f"a value of {name}"


def _is_random(value: str, *, quoted: bool) -> bool:
    """Whether a value looks drawn by lot, and not like a name or a placeholder.

    Unquoted words may be names of variables, so there an underscore speaks against it.
    """
    digits = sum(char.isdigit() for char in value)
    letters = sum(char.isalpha() for char in value)
    if digits < 3 or letters < 3 or len(set(value.lower())) < 8:
        return False
    return quoted or "_" not in value


_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(?P<line>\d+)")


def find_in_diff(diff: str, prefix: str = "b/") -> list[SecretHit]:
    """Every added line of a unified diff that holds a secret, at most 20."""
    if next(_offsets(diff), None) is None:
        return []
    hits: list[SecretHit] = []
    path, line = "", 0
    for text in diff.split("\n"):
        if text.startswith("+++ "):
            path = text[4:].strip('"').removeprefix(prefix).rstrip("\t")
        elif hunk := _HUNK.match(text):
            line = int(hunk["line"]) - 1
        elif text[:1] == "+":
            line += 1
            found = find_in_bytes(text[1:].encode())
            if found:
                hits.append(SecretHit(path, line, found[1]))
        elif text[:1] == " ":
            line += 1
        if len(hits) >= 20:
            break
    return hits
