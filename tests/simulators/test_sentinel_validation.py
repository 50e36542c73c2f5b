from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.sentinel.limit import ANONYMOUS, RollingLimit, busiest_window
from tests.simulators.sentinel.pattern import read_equality
from tests.simulators.sentinel.table import Table
from tests.simulators.sentinel.validation import validate

UUID = '6b1d5d0e-7c0e-5a53-9c46-1f0a4b8f6f11'
INDICATOR: dict[str, Any] = {
    'type': 'indicator',
    'spec_version': '2.1',
    'id': f'indicator--{UUID}',
    'created': '2026-03-02T08:15:00.000Z',
    'modified': '2026-03-04T10:00:00.000Z',
    'name': '192.0.2.45 | Demo Organization',
    'description': '{"type":"Address","summary":"192.0.2.45","confidence":45}',
    'indicator_types': ['malicious-activity'],
    'pattern': "[ipv4-addr:value = '192.0.2.45']",
    'pattern_type': 'stix',
    'pattern_version': '2.1',
    'valid_from': '2026-03-04T10:00:00.000Z',
    'valid_until': '2026-03-11T10:00:00Z',
    'confidence': 45,
    'labels': ['campaign: example'],
    'lang': 'en',
    'revoked': False,
    'object_marking_refs': ['marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'],
    'kill_chain_phases': [
        {'kill_chain_name': 'lockheed-martin-cyber-kill-chain', 'phase_name': 'delivery'}
    ],
}


def changed(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(INDICATOR), **changes}


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in INDICATOR.items() if name not in names}


def test_documented_example_is_accepted():
    assert validate(INDICATOR) == []


def test_shortest_revoking_object_is_accepted():
    names = ('type', 'spec_version', 'id', 'created', 'modified', 'pattern', 'pattern_type')
    short = {name: INDICATOR[name] for name in (*names, 'valid_from')}
    assert validate({**short, 'revoked': True}) == []


@pytest.mark.parametrize(
    'name', ['type', 'id', 'created', 'modified', 'pattern', 'pattern_type', 'valid_from']
)
def test_required_property_is_missed_in_the_documented_words(name):
    text = f'Error for Property={name}: Required property is missing. Actual value: NULL.'
    assert text in validate(without(name))
    assert text in validate(changed(**{name: None}))


def test_stix_20_may_leave_out_the_pattern_type():
    assert validate({**without('pattern_type'), 'spec_version': '2.0'}) == []


@pytest.mark.parametrize('name', [name for name in INDICATOR if name != 'type'])
def test_null_is_refused_everywhere(name):
    assert len(validate(changed(**{name: None}))) == 1


def test_null_is_refused_for_an_unknown_property():
    assert validate(changed(x_own=None)) == [
        'Error for Property=x_own: Property has an invalid type. Actual value: NULL.'
    ]


def test_unknown_properties_are_accepted():
    assert validate(changed(x_own={'a': 1})) == []


