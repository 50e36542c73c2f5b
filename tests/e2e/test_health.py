"""The status strip and the badges of the navigation, on every screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.conftest import Save
from tests.e2e.job import finished_job, paused, settle_decisions
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand

QUERY = {'owners': ['Demo Organization'], 'indicator_types': ['Host'], 'tql': 'rating >= 0'}
SCREENS = (
    *('dashboard', 'configure', 'jobs', 'tasks', 'reports/errors', 'reports/lookup'),
    'reports/audit',
)


@pytest.fixture(autouse=True)
def _one_query_and_no_decision(stand: Stand, save_queries: Save) -> None:
    save_queries(QUERY)
    settle_decisions(stand)


@pytest.fixture
def strip(page: Page) -> Locator:
    return page.get_by_role('region', name='Open problems')


@pytest.fixture
def failed_job(stand: Stand) -> Iterator[str]:
    """A Job that failed for lack of the role; the query completes afterwards."""
    stand.sentinel.settings.has_role = False
    try:
        job = finished_job(stand)
        assert (job['status'], job['failure_code']) == ('Failed', 'AZ-403')
        yield str(job['request_id'])
    finally:
        stand.sentinel.settings.has_role = True
        finished_job(stand)


def test_failed_job_is_shown_on_every_screen_and_links_to_its_details(
    page: Page, screen: Screen, strip: Locator, failed_job: str
) -> None:
    for path in SCREENS:
        screen.open(path)
        expect(strip).to_contain_text('The last Job of query 1 failed (AZ-403)')
    navigation = page.get_by_role('navigation', name='Screens')
    expect(navigation.get_by_role('link', name='JOBS 1 open problem')).to_be_visible()
    assert screen.complaints() == []
    page.emulate_media(color_scheme='dark')
    assert screen.complaints() == []
    page.emulate_media(color_scheme='light')
    strip.get_by_role('link', name='View in JOBS').click()
    expect(page).to_have_url(f'{screen.url}#/jobs?open={failed_job}')
    panel = page.get_by_role('complementary', name='Request Details')
    expect(panel).to_contain_text(failed_job)
    screen.open('dashboard')
    health = page.get_by_role('group', name='Health')
    expect(health.first).to_contain_text('See Health below')
    expect(health.last).to_contain_text("Assign 'Microsoft Sentinel Contributor'")


def test_problem_leads_to_its_cause_and_remedy(
    context: BrowserContext, page: Page, screen: Screen, stand: Stand, strip: Locator
) -> None:
    with paused(stand, 'upload'):
        screen.open('dashboard')
        for shown in (strip, page.get_by_role('list', name='Open problems')):
            link = shown.get_by_role('link', name='Cause and remedy: task-paused')
            with context.expect_page() as opened:
                link.press('Enter')
            assert opened.value.url == f'{screen.url}help/troubleshooting.html#task-paused'
            row = opened.value.get_by_role('row').filter(has_text='task-paused').first
            expect(row).to_be_in_viewport()
            opened.value.close()
            # It does not stand in the way of where the problem is solved.
            expect(shown.get_by_role('link', name='View in TASKS')).to_be_visible()


def test_paused_task_is_shown_with_who_paused_it_and_resumed_from_anywhere(
    page: Page, screen: Screen, stand: Stand, strip: Locator
) -> None:
    with paused(stand, 'upload'), paused(stand, 'cleaner'):
        screen.open('jobs')
        expect(strip).to_contain_text('Upload was paused by')
        expect(strip.get_by_role('listitem')).to_have_count(1)
        link = page.get_by_role('navigation').get_by_role('link', name='TASKS 2 open problems')
        expect(link).to_be_visible()
        announced = page.get_by_role('status').filter(has_text='Degraded: Upload was paused by')
        expect(announced).to_have_count(1)
        assert '1 more problem.' in announced.inner_text()
        strip.get_by_role('button', name='1 more').click()
        expect(strip.get_by_role('listitem')).to_have_count(2)
        strip.get_by_role('button', name='Resume upload').click()
        expect(strip.get_by_role('listitem')).to_have_count(1)
        expect(strip).to_contain_text('Cleaner was paused by')
        strip.get_by_role('button', name='Resume cleaner').click()
        expect(strip).to_have_count(0)


def test_strip_reflows_on_a_narrow_screen(
    page: Page, screen: Screen, stand: Stand, strip: Locator
) -> None:
    with paused(stand, 'convert'):
        page.set_viewport_size({'width': 320, 'height': 600})
        screen.open('tasks')
        expect(strip).to_be_visible()
        box = strip.bounding_box()
        assert box is not None
        assert box['x'] >= 0
        assert strip.evaluate('strip => strip.scrollWidth <= strip.clientWidth')
