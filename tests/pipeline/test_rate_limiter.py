from __future__ import annotations

import datetime as dt
import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.task import AskedWait
from sentinel_app.core.upload_limits import LONGEST_TRANSIT_S, MARGIN_S, WINDOW_S, spare_limit
from sentinel_app.pipeline.rate_limiter import Permit, RateLimiter
from tests.harness.clocks import NOON, StandingClock
from tests.harness.strategies import law

GO = threading.Event()
FREE_S = WINDOW_S + MARGIN_S


class Times:
    """Request times in memory; implements `StoredTimes`."""

    def __init__(self, *stored: dt.datetime) -> None:
        self.stored = stored

    def recent(self, since: dt.datetime) -> tuple[dt.datetime, ...]:
        return tuple(at for at in sorted(self.stored) if at > since)


class StoppingClock(StandingClock):
    """Sets `stop` once so many seconds have been waited."""

    def __init__(self, stop: threading.Event, after_s: float) -> None:
        super().__init__()
        self.stop = stop
        self.after_s = after_s

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.advance(seconds)
        if self.passed_s >= self.after_s:
            self.stop.set()
        return stop.is_set()


def make_limiter(
    limit: int, times: Times | None = None, clock: StandingClock | None = None
) -> RateLimiter:
    return RateLimiter(limit=limit, times=times or Times(), clock=clock or StandingClock())


def taken(limiter: RateLimiter) -> Permit:
    permit = limiter.acquire(GO)
    assert permit is not None
    return permit


def answered_at_once(limiter: RateLimiter) -> Permit:
    permit = taken(limiter)
    limiter.answered(permit)
    return permit


def test_wait_is_counted_while_it_passes_and_only_once():
    clock = StandingClock()
    limiter = make_limiter(2, clock=clock)
    assert [answered_at_once(limiter).waited_s for _ in range(2)] == [0, 0]

    waited: list[float] = []
    told: list[float] = []

    class Watched(StandingClock):
        """Another thread begins to wait, and takes its permit, while the first one waits."""

        def wait(self, stop: threading.Event, seconds: float) -> bool:
            told.append(watched.waited_s())
            self.advance(seconds)
            if self.passed_s >= FREE_S and not waited:
                waited.append(taken(watched).waited_s)
            return stop.is_set()

    clock = Watched()
    watched = make_limiter(2, clock=clock)
    for _ in range(2):
        answered_at_once(watched)
    last = taken(watched).waited_s

    assert told[:3] == pytest.approx([0, 1, 2])
    assert waited == pytest.approx([FREE_S])
    assert last == pytest.approx(0)
    assert watched.waited_s() == 0


def test_requests_up_to_the_limit_go_at_once_and_the_next_when_the_window_allows():
    clock = StandingClock()
    limiter = make_limiter(3, clock=clock)
    starts = [answered_at_once(limiter).started for _ in range(7)]

    assert starts == pytest.approx([0, 0, 0, FREE_S, FREE_S, FREE_S, 2 * FREE_S])


def test_request_counts_from_its_earliest_possible_arrival_until_its_answer_shows():
    clock = StandingClock()
    limiter = make_limiter(1, clock=clock)
    permit = taken(limiter)
    clock.advance(0.5)
    limiter.answered(permit)
    second = taken(limiter)

    assert second.started == pytest.approx(0.5 + FREE_S)
    third = taken(limiter)
    assert third.started == pytest.approx(second.started + LONGEST_TRANSIT_S + FREE_S)


def test_slow_answer_does_not_indicate_a_slow_line():
    clock = StandingClock()
    limiter = make_limiter(1, clock=clock)
    permit = taken(limiter)
    clock.advance(30)
    limiter.answered(permit)

    assert taken(limiter).started == pytest.approx(LONGEST_TRANSIT_S + FREE_S)


@law
@given(
    limit=st.integers(min_value=1, max_value=5),
    requests=st.lists(
        st.tuples(
            st.just(0.0) | st.floats(min_value=0, max_value=90),
            st.sampled_from([0.0, 1.0]) | st.floats(min_value=0, max_value=1),
            st.sampled_from([0.0, LONGEST_TRANSIT_S])
            | st.floats(min_value=0, max_value=LONGEST_TRANSIT_S),
        ),
        max_size=40,
    ),
)
def test_sentinel_never_sees_more_than_the_limit_in_any_window(
    limit: int, requests: list[tuple[float, float, float]]
):
    clock = StandingClock()
    limiter = make_limiter(limit, clock=clock)
    arrivals: list[float] = []
    under_way: list[tuple[float, Permit]] = []
    for pause, way_there, answer in requests:
        clock.advance(pause)
        for due, permit in list(under_way):
            if due <= clock.passed_s:
                limiter.answered(permit)
                under_way.remove((due, permit))
        permit = taken(limiter)
        arrivals.append(permit.started + way_there * answer)
        under_way.append((permit.started + answer, permit))
    arrivals.sort()

    for first, beyond in zip(arrivals, arrivals[limit:], strict=False):
        assert beyond - first > WINDOW_S


