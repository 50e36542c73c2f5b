"""The judge of copies finds what is wrong, and nothing that the App could not have known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.query import Query
from tests.harness.clocks import StandingClock
from tests.harness.fakes.threatconnect import TimedStore
from tests.simulators.threatconnect.row import web_link
from tests.updates.history.model import may_be_sent
from tests.updates.history.ranking import Ranking

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, OSINT = OWNERS = ('Demo Organization', 'Demo Research', 'OSINT Community')
MD5, SHA256 = 'A' * 32, 'C' * 64
PATTERN = f"[file:hashes.'MD5' = '{MD5}']"
HOUR_S = 3600.0


class Table:
    """ThreatConnect with three copies of a value, and what Sentinel is sent of them by hand."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.store = TimedStore(self.clock)
        self.queries = [query('high', ORGANIZATION), query('low', *OWNERS)]
        self.ranking = Ranking(self.store, lambda: self.queries, may_be_sent)
        self.first, self.second, self.third = (
            self.store.add(
                {'type': 'File', 'md5': MD5, 'sha256': SHA256, 'ownerName': owner, 'confidence': 50}
            )['id']
            for owner in OWNERS
        )

    def begin(self, *query_ids: str) -> None:
        self.ranking.begin(query_ids or [item.id for item in self.queries])

    def end(self, *, is_whole: bool = True, is_everything_read: bool = True) -> None:
        self.ranking.end(is_whole=is_whole, is_everything_read=is_everything_read)

    def take(self, row_id: int, *, hours: float = 48, revoked: bool = False) -> None:
        """Let Sentinel take the copy as it is now."""
        row = self.store.get(row_id)
        assert row is not None
        self.clock.advance(hours * HOUR_S)
        until = self.store.now_text()
        self.clock.advance(-hours * HOUR_S)
        stix: dict[str, Any] = {
            'pattern': PATTERN,
            'name': f'{MD5} | {row["ownerName"]}',
            'valid_from': row['lastModified'],
            'valid_until': until,
            'description': f'{{"webLink": "{web_link(row_id)}"}}',
        }
        self.ranking.take({**stix, 'revoked': True} if revoked else stix)

    def update(self, *row_ids: int, **options: bool) -> None:
        """Let a whole update send these copies one after the other."""
        self.begin()
        for row_id in row_ids:
            self.take(row_id)
        self.end(**options)

    def touch(self, row_id: int, **changes: Any) -> None:
        self.clock.advance(60)
        self.store.modify(row_id, **changes)
        self.ranking.touch(row_id)

    def save(self, *queries: Query) -> None:
        self.queries = list(queries)
        self.ranking.edit()


def query(query_id: str, *owners: str) -> Query:
    return Query(
        id=query_id, owners=owners, indicator_types=(IndicatorType.FILE,), tql='confidence < 90'
    )


@pytest.fixture
def table() -> Table:
    return Table()


# -- it bites


def test_lower_querys_copy_in_place_of_a_higher_ones_is_a_fault(table: Table) -> None:
    table.update(table.first)
    table.touch(table.second)
    table.update(table.second)
    assert len(table.ranking.faults) == 1
    assert 'better' in table.ranking.faults[0]


def test_lower_querys_copy_is_a_fault_in_an_update_of_that_query_alone_too(table: Table) -> None:
    table.update(table.first)
    table.touch(table.second)
    table.begin('low')
    table.take(table.second)
    assert table.ranking.faults


@pytest.mark.parametrize('order', ['lower id second', 'higher id second'])
def test_older_copy_of_the_same_query_is_a_fault(table: Table, order: str) -> None:
    ids = (table.third, table.second) if order == 'lower id second' else (table.second, table.third)
    better, worse = ids
    table.touch(better)
    table.update(better)
    table.update(worse)
    assert table.ranking.faults


def test_higher_id_of_two_equally_old_copies_is_a_fault(table: Table) -> None:
    table.update(table.second)
    table.update(table.third)
    assert table.ranking.faults


def test_worse_copy_is_a_fault_though_the_better_one_follows_in_the_same_update(
    table: Table,
) -> None:
    table.update(table.second)
    table.update(table.third, table.second)
    assert len(table.ranking.faults) == 1


def test_time_read_by_a_whole_update_counts_and_not_the_one_that_was_sent(
    table: Table,
) -> None:
    table.update(table.second)
    table.touch(table.third)
    table.touch(table.second)
    table.update(is_everything_read=False)
    table.update(table.third)
    assert table.ranking.faults


