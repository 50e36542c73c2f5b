"""The guide to the installation, followed to the letter from the first view of the page on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.screen import Screen
from tests.harness.project import PROJECT
from tests.simulators.demo import load_indicators
from tests.simulators.stand import Stand

OWNER = 'Demo Research'


class Guide:
    """One section of install.md, of which the next thing to do must be said before it is done."""

    def __init__(self, heading: str) -> None:
        text = (PROJECT / 'docs' / 'install.md').read_text(encoding='utf-8')
        found = re.search(rf'^## \d+\. {heading}\n(.*?)^## ', text, re.MULTILINE | re.DOTALL)
        assert found is not None
        self._rest = found.group(1)

    def says(self, words: str) -> str:
        """Return the words; they stand in the guide after those of the step before."""
        _, is_said, rest = self._rest.partition(words)
        assert is_said, f'the guide does not say {words!r} next'
        self._rest = rest
        return words.strip('*`')


@pytest.fixture
def new_service(_built_page: None, tmp_path: Path) -> Iterator[Stand]:
    """A Service that was just turned on."""
    with Stand(tmp_path, rows=load_indicators(400, own=True)) as stand:
        yield stand


def test_guide_leads_from_the_first_view_to_the_first_indicators(
    new_service: Stand, context: BrowserContext
) -> None:
    page = context.new_page()
    screen = Screen(page, new_service.front_url)
    checked = Guide('Organization: open the page and check')
    page.goto(new_service.front_url)
    expect(screen.heading).to_have_text(checked.says('CONFIGURE'))
    _go_to(page, checked.says('*DASHBOARD*'))
    screen.button(checked.says('*Run check*')).click()
    expect(page.get_by_text(checked.says('*All 9 checks passed.*'))).to_be_visible()
    _add_first_query(page, screen)
    held = new_service.sentinel.held()
    assert len(held) > 0


def _go_to(page: Page, screen: str) -> None:
    links = page.get_by_role('navigation', name='Screens').get_by_role('link')
    links.filter(has_text=screen).click()


def _add_first_query(page: Page, screen: Screen) -> None:
    guide = Guide('Organization: the first query')
    _go_to(page, guide.says('CONFIGURE'))
    screen.button(guide.says('*Add the first query*')).click()
    screen.choose(guide.says('*Owners to Query*'), OWNER)
    screen.choose(guide.says('*Indicator Types to Retrieve*'), guide.says('*Host*'))
    guide.says('*TQL*')
    screen.tql.fill(guide.says('`confidence >= 90`'))
    window = screen.dialog('Add TQL Configuration')
    window.get_by_role('button', name=guide.says('*Test*'), exact=True).click()
    expect(window).to_contain_text('Nothing was sent or saved.')
    window.get_by_role('button', name=guide.says('*Submit*'), exact=True).click()
    expect(window).to_be_hidden()
    screen.button(guide.says('*Save*')).click()
    save = guide.says('*Save and Run Full Update*')
    screen.dialog('Save Changes').get_by_role('button', name=save).click()
    expect(page.get_by_text(guide.says('*Saved*'), exact=True)).to_be_visible()
    _go_to(page, guide.says('JOBS'))
    line = screen.updates.first
    expect(line).to_contain_text('Complete')
    page.reload()  # an update that has just ended may still be unfolded
    line.get_by_role('button').first.click()
    expect(screen.rows('Jobs').first).to_contain_text(guide.says('*Upload Complete*'))
