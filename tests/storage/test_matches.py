from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import pytest

from sentinel_app.core.alert import AlertSeverity
from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.match import (
    ALL_MATCHES,
    FoundMatch,
    MatchFilter,
    MatchKind,
    MatchOutcome,
    MatchRun,
    MatchSort,
)
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.errors import LogsDeniedError
from sentinel_app.storage import matches as matches_module
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.matches import MOST_MATCHES, Matches
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.match import MINUTE, make_alert, sendable, web_link
from tests.harness.builders.update import address, count_rows, send
from tests.harness.clocks import NOON

HOUR = dt.timedelta(hours=1)
DIGESTS = {HashKind.MD5: 'A' * 32, HashKind.SHA256: 'B' * 64}
HASHES = [ObjectKey(IndicatorType.FILE, digest, kind) for kind, digest in DIGESTS.items()]


@pytest.fixture
def matches(db: Database) -> Matches:
    return Matches(db)


def objects(db: Database, *keys: ObjectKey) -> list[int]:
    found = Holdings(db).of_keys(keys)
    return [found[key.digest].object for key in keys]


def found(
    db: Database, number: int, *values: int, kind: MatchKind = MatchKind.EXACT, **fields: object
) -> FoundMatch:
    """An alert about the Addresses of these numbers."""
    ledger_rows = objects(db, *map(address, values))
    return FoundMatch(alert=make_alert(number, **fields), objects=dict.fromkeys(ledger_rows, kind))


def ids(matches: Matches, wanted: MatchFilter = ALL_MATCHES, **options: object) -> list[int]:
    page, total = matches.page(wanted, **options)
    assert options.get('limit') or total == len(page)
    return [each.indicator_id for each in page]


def test_matched_indicator_is_shown_with_all_of_its_alerts(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(7, owner_name='Källa'), query_id='q2')
    added = matches.add(
        [
            found(db, 1, 7, kind=MatchKind.VALUE, name='Second', severity=AlertSeverity.LOW),
            found(db, 9, 7, name='First', severity=AlertSeverity.HIGH),
            found(db, 5, 7, name='Second'),
        ],
        until=NOON,
    )
    assert added == 3
    ((one,), total) = matches.page()
    assert total == 1
    assert (one.indicator_id, one.type, one.summary) == (7, IndicatorType.ADDRESS, '198.51.0.7')
    assert (one.owner_name, one.query_id, one.web_link) == ('Källa', 'q2', web_link(7))
    assert (one.alerts, one.kind, one.severity) == (3, MatchKind.EXACT, AlertSeverity.HIGH)
    assert (one.first_at, one.last_at) == (NOON - 10 * MINUTE, NOON - MINUTE)
    assert (one.names, one.name_count) == (('Second', 'First'), 2)
    assert one.newest == make_alert(1, name='Second', severity=AlertSeverity.LOW)
    alerts, count = matches.alerts(7)
    assert [(each.alert.id, each.kind) for each in alerts] == [
        ('a-1', MatchKind.VALUE),
        ('a-5', MatchKind.EXACT),
        ('a-9', MatchKind.EXACT),
    ]
    assert count == 3


def test_only_the_first_few_names_are_shown(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(7))
    matches.add([found(db, each, 7, name=f'Rule {each}') for each in range(1, 6)], until=NOON)
    ((one,), _) = matches.page()
    assert (one.names, one.name_count) == (('Rule 1', 'Rule 2', 'Rule 3'), 5)


def test_same_alert_twice_is_one_match(db: Database, store: UpdateStore, matches: Matches) -> None:
    send(store, sendable(7))
    assert matches.add([found(db, 1, 7)], until=NOON) == 1
    assert matches.add([found(db, 1, 7)], until=NOON) == 0
    assert count_rows(db, 'alert', 'match', 'matched') == [1, 1, 1]


