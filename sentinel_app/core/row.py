"""Raw rows: their ids, and what an Indicator is now and once was.

The id of an Indicator stays when its value changes. Hashes are added to a File, taken off it and
merged into it, and its summary follows them. So what is held of an Indicator is found by its id,
and compared with the keys that it has now.

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
"""A raw row as a source gives it."""

Parse = Callable[[Mapping[str, object]], Indicator]


def row_id(row: Row) -> int:
    """Return the id of a row; a source has seen to it that there is one."""
    value = row['id']
    if not isinstance(value, int):
        raise TypeError('a source gives rows with whole numbers as ids')
    return value


def distinct(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Return each row once; an instance may repeat some."""
    return tuple({row_id(row): row for row in rows}.values())


def hash_digests(summary: str) -> frozenset[bytes]:
    """Return the keys of the hashes in a File's summary, whatever stands between them."""
    return frozenset(
        ObjectKey(IndicatorType.FILE, word.upper(), _KINDS[len(word)]).digest
        for word in _WORD.findall(summary)
        if len(word) in _KINDS and _HEXADECIMAL.fullmatch(word)
    )


def digests_of_row(row: Row, parse: Parse) -> frozenset[bytes] | None:
    """Return the keys that the Indicator of a raw row has now; None where the row does not tell.

    A hash that stands in the summary alone counts as well: an answer that lacks a property does
    not show that the File has lost it. Of a value that cannot be right, nothing is concluded.

    Args:
        row: as ThreatConnect gives it.
        parse: makes an Indicator of it; raises `SkippableError` for one that cannot be sent.
    """
    summary = row.get('summary')
    by_summary: frozenset[bytes] = frozenset()
    is_file = row.get('type') == IndicatorType.FILE
    if is_file and isinstance(summary, str):
        by_summary = hash_digests(summary)
    try:
        return by_summary | {key.digest for key in object_keys(parse(row))}
    except SkippableError as error:
        # A File without a hash that could be sent: it has none of those that it once had.
        has_no_hash = is_file and error.code == 'MAP-TYPE' and isinstance(summary, str)
        return by_summary if has_no_hash else None


def lost_objects(
    rows: Iterable[Row], held: Mapping[int, Mapping[bytes, int]], parse: Parse
) -> dict[int, int]:
    """Return the objects held of these rows' Indicators that they no longer have, with their ids.

    Args:
        rows: what ThreatConnect says of Indicators now.
        held: live objects by their keys, by the id of the Indicator that they were made of.
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
