"""TASKS, as a person uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.job import EVERYTHING, ended, requested
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand

TASKS = re.compile(r'/api/task$')
NAMES = {
    'INGESTION PIPELINE': ['Download', 'Convert', 'Upload'],
    'STANDALONE': ['Schedule Updates', 'Verify', 'Match', 'Context', 'Cleaner'],
}


@pytest.fixture
def tasks_go_on(stand: Stand) -> Iterator[None]:
    """Whatever happens, the next test finds no Task paused and no service out of order."""
    yield
    stand.sentinel.faults.clear()
    for task in stand.api('GET', 'api/task').json()['data']:
        if task['state'] in {'paused', 'finishing'}:
            stand.api('POST', f'api/task/{task["slug"]}/resume', {})


def card(page: Page, name: str) -> Locator:
    return page.get_by_role('article', name=name)


def act(screen: Screen, action: str, task: str) -> Locator:
    """Press a button of a card and give the dialog that asks."""
    screen.button(f'{action} {task}').click()
    dialog = screen.dialog(f'{action} {task}?')
    expect(dialog).to_be_visible()
    return dialog


def changed_tasks(page: Page, **changes: object) -> None:
    """Let the API tell otherwise of Upload, for states that are hard to come by."""

    def alter(route: Route) -> None:
        reply = route.fetch()
        body = reply.json()
        for task in body['data']:
            if task['slug'] == 'upload':
                task.update(changes)
        route.fulfill(response=reply, json=body)

    page.route(TASKS, alter)


def test_tasks_stand_in_their_groups(page: Page, screen: Screen) -> None:
    screen.open('tasks')
    for group, names in NAMES.items():
        section = page.get_by_role('region', name=group)
        expect(section.get_by_role('heading', level=3)).to_have_text(names)
    expect(card(page, 'Cleaner')).to_contain_text('Every 15 minutes, timeout 20 minutes')
    # It may have much to remove when the App is new.
    expect(card(page, 'Cleaner')).to_contain_text(re.compile('Idle'))
    page.get_by_role('button', name=re.compile('^About Cleaner')).focus()
    expect(page.get_by_role('tooltip')).to_contain_text('Retention Days')


@pytest.mark.usefixtures('tasks_go_on')
def test_paused_task_takes_nothing_up_until_it_is_resumed(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    screen.open('tasks')
    dialog = act(screen, 'Pause', 'Download')
    dialog.get_by_role('button', name='Cancel').click()
    expect(dialog).to_be_hidden()
    expect(screen.button('Pause Download')).to_be_visible()

    act(screen, 'Pause', 'Download').get_by_role('button', name='Pause').click()
    download = card(page, 'Download')
    expect(download).to_contain_text('Pending Jobs Paused...')
    expect(download).to_contain_text('by demo.analyst')
    expect(screen.button('Run Download')).to_have_count(0)
    request_id = requested(stand)
    page.reload()
    expect(download).to_contain_text('Pending Jobs Paused...')
    screen.open(f'jobs?request_id={request_id}')
    row = screen.rows('Jobs')
    expect(row).to_contain_text('Pending')
    expect(row).to_contain_text(re.compile(r'Download paused by demo\.analyst, (now|\d+ s ago)'))

    screen.open('tasks')
    act(screen, 'Resume', 'Download').get_by_role('button', name='Resume').click()
    expect(screen.button('Pause Download')).to_be_visible()
    assert ended(stand, request_id)['status'] == 'Upload Complete'


@pytest.mark.usefixtures('tasks_go_on')
def test_pipeline_is_paused_as_a_whole_until_a_time_and_with_a_reason(
    page: Page, screen: Screen
) -> None:
    screen.open('tasks')
    screen.button('Pause pipeline').click()
    dialog = screen.dialog('Pause the pipeline?')
    dialog.get_by_role('radio', name='Until a time').check()
    dialog.get_by_role('button', name='Pause').click()
    expect(dialog.get_by_role('alert')).to_contain_text('The time must be within')
    dialog.get_by_label('Resumes at').fill('2020-01-01T10:00')
    dialog.get_by_role('button', name='Pause').click()
    expect(dialog.get_by_role('alert')).to_contain_text('The time must be in the future.')
    dialog.get_by_role('radio', name='1 hour').check()
    dialog.get_by_role('textbox', name='Reason').fill('<b>Workspace</b> moves')
    assert screen.complaints() == []
    dialog.get_by_role('button', name='Pause').click()
    expect(dialog).to_be_hidden()
    for name in ('Download', 'Convert', 'Upload', 'Schedule Updates'):
        expect(card(page, name)).to_contain_text(
            re.compile(r'Paused by demo\.analyst.*resumes in 60 min: <b>Workspace</b> moves')
        )
    expect(screen.button('Pause Cleaner')).to_be_visible()
    expect(screen.button('Pause pipeline')).to_have_count(0)
    # The strip above every screen has one as well.
    page.get_by_role('main').get_by_role('button', name='Resume pipeline').click()
    screen.dialog('Resume the pipeline?').get_by_role('button', name='Resume').click()
    expect(screen.button('Pause Upload')).to_be_visible()
    screen.open('reports/audit')
    expect(page.get_by_text('Pipeline resumed').first).to_be_visible()
    expect(page.get_by_text(re.compile('UTC: <b>Workspace</b> moves')).first).to_be_visible()


@pytest.mark.usefixtures('tasks_go_on')
def test_wait_that_sentinel_requested_is_shown_on_every_screen_and_can_be_ended(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    stand.sentinel.faults.add('throttle', count=1, wait_s=3_000)
    requested(stand)
    screen.open('tasks')
    expect(card(page, 'Upload')).to_contain_text('Sentinel asked to wait until')
    # An update that the first saving made due may have been before it.
    tasks = stand.api('GET', 'api/task').json()['data']
    (request_id,) = next(task['request_ids'] for task in tasks if task['slug'] == 'upload')
    screen.open('dashboard')
    limit = page.get_by_role('group', name='API limit')
    expect(limit).to_contain_text('Sentinel asked to wait until')
    expect(limit.get_by_role('button', name='Send now')).to_be_visible()

    screen.open(f'jobs?request_id={request_id}')
    screen.button(f'Send now: {request_id}').click()
    dialog = screen.dialog('Send now?')
    expect(dialog).to_contain_text('asked to wait until')
    dialog.get_by_role('button', name='Cancel').click()
    expect(dialog).to_be_hidden()
    assert stand.api('GET', f'api/job/request/{request_id}').json()['asked_wait'] is not None

    screen.button(f'Send now: {request_id}').click()
    dialog.get_by_role('button', name='Send now').click()
    expect(page.get_by_text('Upload is sending again')).to_be_visible()
    assert ended(stand, request_id)['status'] == 'Upload Complete'
    expect(page.get_by_text('Sentinel asked to wait until')).to_have_count(0)
    screen.open('reports/audit')
    expect(page.get_by_text('Wait for Sentinel ended').first).to_be_visible()


@pytest.mark.usefixtures('tasks_go_on')
def test_killed_task_fails_its_job_which_is_retried(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(EVERYTHING)
    # Until a busy machine has come to the kill.
    stand.sentinel.faults.add('slow', wait_s=12)
    request_id = requested(stand)
    screen.open('tasks')
    upload = card(page, 'Upload')
    expect(upload).to_contain_text('Running ...')
    expect(upload.get_by_role('progressbar')).to_be_visible()
    expect(upload.get_by_role('link', name=f'Job {request_id}')).to_be_visible()
    dialog = act(screen, 'Kill', 'Upload')
    expect(dialog).to_contain_text(request_id)
    dialog.get_by_role('button', name='Kill').click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text('Upload killed')).to_be_visible()
    stand.sentinel.faults.clear()
    failed = ended(stand, request_id)
    assert (failed['status'], failed['failure_code']) == ('Failed', 'RUN-TIME')

    screen.open(f'jobs?request_id={request_id}')
    row = screen.rows('Jobs')
    expect(row).to_contain_text('Failed')
    row.get_by_role('button', name='Retry').click()
    dialog = screen.dialog('Retry this request?')
    with page.expect_response(lambda reply: reply.url.endswith('/retry')) as answered:
        dialog.get_by_role('button', name='Retry').click()
    new_id = answered.value.json()['request_ids'][0]
    panel = page.get_by_role('complementary', name='Request Details')
    expect(panel.get_by_role('link', name=request_id)).to_be_visible()
    assert ended(stand, new_id)['status'] == 'Upload Complete'

    panel.get_by_role('link', name=request_id).click()
    expect(panel).to_contain_text('was killed by demo.analyst')
    expect(panel.get_by_role('link', name=new_id)).to_be_visible()
    panel.get_by_role('link', name='Errors of this Job').click()
    expect(screen.heading).to_have_text('ERRORS')
    errors = screen.rows('Errors')
    expect(errors).to_contain_text(['RUN-TIME'])
    errors.get_by_role('link', name=f'Job {request_id}').click()
    expect(panel).to_contain_text(request_id)


def test_run_starts_the_work_at_once(page: Page, screen: Screen) -> None:
    screen.open('tasks')
    cleaner = card(page, 'Cleaner')
    expect(cleaner).to_be_visible()
    act(screen, 'Run', 'Cleaner').get_by_role('button', name='Run').click()
    expect(page.get_by_text('Cleaner started')).to_be_visible()
    expect(cleaner).to_contain_text('Last run')


def test_action_that_is_refused_says_why_in_its_dialog(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries()
    screen.open('tasks')
    dialog = act(screen, 'Run', 'Schedule Updates')
    dialog.get_by_role('button', name='Run').click()
    expect(dialog.get_by_role('alert')).to_contain_text('APP-CONFLICT')
    page.keyboard.press('Escape')
    expect(dialog).to_be_hidden()


def test_task_without_a_heartbeat_is_shown_as_such(page: Page, screen: Screen) -> None:
    changed_tasks(
        page,
        state='running',
        heartbeat_age=1_900,
        last_heartbeat='2026-03-09T16:00:00Z',
        request_ids=['c' * 36],
    )
    screen.open('tasks')
    upload = card(page, 'Upload')
    expect(upload).to_have_attribute('data-tone', 'bad')
    expect(upload).to_contain_text('No heartbeat for longer than its timeout.')
    expect(upload.get_by_role('progressbar')).to_have_attribute('aria-valuenow', '100')


def test_pause_during_a_run_is_shown_as_such(page: Page, screen: Screen) -> None:
    hostile = '<img src=x onerror="window.broken=1">'
    changed_tasks(
        page,
        state='finishing',
        heartbeat_age=2,
        last_heartbeat='2026-03-09T16:00:00Z',
        date_paused='2026-03-09T16:00:00Z',
        paused_by=hostile,
    )
    screen.open('tasks')
    upload = card(page, 'Upload')
    expect(upload).to_contain_text('Finishing Run...')
    expect(upload).to_contain_text(hostile)
    expect(screen.button('Resume Upload')).to_be_visible()
    expect(screen.button('Kill Upload')).to_be_visible()
    assert page.evaluate('window.broken') is None


def test_lost_connection_keeps_the_cards_and_recovers(
    context: BrowserContext, page: Page, screen: Screen
) -> None:
    screen.open('tasks')
    expect(card(page, 'Upload')).to_be_visible()
    context.set_offline(True)
    screen.button('Refresh now').click()
    notice = page.get_by_role('status').filter(has_text='No connection to the Service')
    expect(notice).to_contain_text('What is shown is')
    expect(card(page, 'Upload')).to_be_visible()
    context.set_offline(False)
    expect(notice).to_be_hidden()


def test_first_call_that_fails_shows_why_and_can_be_retried(page: Page, screen: Screen) -> None:
    failure = {'title': 'The store is full', 'description': 'Make room.', 'code': 'RUN-DISK'}
    page.route(TASKS, lambda route: route.fulfill(status=500, json=failure))
    screen.open('tasks')
    alert = page.get_by_role('alert')
    expect(alert).to_contain_text('RUN-DISK')
    page.unroute(TASKS)
    screen.button('Try again').click()
    expect(card(page, 'Upload')).to_be_visible()
    expect(alert).to_be_hidden()


@pytest.mark.usefixtures('tasks_go_on')
def test_task_is_paused_with_the_keyboard_alone(page: Page, screen: Screen) -> None:
    screen.open('tasks')
    button = screen.button('Pause Cleaner')
    button.focus()
    page.keyboard.press('Enter')
    dialog = screen.dialog('Pause Cleaner?')
    expect(dialog.get_by_role('button', name='Pause')).to_be_focused()
    page.keyboard.press('Escape')
    expect(button).to_be_focused()
    page.keyboard.press('Enter')
    expect(dialog.get_by_role('button', name='Pause')).to_be_focused()
    page.keyboard.press('Enter')
    expect(screen.button('Resume Cleaner')).to_be_visible()
