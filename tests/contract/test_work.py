"""What `WorkStore` promises, of the real store."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.ports import Ledger, ProgressStore, WorkStore
from sentinel_app.core.query import SortDirection
from sentinel_app.core.work import Batch, ChosenObject, ObjectState, Reading, Settlement, StoredPage
from sentinel_app.errors import ReadAuthError, StorageError, UploadDeniedError
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.sqlite import Database
from tests.clocks import NOON
from tests.stored import make_job, make_query, minutes
from tests.working import make_chosen, make_conversion, make_error

DENIED = UploadDeniedError('Give the role.', reason='403')


class Stores:
    """The stores of one running update, and the steps that the stages take with them."""

    def __init__(self, progress: ProgressStore, work: WorkStore) -> None:
        self.progress = progress
        self.work = work

    def begin(self, *request_ids: str, **query: object) -> None:
        self.progress.begin(
            [
                make_job(request_id, position=place, query=make_query(f'q{place + 1}', **query))
                for place, request_id in enumerate(request_ids)
            ]
        )

    def convert(
        self,
        *objects: ChosenObject,
        outcomes: Mapping[int, Outcome | None] | None = None,
        request_id: str = 'j1',
        **fields: object,
    ) -> None:
        """Read and convert one page; what has no outcome named has one object to be sent."""
        ids: dict[int, Outcome | None] = {
            item.indicator_id: None if item.state is ObjectState.WAITING else Outcome.UNCHANGED
            for item in objects
        }
        ids |= outcomes or {}
        rows = [{'id': number} for number in ids]
        self.progress.add_page(request_id, rows, last_id=max(ids), page_size=10)
        page = self.progress.next_page('u1')
        assert page is not None
        assert page.request_id == request_id
        self.work.store_conversion(make_conversion(page, ids, objects, **fields), at=NOON)

    def end(self, *request_ids: str) -> None:
        for request_id in request_ids:
            self.progress.end_reading(request_id, at=NOON)

    def claim(self, size: int = 100) -> Batch:
        batch = self.work.claim_batch('u1', size=size, at=NOON)
        assert batch is not None
        return batch

    def keys(self, size: int = 100) -> list[str] | None:
        batch = self.work.claim_batch('u1', size=size, at=NOON)
        return None if batch is None else [item.object_key for item in batch.objects]

    def settle(self, batch: Batch, *refused: int, errors: Sequence[ErrorEntry] = ()) -> None:
        refusals = dict.fromkeys(refused, ('no',))
        settlement = Settlement(batch=batch, refusals=refusals, errors=errors)
        self.work.settle(settlement, at=minutes(300))

    def outcomes(self, request_id: str = 'j1') -> dict[Outcome, int]:
        counts = self.progress.counts(request_id)
        assert counts is not None
        return dict(counts.outcomes)

    def is_dealt_with(self, request_id: str = 'j1') -> bool:
        """Whether everything that was read of a Job has its outcome, and no more will be read."""
        (item,) = (one for one in self.progress.progress('u1') if one.request_id == request_id)
        is_read = item.reading in {Reading.COMPLETE, Reading.FAILED}
        return is_read and not (item.pages_waiting or item.rows_waiting or item.open_treatments)


@pytest.fixture
def stores(progress: ProgressStore, work: WorkStore) -> Stores:
    return Stores(progress, work)


def chosen(number: int, **fields: object) -> ChosenObject:
    return make_chosen(f'k{number}', **({'indicator_id': number} | fields))


def test_a_conversion_stores_outcomes_objects_and_errors_and_removes_the_page(
    stores: Stores, work: WorkStore, error_log: ErrorLog
):
    stores.begin('j1')
    error = make_error(code='MAP-VALUE')
    stores.convert(
        chosen(1), chosen(2), outcomes={3: Outcome.INVALID, 4: Outcome.WITHHELD}, errors=[error]
    )
    counts = stores.progress.counts('j1')

    assert counts == Counts(
        read=4, converted=4, outcomes={Outcome.INVALID: 1, Outcome.WITHHELD: 1}, objects=2
    )
    assert stores.progress.pages_waiting() == 0
    assert stores.progress.progress('u1')[0].convert_started_at == NOON
    assert stores.progress.progress('u1')[0].open_treatments == 2
    assert list(error_log.entries()) == [error]
    assert work.waiting_objects() == 2


def test_a_conversion_that_the_disk_refuses_leaves_everything_as_it_was(
    db: Database, stores: Stores, work: WorkStore, error_log: ErrorLog
):
    stores.begin('j1')
    with db.write() as connection:
        connection.execute(
            "CREATE TRIGGER refuse BEFORE DELETE ON page BEGIN SELECT raise(ABORT, 'disk'); END"
        )
    with pytest.raises(StorageError):
        stores.convert(chosen(1), errors=[make_error()])

    assert stores.progress.counts('j1') == Counts(read=1)
    assert stores.progress.pages_waiting() == 1
    assert work.claims(['k1']) == {}
    assert list(error_log.entries()) == []


def test_claims_tell_what_was_chosen(stores: Stores, work: WorkStore):
    stores.begin('j1', 'j2')
    stores.convert(chosen(1, version=3), chosen(2, state=ObjectState.UNCHANGED))
    claims = work.claims(['k1', 'k2', 'k3'])

    assert set(claims) == {'k1', 'k2'}
    claim = claims['k1']
    assert (claim.request_id, claim.position, claim.indicator_id) == ('j1', 0, 1)
    assert (claim.version, claim.source_modified_at, claim.state) == (
        3,
        NOON,
        ObjectState.WAITING,
    )
    assert (claim.created, claim.modified) == (chosen(1).created, chosen(1).modified)
    assert claims['k2'].state is ObjectState.UNCHANGED


def test_claims_of_a_whole_page_may_be_asked_for_at_once(stores: Stores, work: WorkStore):
    stores.begin('j1')
    stores.convert(*(chosen(number) for number in range(1_203)))

    assert len(work.claims([f'k{number}' for number in range(2_000)])) == 1_203
    assert work.claims([]) == {}


def test_a_claimed_object_is_as_it_was_chosen_but_in_flight_no_more_to_be_had(
    stores: Stores, work: WorkStore
):
    stores.begin('j1')
    item = chosen(1, generation=2, version=3, web_link='https://tc/1', body='{"name":"ü😀"}')
    stores.convert(item)
    stores.end('j1')

    assert stores.claim().objects == (item,)
    assert stores.keys() is None
    assert work.waiting_objects() == 0
    assert work.claims(['k1'])['k1'].state is ObjectState.IN_FLIGHT
    assert stores.progress.progress('u1')[0].upload_started_at == NOON


def test_unchanged_objects_are_not_sent(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1, state=ObjectState.UNCHANGED))
    stores.end('j1')

    assert stores.keys() is None
    assert stores.outcomes() == {Outcome.UNCHANGED: 1}
    assert stores.is_dealt_with()


def test_there_is_no_batch_of_another_update(stores: Stores, work: WorkStore):
    stores.begin('j1')
    stores.convert(chosen(1))
    stores.end('j1')

    assert work.claim_batch('u2', size=100, at=NOON) is None


def test_objects_go_in_the_order_of_precedence_of_their_queries(stores: Stores):
    stores.begin('j1', 'j2', 'j3')
    for place, request_id in enumerate(('j1', 'j2', 'j3')):
        stores.convert(
            chosen(30 - place * 10, request_id=request_id, position=place),
            chosen(31 - place * 10, request_id=request_id, position=place),
            request_id=request_id,
        )
        stores.end(request_id)

    assert stores.keys(size=3) == ['k30', 'k31', 'k20']
    assert stores.keys(size=3) == ['k21', 'k10', 'k11']


def test_a_batch_that_is_not_full_waits_while_its_job_may_bring_more(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2))
    assert stores.keys(size=3) is None
    stores.progress.add_page('j1', [{'id': 9}], last_id=9, page_size=1)
    stores.end('j1')
    assert stores.keys(size=3) is None
    page = stores.progress.next_page('u1')
    assert page is not None
    stores.work.store_conversion(make_conversion(page, {9: Outcome.EXPIRED}), at=NOON)

    assert stores.keys(size=3) == ['k1', 'k2']


def test_a_full_batch_goes_while_its_job_is_still_being_read(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2), chosen(3))

    assert stores.keys(size=2) == ['k1', 'k2']
    assert stores.keys(size=2) is None


def test_a_batch_is_short_only_where_nothing_more_of_its_first_job_can_come(
    db: Database, stores: Stores
):
    stores.begin('j1', 'j2')
    stores.convert(chosen(1))
    stores.end('j1')
    stores.convert(chosen(2, request_id='j2', position=1), request_id='j2')
    assert stores.keys(size=3) == ['k1', 'k2']

    with db.write() as connection:
        connection.execute("UPDATE object SET state = 'waiting'")
        connection.execute("UPDATE progress SET reading = 'reading' WHERE request_id = 'j1'")
        connection.execute("UPDATE progress SET reading = 'complete' WHERE request_id = 'j2'")
    assert stores.keys(size=3) is None


def test_a_job_whose_reading_failed_sends_what_it_had(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1))
    stores.progress.end_reading('j1', at=NOON, error=ReadAuthError('Mend it.'))

    assert stores.keys() == ['k1']


def test_a_batch_keeps_below_a_megabyte(stores: Stores):
    stores.begin('j1')
    stores.convert(*(chosen(number, body='ü' * 200_000) for number in range(1, 5)))
    stores.end('j1')

    assert [stores.keys(), stores.keys(), stores.keys()] == [['k1', 'k2'], ['k3', 'k4'], None]


SORTED = {
    'numbers': [(1, 5.0), (2, 80.5), (3, 0.0), (4, -1.0), (5, 1e12)],
    'texts': [(1, 'b'), (2, 'ä'), (3, ''), (4, 'B'), (5, '10')],
}


@pytest.mark.parametrize('direction', SortDirection)
@pytest.mark.parametrize('kind', SORTED)
def test_a_sorted_query_sends_in_its_own_order_and_what_has_no_value_last(
    stores: Stores, direction: SortDirection, kind: str
):
    values = SORTED[kind]
    stores.begin('j1', sort_field='rating', sort_direction=direction)
    items = [chosen(number, sort_value=value) for number, value in values]
    items += [chosen(8), chosen(7)]
    random.shuffle(items)
    stores.convert(*items)
    stores.end('j1')
    expected = [
        number
        for number, _ in sorted(
            values,
            key=lambda pair: pair[1],  # type: ignore[arg-type, return-value]
            reverse=direction is SortDirection.DESCENDING,
        )
    ]

    assert stores.keys() == [f'k{number}' for number in [*expected, 7, 8]]


@pytest.mark.parametrize(
    ('direction', 'expected'),
    [(SortDirection.ASCENDING, ['k1', 'k2', 'k3']), (SortDirection.DESCENDING, ['k3', 'k2', 'k1'])],
)
def test_equal_values_go_in_the_order_of_their_ids(
    stores: Stores, direction: SortDirection, expected: list[str]
):
    stores.begin('j1', sort_field='rating', sort_direction=direction)
    stores.convert(*(chosen(number, sort_value=3.0) for number in (2, 3, 1)))
    stores.end('j1')

    assert stores.keys() == expected


def test_a_sorted_query_waits_until_it_has_been_read_and_lower_ones_go_first(stores: Stores):
    stores.progress.begin(
        [
            make_job('j1', query=make_query(sort_field='rating')),
            make_job('j2', position=1, query=make_query('q2')),
        ]
    )
    stores.convert(chosen(1, sort_value=1.0), chosen(2, sort_value=2.0))

    assert stores.keys(size=1) is None
    assert stores.work.waiting_objects() == 0
    stores.end('j1')
    assert stores.keys(size=2) == ['k1', 'k2']


def test_settling_enters_the_ledger_and_gives_each_indicator_its_outcome(
    stores: Stores, ledger: Ledger, error_log: ErrorLog, work: WorkStore
):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2), chosen(3))
    stores.end('j1')
    error = make_error(indicator_id=2)
    stores.settle(stores.claim(), 1, errors=[error])

    assert stores.outcomes() == {Outcome.SENT: 2, Outcome.REFUSED: 1}
    assert stores.is_dealt_with()
    assert set(ledger.held(['k1', 'k2', 'k3'])) == {'k1', 'k3'}
    assert list(error_log.entries()) == [error]
    assert stores.progress.progress('u1')[0].upload_answered_at == minutes(300)
    assert [work.claims([key])[key].state for key in ('k1', 'k2')] == [
        ObjectState.ACCEPTED,
        ObjectState.REFUSED,
    ]


def test_an_answer_that_the_disk_refuses_leaves_everything_in_flight(
    db: Database, stores: Stores, ledger: Ledger, work: WorkStore, error_log: ErrorLog
):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2))
    stores.end('j1')
    batch = stores.claim()
    with db.write() as connection:
        connection.execute(
            'CREATE TRIGGER refuse BEFORE UPDATE OF upload_answered_at ON progress'
            " BEGIN SELECT raise(ABORT, 'disk'); END"
        )
    with pytest.raises(StorageError):
        stores.settle(batch, 0, errors=[make_error()])

    assert ledger.count() == 0
    assert stores.outcomes() == {}
    assert work.claims(['k1'])['k1'].state is ObjectState.IN_FLIGHT
    assert list(error_log.entries()) == []


def test_the_ledger_keeps_what_sentinel_holds_when_a_newer_copy_is_refused(
    stores: Stores, ledger: Ledger
):
    stores.begin('j1')
    stores.work.settle(
        Settlement(batch=Batch(objects=(chosen(1, content_hash='before'),))), at=NOON
    )
    stores.convert(chosen(1, content_hash='after'))
    stores.end('j1')
    stores.settle(stores.claim(), 0)

    assert ledger.held(['k1'])['k1'].content_hash == 'before'


FILE_CASES = [
    (('sent', 'sent', 'sent'), Outcome.SENT),
    (('sent', 'sent', 'unchanged'), Outcome.SENT),
    (('unchanged', 'unchanged', 'unchanged'), Outcome.UNCHANGED),
    (('refused', 'sent', 'unchanged'), Outcome.REFUSED),
    (('sent', 'failed', 'unchanged'), Outcome.FAILED),
    (('sent', 'failed', 'refused'), Outcome.REFUSED),
    (('failed', 'refused', 'refused'), Outcome.REFUSED),
    (('failed', 'failed', 'unchanged'), Outcome.FAILED),
]


@pytest.mark.parametrize('is_released', [False, True])
@pytest.mark.parametrize(('fates', 'outcome'), FILE_CASES)
def test_a_file_with_several_objects_counts_once(
    stores: Stores, fates: tuple[str, ...], outcome: Outcome, is_released: bool
):
    stores.begin('j1')
    states = [
        ObjectState.UNCHANGED if fate == 'unchanged' else ObjectState.WAITING for fate in fates
    ]
    is_open = ObjectState.WAITING in states
    stores.convert(
        *(
            make_chosen(f'k{fate}-{place}', indicator_id=7, state=state)
            for place, (fate, state) in enumerate(zip(fates, states, strict=True))
        ),
        outcomes={7: None if is_open else Outcome.UNCHANGED},
    )
    stores.end('j1')
    is_stopped = 'failed' in fates
    unsent = []
    for _ in range(sum(state is ObjectState.WAITING for state in states)):
        batch = stores.claim(size=1)
        fate = batch.objects[0].object_key[1:].split('-')[0]
        if fate == 'failed':
            unsent.append(batch)
        else:
            stores.settle(batch, *([0] if fate == 'refused' else []))
    if not is_released:
        for batch in unsent:
            stores.work.release(batch)
    if is_stopped:
        assert not stores.is_dealt_with()
        stores.work.stop_jobs(['j1'], DENIED)
    if is_released:
        for batch in unsent:
            stores.work.release(batch)

    assert stores.outcomes() == {outcome: 1}
    assert stores.is_dealt_with()


def test_a_file_stays_open_until_its_last_object_is_answered(stores: Stores):
    stores.begin('j1')
    stores.convert(
        make_chosen('a', indicator_id=7), make_chosen('b', indicator_id=7), outcomes={7: None}
    )
    stores.end('j1')
    first, second = stores.claim(size=1), stores.claim(size=1)
    stores.settle(first)
    assert stores.outcomes() == {}
    stores.settle(second)
    assert stores.outcomes() == {Outcome.SENT: 1}


def replace(stores: Stores, old: int, new: int, key: str = 'k1', version: int = 1) -> None:
    """A better copy, that of the Indicator `new`, takes the object from the Indicator `old`."""
    stores.convert(
        make_chosen(key, indicator_id=new, version=version, content_hash='better'),
        displaced=[('j1', old)],
    )


def test_a_copy_that_lost_its_object_before_sending_is_a_duplicate(stores: Stores, ledger: Ledger):
    stores.begin('j1')
    stores.convert(chosen(1))
    replace(stores, old=1, new=2)
    stores.end('j1')
    batch = stores.claim()
    stores.settle(batch)

    assert [item.indicator_id for item in batch.objects] == [2]
    assert stores.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}
    assert ledger.held(['k1'])['k1'].content_hash == 'better'


def test_a_file_that_lost_one_of_its_objects_counts_by_the_others(stores: Stores):
    stores.begin('j1')
    stores.convert(
        make_chosen('k1', indicator_id=1),
        make_chosen('other', indicator_id=1),
        outcomes={1: None},
    )
    replace(stores, old=1, new=2)
    stores.end('j1')
    assert stores.outcomes() == {}
    batch = stores.claim()
    stores.settle(batch, [item.object_key for item in batch.objects].index('other'))

    assert stores.outcomes() == {Outcome.REFUSED: 1, Outcome.SENT: 1}


@pytest.mark.parametrize('is_refused', [False, True])
def test_the_answer_to_a_replaced_copy_does_not_settle_the_better_one(
    stores: Stores, ledger: Ledger, work: WorkStore, is_refused: bool
):
    stores.begin('j1')
    stores.convert(chosen(1))
    stores.end('j1')
    old = stores.claim()
    page = StoredPage(request_id='j1', position=0, seq=1, rows=[])
    better = make_chosen('k1', indicator_id=2, version=1, content_hash='better')
    conversion = make_conversion(page, {2: None}, [better], displaced=[('j1', 1)])
    stores.work.store_conversion(conversion, at=NOON)
    assert stores.outcomes() == {Outcome.DUPLICATE: 1}
    stores.settle(old, *([0] if is_refused else []))

    assert work.claims(['k1'])['k1'].state is ObjectState.WAITING
    assert stores.outcomes() == {Outcome.DUPLICATE: 1}
    assert (ledger.count() == 0) == is_refused
    new = stores.claim()
    assert [(item.indicator_id, item.version) for item in new.objects] == [(2, 1)]
    stores.settle(new)
    assert stores.outcomes() == {Outcome.DUPLICATE: 1, Outcome.SENT: 1}
    assert ledger.held(['k1'])['k1'].content_hash == 'better'


def test_a_replaced_copy_that_was_not_sent_is_not_sent_any_more(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(3))
    batch = stores.claim(size=1)
    replace(stores, old=1, new=2)
    stores.work.release(batch)
    stores.end('j1')

    assert sorted((item.object_key, item.version) for item in stores.claim().objects) == [
        ('k1', 1),
        ('k3', 0),
    ]


def test_unchanged_objects_of_a_lower_query_are_taken_over(stores: Stores, ledger: Ledger):
    stores.begin('j1')
    stores.work.settle(Settlement(batch=Batch(objects=(chosen(1, query_id='q2'),))), at=NOON)
    unchanged = chosen(1, indicator_id=7, state=ObjectState.UNCHANGED)
    stores.convert(unchanged, taken_over=['k1', 'unknown'])

    held = ledger.held(['k1'])['k1']
    assert (held.query_id, held.indicator_id) == ('q1', 7)


def test_a_batch_that_was_not_sent_waits_again(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2))
    stores.end('j1')
    batch = stores.claim()
    stores.work.release(batch)

    assert stores.claim() == batch


def test_part_of_a_batch_that_was_settled_is_not_released(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2))
    stores.end('j1')
    batch = stores.claim()
    stores.settle(Batch(objects=batch.objects[:1]))
    stores.work.release(batch)

    assert stores.keys() == ['k2']
    assert stores.outcomes() == {Outcome.SENT: 1}


def test_requests_and_429s_are_counted_for_each_job_of_the_batch(stores: Stores):
    stores.begin('j1', 'j2', 'j3')
    batch = Batch(objects=(chosen(1), chosen(2), chosen(3, request_id='j2')))
    stores.work.note_request(batch)
    stores.work.note_request(batch, throttled_s=7.5)
    stores.work.note_request(batch, throttled_s=0.0)
    found = [stores.progress.counts(request_id) for request_id in ('j1', 'j2', 'j3')]

    assert found == [
        Counts(requests=3, throttled=2, throttled_s=7.5),
        Counts(requests=3, throttled=2, throttled_s=7.5),
        Counts(),
    ]


def test_after_a_crash_what_was_in_flight_waits_again(stores: Stores):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2), chosen(3))
    stores.end('j1')
    stores.settle(stores.claim(size=1))
    stores.claim(size=1)

    assert stores.work.recover() == 1
    assert stores.keys() == ['k2', 'k3']
    assert stores.outcomes() == {Outcome.SENT: 1}


def test_after_a_crash_a_stopped_job_sends_nothing_more(stores: Stores):
    stores.begin('j1', 'j2')
    stores.convert(chosen(1))
    stores.end('j1', 'j2')
    stores.claim()
    stores.work.stop_jobs(['j1'], DENIED)
    assert not stores.is_dealt_with()
    assert stores.work.recover() == 1

    assert stores.keys() is None
    assert stores.outcomes() == {Outcome.FAILED: 1}
    assert stores.is_dealt_with()


def failure(stores: Stores) -> tuple[str | None, str | None, str, bool]:
    item = stores.progress.progress('u1')[0]
    return item.failure_code, item.failure_reason, item.reading, item.is_stopped


STOPPED = ('AZ-403', 'Give the role. (403)')


def test_a_job_stopped_before_reading_has_failed(stores: Stores):
    stores.begin('j1')
    stores.work.stop_jobs(['j1'], DENIED)

    assert failure(stores) == (*STOPPED, 'failed', True)
    assert stores.is_dealt_with()


def test_a_job_stopped_while_it_is_read_ends_when_its_pages_are_dealt_with(stores: Stores):
    stores.begin('j1')
    stores.progress.start_reading('j1', at=NOON, expected=None)
    stores.progress.add_page('j1', [{'id': 1}], last_id=1, page_size=1)
    stores.work.stop_jobs(['j1'], DENIED)
    stores.progress.end_reading('j1', at=NOON)
    assert failure(stores) == (*STOPPED, 'failed', True)
    assert not stores.is_dealt_with()
    page = stores.progress.next_page('u1')
    assert page is not None
    stores.work.store_conversion(make_conversion(page, {1: Outcome.FAILED}), at=NOON)

    assert stores.is_dealt_with()
    assert stores.outcomes() == {Outcome.FAILED: 1}


def test_a_page_converted_while_its_job_is_stopped_sends_nothing(stores: Stores):
    stores.begin('j1')
    stores.progress.add_page('j1', [{'id': 1}, {'id': 2}], last_id=2, page_size=2)
    page = stores.progress.next_page('u1')
    assert page is not None
    stores.work.stop_jobs(['j1'], DENIED)
    conversion = make_conversion(page, {1: None, 2: Outcome.EXPIRED}, [chosen(1)])
    stores.work.store_conversion(conversion, at=NOON)

    assert stores.keys() is None
    assert stores.outcomes() == {Outcome.FAILED: 1, Outcome.EXPIRED: 1}
    assert stores.is_dealt_with()


def test_a_job_stopped_with_objects_waiting_fails_those_alone(stores: Stores, ledger: Ledger):
    stores.begin('j1')
    stores.convert(chosen(1), chosen(2), outcomes={5: Outcome.DUPLICATE})
    stores.end('j1')
    stores.settle(stores.claim(size=1))
    stores.work.stop_jobs(['j1'], DENIED)

    assert failure(stores) == (*STOPPED, 'complete', True)
    assert stores.keys() is None
    assert stores.outcomes() == {Outcome.SENT: 1, Outcome.FAILED: 1, Outcome.DUPLICATE: 1}
    assert ledger.count() == 1


@pytest.mark.parametrize(
    ('how', 'outcome'),
    [('settle', Outcome.SENT), ('refuse', Outcome.REFUSED), ('release', Outcome.FAILED)],
)
def test_a_job_stopped_with_a_batch_in_flight_waits_for_its_answer(
    stores: Stores, how: str, outcome: Outcome
):
    stores.begin('j1')
    stores.convert(chosen(1))
    stores.end('j1')
    batch = stores.claim()
    stores.work.stop_jobs(['j1'], DENIED)
    assert not stores.is_dealt_with()
    if how == 'release':
        stores.work.release(batch)
    else:
        stores.settle(batch, *([0] if how == 'refuse' else []))

    assert stores.outcomes() == {outcome: 1}
    assert stores.is_dealt_with()


def test_stopping_one_job_leaves_the_others(stores: Stores):
    stores.begin('j1', 'j2')
    stores.convert(chosen(1))
    stores.end('j1')
    stores.convert(chosen(2, request_id='j2', position=1), request_id='j2')
    stores.end('j2')
    batch = stores.claim()
    stores.work.stop_jobs(['j1'], DENIED)
    stores.work.release(batch)

    assert stores.keys() == ['k2']
    assert not stores.is_dealt_with('j2')
    assert stores.is_dealt_with('j1')


def test_the_first_failure_of_a_job_is_the_one_it_shows(stores: Stores):
    stores.begin('j1')
    stores.progress.end_reading('j1', at=NOON, error=ReadAuthError('Mend it.'))
    stores.work.stop_jobs(['j1'], DENIED)

    assert failure(stores)[:2] == ('TC-AUTH', 'Mend it.')


def refuse(stores: Stores, *items: ChosenObject) -> None:
    refusals = dict.fromkeys(range(len(items)), ('no',))
    stores.work.settle(Settlement(batch=Batch(objects=items), refusals=refusals), at=NOON)


def attempts(stores: Stores, *keys: str) -> dict[str, int]:
    return {key: item.attempts for key, item in stores.work.refusals(keys).items()}


def test_refusals_are_counted_as_long_as_the_content_is_the_same(stores: Stores):
    refuse(stores, chosen(1), chosen(2))
    refuse(stores, chosen(1), chosen(2, content_hash='another'))

    assert attempts(stores, 'k1', 'k2', 'k3') == {'k1': 2, 'k2': 1}
    assert stores.work.refusals(['k2'])['k2'].content_hash == 'another'


def test_a_refusal_is_forgotten_when_the_object_is_accepted(stores: Stores):
    refuse(stores, chosen(1), chosen(2))
    stores.settle(Batch(objects=(chosen(1),)))

    assert attempts(stores, 'k1', 'k2') == {'k2': 1}


def test_refused_indicators_of_a_query_are_given_while_they_may_be_tried_again(stores: Stores):
    for _ in range(4):
        refuse(stores, chosen(1))
    for _ in range(3):
        refuse(stores, chosen(3), make_chosen('k3-sha1', indicator_id=3), chosen(2))
    refuse(stores, chosen(4, query_id='q2'))

    assert stores.work.refused_ids('q1', most_attempts=3) == (2, 3)
    assert stores.work.refused_ids('q2', most_attempts=3) == (4,)
    assert stores.work.refused_ids('q3', most_attempts=3) == ()


def test_refusals_outlive_the_update(stores: Stores):
    stores.begin('j1')
    refuse(stores, chosen(1))
    stores.progress.remove_update('u1')

    assert attempts(stores, 'k1') == {'k1': 1}


def test_a_refusal_is_forgotten_where_the_query_no_longer_has_what_was_refused(stores: Stores):
    stores.begin('j1', 'j2')
    for _ in range(4):
        refuse(stores, chosen(9))
    refuse(stores, chosen(1), chosen(2), chosen(3, query_id='q2'), chosen(4, query_id='q3'))
    stores.convert(chosen(1), chosen(5))
    stores.end('j1')
    stores.settle(stores.claim(), 0)
    stores.progress.end_reading('j2', at=NOON, error=DENIED)
    stores.progress.remove_update('u1')

    # The first was refused again. The second was looked for and did not come. Nobody asked for the
    # third, whose reading failed, the fourth, whose query was not read, and the ninth.
    assert attempts(stores, *(f'k{number}' for number in range(1, 10))) == {
        'k1': 2,
        'k3': 1,
        'k4': 1,
        'k9': 4,
    }


def test_a_refusal_is_forgotten_where_sentinel_holds_the_copy_that_was_chosen(stores: Stores):
    stores.begin('j1', 'j2')
    refuse(stores, chosen(1), chosen(2, query_id='q2'))
    stores.convert(chosen(1, indicator_id=7, state=ObjectState.UNCHANGED))
    stores.end('j1')
    stores.convert(
        chosen(2, indicator_id=8, state=ObjectState.UNCHANGED, request_id='j2'), request_id='j2'
    )
    stores.progress.end_reading('j2', at=NOON, error=DENIED)
    stores.progress.remove_update('u1')

    assert attempts(stores, 'k1', 'k2') == {'k2': 1}


def test_it_is_known_which_indicators_a_job_has_taken_up(stores: Stores):
    stores.begin('j1', 'j2')
    stores.convert(chosen(1), outcomes={2: Outcome.INVALID})

    assert stores.work.treated('j1', [1, 2, 3]) == {1, 2}
    assert stores.work.treated('j1', range(1, 2_000)) == {1, 2}
    assert stores.work.treated('j2', [1, 2, 3]) == frozenset()
    assert stores.work.treated('j1', []) == frozenset()
