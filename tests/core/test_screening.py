"""What could be sent, and what speaks against the rest; how several copies compete."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from sentinel_app.core.job import Outcome
from sentinel_app.core.precedence import Candidate, winners
from sentinel_app.core.screening import NOT_ACTIVE, Dismissal, Screening
from sentinel_app.core.validity import stix_fault
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import MD5, NOW, SHA1, make_indicator, make_objects, make_row


def screen(row: dict[str, Any], reason: str | None = None) -> Indicator | Dismissal:
    screening = Screening(parse=parse_indicator, withheld_reason=lambda _indicator: reason)
    return screening.screen(row, NOW)


def test_sendable_candidate_is_an_indicator() -> None:
    assert screen(make_row()) == parse_indicator(make_row())


@pytest.mark.parametrize(
    ('row', 'reason', 'outcome', 'words', 'is_error'),
    [
        ({'type': 'Mutex'}, None, Outcome.UNSUPPORTED, 'Mutex', True),
        ({'ip': 'x'}, None, Outcome.INVALID, 'Address', True),
        (
            {'externalDateExpires': '2026-03-04T10:00:00Z'},
            'secret',
            Outcome.EXPIRED,
            '2026-03-04T10:00:00Z',
            False,
        ),
        ({'active': False}, None, Outcome.WITHHELD, NOT_ACTIVE, False),
        ({}, 'It is secret.', Outcome.WITHHELD, 'It is secret.', False),
    ],
)
def test_unsendable_candidate_is_dismissed_with_a_reason(
    row: dict[str, Any], reason: str | None, outcome: Outcome, words: str, is_error: bool
) -> None:
    found = screen(make_row(**row), reason)
    assert isinstance(found, Dismissal)
    assert found.outcome is outcome
    assert words in found.reason
    assert (found.error is not None) is is_error


def candidate(number: int, position: int, *, days: int = 0, **fields: Any) -> Candidate:
    at = NOW + dt.timedelta(days=days)
    indicator = make_indicator(
        fields.pop('kind', IndicatorType.HOST), id=number, modified_at=at, **fields
    )
    return Candidate(indicator=indicator, position=position)


def test_higher_query_wins_then_the_later_change_then_the_lower_id() -> None:
    competitors = [
        candidate(4, 1, days=9),
        candidate(3, 0, days=1),
        candidate(2, 0, days=2),
        candidate(1, 0, days=2),
    ]
    for _ in competitors:
        competitors = competitors[1:] + competitors[:1]
        (winner,) = winners(competitors).values()
        assert winner.indicator.id == 1
        (second,) = winners([each for each in competitors if each.indicator.id > 2]).values()
        assert second.indicator.id == 3


def test_each_hash_of_a_file_has_its_own_winner() -> None:
    md5, sha1 = (HashKind.MD5, MD5), (HashKind.SHA1, SHA1)
    kind = IndicatorType.FILE
    found = winners(
        [
            candidate(1, 0, kind=kind, hashes=(md5,)),
            candidate(2, 1, kind=kind, hashes=(md5, sha1)),
        ]
    )
    assert {key.hash_kind: each.indicator.id for key, each in found.items()} == {
        HashKind.MD5: 1,
        HashKind.SHA1: 2,
    }


def test_valid_objects_have_no_fault() -> None:
    for kind in IndicatorType:
        for stix in make_objects(make_indicator(kind)):
            assert stix_fault(stix) is None


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'pattern': "[ipv4-addr:value = '1"}, 'pattern'),
        ({'id': 'indicator--x'}, 'id'),
        ({'valid_until': '2000-01-01T00:00:00.000Z'}, 'valid_until'),
        ({'confidence': 'high'}, 'confidence'),
        ({'surprise': 1}, 'surprise'),
        ({'type': 'nothing'}, 'nothing'),
    ],
)
def test_fault_is_described_in_the_librarys_words(change: dict[str, Any], words: str) -> None:
    (stix,) = make_objects(make_indicator())
    fault = stix_fault(stix | change)
    assert fault is not None
    assert words in fault
    assert '\n' not in fault