REFUSED = [
    ('type', 'file'),
    ('type', 7),
    ('spec_version', '2.2'),
    ('spec_version', 2.1),
    ('id', UUID),
    ('id', f'Indicator--{UUID}'),
    ('id', f'malware--{UUID}'),
    ('id', f'indicator-{UUID}'),
    ('id', f'indicator--{UUID}x'),
    ('id', f'indicator--{UUID}\n'),
    ('id', 'indicator--6b1d5d0e7c0e5a539c461f0a4b8f6f11'),
    ('id', 'indicator--00000000-0000-0000-0000-000000000000'),
    ('id', 5),
    ('created', '2026-03-02T08:15:00.000+00:00'),
    ('created', '2026-03-02T08:15:00'),
    ('created', '2026-03-02 08:15:00Z'),
    ('created', '2026-03-02T08:15:00.1Z'),
    ('created', '2026-03-02T08:15:00.123456Z'),
    ('created', '2026-02-30T08:15:00Z'),
    ('created', '2026-03-02T24:15:00Z'),
    ('created', '2026-03-02'),
    ('created', '2026-03-02T08:15:00z'),
    ('created', '٢026-03-02T08:15:00Z'),
    ('created', ''),
    ('created', 1772439300),
    ('modified', '2026-03-01T08:15:00.000Z'),
    ('valid_from', 'now'),
    ('valid_until', INDICATOR['valid_from']),
    ('valid_until', '2026-03-04T10:00:00Z'),
    ('valid_until', '2020-01-01T00:00:00.000Z'),
    ('confidence', 101),
    ('confidence', -1),
    ('confidence', 45.0),
    ('confidence', '45'),
    ('confidence', True),
    ('labels', []),
    ('labels', ['']),
    ('labels', [' ']),
    ('labels', [None]),
    ('labels', [5]),
    ('labels', 'label'),
    ('labels', {'a': 'b'}),
    ('indicator_types', []),
    ('indicator_types', ['']),
    ('pattern', ''),
    ('pattern', ' '),
    ('pattern', ["[url:value = 'x']"]),
    ('pattern_type', 'STIX'),
    ('pattern_version', 2.1),
    ('name', 5),
    ('description', {'type': 'Address'}),
    ('revoked', 'true'),
    ('revoked', 1),
    ('lang', 'english language'),
    ('lang', ''),
    ('object_marking_refs', []),
    ('object_marking_refs', ['TLP:RED']),
    ('object_marking_refs', ['613f2e26-407d-48c7-9eca-b8e91df99dc9']),
    ('object_marking_refs', 'marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9'),
    ('kill_chain_phases', ['delivery']),
    ('kill_chain_phases', [{'kill_chain_name': 'x'}]),
    ('kill_chain_phases', [{'kill_chain_name': 'x', 'phase_name': ''}]),
    ('kill_chain_phases', [{'kill_chain_name': 'x', 'phase_name': None}]),
    ('kill_chain_phases', []),
    ('created_by_ref', 'someone'),
    ('created_by_ref', f'indicator--{UUID}'),
    ('external_references', [{'url': 'https://example.com'}]),
    ('external_references', [{'source_name': 'x'}]),
    ('external_references', []),
    ('granular_markings', ['x']),
    ('extensions', []),
]


@pytest.mark.parametrize(('name', 'value'), REFUSED)
def test_bad_value_is_refused_by_the_name_of_its_property(name, value):
    messages = validate(changed(**{name: value}))
    assert len(messages) == 1
    assert messages[0].startswith(f'Error for Property={name}: ')
    assert messages[0].endswith('.')


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('confidence', 0),
        ('confidence', 100),
        ('created', '2026-03-02T08:15:00Z'),
        ('modified', INDICATOR['created']),
        ('pattern', 'free text that is not STIX'),
        ('labels', ['misp:tag="x, y"', 'ü']),
        ('external_references', [{'source_name': 'x', 'url': 'https://example.com'}]),
        ('created_by_ref', f'identity--{UUID}'),
        ('lang', 'de-AT'),
        ('valid_until', '2026-03-04T10:00:00.001Z'),
    ],
)
def test_good_value_is_accepted(name, value):
    assert validate(changed(**{name: value})) == []


def test_record_may_have_several_messages():
    messages = validate(changed(confidence=101, labels=[], created='x'))
    assert [text.split(':')[0] for text in messages] == [
        'Error for Property=created',
        'Error for Property=confidence',
        'Error for Property=labels',
    ]


@pytest.mark.parametrize('record', [None, 'x', 5, [], [INDICATOR]])
def test_record_that_is_not_an_object_is_refused(record):
    assert len(validate(record)) == 1


def test_record_without_a_version_is_read_as_20_and_refused():
    assert validate(without('spec_version')) == [
        'Error for Property=spec_version: Required property is missing. Actual value: NULL.'
    ]


