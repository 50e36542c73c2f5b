"""Every number in the guides is that of the code, or a named fact of somebody else."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import re
from http import HTTPStatus
from typing import Any

import pytest

import sentinel_app
from sentinel_app.api.csv_text import MAX_CSV_BYTES
from sentinel_app.api.resource import MAX_BODY_BYTES
from sentinel_app.api.schemas import MAX_OWNERS, MAX_QUERIES, MAX_TQL_CHARS
from sentinel_app.api.schemas.indicator import MAX_VALUES
from sentinel_app.config.settings import (
    REQUESTS_PER_MINUTE_LIMIT,
    SOURCE_SYSTEM_LENGTH,
    SOURCE_SYSTEM_PREFIX,
)
from sentinel_app.container.stores import DATABASE_FILE, DOCUMENTS_FILE
from sentinel_app.core.context_outbox import MOST_ACTORS
from sentinel_app.core.description import DESCRIPTION_LIMIT
from sentinel_app.core.health import EXPIRES_WITHIN, LOW_DISK_BYTES, OUTAGE_TRIES, OVERDUE_AFTER
from sentinel_app.core.label import LABELS_LIMIT
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS
from sentinel_app.core.mapping import NAME_LIMIT
from sentinel_app.core.notice import RENOTIFY_AFTER, SETTLING_TIME
from sentinel_app.core.pattern import PATTERN_LIMIT
from sentinel_app.core.retry import (
    DEFAULT_RETRY_AFTER_S,
    LONGEST_RETRY_AFTER_S,
    QUERY_POLICY,
    QUERY_RETRY_AFTER_S,
    READ_POLICY,
    UPLOAD_POLICY,
)
from sentinel_app.core.task import LONGEST_PAUSE, TASK_FACTS, TaskFacts
from sentinel_app.core.tql import VALUES_IN_CLAUSE
from sentinel_app.core.upload_limits import (
    KEPT_FREE,
    MAX_BYTES,
    MAX_OBJECTS,
    WINDOW_S,
    spare_s,
)
from sentinel_app.core.verification import JUDGED_AFTER, SETTLED_AFTER, WHOLE_EVERY
from sentinel_app.core.verification_query import HISTORY_DAYS
from sentinel_app.core.window import GREATEST_SKEW
from sentinel_app.diagnostics.check_result import CheckName
from sentinel_app.diagnostics.match_report import RECENT_DAYS
from sentinel_app.lifecycle import OTHERS_S
from sentinel_app.log import LONGEST_LINE
from sentinel_app.pipeline.context import GROUPS_AT_ONCE
from sentinel_app.pipeline.context_upload import LONGEST_REST_S as CONTEXT_REST_S
from sentinel_app.pipeline.fault_limit import ATTEMPTS
from sentinel_app.pipeline.group_screen import VALID_FOR_S
from sentinel_app.pipeline.log_reader import MOST_QUERIES
from sentinel_app.pipeline.withdraw_guard import ALWAYS_ALLOWED
from sentinel_app.platform.wsgi_bridge import MAX_CONCURRENT
from sentinel_app.sentinel.client import UPLOAD_LIMIT
from sentinel_app.sentinel.log_analytics import QUERY_LIMIT
from sentinel_app.sentinel.transport import TOKEN_LIMIT
from sentinel_app.storage.app_state.state_tables import MAX_AUDIT
from sentinel_app.storage.error_log import LONGEST_TEXT
from sentinel_app.storage.maintenance.damage import INSPECTION_S
from sentinel_app.storage.maintenance.upkeep import KEPT_SET_ASIDE
from sentinel_app.storage.matches import MOST_MATCHES
from sentinel_app.storage.page_queue import MOST_PAGES
from sentinel_app.storage.verifications import MOST_LISTED
from sentinel_app.tasks.chosen_update import MOST_REFUSED
from sentinel_app.tasks.cleaner import MOST_JOBS
from sentinel_app.tasks.finding_actions import MOST_SENT_AGAIN
from sentinel_app.tasks.notifier import REST
from sentinel_app.tasks.task_kill import GRACE_S
from sentinel_app.tasks.worker import FIRST_REST_S, LONGEST_REST_S
from sentinel_app.threatconnect import pace
from sentinel_app.threatconnect.instance import (
    DATE_WARNING_DURATION,
    LIST_LIMIT,
    LONGEST_QUERY,
    PAGE_LIMIT,
)
from sentinel_app.threatconnect.whoami import WHOAMI_LIMIT
from tests.harness.project import PROJECT

INSTALL, OPERATIONS, TROUBLESHOOTING = 'install', 'operations', 'troubleshooting'
DEFINITION = json.loads((PROJECT / 'install.json').read_text(encoding='utf-8'))
PARAMS = {each['name']: each for each in DEFINITION['params']}


def of(module: str, name: str) -> Any:
    """A constant that its module keeps to itself."""
    return getattr(importlib.import_module(f'sentinel_app.{module}'), name)


def of_file(file: str, name: str) -> float:
    """A constant of a file that is not imported here."""
    text = (PROJECT / file).read_text(encoding='utf-8')
    (value,) = re.findall(rf'\b{name}(?:: Final)? = ([\d_.]+);?$', text, re.MULTILINE)
    return float(value)


def mib(size_bytes: int) -> int:
    assert size_bytes % (1 << 20) == 0
    return size_bytes >> 20


def minutes(span: dt.timedelta) -> int:
    return int(span.total_seconds()) // 60


def word(number: int) -> str:
    return ('no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine')[number]


def hours(objects: int) -> str:
    """How long so many objects take at the limit."""
    asked_minutes = objects // (MAX_OBJECTS * REQUESTS_PER_MINUTE_LIMIT)
    whole, rest = divmod(asked_minutes, 60)
    parts = [(whole, 'hour'), (rest, 'minute')]
    return ' '.join(f'{n} {what}{"s" if n > 1 else ""}' for n, what in parts if n)


def context_row(indicators: int, actors: int, owners: int = 5) -> str:
    """What context costs at one and a half actors an Indicator, as a row of the guide has it."""
    relationships = indicators * 3 // 2
    objects = owners + actors + relationships
    took = round(spare_s(objects, REQUESTS_PER_MINUTE_LIMIT) / 60)
    whole, rest = divmod(took, 60)
    parts = [(whole, 'hours'), (rest, 'minutes')]
    time = ' '.join(f'{n} {what}' for n, what in parts if n)
    requests = -(-objects // MAX_OBJECTS)
    rows = round(4 * objects, -3)
    return f'| {indicators:,} | {actors:,} | {relationships:,} | {requests:,} | {time} | {rows:,} |'


_ORDINALS = {7: 'seventh'}

PAUSES = {
    name: int(minutes)
    for name, minutes in re.findall(
        r"'(\w+)': (\d+),", (PROJECT / 'ui' / 'src' / 'lib' / 'task.ts').read_text(encoding='utf-8')
    )
}
"""Minutes of the pauses that the page offers."""
_LIMIT = REQUESTS_PER_MINUTE_LIMIT
_INTERVAL = of('config.settings', '_INTERVAL_HOURS_LIMIT')
_READS, _SENDS, _QUERIES = READ_POLICY, UPLOAD_POLICY, QUERY_POLICY
_MOST_A_MONTH = MOST_JOBS // (30 * 24)

CLAIMS: dict[str, list[str]] = {
    INSTALL: [
        f'remembered for up to {VALID_FOR_S / 60:g} minutes',
        f'The App warns {EXPIRES_WITHIN.days} days before a certificate expires',
        f'version {sentinel_app.__version__}, in the category',
        f'*Microsoft Sentinel* with version {sentinel_app.__version__}',
        f'This one is version {sentinel_app.__version__};',
        f'At most {SOURCE_SYSTEM_LENGTH - len(SOURCE_SYSTEM_PREFIX)} characters.',
        f'Above 0 and up to {_INTERVAL}; fractions',
        f'with a point: `0.5` is every {60 * 0.5:g} minutes',
        f'from 1 to {of("config.settings", "_TTL_HOURS_LIMIT")}; 720 are {720 // 24} days',
        f'from 0 to {_INTERVAL}; 0 means never; {7 * 24} are a week',
        f'from 0 to {_INTERVAL}; 0 means never |',
        f'and more than {ALWAYS_ALLOWED}, withdraws none and asks in JOBS first. From 0 to 100',
        f'Upload requests in any {WINDOW_S:g} seconds, from 1 to {_LIMIT}, which',
        f'each holds up to {MAX_OBJECTS} objects',
        f'From 1 to {of("config.settings", "_RETENTION_DAYS_LIMIT")}; at most {MOST_JOBS:,} Jobs',
        f'does not show it, {PARAMS["retention_days"]["default"]} days apply',
        f'*All {len(CheckName)} checks passed.*',
        f'they share the {_LIMIT} requests a minute',
        f'ThreatConnect {DEFINITION["minServerVersion"][:3]} or newer with API services',
    ],
    OPERATIONS: [
        f'takes back *Cancel* for {of_file("ui/src/shell/toast.ts", "UNDO_SHOWN_MS") / 1000:g} s',
        f'A file is at most {of_file("ui/src/lib/transfer.ts", "MAX_FILE_BYTES") / 1e6:g} MB and',
        f'until a time at most {LONGEST_PAUSE.days} days ahead',
        f'It lasts {PAUSES["30m"]} minutes, an hour, {word(PAUSES["4h"] // 60)} hours,',
        f'up to {MOST_REFUSED:,} at once, and sends them',
        f'accepted more than {JUDGED_AFTER.total_seconds() / 3600:g} hours ago, and Sentinel',
        f'than the one accepted more than {JUDGED_AFTER.total_seconds() / 3600:g} hours ago',
        f'as every {_ORDINALS[WHOLE_EVERY]} run does by itself',
        f'sent less than {SETTLED_AFTER.total_seconds() / 3600:g} hours ago, or are on their way',
        f'which is after {SETTLED_AFTER.total_seconds() / 3600:g} hours at the earliest',
        f'up to {MOST_SENT_AGAIN:,} Indicators at once',
        f'*Matches in the last {RECENT_DAYS} days*',
        f'reads its rows of the last {HISTORY_DAYS} days from the workspace',
        f'Paste up to {MAX_VALUES} at a time',
        f'not in Sentinel, {VALUES_IN_CLAUSE} of them in one question',
        f'the chosen values, 1 to {MAX_VALUES} (',
        f'The newest {MAX_AUDIT:,} entries are kept',
        f'by the next {word(REFUSED_ATTEMPTS)} delta or reconcile updates',
        f'valid in Sentinel, and more than {ALWAYS_ALLOWED}, it withdraws none',
        f'takes {_LIMIT} requests in a minute for each application, with {MAX_OBJECTS} objects',
        f'shortest time at {_LIMIT} requests a minute',
        *(f'| {each:,} | {hours(each)} |' for each in (10_000, 100_000, 1_000_000, 5_000_000)),
        *map(context_row, (10_000, 100_000, 1_000_000), (500, 2_000, 5_000)),
        'For 1.5 threat actors an Indicator, as an example',
        f'At most {MOST_ACTORS} threat actors of an Indicator are related',
        f'for each Group once, {GROUPS_AT_ONCE:,} at a time',
        f'Pages wait in memory, at most {MOST_PAGES},',
        f'while {of("pipeline.convert", "MOST_OBJECTS_WAITING"):,} objects could be sent',
        f'*Degraded* when less than {LOW_DISK_BYTES // 1_000_000} MB are free',
        f'| TQL queries | {MAX_QUERIES} |',
        f'| length of a TQL | {MAX_TQL_CHARS:,} characters |',
        f'| owners in a query | {MAX_OWNERS} |',
        f'| objects in a request | {MAX_OBJECTS}, and {MAX_BYTES // 1_000_000} MB |',
        f'| requests in any {WINDOW_S:g} s | *Requests per Minute*, at most {_LIMIT} |',
        (
            f'{of("pipeline.retrier", "LARGEST_PAGE_SIZE"):,} Indicators; '
            f'{of("pipeline.retrier", "FIRST_PAGE_SIZE"):,} at first, then no more than fit in '
            f'about {of("pipeline.retrier", "LARGEST_PAGE_BYTES") / 1e6:g} MB'
        ),
        'smaller pages, down to 1 |',
        (
            f'{mib(PAGE_LIMIT.body_bytes)} MB unpacked for Indicators, '
            f'{mib(LIST_LIMIT.body_bytes)} MB for owners'
        ),
        f'{pace.BURST} at once, {pace.PER_S:g} a second in the long run',
        f'in the address of a request | {LONGEST_QUERY:,} characters |',
        (
            f'{mib(UPLOAD_LIMIT.body_bytes)} MB, {mib(TOKEN_LIMIT.body_bytes)} MB and '
            f'{mib(WHOAMI_LIMIT.body_bytes)} MB unpacked'
        ),
        f'| an answer of Log Analytics | {mib(QUERY_LIMIT.body_bytes)} MB unpacked |',
        f'at once | {MOST_QUERIES}, of the 5 that an application may run |',
        f'asks again; gives up after {_QUERIES.attempts} attempts. Nothing',
        (
            f'else {QUERY_RETRY_AFTER_S:g} s; gives up after {_QUERIES.retry_after_attempts} '
            'attempts |'
        ),
        f'in one stage of a Job | {ATTEMPTS} |',
        f'| a description in Sentinel | {DESCRIPTION_LIMIT:,} characters |',
        f'| a name in Sentinel | {NAME_LIMIT:,} characters |',
        f'| labels of an object | below {LABELS_LIMIT:,} bytes together |',
        f'| a pattern | below {PATTERN_LIMIT:,} bytes |',
        f'| requests of the page at once | {MAX_CONCURRENT} |',
        f'| a reply of the API | {-(-MAX_CSV_BYTES // 1_000_000)} MB |',
        f'| Jobs | {MOST_JOBS:,} |',
        f'| listed findings of a kind | {MOST_LISTED:,} |',
        f'| matches | {MOST_MATCHES:,} |',
        f'| a text in ERRORS | {LONGEST_TEXT:,} characters |',
        f'| entries of the audit | {MAX_AUDIT:,} |',
        f'waits {_READS.base_s:g} s at first and up to {_READS.cap_s:g} s, and asks for a smaller',
        f'gives up after {_READS.attempts} attempts for the same page',
        f'gives up after {_SENDS.attempts} attempts, which',
        f'else {DEFAULT_RETRY_AFTER_S:g} s, and never longer than an hour',
        f'Gives up after {_SENDS.retry_after_attempts} attempts',
        f'after a rest of up to {LONGEST_REST_S:g} s; the third time',
        f'the work rests, {FIRST_REST_S:g} s at first and up to {LONGEST_REST_S:g} s,',
        f'nothing: {of("storage.maintenance.reserve", "_SIZES_BYTES")[0] // 1024} KB of room',
        f'looked through for up to {INSPECTION_S:g} s',
        (
            f'beyond the newest {MOST_JOBS:,} Jobs: 30 days of hourly updates of '
            f'{word(_MOST_A_MONTH)} queries, or {MOST_JOBS // 60} hourly updates of 60'
        ),
        f'as unreadable it keeps the newest {KEPT_SET_ASIDE}',
        f'all versions {sentinel_app.__version__.split(".", maxsplit=1)[0]}.x',
        f'share the {_LIMIT} requests: give each',
        '`ms_sentinel_healthy` is 1 or 0',
        f'a line has {LONGEST_LINE:,} characters at most',
        f'that lasts {word(minutes(SETTLING_TIME))} minutes, once, again after a day',
        f'tried again after {word(minutes(REST))} minutes',
        (
            f'may finish, within {of_file("app.py", "_STOP_TIMEOUT_S"):g} s; a page that is being '
            f'read is given up after {OTHERS_S:g} s'
        ),
        f'may still be answered for {GRACE_S:g} s, and counts as failed',
        f'needs no restart: {GRACE_S:g} s after a kill',
        f'after {of("pipeline.upload", "LONGEST_LATE_S") / 60:g} minutes at the latest',
        f'`{DOCUMENTS_FILE}`',
        f'`{DATABASE_FILE}`',
    ],
    TROUBLESHOOTING: [
        f'its first {of_file("app.py", "_MESSAGE_LENGTH"):g} characters',
        f'ends within {EXPIRES_WITHIN.days} days',
        f'not begun {minutes(OVERDUE_AFTER)} minutes after it was due',
        f'{word(OUTAGE_TRIES)} tries in a row got no answer',
        f'less than {LOW_DISK_BYTES // 1_000_000} MB are free',
        f'{DATE_WARNING_DURATION.total_seconds() / 3600:g} hours without such an answer',
        f'dated more than {word(minutes(GREATEST_SKEW))} minutes off',
        f'has just changed for up to {_READS.attempts} attempts',
        f'for up to {_READS.attempts} attempts, then by the next update; *Run check*',
        f'in the next {word(REFUSED_ATTEMPTS)} delta or reconcile updates',
        f'for up to {_SENDS.retry_after_attempts} waits, then',
        f'for up to {_SENDS.attempts} attempts, then by the next update',
        f'all the time, with rests of up to {LONGEST_REST_S:g} s',
        f'| with rests of up to {LONGEST_REST_S:g} s, at a Job {word(ATTEMPTS)} times',
        f'met, {word(ATTEMPTS)} times at this Job',
        f'after {word(minutes(REST))} minutes; the notification arrives',
        f'tried again after at most {CONTEXT_REST_S / 60:g} minutes',
        f'for up to {_QUERIES.attempts} attempts, then by the next run',
        f'for up to {_QUERIES.retry_after_attempts} attempts, then by the next run',
        '*Throttled requests* in *Request Details* stays 0',
        f'larger than {MAX_BODY_BYTES // 1_000_000} MB',
        f'works on {MAX_CONCURRENT} requests already',
        f'{_LIMIT} requests a minute is what Sentinel takes',
        f'cuts tags at {LABELS_LIMIT:,} bytes',
        f'is one of more than {MOST_ACTORS}, of which',
    ],
}
OTHERS = {
    'a step of the guide': r'\bstep \d+\b',
    'a name that has a number': r'\b(?:SHA-\d+|UTF-8|UTS 46|RFC \d+|NAT64|6to4|Latin-1)',
    'any status of a server': r'\(5xx\)',
    'the App that this one takes the place of': r'\b1\.0\.2\b',
    'as of the package, tests/packaging/test_package.py': r'Python 3\.11 and glibc 2\.17|x86-64',
    'as of the form, in the table of inputs': r'\*\*[^*]+\*\* \(`\w+`\) \*? ?\| [\d.]+ \|',
    'as of the form of an older version': r'\(ThreatConnect 7\.2:',
    'as the form offers it': r'restart attempts on failure\* \| 10 \|',
    'as an example': r'\(?for example,? 24\b|is on 10\.0\.0\.1|source name is 0\b',
    'as Microsoft documents it': (
        r'every 7 to 10 days|until 31 March 2027|look back 14 days|200 queries in 30 s'
    ),
    'as the framework has it': r'at 10 MiB and keeps 25 packed files|exit code 1\b',
    'as measured': r'up to some 220 MiB|all others at most 25|some 16 MB|enough for some 100 MB',
    'as of the table of the Tasks, tested below': r'\| \d+ (?:s|min) \| \d+ min \|',
}
"""Numbers that are none of the App's, each with whose they are."""


