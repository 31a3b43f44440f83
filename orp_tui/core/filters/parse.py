"""The text of a filter → what it means.

either = both ("|" both)*            `|` binds least; OR is the same
both   = one (blank one)*            a blank, or AND: both have to be true
one    = ("-" | "!") one             what is not found; NOT is the same
       | "(" either ")"
       | field operator value        blanks may stand around the operator
       | word                        in id, name, tags or note
"""

from __future__ import annotations

from orp_tui.core.filters.build import all_of, any_of
from orp_tui.core.filters.compare import compared, field_of, operator_of
from orp_tui.core.filters.errors import FilterError, Wrong
from orp_tui.core.filters.expression import EVERYTHING, Expression, Not, Word
from orp_tui.core.filters.folding import folded
from orp_tui.core.filters.limits import MAX_DEPTH, MAX_LENGTH, MAX_STARS, MAX_TERMS
from orp_tui.core.filters.tokens import Kind, Token, tokens


def parse(text: str) -> Expression:
    """What a filter means; the empty text is EVERYTHING.

    Raises FilterError, and nothing else, with the place and what to do.
    """
    if len(text) > MAX_LENGTH:
        words = f"a filter has at most {MAX_LENGTH:,} characters, this one has {len(text):,}"
        raise FilterError(text, MAX_LENGTH, len(text) - MAX_LENGTH, words)
    return _Parser(text, tokens(text)).whole()


class _Parser:
    """Where the reading of one text stands."""

    def __init__(self, text: str, found: list[Token]) -> None:
        self.text, self.tokens = text, found
        self.place = self.depth = self.terms = 0

    def whole(self) -> Expression:
        if not self.tokens:
            return EVERYTHING
        expression = self.either()
        if token := self.next():
            raise self.wrong(token, "this bracket closes nothing; take it away, or add ( before it")
        return expression

    def either(self) -> Expression:
        parts = [self.both()]
        while self.take(Kind.OR):
            parts.append(self.both())
        return any_of(*parts)

    def both(self) -> Expression:
        parts = [self.one()]
        while (token := self.next()) and token.kind not in (Kind.OR, Kind.CLOSE):
            self.take(Kind.AND)
            parts.append(self.one())
        return all_of(*parts)

    def one(self) -> Expression:
        token = self.next()
        if token is None or token.kind in (Kind.OR, Kind.AND, Kind.CLOSE):
            raise self.nothing(token)
        self.place += 1
        if token.kind is Kind.OP:
            raise self.wrong(
                token, f"nothing stands before {token.text}; write a field, as cfg.lr{token.text}1"
            )
        if token.kind is Kind.TEXT:
            return self.term(token)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(token, f"more than {MAX_DEPTH} brackets and - within one another")
        found = self.negated(token) if token.kind is Kind.NOT else self.bracketed(token)
        self.depth -= 1
        return found

    def negated(self, sign: Token) -> Expression:
        after = self.next()
        if sign.text in "-!" and (after is None or after.start > sign.end):
            words = f"nothing sticks to this {sign.text}; write {sign.text}word for what is not to be found"
            raise self.wrong(sign, f"{words}, or put it in quotes")
        return Not(self.one())

    def bracketed(self, opening: Token) -> Expression:
        if (token := self.next()) and token.kind is Kind.CLOSE:
            raise FilterError(
                self.text, opening.start, token.end - opening.start, "nothing stands in the brackets"
            )
        found = self.either()
        if not self.take(Kind.CLOSE):
            raise self.wrong(opening, "this bracket is never closed; add )")
        return found

    def term(self, token: Token) -> Expression:
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise self.wrong(token, f"more than {MAX_TERMS} words and comparisons")
        if op := self.take(Kind.OP):
            return self.comparison(token, op)
        try:
            if not token.is_quoted:
                _refuse_lone_field(token.text)
            return word(token.text)
        except Wrong as error:
            raise self.wrong(token, str(error)) from None

    def comparison(self, name: Token, op: Token) -> Expression:
        at = name
        try:
            field, key = field_of(name)
            at = op
            operator_of(field, op.text)
            at = self.value(name, op)
            return compared(field, key, op.text, at.text, is_quoted=at.is_quoted)
        except Wrong as error:
            raise self.wrong(at, str(error)) from None

    def value(self, name: Token, op: Token) -> Token:
        """What stands behind an operator."""
        if found := self.take(Kind.TEXT):
            return found
        written = self.text[name.start : op.end]
        raise FilterError(
            self.text, op.end, 1, f"nothing stands behind {written if len(written) < 40 else op.text}"
        )

    def next(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self, kind: Kind) -> Token | None:
        token = self.next()
        if token is None or token.kind is not kind:
            return None
        self.place += 1
        return token

    def nothing(self, token: Token | None) -> FilterError:
        """A sign that has nothing beside it, or a sign that stands where a word should."""
        before = self.tokens[self.place - 1] if self.place else None
        if token is not None and (before is None or before.kind is Kind.OPEN):
            return self.wrong(token, f"nothing stands before {token.text}")
        assert before is not None  # the first token is there
        between = f" and {token.text}" if token is not None else ""
        words = (
            f"nothing stands between {before.text}{between}"
            if between
            else f"nothing stands behind {before.text}"
        )
        return self.wrong(token or before, words)

    def wrong(self, token: Token, words: str) -> FilterError:
        return FilterError(self.text, token.start, token.end - token.start, words)


def word(text: str) -> Expression:
    """What a bare word finds. Raises Wrong if it has too many wildcards."""
    refuse_stars(text)
    return Word(folded(text)) if text.strip("*") else EVERYTHING


def refuse_stars(text: str) -> None:
    """Raises Wrong if a pattern would take too long."""
    if text.count("*") > MAX_STARS:
        raise Wrong(f"more than {MAX_STARS} * in one word")


def _refuse_lone_field(text: str) -> None:
    """`cfg.lr` alone is hardly a word that somebody looks for. Raises Wrong."""
    from orp_tui.core.filters.fields import field_named

    name, dot, key = text.partition(".")
    field = field_named(name)
    if field is None or not field.keyed or not dot:
        return
    if not key:
        raise Wrong(f"{text} needs a key; write {field.shown}, as {field.examples[0]}")
    raise Wrong(f"compare it, as {text}>1, or ask has:{text}; to look for the word put it in quotes")
