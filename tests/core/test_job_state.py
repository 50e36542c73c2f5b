from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.job import Counts, Job, JobStatus, Outcome, Stage, StageTimes, is_allowed
from sentinel_app.core.job_state import BY_TIME_WARNING, advanced, ended, job_status, moved_cursor
from sentinel_app.core.progress import CANCELLED_CODE, Position, Progress, Reading
from sentinel_app.core.scope import Scope
from sentinel_app.core.window import Cursor, Window
from tests.harness.builders.app_state import QUEUED_AT, make_job, make_query, minutes
from tests.harness.builders.update import make_progress
from tests.harness.strategies import law

READ = {'download_started_at': minutes(1), 'download_completed_at': minutes(2)}


@pytest.mark.parametrize(
    ('facts', 'status'),
    [
        ({}, JobStatus.PENDING),
        ({'reading': Reading.READING}, JobStatus.DOWNLOAD_IN_PROGRESS),
        (
            {'reading': Reading.READING, 'pages_waiting': 1, 'convert_started_at': minutes(2)},
            JobStatus.DOWNLOAD_IN_PROGRESS,
        ),
        ({'reading': Reading.COMPLETE, 'pages_waiting': 1}, JobStatus.DOWNLOAD_COMPLETE),
        (
            {'reading': Reading.READING, 'is_downloaded': True, 'pages_waiting': 2},
            JobStatus.DOWNLOAD_COMPLETE,
        ),
        (
            {'reading': Reading.COMPLETE, 'pages_waiting': 1, 'convert_started_at': minutes(2)},
            JobStatus.CONVERT_IN_PROGRESS,
        ),
        ({'reading': Reading.COMPLETE, 'open': 1}, JobStatus.CONVERT_COMPLETE),
        (
            {'reading': Reading.COMPLETE, 'open': 1, 'upload_started_at': minutes(3)},
            JobStatus.UPLOAD_IN_PROGRESS,
        ),
        ({'reading': Reading.COMPLETE}, JobStatus.UPLOAD_COMPLETE),
        ({'reading': Reading.COMPLETE, 'failure_code': 'AZ-403'}, JobStatus.FAILED),
        ({'reading': Reading.FAILED, 'failure_code': 'TC-AUTH'}, JobStatus.FAILED),
        ({'reading': Reading.FAILED, 'failure_code': CANCELLED_CODE}, JobStatus.CANCELLED),
        (
            {'reading': Reading.COMPLETE, 'is_closed': False, 'upload_started_at': minutes(3)},
            JobStatus.UPLOAD_IN_PROGRESS,
        ),
        (
            {'reading': Reading.FAILED, 'failure_code': 'TC-AUTH', 'pages_waiting': 1},
            JobStatus.DOWNLOAD_COMPLETE,
        ),
        (
            {'reading': Reading.FAILED, 'failure_code': 'TC-AUTH', 'open': 1},
            JobStatus.CONVERT_COMPLETE,
        ),
    ],
)
def test_status_is_that_of_the_earliest_stage_with_work_left(
    facts: dict[str, object], status: JobStatus
):
    assert job_status(make_progress(**facts)) is status


