"""Raw rows: their ids, and the keys that an Indicator has now and had before.

The id of an Indicator stays the same when its value changes. Hashes are added to a File, removed
from it and merged into it, and its summary follows. So the objects of an Indicator are found by its
id, and compared with its current keys.

Source: ThreatConnect developer documentation, v3 API, "Merge File Hashes".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.errors import SkippableError

_WORD = re.compile('[0-9A-Za-z]+')
_HEXADECIMAL = re.compile('[0-9A-Fa-f]+')
_KINDS = {32: HashKind.MD5, 40: HashKind.SHA1, 64: HashKind.SHA256}

Row = Mapping[str, object]
"""A raw row from a source."""

Parse = Callable[[Mapping[str, object]], Indicator]


def row_id(row: Row) -> int:
    """Return the id of a row; sources guarantee that there is one."""
    value = row['id']
    if not isinstance(value, int):
        raise TypeError('a source gives rows with whole numbers as ids')
    return value


def distinct(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return the rows without repeats, which some instances return."""
    return tuple({row_id(row): row for row in rows}.values())


def hash_digests(summary: str) -> frozenset[bytes]:
    """Return the key digests of the hashes in a File's summary, whatever the separators."""
    return frozenset(
        ObjectKey(IndicatorType.FILE, word.upper(), _KINDS[len(word)]).digest
        for word in _WORD.findall(summary)
        if len(word) in _KINDS and _HEXADECIMAL.fullmatch(word)
    )


def digests_of_row(row: Row, parse: Parse) -> frozenset[bytes] | None:
    """Return the key digests of a raw row's Indicator; None if the row does not show them.

    A hash that is only in the summary counts too: a missing property does not prove that the File
    has lost it. Nothing is concluded from an invalid value.

    Args:
        row: a raw row of ThreatConnect.
        parse: parses it into an Indicator; raises `SkippableError` for one that cannot be sent.
    """
    summary = row.get('summary')
    by_summary: frozenset[bytes] = frozenset()
    is_file = row.get('type') == IndicatorType.FILE
    if is_file and isinstance(summary, str):
        by_summary = hash_digests(summary)
    try:
        return by_summary | {key.digest for key in object_keys(parse(row))}
    except SkippableError as error:
        # A File without a sendable hash has lost all that it had.
        has_no_hash = is_file and error.code == 'MAP-TYPE' and isinstance(summary, str)
        return by_summary if has_no_hash else None


def lost_objects(
    rows: Iterable[Row], held: Mapping[int, Mapping[bytes, int]], parse: Parse
) -> dict[int, int]:
    """Return the live objects that these rows' Indicators no longer have, with the Indicators' ids.

    Args:
        rows: the current raw rows.
        held: the live objects by key digest, by the id of their Indicator.
        parse: as for `digests_of_row`.
    """
    lost: dict[int, int] = {}
    for row in rows:
        number = row_id(row)
        objects = held.get(number)
        present = digests_of_row(row, parse) if objects else None
        if objects and present is not None:
            lost.update((item, number) for digest, item in objects.items() if digest not in present)
    return lost
