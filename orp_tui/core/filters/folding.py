"""How texts are compared: upper and lower case alike, with `*` and `?` as wildcards.

The catalogue keeps texts as `folded` gives them, so that SQL finds the same: `:` is `instr` or `GLOB`
(with `[` written as `[[]`), `=` is `=`.
"""

from __future__ import annotations


def folded(text: str) -> str:
    """`text` for comparing: without upper case, accents composed, and nothing that SQLite cannot hold.

    NUL and lone surrogates become U+FFFD. Folding twice changes nothing.
    """
    if text.isascii():
        return text.lower().replace("\0", "\ufffd")
    import unicodedata

    # Unicode 3.13, D145: casefolding is only stable on decomposed text; composed again, `?` is one letter.
    plain = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFD", plain).casefold())
    return unicodedata.normalize("NFC", decomposed)


def is_glob(text: str) -> bool:
    """Whether it has wildcards: `*` stands for any text, `?` for one character."""
    return "*" in text or "?" in text


def finds(wanted: str, text: str) -> bool:
    """Whether `wanted`, a part or with wildcards the whole, is in `text`; both folded."""
    return glob_matches(wanted, text) if is_glob(wanted) else wanted in text


def unanchored(wanted: str) -> str:
    """A bare word with wildcards may stand anywhere: the pattern that says so."""
    return f"*{wanted}*" if is_glob(wanted) else wanted


def glob_matches(pattern: str, text: str) -> bool:
    """Whether the whole of `text` answers to `pattern`. Takes len(pattern) × len(text) steps at most."""
    at, place = 0, 0
    star, resumed = -1, 0
    while place < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resumed = at, place
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[place]):
            at += 1
            place += 1
        elif star >= 0:
            resumed += 1
            at, place = star + 1, resumed
        else:
            return False
    return not pattern[at:].strip("*")