@st.composite
def courses(draw: st.DrawFn) -> list[Progress]:
    """What a look at a Job may find, one after the other, as its stages go on and overlap."""
    item = make_progress()
    looks = [item]
    for step in draw(
        st.lists(st.sampled_from(['read', 'page', 'convert', 'claim', 'settle', 'end', 'fail']))
    ):
        is_reading = item.reading in {Reading.WAITING, Reading.READING}
        if step == 'read' and item.reading is Reading.WAITING:
            item = replace(item, reading=Reading.READING, download_started_at=minutes(1))
        elif step == 'page' and item.reading is Reading.READING and not item.is_downloaded:
            item = replace(item, pages_waiting=item.pages_waiting + 1)
        elif step == 'convert' and item.is_downloaded and item.pages_waiting == 1:
            item = replace(item, reading=Reading.COMPLETE, pages_waiting=0, is_downloaded=False)
        elif step == 'convert' and item.pages_waiting:
            item = replace(
                item,
                pages_waiting=item.pages_waiting - 1,
                open=item.open + draw(st.integers(0, 2)),
                convert_started_at=minutes(2),
            )
        elif step == 'claim' and item.open:
            item = replace(item, upload_started_at=minutes(3))
        elif step == 'settle' and item.open and item.upload_started_at:
            item = replace(item, open=item.open - 1)
        elif step == 'end' and item.reading is Reading.READING and not item.is_downloaded:
            item = replace(item, is_downloaded=True, pages_waiting=item.pages_waiting + 1)
        elif step == 'fail' and is_reading:
            item = replace(item, reading=Reading.FAILED, failure_code='TC-AUTH')
        looks.append(item)
    return looks


@law
@given(courses(), st.data())
def test_job_status_only_advances_however_rarely_it_is_checked(
    looks: list[Progress], data: st.DataObject
):
    status = JobStatus.PENDING
    for look in looks:
        if data.draw(st.booleans()):
            assert is_allowed(status, job_status(look))
            status = job_status(look)


def test_further_pass_of_the_reading_does_not_reset_the_status():
    read = make_progress(
        reading=Reading.READING, is_downloaded=True, pages_waiting=1, convert_started_at=minutes(2)
    )
    further = replace(read, is_downloaded=False, pages_waiting=0)
    job = advanced(make_job(), read, now=minutes(3))
    assert job.status is JobStatus.CONVERT_IN_PROGRESS
    assert advanced(job, further, now=minutes(4)).status is JobStatus.CONVERT_IN_PROGRESS


def test_advanced_job_shows_its_times_and_keeps_when_it_began():
    progress = make_progress(
        reading=Reading.COMPLETE,
        pages_waiting=1,
        convert_started_at=minutes(1.5),
        **READ,
    )
    job = advanced(make_job(), progress, now=minutes(3))
    later = advanced(job, replace(progress, download_started_at=minutes(9)), now=minutes(9))

    assert job.status is JobStatus.CONVERT_IN_PROGRESS
    assert job.started_at == minutes(1)
    assert job.stages == {
        Stage.DOWNLOAD: StageTimes(started_at=minutes(1), completed_at=minutes(2)),
        Stage.CONVERT: StageTimes(started_at=minutes(1.5)),
    }
    assert later.started_at == minutes(1)


def test_conversion_ends_at_the_first_check_that_finds_it_done():
    progress = make_progress(
        reading=Reading.COMPLETE, open=1, convert_started_at=minutes(2), **READ
    )
    job = advanced(make_job(), progress, now=minutes(4))
    job = advanced(job, progress, now=minutes(5))

    assert job.stages[Stage.CONVERT].completed_at == minutes(4)


def test_conversion_that_has_caught_up_with_the_reading_has_not_ended():
    progress = make_progress(
        reading=Reading.READING, download_started_at=minutes(1), convert_started_at=minutes(2)
    )
    job = advanced(make_job(), progress, now=minutes(3))

    assert job.stages[Stage.CONVERT] == StageTimes(started_at=minutes(2))


def test_upload_ends_with_the_last_answer_and_once_all_is_settled():
    progress = make_progress(
        reading=Reading.COMPLETE,
        open=1,
        upload_started_at=minutes(3),
        upload_answered_at=minutes(4),
        **READ,
    )
    before = advanced(make_job(), progress, now=minutes(5))
    after = advanced(make_job(), replace(progress, open=0), now=minutes(6))

    assert before.stages[Stage.UPLOAD] == StageTimes(started_at=minutes(3))
    assert after.stages[Stage.UPLOAD].completed_at == minutes(4)


def test_stage_that_has_not_begun_is_not_shown():
    assert advanced(make_job(), make_progress(), now=minutes(1)).stages == {}


