from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given

from sentinel_app.core.indicator import Tag
from sentinel_app.core.ledger_row import LedgerRow, ObjectState, millis
from sentinel_app.core.object_id import object_id, object_keys
from sentinel_app.core.revision import Revision, next_revision
from sentinel_app.core.timestamp import from_text, to_millis
from tests.harness.builders.indicator import make_indicator, make_options
from tests.harness.builders.update import NOON, make_ledger_row
from tests.harness.strategies import law, times

MILLISECOND = dt.timedelta(milliseconds=1)
DAY = dt.timedelta(days=1)
KEY = object_keys(make_indicator())[0]


def version(
    row: LedgerRow | None = None,
    chosen: tuple[dt.datetime, dt.datetime] | None = None,
    now: dt.datetime = NOON,
    **fields: object,
) -> Revision:
    return next_revision(
        make_indicator(**fields),
        KEY,
        row=row,
        chosen=None if chosen is None else (millis(chosen[0]), millis(chosen[1])),
        options=make_options(),
        now=now,
    )


def withdrawn(**fields: object) -> LedgerRow:
    return make_ledger_row(state=ObjectState.WITHDRAWN, **fields)


def under_way(
    outbox_created: dt.datetime, outbox_modified: dt.datetime, **fields: Any
) -> LedgerRow:
    """A key with a version in the outbox that is not settled yet."""
    return make_ledger_row(
        outbox=1, outbox_created=outbox_created, outbox_modified=outbox_modified, **fields
    )


def time_of(found: Revision, name: str) -> dt.datetime:
    return from_text(str(found.stix[name]))


def test_new_value_has_the_first_id_and_the_times_of_its_copy() -> None:
    found = version()
    assert found.generation == 0
    assert found.stix['id'] == object_id(KEY) == 'indicator--cddf7afd-fe2a-55b7-a63d-20fb4333785f'
    assert found.stix['created'] == '2025-02-03T04:05:06.000Z'
    assert time_of(found, 'modified') == NOON


@pytest.mark.parametrize('generation', [0, 1, 5])
def test_live_object_keeps_its_id(generation: int) -> None:
    found = version(make_ledger_row(generation=generation))
    assert found.generation == generation
    assert found.stix['id'] == object_id(KEY, generation)


@pytest.mark.parametrize('generation', [0, 1, 5])
def test_withdrawn_value_returns_under_the_id_of_the_next_generation(generation: int) -> None:
    found = version(withdrawn(generation=generation))
    assert found.generation == generation + 1
    assert found.stix['id'] == object_id(KEY, generation + 1)
    assert found.stix['created'] == '2025-02-03T04:05:06.000Z'


def test_created_is_that_of_the_copy_first_sent() -> None:
    first, second = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
    held = make_ledger_row(created=first)
    new = ObjectState.NEW
    assert time_of(version(held), 'created') == first
    assert time_of(version(chosen=(second, NOON)), 'created') == second
    assert time_of(version(held, (second, NOON)), 'created') == first
    assert time_of(version(under_way(second, NOON, created=first)), 'created') == first
    # Nothing was accepted as yet, so it is that of the version under way.
    assert time_of(version(under_way(second, NOON, created=first, state=new)), 'created') == second


@pytest.mark.parametrize('ahead', [MILLISECOND, DAY, 365_000 * DAY])
def test_created_is_never_in_the_future(ahead: dt.timedelta) -> None:
    found = version(added_at=NOON + ahead, modified_at=NOON + ahead)
    assert time_of(found, 'created') == NOON
    assert time_of(found, 'modified') == NOON
    assert time_of(found, 'valid_from') == NOON
    back = version(withdrawn(), added_at=NOON + ahead)
    assert time_of(back, 'created') == NOON


@pytest.mark.parametrize('state', [ObjectState.NEW, ObjectState.WITHDRAWN])
def test_created_of_a_copy_dated_in_the_future_is_the_same_at_each_attempt(
    state: ObjectState,
) -> None:
    known, ahead = make_ledger_row(state=state, created=NOON), NOON + 9 * DAY
    for now in (NOON, NOON + DAY, NOON + 2 * DAY):
        assert time_of(version(known, now=now, added_at=ahead), 'created') == NOON
    # The clock was put back.
    earlier = NOON - DAY
    assert time_of(version(known, now=earlier, added_at=ahead), 'created') == earlier
    # The time has come.
    assert time_of(version(known, now=ahead, added_at=ahead), 'created') == ahead


@pytest.mark.parametrize('earlier', [-DAY, -MILLISECOND, 0 * DAY, MILLISECOND, DAY])
def test_modified_is_later_than_what_was_sent_before(earlier: dt.timedelta) -> None:
    """The clock may have been put back, and a better copy may come within the same moment."""
    sent_at = NOON + earlier
    expected = max(NOON, sent_at + MILLISECOND)
    long_ago = NOON - 9 * DAY
    for row in (
        make_ledger_row(created=long_ago, modified=sent_at),
        under_way(long_ago, sent_at, created=long_ago, modified=long_ago),
        under_way(long_ago, sent_at, created=long_ago, state=ObjectState.NEW),
    ):
        assert time_of(version(row), 'modified') == expected
    assert time_of(version(chosen=(long_ago, sent_at)), 'modified') == expected
    back = version(withdrawn(modified=sent_at))
    assert time_of(back, 'modified') == expected


def test_modified_is_later_than_both_the_ledger_and_this_update() -> None:
    held = make_ledger_row(modified=NOON + DAY)
    later = version(held, (NOON, NOON + 2 * DAY))
    assert time_of(later, 'modified') == NOON + 2 * DAY + MILLISECOND
    assert time_of(version(held, (NOON, NOON)), 'modified') == NOON + DAY + MILLISECOND


@law
@given(times, times, times, times)
def test_times_of_an_object_are_always_in_order(
    added_at: dt.datetime, modified_at: dt.datetime, sent_at: dt.datetime, now: dt.datetime
) -> None:
    # The ledger holds whole milliseconds.
    sent_at = from_text(to_millis(sent_at))
    held = make_ledger_row(modified=sent_at, created=min(added_at, sent_at))
    for each in (None, held):
        found = version(each, now=now, added_at=added_at, modified_at=modified_at)
        assert time_of(found, 'created') <= time_of(found, 'modified')
        assert time_of(found, 'valid_from') <= time_of(found, 'modified')
        assert time_of(found, 'valid_from') < time_of(found, 'valid_until')
        assert each is None or time_of(found, 'modified') > sent_at


def test_labels_without_room_are_counted() -> None:
    assert version(tags=(Tag(name='a'),)).labels_left_out == 0
    assert version(tags=(Tag(name='a'), Tag(name='b' * 40_000))).labels_left_out == 1
