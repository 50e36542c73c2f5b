"""JOBS and the errors of Jobs, as a person uses them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.job import (
    EVERYTHING,
    OUTCOMES,
    ended,
    finished_job,
    give_jobs,
    make_job,
    paused,
    requested,
)
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand


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

    # What was added is unfolded, however soon it ends.
    row = screen.rows('Jobs').filter(has_text=request_id[:8])
    expect(row).to_contain_text('Upload Complete')
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
    ended(stand, request_id)
    screen.open(f'jobs?request_id={request_id}')
    expect(screen.updates).to_have_count(1)
    expect(screen.updates).to_contain_text('from 2024-02-03 04:05:06 AM to ')


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


def test_updates_are_lines_that_say_what_they_did_and_unfold(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    hosts = {**EVERYTHING, 'name': 'Hosts first', 'indicator_types': ['Host']}
    first, second = save_queries(hosts, {**EVERYTHING, 'name': 'Everything'})
    job = finished_job(stand)
    update_id = job['update_id']
    jobs = stand.api('GET', f'api/job/request?update_id={update_id}').json()['data']
    ended(stand, jobs[1]['request_id'])
    update = stand.api('GET', f'api/job/update?update_id={update_id}').json()['data'][0]
    assert update['count_duplicate'] > 0

    screen.open('jobs?range=24h')
    # Newer ones may stand above it: what saving the queries has queued, and what others ask for.
    sentence = f'Full update: {update["count_read"]:,} read'
    line = screen.updates.filter(has_text=sentence).first.get_by_role('button')
    expect(line).to_contain_text('ad-hoc, 2 Jobs')
    expect(line).to_have_attribute('aria-expanded', 'false')
    ids = re.compile('|'.join(each['request_id'][:8] for each in jobs))
    rows = screen.rows('Jobs').filter(has_text=ids)
    expect(rows).to_have_count(0)
    line.press('Enter')
    expect(line).to_have_attribute('aria-expanded', 'true')
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text('Hosts first')
    expect(rows.last).to_contain_text('Everything')
    page.reload()  # what is unfolded is kept in the address
    expect(rows).to_have_count(2)
    line.press('Enter')
    expect(rows).to_have_count(0)

    # A filter shows the Jobs that match, below the line of their update.
    screen.choose('Query', '2. Everything')
    expect(page).to_have_url(re.compile(f'query_id={second["id"]}'))
    expect(rows.first).to_contain_text('Everything')
    expect(screen.updates.first).to_contain_text('1 of 2 Jobs')
    expect(rows.filter(has_text='Hosts first')).to_have_count(0)

    # A query is called what it is now, and its place then is told where it was another one.
    save_queries({**second, 'name': 'Renamed'}, {**first, 'name': 'Hosts first'})
    screen.open(f'jobs?update_id={update_id}')
    page.reload()
    expect(rows.last).to_contain_text('was query 2')
    save_queries({**first, 'name': 'Hosts first'})
    page.reload()
    expect(rows.last).to_contain_text('deleted, was query 2')
    expect(rows.first).not_to_contain_text('was query')


def test_sixty_queries_stay_readable_and_older_updates_are_mentioned(
    page: Page, screen: Screen
) -> None:
    jobs = [
        make_job(
            f'{update:08}-{number:027}',
            update_id=f'u{update}',
            status='Failed' if (update, number) == (1, 7) else 'Upload Complete',
            query={**make_job('x')['query'], 'id': f'q{number}', 'position': number},
        )
        for update in range(20)
        for number in range(60)
    ]
    give_jobs(page, jobs)
    screen.open('jobs')
    expect(screen.updates).to_have_count(20)
    expect(screen.rows('Jobs')).to_have_count(60)  # those of the one that failed
    failed = screen.updates.nth(1)
    expect(failed).to_contain_text('1 of 60 Jobs failed')
    assert screen.updates.first.bounding_box()['height'] < 60  # type: ignore[index]

    def tell(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(
            response=reply, json={**reply.json(), 'complete_since': '2026-03-01T12:00:00Z'}
        )

    page.unroute_all()
    page.route(re.compile(r'/api/job/update'), tell)
    page.reload()
    expect(page.get_by_text('Older updates were removed.')).to_contain_text(
        '2026-03-01 07:00:00 AM'
    )


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


def test_empty_result_is_shown_as_such(page: Page, screen: Screen) -> None:
    screen.open('jobs?request_id=ffffffff-nobody')
    expect(page.get_by_text('There is currently no data to display.')).to_be_visible()
    expect(page.get_by_text('No update matches these filters.')).to_be_visible()


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
    give_jobs(page, [make_job('a' * 36, status='Failed')])
    screen.open('jobs')
    heading = page.get_by_role('columnheader', name='Indicator Counts')
    expect(screen.rows('Jobs')).to_have_count(1)
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
    expect(row).to_contain_text('API limit reached, resumes in 42 s')
    bar = row.get_by_role('progressbar', name='Sent')
    expect(bar).to_have_attribute('aria-valuenow', '25')
    expect(bar).to_have_attribute('aria-valuetext', '250 / 1,000')
    expect(row.get_by_role('progressbar', name='Read')).to_have_attribute('aria-valuenow', '100')


def test_details_count_the_wait_as_it_passes_and_call_one_number_sent(
    page: Page, screen: Screen
) -> None:
    at = '2026-03-09T16:05:06Z'
    begun = dict.fromkeys((f'date_{stage}_start' for stage in ('download', 'convert')), at)
    ended = dict.fromkeys((f'date_{stage}_complete' for stage in ('download', 'convert')), at)
    job = make_job(
        'c' * 36,
        status='Upload In Progress',
        date_started=at,
        **begun,
        **ended,
        date_upload_start=at,
        waiting_seconds=38.0,
        limit_wait_seconds=12.4,
        count_read=8_000,
        count_converted=8_000,
        count_sent=6_104,
        count_refused=1,
        count_unchanged=95,
    )
    give_jobs(page, [job])
    screen.open(f'jobs?query_id=q&open={job["request_id"]}')
    panel = page.get_by_role('complementary', name='Request Details')
    waited = panel.locator('dl > div').filter(has_text='Waited for the API limit').locator('dd')
    expect(waited).to_have_text('00:00:12')
    row = screen.rows('Jobs')
    expect(row).to_contain_text('8,000 / 6,104')
    for where in (row, panel):
        bar = where.get_by_role('progressbar', name='Sent')
        expect(bar).to_have_attribute('aria-valuetext', '6,104 / 7,904')
    outcomes = panel.get_by_role('table', name='What became of the Indicators')
    sent = outcomes.get_by_role('row').filter(has_text='Accepted by Sentinel')
    expect(sent.get_by_role('cell')).to_have_text('6,104')

    job['limit_wait_seconds'] = 15.4
    expect(waited).to_have_text('00:00:15')


def test_pending_job_is_cancelled_after_a_question(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    with paused(stand, 'download'):
        request_id = requested(stand)
        screen.open(f'jobs?request_id={request_id}')
        row = screen.rows('Jobs')
        expect(row).to_contain_text('Pending')
        row.get_by_role('button', name='Cancel').click()
        dialog = screen.dialog('Cancel this request?')
        expect(dialog).to_contain_text(request_id)
        dialog.get_by_role('button', name='Keep Request').click()
        expect(dialog).to_be_hidden()
        assert stand.api('GET', f'api/job/request/{request_id}').json()['status'] == 'Pending'

        row.get_by_role('button', name='Cancel').click()
        dialog.get_by_role('button', name='Cancel Request').click()
        expect(row).to_contain_text('Cancelled')
        expect(row.get_by_role('button', name='Cancel')).to_have_count(0)
    assert ended(stand, request_id)['count_read'] == 0


def test_action_that_came_too_late_says_why_in_its_dialog(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    with paused(stand, 'download'):
        request_id = requested(stand)
        screen.open(f'jobs?request_id={request_id}')
        screen.rows('Jobs').get_by_role('button', name='Cancel').click()
        dialog = screen.dialog('Cancel this request?')
        expect(dialog).to_be_visible()
        path = f'api/job/request/{request_id}/cancel'
        assert stand.api('POST', path, {}).status_code == 200
        dialog.get_by_role('button', name='Cancel Request').click()
        expect(dialog.get_by_role('alert')).to_contain_text('was cancelled already')
        dialog.get_by_role('button', name='Keep Request').click()
        expect(screen.rows('Jobs')).to_contain_text('Cancelled')


def test_withdrawal_that_was_held_back_is_confirmed_and_done(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    store = stand.threatconnect.store
    rows = [
        store.add(
            {'type': 'Host', 'ownerName': 'Demo Organization', 'summary': f'g{n}.example.net'}
        )
        for n in range(150)
    ]
    save_queries({**EVERYTHING, 'owners': ['Demo Organization']})
    assert finished_job(stand)['status'] == 'Upload Complete'
    for row in rows:
        store.delete(row['id'])
    job = finished_job(stand, 'delta')
    assert job['count_held_back'] == 150, job

    screen.open(f'jobs?request_id={job["request_id"]}')
    line = screen.rows('Jobs')
    expect(line.locator('[data-tone=warning]').first).to_have_text('Upload Complete')
    # JOBS shows it without being asked, and everything that would go before it goes.
    screen.open('jobs')
    expect(screen.updates.first).to_contain_text('withdrawal of 150 objects needs your decision')
    line = screen.rows('Jobs').filter(has_text=job['request_id'][:8])
    line.get_by_role('button', name='Withdraw 150 objects').click()
    dialog = screen.dialog('Withdraw 150 objects?')
    expect(dialog).to_contain_text('First 20 of 150 objects')
    # However long the list is, what it is about to do is in sight.
    expect(dialog.get_by_role('button', name='Withdraw 150 objects')).to_be_in_viewport()
    listed = screen.rows('Objects to withdraw')
    expect(listed).to_have_count(20)
    expect(listed.filter(has_text=re.compile(r'g\d+\.example\.net'))).to_have_count(20)
    expect(listed.first).to_contain_text('Demo Organization')
    dialog.get_by_role('button', name='Download').click()
    with page.expect_download() as download:
        page.get_by_role('menuitem', name='CSV').click()
    assert download.value.suggested_filename.startswith('sentinel-withdrawal_')
    lines = list(csv.DictReader(io.StringIO(download.value.path().read_text('utf-8-sig'))))
    assert {line['Value'] for line in lines} == {f'g{n}.example.net' for n in range(150)}
    with page.expect_response(lambda reply: reply.url.endswith('/withdraw')) as answered:
        dialog.get_by_role('button', name='Withdraw 150 objects').click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text('Withdrawal confirmed')).to_be_visible()
    after = ended(stand, answered.value.json()['request_ids'][0])
    assert after['count_withdrawn'] == 150, after
    held = stand.sentinel.held_objects().values()
    revoked = [stix for stix in held if stix.get('revoked')]
    assert len([stix for stix in revoked if re.search(r"'g\d+\.example\.net'", str(stix))]) == 150


def test_filtered_list_is_downloaded_whole(
    page: Page, screen: Screen, stand: Stand, save_queries: Save, tmp_path: Path
) -> None:
    save_queries({**EVERYTHING, 'tql': 'summary = "=1+1"'})
    found = {finished_job(stand)['request_id'] for _ in range(2)}
    screen.open('jobs?mode=full&limit=20')
    expect(screen.updates.first).to_be_visible()
    screen.button('Download').click()
    with page.expect_download() as download:
        page.get_by_role('menuitem', name='CSV').click()
    name = download.value.suggested_filename
    assert re.fullmatch(r'sentinel-jobs_[\w.-]+_\d{4}-\d\d-\d\d\.csv', name), name
    path = tmp_path / 'jobs.csv'
    download.value.save_as(path)
    lines = list(csv.DictReader(io.StringIO(path.read_text('utf-8-sig'))))
    listed = stand.api('GET', 'api/job/request?mode=full&limit=200').json()['data']
    assert [line['request_id'] for line in lines] == [job['request_id'] for job in listed]
    assert found <= {line['request_id'] for line in lines}
    assert {line['mode'] for line in lines} == {'full'}
    assert lines[0]['query_tql'] == 'summary = "=1+1"'
    assert lines[0]['count_read'] == str(listed[0]['count_read'])


def test_long_list_is_walked_for_a_file_and_can_be_left(page: Page, screen: Screen) -> None:
    jobs = [
        make_job(f'{number:08x}-0000-4000-8000-000000000000', update_id=f'u{number}')
        for number in range(2_000)
    ]
    give_jobs(page, jobs)
    screen.open('jobs')
    expect(page.get_by_text('20 of 2,000 updates')).to_be_visible()
    screen.button('Last page').click()
    expect(page.get_by_text('2,000 of 2,000 updates')).to_be_visible()
    screen.button('Download').click()
    with page.expect_download():
        page.get_by_role('menuitem', name='CSV').click()
    expect(page.get_by_text('2,000 Jobs as CSV.')).to_be_visible()

    held: list[Route] = []
    page.route(
        re.compile(r'/api/job/request\?.*offset=200'),
        lambda route: held.append(route),  # noqa: PLW0108 - Playwright marks it
    )
    screen.button('Download').click()
    page.get_by_role('menuitem', name='CSV').click()
    page.get_by_role('button', name='Cancel download (200 of 2,000)').click()
    expect(screen.button('Download')).to_be_visible()
    held[0].abort()
    expect(page.get_by_text('No connection')).to_have_count(0)


def test_awkward_texts_of_a_job_are_shown_as_they_are(page: Page, screen: Screen) -> None:
    tql = 'summary like "' + 'x' * 4_000 + '"'
    hostile = '<img src=x onerror="window.broken=1">'
    job = make_job(
        'a' * 36,
        status='Failed',
        failure_code='TC-QUERY',
        failure_reason=f'{hostile} {"y" * 2_000}',
        query={**make_job('x')['query'], 'owners': ['中文威胁情报', 'منظمة', hostile], 'tql': tql},
    )
    give_jobs(page, [job])
    screen.open(f'jobs?open={job["request_id"]}')
    panel = page.get_by_role('complementary', name='Request Details')
    expect(panel).to_contain_text('中文威胁情报, منظمة')
    expect(panel).to_contain_text(tql)
    expect(panel).to_contain_text(hostile)
    assert page.evaluate('window.broken') is None
    body = panel.get_by_role('group')
    assert body.evaluate('node => node.scrollWidth <= node.clientWidth')
    assert page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')


def test_hidden_columns_can_all_be_shown(page: Page, screen: Screen) -> None:
    job = make_job(
        'b' * 36,
        status='Upload Complete',
        date_download_start='2026-03-09T16:00:01Z',
        download_runtime=61.4,
        count_refused=3,
    )
    give_jobs(page, [job])
    screen.open('jobs?query_id=q')
    screen.button('Columns').click()
    hidden = ('Date Queued', 'Filter Started', 'Date Completed', 'Date Failed', 'Status Flow')
    for name in hidden:
        page.get_by_role('menuitemcheckbox', name=name).click()
    page.keyboard.press('Escape')
    for name in hidden:
        expect(page.get_by_role('columnheader', name=name)).to_have_count(1)
    row = screen.rows('Jobs')
    expect(row.get_by_role('img', name='Download: 00:01:01')).to_have_count(1)
    expect(row.get_by_role('img', name='Result: Upload Complete')).to_have_attribute(
        'data-tone', 'warning'
    )