def test_status_never_goes_back_where_the_database_was_lost():
    job = make_job(status=JobStatus.UPLOAD_IN_PROGRESS)

    assert advanced(job, make_progress(), now=minutes(1)).status is JobStatus.UPLOAD_IN_PROGRESS


def test_job_that_was_cancelled_has_neither_failed_nor_completed():
    progress = make_progress(
        reading=Reading.FAILED, failure_code=CANCELLED_CODE, failure_reason='Cancelled by jdoe.'
    )
    job = ended(make_job(), progress, Counts(), now=minutes(5))

    assert job.status is JobStatus.CANCELLED
    assert (job.completed_at, job.failed_at) == (None, None)
    assert (job.failure_code, job.failure_reason) == (None, 'Cancelled by jdoe.')


def test_job_that_ends_well_shows_its_counts_and_when():
    counts = Counts(read=2, outcomes={Outcome.SENT: 2})
    job = ended(make_job(), make_progress(reading=Reading.COMPLETE, **READ), counts, now=minutes(5))

    assert (job.status, job.completed_at, job.failed_at) == (
        JobStatus.UPLOAD_COMPLETE,
        minutes(5),
        None,
    )
    assert job.counts == counts
    assert job.warnings == ()


def test_job_that_fails_shows_why_and_when():
    progress = make_progress(
        reading=Reading.FAILED, failure_code='TC-AUTH', failure_reason='Mend the access ID.'
    )
    job = ended(make_job(), progress, Counts(), now=minutes(5))

    assert (job.status, job.completed_at, job.failed_at) == (JobStatus.FAILED, None, minutes(5))
    assert (job.failure_code, job.failure_reason) == ('TC-AUTH', 'Mend the access ID.')


def test_unsent_indicators_are_counted_in_words():
    outcomes = {
        Outcome.SENT: 5,
        Outcome.REFUSED: 1_234,
        Outcome.INVALID: 1,
        Outcome.UNSUPPORTED: 2,
        Outcome.FAILED: 0,
    }
    job = ended(
        make_job(),
        make_progress(reading=Reading.COMPLETE),
        Counts(read=1_242, outcomes=outcomes),
        now=minutes(5),
    )

    assert [warning.split(' not ')[0].split(' by ')[0] for warning in job.warnings] == [
        '1,234 Indicators were refused',
        '1 Indicator was',
        '2 Indicators were',
    ]


@pytest.mark.parametrize(
    ('scope', 'words'),
    [
        (Scope.WHOLE, '2 Indicators were not sent. The next update will include them.'),
        (Scope.SEND, '2 Indicators were not sent. Use Retry in JOBS: '),
        (Scope.REFUSED, '2 Indicators were not sent. Use Retry in JOBS: '),
        (Scope.WITHDRAW, '2 Indicators were not withdrawn. Use Retry in JOBS: '),
    ],
)
def test_failed_job_says_what_takes_up_the_rest(scope: Scope, words: str) -> None:
    progress = make_progress(reading=Reading.COMPLETE, failure_code='AZ-403')
    counts = Counts(read=2, outcomes={Outcome.FAILED: 2})
    (warning,) = ended(make_job(scope=scope), progress, counts, now=minutes(5)).warnings
    assert warning.startswith(words)


def test_warnings_of_reading_and_withdrawal_are_shown():
    progress = make_progress(
        reading=Reading.COMPLETE, warning='The list is cut.', place=Position(is_by_time=True)
    )
    job = ended(make_job(), progress, Counts(held_back=1_500), now=minutes(5))

    assert job.warnings[0].startswith('1,500 objects would be withdrawn.')
    assert job.warnings[1:] == ('The list is cut.', BY_TIME_WARNING)