@pytest.mark.parametrize(
    ('pattern', 'key', 'value'),
    [
        ("[ipv4-addr:value = '192.0.2.45']", 'ipv4-addr:value', '192.0.2.45'),
        ("[file:hashes.'SHA-256' = 'ab']", "file:hashes.'SHA-256'", 'ab'),
        (r"[url:value = 'http://x/\'a\\b']", 'url:value', r"http://x/'a\b"),
        ('[autonomous-system:number = 64500]', 'autonomous-system:number', '64500'),
        (
            "[network-traffic:src_ref.value='192.0.2.1']",
            'network-traffic:src_ref.value',
            '192.0.2.1',
        ),
        ("[url:value = 'a] OR [b = c']", 'url:value', 'a] OR [b = c'),
        ("[email-message:subject = '']", 'email-message:subject', ''),
        ("[url:value = 'a' OR url:value = 'b']", '', ''),
        ("[url:value = 'a'] AND [url:value = 'b']", '', ''),
        ("[url:value != 'a']", '', ''),
        ("[url:value LIKE 'a']", '', ''),
        (r"[url:value = 'a\n']", '', ''),
        (r"[url:value = 'a\']", '', ''),
        ("[url:value = 'it's']", '', ''),
        ("[file:hashes.SHA-256 = 'ab']", '', ''),
        ('[url:value = "a"]', '', ''),
        ('free text', '', ''),
        ('', '', ''),
    ],
)
def test_equality_comparison_yields_key_and_value(pattern, key, value):
    assert read_equality(pattern) == (key, value)


@given(st.text())
def test_escaped_value_is_restored(value):
    escaped = value.replace('\\', '\\\\').replace("'", "\\'")
    assert read_equality(f"[url:value = '{escaped}']") == ('url:value', value)


class Clock:
    def __init__(self) -> None:
        self.now = 1_772_618_400.0

    def __call__(self) -> float:
        return self.now


def test_window_rolls():
    clock = Clock()
    limit = RollingLimit(count=3, window_s=60, clock=clock, counts_refused=False)
    answers = []
    for step_s in (0, 20, 20, 10, 10, 0.5, 19.5):
        clock.now += step_s
        answers.append(limit.admit('a'))
    # Arrivals at 0, 20, 40, 50 (refused), 60 (the first has left), 60.5 (refused), 80.
    assert answers == [0, 0, 0, 10, 0, 20, 0]
    assert len(limit.arrivals('a')) == 7


def test_refused_requests_fill_the_window_too():
    clock = Clock()
    limit = RollingLimit(count=2, window_s=60, clock=clock)
    assert [limit.admit('a') for _ in range(4)] == [0, 0, 60, 60]
    clock.now += 59
    assert limit.admit('a') == 1
    clock.now += 1
    assert [limit.admit('a'), limit.admit('a')] == [0, 60]


def test_stated_wait_is_sufficient():
    clock = Clock()
    limit = RollingLimit(count=5, window_s=60, clock=clock)
    for _ in range(50):
        wait_s = limit.admit('a')
        if wait_s:
            clock.now += wait_s
            assert limit.admit('a') == 0
        clock.now += 3.7


def test_identities_have_windows_of_their_own_and_anonymous_requests_have_none():
    limit = RollingLimit(count=1, window_s=60, clock=Clock())
    assert [limit.admit('a'), limit.admit('b'), limit.admit('a')] == [0, 0, 60]
    assert [limit.admit(ANONYMOUS) for _ in range(3)] == [0, 0, 0]
    assert limit.busiest() == 3


@given(st.lists(st.floats(0, 300), max_size=60), st.integers(1, 5))
def test_window_never_holds_more_than_the_limit(times, count):
    clock = Clock()
    start = clock.now
    limit = RollingLimit(count=count, window_s=60, clock=clock, counts_refused=False)
    admitted = []
    for time_at in sorted(times):
        clock.now = start + time_at
        if not limit.admit('a'):
            admitted.append(clock.now)
    assert busiest_window(admitted, 60) <= count
    assert limit.busiest() == busiest_window([start + time_at for time_at in sorted(times)], 60)


