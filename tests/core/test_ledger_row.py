"""Rows of the ledger: which copy is meant, and numbers in place of types and times."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.indicator import HashKind, IndicatorType
from sentinel_app.core.ledger_row import (
    TYPE_OF_KIND,
    ObjectState,
    key_of,
    kind_number,
    millis,
    moment,
)
from sentinel_app.core.object_id import ObjectKey
from tests.harness.builders.update import make_ledger_row
from tests.harness.clocks import NOON

LATER = NOON + dt.timedelta(hours=1)
EVERY_KEY = [
    *(ObjectKey(kind, 'a') for kind in IndicatorType if kind is not IndicatorType.FILE),
    *(ObjectKey(IndicatorType.FILE, 'a', kind) for kind in HashKind),
]


@pytest.mark.parametrize('state', ObjectState)
def test_rows_that_are_neither_new_nor_withdrawn_are_live(state: ObjectState) -> None:
    assert make_ledger_row(state=state).is_live is (state is ObjectState.LIVE)


def test_chosen_copy_is_that_of_the_newest_unsettled_revision() -> None:
    row = make_ledger_row(
        indicator_id=1,
        mark=5,
        outbox=7,
        outbox_indicator_id=2,
        outbox_source_modified=LATER,
    )

    assert row.chosen_copy() == (2, millis(LATER))


@pytest.mark.parametrize('is_another_under_way', [False, True])
def test_chosen_copy_may_be_one_that_was_refused(is_another_under_way: bool) -> None:
    worse = {'outbox': 7, 'outbox_indicator_id': 1, 'outbox_source_modified': NOON}
    row = make_ledger_row(
        **(worse if is_another_under_way else {}),
        indicator_id=1,
        source_modified=NOON,
        refused_query=2,
        refused_indicator_id=3,
        refused_source_modified=LATER,
    )

    assert row.chosen_copy() == (3, millis(LATER))
    assert row.chosen_query() == 2


def test_current_copy_is_the_chosen_one_where_no_other_is_known() -> None:
    assert make_ledger_row(indicator_id=1, source_modified=NOON).chosen_copy() == (1, millis(NOON))


@pytest.mark.parametrize('key', EVERY_KEY, ids=lambda key: key.text)
def test_type_and_kind_of_hash_share_one_number(key: ObjectKey) -> None:
    assert key_of(kind_number(key), key.value) == key
    assert TYPE_OF_KIND[kind_number(key)] is key.type


def test_keys_have_different_numbers() -> None:
    assert len({kind_number(key) for key in EVERY_KEY}) == len(EVERY_KEY)


@pytest.mark.parametrize('number', [-1, 50, 103])
def test_unknown_number_has_no_key(number: int) -> None:
    with pytest.raises(LookupError):
        key_of(number, 'a')


@given(st.integers(0, 253_370_764_800_000_000))
def test_time_is_restored_to_its_millisecond(micros: int) -> None:
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=micros)
    cut = at.replace(microsecond=at.microsecond // 1_000 * 1_000)

    assert moment(millis(at)) == cut
    assert millis(cut) == millis(at)


def test_time_before_1970_is_restored_too() -> None:
    at = dt.datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=dt.UTC)

    assert millis(at) == -1
    assert moment(-1) == at
