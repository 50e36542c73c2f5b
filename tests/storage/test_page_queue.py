"""Pages that wait: in their order, each from where the reading really was, and few of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel_app.core.outbox import Page
from sentinel_app.core.progress import Position
from sentinel_app.errors import ReadAuthError
from sentinel_app.storage.page_queue import MOST_PAGES, EndOfReading, PageQueue
from tests.harness.builders.app_state import minutes
from tests.harness.builders.update import make_page

BEGINNING = Position()


@pytest.fixture
def pages() -> PageQueue:
    return PageQueue()


def place(pages: PageQueue, request_id: str = 'j1', stored: Position = BEGINNING) -> Position:
    """Where the reading of a Job goes on."""
    found = pages.place(request_id, lambda: stored)
    assert found is not None
    return found


def put(pages: PageQueue, *ids: int, request_id: str = 'j1') -> Page:
    """Add a page that was read from where the reading of its Job goes on."""
    page = make_page(*ids, request_id=request_id)
    assert pages.put(page, read_from=place(pages, request_id))
    return page


def test_queue_is_empty_where_nothing_was_read(pages: PageQueue) -> None:
    assert pages.head() is None
    assert pages.has_room
    assert pages.waiting('j1') == (0, 0)
    assert pages.remove(frozenset({'j1'})) == ()


def test_reading_continues_behind_the_last_page_that_waits(pages: PageQueue) -> None:
    stored = Position(last_id=4, page_size=100)
    assert place(pages, stored=stored) == stored
    first = put(pages, 5, 6)
    assert place(pages) == first.place
    second = put(pages, 7)

    assert place(pages) == second.place
    # Another Job's is its own.
    assert place(pages, 'j2') == BEGINNING


def test_stored_place_is_looked_up_only_where_none_is_known(pages: PageQueue) -> None:
    put(pages, 5)

    assert pages.place('j1', lambda: pytest.fail('it is known')) == Position(last_id=5)


def test_pages_come_in_the_order_of_reading_until_each_is_removed(pages: PageQueue) -> None:
    first, second = put(pages, 1), put(pages, 2)
    assert pages.head() is pages.head() is first
    pages.take_off(first)
    assert pages.head() is second
    # What is no longer the head was dealt with before.
    pages.take_off(first)
    assert pages.head() is second
    pages.take_off(second)

    assert pages.head() is None


def test_number_of_waiting_pages_is_bounded(pages: PageQueue) -> None:
    put(pages, 1)
    for number in range(2, MOST_PAGES + 1):
        assert pages.has_room
        put(pages, number)
    assert not pages.has_room
    head = pages.head()
    assert head is not None
    pages.take_off(head)

    assert pages.has_room


def test_rows_that_wait_are_counted_by_job_with_the_end_as_a_page(pages: PageQueue) -> None:
    put(pages, 1, 2)
    put(pages, 3, request_id='j2')
    assert pages.put(EndOfReading(request_id='j1'), read_from=place(pages))

    assert pages.waiting('j1') == (2, 2)
    assert pages.waiting('j2') == (1, 1)
    assert pages.waiting('j3') == (0, 0)


def test_page_read_from_another_place_is_rejected(pages: PageQueue) -> None:
    """As by a thread that hung and was replaced."""
    put(pages, 5)
    late = make_page(3, 4)

    assert not pages.put(late, read_from=BEGINNING)
    assert not pages.put(EndOfReading(request_id='j1'), read_from=BEGINNING)
    assert not pages.put(make_page(9, request_id='j2'), read_from=BEGINNING)
    assert pages.waiting('j1') == (1, 1)
    assert not pages.is_ended('j1')


def test_reading_stops_behind_an_end_that_is_not_yet_handled(pages: PageQueue) -> None:
    page = put(pages, 5)
    end = EndOfReading(request_id='j1', error=ReadAuthError('Mend it.'))
    assert pages.put(end, read_from=page.place)

    assert pages.is_ended('j1')
    assert pages.place('j1', lambda: BEGINNING) is None
    assert not pages.put(make_page(6), read_from=page.place)
    pages.take_off(page)
    assert pages.head() is end
    assert pages.is_ended('j1')
    pages.take_off(end)
    # Where there is another pass, it begins at what is stored.
    assert not pages.is_ended('j1')
    assert place(pages, stored=Position(number=1)) == Position(number=1)


def test_reading_that_restarts_continues_from_what_is_stored(pages: PageQueue) -> None:
    page = put(pages, 5)
    pages.begin_anew('j1')
    by_time = Position(is_by_time=True)

    assert not pages.put(make_page(6), read_from=page.place)
    assert place(pages, stored=by_time) == by_time
    following = replace(by_time, read_until=minutes(60))
    assert pages.put(Page(request_id='j1', rows=[], place=following), read_from=by_time)
    # What had been read before is converted all the same.
    assert pages.head() is page


def test_data_of_some_jobs_is_removed_and_their_pages_returned(pages: PageQueue) -> None:
    page, other = put(pages, 1), put(pages, 2, request_id='j2')
    assert pages.put(EndOfReading(request_id='j1'), read_from=page.place)

    assert pages.remove(frozenset({'j1', 'j3'})) == (page,)
    assert pages.head() is other
    assert not pages.is_ended('j1')
    assert place(pages) == BEGINNING
    # A page of its own that a thread still held.
    pages.take_off(page)
    assert pages.head() is other
