"""The App ends while its page is open, and comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Save
from tests.e2e.screen import Screen
from tests.simulators.demo import load_indicators
from tests.simulators.stand import Stand

HOSTS = {'owners': ['Demo Organization'], 'indicator_types': ['Host'], 'tql': 'rating >= 1'}


@pytest.fixture
def stand(_built_page: None, tmp_path: Path) -> Iterator[Stand]:
    """An App of the test's own in place of the shared one, which others need alive."""
    with Stand(
        tmp_path / 'state',
        rows=load_indicators(30, own=True),
        inputs={'schedule_interval_hours': '24'},
    ) as stand:
        yield stand


def test_page_whose_app_was_killed_says_so_and_is_fresh_again_once_it_runs(
    page: Page, screen: Screen, stand: Stand, save_queries: Save
) -> None:
    save_queries(HOSTS)
    # This screen refreshes only twice a minute: too seldom for what is expected below.
    screen.open('reports/audit')
    rows = screen.rows('Audit')
    expect(rows).to_have_count(1)
    save_queries({**HOSTS, 'tql': 'rating >= 2'})

    stand.app.kill()
    screen.button('Refresh now').click()
    notice = page.get_by_role('status').filter(has_text='The Service is not running')
    expect(notice).to_contain_text(re.compile(r'What is shown is \d+ (s|min) old'))
    expect(rows.first).to_contain_text('TQL queries saved')

    stand.app.start()
    back = page.get_by_role('status').filter(has_text='The Service answers again.')
    expect(back).to_contain_text('Back')
    expect(notice).to_be_hidden()
    expect(rows).to_have_count(2)
