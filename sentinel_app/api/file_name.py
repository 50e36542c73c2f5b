"""Names of the files that the API returns: what is in them, of which Service, and of which day."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

_MOST_CHARS = 60
_OTHER = re.compile(r'[^\w.]+|_+')


def download_name(
    subject: str, *, organization: str | None, source_name: str, now: dt.datetime
) -> str:
    """Return `sentinel-<subject>_<organization or source>_<day in UTC>.csv`.

    Letters and digits of any script stay; no system objects to them in the name of a file.
    """
    name = _OTHER.sub('-', unicodedata.normalize('NFC', organization or source_name))
    parts = (f'sentinel-{subject}', name[:_MOST_CHARS].strip('-.'), f'{now:%Y-%m-%d}')
    return '_'.join(part for part in parts if part) + '.csv'
