"""The one JSON text of an object, and the digest that says whether it has changed."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given

from sentinel_app.core.indicator import Indicator
from sentinel_app.core.object_text import TIMES, content_hash, object_text
from tests.harness.builders.indicator import make_indicator, make_objects
from tests.harness.strategies import indicators, law, times

OTHER_TIME = '2031-12-13T14:15:16.789Z'


def hash_of(stix: dict[str, Any]) -> bytes:
    return content_hash(object_text(stix))


def changed(value: Any) -> Any:
    if isinstance(value, list):
        return [*value, 'x']
    return not value if isinstance(value, bool) else f'{value}x'


@law
@given(indicators())
def test_text_is_the_most_compact_form_of_the_object(indicator: Indicator) -> None:
    for stix in make_objects(indicator):
        text = object_text(stix)
        assert json.loads(text) == stix
        assert text.decode() == json.dumps(stix, ensure_ascii=False, separators=(',', ':'))


@pytest.mark.parametrize('value', ['\ud800', 2**70, {1: 2}, object()])
def test_value_that_json_cannot_express_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match='no JSON text'):
        object_text({'name': value})


@law
@given(indicators(), times)
def test_content_hash_covers_everything_but_three_times(
    indicator: Indicator, now: dt.datetime
) -> None:
    for stix in make_objects(indicator, now=now):
        digest = hash_of(stix)
        assert hash_of({**stix, **dict.fromkeys(TIMES, OTHER_TIME)}) == digest
        for name, value in stix.items():
            if name not in TIMES:
                assert hash_of({**stix, name: changed(value)}) != digest
                without = {other: stix[other] for other in stix if other != name}
                assert hash_of(without) != digest


def test_content_hash_of_an_object_never_changes() -> None:
    """Another one would have everything sent anew after an upgrade."""
    stix = {
        'type': 'indicator',
        'id': 'indicator--cddf7afd-fe2a-55b7-a63d-20fb4333785f',
        'name': 'Müller 😀',
        'labels': ['a', 'b"'],
        'confidence': 85,
        **dict.fromkeys(TIMES, OTHER_TIME),
    }
    assert hash_of(stix).hex() == '8207e27ed49f8eff2e9056299c063ef3'


@pytest.mark.parametrize(
    'stix',
    [
        {},
        dict.fromkeys(TIMES, OTHER_TIME),
        dict.fromkeys(reversed(TIMES), OTHER_TIME) | {'type': 'indicator'},
        {'type': 'indicator', **dict.fromkeys(TIMES, OTHER_TIME), 'revoked': True},
        {'type': 'indicator', **dict.fromkeys(TIMES, '2031-12-13T14:15:16Z')},
        {'type': 'indicator', **dict.fromkeys(TIMES[1:], OTHER_TIME)},
        {'type': 'indicator', 'name': 'x', 'modified': OTHER_TIME},
        {'modified': OTHER_TIME},
        {'type': 'identity', 'modified': OTHER_TIME, 'revoked': True},
        {'type': 'identity', 'modified': '2031-12-13T14:15:16Z'},
        {'type': 'identity', 'modified': 'x' * 24},
        {'type': 'identity', 'created': OTHER_TIME},
    ],
)
def test_object_that_does_not_end_in_its_times_has_no_content_hash(stix: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match='does not end in'):
        hash_of(stix)


@pytest.mark.parametrize('kind', ['identity', 'threat-actor', 'relationship'])
def test_content_hash_of_a_context_object_covers_everything_but_one_time(kind: str) -> None:
    stix = {'type': kind, 'created': OTHER_TIME, 'name': 'x', 'modified': OTHER_TIME}
    digest = hash_of(stix)
    assert hash_of(stix | {'modified': '2032-01-01T00:00:00.000Z'}) == digest
    for name in ('type', 'created', 'name'):
        assert hash_of(stix | {name: changed(stix[name])}) != digest


def test_new_last_modified_alone_is_no_change() -> None:
    one = make_indicator()
    other = make_indicator(modified_at=one.modified_at + dt.timedelta(days=1))
    assert list(map(hash_of, make_objects(one))) == list(map(hash_of, make_objects(other)))


def test_withdrawal_is_a_change() -> None:
    (stix,) = make_objects(make_indicator())
    assert hash_of({'revoked': True, **stix}) != hash_of(stix)
