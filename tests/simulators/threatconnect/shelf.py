"""Objects sorted by id, and what a query selects of them."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Any, Generic, Protocol, TypeVar

from tests.simulators.threatconnect.predicate import Data, Surroundings, build
from tests.simulators.threatconnect.tree import Node, id_bounds


class Kept(Protocol):
    """An object by its id; a change makes a new one."""

    @property
    def id(self) -> int: ...

    @property
    def data(self) -> Data: ...


K = TypeVar('K', bound=Kept)


class Shelf(Generic[K]):
    """What an endpoint pages through."""

    target = 'indicator'
    """The kind of object, as TQL has it."""

    def __init__(self) -> None:
        self.version = 0
        """Changes with every change of the data."""
        self.empty()

    def empty(self) -> None:
        self._rows: dict[int, K] = {}
        self._ids: list[int] = []
        self._shuffled: tuple[int, list[K]] = (-1, [])

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, row_id: int) -> Data | None:
        """Return one object's data by id."""
        row = self._rows.get(row_id)
        return None if row is None else row.data

    def row(self, row_id: int) -> K | None:
        return self._rows.get(row_id)

    def surroundings(
        self, *, ignores_case: bool = False, ignores_id_filter: bool = False
    ) -> Surroundings:
        """Return what queries may ask about beyond one object."""
        return Surroundings(
            target=self.target, ignores_case=ignores_case, ignores_id_filter=ignores_id_filter
        )

    def select(self, node: Node | None) -> Iterator[K]:
        """Yield the objects a tree selects in order of id; hold the lock while using it."""
        return self.matching(node, self.surroundings())

    def matching(
        self, node: Node | None, surroundings: Surroundings, *, reverse: bool = False
    ) -> Iterator[K]:
        """Yield matching objects by id, beginning where the query's bounds on `id` say."""
        low, high = (None, None) if surroundings.ignores_id_filter else id_bounds(node)
        start = 0 if low is None else bisect_left(self._ids, low)
        stop = len(self._ids) if high is None else bisect_right(self._ids, high)
        rows = self._rows
        indexes = range(start, stop)
        ids = map(self._ids.__getitem__, reversed(indexes) if reverse else indexes)
        if node is None:
            return (rows[row_id] for row_id in ids)
        test = build(node, surroundings)
        return (row for row_id in ids if test((row := rows[row_id]).data))

    def shuffled(self, seed: int | None = None) -> list[K]:
        """Return everything in an order that means nothing but stays while the data stay."""
        if seed is None and self._shuffled[0] == self.version:
            return self._shuffled[1]
        rows = list(self._rows.values())
        random.Random(self.version if seed is None else seed).shuffle(rows)
        if seed is None:
            self._shuffled = (self.version, rows)
        return rows

    def _keep(self, row: K, *, sort: bool = True) -> None:
        """Put an object with a new id among the others."""
        self._rows[row.id] = row
        if sort:
            insort(self._ids, row.id)

    def _drop(self, row_id: int) -> Any:
        """Take an object away; returns its data."""
        row = self._rows.pop(row_id)
        del self._ids[bisect_left(self._ids, row_id)]
        return row.data
