"""DASHBOARD, as a person uses it."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.job import (
    ALL_TYPES,
    EVERYTHING,
    OUTCOMES,
    finished_job,
    paused,
    requested,
    settle_decisions,
)
from tests.e2e.screen import Screen
from tests.harness.waiting import PATIENCE_S
from tests.simulators.stand import Stand

SUMMARY = re.compile(r'/api/metric/summary')


@pytest.fixture
def finished(stand: Stand, save_queries: Save) -> dict[str, Any]:
    """A full update of everything, with some Hosts refused."""
    save_queries(EVERYTHING)
    stand.sentinel.faults.add('refuse-objects', contains='domain-name')
    try:
        return finished_job(stand)
    finally:
        stand.sentinel.faults.clear()


def tile(page: Page, name: str) -> Any:
    return page.get_by_role('group', name=name, exact=True)


def alter(page: Page, **changes: Any) -> None:
    """Let the summary say something else."""

    def give(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json=reply.json() | changes)

    page.route(SUMMARY, give)


@pytest.mark.usefixtures('_nobody_there')
def test_first_view_is_the_dashboard_once_there_is_a_query(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url))
    screen.open()
    expect(tile(page, 'In Sentinel')).to_be_visible()
    expect(screen.table('In Sentinel by TQL query')).to_be_visible()
    expect(screen.heading).to_have_text('DASHBOARD')
    asked = [url for url in asked if not url.startswith('data:')]
    assert len(asked) <= 4, asked  # page, script, style, and one call with all figures


def test_empty_dashboard_says_why_and_configure_opens_without_a_query(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries()
    screen.open()
    expect(screen.heading).to_have_text('CONFIGURE')
    expect(page).to_have_url(re.compile('#/configure$'))
    page.get_by_role('link', name='DASHBOARD').click()
    expect(screen.heading).to_have_text('DASHBOARD')
    expect(
        page.get_by_text('Add a query in CONFIGURE to start sending Indicators.')
    ).to_be_visible()
    expect(tile(page, 'Next update')).to_contain_text('Not scheduled')


def refreshed(page: Page, screen: Screen) -> dict[str, Any]:
    """Refresh until something is counted, and give what the page was told.

    What Sentinel holds is counted anew every ten seconds.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with page.expect_response(SUMMARY) as answered:
            screen.button('Refresh now').click()
        found: dict[str, Any] = answered.value.json()
        if found['by_type']:
            return found
        assert time.monotonic() < deadline
        page.wait_for_timeout(500)


def test_figures_are_those_of_the_api(page: Page, screen: Screen, finished: dict[str, Any]) -> None:
    screen.open('dashboard')
    assert finished['count_refused'] > 0
    expect(tile(page, 'Last update')).to_contain_text(f'{finished["count_sent"]:,} sent')
    expect(tile(page, 'Last update')).to_contain_text(f'{finished["count_refused"]:,} refused')
    expect(tile(page, 'Backlog')).to_contain_text('Nothing to send')
    screen.button('Pause auto-refresh').click()
    found = refreshed(page, screen)
    expect(tile(page, 'In Sentinel')).to_contain_text(f'{found["objects_live"]:,}')
    types = screen.rows('In Sentinel by type')
    expect(types).to_have_count(len(found['by_type']))
    largest = max(found['by_type'], key=lambda each: int(each['count']))
    expect(types.first).to_contain_text(f'{largest["count"]:,}')
    (query,) = [each for each in found['by_query'] if each['position'] == 0]
    expect(screen.rows('In Sentinel by TQL query').first).to_contain_text(f'{query["count"]:,}')


