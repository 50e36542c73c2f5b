"""REPORTS, INDICATOR LOOKUP, as a person uses it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.e2e.conftest import INDICATORS, Save
from tests.e2e.job import EVERYTHING, finished_job
from tests.e2e.screen import Screen
from tests.harness.waiting import until
from tests.simulators.demo import load_indicators
from tests.simulators.stand import Stand

ROWS = load_indicators(INDICATORS, own=True)
LOOKUP = re.compile(r'/api/indicator/detail$')
OWN = {**EVERYTHING, 'owners': ['Demo Organization']}
ABSENT = re.compile('^(Not in Sentinel|Not an IP address)')


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
    screen.page.get_by_label('Values', exact=True).fill(value)
    screen.button('Look up').click()


@pytest.mark.usefixtures('sent')
def test_file_is_found_by_one_hash_with_an_object_for_each(
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
    expect(page.get_by_text('In Sentinel (3 active objects)')).to_be_visible()
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
    expect(page.get_by_label('Values', exact=True)).to_have_value(row['md5'].lower())
    expect(page.get_by_text('In Sentinel (3 active objects)')).to_be_visible()
    card.get_by_role('link', name=re.compile('^[0-9a-f-]{36}$')).click()
    expect(page.get_by_role('complementary', name='Request Details')).to_be_visible()
    expect(screen.heading).to_have_text('JOBS')


@pytest.mark.usefixtures('sent')
def test_copies_in_several_owners_each_say_why(page: Page, screen: Screen) -> None:
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
    taken = copies.first
    expect(taken).to_contain_text('Selected')
    expect(taken).to_contain_text('Demo Organization')
    expect(taken).to_contain_text('Sentinel holds it.')
    passed = copies.last
    expect(passed).to_contain_text('Duplicate')
    expect(passed).to_contain_text('TQL query 1')


def test_refused_value_shows_the_words_of_sentinel(page: Page, screen: Screen, sent: str) -> None:
    value = usable('Host')[0]['summary']
    screen.open(f'reports/errors?code=AZ-ITEM&request_id={sent}')
    page.get_by_role('link', name='Look up this Indicator').first.click()
    expect(screen.heading).to_have_text('INDICATOR LOOKUP')
    # Sentinel may hold it all the same, from before it was refused.
    verdict = page.get_by_text(re.compile('Sentinel refused (it|1 more)'))
    expect(verdict).to_be_visible()
    look_up(screen, value)
    card = page.get_by_role('group', name='Refused: Host')
    expect(card).to_contain_text('AZ-ITEM')
    expect(card).to_contain_text('Refused by the stand-in')


def test_unknown_value_is_reported_as_such(page: Page, screen: Screen) -> None:
    screen.open('reports/lookup')
    expect(page.get_by_text('Paste values from a report')).to_be_visible()
    expect(page.get_by_label('Values', exact=True)).to_be_focused()
    expect(screen.button('Look up')).to_be_disabled()
    look_up(screen, 'never-seen.example')
    expect(page.get_by_text(ABSENT)).to_be_visible()
    expect(page.get_by_text(ABSENT)).to_contain_text('Check the spelling')
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
def test_hostile_value_is_only_text(page: Page, screen: Screen, value: str) -> None:
    addresses: list[str] = []
    page.on('request', lambda request: addresses.append(request.url))
    screen.open('reports/lookup')
    look_up(screen, value)
    expect(page.get_by_text(ABSENT)).to_be_visible()
    page.reload()
    expect(page.get_by_label('Values', exact=True)).to_have_value(value)
    expect(page.get_by_text(ABSENT)).to_be_visible()
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
        'first_sent': '2026-03-09T16:05:06Z', 'portal_link': 'javascript:window.broken=1',
        'valid_until': '2026-03-09T16:05:06Z', 'generation': 2, 'stix_id': 'indicator--1',
        'sentinel_id': 'x---indicator--1', 'kql': 'ThreatIntelIndicators', 'stix': stix,
    }  # fmt: skip
    copy = {**indicator, 'fate': 'withheld', 'reason': hostile, 'positions': []}
    row = {
        'given': 'x', 'times': 1, 'value': 'x', 'shown': None, 'types': ['URL'],
        'verdict': 'withdrawn', 'why': hostile[:500], 'objects': 0, 'owner': indicator['owner'],
        'query_id': 'q', 'position': None, 'first_sent': None, 'last_sent': None,
        'valid_until': None, 'near': None,
    }  # fmt: skip
    alert = {
        'id': 'a', 'name': hostile[:300], 'severity': 'high', 'product': hostile[:300],
        'kind': 'value', 'date_first': '2026-03-09T16:05:06Z',
        'date_last': '2026-03-09T16:05:06Z', 'link': 'javascript:window.broken=1',
    }  # fmt: skip
    found = {
        'row': row,
        'near': [],
        'queries': [],
        'sent': [sent],
        'refused': [],
        'copies': [copy],
        'source_error': None,
        'matches': {'count': 1, 'alerts': [alert]},
        'actors': [],
    }
    found['queries'] = []
    page.route(LOOKUP, lambda route: route.fulfill(json=found))
    page.set_viewport_size({'width': 1024, 'height': 768})
    screen.open('reports/lookup?value=x')
    card = page.get_by_role('group', name='Sent: URL')
    expect(card).to_contain_text('Withdrawn')
    expect(card).to_contain_text('A deleted query')
    expect(card).to_contain_text('2 times after a withdrawal')
    expect(card).to_contain_text('name: too long')
    alerts = screen.rows('Alerts about this value')
    expect(alerts).to_contain_text('<script>')
    expect(alerts.get_by_role('link')).to_have_count(0)
    expect(page.get_by_role('link', name=re.compile('ThreatConnect, in a new tab'))).to_have_count(
        0
    )
    assert page.evaluate('window.broken') is None
    assert page.evaluate('document.documentElement.scrollWidth') <= 1024


def test_threatconnect_outage_and_a_failing_call_are_shown(
    stand: Stand, page: Page, screen: Screen
) -> None:
    stand.threatconnect.faults.on('drop')
    try:
        screen.open('reports/lookup?value=never-seen.example')
        notice = page.get_by_text('ThreatConnect is unavailable; showing Sentinel status only')
        expect(notice).to_be_visible(timeout=60_000)
        expect(page.get_by_text('so the reason is not known')).to_be_visible()
    finally:
        stand.threatconnect.faults.off()
    failure = {'title': 'The store is full', 'description': 'Make room.', 'code': 'RUN-DISK'}
    page.route(LOOKUP, lambda route: route.fulfill(status=500, json=failure))
    look_up(screen, 'y.example')
    expect(page.get_by_role('alert')).to_contain_text('RUN-DISK')
    page.unroute(LOOKUP)
    screen.button('Try again').click()
    expect(page.get_by_text(ABSENT)).to_be_visible()


@pytest.mark.usefixtures('sent')
def test_pasted_list_has_one_line_for_each_value(
    page: Page, screen: Screen, tmp_path: Path
) -> None:
    address = next(row['summary'] for row in usable('Address') if '.' in row['summary'])
    file = next(row for row in usable('File') if 'md5' in row)
    defanged = address.replace('.', '[.]')
    bodies: list[Any] = []
    page.on('request', lambda request: note_values(request, bodies))
    screen.open('reports/lookup')
    field = page.get_by_label('Values', exact=True)
    field.fill(f'"{defanged}", {address}:443\nMD5: {file["md5"]}\nnever-seen[.]example\n999.1.1.1')
    screen.button('Look up 5 values').click()

    rows = screen.rows('Answers')
    expect(rows).to_have_count(4)
    expect(
        page.get_by_text('4 values: 2 in Sentinel, 2 not. 1 duplicate was combined.')
    ).to_be_visible()
    expect(rows.nth(0)).to_contain_text(f'Looked up as {address}')
    expect(rows.nth(0)).to_contain_text('given 2 times')
    expect(rows.nth(0)).to_contain_text('In Sentinel')
    expect(rows.nth(1)).to_contain_text('active object')
    expect(rows.nth(2)).to_contain_text('ThreatConnect has no Indicator with this value')
    expect(rows.nth(2).get_by_text('Not in Sentinel')).to_have_count(1)
    expect(rows.nth(3)).to_contain_text('Not recognized')
    assert len(bodies) == 1
    assert address not in page.url

    # Details come when somebody asks for them, and stand below their row.
    screen.button(f'Details of "{defanged}"').click()
    expect(page.get_by_role('group', name='Sent: Address')).to_contain_text('First sent')
    assert screen.complaints() == []
    screen.button(f'Details of "{defanged}"').click()
    expect(page.get_by_role('group', name='Sent: Address')).to_have_count(0)

    screen.choose('Order', 'By verdict')
    expect(rows.first).to_contain_text('999.1.1.1')
    screen.choose('Verdict', 'In Sentinel (2)')
    expect(rows).to_have_count(2)
    with page.expect_download() as download:
        screen.button('Download CSV').click()
    assert re.fullmatch(
        r'sentinel-lookup_[\w-]+_\d{4}-\d\d-\d\d\.csv', download.value.suggested_filename
    )
    download.value.save_as(tmp_path / 'lookup.csv')
    with (tmp_path / 'lookup.csv').open(encoding='utf-8-sig', newline='') as file_:
        lines = list(csv.DictReader(file_))
    assert [line['Looked up as'] for line in lines] == [
        address, file['md5'], 'never-seen.example', ''
    ]  # fmt: skip

    page.reload()  # the list is kept in the tab
    expect(rows).to_have_count(4)
    expect(field).to_have_value(re.compile('never-seen'))
    page.goto(f'{screen.url}#/reports/lookup?list=gone')
    expect(page.get_by_text('This list is not here any more')).to_be_visible()


@pytest.mark.usefixtures('sent')
def test_chosen_values_are_withdrawn_and_sent_at_once(
    stand: Stand, page: Page, screen: Screen
) -> None:
    row = next(row for row in usable('File') if {'md5', 'sha1', 'sha256'} <= row.keys())
    value = row['md5']
    screen.open('reports/lookup')
    page.get_by_label('Values', exact=True).fill(f'MD5: {value}\nnever-seen.example')
    screen.button('Look up 2 values').click()
    expect(screen.button('Withdraw now')).to_be_disabled()
    page.get_by_role('checkbox', name='Select all values').check()
    # What nobody knows can be neither sent nor withdrawn.
    screen.button('Withdraw 1 now').click()
    window = screen.dialog('Withdraw 1 value now?')
    expect(window).to_contain_text('Marks 3 active objects as revoked in Microsoft Sentinel.')
    expect(window).to_contain_text('The next reconcile or full update sends it again while')
    expect(window.get_by_role('list', name='Values')).to_have_text(value)
    assert screen.complaints() == []
    window.get_by_label('Reason').fill('False positive')
    window.get_by_role('button', name='Withdraw Now').click()
    toast = page.get_by_text('Withdrawal queued')
    expect(toast).to_be_visible()
    expect(page.get_by_role('link', name='View in JOBS')).to_have_attribute(
        'href', re.compile(r'^#/jobs\?open=[0-9a-f-]{36}$')
    )
    until(lambda: verdict(stand, value) == 'withdrawn')
    screen.button('Look up again').click()
    expect(screen.rows('Answers').first).to_contain_text('Withdrawn')
    expect(screen.button('Withdraw now')).to_be_disabled()

    screen.button('Send 1 now').click()
    screen.dialog('Send 1 value now?').get_by_role('button', name='Send Now').click()
    expect(page.get_by_text('Send queued')).to_be_visible()
    until(lambda: verdict(stand, value) == 'in-sentinel')
    entries = stand.api('GET', 'api/report/audit').json()['data']
    assert any('Reason: False positive' in str(each) for each in entries)


def verdict(stand: Stand, value: str) -> str:
    reply = stand.api('POST', 'api/indicator', {'values': [value]}).json()
    return str(reply['rows'][0]['verdict'])


def note_values(request: Request, bodies: list[Any]) -> None:
    if request.url.endswith('/api/indicator'):
        bodies.append(json.loads(request.post_data or ''))


def test_long_list_is_requested_in_parts_and_a_longer_one_is_refused(
    page: Page, screen: Screen
) -> None:
    bodies: list[Any] = []
    page.on('request', lambda request: note_values(request, bodies))
    screen.open('reports/lookup')
    field = page.get_by_label('Values', exact=True)
    field.fill('\n'.join(f'h{number}.never-seen.example' for number in range(501)))
    expect(page.get_by_text('501 values. Look up 500 at a time.')).to_be_visible()
    expect(screen.button('Look up 501 values')).to_be_disabled()
    field.fill('\n'.join(f'h{number}.never-seen.example' for number in range(230)))
    field.press('Control+Enter')
    expect(screen.rows('Answers')).to_have_count(230)
    assert [len(body['values']) for body in bodies] == [100, 100, 30]


def test_header_search_box_looks_values_up_from_any_screen(page: Page, screen: Screen) -> None:
    screen.open('jobs')
    box = page.get_by_role('textbox', name='Look up an Indicator')
    # In a field it is a character like others.
    request_id = page.get_by_role('textbox', name='Request ID')
    request_id.press('/')
    expect(request_id).to_be_focused()
    screen.heading.focus()
    page.keyboard.press('/')
    expect(box).to_be_focused()
    expect(box).to_have_value('')
    page.keyboard.type('never-seen[.]example')
    page.keyboard.press('Enter')
    expect(screen.heading).to_have_text('INDICATOR LOOKUP')
    expect(page.get_by_text('Looked up as never-seen.example')).to_be_visible()

    screen.open('tasks')
    box.fill('a.never-seen.example, 9.9.9.9')
    box.press('Enter')
    expect(screen.rows('Answers')).to_have_count(2)
    assert '9.9.9.9' not in page.url
    # A list that is pasted keeps its lines.
    screen.open('tasks')
    box.evaluate(PASTE, 'b.never-seen.example\n9.9.9.9\nc.never-seen.example')
    expect(screen.rows('Answers')).to_have_count(3)

    page.set_viewport_size({'width': 1024, 'height': 768})
    screen.open('tasks')
    expect(box).to_be_hidden()
    page.keyboard.press('/')
    expect(page.get_by_label('Values', exact=True)).to_be_focused()


PASTE = """(box, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text', text);
  box.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));
}"""
