"""After any history, Sentinel holds what it should: random ones, told and checked step by step.

`HISTORIES=1000` tells so many; `HISTORY=seed` tells that one alone, exactly as it was told before.
A history that goes wrong is shortened before it is shown.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Counts, JobStatus, Mode, Outcome
from sentinel_app.core.ledger_row import REFUSED_ATTEMPTS
from sentinel_app.core.progress import Progress, Reading
from sentinel_app.core.query import Query, WithdrawPolicy
from sentinel_app.core.sink import UploadReply
from sentinel_app.errors import (
    BatchUnclearError,
    Cancelled,
    ReadAuthError,
    ReadTimeoutError,
    SentinelAppError,
    UploadDeniedError,
    UploadServerError,
)
from sentinel_app.pipeline import revoke
from sentinel_app.pipeline.bound import ReadingBound
from tests.harness.soak import amount
from tests.updates.history.folder import quick_folder
from tests.updates.history.world import OWNERS, Action, Backwards, History, make_actions, policy_of

pytestmark = pytest.mark.integration

COUNT = amount('HISTORIES', daily=8, soak=2000)
STEPS = amount('STEPS', daily=20, soak=20)
SHARES = 6
ONLY = os.environ.get('HISTORY')


@pytest.mark.timeout(max(120, COUNT * 5))
@pytest.mark.parametrize('share', range(SHARES))
def test_sentinel_holds_the_right_objects_after_any_history(
    share: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = range(share, COUNT, SHARES) if ONLY is None else [int(ONLY)][share:]
    totals = [0, 0, 0]
    for seed in seeds:
        actions = make_actions(seed, STEPS)
        history, fault = told(seed, actions)
        if fault is not None:
            history, fault = told(seed, shortened(seed, actions, fault))
            words = f'{fault} {getattr(fault, "reason", "")}'
            pytest.fail(f'History {seed}, shortened: {words}\n' + '\n'.join(history.notes))
        for place, count in enumerate((history.updates, history.kills, history.checks)):
            totals[place] += count
    with capsys.disabled():
        if COUNT > 100:
            print(f'{len(seeds)} histories, updates, kills, checks: {totals}')  # noqa: T201
    # A history without updates, deaths and checks would prove nothing.
    assert ONLY is not None or min(totals) >= len(seeds) / 4


def told(seed: int, actions: Sequence[Action]) -> tuple[History, Exception | None]:
    """Tell a history; give what went wrong, if anything did.

    The same seed and actions tell exactly the same: the App's own waits and ids are as fixed by the
    seed as all else is.
    """
    with quick_folder() as folder, _fixed_chance(seed):
        history = History(folder, policy_of(seed))
        try:
            history.play(actions)
        except Exception as fault:  # noqa: BLE001 - whatever went wrong is what is looked for
            return history, fault
        finally:
            history.close()
    return history, None


@contextmanager
def _fixed_chance(seed: int) -> Iterator[None]:
    """Let the App take from the seed what it leaves to chance."""
    chance = random.Random(seed)

    def uuid4() -> uuid.UUID:
        return uuid.UUID(int=chance.getrandbits(128), version=4)

    with (
        mock.patch.object(random, 'random', chance.random),
        mock.patch.object(uuid, 'uuid4', uuid4),
    ):
        yield


def test_history_is_replayed_exactly() -> None:
    actions = make_actions(11, STEPS)
    first, second = (told(11, actions)[0] for _ in range(2))
    assert first.notes == second.notes


def shortened(seed: int, actions: Sequence[Action], fault: Exception) -> list[Action]:
    """Leave out what is not needed for the same kind of fault."""
    left = list(actions)
    size = len(left) // 2
    while size:
        place = 0
        while place < len(left):
            fewer = left[:place] + left[place + size :]
            found = told(seed, fewer)[1]
            if type(found) is type(fault):
                left = fewer
            else:
                place += size
        size //= 2
    return left


# -- short stories, each of which went wrong once


@pytest.fixture
def story(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path, WithdrawPolicy.DELETED)
    yield history
    history.close()


@pytest.fixture
def strict_story(story: History) -> History:
    """A history in which what no longer matches is withdrawn as well."""
    story.policy = WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING
    story.restart()
    return story


def query(*owners: str, query_id: str = 'q1') -> Query:
    return Query(id=query_id, owners=owners, indicator_types=(IndicatorType.HOST,), tql='')


def host(owner: str = OWNERS[0], **members: object) -> dict[str, object]:
    return {'type': 'Host', 'ownerName': owner, 'hostName': 'h1.example.com', **members}


def file_of(owner: str = OWNERS[0], **members: object) -> dict[str, object]:
    return {'type': 'File', 'ownerName': owner, **members}


def test_indicator_set_inactive_while_no_query_covers_its_owner_is_withdrawn(
    story: History,
) -> None:
    row_id = story.store.add(host())['id']
    story.store.add(host(OWNERS[1], hostName='h2.example.com'))
    story.save_list([query(OWNERS[0])])
    story.update(Mode.FULL)
    story.save_list([query(OWNERS[1])])
    story.store.deactivate(row_id)
    story.update(Mode.DELTA)

    assert [stix['name'] for stix in story.sink.live().values()] == [
        f'h2.example.com | {OWNERS[1]}'
    ]


def test_created_stays_where_the_first_answer_was_lost(story: History) -> None:
    story.store.add(host())
    story.save_list([query(*OWNERS)])
    story.sink.after = lose_answer
    story.update(Mode.FULL)
    story.sink.after = lambda objects: None
    story.clock.advance(60)
    story.store.add(host(OWNERS[1]))
    story.update(Mode.DELTA)

    assert story.sink.anomalies() == []
    assert [stix['name'] for stix in story.sink.live().values()] == [
        f'h1.example.com | {OWNERS[1]}'
    ]


@pytest.mark.parametrize('error', [UploadServerError, BatchUnclearError])
def test_object_stored_without_a_clear_answer_is_withdrawn_when_it_is_deleted(
    story: History, error: type[SentinelAppError]
) -> None:
    ids = [story.store.add(host(hostName=f'h{number}.example.com'))['id'] for number in (1, 2)]
    story.save_list([query(*OWNERS)])

    def after(objects: Sequence[object]) -> None:
        # Whatever comes then ends the update.
        story.sink.before = deny
        raise error('What became of them is not known.')

    story.sink.after = after
    story.update(Mode.FULL)
    assert len(story.sink.live()) == 2
    story.sink.before = story.sink.after = lambda objects: None
    story.store.delete(ids[0])
    story.update(Mode.DELTA)

    assert [stix['name'] for stix in story.sink.live().values()] == [
        f'h2.example.com | {OWNERS[0]}'
    ]


def test_value_is_live_again_though_the_answer_to_its_withdrawal_was_lost(
    story: History,
) -> None:
    row_id = story.store.add(host())['id']
    story.save_list([query(*OWNERS)])
    story.update(Mode.FULL)
    story.store.deactivate(row_id)
    story.sink.after = lose_answer
    story.update(Mode.DELTA)
    story.sink.after = lambda objects: None
    story.store.activate(row_id)
    story.update(Mode.DELTA)

    assert story.sink.anomalies() == []
    assert len(story.sink.live()) == 1


def test_withdrawal_that_never_arrived_is_repeated_when_the_value_is_back(
    story: History,
) -> None:
    row_id = story.store.add(host())['id']
    story.save_list([query(*OWNERS)])
    story.update(Mode.FULL)
    story.store.deactivate(row_id)
    story.sink.before = lose_answer
    story.update(Mode.DELTA)
    story.sink.before = lambda objects: None
    story.store.activate(row_id)
    story.update(Mode.DELTA)

    assert story.sink.anomalies() == []
    assert len(story.sink.live()) == 1


def test_expiry_that_is_taken_back_makes_the_object_valid_for_longer(story: History) -> None:
    now = story.clock.now()
    row_id = story.store.add(host(externalDateExpires=f'{now:%Y-%m-%d}T17:00:00Z'))['id']
    story.save_list([query(*OWNERS)])
    story.update(Mode.FULL)
    story.store.modify(row_id, externalDateExpires=None)
    story.update(Mode.DELTA)
    story.clock.advance(8 * 3600)

    assert len(story.sink.live()) == 1


def test_file_retried_for_one_hash_does_not_take_the_others(story: History) -> None:
    common = {'type': 'File', 'ownerName': OWNERS[0], 'sha256': 'C' * 64}
    story.store.add({**common, 'md5': 'A' * 32, 'confidence': 90})
    worse = story.store.add({**common, 'md5': 'B' * 32, 'confidence': 60})['id']
    files = replace(query(*OWNERS), indicator_types=(IndicatorType.FILE,))
    story.save_list([files])
    story.sink.refused = frozenset({f"[file:hashes.'MD5' = '{'B' * 32}']"})
    story.update(Mode.FULL)
    story.clock.advance(3600)
    story.update(Mode.DELTA)

    assert story.store.get(worse) is not None
    live = story.sink.live()[f"[file:hashes.'SHA-256' = '{'C' * 64}']"]
    assert live['confidence'] == 90


def test_copy_looked_up_for_another_hash_does_not_count_as_the_refused_one(
    story: History,
) -> None:
    common = {'type': 'File', 'ownerName': OWNERS[0], 'sha256': 'C' * 64}
    story.store.add({**common, 'md5': 'B' * 32, 'confidence': 60})
    story.clock.advance(600)
    story.store.add({**common, 'md5': 'A' * 32, 'confidence': 90})
    files = replace(query(*OWNERS), indicator_types=(IndicatorType.FILE,), tql='confidence >= 50')
    story.save_list([files])
    own, shared = (f"[file:hashes.'MD5' = '{'B' * 32}']", f"[file:hashes.'SHA-256' = '{'C' * 64}']")
    story.sink.refused = frozenset({own})
    story.update(Mode.FULL)
    # A newer copy of the shared hash is refused, and then no longer returned.
    story.clock.advance(600)
    newest = story.store.add({**common, 'md5': 'D' * 32, 'confidence': 70})['id']
    story.sink.refused = frozenset({own, shared})
    story.update(Mode.DELTA)
    story.clock.advance(600)
    story.store.modify(newest, confidence=10)
    story.sink.refused = frozenset({own})
    story.update(Mode.DELTA)

    assert story.sink.live()[shared]['confidence'] == 90


def test_reordered_list_during_an_update_keeps_no_change_back(
    story: History,
) -> None:
    story.store.add(host())
    row_id = story.store.add(host(OWNERS[1], hostName='h2.example.com', confidence=10))['id']
    high, low = query(OWNERS[0]), query(OWNERS[1], query_id='q2')
    story.save_list([high, low])
    story.update(Mode.FULL)
    story.clock.advance(60)
    story.store.modify(row_id, confidence=90)
    story.clock.advance(2)
    story.rig.queue.request_update(mode=Mode.DELTA)
    story.save_list([low, high])
    story.rig.run()

    assert story.sink.live()["[domain-name:value = 'h2.example.com']"]['confidence'] == 90


@pytest.mark.parametrize(
    'saved', [('new', 'q1', 'q2'), ('q1', 'new', 'q2'), ('n1', 'n2', 'q1', 'q2'), ('q1',)]
)
def test_list_saved_while_an_update_runs_lets_no_lower_query_take_from_a_higher_one(
    story: History, saved: Sequence[str]
) -> None:
    story.store.add(host(confidence=90))
    lower = story.store.add(host(OWNERS[1], confidence=10))['id']
    queries = {'q1': query(OWNERS[0]), 'q2': query(OWNERS[1], query_id='q2')}
    story.save_list(list(queries.values()))
    # So long that the delta does not read the higher copy again.
    story.clock.advance(600)
    story.update(Mode.FULL)
    story.store.modify(lower, confidence=11)
    story.clock.advance(2)
    story.rig.queue.request_update(mode=Mode.DELTA)
    story.rig.follower.start_next()
    story.save_list([queries.get(name) or query(OWNERS[2], query_id=name) for name in saved])
    story.rig.run()

    assert story.sink.live()["[domain-name:value = 'h1.example.com']"]['confidence'] == 90


def test_objects_of_a_query_moved_up_meanwhile_go_to_the_one_that_still_returns_them(
    strict_story: History,
) -> None:
    story = strict_story
    first, second = query(OWNERS[0]), query(OWNERS[1], query_id='q2')
    story.store.add(host())
    held = story.store.add(host(OWNERS[1], confidence=90))['id']
    high = replace(second, tql='confidence >= 50')
    story.save_list([high, first])
    story.update(Mode.FULL)
    story.store.modify(held, confidence=10)
    story.save_list([first, high])
    story.clock.advance(2)
    story.rig.queue.request_update(mode=Mode.RECONCILE)
    story.save_list([high, first])
    story.rig.run()

    assert [stix['name'] for stix in story.sink.live().values()] == [
        f'h1.example.com | {OWNERS[0]}'
    ]


def test_refused_copy_that_is_retried_replaces_the_older_one_that_sentinel_holds(
    story: History,
) -> None:
    story.store.add(host(confidence=90))
    story.save_list([query(*OWNERS)])
    story.update(Mode.FULL)
    (pattern,) = story.sink.live()
    story.store.add(host(OWNERS[1], confidence=60))
    story.sink.refused = frozenset({pattern})
    story.update(Mode.DELTA)
    assert story.sink.live()[pattern]['confidence'] == 90
    story.sink.refused = frozenset()
    story.clock.advance(3600)
    story.update(Mode.DELTA)

    assert story.sink.live()[pattern]['confidence'] == 60


def test_refused_copy_with_a_future_date_is_tried_as_often_as_any_other(story: History) -> None:
    row = story.store.add(host(dateAdded='2099-01-01T00:00:00Z'))
    story.save_list([query(OWNERS[0])])
    story.sink.refused = frozenset([f"[domain-name:value = '{row['hostName']}']"])
    story.update(Mode.FULL)
    for _ in range(6):
        story.clock.advance(3600)
        story.update(Mode.DELTA)

    assert len(story.log) == 1 + REFUSED_ATTEMPTS


def test_refused_copy_is_not_retried_once_another_one_is_chosen_as_sentinel_holds_it(
    story: History,
) -> None:
    older = story.store.add(host(confidence=90))['id']
    story.save_list([query(*OWNERS)])
    story.update(Mode.FULL)
    (pattern,) = story.sink.live()
    story.store.add(host(OWNERS[1], confidence=60))
    story.sink.refused = frozenset({pattern})
    story.update(Mode.DELTA)
    story.sink.refused = frozenset()
    story.clock.advance(3600)
    # Nothing but the time of its last change is another, and with it the choice.
    story.store.modify(older)
    story.clock.advance(600)
    story.update(Mode.DELTA)
    story.clock.advance(3600)
    story.update(Mode.DELTA)

    assert story.sink.live()[pattern]['confidence'] == 90


@pytest.mark.parametrize('mode', Mode)
def test_refused_copy_is_retried_whatever_was_sent_for_a_lower_query_alone(
    story: History, mode: Mode
) -> None:
    story.store.add(host(confidence=90))
    story.store.add(host(OWNERS[1], confidence=10))
    story.save_list([query(OWNERS[0]), query(OWNERS[1], query_id='q2')])
    pattern = "[domain-name:value = 'h1.example.com']"
    story.sink.refused = frozenset({pattern})
    # So long that no delta reads them again by itself.
    story.clock.advance(600)
    story.update(Mode.FULL)
    story.sink.refused = frozenset()
    story.clock.advance(2)
    long_ago = story.clock.now() - dt.timedelta(days=1)
    after = long_ago if mode is Mode.DELTA else None
    story.rig.queue.request_update(mode=mode, query_ids=['q2'], modified_after=after)
    story.rig.run()
    assert story.sink.live()[pattern]['confidence'] == 10
    story.update(Mode.DELTA)

    assert story.sink.live()[pattern]['confidence'] == 90


H1 = "[domain-name:value = 'h1.example.com']"
ONE_QUERY = [query(*OWNERS)]
TWO_QUERIES = [query(OWNERS[0]), query(*OWNERS[1:], query_id='q2')]
LONG_AGO = '2020-01-01T00:00:00Z'


def confidence(story: History) -> object:
    """That of the copy that Sentinel holds; None where it holds nothing."""
    return story.sink.live().get(H1, {}).get('confidence')


def refuse_copies(story: History, *owners: str) -> None:
    """Let Sentinel refuse these owners' copies."""
    story.sink.refused_copies = frozenset((H1, f'h1.example.com | {owner}') for owner in owners)