def test_request_that_arrived_late_is_not_forgotten_before_one_that_arrived_early():
    clock = StandingClock()
    limiter = make_limiter(2, clock=clock)
    taken(limiter)
    answered_at_once(limiter)
    third, fourth = taken(limiter), taken(limiter)

    assert third.started == pytest.approx(FREE_S)
    assert fourth.started >= LONGEST_TRANSIT_S + FREE_S - 0.001


def test_limiter_started_again_does_not_start_a_new_burst():
    clock = StandingClock()
    times = Times(*(NOON + dt.timedelta(seconds=seconds) for seconds in (0, 5, 10)))
    clock.advance(15)
    again = make_limiter(3, times, clock)
    starts = [answered_at_once(again).started for _ in range(3)]

    assert starts == pytest.approx([LONGEST_TRANSIT_S + FREE_S + more for more in (0, 5, 10)])


def test_limiter_started_long_after_starts_afresh():
    clock = StandingClock()
    clock.advance(WINDOW_S + 2 * LONGEST_TRANSIT_S)

    assert taken(make_limiter(1, Times(NOON), clock)).started == clock.passed_s


def test_stored_times_of_the_future_count_as_of_now():
    limiter = make_limiter(1, Times(NOON + dt.timedelta(hours=3)))

    assert taken(limiter).started == pytest.approx(LONGEST_TRANSIT_S + FREE_S)


def test_permit_that_no_request_has_used_does_not_count():
    limiter = make_limiter(2)
    first, second = answered_at_once(limiter), taken(limiter)
    limiter.give_back(second)
    assert limiter.used() == 1

    assert (first.started, answered_at_once(limiter).started) == (0, 0)
    assert answered_at_once(limiter).started == pytest.approx(FREE_S)


def test_request_counts_from_when_it_goes_out_though_its_permit_is_older():
    clock = StandingClock()
    limiter = make_limiter(1, clock=clock)
    permit = taken(limiter)
    clock.advance(30)
    limiter.begin(permit)
    assert permit.started == 30

    assert taken(limiter).started == pytest.approx(30 + LONGEST_TRANSIT_S + FREE_S)


def test_429_keeps_every_request_back_for_as_long_as_it_says():
    clock = StandingClock()
    limiter = make_limiter(5, clock=clock)
    limiter.block(17, reason='Seventeen.')
    limiter.block(3, reason='Three.')
    assert limiter.asked_wait() == AskedWait(
        until=NOON + dt.timedelta(seconds=17), reason='Seventeen.'
    )

    assert answered_at_once(limiter).started == pytest.approx(17)
    assert answered_at_once(limiter).started == pytest.approx(17)
    assert limiter.asked_wait() is None
    assert limiter.end_asked_wait() is None


def test_requested_wait_can_be_ended_and_requested_again():
    clock = StandingClock()
    limiter = make_limiter(5, clock=clock)
    limiter.block(3_600, reason='An hour.')
    clock.advance(100)
    assert limiter.end_asked_wait() == AskedWait(
        until=NOON + dt.timedelta(seconds=3_600), reason='An hour.'
    )
    assert limiter.asked_wait() is None
    assert answered_at_once(limiter).started == 100
    limiter.block(20, reason='Twenty.')
    assert limiter.asked_wait() == AskedWait(
        until=NOON + dt.timedelta(seconds=120), reason='Twenty.'
    )
    assert answered_at_once(limiter).started == pytest.approx(120)


def test_limit_is_kept_whoever_ends_a_wait():
    clock = StandingClock()
    limiter = make_limiter(2, clock=clock)
    starts = [answered_at_once(limiter).started, answered_at_once(limiter).started]
    limiter.block(3_600, reason='An hour.')
    limiter.end_asked_wait()
    starts.append(answered_at_once(limiter).started)

    assert starts == pytest.approx([0, 0, FREE_S])


def test_waiting_request_proceeds_within_a_second_of_the_end_of_the_wait():
    class EndingClock(StandingClock):
        def wait(self, stop: threading.Event, seconds: float) -> bool:
            assert seconds <= 1
            if self.passed_s >= 5:
                limiter.end_asked_wait()
            return super().wait(stop, seconds)

    clock = EndingClock()
    limiter = make_limiter(2, clock=clock)
    limiter.block(3_600, reason='An hour.')

    assert 5 <= answered_at_once(limiter).started <= 6


