"""The built page in a real browser, served by the real App among its stand-ins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.browser import BROWSER_FLAGS, TIMEOUT_MS, browser_path
from tests.e2e.screen import Screen
from tests.harness.project import PROJECT
from tests.simulators.demo import load_indicators
from tests.simulators.stand import Stand

INDICATORS = 400
# What is expected may take as long as what is done: the machine has other tests to run.
expect.set_options(timeout=TIMEOUT_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser, which is sought for only when it is asked for."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(180))


def _need(condition: bool, what: str) -> None:
    if condition:
        return
    if os.environ.get('CI'):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope='session')
def browser() -> Iterator[Browser]:
    path = browser_path()
    _need(path is not None, 'There is no Chromium: install chromium-headless-shell.')
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope='session')
def _built_page() -> None:
    built = (PROJECT / 'ui' / 'dist' / 'index.html').is_file()
    _need(built, 'The page is not built: run make ui.')


@pytest.fixture(scope='session')
def stand(_built_page: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The App with Indicators of all types, and a schedule that does not disturb."""
    rows = load_indicators(INDICATORS, own=True)
    with Stand(
        tmp_path_factory.mktemp('e2e'), rows=rows, inputs={'schedule_interval_hours': '24'}
    ) as stand:
        yield stand


@pytest.fixture
def page_url(stand: Stand) -> str:
    """Address of the page, with the slash at its end."""
    return stand.front_url


Save = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def save_queries(stand: Stand) -> Save:
    """Save a list of TQL queries through the API, whatever was saved before."""

    def save(*queries: dict[str, Any]) -> list[dict[str, Any]]:
        version = stand.api('GET', 'api/configure').json()['version']
        body = {
            'version': version,
            'queries': list(queries),
            'run': 'delta',
            'confirm_empty': True,
        }
        reply = stand.api('PUT', 'api/configure', body)
        assert reply.status_code == 200, reply.text
        saved: list[dict[str, Any]] = reply.json()['queries']
        return saved

    return save


@pytest.fixture(scope='session')
def shared_context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests: a new one for each would take more of the machine than most tests do."""
    context = browser.new_context(
        viewport={'width': 1280, 'height': 820},
        timezone_id='America/New_York',
        locale='en-US',
        reduced_motion='reduce',
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.new_page()  # the last one that is closed would take the browser's processes along
    yield context
    context.close()


@pytest.fixture
def context(shared_context: BrowserContext, page_url: str) -> Iterator[BrowserContext]:
    """As if nobody had been there before, but for the files that the browser keeps."""
    first, *others = shared_context.pages
    assert others == []
    if first.url == 'about:blank':
        # A plain page of the App: the process of its site lasts from the first test to the last.
        first.goto(f'{page_url}licenses.txt')
    store = shared_context.new_cdp_session(first)
    origin = '/'.join(page_url.split('/')[:3])
    store.send(
        'Storage.clearDataForOrigin', {'origin': origin, 'storageTypes': 'cookies,local_storage'}
    )
    store.detach()
    yield shared_context
    # A request that a test held back is not waited for: one that failed never lets it go.
    shared_context.unroute_all(behavior='ignoreErrors')
    shared_context.set_offline(False)
    shared_context.clear_permissions()
    for page in shared_context.pages[1:]:
        page.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which a script that fails, fails the test."""
    page = context.new_page()
    faults: list[str] = []
    page.on('pageerror', lambda error: faults.append(str(error)))
    page.on(
        'console',
        lambda message: (
            faults.append(message.text) if 'Content Security Policy' in message.text else None
        ),
    )
    yield page
    # A request that a test held back is not waited for: one that failed never lets it go.
    page.unroute_all(behavior='ignoreErrors')
    assert faults == []


@pytest.fixture
def screen(page: Page, page_url: str) -> Screen:
    return Screen(page, page_url)


@pytest.fixture
def _nobody_there(page: Page) -> None:
    """Nobody uses the page; but the browser may tell it where the pointer was on another one."""
    page.add_init_script(
        "addEventListener('pointermove', (event) => event.stopImmediatePropagation(), true)"
    )
