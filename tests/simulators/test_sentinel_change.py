from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulators.certificates import make_certificates
from tests.simulators.entra import TokenIssuer
from tests.simulators.sentinel import SentinelSimulator, Table

NOW = 1_796_040_000.0
"""2026-11-30T12:00:00Z."""
DAY_S = 86_400.0
SOURCE = 'ThreatConnect-Main'


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def advance(self, days: float) -> None:
        self.now += days * DAY_S


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(clock) -> Table:
    return Table('workspace', 'tenant', clock=clock)


def indicator(number: int = 0, **changes: Any) -> dict[str, Any]:
    return {
        'type': 'indicator',
        'id': f'indicator--{uuid.uuid5(uuid.NAMESPACE_URL, str(number))}',
        'created': '2026-11-01T00:00:00.000Z',
        'modified': '2026-11-02T00:00:00.000Z',
        'pattern': f"[domain-name:value = 'host{number}.example']",
        'pattern_type': 'stix',
        'valid_from': '2026-11-02T00:00:00.000Z',
        'valid_until': '2027-03-01T00:00:00.000Z',
        'confidence': 45,
        'labels': ['one'],
        **changes,
    }


def newest(table: Table, number: int = 0) -> dict[str, Any]:
    return table.history(indicator(number)['id'])[-1]


def test_edit_is_a_row_by_a_person_and_leaves_what_was_sent(table, clock):
    sent = indicator()
    table.append(SOURCE, [sent], 1)
    clock.advance(1)
    table.edit(sent['id'], confidence=10, labels=['two', 'three'], valid_until=None)
    first, second = table.history(sent['id'])
    assert first['LastUpdateMethod'] == 'ThreatIntelUploadAPI'
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {
        *('TimeGenerated', 'LastUpdateMethod', 'Confidence', 'Tags', 'ValidUntil', 'Data')
    }
    assert (second['Confidence'], second['Tags'], second['ValidUntil']) == (10, 'two, three', None)
    assert second['LastUpdateMethod'] == 'UserInterface'
    assert second['Modified'] == first['Modified']
    assert table.held_objects() == {sent['id']: sent}
    assert table.objects() == [sent]
    assert table.versions() == {sent['id']: 1}
    assert (table.stored_count, table.row_count) == (1, 2)


def test_person_can_move_modified_too(table):
    table.append(SOURCE, [indicator()], 1)
    table.edit(indicator()['id'], revoked=True, modified='2026-11-30T00:00:00.000Z')
    assert newest(table)['Modified'] == '2026-11-30T00:00:00.000Z'


def test_edit_by_a_row_id_is_for_that_source_alone(table):
    table.append(SOURCE, [indicator()], 1)
    table.append('another', [indicator()], 2)
    ids = list(table.held())
    table.edit(ids[1], confidence=1)
    assert [row['Confidence'] for row in table.held().values()] == [45, 1]


def test_upload_after_a_persons_revocation_is_live_and_nothing_odd(table):
    table.append(SOURCE, [indicator()], 1)
    table.edit(indicator()['id'], revoked=True)
    assert (newest(table)['Revoked'], newest(table)['IsActive']) == (True, False)
    table.append(SOURCE, [indicator(modified='2026-11-03T00:00:00.000Z')], 2)
    assert (newest(table)['Revoked'], newest(table)['IsActive']) == (False, True)
    assert table.anomalies() == []


def test_person_can_take_back_a_revocation(table):
    table.append(SOURCE, [indicator(revoked=True)], 1)
    table.edit(indicator()['id'], revoked=False)
    assert newest(table)['Revoked'] is False


@pytest.mark.parametrize('changes', [{}, {'pattern': '[x]'}, {'id': 'x'}, {'valid_until': 'soon'}])
def test_what_a_person_cannot_change_is_refused(table, changes):
    table.append(SOURCE, [indicator()], 1)
    with pytest.raises((ValueError, TypeError)):
        table.edit(indicator()['id'], **changes)
    assert table.row_count == 1


def test_delete_is_one_row_and_then_silence(table, clock):
    table.append(SOURCE, [indicator(), indicator(1)], 1)
    table.delete(indicator()['id'])
    row = newest(table)
    assert (row['IsDeleted'], row['IsActive']) == (True, False)
    assert row['LastUpdateMethod'] == 'UserInterface'
    for change in (table.delete, lambda id_: table.edit(id_, confidence=1)):
        with pytest.raises(KeyError):
            change(indicator()['id'])
    clock.advance(8)
    assert table.republish() == 1
    assert newest(table) == row
    assert newest(table, 1)['LastUpdateMethod'] == 'LogARepublisher'


