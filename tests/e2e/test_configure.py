"""CONFIGURE, as a person uses it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.job import finished_job, paused, settle_decisions
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand

HOSTS = {'owners': ['Demo Organization'], 'indicator_types': ['Host'], 'tql': 'rating >= 1'}
FILES = {'owners': ['Demo Research'], 'indicator_types': ['File'], 'tql': 'rating >= 2'}
URLS = {'owners': ['OSINT Community'], 'indicator_types': ['URL'], 'tql': 'rating >= 3'}
TABLE = 'TQL queries'
FURTHER = re.compile('/assets/further-')
CONFIGURE = re.compile('/api/configure$')


def saved_tql(stand: Stand) -> list[str]:
    return [query['tql'] for query in stand.api('GET', 'api/configure').json()['queries']]


def spoil_saved_tql(page: Page) -> None:
    """Let the next save bring TQL that the window would not have let through."""

    def spoil(route: Route) -> None:
        body = json.loads(route.request.post_data or '')
        body['queries'][-1]['tql'] = '(' + body['queries'][-1]['tql']
        route.continue_(post_data=json.dumps(body))

    page.route(re.compile('/api/configure$'), spoil, times=1)


def test_query_is_added_and_saved_by_a_new_user(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries()
    screen.open('configure')
    screen.button('Add the first query').click()
    dialog = screen.dialog('Add TQL Configuration')
    screen.fill_query(
        owners=('Demo Organization', 'Demo Research'),
        types=('Host', 'Email Address'),
        tql='rating >= 3\n  and confidence > 10',
    )
    direction = dialog.get_by_role('combobox', name='Sort Direction').or_(
        dialog.get_by_role('textbox', name='Sort Direction')
    )
    expect(direction).to_be_disabled()
    screen.choose('Sort Field', 'ThreatAssess Score')
    expect(direction).to_be_enabled()
    # The most important first, without a further choice, and in words.
    expect(direction).to_have_value('Descending')
    expect(dialog.get_by_text('Highest first')).to_be_visible()
    screen.choose('Sort Direction', 'Ascending')
    expect(dialog.get_by_text('Lowest first')).to_be_visible()
    screen.choose('Sort Field', 'Last Modified')
    expect(direction).to_have_value('Descending')
    expect(dialog.get_by_text('Newest first')).to_be_visible()
    screen.choose('Sort Field', 'ThreatAssess Score')
    screen.button('Submit').click()
    expect(dialog).to_be_hidden()
    expect(screen.rows(TABLE)).to_have_count(1)
    assert saved_tql(stand) == []  # nothing is stored before Save

    screen.button('Save').click()
    expect(screen.dialog('Save Changes')).to_be_visible()
    screen.button('Save and Run Full Update').click()
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    expect(screen.button('Edit')).to_be_visible()

    row = screen.rows(TABLE)
    expect(row).to_contain_text('Demo Organization, Demo Research')
    expect(row).to_contain_text('Host, Email Address')
    expect(row).to_contain_text('ThreatAssess Score')
    expect(row).to_contain_text('Descending')
    query = stand.api('GET', 'api/configure').json()['queries'][0]
    assert query['tql'] == 'rating >= 3\n  and confidence > 10'
    assert query['indicator_types'] == ['Host', 'EmailAddress']
    assert (query['sort_field'], query['sort_direction']) == ('threatAssessScore', 'desc')


def test_query_has_a_name_everywhere_and_is_disabled_without_being_deleted(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    name = 'Phishing hosts أسماء'
    save_queries(HOSTS, FILES)
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Edit query 1')).click()
    screen.dialog('Edit TQL Configuration').get_by_label('Name', exact=True).fill(name)
    page.get_by_label('Note').fill('From the CERT.\nUntil May.')
    screen.button('Submit').click()
    page.get_by_role('switch', name='Enabled: query 2, Demo Research').press('Space')
    screen.button('Save').click()
    screen.button('Save and Run Full Update').click()
    expect(screen.rows(TABLE).first).to_contain_text(name)
    expect(screen.rows(TABLE).last).to_contain_text('Disabled')
    first, second = stand.api('GET', 'api/configure').json()['queries']
    assert (first['name'], first['note']) == (name, 'From the CERT.\nUntil May.')
    assert (first['is_enabled'], second['is_enabled']) == (True, False)

    job = finished_job(stand, 'full')
    screen.open('jobs')
    expect(screen.updates.first).to_contain_text(name)
    assert job['query']['name'] == name
    screen.open('dashboard')
    held = screen.rows('In Sentinel by TQL query')
    expect(held.first).to_contain_text(name)
    expect(held.nth(1)).to_contain_text('rating >= 2 (disabled)')
    screen.open('reports/audit')
    expect(page.get_by_text('2 TQL queries, 1 edited, 1 disabled')).to_be_visible()


def test_run_now_after_a_save_queues_jobs(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    saved = save_queries(HOSTS)
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Edit query 1')).click()
    screen.tql.fill('rating >= 0')
    screen.button('Submit').click()
    screen.button('Save').click()
    screen.button('Save and Run Full Update').click()
    screen.button('Run full update now').click()
    expect(page.get_by_text('Full update requested')).to_be_visible()
    page.get_by_role('navigation').get_by_role('link', name='JOBS').click()
    expect(screen.updates.filter(has_text='ad-hoc').first).to_be_visible()
    jobs = stand.api('GET', 'api/job/request?job_type=ad-hoc&mode=full').json()['data']
    assert saved[0]['id'] in {job['query']['id'] for job in jobs}


def test_page_follows_an_update_until_its_result_is_there(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(FILES)
    finished_job(stand)  # so that nothing that was due or queued before is still to come
    save_queries(HOSTS)
    screen.open('configure')
    expect(screen.rows(TABLE)).to_contain_text('Not run yet')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Edit query 1')).click()
    screen.choose('Sort Field', 'Threat Rating')
    screen.button('Submit').click()
    screen.button('Save').click()
    screen.button('Save and Run Full Update').click()
    saved = page.get_by_role('status').filter(has_text='Saved')
    with paused(stand, 'download'):
        screen.button('Run full update now').click()
        expect(saved).to_contain_text('A full update is running now.')
        expect(screen.button('Run full update now')).to_be_hidden()
        expect(saved.get_by_role('link', name='View in JOBS')).to_be_visible()
        assert screen.complaints() == []
    expect(screen.rows(TABLE)).not_to_contain_text('Not run yet')
    expect(saved).not_to_contain_text('running now')


def test_last_count_is_that_of_the_latest_job_that_read_everything(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    saved = save_queries(HOSTS)
    job = finished_job(stand, 'full')
    assert job['status'] == 'Upload Complete'
    screen.open('configure')
    cell = screen.rows(TABLE).get_by_role('cell').last
    expect(cell).to_contain_text(f'{job["count_read"]:,}')
    # The moment is in the reader's zone, and in UTC in the tooltip.
    time = cell.locator('time')
    expect(time).to_have_attribute('datetime', job['date_completed'])
    time.hover()
    completed = job['date_completed'][:19].replace('T', ' ')
    expect(page.get_by_role('tooltip')).to_have_text(f'{completed} UTC')
    expect(time).not_to_contain_text(completed[11:])
    link = cell.get_by_role('link', name=f'Last Job: {job["count_sent"]:,} sent')
    expect(link).to_have_attribute('href', f'#/jobs?query_id={saved[0]["id"]}')

    save_queries({**HOSTS, 'id': saved[0]['id']}, HOSTS)
    screen.button('Refresh now').click()
    mark = "Can't send anything: query 1 selects all of it."
    expect(page.get_by_text(mark)).to_be_visible()
    assert screen.complaints() == []

    save_queries({**HOSTS, 'id': saved[0]['id'], 'tql': 'rating >= 2'})
    screen.button('Refresh now').click()
    expect(screen.rows(TABLE)).to_have_count(1)
    expect(screen.rows(TABLE)).to_contain_text('rating >= 2')
    expect(screen.rows(TABLE)).to_contain_text('Not run yet')
    screen.button('Edit').click()
    expect(screen.rows(TABLE)).not_to_contain_text('Not run yet')


def test_rows_are_edited_moved_and_deleted_and_saved_as_one_list(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(HOSTS, FILES, URLS)
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Move up: query 3')).click()
    page.get_by_role('button', name=re.compile('^Edit query 1')).click()
    expect(screen.tql).to_have_text('rating >= 1')
    screen.tql.fill('confidence >= 50')
    screen.button('Submit').click()
    page.get_by_role('button', name=re.compile('^Delete query 3')).click()
    expect(page.get_by_text('Unsaved changes: 1 query edited, 1 deleted')).to_be_visible()
    assert saved_tql(stand) == ['rating >= 1', 'rating >= 2', 'rating >= 3']
    screen.button('Save').click()
    screen.button('Save and Run Delta Update').click()
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    assert saved_tql(stand) == ['confidence >= 50', 'rating >= 3']


def test_rows_are_reordered_by_keyboard_without_losing_the_focus(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(HOSTS, FILES, URLS)
    screen.open('configure')
    screen.button('Edit').click()
    down = page.get_by_role('button', name='Move down: query 1, Demo Organization')
    down.focus()
    page.keyboard.press('Enter')
    page.keyboard.press('Enter')
    page.keyboard.press('Enter')  # at the end it does nothing
    expect(screen.rows(TABLE).nth(2)).to_contain_text('Demo Organization')
    expect(page.get_by_role('button', name='Move down: query 3, Demo Organization')).to_be_focused()


def test_sentence_after_a_save_says_which_update_follows(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    past, future = '2026-03-09T16:05:06Z', '2126-03-09T16:05:06Z'
    waiting = {'mode': 'full', 'date_started': None}
    running = {'mode': 'reconcile', 'date_started': past}
    planned = {'mode': 'delta', 'at': future}
    due = {**planned, 'at': past}
    now = 'A reconcile update is running now. View in JOBS'
    afterwards = 'A delta update is queued and will start when the current one finishes.'
    told: dict[str, Any] = {}

    def tell(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json={**reply.json(), **told})

    save_queries(HOSTS, FILES)
    screen.open('configure')
    page.route(CONFIGURE, tell)
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Move down: query 1')).click()
    screen.button('Cancel editing').click()
    dialog = screen.dialog('Discard unsaved changes?')
    expect(dialog).to_contain_text('Order changed. These changes')
    dialog.get_by_role('button', name='Keep editing').click()
    screen.button('Save').click()
    expect(screen.dialog('Save Changes')).to_contain_text('Order changed. Your changes')
    told.update(next_update=due, open_update=None)
    screen.button('Save and Run Delta Update').click()
    saved = page.get_by_role('status').filter(has=page.get_by_text('Saved', exact=True))
    sentence = saved.get_by_role('paragraph')
    expect(sentence).to_have_text('A delta update is due and starts soon.')
    for following, under_way, words in (
        (planned, waiting, 'A full update is queued and starts soon.'),
        (planned, running, now),
        (due, running, f'{now}. {afterwards}'),
        (planned, None, re.compile('^Next update: delta, ')),
        (None, None, 'No update is planned.'),
    ):
        told.update(next_update=following, open_update=under_way)
        screen.button('Refresh now').click()
        expect(sentence).to_have_text(words)


def test_save_window_shows_the_effect_and_asks_about_objects_of_a_deleted_query(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    saved = save_queries(HOSTS, FILES)
    job = finished_job(stand, 'full')
    assert job['count_sent'] > 0
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Delete query 1')).click()
    screen.button('Save').click()
    effect = page.get_by_role('region', name='Effect in Sentinel')
    expect(effect).to_contain_text('The objects in Sentinel stay the same.')
    group = page.get_by_role('radiogroup', name=re.compile('of 1 deleted query in Sentinel'))
    expect(group.get_by_role('radio', name='Keep until they expire')).to_be_checked()
    group.get_by_role('radio', name='Withdraw from Sentinel').check()
    expect(effect).to_contain_text(re.compile(r'About \d+ objects fewer'))
    effect.get_by_text('By query').click()
    expect(effect.get_by_role('listitem')).to_contain_text(['(deleted)'])
    assert screen.complaints() == []
    with page.expect_request(CONFIGURE) as sent:
        screen.button('Save and Run Delta Update').click()
    assert json.loads(sent.value.post_data or '')['withdraw'] == [saved[0]['id']]
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    settle_decisions(stand)
    finished_job(stand, 'delta')  # so that no withdrawal joins what others ask for


def test_list_can_be_saved_without_its_effect_and_an_empty_one_needs_confirmation(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(HOSTS)
    reply = {'title': 'Not Available', 'description': 'ThreatConnect is silent.', 'code': 'TC-READ'}
    page.route('**/api/configure/effect', lambda route: route.fulfill(status=503, json=reply))
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Delete query 1')).click()
    screen.button('Save').click()
    expect(page.get_by_text('The effect could not be estimated')).to_be_visible()
    expect(page.get_by_role('alert')).to_contain_text('You are deleting the only query')
    assert screen.complaints() == []
    screen.button('Save and Delete All Queries').click()
    assert saved_tql(stand) == ['rating >= 1']
    dialog = screen.dialog('Delete 1 query?')
    expect(dialog.get_by_role('button', name='Cancel')).to_be_focused()
    dialog.get_by_role('button', name='Delete All Queries').click()
    expect(page.get_by_text('The list is empty, so no update is planned.')).to_be_visible()
    assert saved_tql(stand) == []


def test_changes_discarded_by_cancel_can_be_restored_from_any_screen(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(HOSTS, FILES)
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Delete query 1')).click()
    screen.button('Save').click()
    dialog = screen.dialog('Save Changes')
    # The buttons move down as this arrives.
    expect(dialog.get_by_role('status')).to_be_visible()
    dialog.get_by_role('button', name='Cancel', exact=True).click()
    expect(screen.button('Edit')).to_be_visible()
    expect(screen.rows(TABLE)).to_have_count(2)
    assert saved_tql(stand) == ['rating >= 1', 'rating >= 2']
    page.get_by_role('link', name='JOBS').click()
    expect(page.get_by_text('1 change discarded')).to_be_visible()
    assert screen.complaints() == []
    screen.button('Undo').click()
    expect(page.get_by_text('Unsaved changes: 1 query deleted')).to_be_visible()
    expect(screen.rows(TABLE)).to_have_count(1)
    screen.button('Save').click()
    screen.button('Save and Run Delta Update').click()
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    assert saved_tql(stand) == ['rating >= 2']


@pytest.mark.parametrize('is_outrun', [False, True])
def test_unsaved_changes_outlive_a_reload_and_are_restored_on_request(
    page: Page, screen: Screen, stand: Stand, save_queries: Save, *, is_outrun: bool
) -> None:
    save_queries(HOSTS, FILES)
    screen.open('configure')
    page.on('dialog', lambda dialog: dialog.accept())
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Duplicate query 2')).click()
    expect(screen.rows(TABLE)).to_have_count(3)
    if is_outrun:
        save_queries(URLS)  # somebody else
    page.reload()
    notice = page.get_by_role('status').filter(has_text='Your unsaved changes from')
    expect(notice).to_contain_text('1 query added')
    expect(screen.rows(TABLE)).to_have_count(1 if is_outrun else 2)  # never silently
    expect(screen.button('Edit')).to_be_hidden()
    assert screen.complaints() == []
    screen.button('Restore').click()
    if is_outrun:
        screen.button('Keep editing my list').click()
    expect(screen.rows(TABLE)).to_have_count(3)
    screen.button('Save').click()
    screen.button('Save and Run Full Update').click()
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    assert saved_tql(stand) == ['rating >= 1', 'rating >= 2', 'rating >= 2']
    page.reload()
    expect(screen.button('Edit')).to_be_visible()
    expect(notice).to_be_hidden()


def test_kept_changes_that_are_discarded_are_gone(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(HOSTS)
    screen.open('configure')
    page.on('dialog', lambda dialog: dialog.accept())
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Delete query 1')).click()
    page.reload()
    screen.button('Discard').click()
    expect(screen.button('Edit')).to_be_visible()
    page.reload()
    expect(screen.button('Edit')).to_be_visible()
    expect(screen.button('Discard')).to_be_hidden()


def test_queries_of_a_long_list_are_found_moved_by_number_copied_and_disabled(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    numbers = ({**HOSTS, 'tql': f'id > {number}'} for number in range(7))
    save_queries(*numbers, {**FILES, 'name': 'Malware'})
    screen.open('configure')
    search = page.get_by_role('textbox', name='Search queries')
    search.fill('file research')
    expect(page.get_by_text('1 of 8 queries.')).to_be_visible()
    expect(screen.rows(TABLE)).to_have_count(1)
    screen.button('Edit').click()
    # The row is moved by its number; one step would pass rows that nobody sees.
    expect(page.get_by_role('button', name=re.compile('^Drag query'))).to_have_count(0)
    up = page.get_by_role('button', name='Move up: query 8, Malware')
    expect(up).to_have_attribute('aria-disabled', 'true')
    assert screen.complaints() == []
    page.get_by_role('button', name='Move to a position: query 8, Malware').click()
    dialog = screen.dialog('Move Query')
    position = dialog.get_by_role('textbox', name='New position')
    position.fill('9')
    expect(dialog.get_by_text('Enter a number from 1 to 8.')).to_be_visible()
    assert screen.complaints() == []
    position.fill('1')
    position.press('Enter')
    expect(page.get_by_role('button', name='Move to a position: query 1, Malware')).to_be_focused()
    search.fill('nowhere')
    expect(page.get_by_text('No matching queries')).to_be_visible()
    screen.button('Clear the search').click()
    expect(screen.rows(TABLE)).to_have_count(8)
    expect(page.get_by_role('button', name='Drag query 1, Malware')).to_be_visible()
    screen.button('Duplicate query 1, Malware').click()
    expect(screen.rows(TABLE).nth(1)).to_contain_text('Malware (copy)')
    page.get_by_role('switch', name='Enabled: query 2, Malware (copy)').click(force=True)
    screen.button('Save').click()
    screen.button('Save and Run Delta Update').click()
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    expect(screen.rows(TABLE).nth(1)).to_contain_text('Disabled')
    queries = stand.api('GET', 'api/configure').json()['queries']
    assert [(each['name'], each['is_enabled']) for each in queries[:3]] == [
        ('Malware', True),
        ('Malware (copy)', False),
        (None, True),
    ]
    assert screen.complaints() == []


def test_prompt_appears_when_leaving_with_unsaved_changes(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(HOSTS)
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Delete query 1')).click()
    page.get_by_role('link', name='JOBS').click()
    screen.button('Keep editing').click()
    expect(page.get_by_text('Unsaved changes: 1 query deleted')).to_be_visible()
    assert page.url.endswith('#/configure')
    page.get_by_role('link', name='JOBS').click()
    screen.button('Discard').click()
    expect(screen.heading).to_have_text('JOBS')


def test_prompt_appears_when_closing_the_page_with_unsaved_changes(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(HOSTS)
    screen.open('configure')
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.accept()  # type: ignore[attr-defined]

    page.on('dialog', stay)
    page.reload()
    assert asked == []
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Delete query 1')).click()
    page.reload()
    assert asked == ['beforeunload']


@pytest.mark.parametrize('is_kept', [True, False])
def test_save_over_a_newer_list_of_another_user_loses_nothing_silently(
    page: Page, screen: Screen, stand: Stand, save_queries: Save, *, is_kept: bool
) -> None:
    save_queries(HOSTS, FILES)
    screen.open('configure')
    expect(screen.rows(TABLE)).to_have_count(2)
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Edit query 1')).click()
    screen.tql.fill('confidence >= 99')
    screen.button('Submit').click()
    save_queries(URLS)  # somebody else
    screen.button('Save').click()
    screen.button('Save and Run Delta Update').click()
    dialog = screen.dialog('This list was changed by ')
    expect(dialog).to_contain_text(re.compile('It was saved .+, after you started editing'))
    expect(dialog.get_by_role('region', name='Saved list')).to_contain_text('rating >= 3')
    expect(dialog.get_by_role('region', name='Your list')).to_contain_text('confidence >= 99')
    assert saved_tql(stand) == ['rating >= 3']
    if is_kept:
        screen.button('Keep editing my list').click()
        screen.button('Save').click()
        screen.button('Save and Run Delta Update').click()
        expect(page.get_by_text('Saved', exact=True)).to_be_visible()
        assert saved_tql(stand) == ['confidence >= 99', 'rating >= 2']
    else:
        screen.button('Use saved list').click()
        expect(screen.button('Edit')).to_be_visible()
        expect(screen.rows(TABLE)).to_have_count(1)
        expect(screen.rows(TABLE)).to_contain_text('rating >= 3')


def test_comparison_of_two_lists_marks_what_differs(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    ids = [query['id'] for query in save_queries(HOSTS, FILES, URLS)]
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Edit query 1')).click()
    screen.tql.fill('confidence >= 99')
    screen.button('Submit').click()
    emails = {**HOSTS, 'indicator_types': ['EmailAddress']}
    files = {**FILES, 'owners': ['OSINT Community']}
    kept = [{**query, 'id': id_} for query, id_ in zip((HOSTS, files, URLS), ids, strict=True)]
    save_queries(*kept, emails)  # somebody else
    screen.button('Save').click()
    screen.button('Save and Run Delta Update').click()
    dialog = screen.dialog('This list was changed')
    expect(dialog).to_contain_text('3 queries differ')
    saved = dialog.get_by_role('region', name='Saved list').get_by_role('listitem')
    mine = dialog.get_by_role('region', name='Your list').get_by_role('listitem')
    for rows in (saved, mine):
        expect(rows.nth(0)).to_contain_text('TQL (differs)')
        expect(rows.nth(0)).not_to_contain_text('Owners (differs)')
        expect(rows.nth(1)).to_contain_text('Owners (differs)')
        expect(rows.nth(2)).not_to_contain_text('differs')
    expect(saved.nth(3)).to_contain_text('Only here')
    expect(saved.nth(3)).to_contain_text('Email Address')
    expect(mine).to_have_count(3)
    expect(page.get_by_text('Only here')).to_have_count(1)
    assert screen.complaints() == []


def test_refused_fields_are_named_at_their_row_and_in_the_window(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(HOSTS)
    screen.open('configure')
    screen.button('Edit').click()
    screen.button('Add').click()
    screen.fill_query(owners=('Demo Research',), types=('File',), tql='rating >= 2')
    screen.button('Submit').click()
    screen.button('Save').click()
    spoil_saved_tql(page)
    screen.button('Save and Run Full Update').click()
    expect(page.get_by_role('alert').first).to_be_visible()
    problem = screen.rows(TABLE).nth(2)
    expect(problem).to_contain_text('TQL: ')
    assert saved_tql(stand) == ['rating >= 1']
    page.get_by_role('button', name=re.compile('^Edit query 2')).click()
    expect(screen.tql).to_have_attribute('aria-invalid', 'true')
    screen.tql.fill('rating >= 2.5')
    screen.button('Submit').click()
    screen.button('Save').click()
    screen.button('Save and Run Full Update').click()
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    assert saved_tql(stand) == ['rating >= 1', 'rating >= 2.5']


def test_window_says_what_is_missing_before_anything_is_added(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(HOSTS)
    screen.open('configure')
    screen.button('Edit').click()
    screen.button('Add').click()
    screen.button('Submit').click()
    dialog = screen.dialog('Add TQL Configuration')
    expect(dialog.get_by_text('Choose at least one owner.')).to_be_visible()
    expect(dialog.get_by_text('Choose at least one type.')).to_be_visible()
    dialog.get_by_role('button', name='Cancel').click()
    expect(screen.rows(TABLE)).to_have_count(1)


def test_window_opens_without_threatconnect_and_keeps_what_the_row_holds(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(HOSTS)

    def refuse(route: Route) -> None:
        reply = {
            'title': 'ThreatConnect cannot be reached',
            'description': 'Check the network.',
            'code': 'TC-READ',
        }
        route.fulfill(status=503, json=reply)

    page.route('**/api/configure/options', refuse)
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Edit query 1')).click()
    dialog = screen.dialog('Edit TQL Configuration')
    expect(dialog.get_by_text('ThreatConnect cannot be reached')).to_be_visible()
    expect(dialog.get_by_text('Demo Organization').first).to_be_visible()
    page.unroute('**/api/configure/options')
    dialog.get_by_role('button', name='Try again').click()
    expect(dialog.get_by_text('ThreatConnect cannot be reached')).to_be_hidden()
    screen.choose('Owners to Query', 'Demo Research')


def test_long_list_keeps_save_in_reach_and_hides_no_focus(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(*({**HOSTS, 'tql': f'id > {number}'} for number in range(40)))
    screen.open('configure')
    screen.button('Edit').click()
    page.get_by_role('button', name=re.compile('^Edit query 40')).focus()
    expect(screen.button('Save')).to_be_in_viewport()
    expect(page.get_by_role('columnheader', name='TQL')).to_be_in_viewport(ratio=1)
    header = page.locator('[data-pinned]').bounding_box()
    assert header is not None
    heading = page.get_by_role('columnheader', name='TQL').bounding_box()
    assert heading is not None
    assert heading['y'] >= header['y'] + header['height'] - 1
    for _ in range(60):
        page.keyboard.press('Shift+Tab')
        box = page.locator(':focus').bounding_box()
        assert box is not None
        assert box['y'] >= heading['y'] + heading['height']


class TestDragging:
    def test_row_is_dragged_by_its_handle_to_another_place(
        self, page: Page, screen: Screen, stand: Stand, save_queries: Save
    ) -> None:
        save_queries(HOSTS, FILES, URLS)
        screen.open('configure')
        screen.button('Edit').click()
        handle = page.get_by_role('button', name='Drag query 3, OSINT Community')
        start = handle.bounding_box()
        target = screen.rows(TABLE).first.bounding_box()
        assert start is not None
        assert target is not None
        page.mouse.move(start['x'] + 8, start['y'] + 8)
        page.mouse.down()
        page.mouse.move(start['x'] + 8, start['y'] - 20, steps=4)
        page.mouse.move(start['x'] + 8, target['y'] + 4, steps=8)
        page.mouse.up()
        expect(screen.rows(TABLE).first).to_contain_text('OSINT Community')
        expect(page.get_by_text('Unsaved changes: order changed')).to_be_visible()
        page.wait_for_timeout(100)  # a click within 50 ms of a drop is taken for a part of it
        screen.button('Save').click()
        screen.button('Save and Run Delta Update').click()
        expect(page.get_by_text('Saved', exact=True)).to_be_visible()
        assert saved_tql(stand) == ['rating >= 3', 'rating >= 1', 'rating >= 2']

    def test_keyboard_picks_up_moves_and_drops_with_words_and_the_focus_kept(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        save_queries(HOSTS, FILES, URLS)
        screen.open('configure')
        screen.button('Edit').click()
        said = page.get_by_role('status').filter(has_text='query 1, Demo Organization')
        page.get_by_role('button', name='Drag query 1, Demo Organization').focus()
        page.keyboard.press('Space')
        expect(said).to_contain_text('is over place 1 of 3')
        screen.come_to_rest()
        page.keyboard.press('ArrowDown')
        expect(said).to_contain_text('is over place 2 of 3')
        assert screen.complaints() == []
        page.keyboard.press('Space')
        expect(screen.rows(TABLE).nth(1)).to_contain_text('Demo Organization')
        expect(page.get_by_role('button', name='Drag query 2, Demo Organization')).to_be_focused()

    def test_escape_restores_the_order(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        save_queries(HOSTS, FILES, URLS)
        screen.open('configure')
        screen.button('Edit').click()
        page.get_by_role('button', name='Drag query 1, Demo Organization').focus()
        page.keyboard.press('Space')
        expect(page.get_by_text('is over place 1 of 3')).to_be_attached()
        screen.come_to_rest()
        page.keyboard.press('ArrowDown')
        expect(page.get_by_text('is over place 2 of 3')).to_be_attached()
        page.keyboard.press('Escape')
        expect(page.get_by_text('was put back')).to_be_attached()
        expect(screen.rows(TABLE).first).to_contain_text('Demo Organization')
        expect(screen.button('Save')).to_be_disabled()

    def test_arrows_work_when_the_drag_script_does_not_load(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        page.route(FURTHER, lambda route: route.abort())
        save_queries(HOSTS, FILES)
        screen.open('configure')
        screen.button('Edit').click()
        page.get_by_role('button', name=re.compile('^Move up: query 2')).click()
        expect(screen.rows(TABLE).first).to_contain_text('Demo Research')
        expect(page.get_by_role('button', name=re.compile('^Drag query'))).to_have_count(0)

    def test_drag_script_disturbs_nothing_when_it_loads_late(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        held: list[Route] = []
        page.route(FURTHER, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        save_queries(HOSTS, FILES)
        screen.open('configure')
        screen.button('Edit').click()
        arrow = page.get_by_role('button', name=re.compile('^Move down: query 1'))
        arrow.focus()
        with page.expect_response(FURTHER):
            for route in held:
                route.continue_()
        screen.come_to_rest()
        expect(arrow).to_be_focused()
        expect(page.get_by_role('button', name=re.compile('^Drag query'))).to_have_count(0)
