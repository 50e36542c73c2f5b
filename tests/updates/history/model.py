"""What Sentinel must hold after an update, from ThreatConnect's rows and the saved list alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sentinel_app.core.query import Query, WithdrawPolicy
from tests.harness.expectation import Expected, expected_objects, patterns
from tests.simulators.threatconnect import Store

Data = Mapping[str, Any]
Stix = Mapping[str, Any]

_MARKINGS = {
    'TLP:GREEN': 'marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da',
    'TLP:AMBER': 'marking-definition--f88d31f6-486f-44da-b317-01333bde0b82',
}
"""Source: STIX 2.1, section 7.2.1.4, the data marking ids of the TLP levels."""

WITHHELD = 'TLP:RED'


def tlp(row: Data) -> str | None:
    """The one TLP label that the rows of a history may have."""
    labels = row.get('securityLabels', {}).get('data', [])
    return labels[0]['name'] if labels else None


def may_be_sent(row: Data) -> bool:
    return tlp(row) != WITHHELD


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The rules, for one moment.

    Args:
        store: what ThreatConnect holds.
        queries: as saved, highest precedence first.
        policy: what is withdrawn.
        ttl: of every type.
        may_be_sent: whether the inputs, and Sentinel, let a row be sent.
    """

    store: Store
    queries: Sequence[Query]
    policy: WithdrawPolicy
    ttl: dt.timedelta
    may_be_sent: Callable[[Data], bool] = may_be_sent

    def expected(self) -> dict[str, Expected]:
        """Return the copy of each value that has precedence."""
        return expected_objects(
            self.store, [_body(query) for query in self.queries], self.may_be_sent
        )

    def faults(self, want: Expected, stix: Stix, now: dt.datetime) -> Iterator[str]:
        """Say what is wrong with the object of an expected copy."""
        row = self.store.get(want.row_id)
        assert row is not None
        if stix['name'] != want.name:
            yield f'copy of {stix["name"]!r} in place of {want.name!r}'
            return
        if stix.get('confidence') != want.confidence:
            yield f'confidence {stix.get("confidence")} in place of {want.confidence}'
        marking = _MARKINGS.get(tlp(row) or '')
        if stix.get('object_marking_refs', [None])[0] != marking:
            yield f'marked {stix.get("object_marking_refs")} in place of {tlp(row)}'
        expires = row.get('externalDateExpires')
        until_at = dt.datetime.fromisoformat(stix['valid_until'])
        latest = now + self.ttl
        if expires is not None:
            latest = min(latest, dt.datetime.fromisoformat(expires))
        if until_at > latest:
            yield f'valid until {until_at}, which is later than {latest}'

    def is_short(self, want: Expected, stix: Stix, now: dt.datetime) -> bool:
        """Whether an object is valid for less than half of the time that it should be."""
        row = self.store.get(want.row_id)
        assert row is not None
        earliest = now + self.ttl / 2
        expires = row.get('externalDateExpires')
        if expires is not None:
            earliest = min(earliest, dt.datetime.fromisoformat(expires))
        return dt.datetime.fromisoformat(stix['valid_until']) < earliest

    def is_gone(self, pattern: str, stix: Stix) -> bool:
        """Whether the copy that an object was made of is deleted or inactive."""
        owner = str(stix['name']).rpartition(' | ')[2]
        return not any(
            row['active'] and pattern in dict(patterns(row))
            for row in self.store.rows()
            if row['ownerName'] == owner
        )

    def may_stay(self, pattern: str, stix: Stix) -> bool:
        """Whether an object of no expected copy may be live after a reading of everything."""
        if self.policy is WithdrawPolicy.NEVER:
            return True
        return self.policy is WithdrawPolicy.DELETED and not self.is_gone(pattern, stix)

    def matched(self, row_id: int) -> int | None:
        """Return the position of the highest query that returns a row that may be sent."""
        row = self.store.get(row_id)
        if row is None or not row['active'] or not may_be_sent(row):
            return None
        if row.get('externalDateExpires', '9') <= self.store.now_text():
            return None
        for position, query in enumerate(self.queries):
            if (
                row['ownerName'] in query.owners
                and row['type'] in query.indicator_types
                and any(found['id'] == row_id for found in self.store.rows(query.tql or None))
            ):
                return position
        return None


def _body(query: Query) -> dict[str, Any]:
    return {
        'owners': list(query.owners),
        'indicator_types': [str(kind) for kind in query.indicator_types],
        'tql': query.tql,
    }
