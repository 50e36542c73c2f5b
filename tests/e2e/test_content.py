"""The content for Sentinel, as About this Service offers it."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.e2e.screen import Screen
from tests.harness.project import PROJECT
from tests.simulators.stand import Stand

STORED = PROJECT / 'docs' / 'sentinel' / 'azuredeploy.json'


def test_template_is_downloaded_for_this_service(page: Page, screen: Screen, stand: Stand) -> None:
    source = stand.api('GET', 'api/health').json()['service']['source_system']
    screen.open('jobs')
    screen.button('About this Service').click()
    about = screen.dialog('About this Service')
    offer = about.get_by_role('region', name='Sentinel content for this Service')
    expect(offer).to_contain_text(source)
    assert screen.complaints() == []
    with page.expect_download() as download:
        offer.get_by_role('button', name='azuredeploy.json').press('Enter')
    assert download.value.suggested_filename == 'azuredeploy.json'
    given = json.loads(download.value.path().read_text(encoding='utf-8'))
    stored = json.loads(STORED.read_text(encoding='utf-8'))
    assert given['parameters']['sourceSystem'].pop('defaultValue') == source
    assert given == stored
    expect(page.get_by_text('azuredeploy.json, to be deployed in Azure.')).to_be_visible()


def test_template_that_does_not_come_is_said_and_can_be_asked_for_again(
    page: Page, screen: Screen
) -> None:
    page.route('**/content/azuredeploy.json', lambda route: route.fulfill(status=502, body=''))
    screen.open('jobs')
    screen.button('About this Service').click()
    get = screen.dialog('About this Service').get_by_role('button', name='azuredeploy.json')
    get.click()
    expect(page.get_by_text('The Service is not running')).to_be_visible()
    page.unroute('**/content/azuredeploy.json')
    with page.expect_download() as download:
        get.click()
    assert download.value.suggested_filename == 'azuredeploy.json'


def test_guide_says_how_the_template_is_deployed(page: Page, screen: Screen) -> None:
    screen.open('jobs')
    screen.button('About this Service').click()
    about = screen.dialog('About this Service')
    with page.expect_popup() as opened:
        about.get_by_role('link', name='How to deploy it').click()
    part = opened.value
    heading = part.locator('#sentinel-content')
    expect(heading).to_have_text('Sentinel content')
    expect(heading).to_be_in_viewport()
    part.close()
