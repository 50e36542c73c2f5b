"""The golden examples: rows as they come and the objects that they must become.

python -m tests.harness.golden            write docs/mapping.md from the examples
python -m tests.harness.golden --accept   first make the examples what the code makes, for review
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel_app.config.settings import LABELS, TTL_INPUTS
from sentinel_app.core.context_key import identity_key, relationship_key
from sentinel_app.core.context_outbox import MOST_ACTORS
from sentinel_app.core.context_revocation import WITHDRAWN_NAME
from sentinel_app.core.description import DESCRIPTION_LIMIT
from sentinel_app.core.identity_object import IDENTITY_SINCE, identity_object
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.label import LABELS_LIMIT
from sentinel_app.core.mapping import NAME_LIMIT
from sentinel_app.core.object_id import object_id
from sentinel_app.core.pattern import PATTERN_LIMIT, PatternStyle
from sentinel_app.core.relationship import relationship_object
from sentinel_app.core.threat_actor import (
    ALIAS_LIMIT,
    LINK_LIMIT,
    MOST_ALIASES,
    MOST_WEB_LINKS,
    actor_object,
    merged,
)
from sentinel_app.threatconnect.parse import FIELDS, parse_indicator
from sentinel_app.threatconnect.parse_group import PROFILE, parse_group, parse_profile
from tests.harness.builders.indicator import NOW, TTL_HOURS, make_objects, make_options
from tests.harness.builders.update import KEY
from tests.harness.project import PROJECT
from tests.harness.sighting import SIGHTINGS

FOLDER = PROJECT / 'tests' / 'data' / 'golden'
CONTEXT = PROJECT / 'tests' / 'data' / 'golden-context' / 'actor.json'
PAGE = PROJECT / 'docs' / 'mapping.md'
REAL_ROWS = PROJECT.parent / 'shared' / 'data' / 'eset-indicators.jsonl.gz'

# Which rules: those of the solution *Threat Intelligence (NEW)* in Azure/Azure-Sentinel.
_MATCHED: Mapping[IndicatorType, str] = {
    IndicatorType.ADDRESS: 'IPv4: yes; IPv6: by newer ones, with *As logs write it*',
    IndicatorType.ASN: 'no',
    IndicatorType.CIDR: 'no: compared as a text, it equals no single address',
    IndicatorType.EMAIL_ADDRESS: 'yes',
    IndicatorType.EMAIL_SUBJECT: 'no',
    IndicatorType.FILE: 'by some with either style, by all with *As logs write it*',
    IndicatorType.HOST: 'yes',
    IndicatorType.REGISTRY_KEY: 'no',
    IndicatorType.URL: 'yes',
}

_HEAD = """\
# How Indicators become STIX objects

<!-- Made by `make gen` from tests/data/golden; edit tests/harness/golden.py instead. -->

Each Indicator becomes one STIX 2.1 `indicator` object; a File becomes one for each of its hashes.

