"""What a person does on the page, in words that the tests can use."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

# The report holds violations only, and of each only what a message shows. No enabled rule needs the
# style sheets and media that axe would load first, and the page has no frames.
_LEAN = {
    'reporter': 'no-passes',
    'resultTypes': ['violations'],
    'preload': False,
    'iframes': False,
    'selectors': False,
}
# A drop-down list floats outside the landmarks while it is open, as every one does that is not
# cut off by the window it belongs to.
AXE_OPTIONS = {**_LEAN, 'rules': {'region': {'enabled': False}}}
NO_COLORS = {
    **_LEAN,
    'rules': {'region': {'enabled': False}, 'color-contrast': {'enabled': False}},
}
# Of all that axe judges, this alone depends on the color scheme.
COLORS_ONLY = {**_LEAN, 'runOnly': ['color-contrast']}
# What lies behind an open window was judged before it opened: then only what floats is judged.
_JUDGE = """async (options) => {
  const floats = '[data-portal]';
  const isOpen = document.querySelector(`${floats} [role=dialog]`) !== null;
  const found = await axe.run(isOpen ? { include: [[floats]] } : document, options);
  return found.violations.flatMap(
    ({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html.slice(0, 200)}`),
  );
}"""
# A window that still fades in has other colors than when it is there in full, and what is fixed is
# out of place while the page scrolls.
_STILL = """async () => {
  let [at, frames] = [scrollY, 0];
  while (frames < 3) {
    await new Promise(requestAnimationFrame);
    [at, frames] = [scrollY, at === scrollY ? frames + 1 : 0];
  }
  const ends = ({ effect }) => effect.getComputedTiming().iterations !== Infinity;
  const moving = document.getAnimations().filter(ends);
  await Promise.all(moving.map((each) => each.finished.catch(() => undefined)));
}"""


class Screen:
    """The page in the browser."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str = '') -> None:
        """Go to a screen, for example `jobs?status=failed`."""
        self.page.goto(f'{self.url}#/{path}')
        expect(self.heading).to_be_visible()

    @property
    def heading(self) -> Locator:
        return self.page.get_by_role('heading', level=1)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role('button', name=name, exact=True)

    def dialog(self, title: str) -> Locator:
        return self.page.get_by_role('dialog', name=title)

    def table(self, name: str) -> Locator:
        return self.page.get_by_role('table', name=name)

    def rows(self, name: str) -> Locator:
        """The rows of a table, without headings, and without those that only hold the place."""
        # Playwright answers `:has` itself, and slowly; XPath is left to the browser.
        return self.table(name).locator(
            'xpath=.//tbody/tr[not(@aria-hidden)][not(th[@scope="rowgroup"])]'
        )

    @property
    def updates(self) -> Locator:
        """The lines of JOBS that stand for a whole update."""
        return self.table('Jobs').locator('xpath=.//tbody/tr[th[@scope="rowgroup"]]')

    def choose(self, field: str, *names: str) -> None:
        """Choose from a drop-down list."""
        box = self.page.get_by_role('textbox', name=field).or_(
            self.page.get_by_role('combobox', name=field)
        )
        for name in names:
            # A list of several choices stays open.
            if box.first.get_attribute('aria-expanded') != 'true':
                box.first.click()
            self.page.get_by_role('option', name=name, exact=True).click()
        box.first.press('Tab')

    def fill_query(self, *, owners: tuple[str, ...], types: tuple[str, ...], tql: str) -> None:
        """Fill the open window of a TQL query."""
        self.choose('Owners to Query', *owners)
        self.choose('Indicator Types to Retrieve', *types)
        self.tql.fill(tql)

    @property
    def tql(self) -> Locator:
        """The field for TQL; once it is looked for, the editor has taken it over."""
        field = self.page.get_by_role('textbox', name='TQL')
        expect(field).to_have_attribute('contenteditable', 'true')
        return field

    def come_to_rest(self) -> None:
        """Let the page do what it does between two keys of the fastest person."""
        self.page.evaluate(_STILL)

    def copied(self, button: Locator) -> str:
        """Press a button that copies, and give the text; the browser may take its time over it."""
        self.page.evaluate("navigator.clipboard.writeText('')")
        button.click()
        text: str = self.page.wait_for_function('navigator.clipboard.readText()').json_value()
        return text

    def complaints(self, *, of_colors: bool = True) -> list[str]:
        """What axe finds wrong with what is shown now, in the light and in the dark.

        Args:
            of_colors: whether colors are judged, which takes most of the time.
        """
        if not of_colors:
            return self._judge(NO_COLORS)
        found = self._judge(AXE_OPTIONS)
        self.page.emulate_media(color_scheme='dark')
        found += self._judge(COLORS_ONLY)
        self.page.emulate_media(color_scheme='light')
        return found

    def _judge(self, options: dict[str, object]) -> list[str]:
        # A page is judged many times, and axe is half a megabyte.
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        self.come_to_rest()
        found: list[str] = self.page.evaluate(_JUDGE, options)
        return found
