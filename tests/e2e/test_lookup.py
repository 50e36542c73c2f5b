"""REPORTS, INDICATOR LOOKUP, as a person uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests.e2e.conftest import INDICATORS, Save
from tests.e2e.job import EVERYTHING, finished_job
from tests.e2e.screen import Screen
from tests.simulators.demo import load_indicators
from tests.simulators.stand import Stand

ROWS = load_indicators(INDICATORS, own=True)
LOOKUP = re.compile(r'/api/indicator/detail$')
OWN = {**EVERYTHING, 'owners': ['Demo Organization']}


@pytest.fixture
def sent(stand: Stand, save_queries: Save) -> Iterator[str]:
    """Everything has been sent; the Hosts were refused. Gives the Request ID of the first Job."""
    stand.sentinel.forget()
    save_queries(OWN, EVERYTHING)
    stand.sentinel.faults.add('refuse-objects', contains='domain-name')
    try:
        job = finished_job(stand)
        stand.sentinel.faults.clear()
        yield job['request_id']
    finally:
        stand.sentinel.faults.clear()


def usable(type_name: str) -> list[dict[str, Any]]:
    return [
        row
        for row in ROWS
        if row['type'] == type_name
        and row['active']
        and '2025' not in row.get('externalDateExpires', '')
    ]


def look_up(screen: Screen, value: str) -> None:
    screen.page.get_by_label('Value', exact=True).fill(value)
    screen.button('Look up').click()


@pytest.mark.usefixtures('sent')
def test_a_file_is_found_by_one_hash_with_an_object_for_each(
    context: BrowserContext, page: Page, screen: Screen
) -> None:
    context.grant_permissions(['clipboard-read', 'clipboard-write'])
    row = next(row for row in usable('File') if {'md5', 'sha1', 'sha256'} <= row.keys())
    bodies: list[str] = []
    addresses: list[str] = []

    def note(request: Request) -> None:
        addresses.append(request.url)
        if LOOKUP.search(request.url):
            bodies.append(request.post_data or '')

    page.on('request', note)
    screen.open('reports/lookup')
    look_up(screen, row['md5'].lower())
    expect(page.get_by_text('Sentinel holds it, as 3 valid objects.')).to_be_visible()
    assert json.loads(bodies[-1]) == {'value': row['md5'].lower()}
    assert not [url for url in addresses if row['md5'].lower() in url]

    for kind in ('MD5', 'SHA-1', 'SHA-256'):
        card = page.get_by_role('group', name=f'Sent: File, {kind} hash')
        expect(card).to_contain_text('Accepted')
        expect(card).to_contain_text(f"file:hashes.'{kind}'")
        expect(card).to_contain_text('valid STIX 2.1')
    query = screen.copied(card.get_by_role('button', name='Copy KQL query'))
    assert query.startswith('ThreatIntelIndicators\n| where TimeGenerated >= datetime(')
    stix = json.loads(
        screen.copied(card.get_by_role('button', name=re.compile('^Copy Object as sent')))
    )
    assert stix['id'] in query
    assert stix['pattern'] == f"[file:hashes.'SHA-256' = '{row['sha256']}']"
    sentinel_id = screen.copied(card.get_by_role('button', name=re.compile('^Copy Sentinel ID')))
    assert sentinel_id.endswith(f'---{stix["id"]}')

    page.reload()  # the value is kept in the address
    expect(page.get_by_label('Value', exact=True)).to_have_value(row['md5'].lower())
    expect(page.get_by_text('Sentinel holds it, as 3 valid objects.')).to_be_visible()
    card.get_by_role('link', name=re.compile('^[0-9a-f-]{36}$')).click()
    expect(page.get_by_role('complementary', name='Request Details')).to_be_visible()
    expect(screen.heading).to_have_text('JOBS')


@pytest.mark.usefixtures('sent')
def test_of_a_value_in_several_owners_each_copy_says_why(page: Page, screen: Screen) -> None:
    owners: dict[tuple[str, str], set[str]] = {}
    for row in usable('URL'):
        owners.setdefault((row['type'], row['summary']), set()).add(row['ownerName'])
    value = next(
        key[1] for key, names in owners.items() if names >= {'Demo Organization'} and len(names) > 1
    )
    screen.open('reports/lookup')
    look_up(screen, value)
    copies = screen.rows('Copies in ThreatConnect')
    expect(copies).to_have_count(2)
    taken = copies.filter(has_text='Taken')
    expect(taken).to_contain_text('Demo Organization')
    expect(taken).to_contain_text('Sentinel holds it.')
    passed = copies.filter(has_not_text='Taken')
    expect(passed).to_contain_text('Duplicate')
    expect(passed).to_contain_text('TQL query 1')


def test_a_refused_value_shows_the_words_of_sentinel(page: Page, screen: Screen, sent: str) -> None:
    value = usable('Host')[0]['summary']
    screen.open(f'reports/errors?code=AZ-ITEM&request_id={sent}')
    page.get_by_role('link', name='What became of it').first.click()
    expect(screen.heading).to_have_text('INDICATOR LOOKUP')
    # Sentinel may hold it all the same, from before it was refused.
    verdict = page.get_by_text(re.compile('Sentinel refused it|It refused 1 object'))
    expect(verdict).to_be_visible()
    look_up(screen, value)
    card = page.get_by_role('group', name='Refused: Host')
    expect(card).to_contain_text('AZ-ITEM')
    expect(card).to_contain_text('Refused by the stand-in')


def test_a_value_that_nobody_knows_says_so(page: Page, screen: Screen) -> None:
    screen.open('reports/lookup')
    expect(page.get_by_text('Which value?')).to_be_visible()
    expect(screen.button('Look up')).to_be_disabled()
    look_up(screen, 'never-seen.example')
    expect(page.get_by_text('It was never sent')).to_be_visible()
    expect(page.get_by_role('table')).to_have_count(0)


@pytest.mark.parametrize(
    'value',
    [
        '<img src=x onerror="window.broken=1">',
        "') or ownerName != '",
        'a&b=c+d%20e#f?g',
        '\u202egnp.exe 中文 كيان',
        '"' * 500,
    ],
)
def test_a_hostile_value_is_only_text(page: Page, screen: Screen, value: str) -> None:
    addresses: list[str] = []
    page.on('request', lambda request: addresses.append(request.url))
    screen.open('reports/lookup')
    look_up(screen, value)
    expect(page.get_by_text('It was never sent')).to_be_visible()
    page.reload()
    expect(page.get_by_label('Value', exact=True)).to_have_value(value)
    expect(page.get_by_text('It was never sent')).to_be_visible()
    assert page.evaluate('window.broken') is None
    assert all(
        re.fullmatch(r'[A-Za-z0-9_.:~,/?=&-]+(#.*)?', url) for url in addresses if '/api/' in url
    )


def test_hostile_content_is_only_text(page: Page, screen: Screen) -> None:
    hostile = '<script>window.broken=1</script>' + 's' * 2_000
    indicator = {
        'id': '1', 'type': 'URL', 'summary': hostile, 'owner': 'كيان <b>中文</b>',
        'web_link': 'javascript:window.broken=1',
    }  # fmt: skip
    stix = {'object': {'name': hostile}, 'is_valid': False, 'verdict': 'name: too long'}
    sent = {
        **indicator, 'hash_kind': None, 'state': 'withdrawn', 'query_id': 'q', 'position': None,
        'request_id': 'a' * 36, 'date_sent': '2026-03-09T16:05:06Z',
        'valid_until': '2026-03-09T16:05:06Z', 'generation': 2, 'stix_id': 'indicator--1',
        'sentinel_id': 'x---indicator--1', 'kql': 'ThreatIntelIndicators', 'stix': stix,
    }  # fmt: skip
    copy = {**indicator, 'fate': 'withheld', 'reason': hostile, 'positions': []}
    found = {'value': 'x', 'sent': [sent], 'refused': [], 'copies': [copy], 'source_error': None}
    found['queries'] = []
    page.route(LOOKUP, lambda route: route.fulfill(json=found))
    page.set_viewport_size({'width': 1024, 'height': 768})
    screen.open('reports/lookup?value=x')
    card = page.get_by_role('group', name='Sent: URL')
    expect(card).to_contain_text('Withdrawn')
    expect(card).to_contain_text('A deleted query')
    expect(card).to_contain_text('2 times after a withdrawal')
    expect(card).to_contain_text('name: too long')
    expect(page.get_by_role('link', name=re.compile('ThreatConnect, in a new tab'))).to_have_count(
        0
    )
    assert page.evaluate('window.broken') is None
    assert page.evaluate('document.documentElement.scrollWidth') <= 1024


def test_what_threatconnect_does_not_say_and_a_call_that_fails_are_told(
    page: Page, screen: Screen
) -> None:
    nothing: dict[str, Any] = {'value': 'x', 'sent': [], 'refused': [], 'copies': []}

    def tell(route: Route) -> None:
        route.fulfill(json=nothing | {'source_error': 'ThreatConnect did not answer.'})

    page.route(LOOKUP, tell)
    screen.open('reports/lookup?value=x')
    expect(page.get_by_text('ThreatConnect could not tell of its copies')).to_be_visible()
    page.unroute(LOOKUP)
    failure = {'title': 'The store is full', 'description': 'Make room.', 'code': 'RUN-DISK'}
    page.route(LOOKUP, lambda route: route.fulfill(status=500, json=failure))
    look_up(screen, 'y')
    expect(page.get_by_role('alert')).to_contain_text('RUN-DISK')
    page.unroute(LOOKUP)
    screen.button('Try again').click()
    expect(page.get_by_text('It was never sent')).to_be_visible()
