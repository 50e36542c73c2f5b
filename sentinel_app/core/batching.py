"""Splits objects into upload batches by count and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

MAX_OBJECTS = 100
"""Objects in one request. Source: upload API reference, limits."""

MAX_BYTES = 1_000_000
"""Bytes of the objects in one request. The service states no limit; a hundred objects of the usual
size are a fifth of this, so only hundreds of long labels ever make a batch smaller."""

Item = TypeVar('Item')


def fitting(
    sizes: Sequence[int], *, max_objects: int = MAX_OBJECTS, max_bytes: int = MAX_BYTES
) -> int:
    """Give how many of the first objects fit into one batch; at least one if there is any.

    Args:
        sizes: bytes of each object, in the order of sending.
        max_objects: the most objects in a batch.
        max_bytes: the most bytes in a batch; a single larger object goes alone.
    """
    total = 0
    for count, size in enumerate(sizes[:max_objects]):
        total += size
        if total > max_bytes and count:
            return count
    return min(len(sizes), max_objects)


def halves(items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[Item]]:
    """Split in two, to find the object that makes Sentinel refuse a whole batch."""
    middle = len(items) // 2
    return items[:middle], items[middle:]
