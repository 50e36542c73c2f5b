"""REPORTS, VERIFY, as a person uses it: a real App, and a Sentinel that has other things.

Tests that change something leave enough of each kind for the others, whatever their order.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.job import ended
from tests.e2e.read_back import SOURCE_SYSTEM, read_back_service, verify
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand

FINDINGS = re.compile(r'/api/verification/finding$')
NO_ACCESS = {
    'code': 'AZ-QUERY-403',
    'message': 'The application may not query the workspace.',
    'remedy': 'Assign Microsoft Sentinel Contributor.',
    'reason': 'InsufficientAccessError',
}


@pytest.fixture(scope='module')
def stand(_built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with read_back_service(tmp_path_factory.mktemp('verify')) as stand:
        yield stand


@pytest.fixture
def counts(stand: Stand) -> dict[str, int]:
    """How many findings of each kind there are, after a run of Verify."""
    complete = verify(stand)['complete']
    return {each['kind']: each['count'] for each in complete['findings']}


def alter(page: Page, **changes: Any) -> None:
    """Let the state of Verify be another one."""

    def give(route: Route) -> None:
        reply = route.fetch()
        content = reply.json()
        content['verification'] |= changes
        route.fulfill(response=reply, json=content)

    page.route(FINDINGS, give)


def test_every_kind_is_counted_and_shows_its_findings(
    page: Page, screen: Screen, counts: dict[str, int]
) -> None:
    screen.open('reports/verify')
    kinds = screen.rows('Kinds of finding')
    expect(kinds).to_have_count(sum(count > 0 for count in counts.values()))
    card = page.get_by_role('group', name='Verify', exact=True)
    expect(card).to_contain_text(f'{sum(counts.values())} findings')
    expect(card).to_contain_text(re.compile(r'\d+ of \d+ active objects'))
    assert screen.complaints() == []
    screen.button('Changed in Sentinel').click()
    found = screen.rows('Findings')
    expect(found).to_have_count(counts['changed'])
    table = screen.table('Findings')
    for words in ('Revoked', 'Deleted', 'Confidence 10 instead of', 'Ends '):
        expect(table).to_contain_text(words)
    expect(page).to_have_url(re.compile('kind=changed'))
    # They are decided one by one.
    expect(screen.button('Send again').first).to_have_attribute('aria-disabled', 'true')
    screen.button('Changed in Sentinel').click()
    expect(found).to_have_count(min(20, sum(counts.values())))


def test_filters_take_free_text(page: Page, screen: Screen, counts: dict[str, int]) -> None:
    screen.open('reports/verify?kind=missing')
    expect(screen.rows('Findings')).to_have_count(min(counts['missing'], 20))
    screen.choose('Owner', 'Demo Research')
    expect(page).to_have_url(re.compile(r'owner=Demo\+Research'))
    found = screen.rows('Findings')
    expect(found.filter(has_not_text='Demo Research')).to_have_count(0)
    page.get_by_role('textbox', name='Text').fill('no such & value')
    expect(page.get_by_text('No finding matches these filters.')).to_be_visible()
    screen.button('Clear all').click()
    expect(found).to_have_count(20)


def test_findings_are_downloaded_as_they_are_filtered(
    page: Page, screen: Screen, counts: dict[str, int], tmp_path: Path
) -> None:
    screen.open('reports/verify?kind=changed')
    screen.button('Download').click()
    with page.expect_download() as download:
        page.get_by_role('menuitem', name='CSV').click()
    path = tmp_path / 'findings.csv'
    download.value.save_as(path)
    with path.open(encoding='utf-8-sig', newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == counts['changed']
    assert {row['Kind'] for row in rows} == {'Changed in Sentinel'}
    assert {'Revoked', 'Deleted'} < {row['In Sentinel'] for row in rows}


@pytest.mark.usefixtures('counts')
def test_one_that_was_revoked_goes_out_under_a_new_id(
    page: Page, screen: Screen, stand: Stand
) -> None:
    screen.open('reports/verify?kind=changed')
    row = screen.rows('Findings').filter(has_text='Revoked').first
    name = row.get_by_role('button', name=re.compile('^Copy Indicator')).inner_text()
    row.get_by_role('button', name=re.compile('^Send again')).click()
    dialog = screen.dialog('Send this Indicator again?')
    expect(dialog).to_contain_text('A person or a rule changed it')
    expect(dialog).to_contain_text('under a new ID')
    assert screen.complaints() == []
    dialog.get_by_role('button', name='Send Again').click()
    expect(dialog).to_be_hidden()
    expect(row.get_by_role('link', name=re.compile('^Job '))).to_be_visible()
    page.get_by_role('link', name='View in JOBS').click()
    expect(screen.updates.filter(has_text='Send again: 1 Indicator')).to_be_visible()
    job = stand.api('GET', 'api/job/request?sort=date_queued&sort_order=desc').json()['data'][0]
    assert ended(stand, job['request_id'])['count_sent'] == 1
    held = stand.sentinel.held_objects(SOURCE_SYSTEM)
    ids = [id_ for id_, stix in held.items() if f"'{name}'" in stix['pattern']]
    assert len(ids) == 2


@pytest.mark.usefixtures('counts')
def test_all_of_a_kind_are_sent_again(page: Page, screen: Screen, stand: Stand) -> None:
    screen.open('reports/verify?kind=older')
    shown = screen.rows('Findings')
    expect(shown.first).to_contain_text(re.compile(r'Version of .* instead of '))
    button = page.get_by_role('button', name=re.compile(r'^Send \d+ again$'))
    expect(button).to_be_visible()
    count = int(re.findall(r'\d+', button.inner_text())[0])
    button.click()
    dialog = screen.dialog(f'Send {count} Indicators again?')
    expect(dialog).to_contain_text('sent one by one')
    dialog.get_by_role('button', name='Send Again').click()
    expect(dialog).to_be_hidden()
    expect(shown.first.get_by_role('link', name=re.compile('^Job '))).to_be_visible()
    job = stand.api('GET', 'api/job/request?sort=date_queued&sort_order=desc').json()['data'][0]
    assert job['scope'] == 'verify'
    assert ended(stand, job['request_id'])['count_sent'] == count
    # What was just sent is too recent to be judged.
    verify(stand)
    screen.button('Refresh now').click()
    card = page.get_by_role('group', name='Verify', exact=True)
    expect(card).to_contain_text('not compared: sent less than 2 hours ago')
    expect(screen.button('Older version')).to_have_count(0)


def test_unknown_objects_are_withdrawn_by_their_number(
    page: Page, screen: Screen, stand: Stand, counts: dict[str, int]
) -> None:
    count = counts['unknown']
    screen.open('reports/verify?kind=unknown')
    screen.button(f'Withdraw {count} unknown objects').click()
    dialog = screen.dialog(f'Withdraw {count} unknown objects?')
    expect(dialog).to_contain_text('still sends under the same source name')
    assert screen.complaints() == []
    field = dialog.get_by_role('textbox', name=f'Type {count} to confirm')
    field.fill(str(count + 1))
    dialog.get_by_role('button', name='Withdraw Unknown').click()
    expect(dialog).to_contain_text(f'The number is {count}.')
    # A number that is right on the page, and no longer in Sentinel.
    page.route(
        re.compile(r'/api/verification/withdraw$'),
        lambda route: route.continue_(post_data=f'{{"count": {count + 1}}}'),
    )
    field.fill(str(count))
    field.press('Enter')
    expect(dialog).to_contain_text(f'There are {count} unknown objects now, not {count + 1}')
    page.unroute_all()
    dialog.get_by_role('button', name='Withdraw Unknown').click()
    expect(dialog).to_be_hidden()
    page.get_by_role('link', name='View in JOBS').click()
    update = screen.updates.filter(has_text=f'Withdraw unknown: {count} objects')
    expect(update).to_be_visible()
    job = stand.api('GET', 'api/job/request?sort=date_queued&sort_order=desc').json()['data'][0]
    assert ended(stand, job['request_id'])['count_withdrawn'] == count
    found = {each['kind']: each['count'] for each in verify(stand)['complete']['findings']}
    assert found['unknown'] == 0
    screen.open('reports/audit')
    expect(screen.rows('Audit').filter(has_text='Unknown objects withdrawn')).to_have_count(1)


@pytest.mark.usefixtures('counts')
def test_verify_now_runs_and_says_when(page: Page, screen: Screen, stand: Stand) -> None:
    before = stand.api('GET', 'api/verification').json()['last']['date_ended']
    screen.open('reports/verify')
    with page.expect_response(re.compile('/api/verification/run$')) as answered:
        screen.button('Verify now').click()
    assert answered.value.status == 200
    assert answered.value.request.post_data_json == {'whole': False}
    card = page.get_by_role('group', name='Verify', exact=True)
    expect(card).to_contain_text('objects compared where sums differ')
    assert stand.api('GET', 'api/verification').json()['last']['date_ended'] > before


@pytest.mark.usefixtures('counts')
def test_run_that_may_not_read_keeps_the_findings_before(
    page: Page, screen: Screen, stand: Stand, counts: dict[str, int]
) -> None:
    stand.logs.settings.has_access = False
    try:
        verify(stand, whole=False)
        screen.open('reports/verify')
        expect(page.get_by_text('The last run could not read Sentinel')).to_be_visible()
        code = page.get_by_role('main').get_by_role('link', name='AZ-QUERY-403')
        expect(code.first).to_be_visible()
        card = page.get_by_role('group', name='Verify', exact=True)
        expect(card).to_contain_text('Findings of')
        expect(screen.rows('Findings')).to_have_count(min(20, sum(counts.values())))
        assert screen.complaints() == []
    finally:
        stand.logs.settings.has_access = True


@pytest.mark.usefixtures('counts')
@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'last': None, 'complete': None}, 'Not run yet'),
        ({'last': None, 'complete': None, 'interval_hours': 0}, 'Off'),
        ({'date_started': '2026-03-09T16:00:00Z'}, 'Running'),
    ],
    ids=['never', 'off', 'running'],
)
def test_state_is_said_whatever_it_is(
    page: Page, screen: Screen, changes: dict[str, Any], words: str
) -> None:
    alter(page, **changes)
    screen.open('reports/verify')
    card = page.get_by_role('group', name='Verify', exact=True)
    expect(card.get_by_text(words, exact=True)).to_be_visible()
    assert screen.complaints() == []


@pytest.mark.usefixtures('counts')
def test_findings_are_reached_by_keyboard(page: Page, screen: Screen) -> None:
    screen.open('reports/verify')
    button = screen.button('Missing')
    button.focus()
    page.keyboard.press('Enter')
    expect(button).to_have_attribute('aria-pressed', 'true')
    expect(page).to_have_url(re.compile('kind=missing'))
    page.keyboard.press('Space')
    expect(button).to_have_attribute('aria-pressed', 'false')


@pytest.mark.usefixtures('counts')
def test_dashboard_leads_to_the_findings(page: Page, screen: Screen) -> None:
    screen.open('dashboard')
    card = page.get_by_role('group', name='Verified in Sentinel')
    expect(card).to_contain_text(re.compile(r'\d+ of \d+ active objects'))
    card.get_by_role('link', name='Missing').click()
    expect(screen.heading).to_have_text('VERIFY')
    expect(screen.button('Missing')).to_have_attribute('aria-pressed', 'true')


def test_missing_object_is_asked_for_in_sentinel(
    page: Page, screen: Screen, stand: Stand, counts: dict[str, int]
) -> None:
    assert counts['missing'] > 0
    listed = stand.api('GET', 'api/verification/finding?kind=missing&limit=200').json()['data']
    hosts = (each for each in listed if each['indicator']['type'] == 'Host')
    value = next(hosts)['indicator']['summary']
    screen.open(f'reports/lookup?value={value}')
    screen.button(f'Ask Sentinel: {value}').click()
    expect(page.get_by_text('No row in the last 30 days')).to_be_visible()
    assert screen.complaints() == []
