"""How the page loads, and what belongs to all of its screens."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.e2e.conftest import Save
from tests.e2e.job import give_jobs, make_job
from tests.e2e.screen import Screen

QUERY = {'owners': ['Demo Organization'], 'indicator_types': ['Host'], 'tql': 'rating >= 0'}
SCREENS = {
    'dashboard': 'DASHBOARD',
    'configure': 'CONFIGURE',
    'jobs': 'JOBS',
    'tasks': 'TASKS',
    'reports/errors': 'ERRORS',
    'reports/lookup': 'INDICATOR LOOKUP',
    'reports/audit': 'AUDIT',
}


@pytest.mark.usefixtures('_nobody_there')
def test_first_view_takes_at_most_four_files_and_nothing_from_another_host(
    page: Page, screen: Screen
) -> None:
    asked: list[str] = []
    page.on('request', lambda request: asked.append(request.url))
    screen.open('configure')
    # What comes once the view is there is none of it, as the question for the health is.
    expect(page.get_by_role('table')).to_have_attribute('aria-busy', 'false')
    remote = [url for url in asked if not url.startswith((screen.url, 'data:'))]
    files = [url for url in asked if '/api/' not in url.removeprefix(screen.url)]
    assert remote == []
    assert len([url for url in files if not url.startswith('data:')]) <= 4
    assert len([url for url in asked if not url.startswith('data:')]) <= 4


@pytest.mark.usefixtures('_nobody_there')
def test_page_is_revalidated_and_its_assets_are_kept(page: Page, screen: Screen) -> None:
    replies = {}
    page.on('response', lambda reply: replies.update({reply.url: reply}))
    screen.open()
    assert replies[screen.url].header_value('cache-control') == 'no-cache'
    policy = replies[screen.url].header_value('content-security-policy') or ''
    assert "script-src 'self'" in policy
    assert 'unsafe-inline' not in policy.partition('script-src')[2].partition(';')[0]
    assets = [reply for url, reply in replies.items() if '/assets/' in url]
    assert len(assets) == 2
    for reply in assets:
        assert 'immutable' in (reply.header_value('cache-control') or '')


def test_missing_slash_is_repaired_and_the_screen_kept(page: Page, screen: Screen) -> None:
    page.goto(f'{screen.url.removesuffix("/")}#/jobs?status=failed')
    expect(screen.heading).to_have_text('JOBS')
    assert page.url == f'{screen.url}#/jobs?status=failed'


def test_reload_of_a_deep_link_comes_back_to_the_same_screen(page: Page, screen: Screen) -> None:
    screen.open('reports/errors?request_id=abc')
    page.reload()
    expect(screen.heading).to_have_text('ERRORS')
    expect(page.get_by_label('Request ID', exact=True)).to_have_value('abc')


def test_navigation_marks_the_current_screen(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(QUERY)
    screen.open()
    expect(screen.heading).to_have_text('DASHBOARD')
    navigation = page.get_by_role('navigation', name='Screens')
    expect(navigation.locator('[aria-current=page]')).to_have_text('DASHBOARD')
    navigation.get_by_role('link', name='JOBS').click()
    expect(screen.heading).to_have_text('JOBS')
    expect(screen.heading).to_be_focused()
    # A badge may follow: others may have left something that is open.
    expect(navigation.locator('[aria-current=page]')).to_contain_text('JOBS')
    navigation.get_by_role('button', name='REPORTS').click()
    page.get_by_role('menuitem', name='ERRORS').click()
    expect(screen.heading).to_have_text('ERRORS')
    assert page.title() == 'Errors | Microsoft Sentinel'
    page.go_back()
    expect(screen.heading).to_have_text('JOBS')


def test_unknown_address_offers_the_dashboard(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(QUERY)
    screen.open('elsewhere')
    page.get_by_role('link', name='Go to the dashboard').click()
    expect(screen.heading).to_have_text('DASHBOARD')


def test_address_under_the_service_leads_to_its_screen_or_to_the_dashboard(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(QUERY)
    page.goto(f'{screen.url}ui/jobs?status=failed')
    expect(screen.heading).to_have_text('JOBS')
    assert page.url == f'{screen.url}#/jobs?status=failed'
    page.goto(f'{screen.url}ui/no/such')
    expect(screen.heading).to_have_text('Page not found')
    assert screen.complaints() == []
    page.get_by_role('link', name='Go to the dashboard').click()
    expect(screen.heading).to_have_text('DASHBOARD')


def test_screens_come_back_after_a_reload_with_and_without_the_slash(
    page: Page, screen: Screen
) -> None:
    for path, name in SCREENS.items():
        page.goto('about:blank')
        page.goto(f'{screen.url.removesuffix("/")}#/{path}')
        expect(screen.heading).to_have_text(name)
        assert page.url == f'{screen.url}#/{path}'  # what is loaded anew has the slash
        page.reload()
        expect(screen.heading).to_have_text(name)


def test_screen_that_cannot_be_loaded_says_what_to_do(
    context: BrowserContext, page: Page, screen: Screen
) -> None:
    further = re.compile(r'/assets/further-')
    context.route(further, lambda route: route.abort())
    page.goto(f'{screen.url}#/jobs')
    expect(page.get_by_role('alert')).to_contain_text('This screen could not be loaded')
    context.unroute(further)
    screen.button('Load the page again').click()
    expect(screen.heading).to_have_text('JOBS')


def test_colors_follow_the_system_until_chosen(
    context: BrowserContext, page: Page, screen: Screen
) -> None:
    page.emulate_media(color_scheme='dark')
    screen.open()
    html = page.locator('html')
    expect(html).to_have_attribute('data-mantine-color-scheme', 'dark')
    screen.button('Color scheme').click()
    page.get_by_role('menuitemradio', name='Light').click()
    expect(html).to_have_attribute('data-mantine-color-scheme', 'light')
    page.reload()
    expect(html).to_have_attribute('data-mantine-color-scheme', 'light')


def test_about_shows_the_service_and_no_secret(page: Page, screen: Screen) -> None:
    screen.open()
    screen.button('About this Service').click()
    dialog = screen.dialog('About this Service')
    expect(dialog.get_by_text('StandIn', exact=True)).to_be_visible()
    expect(dialog.get_by_text(re.compile('ends in [0-9a-f]{4}$'))).to_be_visible()
    page.keyboard.press('Escape')
    expect(dialog).to_be_hidden()
    expect(screen.button('About this Service')).to_be_focused()


def test_explanation_opens_in_a_window_and_closes_alone(page: Page, screen: Screen) -> None:
    screen.open()
    screen.button('About this Service').click()
    about = screen.dialog('About this Service')
    about.get_by_role('button', name='Help: Input').press('Enter')
    explanation = screen.dialog('Input')
    expect(explanation).to_be_focused()
    expect(explanation).to_contain_text('Hours between two scheduled delta updates.')
    assert screen.complaints() == []
    page.keyboard.press('Escape')
    expect(explanation).to_be_hidden()
    expect(about.get_by_role('button', name='Help: Input')).to_be_focused()
    expect(about).to_be_visible()


def test_about_links_to_the_licenses_of_the_pages_components(
    context: BrowserContext, page: Page, screen: Screen
) -> None:
    screen.open()
    screen.button('About this Service').click()
    with context.expect_page() as opened:
        page.get_by_role('link', name='Open-source licenses').click()
    text = opened.value.locator('body').inner_text()
    for name in ('react', 'react-dom', '@mantine/core', '@tanstack/react-query'):
        assert re.search(rf'^## {name} - [0-9.]+ \(MIT\)$', text, re.MULTILINE), name
    assert 'Copyright (c) Meta Platforms' in text


def test_screens_fit_narrow_windows_and_zoom_without_horizontal_scrolling(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(
        {**QUERY, 'owners': ['Demo Organization', 'Demo Research', 'OSINT Community']},
        {**QUERY, 'tql': 'summary contains "' + 'x' * 3_000 + '"'},
    )
    menu = page.get_by_role('button', name='Menu', exact=True)
    # 640 px are a window of 1280 px at 200 %, 320 px the same at 400 %.
    sizes = ((1024, 768), (640, 450), (320, 256))
    for path in SCREENS:
        screen.open(path)
        for width, height in sizes:
            page.set_viewport_size({'width': width, 'height': height})
            page.wait_for_load_state('networkidle')
            screen.come_to_rest()
            assert _width(page) <= width, (path, width)
            expect(menu).to_be_visible(visible=width < 1024)
        assert screen.complaints() == [], path

    for width, height in sizes[1:]:
        page.set_viewport_size({'width': width, 'height': height})
        screen.open()
        menu.click()
        page.get_by_role('menuitem', name='CONFIGURE').click()
        expect(screen.heading).to_have_text('CONFIGURE')
        screen.button('Edit').click()
        page.get_by_role('button', name='Edit query 1').first.click()
        window = screen.dialog('Edit TQL Configuration')
        field = window.get_by_label('Sort Field').first
        field.focus()
        expect(field).to_be_in_viewport()
        box = window.bounding_box()
        assert box is not None
        # What does not belong to the fields takes no more than the edge.
        assert box['height'] >= height - 40
        assert _width(page) <= width, width
        assert screen.complaints() == []
        page.keyboard.press('Escape')
        screen.button('About this Service').click()
        expect(
            screen.dialog('About this Service').get_by_text('StandIn', exact=True)
        ).to_be_visible()
        assert _width(page) <= width, width
        page.keyboard.press('Escape')


def _width(page: Page) -> int:
    """How wide what is shown is, in px; more than the window scrolls sideways."""
    width: int = page.evaluate('document.documentElement.scrollWidth')
    return width


def test_message_leads_on_and_goes_when_dismissed(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    save_queries(QUERY)
    screen.open('configure')
    screen.button('Run delta update now').click()
    message = page.get_by_role('status', name='Messages')
    expect(message).to_contain_text('Delta update requested')
    message.get_by_role('link', name='View in JOBS').press('Enter')
    expect(screen.heading).to_have_text('JOBS')
    expect(message).to_be_empty()


def test_messages_cover_neither_the_details_nor_the_last_rows(page: Page, screen: Screen) -> None:
    give_jobs(page, [make_job(f'{n:036}') for n in range(20)])
    for width in (1280, 640):
        page.set_viewport_size({'width': width, 'height': 600})
        screen.open(f'jobs?query_id=q&open={0:036}')
        details = page.get_by_role('complementary')
        expect(details).to_be_visible()
        screen.button('Download').press('Enter')
        page.get_by_role('menuitem', name='CSV').press('Enter')
        message = page.get_by_role('status', name='Messages').get_by_role('note')
        expect(message).to_contain_text('Downloaded')
        assert not _overlap(message, details), width
        details.get_by_role('button', name='Close').click()
        page.evaluate('window.scrollTo(0, document.documentElement.scrollHeight)')
        assert not _overlap(message, screen.rows('Jobs').last), width
        message.get_by_role('button', name='Dismiss').click()


def _overlap(one: Locator, other: Locator) -> bool:
    """Whether one element covers a part of the other."""
    a, b = one.bounding_box(), other.bounding_box()
    assert a is not None
    assert b is not None
    across = a['x'] < b['x'] + b['width'] and b['x'] < a['x'] + a['width']
    return across and a['y'] < b['y'] + b['height'] and b['y'] < a['y'] + a['height']


def test_owners_with_hebrew_names_do_not_reverse_other_text(
    page: Page, screen: Screen, save_queries: Save
) -> None:
    # A number behind a Hebrew word is read as a part of it, unless each name stands alone.
    owners = ['מודיעין', '3rd Party', 'Financial']
    saved = ['Demo Organization', 'Demo Research', 'OSINT Community']
    save_queries({**QUERY, 'owners': saved, 'tql': ''})

    def rename(route: Route) -> None:
        reply = route.fetch()
        body = reply.text()
        for name, other in zip(saved, owners, strict=True):
            body = body.replace(name, other)
        route.fulfill(response=reply, body=body)

    page.route(re.compile('/api/metric/summary'), rename)
    screen.open('dashboard')
    name = screen.rows('In Sentinel by TQL query').first.get_by_role('rowheader')
    expect(name).to_contain_text(f'All Host Indicators in {", ".join(owners)}')
    expect(name.locator('bdi')).to_have_text(owners)
    name.get_by_text('All Host Indicators in').hover()
    tip = page.get_by_role('tooltip')
    expect(tip).to_have_text(f'{", ".join(owners)}: Host')
    expect(tip.locator('bdi')).to_have_text(owners)

    query = {**make_job('x')['query'], 'owners': owners}
    jobs = [
        make_job('a' * 36, update_id='u1', query={**query, 'tql': ''}),
        make_job('b' * 36, update_id='u2', query=query),
    ]
    give_jobs(page, jobs)
    screen.open(f'jobs?query_id=q&open={"a" * 36}')
    # What the query is called where it has no name: the line of the update, and that of the Job.
    expect(screen.updates.first).to_contain_text(f'All Host Indicators in {", ".join(owners)}')
    expect(screen.updates.first.locator('bdi')).to_have_text(owners)
    rows = screen.rows('Jobs')
    of_query = rows.first.get_by_role('cell').filter(has_text='All Host Indicators in')
    expect(of_query.locator('bdi')).to_have_text(owners)
    # TQL is a name as well, with the owners below it.
    of_query = rows.last.get_by_role('cell').filter(has_text='rating > 1')
    expect(of_query.locator('bdi')).to_have_text(['rating > 1', *owners])
    facts = page.get_by_role('complementary').locator('dl > div')
    expect(facts.filter(has_text='Owners').locator('bdi')).to_have_text(owners)


def test_times_are_those_of_the_chosen_zone_on_every_screen(page: Page, screen: Screen) -> None:
    give_jobs(page, [make_job('a' * 36, date_queued='2026-03-08T07:00:00Z')])
    screen.open('jobs?open=' + 'a' * 36)
    queued = page.get_by_role('complementary').locator('time').first
    expect(queued).to_have_text('2026-03-08 03:00:00 AM')
    zone = page.get_by_text(re.compile('^Times in '))
    expect(zone).to_have_text(re.compile(r'^Times in America/New_York \(UTC-[45]\)$'))

    screen.button('Time zone').click()
    page.get_by_role('menuitemradio', name='UTC', exact=True).click()
    expect(queued).to_have_text('2026-03-08 07:00:00')
    expect(zone).to_have_text('Times in UTC')
    queued.hover()
    expect(page.get_by_role('tooltip')).to_have_text('2026-03-08 03:00:00 AM UTC-4')

    # What is typed is of the same zone, and the choice is kept.
    screen.open('reports/errors')
    screen.choose('Time', 'Custom range')
    start = page.get_by_label('From', exact=True)
    expect(start).to_have_accessible_description('UTC')
    start.fill('2026-03-08T02:30:05')
    expect(page).to_have_url(re.compile('after=2026-03-08T02(:|%3A)30(:|%3A)05Z'))
    page.reload()
    expect(start).to_have_value('2026-03-08T02:30:05')
    expect(zone).to_have_text('Times in UTC')
    screen.open('reports/lookup')
    expect(zone).to_have_text('Times in UTC')