"""

_PROPERTIES = f"""
`ObservableKey` is the column of `ThreatIntelIndicators` that holds the left side of the pattern, \
and `ObservableValue` its right side. `SourceSystem` is `ThreatConnect-` and the input *Sentinel \
Source Name*; it is sent beside the objects. What decides whether a rule finds a value is under \
[What matches](#what-matches).

## Properties

| property | value |
| --- | --- |
| `type`, `spec_version`, `pattern_type`, `pattern_version`, `lang` | `indicator`, `2.1`, \
`stix`, `2.1`, `en` |
| `id` | made from the type, the canonical value and (for a File) the kind of hash; not from the \
owner. The same value is the same object on every machine |
| `created_by_ref` | the `identity` of the owner, whose id is made from its name; absent where \
*Context Objects* is `None` |
| `created` | `dateAdded` of the copy that was sent first, but never later than the first \
attempt to send it |
| `modified` | the time of conversion |
| `revoked` | `true` where the object is withdrawn; otherwise absent |
| `name` | the value, or the hash, or for a Registry Key the summary; then ` \\| ` and the owner. \
At most {NAME_LIMIT:,} characters: the end of a longer value is cut off and marked with `…` |
| `description` | JSON text of at most 1,000 characters, see below |
| `indicator_types` | `["malicious-activity"]` |
| `pattern` | one comparison with the value, see *Pattern Style*; backslashes and single quotes \
are escaped |
| `valid_from` | `lastModified`, but not later than `modified` and always before `valid_until` |
| `valid_until` | the time of conversion plus the TTL of the type, or `externalDateExpires` where \
that is earlier |
| `kill_chain_phases` | each *Phase of Intrusion* attribute; C2 is `command-and-control`, a phase \
of your own is lower-cased and hyphenated. The first 50, and none of more than 100 characters |
| `labels` | the tags by name, sorted; an ATT&CK tag as `T1566 - Phishing`. Whole tags only, and \
together below {LABELS_LIMIT:,} bytes (counted as a JSON list in UTF-8), where Sentinel would cut \
them: a tag that does not fit is left out, and the Job says so |
| `confidence` | as it is; 0 is a value |
| `object_marking_refs` | the strictest TLP label; one that says TLP and no known level counts as \
TLP:RED. TLP:AMBER+STRICT is marked TLP:RED, because \
STIX 2.1 and Sentinel have no level between TLP:AMBER and TLP:RED, and a marking must not promise \
more freedom than was given |

What is absent in ThreatConnect is absent in the object: there are no nulls, empty texts or empty \
lists.

## Values

The canonical value decides which Indicators are the same value, whatever their owners and \
spellings, and so which id they have: IPv6 in ThreatConnect's spelling (lower case, not \
compressed), an IPv4-mapped address (`::ffff:198.51.100.7`) or block as the IPv4 address or block \
that it is, blocks without host bits, hosts and the domains of email addresses in lower case and \
ASCII (`xn--`), mailboxes in lower case, the scheme and host of URLs in lower case, hashes in \
upper case, AS numbers as `ASN64500`, subjects without the encoding of a header, Registry Keys as \
they are. It does not depend on any input.

The input *Pattern Style* decides how pattern and name write it:

| type | As in the guide | As logs write it |
| --- | --- | --- |
| Address, CIDR | the canonical value | IPv6 by RFC 5952 (`2001:db8::5`) |
| Email Subject | the subject as ThreatConnect has it | decoded by RFC 2047 |
| File | the hash in upper case | the hash in lower case |
| Registry Key | key with slashes, value name and value type, leaving out what is empty | the key \
alone, with backslashes |
| ASN, EmailAddress, Host, URL | the canonical value | the same |

The name has the pattern's value with *As logs write it*, and ThreatConnect's spelling with \
*As in the guide*; that of a Registry Key has the summary in either.

### What matches

Rules compare texts, character by character, as `stix2-matcher` does, which holds this table:

"""

_REST = f"""
A block finds an address inside it only in a rule that reads blocks (`ipv4_is_in_range`), an AS \
number only in one that takes the number out of the name. The guide's form of a Registry Key \
finds nothing: its key has slashes, and its members are no path of STIX. The rules that \
[come with the App](operations.md#sentinel-content) write both sides alike, read blocks, numbers \
and keys, and so find these with either style; only an encoded subject needs *As logs write it*.

## Description

A JSON object with `type`, `summary`, `confidence`, `rating`, `threatAssessScore`, `ownerName`, \
`associatedGroups`, `attributes` and `webLink`, in this order, without blanks between them. \
`rating` has a fraction: `4.0`. Numbers and a link that \
ThreatConnect does not have are left out; the two lists are always there. Sentinel cuts a \
description after 1,000 characters, so what does not fit is left out in this order, until it \
does: attributes from the last to the first, *First Seen* and *Last Seen* after all others; groups \
from the last to the second; the \
ends of the first group's texts; and only then the end of the summary, marked with `…`. The \
characters are those of the JSON text, its escapes included; characters outside the Basic \
Multilingual Plane count twice.

Where *Highest TLP to Send* is set, `associatedGroups` has only Groups whose own security labels \
ThreatConnect gives and of which none is above that level.

## What is not sent

* Types other than the nine above, and Files without a usable MD5, SHA-1 or SHA-256 hash, are \
*unsupported* (`MAP-TYPE`).
* Indicators without an id, an owner, a value, `dateAdded` or `lastModified` are *invalid* \
(`MAP-VALUE`). Any other part that is odd is left out.
* So are those whose value cannot be right, as no pattern made of it could find anything:
  * Address, CIDR: no IPv4 or IPv6 address or block, or one with a zone (`fe80::1%eth0`).
  * Host: a URL or path, an email address, an IP address in any spelling, something with a port, \
a blank or another character that no host name has, an empty label, a last label that is a number, \
labels of more than 63 or names of more than 253 characters. Wildcards (`*`), underscores and \
international names are fine.
  * EmailAddress: anything but exactly one mailbox, `@` and a host name, or an IP address in \
brackets. A display name is none of it.
  * ASN: anything but a number up to 4,294,967,295, with `ASN`, `AS` or nothing before it.
  * URL: one that names nothing, as `http://` does.
  * Whatever its type, a value of which nothing is left in its canonical form, or which makes a \
pattern of {PATTERN_LIMIT:,} bytes or more: a pattern is never cut.
* Indicators whose `externalDateExpires` is over are *expired*.
* Characters that UTF-8 or a database does not take, lone surrogates and NUL, become U+FFFD.
"""

_EXAMPLES = """
## Examples

"""


_CONTEXT = f"""
## Context objects

Where *Context Objects* is not `None`, the owners of Indicators and, if chosen, the threat actors \
behind them are objects too. Whatever their names, they are valid STIX 2.1; the text of each \
depends on ThreatConnect alone and never on a clock, so that what has not changed is not sent again.

| in ThreatConnect | object |
| --- | --- |
| an owner of Indicators, or of the Group that an actor is taken from | `identity` |
| Groups of the types in *Actor Group Types* that are associated with Indicators | \
`threat-actor`: one for all Groups that stand for the same actor |
| the association of an Indicator with such a Group | `relationship`: `indicator` `indicates` \
`threat-actor` |

All of them have `type`, `spec_version` (`2.1`), `id`, `created` and `modified`, and `revoked` \
(`true`) where the object is withdrawn. `modified` is never before `created`, and later with each \
version that is sent. Other types of Groups stay in the description of the Indicator.

### Ids

As those of Indicators, they are made from what an object stands for, and are the same on every \
machine: an identity's from the name of the owner, a relationship's from the ids of both ends, and \
an actor's from

1. the MITRE id of its Threat Actor Profile, if it is one of the form `G0021`;
2. otherwise the name of the profile, or else of the Group. Case, blanks, control and invisible \
characters make no difference, nor do compatible forms such as letters of full width.

So the Groups of several owners and types become one actor, and **different actors of the same \
name become one as well**, since nothing in ThreatConnect tells them apart: give one of them \
another name. A Group whose name has nothing to read is no actor.

Threat Actor Profiles came with ThreatConnect 7.11. An older instance refuses the question for \
them; the App then goes by the Groups alone until the Service is started again.

### identity

| property | value |
| --- | --- |
| `created` | {IDENTITY_SINCE:%Y-%m-%d} for all: owners have no dates |
| `name` | the owner |
| `identity_class` | `organization` |
| `lang` | `en` |

### threat-actor

| property | value |
| --- | --- |
| `created`, `modified` | the earliest `dateAdded` and the latest `lastModified` of its Groups |
| `created_by_ref` | the identity of the owner whose Group was added first |
| `name` | that of the profile, or else of the Group that was added first; in one line |
| `description` | that of the profile, or else the *Description* attribute (the default one first) \
of the Group that was added first and has one. At most {DESCRIPTION_LIMIT:,} characters |
| `aliases` | those of the profile, then the other names of its Groups, then their *Aliases* \
attributes, split at line ends, commas and semicolons. Each spelling of a name once, and not the \
name itself; the first {MOST_ALIASES}, and none of more than {ALIAS_LIMIT} characters |
| `first_seen`, `last_seen` | the earliest `firstSeen` and the latest `lastSeen`; neither if the \
first is after the last |
| `labels` | `tc-type:` and each type of its Groups, `tc-owner:` and each owner, then the tags as \
Indicators have them, within the same limit |
| `external_references` | `mitre-attack` with the MITRE id and its link; `ThreatConnect` with the \
links of the first {MOST_WEB_LINKS} Groups. Only links with `http` or `https`, without a password, \
and of at most {LINK_LIMIT:,} characters |
| `object_marking_refs` | the strictest TLP label of all its Groups, as for Indicators |
| `lang` | `en` |

There is no `confidence` and no `threat_actor_types`: Groups have nothing like them.

### relationship

| property | value |
| --- | --- |
| `created`, `modified` | those of the Indicator: `created` of its object and `lastModified` |
| `created_by_ref` | the identity of the Indicator's owner |
| `relationship_type` | `indicates` |
| `source_ref`, `target_ref` | the ids of the Indicator's object and of the actor |
| `object_marking_refs` | the stricter marking of both ends |

An Indicator is related to the {MOST_ACTORS} actors at most whose Groups were modified last.
Groups of other owners than those of the TQL query that sends the Indicator stand for no actor of
it.

### Withdrawn

A relationship that is withdrawn has its type, its ends and `revoked`, and a `threat-actor` its
type, `revoked` and the name `{WITHDRAWN_NAME}`: nothing is left of what it said, whatever a query
looks at. Identities are never withdrawn.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One golden example and where it is kept."""

    path: Path
    content: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def row(self) -> dict[str, Any]:
        row: dict[str, Any] = self.content['row']
        return row

    @property
    def objects(self) -> list[dict[str, Any]]:
        objects: list[dict[str, Any]] = self.content['objects']
        return objects

    @property
    def as_logs_write_it(self) -> list[dict[str, Any]]:
        """What is another in the objects of the other style, one by one."""
        differences: list[dict[str, Any]] = self.content['as_logs_write_it']
        return differences

    def made(self, style: PatternStyle) -> list[dict[str, object]]:
        """What the code makes of the row."""
        return make_objects(parse_indicator(self.row), options=make_options(style))


def examples() -> list[Example]:
    """All golden examples by name."""
    return [
        Example(path=path, content=json.loads(path.read_text(encoding='utf-8')))
        for path in sorted(FOLDER.glob('*.json'))
    ]


def context_example() -> dict[str, Any]:
    """The golden example of context objects."""
    content: dict[str, Any] = json.loads(CONTEXT.read_text(encoding='utf-8'))
    return content


def made_context(content: dict[str, Any]) -> list[dict[str, object]]:
    """What the code makes of its Groups: identity, actor and relationship."""
    groups = [
        parse_group(row, parse_profile({PROFILE: content['profiles'][str(row['id'])]}))
        for row in content['rows']
    ]
    actor = merged(groups)
    author = identity_key(actor.author).object_id()
    source, target = object_id(KEY), actor.key.object_id()
    return [
        identity_object(
            actor.author,
            object_id=author,
            created_at=IDENTITY_SINCE,
            modified_at=IDENTITY_SINCE,
        ),
        actor_object(
            actor,
            object_id=target,
            author_ref=author,
            created_at=actor.added_at,
            modified_at=actor.modified_at,
        ),
        relationship_object(
            object_id=relationship_key(source, target).object_id(),
            source_ref=source,
            target_ref=target,
            author_ref=author,
            tlp=actor.tlp,
            created_at=actor.added_at,
            modified_at=actor.modified_at,
        ),
    ]


def rows() -> Iterator[dict[str, Any]]:
    """The real Indicators where they lie beside the project, else the rows of the examples."""
    if not REAL_ROWS.exists():
        yield from (example.row for example in examples())
        return
    with gzip.open(REAL_ROWS, 'rt', encoding='utf-8') as lines:
        for line in lines:
            yield json.loads(line)


def page() -> str:
    """The text of docs/mapping.md."""
    names = ', '.join(f'`{name}`' for name in FIELDS)
    times = f'Converted at {NOW:%Y-%m-%dT%H:%M:%SZ} with a TTL of {TTL_HOURS} hours.'
    fields = f'Rows are asked for with the `fields` {names}.'
    guide = f'{_PROPERTIES}{_sightings()}\n{_REST}{_CONTEXT}{_EXAMPLES}'
    parts = [f'{_HEAD}{_types()}\n{guide}{times} {fields}\n']
    for example in examples():
        parts.append(f'### {example.content["title"]}\n\n{example.content["shows"]}\n')
        parts.append(f'From ThreatConnect:\n\n{_json(example.row)}\n')
        parts.append(f'To Sentinel:\n\n{_json(*example.objects)}\n')
        parts.append(f'With *{PatternStyle.AS_LOGS_WRITE_IT}*:\n\n{_other_style(example)}\n')
        description = json.loads(example.objects[0]['description'])
        parts.append(f'The description, unfolded:\n\n{_json(description)}\n')
    content = context_example()
    profile = next(iter(content['profiles'].values()))
    parts.append(f'### {content["title"]}\n\n{content["shows"]}\n')
    parts.append(f'From ThreatConnect:\n\n{_json(*content["rows"])}\n')
    parts.append(f'The profile of both, `commonGroup`:\n\n{_json(profile)}\n')
    parts.append(f'To Sentinel:\n\n{_json(*content["objects"])}\n')
    return '\n'.join(parts)


def _changes(
    one: list[dict[str, object]], other: list[dict[str, object]]
) -> list[dict[str, object]]:
    """What is another in each object of `other`."""
    return [
        {name: value for name, value in after.items() if value != before[name]}
        for before, after in zip(one, other, strict=True)
    ]


def _other_style(example: Example) -> str:
    changed = [each for each in example.as_logs_write_it if each]
    return _json(*changed) if changed else 'The same.'


def _types() -> str:
    """The table of types, one line each: what it becomes, who finds it, how long it is valid."""
    lines = ['| type | pattern | `ObservableKey` | matched by rules that Microsoft ships | TTL |']
    lines.append('| --- | --- | --- | --- | --- |')
    for kind, matched in _MATCHED.items():
        label = LABELS[TTL_INPUTS[kind]]
        paths = dict.fromkeys(each.path for each in SIGHTINGS if each.kind is kind)
        patterns = ', '.join(f'`[{path} = ...]`' for path in paths)
        keys = ', '.join(f'`{path}`' for path in paths)
        if kind is IndicatorType.REGISTRY_KEY:
            keys += f' with *{PatternStyle.AS_LOGS_WRITE_IT}*, else empty'
        name = label.partition(' - ')[2]
        lines.append(f'| {name} | {patterns} | {keys} | {matched} | *{label}* |')
    return '\n'.join(lines)


def _sightings() -> str:
    """The table of what is found in logs."""
    lines = ['| type | in ThreatConnect | in a log | As in the guide | As logs write it |']
    lines.append('| --- | --- | --- | --- | --- |')
    for each in SIGHTINGS:
        logged = f'{each.logged}, a number' if isinstance(each.logged, int) else f'`{each.logged}`'
        found = ['found' if each.is_expected(style) else 'no' for style in PatternStyle]
        lines.append(f'| {each.kind} | `{each.stored}` | {logged} | {found[0]} | {found[1]} |')
    return '\n'.join(lines)


def _json(*values: object) -> str:
    texts = [json.dumps(value, indent=2, ensure_ascii=False) for value in values]
    return '```json\n' + '\n'.join(texts) + '\n```'


def main() -> None:
    """Write the page, and on request the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--accept', action='store_true', help='put what the code makes into them')
    if parser.parse_args().accept:
        for example in examples():
            guide, logs = (example.made(style) for style in PatternStyle)
            content = example.content | {
                'objects': guide,
                'as_logs_write_it': _changes(guide, logs),
            }
            text = json.dumps(content, indent=2, ensure_ascii=False)
            example.path.write_text(f'{text}\n', encoding='utf-8')
        content = context_example()
        content['objects'] = made_context(content)
        text = json.dumps(content, indent=2, ensure_ascii=False)
        CONTEXT.write_text(f'{text}\n', encoding='utf-8')
    PAGE.write_text(page(), encoding='utf-8')


if __name__ == '__main__':
    main()