def test_windows_outlast_a_restart():
    clock = Clock()
    limit = RollingLimit(count=2, window_s=60, clock=clock)
    limit.admit('a')
    clock.now += 61
    limit.admit('a')
    kept = limit.dump()
    assert kept == {'a': [clock.now]}
    after = RollingLimit(count=2, window_s=60, clock=clock)
    after.load(kept)
    assert [after.admit('a'), after.admit('a')] == [0, 60]


@pytest.fixture
def table():
    return Table('workspace', 'tenant', clock=Clock())


def kinds(table: Table) -> list[str]:
    return [anomaly.kind for anomaly in table.anomalies()]


def test_correct_life_cycle_has_no_anomaly(table):
    table.append('s', [INDICATOR], 1)
    table.append('s', [INDICATOR], 2)
    newer = changed(modified='2026-03-05T10:00:00.000Z', confidence=50)
    table.append('s', [newer], 3)
    revoked = changed(modified='2026-03-06T10:00:00.000Z', revoked=True)
    table.append('s', [revoked], 4)
    table.append('s', [revoked], 5)
    assert kinds(table) == []
    assert table.versions() == {INDICATOR['id']: 5}


@pytest.mark.parametrize(
    ('changes', 'kind'),
    [
        ({'modified': '2026-03-03T10:00:00.000Z'}, 'modified-backwards'),
        ({'confidence': 1}, 'modified-not-later'),
        (
            {'modified': '2026-03-05T10:00:00Z', 'created': '2026-03-01T00:00:00Z'},
            'created-changed',
        ),
        ({'modified': '2026-03-05T10:00:00Z', 'description': '{"a"'}, 'description-not-json'),
        ({'modified': '2026-03-05T10:00:00Z', 'valid_untill': 'x'}, 'unknown-property'),
        ({'modified': '2026-03-05T10:00:00Z', 'name': ''}, 'empty-value'),
    ],
)
def test_anomaly_of_each_kind_is_recorded_once(table, changes, kind):
    table.append('s', [INDICATOR], 1)
    table.append('s', [changed(**changes)], 2)
    assert kinds(table) == [kind]
    assert table.anomalies()[0].request_number == 2


def test_duplicate_id_in_a_batch_is_accepted_and_recorded(table):
    table.append('s', [INDICATOR, INDICATOR], 1)
    assert kinds(table) == ['duplicate-in-batch']
    assert table.row_count == 2


def test_revoked_id_stays_revoked(table):
    table.append('s', [changed(revoked=True)], 1)
    table.append('s', [changed(modified='2026-03-05T10:00:00Z')], 2)
    assert kinds(table) == ['sent-after-revoked']
    (row,) = table.held().values()
    assert (row['Revoked'], row['IsActive']) == (True, False)
    table.append('s', [changed(modified='2026-03-06T10:00:00Z')], 3, is_revoked_final=False)
    (row,) = table.held().values()
    assert row['Revoked'] is False


def test_description_of_1001_characters_is_cut_and_no_longer_json(table):
    fits = '{"a":"' + 'x' * 992 + '"}'
    assert len(fits) == 1000
    table.append('s', [changed(description=fits)], 1)
    assert kinds(table) == []
    long = '{"a":"' + 'x' * 993 + '"}'
    table.append('s', [changed(description=long, modified='2026-03-05T10:00:00Z')], 2)
    assert kinds(table) == ['description-not-json']
    assert next(iter(table.held().values()))['Data']['description'] == long[:1000]


def test_equal_ids_under_two_sources_are_two_objects(table):
    table.append('s', [INDICATOR], 1)
    table.append('t', [INDICATOR], 2)
    assert len(table.held()) == 2
    assert len(table.held_objects('s')) == 1
    assert kinds(table) == []
    assert len(table.history(INDICATOR['id'])) == 2


def test_validation_and_storage_keep_up_with_a_load_test(table):
    """Well above 5,000 objects a second, so that the stand-in is never the slow part."""
    batch = [changed() for _ in range(100)]
    started = time.process_time()
    for number in range(50):
        assert not any(validate(record) for record in batch)
        table.append('s', batch, number)
    assert 5_000 / (time.process_time() - started) > 5_000
