"""REPORTS, MATCHES, as a person uses it: a real App, and alerts about what it has sent."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.read_back import match, read_back_service
from tests.e2e.screen import Screen
from tests.simulators.demo_alerts import LONG_NAME, RULE
from tests.simulators.stand import Stand

MATCHES = re.compile(r'/api/match$')


@pytest.fixture(scope='module')
def stand(_built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with read_back_service(tmp_path_factory.mktemp('matches')) as stand:
        yield stand


@pytest.fixture
def best(stand: Stand) -> str:
    """The value that most alerts are about."""
    found = stand.api('GET', 'api/match?sort=alerts').json()['data'][0]
    return str(found['summary'])


def alter(page: Page, data: list[dict[str, Any]] | None = None, **changes: Any) -> None:
    """Let the state of Match be another one, and perhaps the list."""

    def give(route: Route) -> None:
        reply = route.fetch()
        content = reply.json()
        content['run'] |= changes
        if data is not None:
            content |= {'data': data, 'count': len(data), 'total_count': len(data)}
        route.fulfill(response=reply, json=content)

    page.route(MATCHES, give)


def test_matches_are_told_apart_from_what_was_only_seen(
    page: Page, screen: Screen, best: str
) -> None:
    screen.open('reports/matches?sort=alerts')
    rows = screen.rows('Matches')
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text(best)
    expect(rows.first).to_contain_text('Matched')
    expect(rows.first).to_contain_text('High')
    expect(rows.filter(has_text='Seen in an alert')).to_contain_text('Unusual sign-in')
    expect(screen.table('Matches')).to_contain_text('Everything rated')
    expect(screen.table('Matches')).to_contain_text('Demo Organization')
    assert screen.complaints() == []


def test_alerts_of_an_indicator_open_below_it(page: Page, screen: Screen, best: str) -> None:
    screen.open('reports/matches?sort=alerts')
    screen.button(f'Alerts of {best}').click()
    alerts = screen.rows(f'Alerts of {best}')
    expect(alerts).to_have_count(4)
    link = alerts.first.get_by_role('link', name=RULE)
    expect(link).to_have_attribute('href', re.compile(r'^https://security\.microsoft\.com/'))
    expect(link).to_have_attribute('target', '_blank')
    expect(alerts.last).to_contain_text('Seen in an alert')
    expect(page).to_have_url(re.compile('open='))
    assert screen.complaints() == []


def test_filters_sorting_and_the_address_go_together(page: Page, screen: Screen) -> None:
    screen.open('reports/matches')
    rows = screen.rows('Matches')
    expect(rows).to_have_count(3)
    screen.choose('Match', 'Matched')
    expect(rows).to_have_count(2)
    page.get_by_role('textbox', name='Text').fill('very long host name,')
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(LONG_NAME[:40])
    screen.button('Clear all').click()
    expect(rows).to_have_count(3)
    screen.choose('Owner', 'OSINT Community')
    expect(rows.filter(has_not_text='OSINT Community')).to_have_count(0)
    screen.button('Clear all').click()
    screen.button('Severity').click()
    expect(page).to_have_url(re.compile('sort=severity&sort_order=desc'))
    expect(rows.first).to_contain_text('High')
    screen.button('Severity').click()
    expect(rows.first).to_contain_text('Low')


def test_matches_are_downloaded(page: Page, screen: Screen, tmp_path: Path) -> None:
    screen.open('reports/matches?kind=exact')
    screen.button('Download').click()
    with page.expect_download() as download:
        page.get_by_role('menuitem', name='CSV').click()
    path = tmp_path / 'matches.csv'
    download.value.save_as(path)
    with path.open(encoding='utf-8-sig', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['Match'] for row in rows] == ['Matched', 'Matched']
    assert all(row['Newest Alert'].startswith('https://') for row in rows)


def test_lookup_shows_the_alerts_of_a_value_and_the_rows_of_its_object(
    page: Page, screen: Screen, best: str
) -> None:
    screen.open(f'reports/lookup?value={best}')
    alerts = screen.rows('Alerts about this value')
    expect(alerts.first).to_contain_text(RULE)
    screen.button(f'Ask Sentinel: {best}').click()
    rows = screen.rows(f'Rows in Sentinel of {best}')
    expect(rows.first).to_contain_text('Active')
    expect(rows.first).to_contain_text('Can match')
    assert screen.complaints() == []
    page.get_by_role('link', name='View in MATCHES').click()
    expect(screen.heading).to_have_text('MATCHES')
    expect(screen.rows('Matches')).to_have_count(1)


def test_lookup_says_why_sentinel_could_not_be_asked(
    page: Page, screen: Screen, stand: Stand, best: str
) -> None:
    stand.logs.settings.has_access = False
    try:
        screen.open(f'reports/lookup?value={best}')
        screen.button(f'Ask Sentinel: {best}').click()
        notice = page.get_by_text('Sentinel could not be asked')
        expect(notice).to_be_visible()
        expect(page.get_by_role('link', name='AZ-QUERY-403')).to_be_visible()
    finally:
        stand.logs.settings.has_access = True


def test_dashboard_says_which_feed_earns_its_keep(page: Page, screen: Screen) -> None:
    screen.open('dashboard')
    card = page.get_by_role('group', name='Matches in the last 7 days')
    expect(card).to_contain_text('3 Indicators')
    expect(card).to_contain_text('2 matched, 1 only seen')
    card.get_by_role('link', name='OSINT Community').click()
    expect(screen.heading).to_have_text('MATCHES')
    expect(page).to_have_url(re.compile(r'owner=OSINT\+Community'))
    expect(screen.rows('Matches')).to_have_count(1)


def test_run_that_failed_says_what_to_do_and_keeps_the_matches(
    page: Page, screen: Screen, stand: Stand
) -> None:
    stand.logs.settings.has_access = False
    try:
        match(stand)
        screen.open('reports/matches')
        expect(page.get_by_text('The last run could not read the alerts')).to_be_visible()
        expect(page.get_by_role('main').get_by_role('link', name='AZ-QUERY-403')).to_be_visible()
        expect(screen.rows('Matches')).to_have_count(3)
        assert screen.complaints() == []
    finally:
        stand.logs.settings.has_access = True
        match(stand)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'date_began': None, 'date_completed': None}, 'Match has not completed a run yet.'),
        ({'date_began': None, 'interval_hours': 0}, 'Match does not run by itself.'),
        ({'outcome': 'no-table'}, 'This workspace has no alerts yet'),
        ({'outcome': 'complete', 'date_seen': None}, 'No alert was seen so far'),
    ],
    ids=['never', 'off', 'no-table', 'none-seen'],
)
def test_empty_list_says_why(
    page: Page, screen: Screen, changes: dict[str, Any], words: str
) -> None:
    alter(page, [], **changes)
    screen.open('reports/matches')
    expect(page.get_by_text(words)).to_be_visible()
    assert screen.complaints() == []
