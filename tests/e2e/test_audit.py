"""REPORTS, AUDIT, as a person uses it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.job import EVERYTHING, finished_job, paused
from tests.e2e.screen import Screen
from tests.harness.waiting import until
from tests.simulators.stand import PERSON, Stand

AUDIT = re.compile(r'/api/report/audit')


def test_save_shows_who_made_it_and_what_was_before(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    (saved,) = save_queries({**EVERYTHING, 'tql': 'rating > 1'})
    save_queries({**saved, 'tql': 'rating > 2', 'owners': ['OSINT Community']})
    screen.open('reports/audit')
    row = screen.rows('Audit').first
    expect(row).to_contain_text(PERSON.user_name)
    expect(row).to_contain_text('TQL queries saved')
    expect(row).to_contain_text('1 edited')
    row.get_by_role('button', name='2 changed fields').click()
    changes = screen.rows(re.compile('^Changes of'))
    expect(changes).to_have_count(2)
    expect(changes.filter(has_text='TQL query 1').nth(1)).to_contain_text('rating > 1')
    expect(changes.filter(has_text='rating > 2')).to_have_count(1)
    expect(changes.filter(has_text='Owners')).to_contain_text('Demo Organization')
    page.reload()  # what is open is kept in the address
    expect(changes).to_have_count(2)
    row.get_by_role('button', name=re.compile('^Changes of')).click()
    expect(changes).to_have_count(0)


def test_actions_on_tasks_are_there_at_once(page: Page, screen: Screen, stand: Stand) -> None:
    with paused(stand, 'cleaner'):
        screen.open('reports/audit')
        expect(screen.rows('Audit').first).to_contain_text('Task paused')
        expect(screen.rows('Audit').first).to_contain_text('Cleaner')
    screen.button('Refresh now').click()
    expect(screen.rows('Audit').first).to_contain_text('Task resumed')


def test_audit_of_a_thousand_entries_is_paged_and_downloaded(
    page: Page, screen: Screen, tmp_path: Path
) -> None:
    change = {'subject': 'TQL query 1', 'field': 'TQL', 'before': '=1+1', 'after': None}
    records = [
        {
            'at': f'2026-03-09T16:{number // 60:02d}:{number % 60:02d}Z',
            'user': None if number % 3 else 'مدير <b>ann</b>',
            'action': 'configure-save',
            'detail': f'entry {number}',
            'changes': [change] if number == 0 else [],
            'changes_left_out': 0,
            'query_ids': [],
            'update_ids': [],
        }
        for number in range(1_000)
    ]

    def give(route: Route) -> None:
        given = parse_qs(urlsplit(route.request.url).query)
        start = int(given.get('offset', ['0'])[0])
        data = records[start : start + int(given.get('limit', ['20'])[0])]
        facts = {'count': len(data), 'next': None, 'previous': None, 'total_count': 1_000}
        route.fulfill(json={**facts, 'data': data})

    page.route(AUDIT, give)
    screen.open('reports/audit')
    rows = screen.rows('Audit')
    expect(rows).to_have_count(20)
    expect(rows.first).to_contain_text('<b>ann</b>')
    expect(rows.nth(1)).to_contain_text('Unknown user')
    pages = page.get_by_role('navigation', name='Pages of entries')
    expect(pages).to_contain_text('of 1,000 entries')
    pages.get_by_role('button', name='Last page').click()
    expect(rows.last).to_contain_text('entry 999')
    expect(page).to_have_url(re.compile('offset=980'))
    page.reload()
    expect(rows.last).to_contain_text('entry 999')

    screen.button('Download').click()
    with page.expect_download() as download:
        page.get_by_role('menuitem', name='CSV').click()
    name = download.value.suggested_filename
    assert re.fullmatch(r'sentinel-audit_[\w.-]+_\d{4}-\d\d-\d\d\.csv', name), name
    path = tmp_path / 'audit.csv'
    download.value.save_as(path)
    lines = list(csv.DictReader(io.StringIO(path.read_text('utf-8-sig'))))
    assert len(lines) == 1_000
    assert lines[0]['Before'] == "'=1+1"  # no spreadsheet takes it for a formula
    expect(page.get_by_text('1,000 audit entries as CSV.')).to_be_visible()


def test_file_has_the_screens_headings_and_words_and_the_services_name(
    page: Page, screen: Screen, stand: Stand
) -> None:
    entry = {'user': 'ann', 'detail': 'Cleaner', 'changes': [], 'changes_left_out': 0}
    entry |= {'query_ids': [], 'update_ids': []}
    edits = [
        ('Owners', 'Demo, Other', 'Demo'),
        ('Indicator Types', 'EmailAddress, Host', 'ASN'),
        ('Sort Field', None, 'threatAssessScore'),
    ]
    changes = [
        {'subject': 'TQL query 1', 'field': field, 'before': before, 'after': after}
        for field, before, after in edits
    ]
    saved = {'action': 'configure-save', 'changes': changes, 'changes_left_out': 12}
    records = [
        {**entry, 'at': '2026-03-09T16:00:02Z', **saved, 'detail': '1 TQL query, 1 edited'},
        {**entry, 'at': '2026-03-09T16:00:01Z', 'action': 'task-pause'},
        {**entry, 'at': '2026-03-09T16:00:00Z', 'action': 'task-run', 'user': None},
    ]
    facts = {'count': 3, 'next': None, 'previous': None, 'total_count': 3}
    page.route(AUDIT, lambda route: route.fulfill(json={**facts, 'data': records}))
    screen.open(f'reports/audit?open={records[0]["at"]}')
    changed = page.get_by_role('table', name=re.compile('^Changes of'))
    expect(changed).to_be_visible()
    of_entries = screen.table('Audit').locator(':scope > thead').get_by_role('columnheader')
    of_changes = changed.get_by_role('columnheader')
    shown = [of_entries.all_inner_texts()[1:], of_changes.all_inner_texts()]

    def organization() -> Any:
        return stand.api('GET', 'api/health').json()['service']['organization']

    until(organization, 'the Service has not learned its Organization from ThreatConnect')
    today = "new Date().toLocaleDateString('sv')"  # as in a date of ISO 8601
    days = [page.evaluate(today)]
    screen.button('Download').click()
    with page.expect_download() as download:
        page.get_by_role('menuitem', name='CSV').click()
    days.append(page.evaluate(today))
    names = {f'sentinel-audit_Demo-Organization_{day}.csv' for day in days}
    assert download.value.suggested_filename in names

    heading, *lines = csv.reader(io.StringIO(download.value.path().read_text('utf-8-sig')))
    assert heading == [*shown[0], *shown[1]]
    assert [len(line) for line in lines] == [len(heading)] * 6
    assert [line[2] for line in lines] == [*['TQL queries saved'] * 4, 'Task paused', 'Task run']
    for line, row in zip(lines[:3], changed.locator('tbody > tr').all(), strict=True):
        expect(row.get_by_role('cell')).to_have_text([text or 'None' for text in line[4:]])
    assert lines[3][4:] == ['12 further changes, not recorded', '', '', '']
    assert lines[0][1:] == [
        *('ann', 'TQL queries saved', '1 TQL query, 1 edited'),
        *('TQL query 1', 'Owners', 'Demo, Other', 'Demo'),
    ]
    assert lines[5] == ['2026-03-09T16:00:00Z', '', 'Task run', 'Cleaner', '', '', '', '']


def test_one_update_and_one_query_are_followed_to_the_audit_and_back(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries({**EVERYTHING, 'name': 'Followed'})
    job = finished_job(stand, 'delta')
    screen.open(f'jobs?open={job["request_id"]}')
    page.get_by_role('complementary').get_by_role('link', name='audit').click()
    expect(screen.heading).to_have_text('AUDIT')
    rows = screen.rows('Audit')
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text('Update requested')
    rows.get_by_role('link', name='View in JOBS').click()
    expect(screen.heading).to_have_text('JOBS')
    expect(screen.updates).to_have_count(1)
    page.go_back()
    screen.button('Show all updates').click()
    expect(rows.filter(has_text='TQL queries saved').first).to_be_visible()

    with paused(stand, 'cleaner'):
        pass
    screen.button('Refresh now').click()
    expect(rows.first).to_contain_text('Task')
    screen.choose('Query', '1. Followed')
    expect(page).to_have_url(re.compile(f'query_id={job["query"]["id"]}'))
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text('TQL queries saved')
    screen.button('Clear all').click()
    expect(rows.first).to_contain_text('Task')


def test_audit_is_narrowed_by_action_user_and_time(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    with paused(stand, 'cleaner'):
        pass
    screen.open('reports/audit')
    rows = screen.rows('Audit')
    screen.choose('Action', 'Task paused')
    page.get_by_label('User', exact=True).fill(PERSON.user_name[:3].upper())
    expect(page).to_have_url(re.compile('user=DEM'))
    screen.choose('Time', 'Last hour')
    expect(page).to_have_url(re.compile('range=1h'))
    expect(rows.first).to_contain_text('Task paused')
    expect(rows.filter(has_text='TQL queries saved')).to_have_count(0)
    page.reload()
    expect(page.get_by_label('User', exact=True)).to_have_value(PERSON.user_name[:3].upper())
    expect(rows.first).to_contain_text('Task paused')
    page.get_by_label('User', exact=True).fill('nobody-of-that-name')
    expect(page.get_by_text('No entry matches these filters.')).to_be_visible()
    screen.button('Clear all').click()
    expect(rows.filter(has_text='TQL queries saved').first).to_be_visible()
