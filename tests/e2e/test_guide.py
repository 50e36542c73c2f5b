"""The guide: pages of the App that the screens, the codes and About lead to."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.job import give_jobs, make_job
from tests.e2e.screen import Screen

PAGES = (
    'Installing',
    'Operating',
    'Troubleshooting',
    'Mapping',
    'Glossary',
    'Security',
    'Assumptions',
)
JOB = 'b' * 36


def opened_by(context: BrowserContext, link: Locator) -> Page:
    """The tab that a link opens, by the keyboard."""
    with context.expect_page() as opened:
        link.press('Enter')
    opened.value.wait_for_load_state()
    return opened.value


def focused(page: Page) -> Locator:
    return page.locator(':focus')


def test_guide_is_found_from_about_from_a_screen_and_from_a_code(
    context: BrowserContext, page: Page, screen: Screen
) -> None:
    screen.open('audit')
    screen.button('About this Service').press('Enter')
    about = screen.dialog('About this Service')
    for name in PAGES:
        expect(about.get_by_role('link', name=name, exact=True)).to_be_visible()
    assert screen.complaints() == []
    guide = opened_by(context, about.get_by_role('link', name='Operating', exact=True))
    expect(guide).to_have_title('Operating | Microsoft Sentinel')
    page.keyboard.press('Escape')
    expect(about).to_be_hidden()

    give_jobs(page, [make_job(JOB, status='Failed', failure_code='NET', failure_reason='No.')])
    screen.open(f'jobs?open={JOB}')
    link = page.get_by_role('link', name='Guide to JOBS')
    page.get_by_role('heading', level=1).focus()
    page.keyboard.press('Tab')
    expect(link).to_be_focused()
    part = opened_by(context, link)
    assert part.url == f'{screen.url}help/operations.html#jobs'
    expect(part.get_by_role('heading', name='JOBS', exact=True)).to_be_in_viewport()

    code = page.get_by_role('complementary').get_by_role('link', name='NET')
    row = opened_by(context, code)
    assert row.url == f'{screen.url}help/troubleshooting.html#NET'
    expect(row.locator('tr:target')).to_contain_text('NET')
    expect(row.locator('tr:target')).to_be_in_viewport()


def test_pages_of_the_guide_are_read_by_keyboard_at_any_width(page: Page, screen: Screen) -> None:
    guide = Screen(page, screen.url)
    page.goto(f'{screen.url}help/operations.html')
    page.keyboard.press('Tab')
    expect(focused(page)).to_have_text('Skip to content')
    # All pages share one style, so one with everything tells of the colors of all.
    assert guide.complaints() == []
    page.keyboard.press('Enter')
    expect(page.get_by_role('main')).to_be_focused()

    # A picture takes its room before it is loaded, and is loaded when it comes into sight.
    picture = page.get_by_role('img').first
    picture.scroll_into_view_if_needed()
    loaded = 'image => image.complete && image.naturalWidth > 0'
    page.wait_for_function(loaded, arg=picture.element_handle())
    reply = page.request.get(str(picture.evaluate('image => image.src')))
    assert reply.headers['content-type'] == 'image/png'

    for name in PAGES:
        link = page.get_by_role('navigation', name='Pages of the guide').get_by_role('link')
        link.filter(has_text=re.compile(f'^{name}$')).press('Enter')
        expect(page).to_have_title(f'{name} | Microsoft Sentinel')
        expect(page.locator('header [aria-current=page]')).to_have_text(name)
        contents = page.get_by_role('navigation', name=re.compile('^Contents'))
        for width in (1280, 320):
            page.set_viewport_size({'width': width, 'height': 640})
            expect(contents).to_have_count(1)
            assert page.evaluate('document.documentElement.scrollWidth') <= width, (name, width)
            if width == 320:
                contents.locator('summary').press('Enter')
            assert guide.complaints(of_colors=False) == [], (name, width)
        heading = contents.get_by_role('link').first
        heading.press('Enter')
        part = page.get_by_role('heading', name=heading.inner_text(), exact=True).first
        expect(part).to_be_in_viewport()

    page.goto(f'{screen.url}help/troubleshooting.html')
    contents = page.get_by_role('navigation', name='Contents and codes')
    contents.locator('summary').press('Enter')
    contents.get_by_role('link', name='AZ-403', exact=True).press('Enter')
    expect(page.locator('tr:target')).to_contain_text('Microsoft Sentinel Contributor')
    expect(page.locator('tr:target')).to_be_in_viewport()
