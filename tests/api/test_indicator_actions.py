"""Sending and withdrawing what a person chooses, and sending what was refused once more."""

from __future__ import annotations

from typing import Any

import pytest

from sentinel_app.errors import ConflictError
from tests.harness.api_stand import Stand


@pytest.mark.parametrize(
    ('path', 'body', 'asked'),
    [
        ('indicator/send', {'values': ['198.51.100.7']}, ('send', ['198.51.100.7'])),
        (
            'indicator/withdraw',
            {'values': ['a.example', 'b.example'], 'reason': ' false positive '},
            ('withdraw', ['a.example', 'b.example'], 'false positive'),
        ),
        ('indicator/withdraw', {'values': ['a.example']}, ('withdraw', ['a.example'], '')),
        ('report/error/retry', {}, ('retry', {})),
        (
            'report/error/retry',
            {'request_id': 'j-1', 'code': 'AZ-ITEM', 'text': 'bad'},
            ('retry', {'request_id_part': 'j-1', 'code': 'AZ-ITEM', 'text': 'bad'}),
        ),
    ],
)
def test_request_is_queued_under_the_user_who_made_it(
    stand: Stand, path: str, body: dict[str, Any], asked: tuple[Any, ...]
) -> None:
    reply = stand.post(f'/api/{path}', body)
    assert reply.status_code == 202
    assert reply.json == {'update_id': 'u-new', 'request_ids': ['r1', 'r2']}
    (found,) = stand.chosen.asked
    assert found[:-1] == asked
    assert found[-1] == 'jdoe'


@pytest.mark.parametrize('path', ['indicator/send', 'indicator/withdraw'])
@pytest.mark.parametrize(
    'body', [{}, {'values': []}, {'values': ['']}, {'values': [' ']}, {'values': ['x'] * 501}]
)
def test_empty_and_oversized_value_lists_are_refused(
    stand: Stand, path: str, body: dict[str, Any]
) -> None:
    assert stand.post(f'/api/{path}', body).status_code == 422
    assert stand.chosen.asked == []


def test_value_list_as_long_as_a_lookup_accepts_is_accepted(stand: Stand) -> None:
    values = [f'h{number}.example' for number in range(500)]
    assert stand.post('/api/indicator/send', {'values': values}).status_code == 202
    assert stand.chosen.asked[0][1] == values


@pytest.mark.parametrize('path', ['indicator/send', 'indicator/withdraw', 'report/error/retry'])
def test_conflict_says_why_the_action_is_impossible_now(stand: Stand, path: str) -> None:
    stand.chosen.error = ConflictError('It waits already.')
    body = {} if path.endswith('retry') else {'values': ['x']}
    reply = stand.post(f'/api/{path}', body)
    assert (reply.status_code, reply.json['description']) == (409, 'It waits already.')
