"""REPORTS, ERRORS, as a person uses them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.sqlite import Database
from tests.e2e.conftest import Save
from tests.e2e.job import EVERYTHING, finished_job
from tests.e2e.screen import Screen
from tests.harness.waiting import until
from tests.simulators.stand import Stand

MANY, BATCH = 30_000, 10_000


@pytest.fixture
def refused_job(stand: Stand, save_queries: Save) -> Iterator[dict[str, Any]]:
    """A Job of which Sentinel refused every Host with an `e`."""
    save_queries({**EVERYTHING, 'name': 'Hosts and URLs', 'indicator_types': ['Host', 'URL']})
    stand.sentinel.forget()
    stand.sentinel.faults.add('refuse-objects', contains='domain-name')
    try:
        yield finished_job(stand)
    finally:
        stand.sentinel.faults.clear()


def test_refusals_lead_to_their_indicators(
    page: Page, screen: Screen, refused_job: dict[str, Any]
) -> None:
    count, request_id = refused_job['count_refused'], refused_job['request_id']
    assert count > 20
    screen.open(f'jobs?request_id={request_id}')
    screen.rows('Jobs').get_by_role('link', name=re.compile('refused')).click()
    expect(screen.heading).to_have_text('ERRORS')
    row = screen.rows('Errors').first
    expect(screen.rows('Errors').filter(has_text='AZ-ITEM')).to_have_count(1)
    expect(row).to_contain_text(f'and {count - 1:,} more')
    expect(row).to_contain_text('Hosts and URLs')

    row.get_by_role('button', name=re.compile('^Indicators of AZ-ITEM')).click()
    single = screen.rows('Indicators with the error AZ-ITEM')
    expect(single).to_have_count(20)
    expect(single.first).to_contain_text('Host')
    expect(single.first.get_by_role('link', name=re.compile('ThreatConnect'))).to_have_attribute(
        'href', re.compile('^https://')
    )
    pages = page.get_by_role('navigation', name='Pages of Indicators')
    expect(pages).to_contain_text(f'of {count:,} Indicators')
    first = single.first.inner_text()
    pages.get_by_role('button', name='Last page').click()
    expect(single.first).not_to_have_text(first, use_inner_text=True)

    page.reload()  # what is open is kept in the address
    expect(single.first).to_contain_text('Host')


def test_errors_of_an_update_are_reached_from_a_job(
    page: Page, screen: Screen, refused_job: dict[str, Any]
) -> None:
    screen.open(f'jobs?open={refused_job["request_id"]}')
    page.get_by_role('complementary').get_by_role('link', name='errors', exact=True).click()
    expect(screen.heading).to_have_text('ERRORS')
    expect(page).to_have_url(re.compile(f'update_id={refused_job["update_id"]}'))
    expect(screen.rows('Errors')).to_have_count(1)
    expect(screen.rows('Errors')).to_contain_text('AZ-ITEM')
    screen.button('Show all updates').click()
    expect(page).not_to_have_url(re.compile('update_id'))


def test_list_of_one_is_counted_in_the_singular(
    page: Page, screen: Screen, refused_job: dict[str, Any]
) -> None:
    request_id = refused_job['request_id']
    for path, nouns, words in (
        (f'reports/errors?request_id={request_id}&code=AZ-ITEM', 'errors', '1 error'),
        (f'jobs?request_id={request_id}', 'updates', '1 update'),
    ):
        screen.open(path)
        pages = page.get_by_role('navigation', name=f'Pages of {nouns}')
        expect(pages.get_by_role('paragraph')).to_have_text(words)


@pytest.mark.usefixtures('refused_job')
def test_filters_are_kept_in_the_address_and_survive_a_reload(page: Page, screen: Screen) -> None:
    screen.open('reports/errors')
    screen.choose('Error Code', 'AZ-ITEM')
    screen.choose('Indicator Type', 'Host')
    screen.choose('Time', 'Custom range')
    page.get_by_label('From', exact=True).fill('2020-01-02T03:04:05')
    expect(page).to_have_url(re.compile('after=2020-01-02T08%3A04%3A05Z'))  # New York's clock
    expect(screen.rows('Errors').first).to_contain_text('AZ-ITEM')
    page.reload()
    expect(page.get_by_label('From', exact=True)).to_have_value('2020-01-02T03:04:05')
    expect(screen.rows('Errors').first).to_contain_text('AZ-ITEM')
    assert 'code=AZ-ITEM' in page.url
    assert 'indicator_type=host' in page.url

    page.get_by_label('Before', exact=True).fill('2020-01-03T00:00:00')
    expect(page.get_by_text('No error matches these filters.')).to_be_visible()
    screen.button('Clear Before').click()
    expect(screen.rows('Errors').first).to_contain_text('AZ-ITEM')
    screen.button('Clear all').click()
    expect(page).to_have_url(re.compile('#/reports/errors$'))


def test_refused_now_errors_are_worked_through_and_sent_again(
    page: Page, screen: Screen, stand: Stand, refused_job: dict[str, Any]
) -> None:
    count = refused_job['count_refused']
    screen.open('dashboard')
    tile = page.get_by_role('group', name='Refused now')
    expect(tile).to_contain_text(f'{count:,}')
    tile.get_by_role('link').click()
    row = screen.rows('Errors').filter(has_text='AZ-ITEM')
    expect(row).to_contain_text('Open')
    expect(row).to_contain_text(re.compile('Tried again automatically, [0-3] tr(y|ies) left'))
    row.get_by_role('link', name=re.compile('^Job ')).click()

    stand.sentinel.faults.clear()
    expect(page.get_by_text(f'{count:,} Indicators still refused')).to_be_visible()
    screen.button('Send Refused Again').click()
    dialog = page.get_by_role('dialog', name=re.compile('refused Indicators again'))
    dialog.get_by_role('button', name='Send Again').click()
    page.get_by_role('link', name='View in JOBS').click()
    expect(page.get_by_text(re.compile(r'^Send refused again: \d+ Indicators$'))).to_be_visible()

    def is_open() -> bool:
        reply = stand.api('GET', 'api/report/error?state=open&code=AZ-ITEM')
        return bool(reply.json()['total_count'])

    until(lambda: not is_open(), 'what was refused stays open', 90)
    # Where another query has sent an object meanwhile, its refusal is superseded.
    screen.open(f'reports/errors?code=AZ-ITEM&request_id={refused_job["request_id"]}')
    expect(screen.rows('Errors').first).to_contain_text(re.compile('Resolved|Superseded'))
    screen.open('reports/errors?code=AZ-ITEM')
    expect(page.get_by_text('No error matches these filters.')).to_be_visible()
    again = screen.button('Send Refused Again')
    expect(again).to_have_attribute('aria-disabled', 'true')
    expect(again).to_have_attribute('aria-description', 'Sentinel refuses none of these now')


def test_errors_are_all_downloaded_one_by_one(
    page: Page, screen: Screen, refused_job: dict[str, Any], tmp_path: Path
) -> None:
    count, request_id = refused_job['count_refused'], refused_job['request_id']
    screen.open(f'reports/errors?request_id={request_id}&code=AZ-ITEM')
    expect(screen.rows('Errors').first).to_be_visible()

    def download(name: str) -> str:
        screen.button('Download').click()
        with page.expect_download() as download:
            page.get_by_role('menuitem', name=name).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path.read_text('utf-8-sig')

    lines = list(csv.DictReader(io.StringIO(download('CSV'))))
    entries = json.loads(download('JSON'))
    assert len(entries) >= count
    assert [line['summary'] for line in lines] == [
        entry['indicator']['summary'] for entry in entries
    ]
    assert {line['request_id'] for line in lines} == {request_id}
    assert {line['query'] for line in lines} == {'Hosts and URLs'}
    assert {line['indicator_type'] for line in lines} == {'Host'}


@pytest.fixture
def many_errors(stand: Stand) -> Iterator[str]:
    """The Request ID of a Job with many errors of three kinds, as the App stores them."""
    database = Database(next(stand.state_folder.rglob('state.db')))
    log = ErrorLog(database)
    request_id = '0a0a0a0a-0000-4000-8000-000000000000'
    kinds = (
        ('AZ-ITEM', 'Microsoft Sentinel refused this object.', IndicatorType.HOST),
        ('MAP-VALUE', 'The value cannot be made into a pattern.', IndicatorType.URL),
        ('NET', 'The connection broke off.', IndicatorType.FILE),
    )
    at = dt.datetime(2026, 3, 9, 16, tzinfo=dt.UTC)
    for start in range(0, MANY, BATCH):
        log.add(
            [
                ErrorEntry(
                    request_id=request_id, at=at, code=code, message=message, reason='So it is.',
                    indicator_id=number, indicator_type=kind, summary=f'n{number}.example',
                    owner_name='威胁情报社区',
                )
                for number in range(start, start + BATCH)
                for code, message, kind in (kinds[number % 3],)
            ]
        )  # fmt: skip
    yield request_id
    with database.write() as transaction:
        # What is open is kept.
        transaction.execute(
            "UPDATE error SET state = 'resolved' WHERE request_id = ?", (request_id,)
        )
    log.remove([request_id])
    database.close()


def test_thousands_of_errors_of_three_kinds_are_three_rows(
    page: Page, screen: Screen, many_errors: str
) -> None:
    screen.open(f'reports/errors?request_id={many_errors}')
    rows = screen.rows('Errors')
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text='AZ-ITEM')).to_contain_text(f'{MANY // 3:,}')
    rows.filter(has_text='NET').get_by_role('button', name=re.compile('^Indicators of')).click()
    single = screen.rows('Indicators with the error NET')
    expect(single).to_have_count(20)
    pages = page.get_by_role('navigation', name='Pages of Indicators')
    expect(pages).to_contain_text(f'of {MANY // 3:,} Indicators')
    pages.get_by_role('button', name='Last page').click()
    expect(pages).to_contain_text(f'{MANY // 3:,} of {MANY // 3:,}')
    expect(single.last).to_contain_text('威胁情报社区')
    screen.button('Download').click()
    with page.expect_download(timeout=120_000) as download:
        page.get_by_role('menuitem', name='CSV').click()
    with Path(download.value.path()).open(encoding='utf-8-sig', newline='') as file:
        lines = {line['summary'] for line in csv.DictReader(file)}
    assert len(lines) == MANY


def test_hostile_values_are_shown_as_text_and_lead_nowhere(page: Page, screen: Screen) -> None:
    hostile = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'
    indicator = {
        'id': '1',
        'type': 'URL',
        'summary': hostile + 's' * 2_000,
        'owner': 'كيان 中文',
        'web_link': 'javascript:window.broken=1',
    }
    entry = {
        'id': '9',
        'request_id': '00000000-0000-4000-8000-000000000001',
        'code': 'AZ-ITEM',
        'message': 'one object was refused',
        'query': {'query_id': 'q1', 'position': None, 'label': hostile, 'label_scope': None},
        'reason': hostile + 'x' * 2_000,
        'about': 'object',
        'state': 'open',
        'date_state': None,
        'date_added': '2026-03-09T16:05:06Z',
    }
    group = {
        **entry,
        'count': 100_000,
        'count_open': 100_000,
        'count_resolved': 0,
        'count_superseded': 0,
        'count_tried_again': 100_000,
        'tries_left': 3,
        'date_first': entry['date_added'],
    }

    def give(route: Route) -> None:
        is_single = '/entry' in route.request.url
        given = (
            {**entry, 'indicator': indicator} if is_single else {**group, 'indicators': [indicator]}
        )
        total = 100_000 if is_single else 1
        facts = {'count': 1, 'next': None, 'previous': None, 'total_count': total}
        route.fulfill(json={**facts, 'data': [given]})

    page.route(re.compile('/api/report/error'), give)
    screen.open('reports/errors')
    row = screen.rows('Errors')
    expect(row).to_contain_text(hostile)
    expect(row).to_contain_text('100,000')
    row.get_by_role('button', name='Show all').click()
    expect(row.get_by_role('button', name='Show less')).to_be_visible()
    row.get_by_role('button', name='and 99,999 more').click()
    single = screen.rows('Indicators with the error AZ-ITEM')
    expect(single).to_contain_text('كيان 中文')
    expect(page.get_by_role('link', name=re.compile('ThreatConnect'))).to_have_count(0)
    assert page.evaluate('window.broken') is None
    assert page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')