@pytest.mark.usefixtures('finished')
def test_chart_can_be_read_with_the_keyboard_with_the_mouse_and_as_a_table(
    page: Page, screen: Screen, stand: Stand
) -> None:
    screen.open('dashboard?period=day')
    (hour,) = stand.api('GET', 'api/metric/history').json()['data'][-1:]
    words = f'{hour["sent"]:,} sent, {hour["refused"]:,} refused'
    chart = page.get_by_role('slider', name=re.compile('sent and refused in 24 hours'))
    chart.focus()
    expect(chart).to_have_attribute('aria-valuetext', re.compile(words))
    expect(page.locator('[data-chart-tip]')).to_contain_text(f'{hour["refused"]:,} refused')
    page.keyboard.press('ArrowLeft')
    expect(chart).to_have_attribute('aria-valuenow', '23')
    page.keyboard.press('Home')
    expect(chart).to_have_attribute('aria-valuenow', '1')
    page.keyboard.press('Escape')
    expect(page.locator('[data-chart-tip]')).to_have_count(0)

    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box['x'] + box['width'] - 20, box['y'] + 60)
    expect(page.locator('[data-chart-tip]')).to_contain_text(f'{hour["sent"]:,} sent')

    screen.button('As a table').click()
    table = screen.rows('Indicators sent and refused in 24 hours')
    expect(table.first).to_contain_text(f'{hour["sent"]:,}')
    screen.button('30 days').click()
    expect(page).to_have_url(re.compile('period=month'))
    expect(screen.rows('Indicators sent and refused in 30 days').first).to_be_visible()
    page.reload()
    expect(screen.button('30 days')).to_have_attribute('aria-pressed', 'true')