def update_each_hour(story: History, mode: Mode, times: int) -> None:
    for _ in range(times):
        story.clock.advance(3600)
        story.update(mode)


def delete_row(story: History, row_id: int) -> None:
    story.store.delete(row_id)


def remove_first_query(story: History, _row_id: int) -> None:
    story.save_list(TWO_QUERIES[1:])


def keep(_story: History, _row_id: int) -> None:
    pass


@pytest.mark.parametrize(
    ('queries', 'lose'),
    [
        (ONE_QUERY, keep),
        (ONE_QUERY, delete_row),
        (TWO_QUERIES, keep),
        (TWO_QUERIES, delete_row),
        (TWO_QUERIES, remove_first_query),
    ],
)
def test_change_of_the_current_copy_that_made_way_for_a_refused_one_is_sent_by_a_delta(
    story: History, queries: list[Query], lose: Callable[[History, int], None]
) -> None:
    held = story.store.add(host(OWNERS[1], confidence=60))['id']
    story.save_list(queries)
    story.update(Mode.FULL)
    story.clock.advance(3600)
    story.store.modify(held, confidence=61)
    story.clock.advance(5)
    refused = story.store.add(host(confidence=90))['id']
    refuse_copies(story, OWNERS[0])
    update_each_hour(story, Mode.DELTA, 1)
    lose(story, refused)
    update_each_hour(story, Mode.DELTA, REFUSED_ATTEMPTS + 2)

    assert confidence(story) == 61


