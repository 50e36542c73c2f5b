"""What is withdrawn goes out as it was, but revoked, and ends at once."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest
import stix2

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import millis, moment
from sentinel_app.core.object_text import TIMES, content_hash
from sentinel_app.core.revocation import revocation
from sentinel_app.core.timestamp import from_text
from tests.harness.builders.indicator import NOW
from tests.harness.builders.update import make_live_object

SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize('kind', IndicatorType)
def test_withdrawn_object_is_the_same_but_for_its_times(kind: IndicatorType) -> None:
    item = make_live_object(kind)
    sent = orjson.loads(revocation(item, 'j1', NOW + SECOND).text)
    before = orjson.loads(item.text)

    assert sent.pop('revoked') is True
    for name in TIMES:
        del sent[name], before[name]
    assert sent == before


@pytest.mark.parametrize('kind', IndicatorType)
def test_withdrawn_object_is_valid_stix_with_its_times_in_order(kind: IndicatorType) -> None:
    found = revocation(make_live_object(kind), 'j1', NOW + SECOND)
    stix = stix2.parse(found.text.decode(), allow_custom=True)

    assert stix.revoked
    assert stix.created <= stix.modified
    assert stix.valid_from < stix.valid_until
    # It is hashed as any other object, so the times come last in it as well.
    assert content_hash(found.text)


def test_withdrawn_object_expires_now() -> None:
    now = NOW + SECOND
    found = revocation(make_live_object(), 'j1', now)

    assert moment(found.valid_until) == now
    assert from_text(orjson.loads(found.text)['valid_until']) == now
    assert (found.request_id, found.held) == ('j1', make_live_object())


@pytest.mark.parametrize('ahead_s', [-86_400, -1, 0, 1, 86_400])
def test_withdrawn_object_is_newer_than_what_was_sent_whatever_the_clock_does(ahead_s: int) -> None:
    now = NOW + ahead_s * SECOND
    found = revocation(make_live_object(), 'j1', now)
    stix = orjson.loads(found.text)

    assert found.modified > millis(NOW)
    assert from_text(stix['modified']) == moment(found.modified)
    assert from_text(stix['valid_from']) < from_text(stix['valid_until'])


def test_repeated_withdrawal_is_newer_than_the_one_before() -> None:
    first = revocation(make_live_object(), 'j1', NOW + SECOND)
    second = revocation(
        make_live_object(modified=first.modified, text=first.text), 'j2', NOW + SECOND
    )

    assert second.modified > first.modified
    assert orjson.loads(second.text)['revoked'] is True