def test_update_of_an_alert_changes_its_row_and_adds_what_is_new(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(7), sendable(8))
    matches.add([found(db, 1, 7, kind=MatchKind.VALUE)], until=NOON)
    later = found(db, 1, 7, 8, name='Renamed', severity=AlertSeverity.HIGH, end_at=NOON)
    assert matches.add([later], until=NOON) == 1
    ((first, second), _) = matches.page(sort=MatchSort.SUMMARY, is_descending=False)
    assert (first.kind, first.newest, first.last_at) == (MatchKind.EXACT, later.alert, NOON)
    assert second.newest == later.alert
    assert ids(matches, MatchFilter(after=NOON)) == [8, 7]


def test_exact_match_stays_exact(db: Database, store: UpdateStore, matches: Matches) -> None:
    send(store, sendable(7))
    matches.add([found(db, 1, 7)], until=NOON)
    matches.add([found(db, 1, 7, kind=MatchKind.VALUE)], until=NOON)
    assert ids(matches, MatchFilter(kind=MatchKind.EXACT)) == [7]


def test_hashes_of_a_file_are_one_indicator(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, *(sendable(7, key, siblings=2, summary='A : B') for key in HASHES))
    both = dict.fromkeys(objects(db, *HASHES), MatchKind.EXACT)
    assert matches.add([FoundMatch(alert=make_alert(), objects=both)], until=NOON) == 2
    ((one,), _) = matches.page()
    assert (one.type, one.summary, one.alerts) == (IndicatorType.FILE, 'A : B', 1)
    assert matches.alerts(7)[1] == 1
    assert matches.of_objects(both, most=20)[1] == 1


def test_object_that_was_never_accepted_is_no_match(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(7), sendable(8), refusals={0: ('no',)})
    assert matches.add([found(db, 1, 7), found(db, 2, 7, 8)], until=NOON) == 1
    assert ids(matches) == [8]
    assert count_rows(db, 'alert') == [1]


def test_match_keeps_the_copy_and_query_that_had_sent_the_value(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(7), query_id='q1')
    matches.add([found(db, 1, 7)], until=NOON)
    (number,) = objects(db, address(7))
    taken_over = sendable(70, address(7), object=number, replaces=True, owner_name='Other')
    send(store, taken_over, request_id='later', query_id='q2')
    matches.add([found(db, 1, 7)], until=NOON)
    ((one,), _) = matches.page()
    assert (one.indicator_id, one.owner_name, one.query_id) == (7, 'Example Org', 'q1')
    matches.add([found(db, 2, 7)], until=NOON)
    assert set(ids(matches)) == {7, 70}
    assert matches.of_objects([number], most=20)[1] == 2


@pytest.mark.parametrize(
    ('wanted', 'expected'),
    [
        ({}, [1, 2, 3]),
        ({'kind': MatchKind.EXACT}, [1, 3]),
        ({'kind': MatchKind.VALUE}, [2]),
        ({'indicator_type': IndicatorType.HOST}, [3]),
        ({'owner_name': 'Other'}, [2]),
        ({'owner_name': 'other'}, []),
        ({'query_id': 'q2'}, [3]),
        ({'query_id': 'q9'}, []),
        ({'severity': AlertSeverity.HIGH}, [1]),
        ({'severity': AlertSeverity.UNKNOWN}, [2]),
        ({'text': 'BAD.EX'}, [3]),
        ({'text': 'beacon'}, [2]),
        ({'text': '%'}, []),
        ({'after': NOON - 2 * MINUTE}, [1, 2]),
        ({'before': NOON - 2 * MINUTE}, [3]),
        ({'after': NOON - 2 * MINUTE, 'kind': MatchKind.VALUE}, [2]),
    ],
)
def test_filters_let_the_matching_ones_through(
    db: Database,
    store: UpdateStore,
    matches: Matches,
    wanted: dict[str, object],
    expected: list[int],
) -> None:
    host = ObjectKey(IndicatorType.HOST, 'bad.example')
    send(store, sendable(1), sendable(2, owner_name='Other'))
    send(store, sendable(3, host), request_id='second', query_id='q2')
    (of_host,) = objects(db, host)
    matches.add(
        [
            found(db, 1, 1, severity=AlertSeverity.HIGH),
            found(db, 2, 2, kind=MatchKind.VALUE, severity=AlertSeverity.UNKNOWN, name='A Beacon'),
            FoundMatch(alert=make_alert(3), objects={of_host: MatchKind.EXACT}),
        ],
        until=NOON,
    )
    assert sorted(ids(matches, MatchFilter(**wanted))) == expected
    every = matches.indicators(MatchFilter(**wanted), sort=MatchSort.LAST, is_descending=True)
    assert sorted(each.indicator_id for each in every) == expected


