"""Values that a person chooses are sent or withdrawn at once, whatever the schedule does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from tests.harness.engine import OWNERS, Engine, World, hosts, outcomes, query

pytestmark = pytest.mark.integration

ORGANIZATION, RESEARCH, OSINT = OWNERS
EARLIER, LATER = '2025-06-01T00:00:00Z', '2025-06-02T00:00:00Z'
MD5, SHA256 = 'A' * 32, 'B' * 64


def pattern(number: int) -> str:
    return f"[domain-name:value = 'h{number}.example.com']"


def name(number: int) -> str:
    return f'h{number}.example.com'


def owner(world: World, number: int = 0) -> str | None:
    """The owner of the copy that Sentinel has."""
    stix = world.live().get(pattern(number))
    return None if stix is None else str(stix['name'].partition(' | ')[2])


def refused(engine: Engine, path: str, values: list[str]) -> str:
    reply = engine.api('POST', f'api/indicator/{path}', {'values': values})
    assert reply.status_code == 409, reply.text
    return str(reply.json['description'])


# -- sending


def test_chosen_values_are_sent_although_nothing_has_changed(world: World, engine: Engine) -> None:
    world.store.load(hosts(5))
    engine.save_queries([query()])
    before = world.live()
    (job,) = engine.send_now(name(0), 'h1[.]example[.]com')
    assert (job['scope'], job['count_asked'], job['count_read']) == ('send', 2, 2)
    assert outcomes(job) == {'sent': 2}
    assert job['warnings'] == []
    after = world.live()
    changed = {each for each in after if after[each]['modified'] != before[each]['modified']}
    assert changed == {pattern(0), pattern(1)}
    engine.assert_right()


def test_highest_query_that_selects_a_value_sends_it(world: World, engine: Engine) -> None:
    world.store.load(hosts(3, ORGANIZATION) + hosts(3, RESEARCH))
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])])
    first, second = engine.send_now(name(0))
    assert (outcomes(first), outcomes(second)) == ({'sent': 1}, {'duplicate': 1})
    row = world.store.find(ORGANIZATION, 'Host', name(0))
    assert row is not None
    world.store.delete(row['id'])
    first, second = engine.send_now(name(0))
    assert (outcomes(first), outcomes(second)) == ({}, {'sent': 1})
    assert owner(world) == RESEARCH


def test_best_copy_of_a_query_is_sent_and_takes_over_where_the_current_one_is_gone(
    world: World, engine: Engine
) -> None:
    world.store.load(
        hosts(2, ORGANIZATION, lastModified=LATER) + hosts(2, RESEARCH, lastModified=EARLIER)
    )
    engine.save_queries([query()])
    (job,) = engine.send_now(name(0))
    assert outcomes(job) == {'sent': 1, 'duplicate': 1}
    assert owner(world) == ORGANIZATION
    row = world.store.find(ORGANIZATION, 'Host', name(0))
    assert row is not None
    world.store.delete(row['id'])
    (job,) = engine.send_now(name(0))
    assert outcomes(job) == {'sent': 1}
    assert owner(world) == RESEARCH
    assert owner(world, 1) == ORGANIZATION


def test_value_that_no_query_selects_is_reported_and_the_rest_is_sent(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()])
    (job,) = engine.send_now(name(0), 'absent.example', '203.0.113.9')
    assert outcomes(job) == {'sent': 1}
    (warning,) = job['warnings']
    assert warning == (
        '2 of 3 values (absent.example, 203.0.113.9) were not sent: no enabled TQL query selects '
        'them.'
    )
    assert job['status'] == 'Upload Complete'


def test_unread_value_is_sent_early_and_no_cursor_moves(world: World, engine: Engine) -> None:
    world.store.load(hosts(2))
    engine.save_queries([query()])
    world.clock.advance(60)
    now = world.store.now_text()
    world.store.add({**hosts(1, prefix='new')[0], 'lastModified': now})
    world.store.add({**hosts(1, prefix='other')[0], 'lastModified': now})
    (job,) = engine.send_now('new0.example.com')
    assert outcomes(job) == {'sent': 1}
    assert len(world.live()) == 3
    (delta,) = engine.run_update('delta')
    assert outcomes(delta)['sent'] == 1
    assert outcomes(delta)['unchanged'] >= 1
    engine.assert_right()


def test_hashes_of_a_file_are_all_sent_by_one_of_them(world: World, engine: Engine) -> None:
    file = {'type': 'File', 'summary': f'{MD5} : {SHA256}', 'md5': MD5, 'sha256': SHA256}
    world.store.load([{**hosts(1)[0], **file}, *hosts(2, prefix='x')])
    engine.save_queries([query()])
    before = world.live()
    (job,) = engine.send_now(MD5.lower())
    assert outcomes(job) == {'sent': 1}
    assert job['count_object'] == 2
    after = world.live()
    assert sum(after[each]['modified'] != before[each]['modified'] for each in after) == 2


@pytest.mark.parametrize(
    ('type_', 'held', 'wanted'),
    [
        ('Address', '2001:0DB8:00::0:1', '2001:db8::1'),
        ('EmailAddress', 'Jane.DOE@Example.COM', 'jane.doe@example.com'),
        ('ASN', 'ASN064500', 'AS64500'),
    ],
)
def test_ledger_values_are_sent_however_their_owner_is_spelled(
    world: World, engine: Engine, type_: str, held: str, wanted: str
) -> None:
    base = {key: value for key, value in hosts(1)[0].items() if key != 'hostName'}
    world.store.load([{**base, 'type': type_, 'summary': held}])
    engine.save_queries([query()])
    assert len(world.live()) == 1
    (job,) = engine.send_now(wanted)
    assert outcomes(job) == {'sent': 1}


def test_repeated_request_is_refused_while_it_waits(world: World, engine: Engine) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()])
    engine.ask('POST', 'api/task/download/pause', {})
    first = engine.ask('POST', 'api/indicator/send', {'values': [name(0), name(1)]})
    assert first['request_ids'][0] in refused(engine, 'send', [name(1)])
    assert engine.api('POST', 'api/indicator/send', {'values': [name(2)]}).status_code == 202
    engine.ask('POST', 'api/task/download/resume', {})
    engine.wait()
    audit = engine.ask('GET', 'api/report/audit')['data']
    assert [each['detail'] for each in audit if each['action'] == 'indicator-send'] == [
        f'Send now: 1 value ({name(2)})',
        f'Send now: 2 values ({name(0)}, {name(1)})',
    ]


def test_values_are_not_sent_without_an_enabled_query(world: World, engine: Engine) -> None:
    world.store.load(hosts(1))
    assert 'No TQL query is enabled' in refused(engine, 'send', [name(0)])


def test_failed_sending_is_retried_with_the_same_values(world: World, engine: Engine) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()])
    world.sentinel.settings.has_role = False
    (job,) = engine.send_now(name(0))
    assert job['status'] == 'Failed'
    world.sentinel.settings.has_role = True
    requested = engine.ask('POST', f'api/job/request/{job["request_id"]}/retry', {})
    engine.wait()
    (again,) = engine.jobs(requested['update_id'])
    assert (again['scope'], again['count_asked'], again['retry_of']) == (
        'send',
        1,
        job['request_id'],
    )
    assert outcomes(again) == {'sent': 1}


def test_next_delta_does_not_send_chosen_values_after_a_failure(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()])
    engine.withdraw_now(name(0))
    before = world.live()[pattern(1)]['modified']
    world.sentinel.settings.has_role = False
    (job,) = engine.send_now(name(0), name(1))
    (warning,) = job['warnings']
    assert warning == (
        '2 Indicators were not sent. Use Retry in JOBS: otherwise, only a full update is sure to '
        'send them.'
    )
    assert engine.ask('GET', 'api/report/error')['data'][0]['count_tried_again'] == 0
    world.sentinel.settings.has_role = True
    engine.run_update('delta')
    assert pattern(0) not in world.live()
    engine.run_update('reconcile')
    assert world.live()[pattern(1)]['modified'] == before
    engine.run_update('full')
    assert world.live()[pattern(1)]['modified'] != before


# -- withdrawing


@pytest.mark.parametrize('policy', ['Never', 'Deleted in ThreatConnect'])
def test_chosen_values_are_withdrawn_whatever_the_withdrawal_policy(
    world: World, make_engine: Callable[..., Engine], policy: str
) -> None:
    engine = make_engine(withdraw_indicators=policy)
    world.store.load(hosts(4, ORGANIZATION) + hosts(4, RESEARCH, 'r'))
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])])
    jobs = engine.withdraw_now(name(0), name(1), 'r0.example.com', reason='A false positive')
    assert [outcomes(job) for job in jobs] == [{'withdrawn': 2}, {'withdrawn': 1}]
    assert {job['scope'] for job in jobs} == {'withdraw'}
    assert len(world.live()) == 5
    audit = engine.ask('GET', 'api/report/audit')['data'][0]
    assert audit['action'] == 'indicator-withdraw'
    assert audit['detail'] == (
        f'Withdraw now: 3 values ({name(0)}, {name(1)}, r0.example.com). Reason: A false positive'
    )


def test_delta_leaves_what_was_withdrawn_and_a_reconcile_sends_it_again_under_a_new_id(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()])
    before = world.live()[pattern(0)]['id']
    engine.withdraw_now(name(0))
    engine.run_update('delta')
    assert pattern(0) not in world.live()
    (job,) = engine.run_update('reconcile')
    assert outcomes(job)['sent'] == 1
    assert world.live()[pattern(0)]['id'] != before
    engine.assert_right()


def test_withdrawal_needs_no_threatconnect_and_covers_all_hashes_of_a_file(
    world: World, engine: Engine
) -> None:
    file = {'type': 'File', 'summary': f'{MD5} : {SHA256}', 'md5': MD5, 'sha256': SHA256}
    world.store.load([{**hosts(1)[0], **file}, *hosts(2, prefix='x')])
    engine.save_queries([query()])
    world.threatconnect.faults.on('drop')
    (job,) = engine.withdraw_now(SHA256.lower())
    assert outcomes(job) == {'withdrawn': 1}
    assert (job['count_object'], len(world.live())) == (2, 2)


def test_chosen_withdrawal_may_exceed_the_guard(world: World, engine: Engine) -> None:
    world.store.load(hosts(150))
    engine.save_queries([query()])
    (job,) = engine.withdraw_now(*(name(number) for number in range(140)))
    assert outcomes(job) == {'withdrawn': 140}
    assert (job['count_held_back'], len(world.live())) == (0, 10)


def test_value_that_no_saved_query_holds_is_withdrawn_too(world: World, engine: Engine) -> None:
    world.store.load(hosts(2, ORGANIZATION) + hosts(2, RESEARCH, 'r'))
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])])
    engine.save_queries([engine.queries[1]])
    (job,) = engine.withdraw_now(name(0), 'r0.example.com')
    assert outcomes(job) == {'withdrawn': 2}
    engine.save_queries([])
    (job,) = engine.withdraw_now(name(1))
    assert outcomes(job) == {'withdrawn': 1}
    assert len(world.live()) == 1


def test_value_that_is_not_in_sentinel_is_refused_or_reported(world: World, engine: Engine) -> None:
    world.store.load(hosts(2))
    engine.save_queries([query()])
    assert 'nothing to withdraw' in refused(engine, 'withdraw', ['absent.example'])
    (job,) = engine.withdraw_now(name(0), 'absent.example')
    assert outcomes(job) == {'withdrawn': 1}
    (warning,) = job['warnings']
    assert warning == (
        '1 of 2 values (absent.example) was not in Sentinel any more, so there was nothing to '
        'withdraw.'
    )
    assert 'nothing to withdraw' in refused(engine, 'withdraw', [name(0)])


def test_failed_withdrawal_is_repaired_only_by_a_retry(world: World, engine: Engine) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()])
    world.sentinel.settings.has_role = False
    (job,) = engine.withdraw_now(name(0))
    (warning,) = job['warnings']
    assert warning == (
        '1 Indicator was not withdrawn. Use Retry in JOBS: no other update is sure to withdraw '
        'them.'
    )
    world.sentinel.settings.has_role = True
    for mode in ('delta', 'reconcile', 'full'):
        engine.run_update(mode)
        assert pattern(0) in world.live()
    engine.ask('POST', f'api/job/request/{job["request_id"]}/retry', {})
    engine.wait()
    assert pattern(0) not in world.live()


# -- what was refused


def test_refused_objects_are_sent_again_alone_however_often_they_were_tried(
    world: World, engine: Engine
) -> None:
    world.store.load(hosts(5, ORGANIZATION) + hosts(3, RESEARCH, 'r'))
    world.sentinel.faults.add('refuse-objects', contains='h0.example.com')
    world.sentinel.faults.add('refuse-objects', contains='r1.example.com')
    engine.save_queries([query(owners=[ORGANIZATION]), query(owners=[RESEARCH])])
    for _ in range(5):
        engine.run_update('reconcile')
    (group, *_) = engine.ask('GET', 'api/report/error?state=open')['data']
    assert (group['count_tried_again'], group['tries_left']) == (0, 0)
    assert engine.ask('GET', 'api/metric/summary')['refused_now'] == 2
    first, second = engine.retry_refused()
    assert (first['scope'], first['count_asked'], first['count_read']) == ('refused', 1, 1)
    assert (outcomes(first), outcomes(second)) == ({'refused': 1}, {'refused': 1})
    world.clear_faults()
    first, second = engine.retry_refused()
    assert (outcomes(first), outcomes(second)) == ({'sent': 1}, {'sent': 1})
    assert engine.ask('GET', 'api/metric/summary')['refused_now'] == 0
    assert engine.ask('GET', 'api/report/error?state=open')['total_count'] == 0
    reply = engine.api('POST', 'api/report/error/retry', {})
    assert reply.status_code == 409
    engine.assert_right()


def test_refused_objects_are_sent_again_as_filtered(world: World, engine: Engine) -> None:
    world.store.load(hosts(5))
    world.sentinel.faults.add('refuse-objects', contains='example.com')
    engine.save_queries([query()])
    world.clear_faults()
    (job,) = engine.last_jobs()
    assert job['count_refused'] == 5
    (again,) = engine.retry_refused(text='h3.example')
    assert outcomes(again) == {'sent': 1}
    audit = engine.ask('GET', 'api/report/audit')['data'][0]
    assert audit['detail'] == 'Send refused again: 1 Indicator'
    (again,) = engine.retry_refused(request_id=job['request_id'])
    assert outcomes(again) == {'sent': 4}


def test_refused_object_that_is_gone_is_no_longer_open(world: World, engine: Engine) -> None:
    world.store.load(hosts(3))
    world.sentinel.faults.add('refuse-objects', contains='h0.example.com')
    engine.save_queries([query()])
    row = world.store.find(ORGANIZATION, 'Host', name(0))
    assert row is not None
    world.store.delete(row['id'])
    (job,) = engine.retry_refused()
    assert outcomes(job) == {}
    # What is gone is told apart as the update ends, a moment after its Jobs.
    engine.until(
        lambda: engine.ask('GET', 'api/metric/summary')['refused_now'] == 0, 'it is still open'
    )


# -- both


@pytest.mark.parametrize('way', ['send', 'withdraw', 'refused'])
def test_other_objects_are_not_withdrawn_and_the_next_delta_still_finds_the_deleted(
    world: World, engine: Engine, way: str
) -> None:
    world.sentinel.faults.add('refuse-objects', contains='h3.example.com')
    world.store.load(hosts(4))
    engine.save_queries([query()])
    assert world.live().keys() == {pattern(0), pattern(1), pattern(2)}
    gone = world.store.find(ORGANIZATION, 'Host', name(2))
    assert gone is not None
    world.store.delete(gone['id'])
    world.clear_faults()

    if way == 'send':
        engine.send_now(name(0))
    elif way == 'withdraw':
        engine.withdraw_now(name(0))
    else:
        engine.retry_refused()
    assert pattern(2) in world.live()

    engine.run_update('delta')
    assert pattern(2) not in world.live()


def test_cursors_and_schedule_do_not_move(world: World, engine: Engine) -> None:
    world.store.load(hosts(3))
    engine.save_queries([query()])
    (before,) = engine.run_update('delta')
    due = engine.ask('GET', 'api/metric/summary')['next_update']
    world.clock.advance(600)
    jobs = [*engine.send_now(name(0)), *engine.withdraw_now(name(1))]
    assert [job['last_modified_filter_end'] for job in jobs] == [None, None]
    assert engine.ask('GET', 'api/metric/summary')['next_update'] == due
    (after,) = engine.run_update('delta')
    overlap = dt.timedelta(seconds=300)
    end = dt.datetime.fromisoformat(before['last_modified_filter_end'])
    assert dt.datetime.fromisoformat(after['last_modified_filter_start']) <= end - overlap
