"""Names of the files that the API gives: what is in them, of which Service, and of which day."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from sentinel_app.api.ports import ApiDeps

_MOST_CHARS = 60
_OTHER = re.compile(r'[^\w.]+|_+')


def csv_name(content: str, deps: ApiDeps) -> str:
    """Return the name of a file of this Service and of today."""
    facts = deps.health.snapshot()
    return download_name(
        content,
        organization=facts.organization,
        source_name=facts.source_name,
        now=deps.clock.now(),
    )


def download_name(
    content: str, *, organization: str | None, source_name: str, now: dt.datetime
) -> str:
    """Return `sentinel-<content>_<organization or source>_<day in UTC>.csv`.

    Letters and digits of any script stay; no system objects to them in the name of a file.
    """
    name = _OTHER.sub('-', unicodedata.normalize('NFC', organization or source_name))
    parts = (f'sentinel-{content}', name[:_MOST_CHARS].strip('-.'), f'{now:%Y-%m-%d}')
    return '_'.join(part for part in parts if part) + '.csv'