def test_copy_that_made_way_as_a_full_update_retried_a_refused_one_comes_by_a_delta(
    story: History,
) -> None:
    story.store.add(host(confidence=90))
    story.save_list(TWO_QUERIES)
    refuse_copies(story, OWNERS[0])
    update_each_hour(story, Mode.DELTA, REFUSED_ATTEMPTS + 2)
    story.clock.advance(3600)
    story.store.add(host(OWNERS[1], confidence=60))
    update_each_hour(story, Mode.FULL, 1)
    assert confidence(story) is None
    update_each_hour(story, Mode.DELTA, 1)

    assert confidence(story) == 60


@pytest.mark.parametrize('mode', [Mode.DELTA, Mode.RECONCILE])
def test_refused_copy_is_tried_four_times_however_many_queries_return_it(
    story: History, mode: Mode
) -> None:
    story.store.add(host(confidence=90))
    story.store.add(host(OWNERS[1], confidence=60, lastModified=LONG_AGO))
    story.save_list([query(OWNERS[0]), query(*OWNERS, query_id='q2')])
    refuse_copies(story, OWNERS[0])
    update_each_hour(story, mode, REFUSED_ATTEMPTS + 2)

    assert confidence(story) == 60
    assert len(story.log) == REFUSED_ATTEMPTS + 2