def test_stop_ends_waiting_without_a_permit():
    stop = threading.Event()
    limiter = make_limiter(1, clock=StoppingClock(stop, after_s=10))
    taken(limiter)

    assert limiter.acquire(stop) is None
    assert limiter.used() == 1
    assert limiter.waiting_s() is None


def test_permits_are_not_granted_after_stop():
    stop, limiter = threading.Event(), make_limiter(5)
    stop.set()

    assert limiter.acquire(stop) is None
    assert limiter.used() == 0


class WatchingClock(StandingClock):
    """Notes what the rate limiter says while somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.limiter: RateLimiter | None = None
        self.found: list[float | None] = []

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        assert self.limiter is not None
        self.found.append(self.limiter.waiting_s())
        return super().wait(stop, seconds)


def test_remaining_wait_is_known_only_while_a_request_waits():
    clock = WatchingClock()
    limiter = clock.limiter = make_limiter(1, clock=clock)
    answered_at_once(limiter)
    assert limiter.waiting_s() is None
    answered_at_once(limiter)

    assert clock.found[0] == pytest.approx(FREE_S)
    assert clock.found[-1] is not None
    assert 0 < clock.found[-1] <= 1
    assert all(later < earlier for earlier, later in itertools.pairwise(clock.found))  # type: ignore[operator]
    assert limiter.waiting_s() is None


def test_threads_share_the_limit():
    limiter = make_limiter(5)
    permits: list[Permit] = []

    def take() -> None:
        permits.append(answered_at_once(limiter))

    threads = [threading.Thread(target=take) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts = sorted(permit.started for permit in permits)

    assert len(starts) == 12
    assert all(beyond - first > WINDOW_S for first, beyond in zip(starts, starts[5:], strict=False))


def test_number_of_requests_counted_against_the_limit_is_known():
    clock = StandingClock()
    limiter = make_limiter(5, clock=clock)
    assert limiter.used() == 0
    answered_at_once(limiter)
    clock.advance(10)
    answered_at_once(limiter)
    assert limiter.used() == 2
    clock.advance(WINDOW_S - 5)
    assert limiter.used() == 1
    clock.advance(10)
    assert limiter.used() == 0


# -- what Indicators leave to context


def spare_taken(limiter: RateLimiter) -> int:
    """Take all permits that there are for context, answered at once."""
    count = 0
    while (permit := limiter.acquire_spare()) is not None:
        limiter.answered(permit)
        count += 1
    return count


@pytest.mark.parametrize(('limit', 'spare'), [(1, 1), (4, 4), (5, 4), (10, 8), (100, 80)])
def test_context_uses_at_most_four_fifths_of_the_limit(limit: int, spare: int) -> None:
    clock = StandingClock()
    limiter = make_limiter(limit, clock=clock)
    assert spare_limit(limit) == spare
    assert spare_taken(limiter) == spare
    clock.advance(FREE_S)
    assert spare_taken(limiter) == spare


@law
@given(st.lists(st.tuples(st.integers(0, 7), st.floats(0, 40)), max_size=20))
def test_context_leaves_a_fifth_of_the_limit_to_indicators_at_any_moment(
    steps: list[tuple[int, float]],
) -> None:
    clock = StandingClock()
    limiter = make_limiter(10, clock=clock)
    for indicators, pause_s in steps:
        for _ in range(indicators):
            answered_at_once(limiter)
        if spare_taken(limiter):
            began_s = clock.passed_s
            for _ in range(2):
                answered_at_once(limiter)
            assert clock.passed_s == began_s, 'an Indicator waited'
        clock.advance(pause_s)


def test_context_has_no_permit_while_an_indicator_waits_for_one() -> None:
    clock = StandingClock()
    limiter = make_limiter(5, clock=clock)
    found: list[Permit | None] = []

    def wait(stop: threading.Event, seconds: float) -> bool:
        # Enough of the window has passed for context, as other threads see it.
        clock.advance(seconds)
        found.append(limiter.acquire_spare())
        return False

    for _ in range(5):
        answered_at_once(limiter)
    clock.wait = wait  # type: ignore[method-assign]
    taken(limiter)
    assert found
    assert set(found) == {None}


def test_context_has_no_permit_while_sentinel_asks_to_wait() -> None:
    clock = StandingClock()
    limiter = make_limiter(5, clock=clock)
    limiter.block(30, reason='Slow down.')
    assert limiter.acquire_spare() is None
    clock.advance(30)
    assert limiter.acquire_spare() is not None
