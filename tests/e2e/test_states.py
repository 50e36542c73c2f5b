"""Loading, empty, failing, stale and offline: the page says how it stands."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.e2e.browser import until_noticed
from tests.e2e.conftest import Save
from tests.e2e.job import give_jobs, make_job
from tests.e2e.screen import Screen

QUERY = {'owners': ['Demo Organization'], 'indicator_types': ['Host'], 'tql': 'rating >= 0'}
JOBS = re.compile(r'/api/job/(request|update)(\?|$)')
UPDATES = re.compile(r'/api/job/update(\?|$)')
RUNNING = make_job('a' * 36, status='Download In Progress', date_started='2026-03-09T16:00:00Z')
FAILURE = {'title': 'The store is full', 'description': 'Make room.', 'code': 'RUN-DISK'}
SCREENS = {
    'configure': re.compile(r'/api/configure$'),
    'jobs': JOBS,
    'reports/errors': re.compile(r'/api/report/error'),
    'reports/audit': re.compile(r'/api/report/audit'),
}


def fail(route: Route) -> None:
    route.fulfill(status=500, json=FAILURE)


@pytest.mark.parametrize('path', SCREENS)
def test_first_call_that_fails_shows_why_and_can_be_retried(
    page: Page, screen: Screen, path: str
) -> None:
    page.route(SCREENS[path], fail)
    screen.open(path)
    alert = page.get_by_role('alert')
    expect(alert).to_contain_text('The store is full')
    expect(alert).to_contain_text('Make room.')
    expect(alert).to_contain_text('RUN-DISK')
    page.unroute(SCREENS[path])
    screen.button('Try again').click()
    expect(alert).to_be_hidden()
    expect(page.get_by_role('table')).to_be_visible()


@pytest.mark.parametrize('path', SCREENS)
def test_table_is_busy_and_not_empty_until_data_come(page: Page, screen: Screen, path: str) -> None:
    held: list[Route] = []
    page.route(SCREENS[path], lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    screen.open(path)
    table = page.get_by_role('table')
    expect(table).to_have_attribute('aria-busy', 'true')
    expect(page.get_by_text('no data to display')).to_have_count(0)
    until_noticed(page, lambda: bool(held))
    held[0].continue_()
    expect(table).to_have_attribute('aria-busy', 'false')


def test_lost_connection_keeps_the_last_data_says_their_age_and_recovers(
    context: BrowserContext, page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(QUERY)
    screen.open('configure')
    expect(screen.rows('TQL queries')).to_have_count(1)
    context.set_offline(True)
    screen.button('Refresh now').click()
    notice = page.get_by_role('status').filter(has_text='No connection to the Service')
    expect(notice).to_contain_text('This computer is offline.')
    expect(notice).to_contain_text(re.compile(r'What is shown is \d+ s old'))
    expect(screen.rows('TQL queries')).to_contain_text('rating >= 0')
    context.set_offline(False)  # nobody has to ask for it
    expect(notice).to_be_hidden()


def test_dashboard_says_why_it_has_no_figures_and_keeps_those_it_had(
    page: Page, screen: Screen
) -> None:
    summary = re.compile(r'/api/metric/summary')
    page.route(summary, fail)
    screen.open('dashboard')
    alert = page.get_by_role('alert')
    expect(alert).to_contain_text('RUN-DISK')
    page.unroute(summary)
    screen.button('Try again').click()
    tile = page.get_by_role('group', name='In Sentinel', exact=True)
    expect(tile).to_be_visible()
    page.route(summary, fail)
    screen.button('Refresh now').click()
    expect(page.get_by_text('The store is full')).to_be_visible()
    expect(page.get_by_text(re.compile(r'What is shown is \d+ s old'))).to_be_visible()
    expect(tile).to_be_visible()


def test_sign_in_page_of_the_platform_is_shown_as_an_ended_session(
    page: Page, screen: Screen
) -> None:
    page.route(
        JOBS, lambda route: route.fulfill(status=200, content_type='text/html', body='<h1>Sign in')
    )
    screen.open('jobs')
    expect(page.get_by_role('alert')).to_contain_text('session may have ended')


def test_change_that_fails_is_reported_at_the_foot_of_the_page(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(QUERY)
    page.route(JOBS, fail)
    screen.open('configure')
    screen.button('Run delta update now').click()
    expect(page.get_by_text('The store is full')).to_be_visible()
    screen.button('Dismiss').click()
    expect(page.get_by_text('The store is full')).to_be_hidden()


def test_running_jobs_are_never_polled_twice_at_once_nor_when_paused(
    page: Page, screen: Screen
) -> None:
    under_way: set[object] = set()
    most = 0
    calls: list[object] = []

    def begin(request: object) -> None:
        nonlocal most
        under_way.add(request)
        most = max(most, len(under_way))
        calls.append(request)

    def is_list(request: object) -> bool:
        return bool(UPDATES.search(request.url)) and request.method == 'GET'  # type: ignore[attr-defined]

    page.on('request', lambda request: begin(request) if is_list(request) else None)
    # Playwright marks what it is given, which a method of a set does not allow.
    page.on('requestfinished', lambda request: under_way.discard(request))  # noqa: PLW0108
    page.on('requestfailed', lambda request: under_way.discard(request))  # noqa: PLW0108
    give_jobs(page, [RUNNING])
    screen.open('jobs')
    expect(screen.rows('Jobs')).to_have_count(1)
    until_noticed(page, lambda: len(calls) >= 3)  # the first, and every three seconds
    assert most == 1

    screen.button('Pause auto-refresh').click()
    expect(page.get_by_text('Paused.')).to_be_visible()
    page.wait_for_timeout(500)
    before = len(calls)
    page.wait_for_timeout(4_000)
    assert len(calls) == before
    page.reload()
    expect(page.get_by_text('Paused.')).to_be_visible()  # it is remembered
    screen.button('Pause auto-refresh').click()
    expect(page.get_by_text('Paused.')).to_be_hidden()


def test_hidden_tab_sends_no_requests(page: Page, screen: Screen) -> None:
    page.add_init_script(
        """
        let state = 'visible';
        Object.defineProperty(document, 'visibilityState', { get: () => state });
        window.setVisibility = (next) => {
          state = next;
          document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
        };
        """
    )
    calls: list[str] = []
    page.on('request', lambda request: calls.append(request.url))
    give_jobs(page, [RUNNING])
    screen.open('jobs')
    expect(screen.rows('Jobs')).to_have_count(1)
    page.evaluate("setVisibility('hidden')")
    page.wait_for_timeout(500)
    before = len(calls)
    page.wait_for_timeout(4_500)
    assert len(calls) == before
    page.evaluate("setVisibility('visible')")
    until_noticed(page, lambda: len(calls) > before)


def test_dialog_keeps_the_list_under_it_still(page: Page, screen: Screen) -> None:
    calls: list[str] = []
    give_jobs(page, [RUNNING])
    screen.open('jobs')
    expect(screen.rows('Jobs')).to_have_count(1)
    screen.button('Add Request').click()
    expect(screen.dialog('Add Request')).to_be_visible()
    page.wait_for_timeout(300)
    page.on(
        'request', lambda request: calls.append(request.url) if JOBS.search(request.url) else None
    )
    page.wait_for_timeout(4_000)
    assert calls == []
