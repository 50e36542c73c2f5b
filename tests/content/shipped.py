"""Every KQL text that the project ships."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from content.source import queries

from sentinel_app.core.alert_row import alerts_query
from sentinel_app.core.verification import VerifiedTable
from sentinel_app.core.verification_query import READ_BACK, VerificationQueries
from tests.harness.builders.indicator import NOW
from tests.harness.project import PROJECT

_FENCED = re.compile(r'^ *```kusto\n(.*?)^ *```', re.MULTILINE | re.DOTALL)


def app_queries() -> dict[str, str]:
    """Return the queries that the App itself asks."""
    own = VerificationQueries(source_system='ThreatConnect-A "quoted" \\ name')
    context = VerificationQueries(source_system='ThreatConnect-Main', table=VerifiedTable.OBJECTS)
    among = ('0a', 'ff')
    return {
        'app/sums': own.sums(2, now=NOW, settled_before=NOW),
        'app/sums-of-some': own.sums(3, now=NOW, settled_before=NOW, among=among),
        'app/objects': own.objects(among),
        'app/unknown': own.unknown(among, now=NOW),
        'app/context-sums': context.sums(2, now=NOW, settled_before=NOW),
        'app/context-sums-of-some': context.sums(3, now=NOW, settled_before=NOW, among=among),
        'app/context-objects': context.objects(among),
        'app/context-unknown': context.unknown(among, now=NOW),
        'app/history': own.history('VGhyZWF0---indicator--6c0f'),
        'app/read-back': READ_BACK,
        'app/alerts': alerts_query(NOW, NOW, most=100),
    }


def guide_queries() -> dict[str, str]:
    """Return the queries that the documents show."""
    return {
        f'guide/{path.stem}-{number}': text
        for path in sorted((PROJECT / 'docs').glob('*.md'))
        for number, text in enumerate(_FENCED.findall(path.read_text(encoding='utf-8')), start=1)
    }


SOURCES: tuple[Callable[[], Mapping[str, str]], ...] = (queries, app_queries, guide_queries)
"""Functions that return queries by name; a part of the project that has some is added here."""


def shipped_queries() -> dict[str, str]:
    """All queries by name."""
    return {name: text for source in SOURCES for name, text in source().items()}