def test_current_copy_refused_for_a_higher_query_makes_way_in_the_account_of_a_lower_one(
    story: History,
) -> None:
    held = story.store.add(host(confidence=90))['id']
    for number in (2, 3, 4):
        story.store.add(host(hostName=f'h{number}.example.com'))
    worse = story.store.add(host(OWNERS[1], confidence=60, lastModified=LONG_AGO))['id']
    story.save_list([query(OWNERS[0]), query(*OWNERS, query_id='q2')])
    story.update(Mode.FULL)
    refuse_copies(story, OWNERS[0])
    story.store.modify(held, confidence=95)
    update_each_hour(story, Mode.RECONCILE, REFUSED_ATTEMPTS + 1)
    # The higher query lets go of it, and another copy is the better one of the lower query.
    story.save_list([query(OWNERS[2]), query(*OWNERS, query_id='q2')])
    story.clock.advance(3600)
    story.store.modify(worse)
    update_each_hour(story, Mode.RECONCILE, 1)

    assert confidence(story) == 60
    _, lower = story.rig.app_state.jobs_of(story.update_id)
    expected = {Outcome.UNCHANGED: 3, Outcome.DUPLICATE: 1, Outcome.SENT: 1}
    assert lower.counts.outcomes == expected


def test_two_refused_copies_that_overtake_each_other_do_not_keep_a_third_from_being_sent(
    story: History,
) -> None:
    refused = [story.store.add(host(owner, confidence=90))['id'] for owner in OWNERS[:2]]
    story.store.add(host(OWNERS[2], confidence=60, lastModified=LONG_AGO))
    story.save_list(ONE_QUERY)
    refuse_copies(story, *OWNERS[:2])
    for number in range(2 * (REFUSED_ATTEMPTS + 1)):
        story.clock.advance(3600)
        # Nothing but the time of its last change is another.
        story.store.modify(refused[number % 2])
        story.clock.advance(5)
        story.update(Mode.DELTA)
    update_each_hour(story, Mode.DELTA, 1)

    assert confidence(story) == 60