def flat(name: str) -> str:
    return ' '.join((PROJECT / 'docs' / f'{name}.md').read_text(encoding='utf-8').split())


@pytest.mark.parametrize(
    ('name', 'words'), [(name, words) for name, claims in CLAIMS.items() for words in claims]
)
def test_claim_is_what_the_code_does(name: str, words: str) -> None:
    assert words in flat(name)


@pytest.mark.parametrize('name', list(CLAIMS))
def test_every_number_in_a_guide_is_a_claim_or_somebody_elses(name: str) -> None:
    text = (PROJECT / 'docs' / f'{name}.md').read_text(encoding='utf-8')
    text = re.sub(r'^ *```.*?^ *```', '', text, flags=re.MULTILINE | re.DOTALL)
    # The numbers of headings, of steps, and of the rows of a table.
    text = re.sub(r'^#.*$|^\s*\d+\. |^\| \d+ (?=\| \*\*)', '', text, flags=re.MULTILINE)
    text = ' '.join(text.split())
    for claim in sorted(CLAIMS[name], key=len, reverse=True):
        text = text.replace(claim, ' ')
    for pattern in OTHERS.values():
        text = re.sub(pattern, ' ', text)
    text = re.sub(r'`[^`]*`|\[[^]]*\]\([^)]*\)|AADSTS\d+', ' ', text)
    statuses = {str(each.value) for each in HTTPStatus}
    left = [
        text[max(0, found.start() - 40) : found.end() + 20]
        for found in re.finditer(r'(?<![\w.-])\d[\d,.]*', text)
        if found.group().strip(',.') not in statuses
    ]
    assert left == []


@pytest.mark.parametrize('facts', TASK_FACTS, ids=lambda facts: facts.slug)
def test_table_of_the_tasks_is_right(facts: TaskFacts) -> None:
    period_s = facts.period_s
    every = f'{period_s} s' if period_s < 60 else f'{period_s // 60} min'
    text = (PROJECT / 'docs' / 'operations.md').read_text(encoding='utf-8')
    (row,) = re.findall(rf'^\| {facts.name} \| .*$', text, re.MULTILINE)
    assert f'| `{facts.slug}` |' in row
    assert row.endswith(f'| {every} | {facts.timeout_s // 60} min |')


def test_waits_that_are_told_in_words() -> None:
    assert LONGEST_RETRY_AFTER_S == 3600, 'never longer than an hour'
    assert dt.timedelta(days=1) == RENOTIFY_AFTER, 'again after a day'
    assert KEPT_FREE == 5, 'four fifths of the limit'
