"""CONFIGURE's list as a file, out and in again, as a person does it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Save
from tests.e2e.job import finished_job
from tests.e2e.screen import Screen
from tests.simulators.stand import Stand

HOSTS = {'owners': ['Demo Organization'], 'indicator_types': ['Host'], 'tql': 'rating >= 1'}
FILES = {'owners': ['Demo Research'], 'indicator_types': ['File'], 'tql': 'rating >= 2'}
URLS = {'owners': ['OSINT Community'], 'indicator_types': ['URL'], 'tql': 'rating >= 3'}
TABLE = 'TQL queries'
TITLE = 'Import TQL Queries'
FILE_NAME = 'sentinel-tql-queries.json'


def listed(stand: Stand) -> dict[str, Any]:
    found: dict[str, Any] = stand.api('GET', 'api/configure').json()
    return found


def saved_tql(stand: Stand) -> list[str]:
    return [query['tql'] for query in listed(stand)['queries']]


def export(page: Page, screen: Screen, folder: Path) -> Path:
    """Save the list as a file, as the browser does it."""
    with page.expect_download() as waiting:
        screen.button('Export').click()
    assert waiting.value.suggested_filename == FILE_NAME
    path = folder / FILE_NAME
    waiting.value.save_as(path)
    return path


def choose(screen: Screen, path: Path) -> Locator:
    """Open the window and choose a file in it."""
    dialog = screen.dialog(TITLE)
    if not dialog.is_visible():
        screen.button('Import').click()
    expect(dialog).to_be_visible()
    dialog.locator('input[type=file]').set_input_files(path)
    return dialog


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding='utf-8')
    return path


def file_of(*queries: dict[str, Any]) -> dict[str, Any]:
    return {'format': 'ms-sentinel-tql-queries', 'format_version': 1, 'queries': list(queries)}


def test_exported_list_comes_back_in_place_of_a_changed_one(
    page: Page, screen: Screen, stand: Stand, save_queries: Save, tmp_path: Path
) -> None:
    first, second = save_queries(HOSTS, FILES)
    screen.open('configure')
    expect(screen.rows(TABLE)).to_have_count(2)
    path = export(page, screen, tmp_path)
    expect(page.get_by_text(f'2 queries saved as {FILE_NAME}.')).to_be_visible()

    save_queries({**second, 'tql': 'rating >= 5'}, URLS)
    screen.button('Refresh now').click()
    expect(screen.rows(TABLE).first).to_contain_text('rating >= 5')
    dialog = choose(screen, path)
    expect(dialog.get_by_role('status')).to_contain_text('2 queries, replacing 2 queries')
    expect(dialog.get_by_role('status')).to_contain_text('1 query added, 1 edited, 1 deleted')
    old = dialog.get_by_role('region', name='Saved list').get_by_role('listitem')
    new = dialog.get_by_role('region', name='File').get_by_role('listitem')
    expect(old).to_contain_text(['Edited', 'Deleted'])
    expect(old).to_contain_text(['rating >= 5', 'rating >= 3'])
    expect(new).to_contain_text(['Added', 'Edited'])
    expect(new).to_contain_text(['rating >= 1', 'rating >= 2'])
    assert saved_tql(stand) == ['rating >= 5', 'rating >= 3']  # nothing is stored before Import

    dialog.get_by_role('button', name='Import and Run Full Update').click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text('Saved', exact=True)).to_be_visible()
    expect(screen.button('Run full update now')).to_be_visible()
    expect(screen.rows(TABLE)).to_contain_text(['rating >= 1', 'rating >= 2'])
    assert saved_tql(stand) == ['rating >= 1', 'rating >= 2']
    ids = [query['id'] for query in listed(stand)['queries']]
    # The one that was there all the time is the same query; the other one is new.
    assert ids[1] == second['id']
    assert ids[0] != first['id']
    assert listed(stand)['next_update']['mode'] == 'full'


def test_import_alone_leaves_the_next_update_as_it_is_planned(
    page: Page, screen: Screen, stand: Stand, save_queries: Save, tmp_path: Path
) -> None:
    (saved,) = save_queries(HOSTS)
    finished_job(stand)  # nothing is due that could run meanwhile
    planned = listed(stand)['next_update']
    screen.open('configure')
    path = written(tmp_path / 'two.json', file_of(saved, FILES))
    dialog = choose(screen, path)
    dialog.get_by_role('button', name='Import', exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text('2 queries imported', exact=True)).to_be_visible()
    expect(screen.rows(TABLE)).to_have_count(2)
    assert saved_tql(stand) == ['rating >= 1', 'rating >= 2']
    assert listed(stand)['next_update']['mode'] == planned['mode']


def test_saved_list_itself_is_nothing_to_import(
    page: Page, screen: Screen, save_queries: Save, tmp_path: Path
) -> None:
    save_queries(HOSTS, FILES)
    screen.open('configure')
    expect(screen.rows(TABLE)).to_have_count(2)
    dialog = choose(screen, export(page, screen, tmp_path))
    expect(dialog.get_by_role('status')).to_contain_text('nothing to import')
    for name in ('Import', 'Import and Run Delta Update', 'Import and Run Full Update'):
        expect(dialog.get_by_role('button', name=name, exact=True)).to_be_disabled()
    dialog.get_by_role('button', name='Cancel').click()
    expect(dialog).to_be_hidden()
    expect(screen.button('Import')).to_be_focused()


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        ('owners,tql', 'It is not JSON.'),
        ('{"queries": []}', 'It is not a list of TQL queries saved by Export.'),
        (json.dumps(file_of() | {'format_version': 2}), 'It was saved by another version'),
        (json.dumps(file_of({'tql': 'rating > 1'})), 'Query 1 is incomplete.'),
        (' ' * 1_000_001, 'It is larger than 1 MB'),
    ],
    ids=['no JSON', 'another file', 'another version', 'incomplete', 'too large'],
)
def test_file_that_is_no_such_list_is_refused_with_its_reason(
    screen: Screen, stand: Stand, save_queries: Save, tmp_path: Path, text: str, reason: str
) -> None:
    save_queries(HOSTS)
    screen.open('configure')
    path = tmp_path / 'other.json'
    path.write_text(text, encoding='utf-8')
    dialog = choose(screen, path)
    alert = dialog.get_by_role('alert')
    expect(alert).to_contain_text('other.json cannot be imported')
    expect(alert).to_contain_text(reason)
    expect(dialog.get_by_role('button', name='Import', exact=True)).to_be_disabled()
    assert saved_tql(stand) == ['rating >= 1']

    # The file under the same name, put right, is taken.
    choose(screen, written(path, file_of(FILES)))
    expect(alert).to_be_hidden()
    expect(dialog.get_by_role('region', name='File')).to_contain_text('rating >= 2')


@pytest.mark.parametrize('is_known', [True, False])
def test_faults_are_shown_at_their_query_before_anything_is_imported(
    page: Page, screen: Screen, stand: Stand, save_queries: Save, tmp_path: Path, *, is_known: bool
) -> None:
    if not is_known:
        # Without the owners, the API has the last word.
        page.route('**/api/configure/options', lambda route: route.abort())
    (saved,) = save_queries(HOSTS)
    screen.open('configure')
    tql = '(rating >= 2' if is_known else 'rating >= 2'
    bad = {**FILES, 'owners': ['Nobody'], 'tql': tql}
    dialog = choose(screen, written(tmp_path / 'bad.json', file_of({**saved, 'id': None}, bad)))
    submit = dialog.get_by_role('button', name='Import and Run Full Update')
    if is_known:
        expect(dialog.get_by_role('alert')).to_contain_text('This file cannot be imported yet')
        expect(submit).to_be_disabled()
    else:
        expect(dialog.get_by_text('Owners could not be checked')).to_be_visible()
        submit.click()
        expect(dialog.get_by_role('alert')).to_contain_text('Import failed')
    listed = dialog.get_by_role('region', name='File').locator('ol > li')
    expect(listed).to_have_count(2)
    good_one, bad_one = listed.first, listed.last
    expect(bad_one).to_contain_text('Owners to Query: "Nobody"')
    if is_known:
        expect(bad_one).to_contain_text('TQL: ')
    expect(good_one).not_to_contain_text('TQL: ')
    # Equal in every field, it is the saved one though the file does not say so.
    expect(good_one).not_to_contain_text('Added')
    assert saved_tql(stand) == ['rating >= 1']


def test_import_over_a_newer_list_of_another_user_shows_that_one_first(
    screen: Screen, stand: Stand, save_queries: Save, tmp_path: Path
) -> None:
    save_queries(HOSTS)
    screen.open('configure')
    dialog = choose(screen, written(tmp_path / 'files.json', file_of(FILES)))
    expect(dialog.get_by_role('region', name='Saved list')).to_contain_text('rating >= 1')
    save_queries(URLS)  # somebody else
    dialog.get_by_role('button', name='Import and Run Delta Update').click()
    expect(dialog.get_by_text('This list was changed')).to_be_visible()
    expect(dialog.get_by_role('region', name='Saved list')).to_contain_text('rating >= 3')
    assert saved_tql(stand) == ['rating >= 3']
    dialog.get_by_role('button', name='Import and Run Delta Update').click()
    expect(dialog).to_be_hidden()
    assert saved_tql(stand) == ['rating >= 2']


def test_empty_list_can_be_filled_from_a_file(
    screen: Screen, stand: Stand, save_queries: Save, tmp_path: Path
) -> None:
    save_queries()
    screen.open('configure')
    expect(screen.button('Export')).to_be_disabled()
    dialog = choose(screen, written(tmp_path / 'two.json', file_of(HOSTS, FILES)))
    dialog.get_by_role('button', name='Import and Run Full Update').click()
    expect(screen.rows(TABLE)).to_contain_text(['rating >= 1', 'rating >= 2'])
    assert saved_tql(stand) == ['rating >= 1', 'rating >= 2']


@pytest.mark.parametrize('colors', ['light', 'dark'])
def test_import_window_is_accessible(
    page: Page, screen: Screen, save_queries: Save, tmp_path: Path, colors: Any
) -> None:
    page.emulate_media(color_scheme=colors)
    first, _ = save_queries(HOSTS, FILES)
    screen.open('configure')
    expect(screen.rows(TABLE)).to_have_count(2)
    screen.button('Import').click()
    dialog = screen.dialog(TITLE)
    expect(dialog).to_be_visible()
    # The window has to be there in full for its colors to count.
    page.evaluate('Promise.all(document.getAnimations().map((each) => each.finished))')
    assert screen.complaints() == []

    (tmp_path / 'other.json').write_text('no list', encoding='utf-8')
    choose(screen, tmp_path / 'other.json')
    expect(dialog.get_by_role('alert')).to_be_visible()
    assert screen.complaints() == []

    bad = {**URLS, 'owners': ['Nobody']}
    edited = {**first, 'tql': 'rating >= 4', 'sort_field': 'rating'}
    choose(screen, written(tmp_path / 'list.json', file_of(bad, edited)))
    expect(dialog.get_by_role('region', name='File')).to_contain_text('rating >= 4')
    expect(dialog.get_by_role('alert')).to_contain_text('This file cannot be imported yet')
    assert screen.complaints() == []
