"""REPORTS, CONTEXT, as a person uses it: a real App that sends who is behind the Indicators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.job import EVERYTHING, finished_job
from tests.e2e.screen import Screen
from tests.harness.waiting import until
from tests.simulators.demo import load_indicators
from tests.simulators.demo_groups import demo_store
from tests.simulators.stand import Stand

STATE = re.compile(r'/api/context$')
HERON = 'Marble Heron'
DETAILS = f'Groups and Indicators of {HERON}'


@pytest.fixture(scope='module')
def stand(_built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    rows = demo_store(list(load_indicators(120, own=True)))
    inputs = {
        'schedule_interval_hours': '24',
        'context_objects': 'Owner identities and threat actors',
    }
    with Stand(tmp_path_factory.mktemp('context'), rows=rows, inputs=inputs) as stand:
        version = stand.api('GET', 'api/configure').json()['version']
        body = {'version': version, 'queries': [EVERYTHING], 'run': 'delta'}
        assert stand.api('PUT', 'api/configure', body).status_code == 200
        finished_job(stand)
        until(lambda: is_sent(stand))
        yield stand


def is_sent(stand: Stand) -> bool:
    """Whether all relationships have arrived."""
    state = stand.api('GET', 'api/context').json()
    counts = {each['kind']: each['count'] for each in state['live']}
    return bool(counts['relationship'] and not state['count_waiting'] + state['count_due'])


def alter(page: Page, **changes: Any) -> None:
    """Let Context stand otherwise."""

    def give(route: Route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json=reply.json() | changes)

    page.route(STATE, give)


def test_threat_actor_shows_its_groups_and_its_indicators(page: Page, screen: Screen) -> None:
    screen.open('reports/context')
    card = page.get_by_role('group', name='Context', exact=True)
    expect(card).to_contain_text(re.compile(r'3 owner identities, \d+ threat actors'))
    page.get_by_label('Threat actor', exact=True).fill('heron')
    rows = screen.rows('Threat actors')
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text('2 Groups')
    expect(rows).to_contain_text('TLP:AMBER')
    screen.button(DETAILS).click()
    groups = page.get_by_role('list', name=f'Groups of {HERON}').get_by_role('listitem')
    expect(groups).to_have_count(2)
    expect(groups.last).to_contain_text('Intrusion Set in Demo Research')
    expect(groups.first.get_by_role('link')).to_have_attribute('target', '_blank')
    related = screen.rows(f'Indicators of {HERON}')
    expect(related.first).to_contain_text('In Sentinel')
    expect(page).to_have_url(re.compile('text=heron.*open=|open=.*text=heron'))
    assert screen.complaints() == []


def test_value_leads_to_its_threat_actor_and_back(page: Page, screen: Screen) -> None:
    screen.open('reports/lookup')
    page.get_by_label('Or find the Indicators of a threat actor').fill('heron')
    page.get_by_label('Or find the Indicators of a threat actor').press('Enter')
    screen.button(DETAILS).click()
    related = screen.rows(f'Indicators of {HERON}')
    related.first.get_by_role('link', name='Look up this Indicator').click()
    actors = screen.rows('Threat actors behind this value')
    expect(actors.first).to_contain_text(HERON)
    assert screen.complaints() == []
    actors.get_by_role('link', name=HERON, exact=True).first.click()
    expect(screen.heading).to_have_text('CONTEXT')
    expect(screen.rows(f'Indicators of {HERON}').first).to_be_visible()


def test_job_and_dashboard_tell_of_it(page: Page, screen: Screen, stand: Stand) -> None:
    screen.open('dashboard')
    card = page.get_by_role('group', name='Context', exact=True)
    expect(card).to_contain_text('threat actors')
    assert screen.complaints() == []
    jobs = stand.api('GET', 'api/job/request').json()['data']
    (job,) = [each for each in jobs if each['count_context']]
    screen.open(f'jobs?open={job["request_id"]}')
    panel = page.get_by_role('complementary', name='Request Details')
    expect(panel).to_contain_text(re.compile(r'Context\d+ sent'))


def test_decision_about_what_is_held_back_is_made_by_its_number(page: Page, screen: Screen) -> None:
    alter(page, count_held_back=1_240, count_unwanted=1_240)
    screen.open('reports/context')
    screen.button('Withdraw 1,240 context objects').click()
    dialog = screen.dialog('Withdraw 1,240 context objects?')
    assert screen.complaints() == []
    dialog.get_by_label('Type 1,240 to confirm').fill('1240')
    dialog.get_by_label('Type 1,240 to confirm').press('Enter')
    # Nothing is held back in truth, and the App says so.
    expect(dialog).to_contain_text('No withdrawal of context objects waits for a decision now.')


def test_context_that_is_off_says_what_it_would_do(page: Page, screen: Screen) -> None:
    none = [{'kind': kind, 'count': 0} for kind in ('identity', 'actor', 'relationship')]
    alter(page, choice='None', live=none)
    screen.open('reports/context')
    card = page.get_by_role('group', name='Context', exact=True)
    expect(card).to_contain_text('Context is off.')
    expect(page.get_by_role('table')).to_have_count(0)
    assert screen.complaints() == []
