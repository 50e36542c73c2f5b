"""What adding, removing and merging the hashes of Files makes of their rows.

Source: ThreatConnect developer documentation, v3 API, "Merge File Hashes": one hash at a time; only
Files with different kinds of hashes are merged, into the one that the request names; it keeps its
id, and gets the Attributes, Security Labels and Tags of both.
"""

from __future__ import annotations

import re
from typing import Any

from tests.simulators.threatconnect.predicate import Data, elements

KINDS = {32: 'md5', 40: 'sha1', 64: 'sha256'}
"""The property of a hash by its length."""

_HEXADECIMAL = re.compile('[0-9A-F]+')
_MERGED = ('attributes', 'securityLabels', 'tags')


def kind_of(digest: str) -> str:
    """Name the property that a hash goes into.

    Raises:
        ValueError: it is no hash.
    """
    kind = KINDS.get(len(digest))
    if kind is None or not _HEXADECIMAL.fullmatch(digest):
        raise ValueError(f'{digest!r} is no MD5, SHA1 or SHA256 in upper case')
    return kind


def hashes_of(data: Data) -> dict[str, str]:
    """The hashes of a File by property; none of anything else."""
    if data['type'] != 'File':
        return {}
    return {name: data[name] for name in KINDS.values() if data.get(name)}


def with_hash(data: Data, digest: str) -> dict[str, Any]:
    """The row with one more hash.

    Raises:
        ValueError: it is no File, or has a hash of that kind.
    """
    kind = kind_of(digest)
    if kind in _hashes_of_file(data):
        raise ValueError(f'the File has a {kind} already')
    return {**data, kind: digest}


def without_hash(data: Data, digest: str) -> dict[str, Any]:
    """The row with one hash less.

    Raises:
        ValueError: it is no File, does not have that hash, or has no other.
    """
    kind, hashes = kind_of(digest), _hashes_of_file(data)
    if hashes.get(kind) != digest:
        raise ValueError(f'the File does not have the {kind} {digest}')
    if len(hashes) == 1:
        raise ValueError('a File needs at least one hash')
    return {name: value for name, value in data.items() if name != kind}


def merged(data: Data, other: Data) -> dict[str, Any]:
    """The first of two Files with everything of the other.

    Raises:
        ValueError: both have a hash of one kind.
    """
    hashes = hashes_of(other)
    both = hashes.keys() & _hashes_of_file(data).keys()
    if both:
        raise ValueError(f'both Files have a {min(both)}')
    found = {**data, **hashes}
    for name in _MERGED:
        members = [*elements(data, name)]
        members += [member for member in elements(other, name) if member not in members]
        if members:
            found[name] = {'data': members}
    return found


def _hashes_of_file(data: Data) -> dict[str, str]:
    if data['type'] != 'File':
        raise ValueError(f'{data["type"]} has no hashes')
    return hashes_of(data)