def test_counts_of_an_indicator_are_of_what_the_filter_lets_through(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(7))
    matches.add(
        [
            found(db, 1, 7, kind=MatchKind.VALUE, name='By value', severity=AlertSeverity.HIGH),
            found(db, 2, 7, name='Exact'),
        ],
        until=NOON,
    )
    exact = MatchFilter(kind=MatchKind.EXACT)
    ((one,), _) = matches.page(exact)
    assert (one.alerts, one.names, one.severity) == (1, ('Exact',), AlertSeverity.MEDIUM)
    assert one.newest.id == 'a-2'
    assert [each.alert.id for each in matches.alerts(7, exact)[0]] == ['a-2']


@pytest.mark.parametrize(
    ('sort', 'expected'),
    [
        (MatchSort.LAST, [1, 2, 3]),
        (MatchSort.FIRST, [2, 3, 1]),
        (MatchSort.ALERTS, [3, 1, 2]),
        (MatchSort.SEVERITY, [2, 1, 3]),
        (MatchSort.SUMMARY, [3, 2, 1]),
    ],
)
def test_indicators_come_in_the_wanted_order(
    db: Database, store: UpdateStore, matches: Matches, sort: MatchSort, expected: list[int]
) -> None:
    send(store, sendable(1), sendable(2), sendable(3))
    matches.add(
        [
            found(db, 1, 1, start_at=NOON - HOUR),
            found(db, 2, 2, severity=AlertSeverity.HIGH),
            found(db, 3, 3),
            found(db, 4, 3),
        ],
        until=NOON,
    )
    assert ids(matches, sort=sort) == expected
    pages = [ids(matches, sort=sort, limit=1, offset=each) for each in range(3)]
    assert list(itertools.chain(*pages)) == expected
    if sort not in {MatchSort.ALERTS, MatchSort.SEVERITY}:
        assert ids(matches, sort=sort, is_descending=False) == expected[::-1]


def test_list_of_all_is_read_in_portions(
    db: Database, store: UpdateStore, matches: Matches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches_module, '_PORTION', 2)
    send(store, *map(sendable, range(1, 5)))
    matches.add([found(db, each, each) for each in range(1, 5)], until=NOON)
    every = matches.indicators(MatchFilter(), sort=MatchSort.LAST, is_descending=True)
    assert [each.indicator_id for each in every] == [1, 2, 3, 4]


def test_oldest_matches_make_room(db: Database, store: UpdateStore) -> None:
    assert MOST_MATCHES == 200_000
    matches = Matches(db, most=3)
    send(store, *map(sendable, range(1, 6)))
    matches.add([found(db, 5, 5), found(db, 3, 3), found(db, 4, 4)], until=NOON)
    matches.add([found(db, 1, 1), found(db, 2, 2)], until=NOON)
    assert ids(matches) == [1, 2, 3]
    assert count_rows(db, 'alert', 'match', 'matched') == [3, 3, 3]