SHARED_HASH = f"[file:hashes.'SHA-256' = '{'C' * 64}']"


def files_that_share_a_hash(story: History) -> list[int]:
    """Add two Files of one owner, of which only the second matches `confidence >= 50`.

    Their objects of the hash that they share have the same name.
    """
    return [
        story.store.add(file_of(sha256='C' * 64, md5=letter * 32, confidence=confidence))['id']
        for letter, confidence in (('A', 10), ('B', 60))
    ]


def test_judge_lets_a_copy_of_the_same_name_pass_for_one_refused_too_often(
    story: History,
) -> None:
    worse, _ = files_that_share_a_hash(story)
    files = replace(query(*OWNERS), indicator_types=(IndicatorType.FILE,))
    story.save_list([replace(files, tql='confidence >= 50'), replace(files, id='q2')])
    story.sink.refused = frozenset({SHARED_HASH})
    for _ in range(REFUSED_ATTEMPTS + 1):
        story.clock.advance(3600)
        story.reconcile()
    story.sink.refused = frozenset()
    story.clock.advance(3600)
    story.store.modify(worse, confidence=11)
    story.clock.advance(5)
    story.delta()

    assert story.is_right
    assert story.sink.live()[SHARED_HASH]['confidence'] == 11


def test_judge_misses_a_value_though_copies_of_one_name_were_refused_often_together(
    story: History,
) -> None:
    ids = files_that_share_a_hash(story)
    story.save_list([replace(query(*OWNERS), indicator_types=(IndicatorType.FILE,))])
    story.sink.refused = frozenset({SHARED_HASH})
    for number in range(REFUSED_ATTEMPTS + 1):
        story.clock.advance(3600)
        story.store.modify(ids[number % 2])
        story.clock.advance(5)
        story.full()
    assert story.log.count(SHARED_HASH) == REFUSED_ATTEMPTS + 1
    story.sink.refused = frozenset()
    with (
        mock.patch.object(story.sink, 'send', return_value=UploadReply(refusals={})),
        pytest.raises(AssertionError, match=f'{"C" * 64}.* is missing'),
    ):
        story.full()


