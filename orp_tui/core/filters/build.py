"""Filters put together of others, in the one form that `parse` gives too."""

from __future__ import annotations

from orp_tui.core.filters.expression import EVERYTHING, And, Compare, Everything, Expression, Not, Or


def all_of(*parts: Expression) -> Expression:
    """What every part finds; of no parts, everything."""
    flat: list[Expression] = []
    for part in parts:
        flat += part.parts if isinstance(part, And) else () if isinstance(part, Everything) else (part,)
    return EVERYTHING if not flat else flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(*parts: Expression) -> Expression:
    """What any part finds; of no parts, nothing."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, Everything):
            return EVERYTHING
        flat += part.parts if isinstance(part, Or) else (part,)
    return Not(EVERYTHING) if not flat else flat[0] if len(flat) == 1 else Or(tuple(flat))


def mentions(expression: Expression, field: str, text: str) -> bool:
    """Whether it speaks anywhere of a field with that value, as `is:archived`."""
    if isinstance(expression, Compare):
        return expression.field == field and expression.text == text
    if isinstance(expression, Not):
        return mentions(expression.part, field, text)
    return isinstance(expression, And | Or) and any(mentions(part, field, text) for part in expression.parts)
