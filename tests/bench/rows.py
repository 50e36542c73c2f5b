"""The Indicators that are measured with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.harness.engine import OWNERS, hosts
from tests.simulators.demo import generate_indicators
from tests.simulators.threatconnect.store import FIRST_ID

Row = dict[str, Any]

_HASHES = ('md5', 'sha1', 'sha256')
_FAR = 10**10
"""Between the ids of one owner and those of another."""
BETTER, WORSE = '2025-07-01T00:00:00Z', '2025-06-01T00:00:00Z'


def object_count(row: Row) -> int:
    """Return how many objects an Indicator becomes: one for each hash of a File, else one."""
    return sum(name in row for name in _HASHES) if row['type'] == 'File' else 1


def rows_of_objects(count: int) -> Iterator[Row]:
    """Yield Indicators that become exactly so many objects."""
    left = count
    for row in generate_indicators(count):
        if not left:
            return
        if object_count(row) <= left:
            left -= object_count(row)
            yield row


def copied_rows(values: int, *, first_is_better_each: int) -> list[Row]:
    """Return so many values, each in two owners: all of the first owner, then all of the second.

    Args:
        values: how many.
        first_is_better_each: of each so many values, the first owner's copy of one was modified
            later than the second owner's; of the others the second owner's.
    """
    rows = []
    for number, row in enumerate(hosts(values)):
        first_is_better = number % first_is_better_each == 0
        rows += [
            {
                **row,
                'id': FIRST_ID + number,
                'lastModified': BETTER if first_is_better else WORSE,
            },
            {
                **row,
                'id': FIRST_ID + _FAR + number,
                'ownerName': OWNERS[1],
                'confidence': (row['confidence'] + 50) % 101,
                'lastModified': WORSE if first_is_better else BETTER,
            },
        ]
    return sorted(rows, key=lambda row: row['id'])


def rows_of_owner(count: int, owner: str, owner_id: int) -> Iterator[Row]:
    """Yield generated Indicators of one owner, whose values and ids no others have."""
    for row in generate_indicators(count, seed=2):
        yield {**row, 'id': row['id'] + _FAR, 'ownerName': owner, 'ownerId': owner_id}
