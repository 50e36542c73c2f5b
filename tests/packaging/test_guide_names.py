"""What the guides call things by is what people read: on the page, in the forms, in the inputs."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from tests.harness.project import PROJECT

GUIDES = ('install', 'operations', 'troubleshooting', 'mapping', 'tour')
SCREENS = PROJECT / 'ui' / 'src' / 'screens.tsx'

ELSEWHERE: dict[str, frozenset[str]] = {
    'the portals of Microsoft': frozenset(
        {
            *('API permissions', 'APIs my organization uses', 'Add a permission'),
            *('Accounts in this organizational directory only', 'Add role assignment', 'Analytics'),
            *('Access control (IAM)', 'App registrations', 'Application (client) ID'),
            *('Application Administrator', 'Application Developer', 'Application permissions'),
            *('Certificates', 'Data.Read', 'Grant admin consent', 'Log Analytics API', 'Tables'),
            *('Certificates & secrets', 'Client secrets', 'Cloud Application Administrator'),
            *('Contributor', 'Deploy a custom template', 'Directory (tenant) ID', 'Disconnected'),
            'Enterprise applications',
            *('Advanced hunting', 'Hunting', 'Intel management', 'Investigation & response'),
            *('Log Analytics Contributor', 'Logs', 'Microsoft Sentinel'),
            *('Microsoft Sentinel Contributor', 'Monitoring Metrics Publisher'),
            *('New client secret', 'New registration', 'Overview', 'Owner', 'Redirect URI'),
            *('Register', 'Role Based Access Control Administrator', 'Secret ID', 'Settings'),
            *('Source', 'Threat intelligence', 'Threat management', 'Too Many Requests'),
            *('Upload certificate', 'User Access Administrator'),
            *('User, group, or service principal', 'Value', 'Workspace settings'),
        }
    ),
    'the forms of ThreatConnect': frozenset(
        {
            *('+ Add New', '+ Create New Service', '+ Install', '+ NEW', 'API Path', 'Access ID'),
            *('Administrator', 'Aliases', 'Allow all', 'Allow all organizations'),
            *('An Api service with this path already exists.', 'Automation & Feeds'),
            'App Services will be automatically restarted after an upgrade',
            *('Create API User', 'Custom TQL Timeout', 'Email Address', 'Enable Notifications'),
            *(
                'Exchange Admin',
                'Include in Observations and False Positives',
                'Install a new file',
            ),
            *(
                'Installed',
                'Launch Server',
                'Max restart attempts on failure',
                'Membership',
                'Name',
            ),
            *('Org Settings', 'Organization Administrator', 'Permissions', 'Playbooks'),
            *('Secret Key', 'Service', 'Service API', 'Services', 'Settings'),
            *('TC Exchange Settings', 'Type', 'Variables'),
            *('First Seen', 'Last Seen', 'Phase of Intrusion'),
            *('apply to ThreatConnect', 'apply to external', 'debug'),
        }
    ),
    'the figures of the heartbeat': frozenset(
        {
            *('Health', 'Indicators Read', 'Indicators Refused', 'Indicators Sent'),
            *('Objects in Sentinel', 'Open Problems', 'Updates Running'),
        }
    ),
}
"""Names that neither the page nor `install.json` has, by where people read them."""
OTHER_CAPITALS = frozenset(
    {
        *(
            'AADSTS',
            'AMBER',
            'ASCII',
            'CHANGELOG',
            'CIDR',
            'CLEAR',
            'FFFD',
            'GUID',
            'HTTPS',
            'INFO',
        ),
        *(
            'ISATAP',
            'JSON',
            'KEYCHAIN',
            'MITRE',
            'NAT64',
            'RBAC',
            'README',
            'STIX',
            'STRICT',
            'TEXT',
        ),
    }
)
EMPHASIS = re.compile(r'(?<![*\w\\])\*(?![*\s])([^*\n]+?)(?<![\s*])\*(?!\*)')
# Of TypeScript: comments, texts in quotes, and what stands between two tags.
COMMENT = re.compile(r'/\*.*?\*/|(?<![:\'"])//[^\n]*', re.DOTALL)
QUOTED = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"([^\"\n]*)\"|`([^`]*)`")
BETWEEN_TAGS = re.compile(r'>((?:[^<>{};=]|\{[^{}]*\})+)<')
HOLE = re.compile(r'\$?\{[^{}]*\}')


@cache
def prose(name: str) -> str:
    """A guide without its code."""
    text = (PROJECT / 'docs' / f'{name}.md').read_text(encoding='utf-8')
    if name == 'mapping':
        text = text.partition('## Examples')[0]
    text = re.sub(r'^ *```.*?^ *```', '', text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r'`[^`\n]*`', '', text)


@cache
def names(guide: str) -> frozenset[str]:
    return frozenset(EMPHASIS.findall(prose(guide)))


def sources() -> list[Path]:
    found = (PROJECT / 'ui' / 'src').rglob('*.ts*')
    return [file for file in found if '.test.' not in file.name and '.gen.' not in file.name]


@cache
def shown() -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    """Whole texts of the page; and those with holes, such as `Run ${mode} update now`."""
    whole: set[str] = set()
    holed: list[re.Pattern[str]] = []
    for file in sources():
        text = COMMENT.sub('', file.read_text(encoding='utf-8'))
        found = [''.join(groups) for groups in QUOTED.findall(text)]
        found += BETWEEN_TAGS.findall(text)
        for each in (' '.join(words.split()) for words in found):
            parts = [re.escape(part) for part in HOLE.split(each)]
            if len(parts) == 1:
                whole.add(each)
            elif len(re.findall(r'[A-Za-z]{3,}', ' '.join(HOLE.split(each)))) > 0:
                holed.append(re.compile('.{0,30}'.join(parts)))
    return frozenset(whole), tuple(holed)


@cache
def inputs() -> frozenset[str]:
    """Labels and choices of `install.json`, and the words that labels have in common."""
    params = json.loads((PROJECT / 'install.json').read_text(encoding='utf-8'))['params']
    choices = {each for param in params for each in param.get('validValues', ())}
    labels = {param['label'] for param in params}
    return frozenset(labels | choices | {label.partition(' - ')[0] for label in labels})


def is_shown(name: str) -> bool:
    whole, holed = shown()
    return name in whole or any(each.fullmatch(name) for each in holed)


@pytest.mark.parametrize('guide', GUIDES)
def test_every_name_in_a_guide_is_one_that_people_read(guide: str) -> None:
    known = inputs().union(*ELSEWHERE.values())
    assert sorted(each for each in names(guide) - known if not is_shown(each)) == []


def test_lists_of_other_names_hold_no_unused_one() -> None:
    used = frozenset[str]().union(*map(names, GUIDES))
    assert {where: sorted(each - used) for where, each in ELSEWHERE.items() if each - used} == {}


@pytest.mark.parametrize('guide', GUIDES)
def test_screens_go_by_their_names(guide: str) -> None:
    labels = re.findall(r"(?:label|menu): '([A-Z ]+)'", SCREENS.read_text(encoding='utf-8'))
    screens = {word for label in labels for word in label.split()}
    capitals = set(re.findall(r'\b(?:[A-Z]{4,}|NAT64)\b', prose(guide)))
    assert capitals - screens - OTHER_CAPITALS == set()


def test_name_that_the_page_does_not_have_is_found() -> None:
    assert is_shown('Save and Run Full Update')
    assert is_shown('Run full update now')
    assert is_shown('Withdraw 3 objects')
    assert not is_shown('Check now')
    assert not is_shown('Save and Run')
