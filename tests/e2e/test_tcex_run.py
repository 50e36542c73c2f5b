"""The page in a browser on the port of the vendor's `tcex run`, at the root of the host."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.screen import Screen
from tests.packaging.test_tcex_run import COMMANDS, stand_ins, tcex_run

__all__ = ['stand_ins']
"""A fixture of this module."""


def test_page_works_at_the_root(browser: Browser, stand_ins: Path, tmp_path: Path) -> None:
    command = COMMANDS[1].replace('.run/stand-ins.env', str(stand_ins))
    with tcex_run(command, stand_ins, tmp_path) as local:
        local.wait_until_ready()
        context = browser.new_context()
        page = context.new_page()
        faults: list[str] = []
        page.on('pageerror', lambda error: faults.append(str(error)))
        screen = Screen(page, f'{local.url}/')
        screen.open('configure')
        expect(screen.heading).to_have_text('CONFIGURE')
        screen.open('jobs')
        expect(screen.heading).to_have_text('JOBS')
        page.reload()
        expect(screen.heading).to_have_text('JOBS')
        assert faults == []
        # The vendor's server waits for ever for the answer to what it passes on after the end.
        page.wait_for_load_state('networkidle')
        context.close()
        local.channel.publish({'command': 'Shutdown'})
        assert local.exit_code() == 0, local.output.read_text()
