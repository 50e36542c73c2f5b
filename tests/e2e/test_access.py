"""Everybody can use the page: axe finds nothing, and the keyboard suffices."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.job import finished_job, give_jobs, make_job
from tests.e2e.screen import Screen
from tests.e2e.test_configure import spoil_saved_tql
from tests.simulators.stand import Stand

RULES = ['button-name', 'color-contrast']
QUERIES = (
    {'owners': ['Demo Organization'], 'indicator_types': ['Host', 'URL'], 'tql': 'rating >= 0'},
    {
        'owners': ['Demo Research', 'OSINT Community'],
        'indicator_types': ['File'],
        'tql': 'confidence > 1',
        'sort_field': 'rating',
        'sort_direction': 'desc',
    },
)


FAULTS = """(place) => {
  const found = document.querySelector(place);
  found.insertAdjacentHTML('beforeend', '<button class="nameless"></button>');
  found.insertAdjacentHTML(
    'beforeend',
    '<p style="color-scheme: light dark; background: Canvas; color: #222">pale in the dark</p>',
  );
}"""
"""Adds a button without a name, and text that is too pale in the dark alone."""


def test_faults_are_found_on_the_page_and_in_a_window_in_the_light_and_in_the_dark(
    page: Page, screen: Screen
) -> None:
    screen.open()
    page.evaluate(FAULTS, 'main')
    assert [text.partition(':')[0] for text in screen.complaints()] == RULES
    page.reload()
    screen.button('About this Service').click()
    expect(screen.dialog('About this Service')).to_be_visible()
    page.evaluate(FAULTS, '[role=dialog]')
    assert [text.partition(':')[0] for text in screen.complaints()] == RULES


class TestAxe:
    def test_empty_configure(self, screen: Screen, save_queries: Save) -> None:
        save_queries()
        screen.open('configure')
        expect(screen.button('Add the first query')).to_be_visible()
        assert screen.complaints() == []

    def test_configure_and_its_windows(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        save_queries(*QUERIES)
        screen.open('configure')
        expect(screen.rows('TQL queries')).to_have_count(2)
        assert screen.complaints() == []

        screen.button('Edit').click()
        assert screen.complaints() == []

        screen.button('Add').click()
        screen.button('Submit').click()
        expect(page.get_by_text('Choose at least one owner.')).to_be_visible()
        assert screen.complaints() == []

        page.get_by_label('Owners to Query').first.click()
        expect(page.get_by_role('option').first).to_be_visible()
        assert screen.complaints() == []
        page.keyboard.press('Tab')
        screen.fill_query(owners=('Demo Research',), types=('CIDR',), tql='rating > 2')
        assert screen.complaints() == []

        screen.button('Submit').click()
        screen.button('Save').click()
        expect(screen.dialog('Save Changes')).to_be_visible()
        assert screen.complaints() == []

        spoil_saved_tql(page)
        screen.button('Save and Run Full Update').click()
        expect(page.get_by_role('alert').first).to_be_visible()
        expect(screen.dialog('Save Changes')).to_be_hidden()
        assert screen.complaints() == []

        page.get_by_role('link', name='JOBS').click()
        expect(screen.dialog('Discard unsaved changes?')).to_be_visible()
        assert screen.complaints() == []

    def test_conflict_of_two_editors(self, page: Page, screen: Screen, save_queries: Save) -> None:
        save_queries(*QUERIES)
        screen.open('configure')
        screen.button('Edit').click()
        page.get_by_role('button', name=re.compile('^Delete query 1')).click()
        save_queries(*QUERIES)
        screen.button('Save').click()
        screen.button('Save and Run Delta Update').click()
        expect(screen.dialog('This list was changed')).to_be_visible()
        assert screen.complaints() == []

    def test_jobs_and_their_details(
        self, page: Page, screen: Screen, stand: Stand, save_queries: Save
    ) -> None:
        save_queries(*QUERIES)
        queued = stand.api('POST', 'api/job/request', {'mode': 'full'})
        assert queued.status_code == 202
        screen.open(f'jobs?update_id={queued.json()["update_id"]}')
        expect(screen.updates).to_contain_text('ad-hoc')
        expect(screen.rows('Jobs').first).to_be_visible()
        assert screen.complaints() == []

        page.get_by_role('button', name=re.compile('^Details of')).first.click()
        expect(page.get_by_role('complementary', name='Request Details')).to_be_visible()
        assert screen.complaints() == []
        page.keyboard.press('Escape')

        screen.button('Columns').click()
        expect(page.get_by_role('menu')).to_be_visible()
        assert screen.complaints() == []
        page.keyboard.press('Escape')

        screen.button('Add Request').click()
        expect(page.get_by_label('Modified after')).to_be_visible()
        assert screen.complaints() == []

    def test_job_actions_and_their_dialogs(self, page: Page, screen: Screen) -> None:
        give_jobs(
            page,
            [
                make_job('a' * 36, status='Pending'),
                make_job('b' * 36, status='Failed', failure_code='NET', failure_reason='No route.'),
                make_job('c' * 36, count_held_back=240, warnings=['Too many.']),
                make_job(
                    'd' * 36,
                    status='Upload In Progress',
                    date_started='2026-03-09T16:00:00Z',
                    date_upload_start='2026-03-09T16:00:00Z',
                    date_convert_complete='2026-03-09T16:00:00Z',
                    date_download_complete='2026-03-09T16:00:00Z',
                    count_read=1_000,
                    count_sent=100,
                    waiting_seconds=41,
                ),
            ],
        )
        screen.open(f'jobs?open={"d" * 36}')
        expect(screen.rows('Jobs')).to_have_count(4)
        expect(page.get_by_role('complementary')).to_contain_text('resumes in 41 s')
        assert screen.complaints() == []
        page.get_by_role('complementary').get_by_role('button', name='Close').click()
        for name, title in (
            ('Cancel', 'Cancel this request?'),
            ('Retry', 'Retry this request?'),
            ('Withdraw 240 objects', 'Withdraw 240 objects?'),
        ):
            screen.rows('Jobs').get_by_role('button', name=name).click()
            expect(screen.dialog(title)).to_be_visible()
            assert screen.complaints() == []
            page.keyboard.press('Escape')
            expect(screen.dialog(title)).to_be_hidden()

        screen.button('Download').click()
        expect(page.get_by_role('menuitem', name='CSV')).to_be_visible()
        assert screen.complaints() == []

    def test_tasks_and_their_dialogs(self, page: Page, screen: Screen) -> None:
        def alter(route: Route) -> None:
            reply = route.fetch()
            body = reply.json()
            states = ('running', 'finishing', 'paused', 'idle', 'running')
            for task, state in zip(body['data'], (*states, 'idle', 'idle', 'idle'), strict=True):
                task.update(state=state, heartbeat_age=700, request_ids=['e' * 36])
                task.update(date_paused='2026-03-09T16:00:00Z', paused_by='Ann')
            route.fulfill(response=reply, json=body)

        page.route(re.compile(r'/api/task$'), alter)
        screen.open('tasks')
        expect(page.get_by_role('article')).to_have_count(8)
        assert screen.complaints() == []
        for name in ('Kill Download', 'Pause Download', 'Resume Convert', 'Run Schedule Updates'):
            screen.button(name).click()
            expect(screen.dialog(f'{name}?')).to_be_visible()
            assert screen.complaints() == []
            page.keyboard.press('Escape')
            expect(screen.dialog(f'{name}?')).to_be_hidden()

    def test_indicators_behind_an_error(self, page: Page, screen: Screen) -> None:
        indicator = {'id': '1', 'type': 'Host', 'summary': 'a.example', 'owner': 'Demo'}
        indicator['web_link'] = 'https://tc.example.test/1'
        entry = {'id': '9', 'request_id': 'f' * 36, 'code': 'AZ-ITEM', 'message': 'Refused.'}
        entry |= {'reason': 'Bad …', 'date_added': '2026-03-09T16:05:06Z'}
        group = {**entry, 'query': None, 'count': 30, 'date_first': entry['date_added']}

        def give(route: Route) -> None:
            is_single = '/entry' in route.request.url
            given = {**group, 'indicators': [indicator]}
            if is_single:
                given = {**entry, 'reason': 'Bad a.example', 'indicator': indicator}
            facts = {'count': 1, 'next': None, 'previous': None, 'total_count': 30}
            route.fulfill(json={**facts, 'data': [given]})

        page.route(re.compile('/api/report/error'), give)
        screen.open('reports/errors?open=9&code=AZ-ITEM&after=2026-03-01T00:00:00Z')
        expect(screen.rows('Indicators with the error AZ-ITEM')).to_contain_text('Bad a.example')
        assert screen.complaints() == []

    def test_dashboard_its_chart_and_the_check(
        self, page: Page, screen: Screen, stand: Stand, save_queries: Save
    ) -> None:
        save_queries(*QUERIES)
        finished_job(stand)

        def run(route: Route) -> None:
            reply = route.fetch()
            body = reply.json()
            running = {**body['last_update'], 'expected': 100_000}
            limit = {
                'requests_per_minute': 100,
                'used': 90,
                'used_by_checks': 0,
                'waiting_seconds': 12,
                'asked_wait': None,
            }
            backlog = {'updates': 1, 'indicators': 2, 'objects': 3, 'seconds': 60}
            problem = {
                'code': 'part-failing',
                'severity': 'error',
                'title': 'Not working: Upload (RUN-DISK)',
                'detail': 'The disk is full.',
                'remedy': 'Free disk space.',
                'reason': 'No space left on device',
                'since': '2026-03-09T16:05:06Z',
                'link': {'screen': 'tasks', 'params': {}},
            }
            health = {'status': 'degraded', 'conditions': [problem]}
            body |= {'health': health, 'running': running, 'limit': limit, 'backlog': backlog}
            route.fulfill(response=reply, json=body)

        page.route(re.compile('/api/metric/summary'), run)
        screen.open('dashboard')
        page.get_by_role('slider').focus()
        expect(page.locator('[data-chart-tip]')).to_be_visible()
        assert screen.complaints() == []

        screen.button('As a table').click()
        stand.sentinel.faults.add('forbidden-403')
        try:
            screen.button('Run check').click()
            expect(page.get_by_role('list', name='Results of the check')).to_be_visible()
        finally:
            stand.sentinel.faults.clear()
            stand.api('POST', 'api/health/check', {})
        assert screen.complaints() == []

    def test_lookup_of_what_is_sent_and_of_what_is_refused(
        self, page: Page, screen: Screen
    ) -> None:
        indicator = {'id': '1', 'type': 'File', 'summary': 'AB', 'owner': 'كيان', 'web_link': None}
        moments = {
            'first_sent': '2026-03-09T16:05:06Z', 'date_sent': '2026-03-09T16:05:06Z',
            'valid_until': '2026-04-09T16:05:06Z',
        }  # fmt: skip
        sent = {
            **indicator, **moments, 'hash_kind': 'MD5', 'state': 'live', 'query_id': 'q',
            'position': 0, 'request_id': 'a' * 36, 'generation': 1, 'stix_id': 'indicator--1',
            'sentinel_id': 'x---indicator--1', 'kql': 'ThreatIntelIndicators',
            'portal_link': 'https://security.microsoft.com/v2/advanced-hunting?query=x',
            'stix': {'object': {'id': 1}, 'is_valid': True, 'verdict': 'valid STIX 2.1'},
        }  # fmt: skip
        error = {'request_id': 'a' * 36, 'date_added': '2026-03-09T16:05:06Z'}
        refused = {
            'object_key': 'File|SHA-1|CD', 'indicator_id': '1', 'query_id': 'q', 'position': 0,
            'attempts': 2, 'error': {**error, 'code': 'AZ-ITEM', 'reason': 'Bad …'},
        }  # fmt: skip
        fates = ('chosen', 'duplicate', 'invalid')
        copies = [
            {**indicator, 'id': fate, 'fate': fate, 'reason': 'So it is.', 'positions': [0, 2]}
            for fate in fates
        ]
        near = {
            'relation': 'block', 'type': 'CIDR', 'value': '95.46.98.0/24', 'owner': 'كيان',
            'query_id': 'q', 'position': 0, 'first_sent': None,
            'last_sent': '2026-03-09T16:05:06Z', 'valid_until': '2026-04-09T16:05:06Z',
        }  # fmt: skip
        row = {
            'given': 'a[b', 'times': 1, 'value': 'ab', 'shown': None, 'types': ['File'],
            'verdict': 'in-sentinel', 'why': '1 active object. Sentinel refused 1 more.',
            'objects': 1, 'owner': 'كيان', 'query_id': 'q', 'position': 0, 'near': near,
            'first_sent': None, 'last_sent': None, 'valid_until': None,
        }  # fmt: skip
        found = {'row': row, 'near': [near], 'sent': [sent], 'refused': [refused]}
        found['copies'] = copies
        named = {'label': 'عنوان', 'label_scope': None}
        found['queries'] = [{'query_id': 'q', 'position': 0, **named, 'is_enabled': False}]
        found['source_error'] = 'No answer.'
        found['matches'] = {'count': 0, 'alerts': []}
        found['actors'] = []
        screen.open('reports/lookup')
        assert screen.complaints() == []
        page.route(re.compile('/api/indicator/detail$'), lambda route: route.fulfill(json=found))
        screen.open('reports/lookup?value=ab')
        expect(page.get_by_role('group', name='Sent: File, MD5 hash')).to_be_visible()
        assert screen.complaints() == []

    def test_audit_with_what_was_changed(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        save_queries(*QUERIES)
        save_queries(QUERIES[0] | {'tql': 'rating > 4'})
        screen.open('reports/audit')
        screen.rows('Audit').first.get_by_role('button', name=re.compile('^Changes of')).click()
        expect(screen.rows(re.compile('^Changes of')).first).to_be_visible()
        assert screen.complaints() == []

    def test_errors_and_what_floats(self, page: Page, screen: Screen) -> None:
        screen.open('reports/errors')
        expect(page.get_by_role('table')).to_have_attribute('aria-busy', 'false')
        assert screen.complaints() == []

        screen.button('REPORTS').click()
        expect(page.get_by_role('menuitem', name='ERRORS')).to_be_visible()
        assert screen.complaints() == []
        page.keyboard.press('Escape')

        screen.button('About this Service').click()
        expect(screen.dialog('About this Service').get_by_text('Version')).to_be_visible()
        assert screen.complaints() == []

    def test_failing_and_stale_states(self, page: Page, screen: Screen, save_queries: Save) -> None:
        save_queries(*QUERIES)
        screen.open('configure')
        expect(screen.rows('TQL queries')).to_have_count(2)
        page.route(re.compile('/api/'), lambda route: route.abort())
        screen.button('Refresh now').click()
        expect(page.get_by_text('No connection to the Service')).to_be_visible()
        screen.button('Run delta update now').click()
        expect(page.get_by_text('No connection to the Service')).to_have_count(2)
        assert screen.complaints() == []
        page.get_by_role('link', name='JOBS').click()
        expect(page.get_by_role('alert')).to_be_visible()
        assert screen.complaints() == []


def test_query_is_added_and_saved_with_the_keyboard_alone(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries()
    screen.open('configure')
    keys = page.keyboard
    screen.button('Add the first query').focus()
    keys.press('Enter')
    expect(page.get_by_label('Owners to Query').first).to_be_focused()
    keys.press('ArrowDown')
    expect(page.get_by_role('option').first).to_be_visible()  # ThreatConnect has answered
    keys.press('ArrowDown')
    keys.press('Enter')
    keys.press('Escape')  # closes the list, not the window
    expect(screen.dialog('Add TQL Configuration')).to_be_visible()
    keys.press('Tab')
    expect(screen.button('Select all types')).to_be_focused()
    keys.press('Tab')
    keys.press('Tab')
    expect(page.get_by_label('Indicator Types to Retrieve').first).to_be_focused()
    keys.type('url')
    keys.press('ArrowDown')
    keys.press('Enter')
    keys.press('Tab')
    expect(screen.tql).to_be_focused()
    keys.type('rat')
    expect(page.get_by_role('option', name='rating')).to_be_visible()
    keys.press('Enter')
    expect(page.get_by_role('option', name='>=')).to_be_visible()
    keys.press('Enter')
    keys.type('4')
    expect(screen.tql).to_have_text('rating >= 4')
    for _ in range(8):
        keys.press('Tab')
        if screen.button('Submit').evaluate('node => node === document.activeElement'):
            break
    keys.press('Enter')
    expect(screen.rows('TQL queries')).to_contain_text('rating >= 4')
    screen.button('Save').focus()
    keys.press('Enter')
    screen.button('Save and Run Delta Update').focus()
    keys.press('Enter')
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    queries = stand.api('GET', 'api/configure').json()['queries']
    assert [query['indicator_types'] for query in queries] == [['URL']]
    assert [len(query['owners']) for query in queries] == [1]


def test_first_stop_of_the_keyboard_skips_to_the_content(page: Page, screen: Screen) -> None:
    screen.open('jobs')
    page.keyboard.press('Tab')
    skip = page.get_by_role('link', name='Skip to the content')
    expect(skip).to_be_focused()
    page.keyboard.press('Enter')
    expect(screen.heading).to_be_focused()
    assert page.url.endswith('#/jobs')
