"""The golden examples: rows as they come and the objects that they must become.

python -m tests.golden            write docs/mapping.md from the examples
python -m tests.golden --accept   first put what the code makes into the examples, for review
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel_app.core.pattern import RegistryKeyPattern
from sentinel_app.threatconnect.parse import FIELDS, parse_indicator
from tests.factories import NOW, TTL_HOURS, make_objects, make_options

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / 'tests' / 'data' / 'golden'
PAGE = ROOT / 'docs' / 'mapping.md'
REAL_ROWS = ROOT.parent / 'shared' / 'data' / 'eset-indicators.jsonl.gz'

_HEAD = """\
# How Indicators become STIX objects

<!-- Made by `make gen` from tests/data/golden; edit tests/golden.py instead. -->

Each Indicator becomes one STIX 2.1 `indicator` object; a File becomes one for each of its hashes.

| property | value |
| --- | --- |
| `type`, `spec_version`, `pattern_type`, `pattern_version`, `lang` | `indicator`, `2.1`, \
`stix`, `2.1`, `en` |
| `id` | made from the type, the canonical value and (for a File) the kind of hash; not from the \
owner. The same value is the same object on every machine |
| `created` | `dateAdded` of the copy that was sent first |
| `modified` | the time of conversion |
| `revoked` | `true` where the object is withdrawn; otherwise absent |
| `name` | the value, or the hash, or for a Registry Key the summary; then ` \\| ` and the owner |
| `description` | JSON text of at most 1,000 characters, see below |
| `indicator_types` | `["malicious-activity"]` |
| `pattern` | one comparison with the canonical value, see the examples; backslashes and single \
quotes are escaped |
| `valid_from` | `lastModified`, but always before `valid_until` |
| `valid_until` | the time of conversion plus the TTL of the type, or `externalDateExpires` where \
that is earlier |
| `kill_chain_phases` | each *Phase of Intrusion* attribute; C2 is `command-and-control`, a phase \
of your own is lower-cased and hyphenated |
| `labels` | the tags by name, sorted; an ATT&CK tag as `T1566 - Phishing` |
| `confidence` | as it is; 0 is a value |
| `object_marking_refs` | the strictest TLP label; one that says TLP and no known level counts as \
TLP:RED. TLP:AMBER+STRICT is marked TLP:RED, because \
STIX 2.1 and Sentinel have no level between TLP:AMBER and TLP:RED, and a marking must not promise \
more freedom than was given |

What is absent in ThreatConnect is absent in the object: there are no nulls, empty texts or empty \
lists.

The canonical value decides which Indicators are the same value, whatever their owners: IPv6 in \
ThreatConnect's spelling (lower case, not compressed), blocks without host bits, hosts and e-mail \
addresses in lower case, the scheme and host of URLs in lower case, hashes and AS numbers in upper \
case, Registry Keys and subjects as they are. The pattern has the canonical value, the name \
has ThreatConnect's own spelling.

## Description

A JSON object with `type`, `summary`, `confidence`, `rating`, `threatAssessScore`, `ownerName`, \
`associatedGroups`, `attributes` and `webLink`, in this order. Numbers and a link that \
ThreatConnect does not have are left out; the two lists are always there. Sentinel cuts a \
description after 1,000 characters, so what does not fit is left out in this order, until it \
does: attributes from the last to the first, *First Seen* and *Last Seen* after all others; groups \
from the last to the second; the \
ends of the first group's texts; and only then the end of the summary, marked with `…`. The \
characters are those of the JSON text, its escapes included; characters outside the Basic \
Multilingual Plane count twice.

## What is not sent

* Types other than the nine below, and Files without a usable MD5, SHA-1 or SHA-256 hash, are \
*unsupported* (`MAP-TYPE`).
* Indicators without an id, an owner, a value, `dateAdded` or `lastModified`, and Addresses and \
CIDR blocks that are none, are *invalid* (`MAP-VALUE`). Any other part that is odd is left out.
* Indicators whose `externalDateExpires` is over are *expired*.
* Characters that UTF-8 or a database does not take, lone surrogates and NUL, become U+FFFD.

## Examples
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

    def made(self) -> list[dict[str, object]]:
        """What the code makes of the row."""
        choice = self.content.get('registry_key_pattern', RegistryKeyPattern.AS_IN_THE_GUIDE)
        return make_objects(
            parse_indicator(self.row), options=make_options(RegistryKeyPattern(choice))
        )


def examples() -> list[Example]:
    """All golden examples by name."""
    return [
        Example(path=path, content=json.loads(path.read_text(encoding='utf-8')))
        for path in sorted(FOLDER.glob('*.json'))
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
    fields = ', '.join(f'`{name}`' for name in FIELDS)
    times = f'Converted at {NOW:%Y-%m-%dT%H:%M:%SZ} with a TTL of {TTL_HOURS} hours.'
    parts = [_HEAD, f'{times} Rows are asked for with the `fields` {fields}.\n']
    for example in examples():
        parts.append(f'### {example.content["title"]}\n\n{example.content["shows"]}\n')
        parts.append(f'From ThreatConnect:\n\n{_json(example.row)}\n')
        parts.append(f'To Sentinel:\n\n{_json(*example.objects)}\n')
        description = json.loads(example.objects[0]['description'])
        parts.append(f'The description, unfolded:\n\n{_json(description)}\n')
    return '\n'.join(parts)


def _json(*values: object) -> str:
    texts = [json.dumps(value, indent=2, ensure_ascii=False) for value in values]
    return '```json\n' + '\n'.join(texts) + '\n```'


def main() -> None:
    """Write the page, and on request the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--accept', action='store_true', help='put what the code makes into them')
    if parser.parse_args().accept:
        for example in examples():
            content = example.content | {'objects': example.made()}
            text = json.dumps(content, indent=2, ensure_ascii=False)
            example.path.write_text(f'{text}\n', encoding='utf-8')
    PAGE.write_text(page(), encoding='utf-8')


if __name__ == '__main__':
    main()
