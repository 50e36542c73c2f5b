"""JOBS and the errors of Jobs, as a person uses them."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand

ALL_TYPES = ['Address', 'ASN', 'CIDR', 'EmailAddress', 'Email Subject', 'File', 'Host', 'URL']
EVERYTHING = {
    'owners': ['Demo Organization', 'Demo Research', 'OSINT Community'],
    'indicator_types': ALL_TYPES,
    'tql': 'rating >= 0 or rating < 0 or rating is null',
}
OUTCOMES = (
    *('sent', 'unchanged', 'duplicate', 'withheld', 'expired'),
    *('unsupported', 'invalid', 'refused', 'withdrawn', 'failed'),
)
END_TIMEOUT_S = 60


def finished_job(stand: Stand, mode: str = 'full') -> dict[str, Any]:
    """Ask for an update and wait for the end of its first Job."""
    reply = stand.api('POST', 'api/job/request', {'mode': mode})
    assert reply.status_code == 202, reply.text
    request_id = reply.json()['request_ids'][0]
    deadline = time.monotonic() + END_TIMEOUT_S
    while True:
        job: dict[str, Any] = stand.api('GET', f'api/job/request/{request_id}').json()
        if job['status'] in {'Upload Complete', 'Failed', 'Cancelled'}:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.25)


def test_request_is_added_and_watched_to_its_end(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    screen.open('jobs?job_type=ad-hoc&mode=full')
    with page.expect_response(
        lambda reply: reply.request.method == 'POST' and reply.url.endswith('api/job/request')
    ) as answered:
        screen.button('Add Request').click()
        dialog = screen.dialog('Add Request')
        dialog.get_by_label('Full').check()
        expect(dialog.get_by_label('Modified after')).to_be_disabled()
        dialog.get_by_role('button', name='Add Request').click()
    request_id = answered.value.json()['request_ids'][0]
    expect(screen.dialog('Add Request')).to_be_hidden()

    row = screen.rows('Jobs').filter(has_text=request_id[:8])
    expect(row).to_contain_text('Upload Complete', timeout=END_TIMEOUT_S * 1000)
    row.get_by_role('button', name=f'Details of {request_id}').click()
    panel = page.get_by_role('complementary', name='Request Details')
    expect(panel).to_contain_text('The outcomes add up to what was read.')
    assert f'open={request_id}' in page.url
    counts = panel.get_by_role('table').locator('tr td').all_inner_texts()
    numbers = [int(text.replace(',', '')) for text in counts]
    assert sum(numbers[:-1]) == numbers[-1] > 0

    page.keyboard.press('Escape')
    expect(panel).to_be_hidden()
    expect(row.get_by_role('button', name=f'Details of {request_id}')).to_be_focused()


def test_delta_after_a_time_shows_the_window_asked_for(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    screen.open('jobs')
    screen.button('Add Request').click()
    dialog = screen.dialog('Add Request')
    dialog.get_by_label('Modified after').fill('2024-02-03T04:05:06')
    with page.expect_response(
        lambda reply: reply.request.method == 'POST' and reply.url.endswith('api/job/request')
    ) as answered:
        dialog.get_by_role('button', name='Add Request').click()
    # The reader's clock is New York's.
    assert answered.value.request.post_data_json['modified_after'] == '2024-02-03T09:05:06Z'
    request_id = answered.value.json()['request_ids'][0]
    row = screen.rows('Jobs').filter(has_text=request_id[:8])
    expect(row).to_contain_text('2024-02-03 04:05:06 AM', timeout=END_TIMEOUT_S * 1000)


def test_job_counts_on_the_page_are_those_of_the_api(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    job = finished_job(stand)
    assert job['count_read'] == sum(job[f'count_{name}'] for name in OUTCOMES)
    screen.open(f'jobs?request_id={job["request_id"]}')
    row = screen.rows('Jobs')
    expect(row).to_have_count(1)
    expect(row).to_contain_text(f'{job["count_read"]:,} / {job["count_sent"]:,}')


def test_filters_are_kept_in_the_address_and_cleared_by_themselves(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    job = finished_job(stand)
    screen.open('jobs')
    screen.choose('Status', 'Failed', 'Upload Complete')
    page.get_by_label('Request ID', exact=True).fill(job['request_id'][:13].upper())
    expect(screen.rows('Jobs')).to_have_count(1)
    expect(page).to_have_url(re.compile('request_id='))
    shared = page.url
    assert 'status=failed' in shared
    assert 'status=upload-complete' in shared
    page.goto('about:blank')
    page.goto(shared)
    expect(page.get_by_label('Request ID', exact=True)).to_have_value(
        job['request_id'][:13].upper()
    )
    expect(screen.rows('Jobs')).to_have_count(1)
    screen.button('Clear Request ID').click()
    expect(page).not_to_have_url(re.compile('request_id='))
    expect(page).to_have_url(re.compile('status=failed'))
    screen.button('Clear all').click()
    expect(page).to_have_url(re.compile('#/jobs$'))


def test_nothing_found_is_said_as_such(page: Page, screen: Screen) -> None:
    screen.open('jobs?request_id=ffffffff-nobody')
    expect(page.get_by_text('There is currently no data to display.')).to_be_visible()
    expect(page.get_by_text('No Job matches these filters.')).to_be_visible()


def test_columns_are_chosen_and_remembered(page: Page, screen: Screen) -> None:
    screen.open('jobs')
    queued = page.get_by_role('columnheader', name='Date Queued')
    expect(queued).to_have_count(0)
    screen.button('Columns').click()
    page.get_by_role('menuitemcheckbox', name='Date Queued').click()
    expect(queued).to_have_count(1)
    page.reload()
    expect(queued).to_have_count(1)


def test_heading_sorts_and_says_so(page: Page, screen: Screen) -> None:
    screen.open('jobs')
    heading = page.get_by_role('columnheader', name='Indicator Counts')
    with page.expect_request(lambda request: 'sort=count_read&sort_order=desc' in request.url):
        heading.get_by_role('button').click()
    expect(heading).to_have_attribute('aria-sort', 'descending')
    with page.expect_request(lambda request: 'sort=count_read&sort_order=asc' in request.url):
        heading.get_by_role('button').click()


def test_link_to_a_job_that_is_gone_says_so(page: Page, screen: Screen) -> None:
    screen.open('jobs?open=00000000-0000-4000-8000-000000000000')
    panel = page.get_by_role('complementary', name='Request Details')
    expect(panel.get_by_role('alert')).to_be_visible()
    panel.get_by_role('button', name='Close').click()
    expect(page).to_have_url(re.compile('#/jobs$'))


def changed_jobs(page: Page, **changes: Any) -> None:
    """Let the API tell otherwise of every Job, for states that are hard to come by."""

    def alter(route: Route) -> None:
        reply = route.fetch()
        body = reply.json()
        for job in body.get('data', [body]):
            job.update(changes)
        route.fulfill(response=reply, json=body)

    page.route(re.compile(r'/api/job/request'), alter)


def test_job_with_refusals_does_not_look_like_a_clean_one(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    job = finished_job(stand)
    changed_jobs(page, status='Upload Complete', count_refused=12, count_invalid=0, count_failed=0)
    screen.open(f'jobs?request_id={job["request_id"]}')
    row = screen.rows('Jobs')
    expect(row.locator('[data-tone=warning]').first).to_have_text('Upload Complete')
    row.get_by_role('link', name='12 refused').click()
    expect(screen.heading).to_have_text('ERRORS')
    assert page.url.endswith(f'#/reports/errors?request_id={job["request_id"]}')


def test_running_job_shows_three_bars_and_what_it_waits_for(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    job = finished_job(stand)
    changed_jobs(
        page,
        status='Upload In Progress',
        date_completed=None,
        date_upload_complete=None,
        waiting_seconds=41.2,
        count_read=1000,
        count_sent=250,
        **{f'count_{name}': 0 for name in OUTCOMES if name != 'sent'},
    )
    screen.open(f'jobs?request_id={job["request_id"]}')
    row = screen.rows('Jobs')
    expect(row).to_contain_text('waiting 42 s for the API limit')
    bar = row.get_by_role('progressbar', name='Sent')
    expect(bar).to_have_attribute('aria-valuenow', '25')
    expect(bar).to_have_attribute('aria-valuetext', '250 / 1,000')
    expect(row.get_by_role('progressbar', name='Read')).to_have_attribute('aria-valuenow', '100')


def test_hostile_text_in_errors_is_shown_as_text(page: Page, screen: Screen) -> None:
    hostile = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>'
    entry = {
        'request_id': '00000000-0000-4000-8000-000000000001',
        'code': 'AZ-ITEM',
        'message': 'one object was refused',
        'reason': hostile + 'x' * 2_000,
        'count': 12_345,
        'date_added': '2026-03-09T16:05:06Z',
        'date_first': '2026-03-09T16:00:00Z',
        'indicators': [
            {'id': '1', 'type': 'URL', 'summary': hostile, 'owner': 'كيان', 'web_link': None}
        ],
    }
    page.route(
        re.compile('/api/report/error'),
        lambda route: route.fulfill(
            json={'count': 1, 'data': [entry], 'next': None, 'previous': None, 'total_count': 1}
        ),
    )
    screen.open('reports/errors')
    row = screen.rows('Errors')
    expect(row).to_contain_text(hostile)
    expect(row).to_contain_text('12,345')
    expect(row).to_contain_text('and 12,344 more')
    screen.button('Show all').click()
    expect(screen.button('Show less')).to_be_visible()
    assert page.evaluate('window.broken') is None
