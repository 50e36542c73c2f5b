"""INDICATOR LOOKUP: what became of one value."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import gzip
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.ledger_row import ObjectState
from sentinel_app.core.object_id import ObjectKey, object_id
from sentinel_app.core.object_text import object_text
from sentinel_app.core.query import Query
from sentinel_app.core.timestamp import from_text
from sentinel_app.core.value import summary_digest
from sentinel_app.errors import ReadTimeoutError
from sentinel_app.storage.error_log import ErrorLog
from tests.harness.api_stand import Stand
from tests.harness.builders.app_state import make_audit, make_query
from tests.harness.builders.indicator import MD5, SHA1, make_indicator, make_objects, make_row
from tests.harness.builders.update import make_chosen, send
from tests.harness.clocks import NOON
from tests.harness.diagnostics import SOURCE_SYSTEM

HOST = 'c2.example.net'
KALLA = 'Källa "1"'
# base64 of the source system of the stand.
SOURCE_ID = 'VGhyZWF0Q29ubmVjdC1Qcm9k'
LATER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def saved(stand: Stand) -> Stand:
    """Two queries: what is tagged in one owner, and everything of both."""
    hosts = {'indicator_types': (IndicatorType.HOST, IndicatorType.FILE)}
    queries = (
        make_query('q1', tql='tag = "hot"', **hosts),
        make_query('q2', owners=('Example Org', KALLA), tql='', **hosts),
    )
    stand.app_state.save_queries(queries, expected_version=0, next_mode=None, audit=make_audit())
    return stand


def ask(stand: Stand, value: str) -> dict[str, Any]:
    reply = stand.post('/api/indicator/detail', {'value': value})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def enter(
    stand: Stand,
    key: str,
    *,
    number: int = 1,
    summary: str = HOST,
    owner: str = 'Example Org',
    is_withdrawn: bool = False,
    valid_until: dt.datetime = LATER,
    query_id: str = 'q2',
    body: Any = None,
) -> str:
    """Put an object into the ledger, and give its id."""
    object_key = ObjectKey.from_text(key)
    stix = body or make_objects(make_indicator(IndicatorType.HOST))[0]
    chosen = make_chosen(
        object_key,
        generation=1,
        indicator_id=number,
        owner_name=owner,
        summary=summary,
        created=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
        modified=from_text('2026-02-01T10:20:30.456Z'),
        valid_until=valid_until,
        summary_digest=summary_digest(object_key.type, summary),
        text=object_text(stix),
    )
    send(stand.diagnostics.store, chosen, request_id='r-1', query_id=query_id)
    if is_withdrawn:
        with stand.diagnostics.db.write() as transaction:
            transaction.execute('UPDATE ledger SET state = ?', (ObjectState.WITHDRAWN,))
    return object_id(object_key, 1)


def test_object_in_sentinel_is_shown_with_where_to_find_it(saved: Stand) -> None:
    stix_id = enter(saved, f'Host||{HOST}')
    (sent,) = ask(saved, HOST)['sent']
    assert sent | {'stix': None, 'portal_link': None} == {
        'id': '1',
        'type': 'Host',
        'summary': HOST,
        'owner': 'Example Org',
        'web_link': None,
        'hash_kind': None,
        'state': 'live',
        'query_id': 'q2',
        'position': 1,
        'request_id': 'r-1',
        'first_sent': '2026-02-01T10:20:30.456000Z',
        'date_sent': '2026-02-01T10:20:30.456000Z',
        'valid_until': '2030-01-01T00:00:00Z',
        'generation': 1,
        'stix_id': stix_id,
        'sentinel_id': f'{SOURCE_ID}---{stix_id}',
        'kql': 'ThreatIntelIndicators\n'
        '| where TimeGenerated >= datetime(2026-02-01T09:20:30Z)\n'
        f'| where Id == "{SOURCE_ID}---{stix_id}"\n'
        '| summarize arg_max(TimeGenerated, *) by Id',
        'portal_link': None,
        'stix': None,
    }
    assert SOURCE_SYSTEM == 'ThreatConnect-Prod'
    address = urlsplit(sent['portal_link'])
    asked = dict(parse_qsl(address.query))
    packed = base64.urlsafe_b64decode(asked['query'] + '==')
    assert gzip.decompress(packed).decode('utf-16-le') == sent['kql']
    assert (address.hostname, asked['tid']) == ('security.microsoft.com', 't-1')
    assert sent['stix']['object']['pattern'] == f"[domain-name:value = '{HOST}']"
    assert (sent['stix']['is_valid'], sent['stix']['verdict']) == (True, 'valid STIX 2.1')


def test_invalid_stix_object_is_marked_as_such(saved: Stand) -> None:
    body = make_objects(make_indicator(IndicatorType.HOST))[0] | {'pattern': '[broken'}
    enter(saved, f'Host||{HOST}', body=body)
    (sent,) = ask(saved, HOST)['sent']
    assert sent['stix']['is_valid'] is False
    assert 'pattern' in sent['stix']['verdict']


@pytest.mark.parametrize(
    ('fields', 'state'),
    [
        ({}, 'live'),
        ({'valid_until': NOON}, 'expired'),
        ({'is_withdrawn': True}, 'withdrawn'),
    ],
)
def test_state_of_a_sent_object_is_shown(saved: Stand, fields: dict[str, Any], state: str) -> None:
    enter(saved, f'Host||{HOST}', **fields)
    (sent,) = ask(saved, HOST)['sent']
    assert sent['state'] == state


def test_query_that_is_no_longer_saved_has_no_position(saved: Stand) -> None:
    enter(saved, f'Host||{HOST}', query_id='gone')
    (sent,) = ask(saved, HOST)['sent']
    assert (sent['query_id'], sent['position']) == ('gone', None)


@pytest.mark.parametrize(
    ('key', 'kind', 'value'),
    [
        ('Host||c2.example.net', IndicatorType.HOST, ' C2.Example.NET. '),
        ('Address||2001:db8:0:0:0:0:0:1', IndicatorType.ADDRESS, '2001:DB8::1'),
        ('CIDR||10.1.0.0/16', IndicatorType.CIDR, '10.1.2.3/16'),
        ('ASN||ASN64500', IndicatorType.ASN, 'asn64500'),
        ('EmailAddress||a@b.example', IndicatorType.EMAIL_ADDRESS, 'A@b.example'),
        ('Email Subject||Über "x"', IndicatorType.EMAIL_SUBJECT, 'Über "x"'),
        ('URL||http://a.example/Q', IndicatorType.URL, 'HTTP://A.example/Q'),
        ('Registry Key||HKLM\\\\x : n : t', IndicatorType.REGISTRY_KEY, 'HKLM\\x : n : t'),
    ],
)
def test_value_is_found_in_any_spelling(
    saved: Stand, key: str, kind: IndicatorType, value: str
) -> None:
    enter(saved, key, summary='something else')
    assert [each['type'] for each in ask(saved, value)['sent']] == [kind]


def test_hash_finds_the_file_with_its_other_hashes(saved: Stand) -> None:
    file = {'summary': f'{MD5} : {SHA1}'}
    enter(saved, f'File|MD5|{MD5}', **file)
    enter(saved, f'File|SHA-1|{SHA1}', **file)
    enter(saved, 'File|MD5|' + 'A' * 32, number=2, **file | {'summary': 'A' * 32})
    for value in (MD5.lower(), SHA1, f'{MD5} : {SHA1}'):
        assert [each['hash_kind'] for each in ask(saved, value)['sent']] == ['MD5', 'SHA-1']


def test_summary_finds_objects_under_other_keys(saved: Stand) -> None:
    enter(saved, 'URL||http://a.example/very-long', summary='http://a.example/v...', number=3)
    enter(saved, 'URL||http://b.example', summary='other', owner='Another', number=4)
    # The types of these entries stay those of the ledger.
    assert [each['id'] for each in ask(saved, 'http://a.example/v...')['sent']] == ['3']


def test_each_copy_says_what_becomes_of_it(saved: Stand) -> None:
    saved.diagnostics.withheld = lambda each: 'It is secret.' if each.id == 5 else None
    row = {'kind': IndicatorType.HOST}
    saved.diagnostics.source.rows = [
        make_row(**row, id=1, tag='hot'),
        make_row(**row, id=2, ownerName=KALLA),
        make_row(**row, id=3, ownerName='Elsewhere'),
        make_row(**row, id=4, ownerName=KALLA, active=False),
        make_row(**row, id=5, ownerName=KALLA),
        make_row(**row, id=6, ownerName=KALLA, externalDateExpires='2020-01-01T00:00:00Z'),
        make_row(**row, id=7, summary='other.example', hostName='other.example'),
    ]
    found = ask(saved, HOST)
    copies = {each['id']: (each['fate'], each['positions']) for each in found['copies']}
    assert copies == {
        '1': ('chosen', [0, 1]),
        '2': ('duplicate', [1]),
        '3': ('not-selected', []),
        '4': ('withheld', []),
        '5': ('withheld', []),
        '6': ('expired', []),
    }
    reasons = {each['id']: each['reason'] for each in found['copies']}
    assert reasons['1'] == (
        'It is the copy of TQL query 1 (tag = "hot") that has precedence. Sentinel does not hold '
        'it yet.'
    )
    assert reasons['2'] == (
        'TQL query 1 (tag = "hot") has precedence with the copy in Example Org.'
    )
    assert reasons['3'] == 'No saved TQL query returns it.'
    assert reasons['4'] == 'It is not active in ThreatConnect.'
    assert reasons['5'] == 'It is secret.'
    assert '2020-01-01' in reasons['6']
    assert found['source_error'] is None


def test_query_goes_by_its_name_where_it_has_one(stand: Stand) -> None:
    def reasons(*queries: Query) -> list[str]:
        version = stand.app_state.query_list().version
        stand.app_state.save_queries(
            queries, expected_version=version, next_mode=None, audit=make_audit()
        )
        return [each['reason'] for each in ask(stand, HOST)['copies']]

    kinds = {'indicator_types': (IndicatorType.HOST,), 'tql': ''}
    named = make_query('q1', name='Phishing', **kinds)
    rest = make_query('q2', owners=(KALLA,), **kinds)
    row = {'kind': IndicatorType.HOST}
    stand.diagnostics.source.rows = [make_row(**row, id=1), make_row(**row, id=2, ownerName=KALLA)]
    assert reasons(named, rest) == [
        (
            'It is the copy of TQL query 1 (Phishing) that has precedence. '
            'Sentinel does not hold it yet.'
        ),
        'TQL query 1 (Phishing) has precedence with the copy in Example Org.',
    ]
    del stand.diagnostics.source.rows[1]
    off = dataclasses.replace(named, is_enabled=False)
    assert reasons(rest, off) == [
        'Only TQL query 2 (Phishing) returns it, and that query is disabled.'
    ]
    others = [dataclasses.replace(off, id=f'o{each}', name=f'Copy {each}') for each in range(4)]
    assert reasons(off, *others[:2]) == [
        'Only TQL queries 1 (Phishing), 2 (Copy 0), 3 (Copy 1) return it, and those are disabled.'
    ]
    (reason,) = reasons(off, *others)
    assert '3 (Copy 1), and 2 more return it' in reason


def test_copy_of_a_query_that_was_modified_last_wins(saved: Stand) -> None:
    row = {'kind': IndicatorType.HOST}
    saved.diagnostics.source.rows = [
        make_row(**row, id=1),
        make_row(**row, id=2, ownerName=KALLA, lastModified='2026-01-01T00:00:00Z'),
    ]
    first, second = ask(saved, HOST)['copies']
    # The one that is sent comes first, whatever its id.
    assert (first['fate'], second['fate']) == ('chosen', 'duplicate')
    assert second['reason'] == f'In the same TQL query, the copy in {KALLA} was modified later.'


def test_lowest_id_wins_among_equal_copies(saved: Stand) -> None:
    row = {'kind': IndicatorType.HOST}
    saved.diagnostics.source.rows = [make_row(**row, id=8), make_row(**row, id=9, ownerName=KALLA)]
    first, second = ask(saved, HOST)['copies']
    assert (first['fate'], second['fate']) == ('chosen', 'duplicate')
    assert 'lower id' in second['reason']


def test_state_of_a_copy_in_sentinel_is_shown(saved: Stand) -> None:
    row = {'kind': IndicatorType.HOST}
    saved.diagnostics.source.rows = [
        make_row(**row, id=1, tag='hot'),
        make_row(**row, id=2, ownerName=KALLA),
    ]
    enter(saved, f'Host||{HOST}', number=2, owner=KALLA)
    first, second = ask(saved, HOST)['copies']
    assert first['reason'].endswith(
        f'Sentinel still holds the copy in {KALLA}; the next full or reconcile update takes it '
        'over.'
    )
    assert second['reason'].endswith('Sentinel still holds it from an earlier update.')
    with saved.diagnostics.db.write() as transaction:
        transaction.execute('UPDATE ledger SET indicator_id = 1')
    first, second = ask(saved, HOST)['copies']
    assert first['reason'].endswith('Sentinel holds it.')
    assert 'still' not in second['reason']
    (sent,) = ask(saved, HOST)['sent']
    assert sent['web_link'] == first['web_link'] is not None


def test_changes_of_a_file_are_shown_apart_from_what_sentinel_holds(saved: Stand) -> None:
    file = {'summary': f'{MD5} : {SHA1}'}
    row = make_row(IndicatorType.FILE, id=1, tag='hot')
    row = {name: value for name, value in row.items() if name not in ('md5', 'sha1', 'sha256')}
    saved.diagnostics.source.rows = [row | {'md5': MD5, 'summary': MD5}]
    enter(saved, f'File|SHA-1|{SHA1}', **file)
    (copy,) = ask(saved, MD5)['copies']
    # What is live of it is not what it is now.
    assert 'Sentinel does not hold it yet. Sentinel still holds 1 of its former' in copy['reason']
    enter(saved, f'File|MD5|{MD5}', **file)
    (copy,) = ask(saved, MD5)['copies']
    assert 'Sentinel holds it. Sentinel still holds 1 of its former values;' in copy['reason']
    saved.diagnostics.source.rows = [row | {'md5': MD5, 'sha256': 'C' * 64, 'summary': MD5}]
    (copy,) = ask(saved, MD5)['copies']
    assert 'holds some of its hashes, and does not hold the others yet.' in copy['reason']


def test_refused_object_comes_with_sentinels_words(saved: Stand) -> None:
    refused = make_chosen(ObjectKey.from_text(f'Host||{HOST}'), indicator_id=77)
    send(saved.diagnostics.store, refused, query_id='q2', refusals={0: ('Bad pattern.',)})
    assert ask(saved, HOST)['refused'][0]['error'] is None
    for minute, reason in ((1, 'Old words.'), (2, 'Bad pattern.')):
        entry = ErrorEntry(
            request_id='r-9',
            at=NOON + dt.timedelta(minutes=minute),
            code='AZ-ITEM',
            message='Refused.',
            reason=reason,
            indicator_id=77,
        )
        ErrorLog(saved.diagnostics.db).add([entry])
    assert ask(saved, HOST)['refused'] == [
        {
            'object_key': f'Host||{HOST}',
            'indicator_id': '77',
            'query_id': 'q2',
            'position': 1,
            'attempts': 1,
            'error': {
                'request_id': 'r-9',
                'date_added': '2026-03-04T12:02:00Z',
                'code': 'AZ-ITEM',
                'reason': 'Bad pattern.',
            },
        }
    ]


def test_sent_objects_are_shown_when_threatconnect_does_not_answer(saved: Stand) -> None:
    enter(saved, f'Host||{HOST}')
    saved.diagnostics.source.error = ReadTimeoutError('ThreatConnect did not answer.')
    found = ask(saved, HOST)
    assert len(found['sent']) == 1
    assert found['copies'] == []
    assert found['source_error'] == 'ThreatConnect did not answer.'


def test_unknown_value_has_an_empty_answer(saved: Stand) -> None:
    found = ask(saved, 'x" OR summary contains "')
    row = found.pop('row')
    assert (row['given'], row['verdict']) == ('x" OR summary contains "', 'unknown')
    assert found == {
        'near': [],
        'sent': [],
        'refused': [],
        'copies': [],
        'queries': [
            {
                'query_id': 'q1',
                'position': 0,
                'label': 'tag = "hot"',
                'label_scope': None,
                'is_enabled': True,
            },
            {
                'query_id': 'q2',
                'position': 1,
                'label': 'All Host, File Indicators in Example Org, Källa "1"',
                'label_scope': {
                    'indicator_types': ['Host', 'File'],
                    'owners': ['Example Org', 'Källa "1"'],
                },
                'is_enabled': True,
            },
        ],
        'source_error': None,
        'matches': {'count': 0, 'alerts': []},
        'actors': [],
    }


@pytest.mark.parametrize('body', [{}, {'value': ''}, {'value': ' \t'}, {'value': 5}, {'v': 'x'}])
def test_lookup_without_a_value_is_refused(stand: Stand, body: dict[str, Any]) -> None:
    assert stand.post('/api/indicator/detail', body).status_code == 422
