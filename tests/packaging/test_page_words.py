"""Words that the page and the App must have in common."""

from __future__ import annotations

import re

from sentinel_app import errors
from tests.harness.project import PROJECT

# Of the App's configuration, of calls, of a stop and of notifications: no Job ever reports them.
NOT_REPORTED = {'APP-CONFIG', 'APP-CONFLICT', 'APP-NOT-FOUND', 'RUN-STOP', 'TC-NOTIFY'}


def test_page_offers_every_code_that_jobs_report() -> None:
    text = (PROJECT / 'ui' / 'src' / 'lib' / 'errorCode.ts').read_text()
    offered, of_queries = (
        set(re.findall(r"'([A-Z0-9]+(?:-[A-Z0-9]+)*)'", part))
        for part in text.split('export const ')[1:]
    )
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    known = {kind.default_code for kind in kinds if issubclass(kind, errors.SentinelAppError)}
    known_of_queries = {code for code in known if code.startswith('AZ-QUERY-')}
    assert known - NOT_REPORTED - known_of_queries <= offered
    assert offered >= {'AZ-ITEM', 'AZ-404', 'MAP-TYPE'}
    assert not offered & NOT_REPORTED
    assert of_queries == known_of_queries | {
        *('AZ-QUERY-404', 'AZ-QUERY-AUDIENCE', 'AZ-QUERY-PLAN'),
    }