def test_copy_that_was_gone_and_is_back_counts_again_once_everything_was_read(table: Table) -> None:
    table.update(table.second)
    table.touch(table.second, active=False)
    table.touch(table.second, active=True)
    table.update()
    table.update(table.third)
    assert table.ranking.faults


def test_reordered_list_counts_as_last_saved(table: Table) -> None:
    table.update(table.first)
    table.save(*reversed(table.queries))
    table.touch(table.third)
    table.update(table.third)
    assert not table.ranking.faults
    table.touch(table.first)
    table.save(query('low', *OWNERS[1:]), query('high', ORGANIZATION))
    table.update(table.first)
    assert table.ranking.faults


# -- and nothing that is right


def test_better_copy_is_no_fault(table: Table) -> None:
    table.update(table.third)
    table.update(table.second)
    table.update(table.first)
    table.touch(table.first, confidence=60)
    table.update(table.first)
    assert table.ranking.judged == 2
    assert table.ranking.faults == []


def test_copy_of_the_same_query_that_was_modified_later_is_no_fault(table: Table) -> None:
    table.update(table.second)
    table.touch(table.third)
    table.update(table.third)
    assert table.ranking.judged == 1
    assert table.ranking.faults == []


def deleted(table: Table) -> None:
    table.store.delete(table.first)
    table.ranking.touch(table.first)


def hash_lost(table: Table) -> None:
    table.store.remove_hash(table.first, MD5)
    table.ranking.touch(table.first)


def gone_for_a_while(table: Table) -> None:
    table.touch(table.first, active=False)
    table.touch(table.first, active=True)


GOING: dict[str, Callable[[Table], None]] = {
    'deleted': deleted,
    'inactive': lambda table: table.touch(table.first, active=False),
    'no longer matching': lambda table: table.touch(table.first, confidence=95),
    'withheld': lambda table: table.touch(
        table.first, securityLabels={'data': [{'name': 'TLP:RED'}]}
    ),
    'expired': lambda table: table.touch(table.first, externalDateExpires=table.store.now_text()),
    'hash lost': hash_lost,
    'query removed': lambda table: table.save(*table.queries[1:]),
    'query moved': lambda table: table.save(*reversed(table.queries)),
    'query edited': lambda table: table.save(
        replace(table.queries[0], tql='confidence > 70'), table.queries[1]
    ),
    'gone for a while': gone_for_a_while,
    'out of time': lambda table: table.clock.advance(49 * HOUR_S),
    'withdrawn': lambda table: table.take(table.first, revoked=True),
}


@pytest.mark.parametrize('going', GOING)
def test_copy_that_replaces_one_that_is_gone_is_no_fault(table: Table, going: str) -> None:
    table.update(table.first)
    GOING[going](table)
    table.touch(table.second)
    table.update(table.second)
    assert table.ranking.faults == []


@pytest.mark.parametrize(
    'before',
    [
        lambda table: table.touch(table.third),
        lambda table: table.save(*table.queries),
    ],
)
def test_changes_made_while_the_update_ran_are_not_judged(
    table: Table, before: Callable[[Table], None]
) -> None:
    table.update(table.first)
    table.begin()
    before(table)
    table.take(table.third)
    assert table.ranking.faults == []


def test_time_that_no_whole_update_has_read_is_not_known(table: Table) -> None:
    table.update(table.second)
    table.touch(table.third)
    table.touch(table.second)
    table.update(is_whole=False)
    table.update(table.third)
    assert table.ranking.faults == []


def test_holder_of_objects_sent_by_a_broken_update_is_not_known(table: Table) -> None:
    table.update(table.first, is_whole=False)
    table.touch(table.second)
    table.update(table.second)
    assert table.ranking.faults == []


def test_patterns_of_other_values_do_not_match(table: Table) -> None:
    other = table.store.add({'type': 'File', 'md5': 'B' * 32, 'ownerName': OSINT})
    table.update(table.first)
    table.begin()
    row: Sequence[tuple[str, Any]] = (
        ('pattern', f"[file:hashes.'MD5' = '{'B' * 32}']"),
        ('name', 'other'),
        ('valid_from', other['lastModified']),
        ('valid_until', '2030-01-01T00:00:00Z'),
        ('description', f'{{"webLink": "{web_link(other["id"])}"}}'),
    )
    table.ranking.take(dict(row))
    assert table.ranking.judged == 0
