"""Pages that wait: bounded, in order, each only from where the reading stands."""

from __future__ import annotations

import threading

import pytest

from sentinel_app.core.outbox import Page
from sentinel_app.core.progress import Position
from sentinel_app.errors import ReadError
from sentinel_app.storage.page_queue import MOST_PAGES, EndOfReading, PageQueue
from tests.working import make_page

BEGINNING = Position()


@pytest.fixture
def pages() -> PageQueue:
    return PageQueue()


def read(pages: PageQueue, *ids: int, request_id: str = 'j1') -> Page:
    """Read a page from where the reading of a Job stands."""
    place = pages.place(request_id, lambda: BEGINNING)
    assert place is not None
    page = make_page(*ids, request_id=request_id)
    assert pages.put(page, read_from=place)
    return page


def end(pages: PageQueue, error: ReadError | None = None) -> EndOfReading:
    place = pages.place('j1', lambda: BEGINNING)
    assert place is not None
    item = EndOfReading(request_id='j1', error=error)
    assert pages.put(item, read_from=place)
    return item


def test_pages_come_out_as_they_went_in_and_stay_until_they_are_dealt_with(
    pages: PageQueue,
) -> None:
    assert pages.head() is None
    first, second = read(pages, 1, 2), read(pages, 3)
    assert pages.head() is pages.head() is first
    assert pages.waiting('j1') == (2, 3)
    pages.take_off(first)
    assert pages.head() is second
    pages.take_off(first)
    assert pages.head() is second
    pages.take_off(second)
    assert pages.head() is None
    assert pages.waiting('j1') == (0, 0)


def test_only_so_many_have_room(pages: PageQueue) -> None:
    for number in range(1, MOST_PAGES + 1):
        assert pages.has_room
        read(pages, number)
    assert not pages.has_room
    head = pages.head()
    assert head is not None
    pages.take_off(head)
    assert pages.has_room


def test_the_reading_goes_on_behind_the_last_page_whatever_is_stored(pages: PageQueue) -> None:
    stored = Position(last_id=7)
    assert pages.place('j1', lambda: stored) == stored
    assert pages.put(make_page(8, 9), read_from=stored)
    assert pages.place('j1', lambda: stored) == Position(last_id=9)
    # Of another Job nothing is here.
    assert pages.place('j2', lambda: stored) == stored
    pages.begin_anew('j1')
    assert pages.place('j1', lambda: BEGINNING) == BEGINNING


def test_what_was_read_from_elsewhere_does_not_come_in(pages: PageQueue) -> None:
    assert not pages.put(make_page(1), read_from=BEGINNING)
    read(pages, 1, 2)
    assert not pages.put(make_page(1, 2), read_from=BEGINNING)
    assert not pages.put(EndOfReading(request_id='j1'), read_from=BEGINNING)
    assert pages.waiting('j1') == (1, 2)


def test_of_two_threads_that_read_the_same_page_one_brings_it(pages: PageQueue) -> None:
    for number in range(1, 200):
        place = pages.place('j1', lambda: BEGINNING)
        assert place is not None
        came: list[bool] = []
        both = threading.Barrier(2)

        def bring(
            number: int = number,
            place: Position = place,
            came: list[bool] = came,
            both: threading.Barrier = both,
        ) -> None:
            both.wait()
            came.append(pages.put(make_page(number), read_from=place))

        threads = [threading.Thread(target=bring) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(came) == [False, True]
        head = pages.head()
        assert isinstance(head, Page)
        pages.take_off(head)


@pytest.mark.parametrize('error', [None, ReadError('No answer.')])
def test_behind_the_end_nothing_is_read_until_it_is_dealt_with(
    pages: PageQueue, error: ReadError | None
) -> None:
    page = read(pages, 1)
    last = end(pages, error)
    assert pages.is_ended('j1')
    assert pages.waiting('j1') == (2, 1)
    assert pages.place('j1', lambda: BEGINNING) is None
    assert not pages.put(make_page(2), read_from=Position(last_id=1))
    pages.take_off(page)
    assert pages.head() is last
    pages.take_off(last)
    assert not pages.is_ended('j1')
    # A further pass goes on from what is stored.
    further = Position(number=1)
    assert pages.place('j1', lambda: further) == further


def test_what_a_job_leaves_is_removed_and_handed_over(pages: PageQueue) -> None:
    first, other = read(pages, 1), read(pages, 5, request_id='j2')
    end(pages)
    place = pages.place('j2', lambda: BEGINNING)
    assert pages.remove(frozenset({'j1', 'j3'})) == (first,)
    assert pages.head() is other
    assert not pages.is_ended('j1')
    assert pages.place('j2', lambda: BEGINNING) == place
    # A thread that was still reading brings nothing.
    assert not pages.put(make_page(2), read_from=Position(last_id=1))