def test_old_matches_are_removed_with_what_only_they_need(
    db: Database, store: UpdateStore, matches: Matches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matches_module, '_REMOVED_AT_ONCE', 2)
    send(store, sendable(1), sendable(2))
    matches.add([found(db, 1, 1), *(found(db, each, 1, 2) for each in (10, 11, 12))], until=NOON)
    assert matches.remove_before(NOON - 5 * MINUTE) == 6
    assert ids(matches) == [1]
    assert count_rows(db, 'alert', 'match', 'matched') == [1, 1, 1]
    assert matches.remove_before(NOON - 5 * MINUTE) == 0


def test_counts_are_of_indicators_since_a_time(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    assert matches.counts(NOON - HOUR).indicators == 0
    send(store, sendable(1), sendable(2, owner_name='Other'))
    send(store, sendable(3), request_id='second', query_id='q2')
    matches.add(
        [
            found(db, 1, 1),
            found(db, 2, 1, 2, kind=MatchKind.VALUE),
            found(db, 3, 3, kind=MatchKind.VALUE),
            found(db, 90, 3),
        ],
        until=NOON,
    )
    counts = matches.counts(NOON - HOUR)
    assert (counts.indicators, counts.exact, counts.alerts) == (3, 1, 3)
    assert counts.by_query == {'q1': 2, 'q2': 1}
    assert counts.by_owner == {'Example Org': 2, 'Other': 1}
    assert matches.counts(NOON - 2 * MINUTE).indicators == 2


def test_newest_alerts_of_objects_are_limited_and_counted(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(1), sendable(2))
    matches.add([found(db, each, 1) for each in range(1, 6)] + [found(db, 6, 2)], until=NOON)
    alerts, count = matches.of_objects(objects(db, address(1)), most=2)
    assert [each.alert.id for each in alerts] == ['a-1', 'a-2']
    assert count == 5
    assert matches.of_objects([], most=2) == ((), 0)


def test_text_without_a_description_gives_no_link(
    db: Database, store: UpdateStore, matches: Matches
) -> None:
    send(store, sendable(1, text=b'{}'), sendable(2, text=b'{"description":"words"}'))
    matches.add([found(db, 1, 1, 2)], until=NOON)
    assert [each.web_link for each in matches.page()[0]] == [None, None]


def test_run_is_stored_from_its_beginning_to_its_end(matches: Matches) -> None:
    assert matches.run() == MatchRun()
    matches.begin(NOON)
    assert matches.run() == MatchRun(began_at=NOON)
    assert matches.run().is_cut_off
    matches.add([], until=NOON)
    matches.end(NOON + MINUTE, MatchOutcome.COMPLETE, alerts=5, unreadable=1, added=2)
    complete = matches.run()
    assert complete == MatchRun(
        until_at=NOON,
        began_at=NOON,
        ended_at=NOON + MINUTE,
        completed_at=NOON + MINUTE,
        outcome=MatchOutcome.COMPLETE,
        seen_at=NOON + MINUTE,
        alerts=5,
        unreadable=1,
        added=2,
    )
    assert not complete.is_cut_off


def test_failed_run_keeps_what_earlier_ones_reached(matches: Matches) -> None:
    matches.begin(NOON)
    matches.add([], until=NOON)
    matches.end(NOON, MatchOutcome.COMPLETE, alerts=5)
    complete = matches.run()
    matches.begin(NOON + HOUR)
    error = LogsDeniedError('The application may not query. Assign the role.', reason='Forbidden')
    matches.end(NOON + HOUR, MatchOutcome.FAILED, error=error)
    assert matches.run() == dataclasses.replace(
        complete,
        began_at=NOON + HOUR,
        ended_at=NOON + HOUR,
        outcome=MatchOutcome.FAILED,
        alerts=0,
        code='AZ-QUERY-403',
        message='The application may not query. Assign the role.',
        reason='Forbidden',
    )
    matches.end(NOON + 2 * HOUR, MatchOutcome.NO_TABLE)
    assert matches.run().code is None
    assert matches.run().completed_at == NOON + 2 * HOUR
