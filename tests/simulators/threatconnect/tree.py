"""The tree that TQL text becomes, and two questions about it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulators.threatconnect.vocabulary import Kind

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Compare:
    """`keyword op value`; `values` has more than one member for IN only."""

    keyword: str
    kind: Kind
    operator: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    """`keyword IS [NOT] NULL`."""

    keyword: str
    kind: Kind
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Sub:
    """`hasTag(...)`: an object of a collection that fits, or any at all without an argument."""

    keyword: str
    target: str
    collection: str
    argument: Node | None


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    item: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    items: tuple[Node, ...]


Node = Compare | IsNull | Sub | Not | And | Or


def mentions(node: Node, keyword: str) -> bool:
    """Tell whether the query itself, outside of its sub-queries, uses a keyword."""
    if isinstance(node, And | Or):
        return any(mentions(item, keyword) for item in node.items)
    if isinstance(node, Not):
        return mentions(node.item, keyword)
    return not isinstance(node, Sub) and node.keyword == keyword


def id_bounds(node: Node | None) -> tuple[int | None, int | None]:
    """Find the inclusive bounds that the clauses joined by AND put on `id`, None for no bound."""
    low: int | None = None
    high: int | None = None
    clauses = node.items if isinstance(node, And) else () if node is None else (node,)
    for clause in clauses:
        if isinstance(clause, And):
            lower, upper = id_bounds(clause)
        elif isinstance(clause, Compare) and clause.keyword == 'id' and not clause.negated:
            lower, upper = _bounds(clause.operator, [int(value) for value in clause.values])
        else:
            continue
        low = lower if low is None else low if lower is None else max(low, lower)
        high = upper if high is None else high if upper is None else min(high, upper)
    return low, high


def _bounds(operator: str, values: list[int]) -> tuple[int | None, int | None]:
    if operator in {'=', 'in'}:
        return min(values), max(values)
    value = values[0]
    return {
        '>': (value + 1, None),
        '>=': (value, None),
        '<': (None, value - 1),
        '<=': (None, value),
    }.get(operator, (None, None))
