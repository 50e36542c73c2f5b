"""Groups that may be threat actors, read from the stand-in for ThreatConnect."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sentinel_app.clock import SystemClock
from sentinel_app.core.actor_group import ActorGroup
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.threat_actor import actor_key, merged
from sentinel_app.errors import (
    AnswerError,
    FatalError,
    ReadAuthError,
    ReadError,
    ReadOrderError,
    ReadTimeoutError,
)
from sentinel_app.redactor import Redactor
from sentinel_app.threatconnect import groups as module
from sentinel_app.threatconnect.groups import ThreatConnectGroups
from sentinel_app.threatconnect.instance import Instance
from tests.simulators.certificates import make_certificates
from tests.simulators.threatconnect import (
    ACCESS_ID,
    DEFAULT_USER,
    SECRET_KEY,
    Owner,
    Store,
    ThreatConnectSimulator,
    User,
)
from tests.threatconnect.test_client_over_https import TIMEOUTS, framework_session

pytestmark = pytest.mark.integration

PATH = '/api/v3/groups'
TYPES = frozenset(ActorGroupType)
OLD, NEW = '2025-01-01T00:00:00Z', '2026-01-02T03:04:05Z'
NEW_AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
OWNERS = (
    Owner(id=1, name='Org', type='Organization'),
    Owner(id=2, name='Source A'),
    Owner(id=3, name='Hidden'),
)
READER = User(
    access_id='00000000000000000103',
    secret_key='reads-two-owners',
    user_name='reader',
    organization='Org',
    owners=frozenset({'Org', 'Source A'}),
)
GROUPS: list[dict[str, Any]] = [
    {
        'type': 'Adversary',
        'name': 'Example Bear',
        'ownerName': 'Org',
        'firstSeen': '2024-01-01T00:00:00Z',
        'attributes': [
            {'id': 1, 'type': 'Description', 'value': 'First.', 'default': False},
            {'id': 2, 'type': 'Description', 'value': 'Shown.', 'default': True},
            {'id': 3, 'type': 'Aliases', 'value': 'EB-7\nBear of Examples'},
        ],
        'tags': [{'id': 1, 'name': 'Process Injection', 'techniqueId': 'T1055'}],
        'securityLabels': [{'id': 1, 'name': 'TLP:AMBER'}],
    },
    {'type': 'Intrusion Set', 'name': 'Bear (Examples)', 'ownerName': 'Source A'},
    {'type': 'Threat', 'name': 'Other Actor', 'ownerName': 'Org'},
    {'type': 'Report', 'name': 'Weekly report', 'ownerName': 'Org'},
    {'type': 'Adversary', 'name': 'Secret Bear', 'ownerName': 'Hidden'},
]
PROFILE = {
    'name': 'Example Bear',
    'description': 'One actor.',
    'mitreId': 'G9001',
    'mitreLink': 'https://attack.example.test/groups/G9001',
    'mitre_aliases': ['EB-7'],
    'custom_aliases': ['Our Bear'],
}


@pytest.fixture(scope='module')
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def threatconnect(
    certificates: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ThreatConnectSimulator]:
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', str(certificates.ca))
    rows = [{**row, 'dateAdded': OLD} for row in GROUPS]
    store = Store(owners=OWNERS, groups=rows)
    bear, set_, *_ = (row['id'] for row in store.groups.groups())
    store.groups.set_profile([bear, set_], **PROFILE)
    with ThreatConnectSimulator(certificates, store, users=[DEFAULT_USER, READER]) as simulator:
        yield simulator


@pytest.fixture
def make(threatconnect: ThreatConnectSimulator) -> Iterator[Callable[..., ThreatConnectGroups]]:
    sessions: list[requests.Session] = []

    def make_groups(
        access_id: str = ACCESS_ID, secret_key: str = SECRET_KEY
    ) -> ThreatConnectGroups:
        session = framework_session(access_id, secret_key, threatconnect.api_url)
        sessions.append(session)
        instance = Instance(session, clock=SystemClock(), redactor=Redactor(), timeouts=TIMEOUTS)
        return ThreatConnectGroups(instance)

    yield make_groups
    for session in sessions:
        session.close()


@pytest.fixture
def source(make: Callable[..., ThreatConnectGroups]) -> ThreatConnectGroups:
    return make()


def all_ids(threatconnect: ThreatConnectSimulator) -> list[int]:
    return [row['id'] for row in threatconnect.store.groups.groups()]


def add_many(threatconnect: ThreatConnectSimulator, count: int) -> list[int]:
    return [
        threatconnect.store.groups.add(
            {'type': 'Threat', 'name': f'Actor {number}', 'ownerName': 'Org', 'dateAdded': OLD}
        )['id']
        for number in range(count)
    ]


def names(groups: tuple[ActorGroup, ...]) -> list[str]:
    return [group.name for group in groups]


def questions(threatconnect: ThreatConnectSimulator) -> list[str]:
    """The TQL of each request."""
    return [seen.query['tql'][0] for seen in threatconnect.requests]


def test_groups_come_whole_with_their_profiles(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    ids = all_ids(threatconnect)
    bear, intrusion_set, threat, secret = source.groups(list(reversed(ids)))
    assert [bear.id, intrusion_set.id, threat.id, secret.id] == [*ids[:3], ids[4]]
    assert all(number > 2**53 for number in ids)
    assert (bear.type, bear.description) == (ActorGroupType.ADVERSARY, 'Shown.')
    assert bear.aliases == ('EB-7', 'Bear of Examples')
    assert [tag.technique_id for tag in bear.tags] == ['T1055']
    assert (bear.security_labels, bear.are_labels_known) == (('TLP:AMBER',), True)
    assert bear.first_seen == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    assert bear.profile is not None
    assert bear.profile == intrusion_set.profile
    assert (bear.profile.mitre_id, bear.profile.aliases) == ('G9001', ('EB-7', 'Our Bear'))
    assert threat.profile is None
    actor = merged([bear, intrusion_set])
    assert (actor.name, actor.mitre_id, actor.tlp) == ('Example Bear', 'G9001', 'TLP:AMBER')


def test_nothing_is_asked_for_no_groups(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    assert source.groups([]) == ()
    assert not threatconnect.requests


def test_instance_without_profiles_is_asked_for_them_once(
    threatconnect: ThreatConnectSimulator,
    source: ThreatConnectGroups,
    caplog: pytest.LogCaptureFixture,
) -> None:
    threatconnect.store.groups.has_profiles = False
    ids = all_ids(threatconnect)
    with caplog.at_level('INFO', logger='sentinel_app'):
        found = source.groups(ids)
        assert source.groups(ids) == found
    assert [group.profile for group in found] == [None] * 4
    assert [actor_key(group).text for group in found[:2]] == [
        'name|example bear',
        'name|bear (examples)',
    ]
    assert sum('hasCommonGroup' in tql for tql in questions(threatconnect)) == 1
    assert caplog.text.count('event=profiles-unknown') == 1


def test_failure_of_the_profiles_is_no_instance_without_them(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    threatconnect.faults.on('server_error', path=PATH, after=1, count=1, status=503)
    with pytest.raises(ReadTimeoutError):
        source.groups(all_ids(threatconnect))
    assert source.groups(all_ids(threatconnect))[0].profile is not None


def test_groups_that_are_gone_or_not_readable_are_absent(
    threatconnect: ThreatConnectSimulator, make: Callable[..., ThreatConnectGroups]
) -> None:
    ids = all_ids(threatconnect)
    threatconnect.store.groups.delete(ids[0])
    source = make(READER.access_id, READER.secret_key)
    assert names(source.groups([*ids, 7])) == ['Bear (Examples)', 'Other Actor']


def test_group_that_goes_between_two_pages_is_not_lost_silently(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    ids = all_ids(threatconnect)
    threatconnect.faults.on('page_cap', path=PATH, rows=2)

    def delete_first(_event: object) -> None:
        threatconnect.after_group_page.clear()
        threatconnect.store.groups.delete(ids[0])

    threatconnect.after_group_page.append(delete_first)
    with pytest.raises(ReadError, match='it counts 4'):
        source.groups(ids)
    assert [group.id for group in source.groups(ids)] == [ids[1], ids[2], ids[4]]


@pytest.mark.parametrize('fault', [None, 'drops_body', 'refuses_body'])
def test_five_hundred_groups_are_read_in_parts_whatever_becomes_of_bodies(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups, fault: str | None
) -> None:
    if fault is not None:
        threatconnect.faults.on(fault)
    ids = add_many(threatconnect, 500)
    assert [group.id for group in source.groups(ids)] == ids
    assert max(len(seen.target) for seen in threatconnect.requests) < 8_000


def test_pages_shorter_than_asked_are_read_to_the_end(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    threatconnect.faults.on('page_cap', path=PATH, rows=7)
    ids = add_many(threatconnect, 50)
    assert [group.id for group in source.groups(ids)] == ids


def test_any_order_of_rows_is_as_good(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    threatconnect.faults.on('random_order', path=PATH)
    ids = add_many(threatconnect, 50)
    assert [group.id for group in source.groups(ids)] == ids


def test_time_out_has_the_next_attempt_ask_for_less(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    ids = add_many(threatconnect, 100)
    threatconnect.faults.on('server_error', path=PATH, count=4, status=504)
    for _ in range(4):
        with pytest.raises(ReadTimeoutError):
            source.groups(ids[:30])
    assert [group.id for group in source.groups(ids)] == ids
    sizes = [tql.count(',') - 1 for tql in questions(threatconnect) if tql.startswith('typeName')]
    # Down from 300, and up again with each answer in time; the last are what is left.
    assert sizes == [30, 30, 30, 30, 18, 36, 46]


@pytest.mark.parametrize(
    ('fault', 'params', 'error'),
    [
        ('unauthorized', {}, ReadAuthError),
        ('rate_limit', {}, ReadError),
        ('server_error', {'status': 500}, ReadTimeoutError),
        ('html', {}, ReadTimeoutError),
        ('status_error', {}, ReadError),
        ('malformed_json', {}, ReadError),
        ('drop', {}, ReadTimeoutError),
        ('drops_parameter', {'which': 'tql'}, AnswerError),
        ('drops_parameter', {'which': 'fields'}, AnswerError),
        ('drops_parameter', {'which': 'count'}, ReadError),
        ('without_fields', {}, AnswerError),
        ('ignores_id_filter', {}, AnswerError),
        ('changed_rows', {'member': 'type', 'value': 'Report'}, AnswerError),
        ('changed_rows', {'member': 'id', 'value': 5}, AnswerError),
        ('changed_rows', {'member': 'id', 'value': None}, AnswerError),
        ('repeated_rows', {}, ReadError),
        ('surplus_rows', {}, AnswerError),
    ],
)
def test_answer_that_is_none_is_an_error_of_its_kind(
    threatconnect: ThreatConnectSimulator,
    source: ThreatConnectGroups,
    fault: str,
    params: dict[str, Any],
    error: type[Exception],
) -> None:
    ids = all_ids(threatconnect)[:3]
    threatconnect.faults.on(fault, path=PATH, **params)
    with pytest.raises(error):
        source.groups(ids)
    threatconnect.faults.off()
    assert len(source.groups(ids)) == 3


def test_profiles_that_do_not_come_are_no_groups_without_them(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    ids = all_ids(threatconnect)
    source.groups(ids)
    threatconnect.faults.on('without_fields', path=PATH, after=1)
    with pytest.raises(AnswerError, match='commonGroup'):
        source.groups(ids)


def test_group_that_cannot_be_used_is_left_out_and_logged(
    threatconnect: ThreatConnectSimulator,
    source: ThreatConnectGroups,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = add_many(threatconnect, 3)
    threatconnect.faults.on(
        'changed_rows', path=PATH, count=1, member='lastModified', value='yesterday'
    )
    assert [group.id for group in source.groups(ids)] == ids[:2]
    assert f'event=group-invalid group_id={ids[2]}' in caplog.text
    assert 'event=groups-invalid count=1 valid=2' in caplog.text


def test_changed_groups_are_those_of_the_types_since_the_second(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    bear, intrusion_set, threat, report, _ = all_ids(threatconnect)
    for number in (bear, threat, report):
        threatconnect.store.groups.modify(number, at=NEW)
    assert source.changed_groups(TYPES, NEW_AT) == (bear, threat)
    assert source.changed_groups([ActorGroupType.THREAT], NEW_AT) == (threat,)
    second = dt.timedelta(seconds=1)
    assert source.changed_groups(TYPES, NEW_AT + second) == ()
    assert source.changed_groups(TYPES, NEW_AT + second / 2) == (bear, threat)
    assert intrusion_set in source.changed_groups(TYPES, NEW_AT - 1000 * 86_400 * second)


def test_time_of_another_zone_is_the_same_time(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    bear = all_ids(threatconnect)[0]
    threatconnect.store.groups.modify(bear, at=NEW)
    east = NEW_AT.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert source.changed_groups(TYPES, east) == (bear,)
    assert source.changed_groups(TYPES, east + dt.timedelta(seconds=1)) == ()
    with pytest.raises(ValueError, match='zone'):
        source.changed_groups(TYPES, NEW_AT.replace(tzinfo=None))


def test_changed_groups_are_paged_by_id(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups
) -> None:
    threatconnect.faults.on('page_cap', path=PATH, rows=20)
    ids = add_many(threatconnect, 50)
    found = source.changed_groups([ActorGroupType.THREAT], dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
    assert found[-50:] == tuple(ids)
    assert list(found) == sorted(set(found))
    assert f'id > {found[19]}' in questions(threatconnect)[1]


@pytest.mark.parametrize('fault', ['random_order', 'ignores_id_filter'])
def test_changed_groups_out_of_order_are_an_error(
    threatconnect: ThreatConnectSimulator, source: ThreatConnectGroups, fault: str
) -> None:
    add_many(threatconnect, 50)
    threatconnect.faults.on(fault, path=PATH)
    with pytest.raises(ReadOrderError):
        source.changed_groups(TYPES, dt.datetime(2024, 1, 1, tzinfo=dt.UTC))


def test_changed_groups_without_end_are_an_error(
    threatconnect: ThreatConnectSimulator,
    source: ThreatConnectGroups,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, 'MOST_CHANGED', 3_000)
    threatconnect.faults.on('endless_rows', path=PATH)
    with pytest.raises(FatalError, match='keeps returning changed Groups'):
        source.changed_groups(TYPES, dt.datetime(2024, 1, 1, tzinfo=dt.UTC))
