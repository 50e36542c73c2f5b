"""INDICATOR LOOKUP of many values: one line for each, whatever was pasted."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from typing import Any

import pytest

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.core.value import summary_digest
from sentinel_app.errors import ReadTimeoutError
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_query
from tests.harness.builders.indicator import MD5, SHA1, make_row
from tests.harness.builders.update import make_chosen, send
from tests.harness.clocks import NOON

HOST = 'c2.example.net'
OTHER = 'Källa "1"'
LATER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)

_numbers = itertools.count(1)


@pytest.fixture
def saved(stand: Stand) -> Stand:
    """Two queries: what is tagged in one owner, and everything of both."""
    kinds = {'indicator_types': tuple(IndicatorType)}
    queries = (
        make_query('q1', tql='tag = "hot"', **kinds),
        make_query('q2', owners=('Example Org', OTHER), tql='', **kinds),
    )
    stand.app_state.save_queries(queries, expected_version=0, next_mode=None, audit=make_audit())
    return stand


def enter(
    stand: Stand,
    key: str,
    *,
    state: ObjectState = ObjectState.LIVE,
    generation: int = 0,
    indicator_id: int | None = None,
    valid_until: dt.datetime = LATER,
    summary: str | None = None,
    **refused: Any,
) -> ObjectKey:
    """Put an object into the ledger, as the second query sent it."""
    number = next(_numbers)
    object_key = ObjectKey.from_text(key)
    chosen = make_chosen(
        object_key,
        generation=generation,
        indicator_id=number if indicator_id is None else indicator_id,
        owner_name='Example Org',
        summary=summary or object_key.value,
        modified=NOON - dt.timedelta(days=1),
        valid_until=valid_until,
        summary_digest=summary_digest(object_key.type, summary) if summary else None,
    )
    send(stand.diagnostics.store, chosen, request_id=f'r-{number}', query_id='q2', **refused)
    if state is not ObjectState.LIVE:
        with stand.diagnostics.db.write() as transaction:
            transaction.execute(
                'UPDATE ledger SET state = ? WHERE digest = ?', (state, object_key.digest)
            )
    return object_key


def reply(stand: Stand, *values: str, **body: Any) -> dict[str, Any]:
    answer = stand.post('/api/indicator', body or {'values': list(values)})
    assert answer.status_code == 200, answer.text
    assert len(answer.text.encode()) < 1_000_000
    found: dict[str, Any] = answer.json
    return found


def rows(stand: Stand, *values: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reply(stand, *values)['rows']
    return found


def verdicts(stand: Stand, *values: str) -> list[str]:
    return [each['verdict'] for each in rows(stand, *values)]


def test_each_value_has_a_line_in_the_order_given(saved: Stand) -> None:
    enter(saved, f'Host||{HOST}')
    enter(saved, 'Address||95.46.98.12')
    first, second, third = rows(saved, '95[.]46[.]98[.]12', 'other.example', HOST)
    assert first == {
        'given': '95[.]46[.]98[.]12',
        'times': 1,
        'value': '95.46.98.12',
        'shown': None,
        'types': ['Address'],
        'verdict': 'in-sentinel',
        'why': '1 active object.',
        'objects': 1,
        'owner': 'Example Org',
        'query_id': 'q2',
        'position': 1,
        'first_sent': '2026-03-03T12:00:00Z',
        'last_sent': '2026-03-03T12:00:00Z',
        'valid_until': '2030-01-01T00:00:00Z',
        'near': None,
    }
    assert second['verdict'] == 'unknown'
    assert second['why'] == (
        'ThreatConnect has no Indicator with this value in the owners this Service can read. '
        'Check the spelling, or add it to one of those owners.'
    )
    assert (third['given'], third['value'], third['verdict']) == (HOST, HOST, 'in-sentinel')


@pytest.mark.parametrize(
    ('key', 'given', 'value'),
    [
        ('Address||95.46.98.12', '"95.46.98.12",', '95.46.98.12'),
        ('Address||95.46.98.12', '95.46.98.12:443', '95.46.98.12'),
        ('Address||95.46.98.12', '95.46.98.12/32', '95.46.98.12'),
        ('Address||2001:db8:0:0:0:0:0:1', '[2001:db8::1]:443', '2001:db8::1'),
        ('Address||2001:db8:0:0:0:0:0:1', '2001:db8::1/128', '2001:db8::1'),
        ('Host||h2436.s1.example', 'h2436(.)s1(.)example', 'h2436.s1.example'),
        ('Host||h2436.s1.example', 'h2436[dot]s1[dot]example:8080', 'h2436.s1.example'),
        ('Host||xn--bcher-kva.example', 'bücher[.]example', 'bücher.example'),
        ('URL||https://u5f67.example.net/a', 'hxxps://u5f67[.]example[.]net/a', None),
        ('URL||https://a.example/', 'https[://]a.example', 'https://a.example/'),
        ('URL||http://a.example/b', 'a.example/b', 'http://a.example/b'),
        ('EmailAddress||user@mail.example', 'user[@]mail[.]example', 'user@mail.example'),
        ('ASN||ASN4200000018', 'AS4200000018', 'AS4200000018'),
        (f'File|MD5|{MD5}', f'MD5: {MD5.lower()}', MD5.lower()),
        (
            'Registry Key||HKEY_LOCAL_MACHINE\\\\Software\\\\Run : x : REG_SZ',
            'HKLM\\Software\\Run : x : REG_SZ',
            None,
        ),
        (
            'Registry Key||HKEY_LOCAL_MACHINE\\\\Software\\\\Run : x : REG_SZ',
            'hklm:\\software\\run',
            None,
        ),
    ],
)
def test_pasted_value_is_found(saved: Stand, key: str, given: str, value: str | None) -> None:
    enter(saved, key)
    (found,) = rows(saved, given)
    assert found['verdict'] == 'in-sentinel', found
    assert found['given'] == given
    assert value is None or found['value'] == value
    # Everything of it is found by the same text.
    detail = saved.post('/api/indicator/detail', {'value': given}).json
    assert [each['state'] for each in detail['sent']] == ['live']
    assert detail['row'] == found


def test_international_name_is_shown_as_people_write_it(saved: Stand) -> None:
    enter(saved, 'Host||xn--bcher-kva.example')
    (found,) = rows(saved, 'XN--BCHER-KVA.example')
    assert (found['verdict'], found['shown']) == ('in-sentinel', 'bücher.example')


@pytest.mark.parametrize('generation', [0, 2])
def test_stix_id_of_ours_leads_to_its_value(saved: Stand, generation: int) -> None:
    key = enter(saved, f'Host||{HOST}', generation=generation)
    for number in {0, generation}:
        (found,) = rows(saved, f'VGhyZWF0---{object_id(key, number)}')
        assert (found['value'], found['verdict']) == (HOST, 'in-sentinel')


def test_text_as_entered_wins_over_other_readings(saved: Stand) -> None:
    enter(saved, 'CIDR||95.46.98.12/32', state=ObjectState.WITHDRAWN)
    enter(saved, 'Address||95.46.98.12')
    (found,) = rows(saved, '95.46.98.12/32')
    assert (found['value'], found['verdict']) == ('95.46.98.12/32', 'withdrawn')
    assert found['why'].startswith('In Sentinel as 95.46.98.12.')


def test_states_of_the_ledger_are_distinguished(saved: Stand) -> None:
    enter(saved, 'Host||expired.example', valid_until=NOON)
    enter(saved, 'Host||withdrawn.example', state=ObjectState.WITHDRAWN)
    enter(saved, 'Host||refused.example', refusals={0: ('Bad pattern.',)})
    found = rows(saved, 'expired.example', 'withdrawn.example', 'refused.example')
    assert [each['verdict'] for each in found] == ['expired', 'withdrawn', 'refused']
    assert found[2]['why'] == 'Sentinel refused it; its reason is no longer kept.'
    assert (found[2]['owner'], found[2]['last_sent']) == ('Example Org', None)


def test_value_that_waits_to_be_sent_is_not_missing(saved: Stand) -> None:
    enter(saved, f'Host||{HOST}', state=ObjectState.NEW)
    with saved.diagnostics.db.write() as transaction:
        transaction.execute('UPDATE ledger SET outbox = 7')
    assert verdicts(saved, HOST) == ['waiting']


def test_reason_why_a_value_was_not_sent_is_shown(saved: Stand) -> None:
    saved.diagnostics.withheld = lambda each: 'It is secret.' if each.id == 2 else None
    row = {'kind': IndicatorType.HOST}
    saved.diagnostics.source.rows = [
        make_row(
            **row, id=number, **fields, summary=f'h{number}.example', hostName=f'h{number}.example'
        )
        for number, fields in enumerate(
            [
                {},
                {'tag': 'hot'},
                {'ownerName': OTHER},
                {'ownerName': 'Elsewhere'},
                {'externalDateExpires': '2020-01-01T00:00:00Z'},
            ]
        )
    ]
    found = rows(saved, *(f'h{number}.example' for number in range(5)))
    assert [each['verdict'] for each in found] == [
        'to-be-sent',
        'to-be-sent',
        'withheld',
        'not-selected',
        'not-sent',
    ]
    assert [each['position'] for each in found] == [1, 0, None, None, None]
    assert found[0]['why'] == 'Not sent yet. The next update of its TQL query sends it.'
    assert found[2]['why'] == 'It is secret.'
    assert found[3]['why'] == 'No saved TQL query returns it.'
    assert found[3]['owner'] == 'Elsewhere'


def test_query_that_is_disabled_sends_nothing_and_hides_no_lower_one(saved: Stand) -> None:
    queries = tuple(
        dataclasses.replace(query, is_enabled=query.id != 'q1')
        for query in saved.app_state.query_list().queries
    )
    saved.app_state.save_queries(queries, expected_version=1, next_mode=None, audit=make_audit())
    row = {'kind': IndicatorType.HOST}
    saved.diagnostics.source.rows = [
        make_row(**row, id=1, tag='hot', summary=HOST, hostName=HOST),
    ]
    (found,) = rows(saved, HOST)
    assert (found['verdict'], found['position']) == ('to-be-sent', 1)


def test_threatconnect_is_asked_in_few_requests(saved: Stand) -> None:
    hosts = [f'h{number}.example' for number in range(500)]
    saved.diagnostics.source.rows = [
        make_row(IndicatorType.HOST, id=number, summary=name, hostName=name)
        for number, name in enumerate(hosts)
    ]
    found = rows(saved, *hosts)
    assert {each['verdict'] for each in found} == {'to-be-sent'}
    # Active and inactive ones by 25 values, and by query 50 ids at once; the first returns none.
    assert len(saved.diagnostics.source.asked) == 2 * 20 + 2 * 10


def test_threatconnect_is_not_asked_for_what_is_in_sentinel(saved: Stand) -> None:
    enter(saved, f'Host||{HOST}')
    rows(saved, HOST)
    assert saved.diagnostics.source.asked == []


def test_values_with_more_copies_than_an_answer_holds_are_requested_separately(
    saved: Stand,
) -> None:
    saved.diagnostics.source.rows = [
        make_row(IndicatorType.HOST, id=number, summary='many.example', hostName='many.example')
        for number in range(250)
    ] + [make_row(IndicatorType.HOST, id=999, summary='last.example', hostName='last.example')]
    assert verdicts(saved, 'many.example', 'last.example') == ['to-be-sent', 'to-be-sent']


def test_threatconnect_error_affects_only_its_part(saved: Stand) -> None:
    enter(saved, f'Host||{HOST}')
    saved.diagnostics.source.error = ReadTimeoutError('ThreatConnect did not answer.')
    found = reply(saved, HOST, 'other.example')
    assert found['source_error'] == 'ThreatConnect did not answer.'
    assert [each['verdict'] for each in found['rows']] == ['in-sentinel', 'unchecked']
    assert found['rows'][1]['why'] == (
        'The value itself is not in Sentinel. ThreatConnect is unavailable, so the reason is not '
        'known.'
    )


def test_repeated_value_has_one_line_with_its_number(saved: Stand) -> None:
    found = rows(saved, HOST, ' c2[.]example[.]net', 'C2.Example.NET.', 'a.example', HOST)
    assert [(each['given'], each['times']) for each in found] == [(HOST, 4), ('a.example', 1)]


@pytest.mark.parametrize(
    ('given', 'verdict'),
    [
        ('999.1.1.1', 'not-understood'),
        ('A' * 128, 'not-understood'),
        ('???', 'not-understood'),
        ('indicator--3f0b8c1e-7d0a-5a57-9a55-0d9d6c1b2a10', 'not-understood'),
        ('Invoice attached', 'unknown'),
        ('1.2.3.4', 'unknown'),
        (SHA1, 'unknown'),
    ],
)
def test_invalid_value_is_distinguished_from_one_that_is_not_found(
    saved: Stand, given: str, verdict: str
) -> None:
    (found,) = rows(saved, given)
    assert found['verdict'] == verdict


def test_value_that_is_not_found_names_what_covers_it(saved: Stand) -> None:
    enter(saved, 'CIDR||95.46.98.0/24')
    enter(saved, 'CIDR||95.46.0.0/16')
    enter(saved, 'CIDR||95.46.98.12/31', valid_until=NOON)
    enter(saved, 'Host||example.net')
    enter(saved, 'URL||http://a.example/1')
    enter(saved, 'URL||https://a.example:8080/2')
    found = rows(saved, '95.46.98.12', HOST, 'http://x.example.net/q', 'a.example', 'b.example')
    assert [each['why'].partition(' ThreatConnect has no')[0] for each in found[:4]] == [
        'In Sentinel by its block 95.46.98.0/24.',
        'Its parent domain example.net is in Sentinel.',
        'Its parent domain example.net is in Sentinel.',
        '2 URLs on it in Sentinel, for example http://a.example/1.',
    ]
    assert found[0]['near']['relation'] == 'block'
    assert found[0]['near']['value'] == '95.46.98.0/24'
    assert found[4]['near'] is None
    detail = saved.post('/api/indicator/detail', {'value': '95.46.98.12'}).json
    assert [each['value'] for each in detail['near']] == ['95.46.98.0/24', '95.46.0.0/16']


def test_mail_address_of_a_domain_in_sentinel_is_close_to_it(saved: Stand) -> None:
    enter(saved, 'Host||mail.example')
    (found,) = rows(saved, 'user@mail.example')
    assert found['why'].startswith('Its host mail.example is in Sentinel.')


def test_file_counts_with_all_its_hashes(saved: Stand) -> None:
    enter(saved, f'File|MD5|{MD5}', indicator_id=5)
    enter(saved, f'File|SHA-1|{SHA1}', indicator_id=5)
    (found,) = rows(saved, MD5)
    assert (found['objects'], found['why']) == (2, '2 active objects.')


def test_pasted_text_is_split(saved: Stand) -> None:
    enter(saved, f'Host||{HOST}')
    found = reply(saved, text=f'1.2.3.4, c2[.]example[.]net\n\nRe: hello, world\t{HOST}')
    assert [each['given'] for each in found['rows']] == [
        '1.2.3.4',
        'c2[.]example[.]net',
        'Re: hello, world',
    ]
    assert [each['times'] for each in found['rows']] == [1, 2, 1]


def test_longest_values_make_a_reply_of_less_than_1_mb(saved: Stand) -> None:
    assert len(rows(saved, *(f'{number:03}' + '😀' * 197 for number in range(500)))) == 500


@pytest.mark.parametrize(
    ('body', 'words'),
    [
        ({}, 'either values or text'),
        ({'values': ['a'], 'text': 'a'}, 'either values or text'),
        ({'values': []}, 'at least 1'),
        ({'values': ['a', ' \t']}, 'values'),
        ({'values': ['a'] * 501}, 'at most 500'),
        ({'values': ['a' * 10_001]}, 'at most 10000'),
        ({'values': ['a' * 9_000] * 12}, '100,000 characters'),
        ({'text': ' '}, 'text'),
        ({'text': 'a\n' * 501}, 'The text has 501 values'),
        ({'text': 'a' * 10_001}, '10,001 characters'),
        ({'value': 'a'}, 'is not known'),
    ],
)
def test_invalid_lookup_is_refused(stand: Stand, body: dict[str, Any], words: str) -> None:
    answer = stand.post('/api/indicator', body)
    assert answer.status_code == 422
    assert words in answer.text
