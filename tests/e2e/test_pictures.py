"""The pictures in the documents show the page as it is."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.browser import TIMEOUT_MS
from tests.e2e.pictures import (
    CONTEXT,
    PICTURES,
    SERVICES,
    WIDTH,
    address_of,
    difference,
    masked,
    picture_file,
    stored_words,
    take,
)

ALLOWED = 0.015
"""Share of a picture that may look otherwise: other digits, and times that are longer."""
AGAIN = 'Run make pictures, look at them, and commit them.'


@pytest.mark.usefixtures('_built_page')
@pytest.mark.parametrize('is_new', [False, True], ids=['at-work', 'new'])
def test_pictures_show_the_page_as_it_is(is_new: bool, browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(**CONTEXT)  # type: ignore[arg-type]
    context.set_default_timeout(TIMEOUT_MS)
    words = stored_words()
    complaints = []
    with SERVICES[is_new](tmp_path) as stand:
        for name in [name for name, picture in PICTURES.items() if picture.is_new is is_new]:
            page = context.new_page()
            taken = take(page, name, stand)
            complaints += difflib.unified_diff(
                words.get(name, []), taken.words, f'{name}.png', f'{name} now', lineterm='', n=1
            )
            share = difference(page, picture_file(name).read_bytes(), taken.png, taken.free)
            page.close()
            if share > ALLOWED:
                kept = tmp_path / f'{name}.png'
                kept.write_bytes(taken.png)
                complaints.append(f'{name}.png: {share:.1%} looks otherwise now, see {kept}')
    context.close()
    assert complaints == [], '\n'.join([*complaints, AGAIN])


# -- what is found, and what is not


def staged(page: Page, name: str, *sheets: str) -> bytes:
    """A picture as it would look with these styles; the second of two images lies above."""
    address = address_of(picture_file(name).read_bytes())
    page.set_viewport_size({'width': WIDTH, 'height': PICTURES[name].height})
    page.set_content(
        f'<style>body {{ margin: 0; overflow: hidden }} img {{ display: block }} {" ".join(sheets)}'
        f'</style><img src="{address}">'
    )
    page.wait_for_function('document.images[0].complete')
    return page.screenshot()


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.mark.parametrize('name', ['jobs', 'configure'])
@pytest.mark.parametrize(
    'sheet',
    ['', 'img { filter: blur(0.7px) }', 'img { transform: translate(1px, 1px) }'],
    ids=['same', 'other smoothing', 'a pixel to and fro'],
)
def test_look_is_the_same(plain_page: Page, name: str, sheet: str) -> None:
    stored = picture_file(name).read_bytes()
    assert difference(plain_page, stored, staged(plain_page, name, sheet)) < ALLOWED


@pytest.mark.parametrize('name', ['jobs', 'configure'])
@pytest.mark.parametrize(
    'sheet',
    [
        'img { filter: hue-rotate(60deg) }',
        'img { transform: translateY(12px) }',
        'img { transform: scaleX(0.97); transform-origin: left }',
        'img { clip-path: inset(0 0 120px) }',
        'body::after { content: ""; position: fixed; inset: 300px 600px auto auto; '
        'width: 240px; height: 120px; background: #cfe }',
    ],
    ids=['other colors', 'moved', 'narrower', 'a part less', 'something in front'],
)
def test_look_is_another(plain_page: Page, name: str, sheet: str) -> None:
    stored = picture_file(name).read_bytes()
    assert difference(plain_page, stored, staged(plain_page, name, sheet)) > ALLOWED


def test_words_are_compared_without_what_is_another_each_time() -> None:
    assert masked(
        """- heading "JOBS" [level=1]
- cell "2026-11-30 06:19:21 PM"
- link "ceca129e":
  - /url: "#/jobs?open=ceca129e-7b6d-4855-9517-bd0c7e578fc9"
- text: 1,242 read, in 5 h, 6 s ago, Nov 30, request ceca129e-7b6d-4855-9517-bd0c7e578fc9"""
    ) == [
        '- heading "JOBS" [level=N]',
        '- cell "N-N-N N M"',
        '- link "ID":',
        '- text: N read, TIME, TIME, DAY, request ID',
    ]