def test_update_that_runs_is_shown_until_it_ends(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    with paused(stand, 'upload'):
        requested(stand)
        screen.open('dashboard')
        running = page.get_by_role('region', name='Running update')
        expect(running).to_contain_text('Full update paused')
        expect(running).to_contain_text('Upload paused by')
        expect(tile(page, 'Backlog')).to_contain_text('Paused')
        expect(tile(page, 'Backlog')).to_contain_text('ready to send')
    expect(running).to_be_hidden(timeout=60_000)
    expect(tile(page, 'Backlog')).to_contain_text('Nothing to send')


def test_backlog_shows_when_it_ends_and_the_limit_what_is_waited_for(
    page: Page, screen: Screen
) -> None:
    alter(
        page,
        running={
            'update_id': 'u',
            'mode': 'full',
            'scope': 'whole',
            'count_asked': 0,
            'job_type': 'ad-hoc',
            'expected': 200_000,
            'date_started': '2026-03-09T16:05:06Z',
            'date_ended': None,
            'time_left': {'seconds': 720.0, 'is_least': False},
            'figures': dict.fromkeys((*OUTCOMES, 'jobs', 'read'), 0) | {'sent': 2_462},
        },
        backlog={'updates': 0, 'indicators': 0, 'objects': 120_000, 'seconds': 720.0},
        limit={
            'requests_per_minute': 100,
            'used': 100,
            'used_by_checks': 1,
            'waiting_seconds': 41.2,
            'asked_wait': None,
        },
    )
    screen.open('dashboard')
    expect(tile(page, 'Backlog')).to_contain_text('About 12 min')
    expect(tile(page, 'Backlog')).to_contain_text('120,000 objects ready to send')
    expect(tile(page, 'Backlog')).to_contain_text('Done in 12 min')
    expect(tile(page, 'API limit')).to_contain_text('100 of 100')
    expect(tile(page, 'API limit')).to_contain_text('and 1 connection check')
    waits = 'API limit reached, resumes in 42 s'
    expect(tile(page, 'API limit')).to_contain_text(waits)
    running = page.get_by_role('region', name='Running update')
    expect(running).to_contain_text(f'{waits}; about 12 min left in all')
    expect(running).to_contain_text('2,462 of 200,000 done: 2,462 sent')


@pytest.mark.usefixtures('finished')
def test_refresh_renews_the_chart_too(page: Page, screen: Screen) -> None:
    screen.open('dashboard')
    expect(page.get_by_text(re.compile(r'sent, \d.* refused, \d+ Jobs? completed'))).to_be_visible()
    with page.expect_response(re.compile('/api/metric/history')):
        screen.button('Refresh now').click()


def test_run_check_checks_everything_and_says_what_to_do(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    settle_decisions(stand)
    screen.open('dashboard')
    screen.button('Run check').click()
    results = page.get_by_role('list', name='Results of the check').get_by_role('listitem')
    expect(results).to_have_count(9)
    expect(page.get_by_text('All 9 checks passed.')).to_be_visible()

    stand.sentinel.faults.add('forbidden-403')
    try:
        screen.button('Run check').click()
        failed = results.filter(has_text='AZ-403')
        expect(failed).to_contain_text('Sentinel workspace')
        expect(failed).to_contain_text('role')
        expect(page.get_by_text(re.compile('^1 check failed'))).to_be_visible()
        # A check that failed is a problem until one passes.
        expect(tile(page, 'Health').first).to_contain_text('Degraded')
        problems = page.get_by_role('list', name='Open problems')
        expect(problems).to_contain_text('Check failed: Sentinel workspace')
    finally:
        stand.sentinel.faults.clear()
        screen.button('Run check').click()
    expect(tile(page, 'Health').first).to_contain_text('Healthy')
    state = page.get_by_role('group', name='Health').last
    expect(state.get_by_text('No open problems.', exact=True)).to_be_visible()
    page.reload()
    expect(state).to_contain_text('No open problems. Run a check to test every connection.')


def test_problem_is_shown_with_its_remedy_and_the_vendors_words_folded(
    page: Page, screen: Screen
) -> None:
    problem = {
        'code': 'part-failing',
        'severity': 'error',
        'title': 'Not working: Upload (RUN-DISK)',
        'detail': 'No room <b>left</b>',
        'remedy': 'Free disk space.',
        'reason': 'Trace ID: ' + 'abc ' * 100,
        'since': '2026-03-09T16:05:06Z',
        'link': {'screen': 'tasks', 'params': {}},
    }
    alter(page, health={'status': 'degraded', 'conditions': [problem]})
    screen.open('dashboard')
    expect(tile(page, 'Health').first).to_contain_text('See Health below')
    (line,) = page.get_by_role('group', name='Health').get_by_role('listitem').all()
    expect(line).to_contain_text('Not working: Upload (RUN-DISK)')
    words = line.inner_text()
    assert words.index('Free disk space.') < words.index('No room <b>left</b>')
    expect(line.get_by_text('Trace ID')).to_be_hidden()
    line.get_by_text('Full error message').click()
    expect(line.get_by_text('Trace ID')).to_be_visible()


def test_sixty_queries_and_strange_owners_do_not_break_the_layout(
    page: Page, screen: Screen, stand: Stand
) -> None:
    owners = ['مجتمع التهديدات', '威胁情报社区', 'x' * 255]
    queries = [
        {
            'query_id': f'q{number}',
            'position': number,
            'count': number * 1_000,
            'label': 'ي' * 80,
            'label_scope': None,
            'is_enabled': number % 2 == 0,
            'owners': owners,
            'indicator_types': ALL_TYPES,
        }
        for number in range(60)
    ]
    gone = {
        'position': None,
        'label': None,
        'label_scope': None,
        'is_enabled': False,
        'owners': [],
        'indicator_types': [],
        'expires_by': '2026-12-28T12:00:00Z',
    }
    queries += [{'query_id': f'g{number}', 'count': 5, **gone} for number in range(3)]
    alter(page, by_query=queries)
    page.set_viewport_size({'width': 1024, 'height': 768})
    screen.open('dashboard')
    rows = screen.rows('In Sentinel by TQL query')
    expect(rows).to_have_count(61)
    expect(rows.last).to_contain_text('Deleted queries (expire by Dec 28)')
    expect(rows.last).to_contain_text('15')
    assert page.evaluate('document.documentElement.scrollWidth') <= 1024
