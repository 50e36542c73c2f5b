"""The editor of TQL, its check and its test, as a person uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand

HOSTS = {'owners': ['Demo Organization'], 'indicator_types': ['Host'], 'tql': 'rating >= 1'}
ALL_HOSTS = {**HOSTS, 'tql': 'rating >= 0'}
TABLE = 'TQL queries'
CHECK = re.compile('/api/configure/check$')
PREVIEW = re.compile('/api/configure/preview$')


@pytest.fixture
def threatconnect_fault(stand: Stand) -> Iterator[Stand]:
    """Faults of ThreatConnect that a test switches on, and that end with it."""
    yield stand
    stand.threatconnect.faults.off()


def open_window(screen: Screen, save_queries: Save, *queries: dict[str, object]) -> Locator:
    """Open the window of the last query."""
    save_queries(*queries)
    screen.open('configure')
    screen.button('Edit').click()
    name = re.compile(f'^Edit query {len(queries)}')
    screen.page.get_by_role('button', name=name).click()
    expect(screen.tql).to_be_visible()
    return screen.dialog('Edit TQL Configuration')


def result(page: Page) -> Locator:
    return page.get_by_role('region', name='Test of this query')


class TestEditor:
    def test_fields_operators_and_values_are_proposed_in_turn(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        screen.tql.fill('')
        for typed, proposed in (
            ('ownern', 'ownerName'),
            ('in', 'IN is one of a list'),
            ('rese', 'Demo Research'),
        ):
            page.keyboard.type(typed)
            first = page.get_by_role('option').first
            expect(first).to_have_accessible_name(re.compile(f'^{proposed}'))
            expect(first).to_have_attribute('aria-selected', 'true')
            page.keyboard.press('Enter')
        expect(screen.tql).to_have_text('ownerName IN ("Demo Research")')

    def test_enter_right_after_a_key_takes_what_that_key_left(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        screen.tql.fill('')
        page.keyboard.type('c')
        expect(page.get_by_role('option').first).to_be_visible()
        for key in ('o', 'n', 'f', 'Enter'):
            page.keyboard.press(key)
        expect(screen.tql).to_have_text('confidence ')
        # The space that comes of habit is there already; the one after it is meant.
        page.keyboard.type(' >= 5')
        expect(screen.tql).to_have_text('confidence >= 5')

    def test_escape_closes_the_proposals_and_then_asks_for_the_window(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        dialog = open_window(screen, save_queries, HOSTS)
        screen.tql.press('Control+End')
        page.keyboard.type(' and conf')
        expect(page.get_by_role('option', name=re.compile('^confidence'))).to_be_visible()
        page.keyboard.press('Escape')
        expect(page.get_by_role('listbox')).to_be_hidden()
        expect(dialog).to_be_visible()
        page.keyboard.press('Escape')
        expect(screen.dialog('Discard changes to this query?')).to_be_visible()
        screen.button('Keep editing').click()
        expect(screen.tql).to_have_text('rating >= 1 and conf')

    def test_tab_leaves_the_field_and_comes_back(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        screen.tql.focus()
        page.keyboard.press('Tab')
        expect(page.get_by_label('Sort Field').first).to_be_focused()
        page.keyboard.press('Shift+Tab')
        expect(screen.tql).to_be_focused()
        expect(screen.tql).to_have_text('rating >= 1')

    def test_proposals_open_on_request_and_are_named_to_a_screen_reader(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        screen.tql.press('Control+End')
        page.keyboard.type(' ')
        page.keyboard.press('Control+Space')
        option = page.get_by_role('option', name=re.compile('^AND'))
        expect(option).to_have_attribute('aria-selected', 'true')
        chosen = screen.tql.get_attribute('aria-activedescendant')
        assert chosen is not None
        assert chosen == option.get_attribute('id')
        assert screen.complaints() == []

    def test_several_lines_are_kept_as_they_are(
        self, page: Page, screen: Screen, stand: Stand, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        text = 'rating >= 2\n  AND (confidence > 10\n    OR tag = "a (b")'
        screen.tql.fill(text)
        screen.button('Submit').click()
        screen.button('Save').click()
        screen.button('Save and Run Delta Update').click()
        expect(page.get_by_text('Saved', exact=True)).to_be_visible()
        assert stand.api('GET', 'api/configure').json()['queries'][0]['tql'] == text

    def test_plain_field_works_when_the_editor_does_not_load(
        self, page: Page, screen: Screen, stand: Stand, save_queries: Save
    ) -> None:
        page.route(re.compile('/assets/TqlEditor-'), lambda route: route.abort())
        save_queries(HOSTS)
        screen.open('configure')
        screen.button('Edit').click()
        page.get_by_role('button', name=re.compile('^Edit query 1')).click()
        field = page.get_by_role('textbox', name='TQL')
        expect(field).to_have_value('rating >= 1')
        field.fill('rating >= 4')
        screen.button('Submit').click()
        screen.button('Save').click()
        screen.button('Save and Run Delta Update').click()
        expect(page.get_by_text('Saved', exact=True)).to_be_visible()
        assert stand.api('GET', 'api/configure').json()['queries'][0]['tql'] == 'rating >= 4'

    def test_editor_loads_when_editing_begins_and_as_one_file(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        scripts: list[str] = []
        page.on(
            'request',
            lambda request: scripts.append(request.url) if request.url.endswith('.js') else None,
        )
        save_queries(HOSTS)
        screen.open('configure')
        expect(screen.rows(TABLE)).to_have_count(1)
        before = len(scripts)
        with page.expect_response(re.compile('/assets/TqlEditor-')):
            screen.button('Edit').click()
        page.get_by_role('button', name=re.compile('^Edit query 1')).click()
        expect(screen.tql).to_be_visible()
        assert len([url for url in scripts[before:] if 'TqlEditor' in url]) == 1

    def test_long_text_scrolls_within_the_field(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        names = ', '.join(f'"владелец {number} 威胁情报 مصدر"' for number in range(170))
        tql = f'rating >= 1 AND NOT ownerName IN ({names})'
        assert len(tql) > 4_000
        dialog = open_window(screen, save_queries, {**HOSTS, 'tql': tql})
        assert screen.tql.inner_text() == tql
        box = page.locator('.cm-editor').bounding_box()
        assert box is not None
        assert box['height'] < 400
        assert dialog.evaluate('node => node.scrollWidth <= node.clientWidth')
        assert screen.complaints() == []


class TestCheck:
    def test_refusal_of_threatconnect_is_shown_under_the_field(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        dialog = open_window(screen, save_queries, HOSTS)
        screen.tql.fill('rating >= 1 and ratng < 3')
        screen.button('Submit').click()
        message = 'Invalid TQL: unknown keyword "ratng" at character 17'
        expect(dialog.get_by_text(message)).to_be_visible()
        expect(screen.tql).to_be_focused()
        expect(screen.tql).to_have_attribute('aria-invalid', 'true')
        described = (screen.tql.get_attribute('aria-describedby') or '').split()
        assert message in [page.locator(f'[id="{name}"]').inner_text() for name in described]
        expect(page.locator('[data-mark=refused]')).to_have_text('ratng')
        expect(dialog.get_by_role('status')).to_have_text('Marked at line 1, character 17.')
        assert screen.complaints() == []
        screen.tql.fill('rating >= 1 and rating < 3')
        expect(dialog.get_by_text(message)).to_be_hidden()
        screen.button('Submit').click()
        expect(dialog).to_be_hidden()
        expect(screen.rows(TABLE)).to_contain_text('rating >= 1 and rating < 3')

    def test_invalid_tql_is_reported_without_a_request(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        asked: list[str] = []
        dialog = open_window(screen, save_queries, HOSTS)
        page.on('request', lambda call: asked.append(call.url) if CHECK.search(call.url) else None)
        screen.tql.fill('(rating >= 1')
        screen.button('Submit').click()
        expect(dialog.get_by_text('has a parenthesis that is never closed')).to_be_visible()
        expect(page.locator('[data-mark=fault]')).to_have_text('(')
        assert asked == []

    def test_unchanged_query_is_not_checked_again(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        asked: list[str] = []
        dialog = open_window(screen, save_queries, HOSTS)
        page.on('request', lambda call: asked.append(call.url) if CHECK.search(call.url) else None)
        screen.choose('Sort Field', 'Threat Rating')
        screen.button('Submit').click()
        expect(dialog).to_be_hidden()
        expect(screen.rows(TABLE)).to_contain_text('Threat Rating')
        assert asked == []

    def test_query_may_be_submitted_without_threatconnect(
        self, page: Page, screen: Screen, threatconnect_fault: Stand, save_queries: Save
    ) -> None:
        dialog = open_window(screen, save_queries, HOSTS)
        threatconnect_fault.threatconnect.faults.on('server_error', status=503)
        screen.tql.fill('rating >= 5')
        screen.button('Submit').click()
        notice = dialog.get_by_role('status').filter(has_text='could not validate this query')
        expect(notice).to_be_visible()
        assert screen.complaints() == []
        screen.button('Submit without validation').click()
        expect(dialog).to_be_hidden()
        expect(screen.rows(TABLE)).to_contain_text('rating >= 5')

    def test_slow_check_need_not_be_waited_for(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        dialog = open_window(screen, save_queries, HOSTS)
        held: list[Route] = []
        page.route(CHECK, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        screen.tql.fill('rating >= 5')
        screen.button('Submit').click()
        expect(dialog.get_by_text('Validating TQL...')).to_be_visible()
        expect(dialog.get_by_text('ThreatConnect is slow to respond')).to_be_visible()
        screen.button('Submit without validation').click()
        expect(dialog).to_be_hidden()
        expect(screen.rows(TABLE)).to_contain_text('rating >= 5')
        for route in held:
            route.abort()


class TestTest:
    def test_result_shows_counts_objects_higher_queries_and_time_and_stores_nothing(
        self, page: Page, screen: Screen, stand: Stand, save_queries: Save
    ) -> None:
        hosts_and_urls = {**ALL_HOSTS, 'indicator_types': ['Host', 'URL']}
        open_window(screen, save_queries, ALL_HOSTS, hosts_and_urls)
        before = stand.api('GET', 'api/configure').json()['version']
        screen.button('Test').click()
        table = screen.table('First Indicators')
        expect(table).to_be_visible()
        heading = result(page).get_by_role('heading', level=3)
        expect(heading).to_be_in_viewport(ratio=1)
        top = heading.bounding_box()
        title = page.get_by_role('heading', name='Edit TQL Configuration').bounding_box()
        assert top is not None
        assert title is not None
        assert top['y'] > title['y'] + title['height']
        counts = stand.api('POST', 'api/configure/preview', hosts_and_urls).json()
        words = f'{counts["total_count"]} Indicators match'
        expect(result(page)).to_contain_text(words)
        expect(result(page)).to_contain_text('Nothing was sent')
        expect(result(page)).to_contain_text(
            re.compile(r'\d+ of these (is|are) sent from higher queries \(query 1: \d+\)')
        )
        expect(result(page)).to_contain_text(re.compile(r'about \d+ s at the current API limit'))
        tallies = page.get_by_role('list', name='Indicators by type').get_by_role('listitem')
        assert [text.split('\n') for text in tallies.all_inner_texts()] == [
            [each['indicator_type'], str(each['count'])] for each in counts['counts']
        ]
        assert screen.complaints() == []

        page.get_by_role('button', name=re.compile('^Objects of')).first.click()
        expect(table).to_contain_text('valid STIX 2.1')
        expect(page.get_by_role('group', name=re.compile('^STIX object 1'))).to_contain_text(
            '"pattern_type": "stix"'
        )
        assert screen.complaints() == []
        assert stand.api('GET', 'api/configure').json()['version'] == before

    def test_result_says_where_the_draft_differs_from_the_saved_list(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        note = result(page).get_by_text('Based on the saved list')
        open_window(screen, save_queries, HOSTS, ALL_HOSTS)
        screen.button('Test').click()
        expect(screen.table('First Indicators')).to_be_visible()
        expect(note).to_be_hidden()
        screen.button('Cancel').click()
        page.get_by_role('button', name=re.compile('^Edit query 1')).click()
        screen.tql.fill('rating >= 5')
        screen.button('Submit').click()
        page.get_by_role('button', name=re.compile('^Edit query 2')).click()
        screen.button('Test').click()
        expect(screen.table('First Indicators')).to_be_visible()
        expect(note).to_be_visible()
        assert screen.complaints() == []

    def test_result_says_when_nothing_matches(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        screen.tql.fill('rating > 4 and rating < 3')
        screen.button('Test').click()
        expect(result(page)).to_contain_text('No Indicators match')
        assert screen.complaints() == []

    def test_later_change_marks_the_result_as_outdated(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        screen.button('Test').click()
        expect(screen.table('First Indicators')).to_be_visible()
        screen.tql.fill('rating >= 4')
        expect(result(page)).to_contain_text('The query has changed since')
        assert screen.complaints() == []
        screen.button('Test again').click()
        expect(result(page).get_by_text('The query has changed since')).to_be_hidden()
        expect(screen.table('First Indicators')).to_be_visible()

    def test_query_that_was_tested_is_not_checked_again(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        dialog = open_window(screen, save_queries, HOSTS)
        page.route(CHECK, lambda route: route.abort())
        screen.tql.fill('rating >= 3')
        screen.button('Test').click()
        expect(screen.table('First Indicators')).to_be_visible()
        screen.button('Submit').click()
        expect(dialog).to_be_hidden()

    def test_can_be_cancelled_while_threatconnect_is_slow(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        held: list[Route] = []
        page.route(PREVIEW, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
        screen.button('Test').click()
        expect(result(page)).to_contain_text('Querying ThreatConnect. Nothing is sent.')
        assert screen.complaints() == []
        expect(result(page)).to_contain_text('ThreatConnect is slow')
        gone: list[str] = []
        page.on('requestfailed', lambda request: gone.append(request.url))
        screen.button('Cancel test').click()
        expect(result(page)).to_be_hidden()
        expect(screen.button('Test')).to_be_enabled()
        assert len([url for url in gone if PREVIEW.search(url)]) == 1
        for route in held:
            route.abort()

    def test_failure_of_threatconnect_is_shown_and_can_be_retried(
        self, page: Page, screen: Screen, threatconnect_fault: Stand, save_queries: Save
    ) -> None:
        open_window(screen, save_queries, HOSTS)
        threatconnect_fault.threatconnect.faults.on('server_error', status=503)
        screen.button('Test').click()
        expect(result(page).get_by_role('alert')).to_contain_text('TC-READ')
        assert screen.complaints() == []
        threatconnect_fault.threatconnect.faults.off()
        result(page).get_by_role('button', name='Try again').click()
        expect(screen.table('First Indicators')).to_be_visible()

    def test_tql_that_is_refused_is_shown_at_the_field(
        self, page: Page, screen: Screen, save_queries: Save
    ) -> None:
        dialog = open_window(screen, save_queries, HOSTS)
        screen.tql.fill('ratng >= 3')
        screen.button('Test').click()
        expect(dialog.get_by_text('unknown keyword "ratng" at character 1')).to_be_visible()
        expect(result(page)).to_be_hidden()
