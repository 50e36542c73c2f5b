"""The pictures in the documents show the page as it is."""

from __future__ import annotations

import difflib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import TIMEOUT_MS
from tests.e2e.look import difference, letters_of, look_of, strange_colors
from tests.e2e.pictures import (
    CONTEXT,
    PICTURES,
    SERVICES,
    WIDTH,
    masked,
    picture_file,
    stored,
    take,
)

ALLOWED = 0.005
"""Share of a picture that may look otherwise: a time that takes another line, for one."""
AGAIN = 'Run make pictures, look at them, and commit them.'


@pytest.mark.usefixtures('_built_page')
@pytest.mark.parametrize('is_new', [False, True], ids=['at-work', 'new'])
def test_pictures_show_the_page_as_it_is(is_new: bool, browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(**CONTEXT)  # type: ignore[arg-type]
    context.set_default_timeout(TIMEOUT_MS)
    record = stored()
    complaints = []
    with SERVICES[is_new](tmp_path) as stand:
        for name in [name for name, picture in PICTURES.items() if picture.is_new is is_new]:
            page = context.new_page()
            taken = take(page, name, stand)
            complaints += difflib.unified_diff(
                record.words.get(name, []),
                taken.words,
                f'{name}.png',
                f'{name} now',
                lineterm='',
                n=1,
            )
            (tmp_path / f'{name}.png').write_bytes(taken.png)
            letters = letters_of(page)
            page.close()
            before, now = look_of(picture_file(name).read_bytes()), look_of(taken.png)
            share = difference(before, now, taken.free)
            # With other fonts, lines break elsewhere.
            if letters == record.letters and share > ALLOWED:
                complaints.append(f'{name}.png: {share:.1%} of it looks otherwise now')
            if colors := strange_colors(before, now):
                complaints.append(f'{name}.png: these colors have come or gone: {colors}')
    context.close()
    assert complaints == [], '\n'.join([*complaints, f'As it is now: {tmp_path}/*.png', AGAIN])


# -- what is found, and what is not


def staged(page: Page, name: str, *sheets: str) -> bytes:
    """A picture as it would look with these styles; a `div` lies above it."""
    address = f'data:image/png;base64,{b64encode(picture_file(name).read_bytes()).decode()}'
    page.set_viewport_size({'width': WIDTH, 'height': PICTURES[name].height})
    page.set_content(
        f'<style>body {{ margin: 0; overflow: hidden }} img {{ display: block }} {" ".join(sheets)}'
        f'</style><img src="{address}"><div></div>'
    )
    page.wait_for_function('document.images[0].complete')
    return page.screenshot()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize('name', ['jobs', 'configure'])
def test_look_is_the_same_whatever_the_smoothing(plain_page: Page, name: str) -> None:
    before = look_of(picture_file(name).read_bytes())
    for sheet in ('', 'img { filter: blur(0.6px) }', 'img { transform: translate(1px, 1px) }'):
        now = look_of(staged(plain_page, name, sheet))
        assert difference(before, now) < ALLOWED, sheet
        assert strange_colors(before, now) == [], sheet


@pytest.mark.parametrize('name', ['jobs', 'configure'])
def test_look_is_another_where_something_has_moved(plain_page: Page, name: str) -> None:
    before = look_of(picture_file(name).read_bytes())
    for sheet in (
        'img { transform: translateY(12px) }',
        'img { transform: scaleX(0.97); transform-origin: left }',
        'img { clip-path: inset(0 0 120px) }',
        (
            'div { position: fixed; top: 64px; right: 20px; width: 400px; height: 130px; '
            'background: #f5f7fa }'
        ),
    ):
        now = look_of(staged(plain_page, name, sheet))
        assert difference(before, now) > ALLOWED, sheet


def test_look_is_another_where_a_button_has_another_color(plain_page: Page) -> None:
    before = look_of(picture_file('jobs').read_bytes())
    button = 'position: fixed; top: 72px; left: 1097px; width: 159px; height: 36px'
    sheet = f'div {{ {button}; background: #2f6fb8; mix-blend-mode: lighten }}'
    now = look_of(staged(plain_page, 'jobs', sheet))
    assert strange_colors(before, now) != []


def test_words_are_compared_without_what_is_another_each_time() -> None:
    assert masked(
        """- heading "JOBS" [level=1]
- cell "2026-11-30 06:19:21 PM"
- link "ceca129e":
  - /url: "#/jobs?open=ceca129e-7b6d-4855-9517-bd0c7e578fc9"
- text: "12345678"
- text: 1,242 read, in 5 h, 6 s ago, Nov 30, request ceca129e-7b6d-4855-9517-bd0c7e578fc9"""
    ) == [
        '- heading "JOBS" [level=N]',
        '- cell "N-N-N N M"',
        '- link "ID":',
        '- text: ID',
        '- text: N read, TIME, TIME, DAY, request ID',
    ]
