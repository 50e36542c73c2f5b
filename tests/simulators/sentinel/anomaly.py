"""What the service takes without a word, but a correct sender never does."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.simulators.sentinel.check import read_timestamp
from tests.simulators.sentinel.column import DATA_CUT
from tests.simulators.sentinel.validation import properties

if TYPE_CHECKING:
    from tests.simulators.sentinel.table import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something the service takes without a word, but a correct sender never does."""

    kind: str
    id: str
    detail: str
    request_number: int


def oddities(
    stix: dict[str, Any], before: Row | None, *, is_twice: bool
) -> Iterable[tuple[str, str]]:
    """Find what a correct sender never does; kind and detail of each."""
    if is_twice:
        yield 'duplicate-in-batch', 'the same id twice in one request'
    unknown = stix.keys() - properties(stix['type'])
    if unknown:
        yield 'unknown-property', ', '.join(sorted(unknown))
    description = stix.get('description', '')
    length = f'{len(description)} characters, cut at {DATA_CUT}'
    if stix['type'] != 'indicator':
        if len(description) > DATA_CUT:
            yield 'description-cut', length
    elif description and not _is_json(description[:DATA_CUT]):
        yield 'description-not-json', length
    if '' in stix.values():
        yield 'empty-value', ', '.join(name for name, value in stix.items() if value == '')
    if before is None:
        return
    sent = before.stix
    if stix['created'] != sent['created']:
        yield 'created-changed', f'{sent["created"]} became {stix["created"]}'
    if before.is_revoked and not stix.get('revoked', False):
        yield 'sent-after-revoked', f'revoked by request {before.request_number}'
    if stix == sent:
        return  # the same batch again, which is harmless
    modified, modified_before = read_timestamp(stix['modified']), read_timestamp(sent['modified'])
    if modified < modified_before:
        yield 'modified-backwards', f'{sent["modified"]} became {stix["modified"]}'
    elif modified == modified_before:
        yield 'modified-not-later', f'changed without a later modified than {stix["modified"]}'


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