def test_deleted_object_that_is_sent_again_begins_anew(table):
    table.append(SOURCE, [indicator(revoked=True)], 1)
    table.delete(indicator()['id'])
    table.append(SOURCE, [indicator()], 2)
    assert (newest(table)['IsDeleted'], newest(table)['Revoked']) == (False, False)


def test_unknown_object_cannot_be_changed(table):
    with pytest.raises(KeyError, match='no such object'):
        table.edit('indicator--gone', confidence=1)


def test_republishing_repeats_old_rows_with_rebuilt_data(table, clock):
    sent = indicator(
        name='host0.example',
        lang='en',
        external_references=[{'source_name': 'ThreatConnect', 'url': 'https://tc.example/1'}],
    )
    table.append(SOURCE, [sent], 1)
    clock.advance(6)
    table.append(SOURCE, [indicator(1)], 2)
    assert table.republish(7) == 0
    clock.advance(1)
    assert table.republish(7) == 1
    first, second = table.history(sent['id'])
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {'TimeGenerated', 'LastUpdateMethod', 'Data'}
    assert second['LastUpdateMethod'] == 'LogARepublisher'
    assert first['Data'].keys() - second['Data'].keys() == {'external_references', 'lang'}
    assert table.held_objects()[sent['id']] == sent
    assert table.republish(7) == 0


def test_republishing_repeats_what_a_person_changed(table, clock):
    table.append(SOURCE, [indicator()], 1)
    table.edit(indicator()['id'], confidence=1, revoked=True)
    clock.advance(7)
    assert table.republish() == 1
    row = newest(table)
    assert (row['Confidence'], row['Revoked']) == (1, True)
    assert row['LastUpdateMethod'] == 'LogARepublisher'


def test_expired_objects_are_not_republished(table, clock):
    table.append(SOURCE, [indicator(valid_until='2026-12-05T00:00:00.000Z')], 1)
    clock.advance(8)
    assert table.republish() == 0


def test_changes_outlast_a_restart(table, clock, tmp_path: Path):
    for number in range(2):
        table.append(SOURCE, [indicator(number)], 1)
        table.append(SOURCE, [indicator(number, modified='2026-11-03T00:00:00.000Z')], 2)
    table.edit(indicator()['id'], confidence=1)
    table.delete(indicator(1)['id'])
    clock.advance(8)
    table.republish()
    table.save(tmp_path / 'rows', {})
    after = Table('workspace', 'tenant', clock=clock)
    after.load(tmp_path / 'rows')
    assert after.held() == table.held()
    for number in range(2):
        id_ = indicator(number)['id']
        assert after.history(id_) == table.history(id_)[1:]
    assert after.held_objects() == table.held_objects()
    assert after.versions() == table.versions()
    assert after.stored_count == 4
    after.append(SOURCE, [indicator(modified='2026-11-03T00:00:00.000Z')], 3)
    assert after.anomalies() == []


def test_rows_can_be_read_from_a_position_until_they_are_taken_away(table):
    table.append(SOURCE, [indicator(), indicator(1)], 1)
    assert [row['Id'] for _row, row in table.rows_from(1, 9)] == [list(table.held())[1]]
    assert [row.stix for row, _columns in table.rows_from(0, 1)] == [indicator()]
    before = table.generation
    table.append(SOURCE, [indicator(2)], 2)
    assert table.generation == before
    table.clear()
    assert table.generation != before


@pytest.mark.integration
def test_control_address_edits_deletes_and_republishes(tmp_path, clock):
    certificates = make_certificates(tmp_path)
    with (
        SentinelSimulator(certificates, TokenIssuer(clock=clock), clock=clock) as sentinel,
        requests.Session() as http,
    ):
        http.trust_env = False
        http.verify = str(certificates.ca)

        def post(name: str, **values: Any) -> requests.Response:
            return http.post(f'{sentinel.url}/_control/{name}', json=values, timeout=60)

        sentinel.table.append(SOURCE, [indicator(), indicator(1)], 1)
        id_ = indicator()['id']
        assert post('edit', id=id_, confidence=1).status_code == 200
        assert post('edit', id=id_, pattern='x').status_code == 400
        assert post('delete', id=indicator(1)['id']).status_code == 200
        assert post('delete', id=indicator(1)['id']).status_code == 400
        clock.advance(8)
        assert post('republish', older_than_days=7).json() == {'republished': 1}
        assert [row['LastUpdateMethod'] for row in sentinel.history(id_)] == [
            *('ThreatIntelUploadAPI', 'UserInterface', 'LogARepublisher')
        ]
        assert sentinel.history(id_)[-1]['Confidence'] == 1