def test_uncountable_or_unreadable_query_holds_back_no_lower_query(story: History) -> None:
    story.store.add(host(OWNERS[1]))
    story.save_list(TWO_QUERIES)

    def time_out(name: str) -> None:
        higher, _ = story.rig.app_state.jobs_of(story.update_id)
        place = story.rig.store.progress(story.update_id)[:1]
        is_its_turn = any(item.reading in {Reading.WAITING, Reading.READING} for item in place)
        # Its window is fixed by what can be read in its place.
        if is_its_turn and (name == 'count' or higher.window is not None):
            raise ReadTimeoutError('It takes too long.')

    story.source.before = time_out
    for mode in (Mode.RECONCILE, Mode.DELTA):
        update_each_hour(story, mode, 1)
    higher, lower = story.rig.app_state.jobs_of(story.update_id)

    assert (higher.status, higher.counts) == (JobStatus.FAILED, Counts())
    assert (lower.status, lower.counts.read) == (JobStatus.UPLOAD_COMPLETE, 0)


def deny(objects: Sequence[object]) -> None:
    raise UploadDeniedError('Denied.')


def lose_answer(objects: Sequence[object]) -> None:
    raise UploadServerError('The answer was lost.')


def test_full_update_retries_a_withdrawal_however_often_it_was_refused(
    story: History,
) -> None:
    row_id = story.store.add(host())['id']
    story.save_list([query(*OWNERS)])
    story.update(Mode.FULL)
    story.store.deactivate(row_id)
    (pattern,) = story.sink.live()
    story.sink.refused = frozenset({pattern})
    for _ in range(6):
        story.update(Mode.DELTA)
    # Four tries, and then it is left alone.
    assert story.sink.requests == 5
    story.sink.refused = frozenset()
    story.update(Mode.DELTA)
    assert story.sink.requests == 5
    story.update(Mode.FULL)
    assert story.sink.live() == {}


