"""Groups of the ThreatConnect stand-in: the endpoint, associations and Threat Actor Profiles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.simulators.certificates import make_certificates
from tests.simulators.threatconnect import DEFAULT_USER, Owner, Store, ThreatConnectSimulator, User
from tests.simulators.threatconnect.group import TYPES
from tests.simulators.threatconnect.tql import TqlError

OLD = '2025-01-01T00:00:00Z'
OWNERS = (
    Owner(id=1, name='Org', type='Organization'),
    Owner(id=2, name='Source A'),
    Owner(id=3, name='Source B'),
)
LIMITED = User(
    access_id='00000000000000000102',
    secret_key='limited',
    user_name='limited.user',
    organization='Org',
    owners=frozenset({'Org', 'Source A'}),
)
GROUPS: list[dict[str, Any]] = [
    {
        'type': 'Adversary',
        'name': 'Example Bear',
        'ownerName': 'Org',
        'xid': 'bear-1',
        'firstSeen': '2024-01-01T00:00:00Z',
        'lastSeen': '2024-06-01T00:00:00Z',
        'externalDateAdded': '2024-02-01T00:00:00Z',
        'attributes': [
            {'id': 1, 'type': 'Description', 'value': 'Known for examples.', 'default': True},
            {'id': 2, 'type': 'Aliases', 'value': 'EB-7\nBear of Examples'},
        ],
        'tags': [{'id': 1, 'name': 'Process Injection', 'techniqueId': 'T1055'}],
    },
    {'type': 'Intrusion Set', 'name': 'EXAMPLE BEAR', 'ownerName': 'Source A'},
    {'type': 'Threat', 'name': 'example bear', 'ownerName': 'Source B'},
    {'type': 'Report', 'name': 'Weekly report', 'ownerName': 'Source A', 'status': 'Success'},
    {'type': 'Malware', 'name': 'Example Loader', 'ownerName': 'Org'},
]
PROFILE = {
    'name': 'Example Bear',
    'description': 'One actor.',
    'mitreId': 'G9001',
    'mitreLink': 'https://attack.example.test/groups/G9001',
    'mitre_aliases': ['EB-7', 'Examples Team'],
    'custom_aliases': ['Our Bear'],
}


def make_store() -> Store:
    rows = [
        {'type': 'Host', 'summary': f'h{number}.example.com', 'ownerName': 'Org', 'dateAdded': OLD}
        for number in range(3)
    ]
    return Store(rows, owners=OWNERS, groups=[{**group, 'dateAdded': OLD} for group in GROUPS])


@pytest.fixture
def store() -> Store:
    return make_store()


def ids(store: Store, query: str | None = None) -> list[int]:
    return [data['id'] for data in store.groups.groups(query)]


def names_at(store: Store, indicator_id: int) -> list[str]:
    row = store.get(indicator_id)
    assert row is not None
    return [member['name'] for member in row.get('associatedGroups', {}).get('data', [])]


def test_there_are_seventeen_types(store) -> None:
    assert len(set(TYPES)) == 17
    for kind in TYPES:
        store.groups.add({'type': kind, 'name': kind, 'ownerName': 'Org'})
    assert len(store.groups) == len(GROUPS) + 17


@pytest.mark.parametrize(
    'group',
    [
        {'type': 'Actor', 'name': 'x', 'ownerName': 'Org'},
        {'type': 'Threat', 'name': '', 'ownerName': 'Org'},
        {'type': 'Threat', 'ownerName': 'Org'},
        {'type': 'Threat', 'name': 'x', 'ownerName': 'Nobody'},
        {'type': 'Threat', 'name': 'x', 'ownerName': 'Org', 'description': 'not a property'},
    ],
)
def test_bad_group_is_refused(store, group) -> None:
    with pytest.raises(ValueError, match=r'.'):
        store.groups.add(group)
    assert len(store.groups) == len(GROUPS)


def test_group_of_an_id_that_is_there_is_refused(store) -> None:
    with pytest.raises(ValueError, match='is there already'):
        store.groups.add({**GROUPS[0], 'id': ids(store)[0]})


def test_ids_are_too_large_for_a_double_and_are_no_indicators(store) -> None:
    assert all(float(each) != each or each > 2**53 for each in ids(store))
    assert not set(ids(store)) & {row['id'] for row in store.rows()}


@pytest.mark.parametrize('name', ['N' * 500, 'Bear\x01\x1f\u2028\U0001f43b', '  "q" & <b> \\ '])
def test_names_have_no_limit_and_any_character(store, name) -> None:
    store.groups.modify(ids(store)[0], name=name)
    assert store.groups.groups()[0]['name'] == name


@pytest.mark.parametrize('touch', [True, False])
def test_change_moves_last_modified_or_not(store, touch) -> None:
    first = ids(store)[0]
    store.groups.modify(first, name='Another', touch=touch)
    assert (store.groups.get(first)['lastModified'] == OLD) is not touch
    store.groups.modify(first, name='Third', at='2025-05-05T00:00:00Z')
    assert store.groups.get(first)['lastModified'] == '2025-05-05T00:00:00Z'


@pytest.mark.parametrize('changes', [{'id': 5}, {'ownerName': 'Org'}, {'title': 'x'}, {'name': ''}])
def test_what_cannot_change_is_refused(store, changes) -> None:
    with pytest.raises(ValueError, match=r'.'):
        store.groups.modify(ids(store)[0], **changes)


@pytest.mark.parametrize('touch', [True, False])
def test_association_moves_the_indicator_or_not(store, touch) -> None:
    bear, other = ids(store)[:2]
    row = store.rows()[0]['id']
    store.groups.associate(bear, row, touch=touch)
    store.groups.associate(other, row, touch=touch)
    store.groups.associate(bear, row, touch=touch)
    assert names_at(store, row) == ['Example Bear', 'EXAMPLE BEAR']
    assert (store.get(row)['lastModified'] == OLD) is not touch
    assert store.groups.get(bear)['lastModified'] == OLD
    store.modify(row, at=OLD)
    store.groups.dissociate(bear, row, touch=touch)
    assert names_at(store, row) == ['EXAMPLE BEAR']
    assert (store.get(row)['lastModified'] == OLD) is not touch


def test_what_is_not_there_is_not_associated(store) -> None:
    bear, row = ids(store)[0], store.rows()[0]['id']
    for group_id, row_id in ((bear, 1), (1, row)):
        with pytest.raises(KeyError):
            store.groups.associate(group_id, row_id)
    with pytest.raises(KeyError):
        store.groups.dissociate(bear, row)


def test_indicator_shows_its_groups_as_they_are_now(store) -> None:
    bear, row = ids(store)[0], store.rows()[0]['id']
    store.groups.associate(bear, row, at=OLD)
    store.groups.modify(bear, name='Renamed')
    assert names_at(store, row) == ['Renamed']
    assert store.get(row)['lastModified'] == OLD
    store.groups.delete(bear)
    assert names_at(store, row) == []
    assert store.groups.indicators_of(bear) == []
    assert store.get(row)['lastModified'] == OLD
    with pytest.raises(KeyError):
        store.groups.modify(bear, name='x')


def test_rows_name_groups_by_id_beside_those_written_out(store) -> None:
    bear = ids(store)[0]
    literal = {'id': 5, 'type': 'Report', 'name': 'Written out', 'ownerName': 'Org'}
    row = {'type': 'Host', 'summary': 'new.example.com', 'ownerName': 'Org'}
    added = store.add({**row, 'associatedGroups': {'data': [{'id': bear}, literal]}})
    assert names_at(store, added['id']) == ['Written out', 'Example Bear']
    store.groups.modify(bear, name='Renamed')
    assert names_at(store, added['id']) == ['Written out', 'Renamed']
    store.modify(added['id'], associatedGroups={'data': [literal]})
    assert store.groups.of(added['id']) == ()
    store.groups.modify(bear, name='Again')
    assert names_at(store, added['id']) == ['Written out']
    with pytest.raises(ValueError, match='there is no Group 99'):
        store.add({**row, 'summary': 'x.example.com', 'associatedGroups': {'data': [{'id': 99}]}})


def test_indicator_that_goes_leaves_its_groups(store) -> None:
    bear, row = ids(store)[0], store.rows()[0]['id']
    store.groups.associate(bear, row)
    store.delete(row)
    assert store.groups.indicators_of(bear) == []
    store.groups.modify(bear, name='Still there')


@pytest.mark.parametrize('count', [50, 500])
def test_indicator_has_hundreds_of_groups(store, count) -> None:
    row = store.rows()[0]['id']
    for number in range(count):
        group = store.groups.add({'type': 'Threat', 'name': f'T{number}', 'ownerName': 'Org'})
        store.groups.associate(group['id'], row)
    assert names_at(store, row) == [f'T{number}' for number in range(count)]


def test_reset_brings_back_the_groups_of_the_start() -> None:
    group = {**GROUPS[0], 'id': 7}
    row = {'type': 'Host', 'summary': 'a.example.com', 'ownerName': 'Org'}
    store = Store(
        [{**row, 'associatedGroups': {'data': [{'id': 7}]}}],
        owners=OWNERS,
        groups=[group],
        profiles=[{'groups': [7], **PROFILE}],
    )
    before = (store.groups.groups(), store.groups.profiles, store.rows())
    store.groups.modify(7, name='x')
    store.groups.has_profiles = False
    store.groups.drop_profile(store.groups.profiles[0].id)
    store.groups.delete(7)
    store.groups.add({'type': 'Threat', 'name': 'y', 'ownerName': 'Org'})
    store.reset()
    assert (store.groups.groups(), store.groups.profiles, store.rows()) == before
    assert store.groups.has_profiles
    store.groups.modify(7, name='Linked still')
    assert names_at(store, store.rows()[0]['id']) == ['Linked still']


@pytest.fixture
def full(store) -> Store:
    """All with associations, labels and a profile."""
    bear, intrusion_set, threat, report, _ = ids(store)
    first, second, _ = (row['id'] for row in store.rows())
    for group_id in (bear, report):
        store.groups.associate(group_id, first, at=OLD)
    store.groups.associate(threat, second, at=OLD)
    store.modify(first, at=OLD, tags={'data': [{'id': 1, 'name': 'Botnet'}]})
    store.groups.label(bear, 'TLP:RED', touch=False)
    store.groups.set_profile([bear, intrusion_set], **PROFILE)
    return store


NAMES = ['Example Bear', 'EXAMPLE BEAR', 'example bear', 'Weekly report', 'Example Loader']


@pytest.mark.parametrize(
    ('query', 'places'),
    [
        ('id > 0', [0, 1, 2, 3, 4]),
        ('typeName in ("Adversary","Intrusion Set","Threat")', [0, 1, 2]),
        ('typeName = "adversary"', []),
        ('ownerName = "Source A"', [1, 3]),
        ('summary = "Example Bear"', [0]),
        ('summary like "%Bear%"', [0]),
        (f'lastModified >= "{OLD}"', [0, 1, 2, 3, 4]),
        (f'lastModified > "{OLD}"', []),
        ('hasIndicator()', [0, 2, 3]),
        ('not hasIndicator()', [1, 4]),
        ('hasIndicator(summary = "h0.example.com")', [0, 3]),
        ('hasIndicator(hasTag(name = "Botnet"))', [0, 3]),
        ('hasTag(techniqueId startswith "T1055")', [0]),
        ('attackTag = "Process Injection"', [0]),
        ('hasAllTags(name = "Process Injection")', [0]),
        ('hasAttribute(typeName = "Aliases" and text contains "EB-7")', [0]),
        ('hasSecurityLabel(name = "TLP:RED")', [0]),
        ('securityLabel = "TLP:RED"', [0]),
        ('firstSeen < "2024-03-01"', [0]),
        ('createdBy = "analyst"', [0, 1, 2, 3, 4]),
        ('hasCommonGroup()', [0, 1]),
        ('hasCommonGroup(typeName in ("Adversary", "Intrusion Set", "Threat"))', [0, 1]),
        ('hasCommonGroup(typeName = "Threat")', []),
        ('not hasCommonGroup()', [2, 3, 4]),
        ('hasThreatActorProfile(mitre_id="G9001")', [0, 1]),
        ('hasThreatActorProfile(mitre_id="G0112")', []),
        ('typeName = "Report" or (typeName = "Threat" and hasIndicator())', [2, 3]),
    ],
)
def test_tql_about_groups(full, query, places) -> None:
    expected = [NAMES[place] for place in places]
    assert [data['name'] for data in full.groups.groups(query)] == expected


def test_tql_about_an_indicator_of_a_group(full) -> None:
    first, second, third = (row['id'] for row in full.rows())
    found = full.groups.groups(f'associatedIndicator in ({first},{third})')
    assert [data['name'] for data in found] == ['Example Bear', 'Weekly report']
    bear = ids(full)[0]
    assert [row['id'] for row in full.rows(f'associatedGroup = {bear}')] == [first]
    assert [row['id'] for row in full.rows('hasGroup(typeName = "Threat")')] == [second]
    assert [row['id'] for row in full.rows('hasGroup(hasSecurityLabel(name="TLP:RED"))')] == [first]
    assert [row['id'] for row in full.rows('hasGroup(hasCommonGroup())')] == [first]
    assert [row['id'] for row in full.rows('hasGroup(id > 5 and hasIndicator())')] == [
        first,
        second,
    ]


@pytest.mark.parametrize(
    'query',
    [
        'xid = "bear-1"',
        'indicatorActive = true',
        'confidence > 5',
        'hasProfile()',
        'mitre_id = "x"',
    ],
)
def test_keyword_that_groups_do_not_have_is_refused(full, query) -> None:
    with pytest.raises(TqlError, match='unknown keyword'):
        full.groups.groups(query)


def test_profile_joins_types_of_actors_and_each_group_once(store) -> None:
    bear, intrusion_set, threat, report, _ = ids(store)
    with pytest.raises(ValueError, match='no type that a profile joins'):
        store.groups.set_profile([report], **PROFILE)
    for wrong in ({'name': ''}, {'mitre_id': 'G1'}):
        with pytest.raises(ValueError, match='a profile'):
            store.groups.set_profile([bear], **{**PROFILE, **wrong})
    first = store.groups.set_profile([bear, intrusion_set], **PROFILE)
    second = store.groups.set_profile([threat, bear], name='Another')
    assert store.groups.profile_of(bear) == second
    assert store.groups.profile_of(intrusion_set).id == first.id
    again = store.groups.set_profile([bear], profile_id=second.id, name='Renamed')
    assert store.groups.profile_of(bear) == again
    assert len(store.groups.profiles) == 2
    assert all(data['lastModified'] == OLD for data in store.groups.groups())


@pytest.fixture(scope='module')
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp('ca'))


@pytest.fixture
def simulator(certificates, full) -> Iterator[ThreatConnectSimulator]:
    users = (User(organization='Org'), LIMITED)
    with ThreatConnectSimulator(certificates, full, users=users) as simulator:
        yield simulator


class Caller:
    def __init__(self, simulator: ThreatConnectSimulator, ca: str, user: User) -> None:
        self.simulator = simulator
        token, _ = simulator.issue_token(user)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca
        self.session.headers['Authorization'] = f'TC-Token {token}'

    def send(self, path: str, method: str = 'GET', **kwargs: Any) -> requests.Response:
        url = path if path.startswith('https') else f'{self.simulator.url}{path}'
        return self.session.request(method, url, timeout=60, **kwargs)

    def groups(self, **params: Any) -> dict[str, Any]:
        reply = self.send('/api/v3/groups', params=params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def group(self, name: str, *fields: str) -> dict[str, Any]:
        (found,) = self.groups(tql=f'summary = "{name}"', fields=fields)['data']
        return found

    def names(self, **params: Any) -> set[str]:
        return {group['name'] for group in self.groups(**params)['data']}

    def indicator(self, name: str, *fields: str) -> dict[str, Any]:
        params = {'tql': f'summary = "{name}"', 'fields': fields}
        (found,) = self.send('/api/v3/indicators', params=params).json()['data']
        return found

    def control(self, path: str, **body: Any) -> requests.Response:
        return self.session.post(f'{self.simulator.url}/_control{path}', json=body, timeout=60)


@pytest.fixture
def make_caller(simulator, certificates):
    callers = []

    def make(user: User) -> Caller:
        callers.append(Caller(simulator, str(certificates.ca), user))
        return callers[-1]

    yield make
    for caller in callers:
        caller.session.close()


@pytest.fixture
def caller(make_caller) -> Caller:
    return make_caller(DEFAULT_USER)


@pytest.fixture
def limited(make_caller) -> Caller:
    return make_caller(LIMITED)


integration = pytest.mark.integration


@integration
def test_group_has_the_documented_properties_by_default(caller, full) -> None:
    bear = ids(full)[0]
    assert caller.group('Example Bear') == {
        'id': bear,
        'dateAdded': OLD,
        'ownerId': 1,
        'ownerName': 'Org',
        'webLink': f'https://tc.example.test/#/details/groups/{bear}/overview',
        'type': 'Adversary',
        'xid': 'bear-1',
        'name': 'Example Bear',
        'createdBy': {
            'id': 31,
            'userName': 'analyst',
            'firstName': 'Demo',
            'lastName': 'Analyst',
            'owner': 'Org',
        },
        'upVoteCount': '0',
        'downVoteCount': '0',
        'lastModified': OLD,
        'legacyLink': f'https://tc.example.test/auth/adversary/adversary.xhtml?adversary={bear}',
    }
    assert 'xid' not in caller.group('EXAMPLE BEAR')
    assert caller.group('Weekly report')['status'] == 'Success'


@integration
def test_fields_add_what_was_asked_for_and_nothing_else(caller) -> None:
    plain = caller.group('Example Bear').keys()
    found = caller.group('Example Bear', 'tags', 'attributes', 'securityLabels', 'sightings')
    assert found.keys() - plain == {'tags', 'attributes', 'securityLabels', 'firstSeen', 'lastSeen'}
    assert [tag['techniqueId'] for tag in found['tags']['data']] == ['T1055']
    assert [it['type'] for it in found['attributes']['data']] == ['Description', 'Aliases']
    assert [label['name'] for label in found['securityLabels']['data']] == ['TLP:RED']
    dates = caller.group('Example Bear', 'externalDates')
    assert dates.keys() - plain == {'externalDateAdded'}
    assert caller.group('Example Loader', 'tags', 'attributes')['tags'] == {}
    related = caller.group('Example Bear', 'associatedIndicators')['associatedIndicators']['data']
    assert [row['summary'] for row in related] == ['h0.example.com']
    assert 'tags' not in related[0]


@integration
@pytest.mark.parametrize(
    'params',
    [
        {'fields': 'threatAssess'},
        {'fields': 'description'},
        {'fields': 'tags,attributes'},
        {'fields': 'associatedIndicators.associatedGroups'},
        {'tql': 'xid = "x"'},
        {'tql': 'hasCommonGroup = 5'},
        {'tql': 'name = "Example Bear"'},
        {'sorting': 'xid asc'},
        {'sorting': 'associatedIndicator asc'},
        {'resultLimit': 'all'},
    ],
)
def test_bad_parameters_are_refused_with_a_message(caller, params) -> None:
    reply = caller.send('/api/v3/groups', params=params)
    assert reply.status_code == 400
    assert reply.json()['status'] == 'Error'
    assert reply.json()['message']


@integration
def test_pages_follow_each_other_by_offset_and_by_id(caller, full) -> None:
    page = caller.groups(resultLimit=2, sorting='id asc', count='true', fields='tags')
    assert page['count'] == len(GROUPS)
    assert page['next'].startswith(f'{caller.simulator.url}/api/v3/groups?')
    found = page['data']
    while 'next' in page:
        page = caller.send(page['next']).json()
        found += page['data']
    assert [group['id'] for group in found] == ids(full)
    assert all('tags' in group for group in found)
    last = ids(full)[2]
    rest = caller.groups(tql=f'id > {last}', sorting='id asc')['data']
    assert [group['id'] for group in rest] == ids(full)[3:]


@integration
def test_long_question_arrives_in_the_body(caller) -> None:
    query = f'typeName in ({",".join(json.dumps(name) for name in TYPES)})'
    body = {'data': {'tql': query, 'fields': ['tags', 'common'], 'resultLimit': 100}}
    page = caller.send('/api/v3/groups', json=body).json()
    assert len(page['data']) == len(GROUPS)
    assert all('tags' in group for group in page['data'])


@integration
def test_groups_of_unreadable_owners_do_not_show(limited, caller, full) -> None:
    assert limited.names() == set(NAMES) - {'example bear'}
    assert limited.groups(count='true')['count'] == 4
    assert caller.names(owner='Source B') == {'example bear'}
    assert limited.send('/api/v3/groups', params={'owner': 'Source B'}).status_code == 403
    hidden = ids(full)[2]
    assert limited.send(f'/api/v3/groups/{hidden}').status_code == 404
    assert caller.send(f'/api/v3/groups/{hidden}').json()['data']['name'] == 'example bear'
    assert limited.indicator('h1.example.com', 'associatedGroups')['associatedGroups'] == {}
    (group,) = caller.indicator('h1.example.com', 'associatedGroups')['associatedGroups']['data']
    assert group['ownerName'] == 'Source B'


@integration
def test_indicator_shows_its_groups_by_default_properties_and_deeper_ones_on_request(
    caller,
) -> None:
    asked = caller.indicator('h0.example.com', 'associatedGroups')['associatedGroups']['data']
    assert asked == [caller.group('Example Bear'), caller.group('Weekly report')]
    deeper = caller.indicator('h0.example.com', 'associatedGroups.securityLabels')
    labels = [group['securityLabels'] for group in deeper['associatedGroups']['data']]
    assert [label.get('data', [{}])[0].get('name') for label in labels] == ['TLP:RED', None]


@integration
def test_profile_shows_where_it_is_asked_for(caller, limited, full) -> None:
    profile = full.groups.profiles[0]
    common = {
        'id': profile.id,
        'name': 'Example Bear',
        'description': 'One actor.',
        'priority': 'LOW',
        'deprecated': False,
        'mitreId': 'G9001',
        'mitreLink': 'https://attack.example.test/groups/G9001',
        'dateAdded': profile.data['dateAdded'],
        'lastModified': profile.data['lastModified'],
    }
    for name in NAMES[:2]:
        assert caller.group(name, 'common')['commonGroup'] == common
    assert 'commonGroup' not in caller.group('example bear', 'common', 'aliases')
    assert 'commonGroup' not in caller.group('Example Bear', 'aliases')
    aliases = caller.group('Example Bear', 'common', 'aliases')['commonGroup']
    assert aliases.keys() - common.keys() == {'mitreAliases', 'customAliases'}
    assert aliases['mitreAliases']['count'] == 2
    assert [it['alias'] for it in aliases['mitreAliases']['data']] == ['EB-7', 'Examples Team']
    assert [it['alias'] for it in aliases['customAliases']['data']] == ['Our Bear']
    linked = caller.group('Example Bear', 'common', 'linkedGroups')['commonGroup']['linkedGroups']
    assert linked['data'] == [caller.group(name) for name in NAMES[:2]]
    deeper = caller.group('EXAMPLE BEAR', 'common', 'linkedGroups.attributes')['commonGroup']
    assert deeper['linkedGroups']['data'][0]['attributes']['data'][1]['value'].startswith('EB-7')


@integration
def test_linked_groups_of_unreadable_owners_do_not_show(limited, full) -> None:
    bear, _, threat, *_ = ids(full)
    full.groups.set_profile([bear, threat], **PROFILE)
    found = limited.group('Example Bear', 'common', 'linkedGroups')['commonGroup']
    assert [group['name'] for group in found['linkedGroups']['data']] == ['Example Bear']


@integration
def test_instance_without_profiles_refuses_their_keywords_and_fields(caller, full) -> None:
    def options(name: str, member: str) -> set[str]:
        rows = caller.send(f'/api/v3/groups/{name}', 'OPTIONS').json()['data']
        return {row[member] for row in rows}

    query = 'hasCommonGroup(typeName in ("Adversary","Intrusion Set","Threat"))'
    assert caller.names(tql=query, fields=['common', 'aliases']) == set(NAMES[:2])
    assert {'common', 'aliases', 'linkedGroups'} <= options('fields', 'name')
    assert 'hasCommonGroup' in options('tql', 'keyword')
    assert caller.control('/profiles', is_known=False).status_code == 200
    for params in (
        {'tql': query},
        {'tql': 'hasThreatActorProfile(mitre_id="G9001")'},
        {'fields': 'common'},
        {'fields': 'aliases'},
        {'fields': 'linkedGroups'},
    ):
        assert caller.send('/api/v3/groups', params=params).status_code == 400
    asked = {'tql': 'hasGroup(hasCommonGroup())'}
    assert caller.send('/api/v3/indicators', params=asked).status_code == 400
    assert not {'common', 'aliases', 'linkedGroups'} & options('fields', 'name')
    assert not {'hasCommonGroup', 'hasThreatActorProfile'} & options('tql', 'keyword')
    assert caller.names(fields='tags') == set(NAMES)
    full.reset()
    assert full.groups.has_profiles


@integration
def test_options_describe_groups(caller) -> None:
    found = caller.send('/api/v3/groups', 'OPTIONS').json()
    assert found['type']['allowableValues'] == list(TYPES)
    assert 'webLink' not in found
    shown = caller.send('/api/v3/groups?show=readonly', 'OPTIONS').json()
    assert shown['webLink']['readOnly'] is True
    assert caller.send('/api/v3/groups', 'POST', json={}).status_code == 405


@integration
def test_control_address_changes_groups(caller, full) -> None:
    body = {'type': 'Threat', 'name': 'New', 'ownerName': 'Org', 'dateAdded': OLD}
    (new,) = caller.control('/groups', **body).json()['ids']
    assert caller.control('/group', id=new, changes={'name': 'Newer'}, touch=False).ok
    found = caller.group('Newer')
    assert (found['id'], found['lastModified']) == (new, OLD)
    assert caller.control('/label', tql='typeName = "Threat"', labels=['TLP:AMBER']).json() == {
        'ids': [ids(full)[2], new]
    }
    asked = {'group': new, 'tql': 'typeName = "Host"', 'touch': False}
    assert len(caller.control('/associate', **asked).json()['ids']) == 3
    assert caller.indicator('h2.example.com')['lastModified'] == OLD
    assert caller.control('/dissociate', **asked).ok
    assert caller.control('/dissociate', **asked).status_code == 404
    profile = caller.control('/profile', groups=[new], name='Newest', mitreId='G9').json()
    assert caller.group('Newer', 'common')['commonGroup']['id'] == profile['id']
    assert caller.control('/vanish', id=new).json() == {'ids': [new]}
    assert 'Newer' not in caller.names()
    assert caller.control('/group', id=5, changes={}).status_code == 404
    assert caller.control('/group', changes={}).status_code == 400
    assert caller.control('/group', id=ids(full)[0], changes={'a': 1}).status_code == 400
    url = f'{caller.simulator.url}/_control/groups?tql=typeName="Report"'
    assert json.loads(caller.session.get(url, timeout=60).text)['name'] == 'Weekly report'
    assert caller.control('/profiles', is_known='no').status_code == 400


@integration
@pytest.mark.parametrize(
    ('fault', 'params', 'status'),
    [
        ('server_error', {'status': 503}, 503),
        ('rate_limit', {'retry_after': 1}, 429),
        ('unauthorized', {}, 401),
        ('html', {}, 502),
        ('tql_timeout', {}, 400),
        ('slow_above', {'rows': 50}, 503),
        ('offset_ceiling', {'rows': 50}, 400),
        ('refuses_all', {}, 403),
    ],
)
def test_fault_strikes_groups_alone_where_its_path_says(caller, fault, params, status) -> None:
    caller.simulator.faults.on(fault, path='/api/v3/groups', **params)
    asked = {'tql': 'id > 0'}
    assert caller.send('/api/v3/groups', params=asked).status_code == status
    assert caller.send('/api/v3/indicators', params=asked).status_code == 200


@integration
def test_answers_about_groups_can_be_cut_bent_and_wrong(caller) -> None:
    faults = caller.simulator.faults

    def on(name: str, **params: Any) -> None:
        faults.off()
        faults.on(name, path='/api/v3/groups', **params)

    on('half_body')
    with pytest.raises(ValueError, match=r'.'):
        caller.groups()
    on('status_error')
    assert caller.groups()['status'] == 'Error'
    on('reset')
    with pytest.raises(requests.exceptions.RequestException):
        caller.groups()
    on('page_cap', rows=2)
    assert len(caller.groups()['data']) == 2
    on('odd_labels', labels='TLP:RED')
    assert {group['securityLabels'] for group in caller.groups()['data']} == {'TLP:RED'}
    on('without_fields')
    assert not {'tags', 'commonGroup'} & caller.group('Example Bear', 'tags', 'common').keys()
    on('changed_rows', member='name', value=7)
    assert caller.groups(sorting='id asc')['data'][-1]['name'] == 7
    on('changed_rows', member='id', value=None)
    assert 'id' not in caller.groups()['data'][-1]
    on('endless_rows', rows=5)
    page = caller.groups(tql='id > 10', sorting='id asc')['data']
    assert [group['id'] for group in page] == [11, 12, 13, 14, 15]
    assert all(group['name'].startswith('endless-') for group in page)
    on('surplus_rows')
    assert len(caller.groups()['data']) == 2 * len(GROUPS)
    on('ignores_id_filter')
    assert len(caller.groups(tql='id < 5')['data']) == len(GROUPS)
    on('ignores_case')
    assert caller.names(tql='summary = "example BEAR"') == set(NAMES[:3])


@integration
def test_groups_vanish_between_two_pages(caller, full) -> None:
    last = ids(full)[-1]
    events = []

    def vanish(event: Any) -> None:
        events.append(event.ids)
        if full.groups.get(last):
            full.groups.delete(last)

    caller.simulator.after_group_page.append(vanish)
    first = caller.groups(resultLimit=2, sorting='id asc')
    caller.send('/api/v3/indicators')
    rest = caller.groups(resultLimit=9, sorting='id asc', resultStart=2)
    assert [group['id'] for group in first['data'] + rest['data']] == ids(full)
    assert [len(event) for event in events] == [2, 2]
    assert last not in ids(full)