def complete(start_at: dt.datetime | None, **fields: object) -> Job:
    defaults = {
        'status': JobStatus.UPLOAD_COMPLETE,
        'window': Window(start_at=start_at, end_at=minutes(60)),
    }
    return make_job(**(defaults | fields))


def cursor(at: dt.datetime, **fields: object) -> Cursor:
    defaults = {'query_id': 'q1', 'selection': make_query().selection}
    return Cursor(at=at, **(defaults | fields))  # type: ignore[arg-type]


def test_reading_of_everything_sets_the_cursor_to_the_end_of_its_window():
    assert moved_cursor(complete(None), None) == cursor(minutes(60))
    assert moved_cursor(complete(None), cursor(minutes(10))) == cursor(minutes(60))


@pytest.mark.parametrize('start', [0, 10])
def test_window_that_begins_at_or_before_the_cursor_moves_it(start: float):
    moved = moved_cursor(complete(minutes(start)), cursor(minutes(10)))

    assert moved == cursor(minutes(60))


def test_cursor_stays_when_the_window_began_after_it():
    assert moved_cursor(complete(minutes(11)), cursor(minutes(10))) is None


def test_cursor_stays_when_a_window_is_read_of_a_query_without_one():
    assert moved_cursor(complete(minutes(0)), None) is None


def test_cursor_of_another_selection_is_ignored():
    other = cursor(minutes(10), selection='another')

    assert moved_cursor(complete(minutes(5)), other) is None
    assert moved_cursor(complete(None), other) == cursor(minutes(60))


def test_cursor_at_the_end_of_the_window_stays():
    assert moved_cursor(complete(minutes(0)), cursor(minutes(60))) is None


@pytest.mark.parametrize('start', [None, 0])
def test_cursor_beyond_what_was_read_goes_back_to_it(start: float | None):
    job = complete(None if start is None else minutes(start))
    assert moved_cursor(job, cursor(minutes(10_000))) == cursor(minutes(60))


@pytest.mark.parametrize(('began', 'at'), [(59.99, 59), (60, 60), (61, 60)])
def test_cursor_never_exceeds_the_local_clock_when_reading_began(began: float, at: float):
    job = complete(None, started_at=minutes(began).replace(microsecond=1))
    moved = moved_cursor(job, None)
    assert moved is not None
    assert moved.at == (minutes(at) if at != 59 else minutes(began).replace(microsecond=0))


@pytest.mark.parametrize('status', [status for status in JobStatus if status != 'Upload Complete'])
def test_cursor_stays_unless_the_job_is_complete(status: JobStatus):
    assert moved_cursor(complete(None, status=status), None) is None


def test_cursor_stays_when_no_window_was_fixed():
    assert moved_cursor(complete(None, window=None), None) is None


@law
@given(
    start=st.none() | st.integers(0, 100),
    end=st.integers(0, 100),
    known=st.none() | st.integers(0, 100),
)
def test_moved_cursor_leaves_no_time_unread(start: int | None, end: int, known: int | None):
    job = complete(None, window=Window(start_at=_at(start), end_at=minutes(end)))
    at = _at(known)
    moved = moved_cursor(job, None if at is None else cursor(at))

    if moved is not None:
        assert moved.at == minutes(end)
        assert start is None or (known is not None and start <= known)


def _at(number: int | None) -> dt.datetime | None:
    return None if number is None else QUEUED_AT + dt.timedelta(minutes=number)


@pytest.mark.parametrize(
    ('count', 'words'), [(0, ''), (1, '1 Indicator has'), (2, 'Indicators have')]
)
def test_job_warns_that_tags_were_left_out(count: int, words: str) -> None:
    progress = make_progress(reading=Reading.COMPLETE, is_closed=True, **READ)
    counts = Counts(read=2, outcomes={Outcome.SENT: 2}, shortened=count)
    warnings = ended(make_job(), progress, counts, now=minutes(9)).warnings
    assert bool(warnings) == bool(count)
    assert all(words in each and 'more tags' in each for each in warnings)
