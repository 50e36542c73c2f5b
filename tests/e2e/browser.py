"""The browser of these tests, and how it is started."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from playwright.sync_api import Page

from tests.harness.waiting import PATIENCE_S, until

BROWSERS = ('chromium-headless-shell', 'chromium')
"""The shell is the same engine without windows, and takes a quarter less of the machine."""
BROWSER_FLAGS = (
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    # Without a GPU, a process for it only copies.
    '--in-process-gpu',
    # All pages of the App share one process and its compiled scripts.
    '--process-per-site',
    # No test lasts long enough for optimizing to pay off; baseline code is kept from page to page.
    '--js-flags=--no-opt --no-maglev --always-sparkplug --no-flush-bytecode',
)
TIMEOUT_MS = PATIENCE_S * 1000


def browser_path() -> str | None:
    """Return where the browser is; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def until_noticed(page: Page, is_so: Callable[[], object]) -> None:
    """Wait until the events of a page, which arrive only meanwhile, have made it so."""
    until(lambda: is_so() or page.wait_for_timeout(20))