@pytest.mark.parametrize('is_cancelled', [False, True])
def test_objects_of_a_query_removed_while_its_update_waits_are_withdrawn_by_that_update(
    strict_story: History, monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    story = strict_story
    monkeypatch.setattr(revoke, '_PORTION', 2)
    for number in range(3):
        story.store.add(host(hostName=f'h{number}.example.com'))
    gone = story.store.add(host(OWNERS[1], hostName='gone.example.com'))['id']
    story.store.add(host(OWNERS[1], hostName='kept.example.com'))
    removed, kept = query(OWNERS[0]), query(OWNERS[1], query_id='q2')
    story.save_list([removed, kept])
    story.update(Mode.FULL)
    story.store.delete(gone)
    story.clock.advance(2)
    update = story.rig.queue.request_update(mode=Mode.RECONCILE)
    if is_cancelled:
        job = next(job for job in story.rig.app_state.jobs_of(update.id) if job.query == removed)
        assert story.rig.cancel(job)
    story.save_list([kept])
    # Nor does it matter whether what it read can still be read.
    story.source.hidden = frozenset({OWNERS[0]})
    story.rig.run()

    assert [stix['name'] for stix in story.sink.live().values()] == [
        f'kept.example.com | {OWNERS[1]}'
    ]


@pytest.mark.parametrize('going', ['deleted', 'no longer matching', 'of a removed query'])
def test_withdrawal_that_is_refused_is_tried_four_times_whatever_it_is_for(
    strict_story: History, going: str
) -> None:
    story = strict_story
    row_id = story.store.add(host(confidence=90))['id']
    story.store.add(host(OWNERS[1], hostName='h2.example.com'))
    others = query(OWNERS[1], query_id='q2')
    story.save_list([replace(query(OWNERS[0]), tql='confidence >= 50'), others])
    story.update(Mode.FULL)
    story.sink.refused = frozenset({"[domain-name:value = 'h1.example.com']"})
    if going == 'deleted':
        story.store.delete(row_id)
    elif going == 'no longer matching':
        story.store.modify(row_id, confidence=10)
    else:
        story.save_list([others])
    before = story.sink.objects
    for _ in range(6):
        story.clock.advance(600)
        story.update(Mode.RECONCILE)

    assert story.sink.objects - before == 4


@pytest.mark.parametrize('mode', Mode)
def test_confirmation_is_not_requested_where_nothing_is_withdrawn(
    story: History, mode: Mode
) -> None:
    for name in ('h1', 'h2'):
        story.store.add(host(hostName=f'{name}.example.com'))
    lasting = story.store.add(file_of(md5='A' * 32, sha1='D' * 40))['id']
    story.save_list([replace(query(*OWNERS), indicator_types=tuple(IndicatorType))])
    story.update(Mode.FULL)
    story.store.deactivate(story.store.rows()[0]['id'])

    def after(objects: Sequence[object]) -> None:
        story.sink.before = deny
        lose_answer(objects)

    story.sink.after = after
    story.update(Mode.DELTA)
    # One withdrawal has to be repeated; and what is gone from now on stays.
    story.sink.before = story.sink.after = lambda objects: None
    story.policy = WithdrawPolicy.NEVER
    story.restart()
    story.store.deactivate(story.store.rows()[1]['id'])
    story.store.remove_hash(lasting, 'A' * 32)
    story.update(mode)
    (job,) = story.rig.app_state.jobs_of(story.update_id)

    assert job.counts.outcomes[Outcome.WITHDRAWN] == 1
    assert (job.counts.held_back, job.warnings) == (0, ())
    assert len(story.sink.live()) == 3


@pytest.mark.parametrize('has_begun', [False, True])
def test_objects_of_the_query_of_a_cancelled_job_are_not_withdrawn(
    strict_story: History, *, has_begun: bool
) -> None:
    story = strict_story
    story.store.add(host())
    story.store.add(host(OWNERS[1], hostName='h2.example.com'))
    story.save_list([query(OWNERS[0]), query(OWNERS[1], query_id='q2')])
    story.update(Mode.FULL)
    story.clock.advance(2)
    update = story.rig.queue.request_update(mode=Mode.RECONCILE)
    if has_begun:
        story.rig.follower.start_next()
        assert story.rig.store.cancel(story.rig.app_state.jobs_of(update.id)[0])
    else:
        story.rig.app_state.change_job(
            update.request_ids[0], lambda job: replace(job, status=JobStatus.CANCELLED)
        )
    story.rig.run()

    assert len(story.sink.live()) == 2


@pytest.mark.parametrize('order', [None, Backwards()])
@pytest.mark.parametrize('place', range(1, 5))
def test_rows_are_not_missed_wherever_the_reading_is_interrupted(
    strict_story: History, place: int, order: Backwards | None
) -> None:
    story = strict_story
    story.source.order = order
    # All of one second, so that those that are not read by id come by offset.
    for number in range(12):
        story.store.add(host(hostName=f'h{number}.example.com'))
    story.save_list([query(*OWNERS)])
    story.clock.advance(3600)
    story.update(Mode.FULL)
    pages = iter(range(1, 100))

    def add(bound: ReadingBound, rows: int) -> None:
        if rows and next(pages) == place:
            raise Cancelled('Reading was interrupted.')

    story.clock.advance(3600)
    with mock.patch.object(ReadingBound, 'add', add), suppress(Cancelled):
        story.update(Mode.RECONCILE)
    story.rig.run()

    assert len(story.sink.live()) == 12


@pytest.mark.parametrize('order', [None, Backwards()])
def test_job_fails_once_where_its_owners_cannot_be_read_at_its_end(
    story: History, order: Backwards | None
) -> None:
    story.source.order, story.source.page_cap = order, 1_000
    for number in range(12):
        story.store.add(host(hostName=f'h{number}.example.com'))
    story.save_list([query(OWNERS[0])])
    story.clock.advance(3600)
    asked: list[str] = []

    def refuse_owners(name: str) -> None:
        if name == 'owners':
            asked.append(name)
            raise ReadAuthError('ThreatConnect refused.')

    story.source.before = refuse_owners
    story.update(Mode.FULL)
    (job,) = story.rig.app_state.jobs_of(story.update_id)

    assert asked == ['owners']
    assert job.status is JobStatus.FAILED
    assert [entry.code for entry in story.rig.errors.entries()] == ['TC-AUTH']
    # What was read before is dealt with.
    assert len(story.sink.live()) == 12


def test_instance_that_returns_single_rows_by_time_is_read_to_its_end(story: History) -> None:
    story.source.order, story.source.page_cap = Backwards(), 1
    chance = random.Random(3)
    for number in range(150):
        story.store.add(host(hostName=f'h{number}.example.com'))
        story.clock.advance(chance.expovariate(1 / 200))
    story.save_list([query(OWNERS[0])])
    story.clock.advance(3600)
    story.update(Mode.FULL)

    assert len(story.sink.live()) == 150


def test_abandoned_batch_that_still_arrives_overtakes_nothing_newer(story: History) -> None:
    row_id = story.store.add(host(confidence=50))['id']
    story.save_list([query(*OWNERS)])

    def go_on(objects: Sequence[object]) -> None:
        """Keep the first request on its way until another update has done what it can."""
        story.sink.before = lambda objects: None
        rig = story.rig
        (job,) = rig.app_state.jobs_of(story.update_id)
        rig.end_job(job.request_id)
        rig.store.batches.abandon([job.request_id])
        rig.step('convert')
        rig.follow()
        assert rig.follower.running is None
        story.store.modify(row_id, confidence=90)
        story.clock.advance(2)
        rig.queue.request_update(mode=Mode.FULL)
        rig.follower.start_next()
        for name in ('download', 'convert', 'upload') * 5:
            rig.step(name)

    story.sink.before = go_on
    story.update(Mode.FULL)
    story.rig.run()

    assert story.sink.anomalies() == []
    assert [stix['confidence'] for stix in story.sink.live().values()] == [90]


def test_rows_are_not_read_again_once_a_job_was_read_through(
    story: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    row_id = story.store.add(host())['id']
    story.save_list([query(*OWNERS)])
    story.update(Mode.FULL)
    story.clock.advance(2)
    story.store.delete(row_id)
    rig, progress = story.rig, story.rig.store.progress

    def outdated(update_id: str) -> tuple[Progress, ...]:
        """Let Convert deal with the end, and the value come back, while Download looks."""
        monkeypatch.undo()
        found = progress(update_id)
        while rig.step('convert'):
            pass
        story.store.add(host())
        return found

    update = rig.queue.request_update(mode=Mode.RECONCILE)
    rig.follower.start_next()
    (job,) = rig.app_state.jobs_of(update.id)
    while not rig.store.pages.is_ended(job.request_id):
        rig.step('download')
    monkeypatch.setattr(rig.store, 'progress', outdated)
    rig.step('download')
    assert rig.store.pages.head() is None
    rig.run()

    assert story.sink.anomalies() == []
    assert story.sink.live() == {}
    story.update(Mode.DELTA)
    assert len(story.sink.live()) == 1


# -- what moves from one query to the other

HIGH, LOW = (
    replace(query(OWNERS[0], query_id='high'), tql='confidence > 50'),
    replace(query(OWNERS[0], query_id='low'), tql='confidence LEQ 50'),
)
PATTERN = "[domain-name:value = 'h1.example.com']"


def move(story: History, before: int, after: int) -> None:
    """Let what one query holds match only the other, by its confidence."""
    row_id = story.store.add(host(confidence=before))['id']
    story.save_list([HIGH, LOW])
    story.update(Mode.FULL)
    story.clock.advance(600)
    story.store.modify(row_id, confidence=after)
    story.clock.advance(600)


@pytest.mark.parametrize('mode', [Mode.DELTA, Mode.RECONCILE])
def test_change_is_sent_by_the_query_that_brings_it_though_the_reading_of_the_holder_fails(
    story: History, mode: Mode
) -> None:
    move(story, 90, 10)
    update = story.rig.queue.request_update(mode=mode)
    story.rig.follower.start_next()
    story.rig.end_job(story.rig.app_state.jobs_of(update.id)[0].request_id)
    story.rig.run()

    assert story.sink.live()[PATTERN]['confidence'] == 10


def test_change_is_sent_by_an_update_of_the_lower_query_alone(story: History) -> None:
    move(story, 90, 10)
    story.rig.queue.request_update(mode=Mode.DELTA, query_ids=['low'])
    story.rig.run()
    assert story.sink.live()[PATTERN]['confidence'] == 10

    # What it holds is the higher query's still, until that one is known to have let go of it.
    story.store.add(host(OWNERS[1], confidence=20))
    story.save_list([HIGH, replace(LOW, owners=OWNERS[:2])])
    story.clock.advance(600)
    story.rig.queue.request_update(mode=Mode.DELTA, query_ids=['low'])
    story.rig.run()
    assert story.sink.live()[PATTERN]['confidence'] == 10


def test_change_made_while_the_holder_was_being_read_is_sent(story: History) -> None:
    row_id = story.store.add(host(confidence=90))['id']
    for number in range(4):
        story.store.add(host(confidence=95, hostName=f'other{number}.example.com'))
    story.source.page_cap = 1
    story.save_list([HIGH, LOW])
    story.update(Mode.FULL)
    story.clock.advance(3600)
    story.rig.queue.request_update(mode=Mode.DELTA)
    story.rig.follower.start_next()
    for name in ('download', 'convert') * 2:
        story.rig.step(name)
    story.store.modify(row_id, confidence=10)
    # The reading of the higher query takes longer than windows overlap.
    story.clock.advance(1200)
    story.rig.run()
    story.clock.advance(3600)
    story.update(Mode.DELTA)

    assert story.sink.live()[PATTERN]['confidence'] == 10


def test_change_is_sent_though_the_list_is_reordered_meanwhile(
    story: History,
) -> None:
    move(story, 10, 90)
    story.rig.queue.request_update(mode=Mode.DELTA)
    story.rig.follower.start_next()
    story.save_list([LOW, HIGH])
    story.rig.run()

    assert story.sink.live()[PATTERN]['confidence'] == 90


@pytest.mark.parametrize(
    'change',
    [
        {'securityLabels': {'data': [{'name': 'TLP:RED'}]}},
        {'externalDateExpires': '2020-01-01T00:00:00Z'},
    ],
)
def test_copy_that_was_found_unfit_makes_way_for_that_of_a_lower_query(
    story: History, change: dict[str, object]
) -> None:
    high = story.store.add(host(confidence=90))['id']
    low = story.store.add(host(OWNERS[1], confidence=10))['id']
    story.save_list([query(OWNERS[0]), query(OWNERS[1], query_id='q2')])
    story.update(Mode.FULL)
    story.clock.advance(600)
    story.store.modify(high, **change)
    story.store.modify(low, confidence=11)
    story.clock.advance(600)
    story.update(Mode.DELTA)

    assert story.sink.live()[PATTERN]['confidence'] == 11
