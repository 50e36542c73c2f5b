"""However quickly answers come, requests keep to the pace."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.threatconnect.pace import BURST, PER_S, RequestPace
from tests.harness.clocks import StandingClock


@given(st.lists(st.floats(0, 30), max_size=1_500))
def test_pace_is_kept_in_every_time_range(pauses_s):
    clock = StandingClock()
    pace = RequestPace(clock)
    times = []
    for pause_s in [*pauses_s, *[0.0] * 600]:
        # Most answers come at once.
        clock.advance(pause_s if pause_s > 25 else 0.0)
        pace.wait()
        times.append(clock.monotonic())
    for first in range(0, len(times), 50):
        for last in range(first, len(times), 50):
            allowed = BURST + PER_S * (times[last] - times[first]) + 1e-6
            assert last - first + 1 <= allowed + 1


def test_burst_waits_for_nothing_and_later_requests_go_steadily():
    clock = StandingClock()
    pace = RequestPace(clock)
    for _ in range(BURST):
        pace.wait()
    assert clock.monotonic() < 1e-6
    for _ in range(1_000):
        pace.wait()
    assert abs(clock.monotonic() - 1_000 / PER_S) < 1
    clock.advance(BURST / PER_S)
    before = clock.monotonic()
    for _ in range(BURST):
        pace.wait()
    assert clock.monotonic() - before < 1
