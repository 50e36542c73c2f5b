"""The pictures of the page in the documents: how each is made, and `make pictures`.

    python -m tests.e2e.pictures [name ...]

A picture is taken of a real App among its stand-ins. What each shows in words is written beside
the pictures, so that a test can tell whether they still show the page as it is.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.e2e.browser import BROWSER_FLAGS, TIMEOUT_MS, browser_path
from tests.e2e.history import INPUTS, SENT, WITHDRAWN, fresh_row, service_at_work
from tests.e2e.look import letters_of, packed
from tests.e2e.screen import Screen
from tests.harness.project import PROJECT
from tests.simulators.demo import compose
from tests.simulators.stand import Stand

FOLDER = PROJECT / 'docs' / 'images'
RECORD_FILE = FOLDER / 'pictures.json'
WIDTH = 1280
CONTEXT = {
    'viewport': {'width': WIDTH, 'height': 820},
    'timezone_id': 'UTC',
    'locale': 'en-US',
    'color_scheme': 'light',
    'reduced_motion': 'reduce',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a walk has come to.

    Args:
        part: what is shown in words; the whole page where it is None.
        free: what looks otherwise each time, and is left out where looks are compared.
    """

    part: Locator | None = None
    free: tuple[Locator, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How one picture is made.

    Args:
        walk: goes to what is shown; changes nothing in the App.
        height: pixels of the browser's window, all of which the picture shows.
        is_new: whether the Service has just been turned on, and has no query yet.
    """

    walk: Callable[[Screen], View]
    height: int
    is_new: bool = False


# -- the walks


def dashboard(screen: Screen) -> View:
    screen.open('dashboard?period=week')
    page = screen.page
    expect(page.get_by_text(re.compile(r'sent, .* Jobs completed'))).to_be_visible()
    expect(screen.rows('In Sentinel by TQL query')).to_have_count(3)
    return View(free=(page.get_by_role('slider'),))


def check(screen: Screen) -> View:
    screen.open('dashboard')
    screen.button('Run check').click()
    results = screen.page.get_by_role('list', name='Results of the check')
    expect(results.get_by_role('listitem')).to_have_count(9)
    expect(screen.page.get_by_text('All 9 checks passed.')).to_be_visible()
    # The window is so high that the cards below the chart then follow on the navigation.
    screen.page.evaluate(
        "scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })"
    )
    return View()


def add_query(screen: Screen) -> View:
    window = _filled_window(screen)
    screen.button('Test').click()
    result = screen.page.get_by_role('region', name='Test of this query')
    expect(result.get_by_role('table')).to_be_visible()
    return View(part=window)


def save_changes(screen: Screen) -> View:
    window = _filled_window(screen)
    screen.button('Submit').click()
    expect(window).to_be_hidden()
    screen.button('Save').click()
    dialog = screen.dialog('Save Changes')
    expect(dialog.get_by_role('region', name='Effect in Sentinel')).to_be_visible()
    dialog.get_by_text('By query').click()
    return View(part=dialog)


def _filled_window(screen: Screen) -> Locator:
    screen.open('configure')
    screen.button('Add the first query').click()
    window = screen.dialog('Add TQL Configuration')
    window.get_by_label('Name', exact=True).fill('Confirmed hosts')
    screen.fill_query(owners=('Demo Organization',), types=('Host',), tql='confidence >= 90')
    screen.choose('Sort Field', 'ThreatAssess Score')
    return window


def configure(screen: Screen) -> View:
    screen.open('configure')
    expect(screen.rows('TQL queries')).to_have_count(3)
    return View()


def jobs(screen: Screen) -> View:
    screen.open('jobs')
    _unfold_refused(screen)
    return View()


def _unfold_refused(screen: Screen) -> None:
    """Unfold the newest update of which Sentinel refused something."""
    screen.updates.filter(has_text='refused').first.get_by_role('button').click()
    expect(screen.rows('Jobs')).to_have_count(3)


def job_details(screen: Screen) -> View:
    screen.open('jobs')
    _unfold_refused(screen)
    row = screen.rows('Jobs').last
    row.get_by_role('button', name=re.compile('^Details of ')).click()
    panel = screen.page.get_by_role('complementary', name='Request Details')
    expect(panel).to_contain_text('The outcomes add up to what was read.')
    return View(part=panel)


def tasks(screen: Screen) -> View:
    screen.open('tasks')
    idle = screen.page.get_by_role('article').filter(has_text='Idle')
    expect(idle).to_have_count(8)
    return View()


def errors(screen: Screen) -> View:
    screen.open('reports/errors')
    expect(screen.rows('Errors').first).to_be_visible()
    return View()


def verify(screen: Screen) -> View:
    screen.open('reports/verify')
    expect(screen.rows('Findings').first).to_be_visible()
    return View()


def matches(screen: Screen) -> View:
    screen.open('reports/matches?sort=alerts')
    screen.page.get_by_role('button', name=re.compile('^Alerts of ')).first.click()
    alerts = screen.page.get_by_role('table', name=re.compile('^Alerts of '))
    expect(alerts.get_by_role('link').first).to_be_visible()
    return View()


def lookup(screen: Screen) -> View:
    screen.open('reports/lookup')
    given = ('never-seen[.]example', WITHDRAWN, SENT[1], 'c7[.]example[.]net')
    screen.page.get_by_label('Values', exact=True).fill('\n'.join(given))
    screen.button('Look up 4 values').click()
    expect(screen.rows('Answers').first).to_be_visible()
    screen.button(f'Details of {given[-1]}').click()
    sent = screen.page.get_by_role('group', name='Sent: Host')
    expect(sent).to_contain_text('valid STIX 2.1')
    return View()


def context(screen: Screen) -> View:
    screen.open('reports/context?sort=objects&text=heron')
    screen.button('Groups and Indicators of Marble Heron').click()
    expect(screen.rows('Indicators of Marble Heron').first).to_be_visible()
    return View()


def audit(screen: Screen) -> View:
    screen.open('reports/audit')
    expect(screen.rows('Audit').first).to_be_visible()
    return View()


PICTURES = {
    'check': Picture(walk=check, height=672, is_new=True),
    'add-query': Picture(walk=add_query, height=1184, is_new=True),
    'save-changes': Picture(walk=save_changes, height=510, is_new=True),
    'dashboard': Picture(walk=dashboard, height=1034),
    'configure': Picture(walk=configure, height=620),
    'jobs': Picture(walk=jobs, height=738),
    'job-details': Picture(walk=job_details, height=1012),
    'tasks': Picture(walk=tasks, height=940),
    'errors': Picture(walk=errors, height=710),
    'verify': Picture(walk=verify, height=900),
    'matches': Picture(walk=matches, height=760),
    'context': Picture(walk=context, height=1000),
    'lookup': Picture(walk=lookup, height=992),
    'audit': Picture(walk=audit, height=670),
}


# -- two services


@contextmanager
def new_service(folder: Path) -> Iterator[Stand]:
    """Start a stand whose App has just been turned on."""
    chance = random.Random(5)
    rows = [*compose(), *(fresh_row(number, chance) for number in range(1, 210))]
    with Stand(folder, rows=rows, inputs=INPUTS) as stand:
        yield stand


SERVICES = {True: new_service, False: service_at_work}
"""What starts the stand, by whether the Service is new."""


# -- taking them


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A picture, its words, and what looks otherwise each time: x, y, width and height."""

    png: bytes
    words: list[str]
    free: list[dict[str, float]]


_HIDE_OUTSIDE = """() => {
  for (const element of document.body.querySelectorAll('*')) {
    const { top, bottom } = element.getBoundingClientRect();
    if (top >= innerHeight || bottom <= 0) element.style.visibility = 'hidden';
  }
}"""


def take(page: Page, name: str, stand: Stand) -> Taken:
    """Walk to what a picture shows, and take it."""
    picture = PICTURES[name]
    page.set_viewport_size({'width': WIDTH, 'height': picture.height})
    screen = Screen(page, stand.front_url)
    view = picture.walk(screen)
    page.mouse.move(0, 0)
    page.wait_for_load_state('networkidle')
    screen.come_to_rest()
    boxes = [free.bounding_box() for free in view.free]
    png = page.screenshot(animations='disabled', caret='hide')
    # Words that the picture does not show are none of its words.
    page.evaluate(_HIDE_OUTSIDE)
    snapshot = (view.part or page.locator('body')).aria_snapshot()
    return Taken(png=png, words=masked(snapshot), free=[dict(box) for box in boxes if box])


_MASKS = (
    (re.compile(r'- time: .*'), '- time'),
    # One is made as the App starts, and may be more than a minute ago.
    (re.compile(r', and \d+ connection checks?'), ''),
    (re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'), 'ID'),
    (re.compile(r'\b[0-9a-f]{8}\b'), 'ID'),
    (re.compile(r'\b(?:just now|\d+ (?:s|min|h|days) ago|in \d+ (?:s|min|h|days))\b'), 'TIME'),
    (re.compile(r'\b[A-Z][a-z]{2} \d{1,2}\b'), 'DAY'),
    (re.compile(r'\b[AP]M\b'), 'M'),
    (re.compile(r'\d+(?:[,.:]\d+)*'), 'N'),
    (re.compile(r'\b(N (?:page|batch))(?:e?s)?\b'), r'\1'),
    # What YAML would take for a number stands in quotes there, as some ids do.
    (re.compile(r': "(.*)"$', re.MULTILINE), r': \1'),
)


def masked(snapshot: str) -> list[str]:
    """Return the lines of a snapshot without what is another each time."""
    for pattern, word in _MASKS:
        snapshot = pattern.sub(word, snapshot)
    return [line for line in snapshot.splitlines() if '/url:' not in line]


# -- the files


def picture_file(name: str) -> Path:
    return FOLDER / f'{name}.png'


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was written down when the pictures were taken.

    Args:
        letters: see `letters_of`.
        words: of each picture.
    """

    letters: list[int]
    words: dict[str, list[str]]


def stored() -> Record:
    """Return what was written down."""
    return Record(**json.loads(RECORD_FILE.read_text('utf-8')))


def main(names: Sequence[str]) -> int:
    """Take all pictures, or those that are named."""
    words = stored().words if names else {}
    letters: list[int] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=browser_path(), args=BROWSER_FLAGS) as browser,
    ):
        context = browser.new_context(**CONTEXT)
        context.set_default_timeout(TIMEOUT_MS)
        for is_new, service in SERVICES.items():
            chosen = [
                name
                for name, picture in PICTURES.items()
                if picture.is_new is is_new and (not names or name in names)
            ]
            if not chosen:
                continue
            with service(Path(folder) / str(is_new)) as stand:
                for name in chosen:
                    page = context.new_page()
                    taken = take(page, name, stand)
                    png = packed(taken.png)
                    letters = letters_of(page)
                    page.close()
                    picture_file(name).write_bytes(png)
                    words[name] = taken.words
                    print(f'{name}: {len(png):,} bytes', flush=True)
    record = Record(letters=letters, words={name: words[name] for name in PICTURES})
    written = json.dumps(asdict(record), indent=1, ensure_ascii=False)
    RECORD_FILE.write_text(f'{written}\n', 'utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
