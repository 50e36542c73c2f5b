"""The size of the next page follows from how the last one came."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from sentinel_app.errors import ReadTimeoutError
from sentinel_app.pipeline.retrier import LARGEST_PAGE_BYTES, LARGEST_PAGE_SIZE, Retrier
from sentinel_app.pipeline.trouble import Troubles
from tests.harness.clocks import StandingClock


@dataclass(frozen=True, slots=True)
class SizedPage:
    row_bytes: int


@pytest.fixture
def retrier() -> Retrier:
    clock = StandingClock()
    return Retrier(clock, threading.Event(), Troubles(clock))


@pytest.mark.parametrize(
    ('row_bytes', 'size', 'next_size'),
    [
        (0, 500, 1_000),
        (1_000, 500, 1_000),
        (1_000, LARGEST_PAGE_SIZE, LARGEST_PAGE_SIZE),
        (10_000, 1_000, LARGEST_PAGE_BYTES // 10_000),
        (10_000, 100, 200),
        (LARGEST_PAGE_BYTES, 1, 1),
        (LARGEST_PAGE_BYTES * 8, 1_000, 1),
    ],
)
def test_next_page_has_twice_the_rows_as_far_as_they_fit(
    retrier: Retrier, row_bytes: int, size: int, next_size: int
) -> None:
    page = SizedPage(row_bytes)
    assert retrier.call_sized(lambda _limit: page, size) == (page, next_size)


def test_answer_without_a_page_limits_nothing(retrier: Retrier) -> None:
    assert retrier.call_sized(lambda _limit: None, 500) == (None, 1_000)


def test_page_that_is_late_is_asked_for_with_half_the_rows(retrier: Retrier) -> None:
    asked: list[int] = []

    def call(limit: int) -> SizedPage:
        asked.append(limit)
        if limit > 300:
            raise ReadTimeoutError('ThreatConnect did not answer.')
        return SizedPage(10)

    assert retrier.call_sized(call, 1_000) == (SizedPage(10), 250)
    assert asked == [1_000, 500, 250]
