"""The list of what was deleted is read whole where it can be, and never for ever."""

from __future__ import annotations

import threading

import pytest

from sentinel_app.core.indicator import DeletedIndicator
from sentinel_app.errors import ReadError
from sentinel_app.pipeline.deleted_list import MOST_AT_ONCE, PAGE_SIZE, DeletedList
from sentinel_app.pipeline.trouble import Troubles
from tests.harness.clocks import StandingClock
from tests.harness.fakes.threatconnect import StoreSource, TimedStore

OWNER = 'Demo Organization'


class Stand:
    """An owner with so many deleted Hosts, and what was handed over of them."""

    def __init__(self, count: int, page_cap: int) -> None:
        self.clock = StandingClock()
        self.store = TimedStore(self.clock)
        for number in range(count):
            row = self.store.add(
                {'type': 'Host', 'ownerName': OWNER, 'hostName': f'h{number}.example.com'}
            )
            self.store.delete(row['id'])
        self.source = StoreSource(self.store, page_cap=page_cap)
        self.found: list[DeletedIndicator] = []

    def read(self) -> str | None:
        read = DeletedList(self.source, self.clock, Troubles(self.clock)).read(
            OWNER, since=None, stop=threading.Event(), take=self.found.extend
        )
        # Before the first page: what is deleted while the list is read belongs to the next search.
        assert read.server_at <= self.store.now()
        return read.warning


@pytest.mark.parametrize('tells_count', [True, False])
@pytest.mark.parametrize('count', [0, 1, 2, 3, 7])
def test_paged_list_is_read_to_its_end(count: int, tells_count: bool) -> None:
    stand = Stand(count, page_cap=2)
    stand.source.tells_count = tells_count

    assert stand.read() is None
    assert len(stand.found) == len(set(stand.found)) == count


def test_repeated_deletions_hide_nothing_behind_them() -> None:
    stand = Stand(0, page_cap=2)
    again = {'type': 'Host', 'ownerName': OWNER, 'hostName': 'again.example.com'}
    for host in (again, again, again, again, {**again, 'hostName': 'last.example.com'}):
        stand.store.delete(stand.store.add(host)['id'])
        stand.clock.advance(1)

    assert stand.read() is None
    assert {entry.summary for entry in stand.found} == {'again.example.com', 'last.example.com'}


@pytest.mark.parametrize('tells_count', [True, False])
def test_list_that_ignores_paging_is_complete(tells_count: bool) -> None:
    stand = Stand(7, page_cap=MOST_AT_ONCE)
    stand.source.ignores_start, stand.source.tells_count = True, tells_count

    assert stand.read() is None
    assert len(set(stand.found)) == 7
    assert stand.source.calls == 2


def test_list_without_pages_is_requested_up_to_its_maximum() -> None:
    stand = Stand(PAGE_SIZE + 5, page_cap=MOST_AT_ONCE)
    stand.source.ignores_start = True

    assert stand.read() is None
    assert len(set(stand.found)) == PAGE_SIZE + 5


def test_list_that_returns_only_its_beginning_is_reported_and_ends() -> None:
    stand = Stand(7, page_cap=3)
    stand.source.ignores_start = True
    warning = stand.read()

    assert warning is not None
    assert f'only 3 of 7 entries of the list of deleted Indicators of {OWNER}' in warning
    assert len(set(stand.found)) == 3
    assert stand.source.calls == 3


def test_value_that_was_deleted_twice_leaves_nothing_missing() -> None:
    stand = Stand(1, page_cap=10)
    again = stand.store.add({'type': 'Host', 'ownerName': OWNER, 'hostName': 'h0.example.com'})
    stand.store.delete(again['id'])
    stand.source.ignores_start = True

    assert stand.read() is None


def test_trouble_is_retried_and_then_reported() -> None:
    stand = Stand(3, page_cap=2)
    calls = []

    def trouble(name: str) -> None:
        calls.append(name)
        if len(calls) in {1, 3}:
            raise ReadError('Trouble.')

    stand.source.before = trouble
    assert stand.read() is None
    assert len(set(stand.found)) == 3

    def refuse(_name: str) -> None:
        raise ReadError('Trouble.')

    stand.source.before = refuse
    with pytest.raises(ReadError):
        stand.read()
