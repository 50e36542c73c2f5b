"""What `Orphans` promises: what is gone, and what an update withdraws, of the real store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import pytest

from sentinel_app.core.indicator import DeletedIndicator, HashKind, IndicatorType
from sentinel_app.core.job import Counts, Outcome
from sentinel_app.core.ledger_row import LedgerRow, ObjectState
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.outbox import Batch, ChosenObject, Fate, Sighting
from sentinel_app.core.revocation import LiveObject, Unwanted, revocation
from sentinel_app.core.value import summary_digest
from sentinel_app.errors import UploadDeniedError
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Holder, Orphans
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import minutes
from tests.harness.builders.update import Working, address, chosen, make_chosen, send, stix_text
from tests.harness.clocks import NOON

MD5, SHA1, SHA256 = 'A' * 32, 'B' * 40, 'C' * 64
KINDS = {32: HashKind.MD5, 40: HashKind.SHA1, 64: HashKind.SHA256}
LATER = NOON + dt.timedelta(days=60)


def key(digest: str) -> ObjectKey:
    return ObjectKey(IndicatorType.FILE, digest, KINDS[len(digest)])


def file(digest: str, summary: str, number: int = 1, owner: str = 'Example Org') -> ChosenObject:
    return make_chosen(
        key(digest),
        indicator_id=number,
        summary=summary,
        owner_name=owner,
        text=stix_text(digest),
        siblings=len(summary.split(' : ')),
    )


def rows(ledger: Ledger, *keys: ObjectKey) -> list[LedgerRow]:
    """What the ledger knows of keys, in this order."""
    found = ledger.rows_of_keys([each.digest for each in keys])
    return [found[each.digest] for each in keys]


def orphaned(orphans: Orphans, update_id: str, now: dt.datetime = NOON) -> set[ObjectKey]:
    return {found for found, _ in orphans.orphaned(update_id, now=now, most_attempts=3)}


def unchosen(
    orphans: Orphans, update_id: str = 'u1', *, only_orphans: bool = False, now: dt.datetime = NOON
) -> tuple[LiveObject, ...]:
    """What no Job of an update has chosen, in portions of two."""
    unwanted = Unwanted(are_orphans_meant=True, are_all_meant=not only_orphans)
    common = {'unwanted': unwanted, 'now': now, 'most_attempts': 3}
    found: list[LiveObject] = []
    while part := orphans.next_unchosen(
        update_id, after=found[-1].object if found else 0, limit=2, **common
    ):
        found += part
    assert orphans.unchosen(update_id, **common) == len(found)
    return tuple(found)


def unconfirmed(
    orphans: Orphans, update_id: str = 'later', most_attempts: int = 3
) -> tuple[LiveObject, ...]:
    """What an update has to withdraw again; a later one than all that are there by default."""
    return orphans.unconfirmed(update_id, most_attempts=most_attempts)


def withdraw(orphans: Orphans, items: Iterable[LiveObject], request_id: str = 'j1') -> None:
    orphans.add_revocations([revocation(item, request_id, NOON) for item in items])


# -- who holds what


@pytest.mark.parametrize(
    ('known', 'named'),
    [
        (MD5, MD5),
        (MD5, f'{MD5} : {SHA256}'),
        (MD5, f'{SHA256} : {MD5.lower()}'),
        (f'{MD5} :  : {SHA256}', f'{MD5} : {SHA256}'),
        (f'{MD5} : {SHA1} : {SHA256}', MD5),
        # The object under the named hash may be another owner's.
        (f'{MD5} : {SHA1} : {SHA256}', SHA1),
        (f'{MD5} : {SHA1} : {SHA256}', f'{SHA256} : {SHA1}'),
    ],
)
def test_deleted_file_is_known_by_any_of_its_hashes(
    store: UpdateStore, orphans: Orphans, known: str, named: str
) -> None:
    send(
        store,
        *(file(MD5, known), file('D' * 32, 'D' * 32, 2)),
        file(SHA1, SHA1, 3, 'Another Org'),
    )
    entry = DeletedIndicator(type='File', summary=named, owner_name='Example Org')
    assert orphans.named([entry]) == {1}
    assert orphans.named([replace(entry, owner_name='A Third Org')]) == set()
    assert orphans.named([replace(entry, type='Host')]) == set()
    assert orphans.named([replace(entry, type='Kind that is new')]) == set()


def test_deleted_file_is_known_by_a_foreign_hash_though_its_lost_one_is_still_live(
    store: UpdateStore, orphans: Orphans, ledger: Ledger
) -> None:
    lost = 'D' * 32
    send(store, file(lost, f'{lost} : {SHA256}'), file(SHA256, SHA256, 2))
    send(store, file(MD5, f'{MD5} : {SHA256}'), request_id='later')
    (row,) = rows(ledger, key(lost))
    orphans.orphan_objects({row.id: 1})
    entry = DeletedIndicator(type='File', summary=SHA256, owner_name='Example Org')

    assert orphans.named([entry]) == {1, 2}


def test_deleted_indicator_that_is_not_a_file_is_known_by_its_summary(
    store: UpdateStore, orphans: Orphans
) -> None:
    host = ObjectKey(IndicatorType.HOST, 'a')
    other = ObjectKey(IndicatorType.HOST, MD5)
    subject = ObjectKey(IndicatorType.EMAIL_SUBJECT, 'what it really says')
    digest = summary_digest(IndicatorType.EMAIL_SUBJECT, 'as it is shown')
    send(
        store,
        make_chosen(host, indicator_id=4),
        make_chosen(other, indicator_id=5),
        make_chosen(subject, indicator_id=6, summary='as it is shown', summary_digest=digest),
    )
    entries = [
        DeletedIndicator(type='Host', summary='a', owner_name='Example Org'),
        DeletedIndicator(type='File', summary=MD5, owner_name='Example Org'),
    ]
    assert orphans.named(entries) == {4}
    shown = DeletedIndicator(
        type='Email Subject', summary='as it is shown', owner_name='Example Org'
    )
    assert orphans.named([shown]) == {6}


def test_live_objects_are_found_by_indicator_and_by_key(
    store: UpdateStore, orphans: Orphans, ledger: Ledger, working: Working
) -> None:
    send(store, file(MD5, MD5), file(SHA1, MD5), file(SHA256, SHA256, 2), chosen(9, indicator_id=1))
    working.begin('j1')
    withdraw(orphans, [item for item in unchosen(orphans) if item.summary == address(9).value])
    working.end()
    working.settle(working.sent())
    md5, sha1 = rows(ledger, key(MD5), key(SHA1))

    assert orphans.live_objects([1, 3]) == {1: {md5.digest: md5.id, sha1.digest: sha1.id}}
    digests = [key(SHA256).digest, address(9).digest, address(10).digest]
    assert orphans.holders(digests) == {
        key(SHA256).digest: Holder(indicator_id=2, owner_name='Example Org')
    }


# -- the search


def test_search_is_remembered_until_the_next_update_ends(
    store: UpdateStore, orphans: Orphans, working: Working
) -> None:
    working.begin('j1', 'j2')
    assert not orphans.is_searched('u1')
    assert orphans.searched_until() is None
    orphans.end_search(
        'u1', until=minutes(5), is_held_back=True, is_failed=False, warning='Mind the gap.'
    )
    orphans.end_search('u2', until=None, is_held_back=False, is_failed=True, warning=None)

    assert orphans.is_searched('u1')
    assert (orphans.is_held_back('u1'), orphans.has_failed('u1')) == (True, False)
    assert (orphans.is_held_back('u2'), orphans.has_failed('u2')) == (False, True)
    assert orphans.searched_until() == minutes(5)
    assert working.progress('j1').warning == 'Mind the gap.'
    assert working.progress('j2').warning is None
    orphans.close('u2', held_back=0)
    assert not orphans.is_searched('u1')
    assert orphans.has_failed('u2')


def test_value_that_another_indicator_holds_is_not_lost(
    store: UpdateStore, orphans: Orphans, ledger: Ledger
) -> None:
    send(store, file(MD5, MD5), file(SHA1, SHA1, 2))
    md5, sha1 = rows(ledger, key(MD5), key(SHA1))
    orphans.orphan_objects({md5.id: 1, sha1.id: 1})

    assert orphans.orphaned('u1', now=NOON, most_attempts=3) == ((key(MD5), MD5),)
    # What is no longer valid needs no withdrawal.
    assert orphans.orphaned('u1', now=LATER, most_attempts=3) == ()


def test_rows_of_a_deleted_indicator_are_orphaned_once(
    store: UpdateStore, orphans: Orphans
) -> None:
    summary = f'{MD5} : {SHA1}'
    send(store, file(MD5, summary), file(SHA1, summary), chosen(3))

    assert orphans.orphan_indicators([1, 2]) == 2
    assert orphans.orphan_indicators([1]) == 0
    assert orphaned(orphans, 'u1') == {key(MD5), key(SHA1)}


def test_loss_that_was_found_too_late_counts_only_for_the_next_update(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger
) -> None:
    summary = f'{MD5} : {SHA1}'
    send(store, file(MD5, summary), file(SHA1, summary))
    md5, sha1 = rows(ledger, key(MD5), key(SHA1))
    working.begin('j1')
    working.convert(outcomes={99: Outcome.WITHHELD}, lost={md5.id: 1}, late_for='u1')
    # What was known before stays known.
    orphans.orphan_objects({sha1.id: 1})
    working.convert(outcomes={98: Outcome.WITHHELD}, lost={sha1.id: 1}, late_for='u1')
    working.begin('j2', update_id='u2')

    for update_id, found in (('u1', {sha1.id}), ('u2', {md5.id, sha1.id})):
        keys = {md5.id: key(MD5), sha1.id: key(SHA1)}
        assert orphaned(orphans, update_id) == {keys[item] for item in found}
        held = unchosen(orphans, update_id, only_orphans=True)
        assert {item.object for item in held} == found


@pytest.mark.parametrize('fate', [Fate.SEND, Fate.UNCHANGED])
def test_value_that_is_sent_again_or_stays_is_no_longer_searched_for(
    store: UpdateStore, working: Working, orphans: Orphans, fate: Fate
) -> None:
    send(store, chosen(1), chosen(2))
    orphans.orphan_indicators([1, 2])
    working.begin('j1')
    working.convert(chosen(1, fate=fate))
    if fate is Fate.SEND:
        assert orphaned(orphans, 'u1') == {address(1), address(2)}
        working.settle(working.sent(size=1))

    assert orphaned(orphans, 'u1') == {address(2)}


def test_copy_that_loses_a_value_to_an_unchanged_one_loses_nothing_else(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger
) -> None:
    send(store, chosen(1))
    (row,) = rows(ledger, address(1))
    working.begin('j1')
    other = chosen(1, indicator_id=2, fate=Fate.UNCHANGED, is_moved=True)
    working.convert(other, lost={row.id: 1}, late_for='u1')

    assert orphaned(orphans, 'u2') == set()
    assert orphans.live_objects([1, 2]) == {2: {row.digest: row.id}}


def test_unanswered_copy_is_not_taken_for_lost_because_the_one_before_was(
    store: UpdateStore, working: Working, orphans: Orphans
) -> None:
    send(store, chosen(1))
    orphans.orphan_indicators([1])
    working.begin('j1')
    working.convert(chosen(1, indicator_id=2))
    working.sent(size=1)
    store.stop_jobs(['j1'], UploadDeniedError('Give the role.'))
    store.batches.abandon(['j1'])

    assert orphaned(orphans, 'u2') == set()
    assert orphans.orphan_indicators([1, 2]) == 1


# -- withdrawing


def test_rows_that_no_job_has_chosen_come_in_portions(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger
) -> None:
    send(store, *(chosen(number) for number in range(1, 8)))
    found = rows(ledger, *(address(number) for number in range(1, 8)))
    orphans.orphan_indicators([3, 6, 7])
    working.begin('j1')
    working.convert(
        chosen(1),
        chosen(2, fate=Fate.UNCHANGED),
        outcomes={6: Outcome.UNCHANGED},
        seen=[Sighting(found[5].id, 5)],
    )

    assert [item.indicator_id for item in unchosen(orphans)] == [3, 4, 5, 7]
    assert [item.indicator_id for item in unchosen(orphans, only_orphans=True)] == [3, 7]
    assert unchosen(orphans, now=LATER) == ()
    # An update that has no Job any more has chosen nothing, nor does it withdraw anything.
    assert len(unchosen(orphans, 'u9')) == 7


def test_withdrawal_goes_out_as_the_object_was_but_revoked(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger
) -> None:
    send(store, chosen(1))
    working.begin('j1')
    (held,) = unchosen(orphans)
    assert held.text == chosen(1).text
    withdraw(orphans, [held])
    assert unchosen(orphans) == ()
    working.end()
    batch = working.sent()

    assert b'"revoked":true' in batch.objects[0].text
    working.settle(batch)
    (row,) = rows(ledger, address(1))
    assert row.state == ObjectState.WITHDRAWN
    assert ledger.live(NOON) == 0
    assert working.outcomes() == {Outcome.WITHDRAWN: 1}
    (record,) = ledger.by_key([address(1)])
    assert record.is_live is False


@pytest.mark.parametrize('is_alone', [True, False])
@pytest.mark.parametrize(
    ('own', 'is_refused', 'outcome'),
    [
        (Fate.SEND, False, Outcome.SENT),
        (Fate.SEND, True, Outcome.REFUSED),
        (Fate.UNCHANGED, False, Outcome.WITHDRAWN),
        (Fate.UNCHANGED, True, Outcome.REFUSED),
        (None, False, Outcome.WITHDRAWN),
        (None, True, Outcome.REFUSED),
    ],
)
def test_indicator_that_is_read_and_loses_a_value_counts_once(
    store: UpdateStore,
    working: Working,
    orphans: Orphans,
    own: Fate | None,
    is_refused: bool,
    outcome: Outcome,
    is_alone: bool,
) -> None:
    siblings = 1 if is_alone else 2
    send(
        store,
        chosen(1, indicator_id=99, siblings=siblings),
        chosen(2, indicator_id=99, siblings=siblings),
    )
    working.begin('j1')
    items = [] if own is None else [chosen(1, indicator_id=99, siblings=siblings, fate=own)]
    working.convert(*items, outcomes={} if items else {99: Outcome.WITHHELD}, kept=[99])
    working.end()
    (held,) = (item for item in unchosen(orphans) if item.summary == address(2).value)
    withdraw(orphans, [held])
    orphans.close('u1', held_back=0)
    batch = working.sent()
    place = [item.summary for item in batch.objects].index(address(2).value)
    working.settle(batch, *([place] if is_refused else []))

    assert working.counts().read == 1
    assert working.outcomes() == {outcome: 1}
    assert working.progress().is_settled


def test_unread_indicator_counts_once_however_many_objects_are_withdrawn(
    store: UpdateStore, working: Working, orphans: Orphans
) -> None:
    summary = f'{MD5} : {SHA1}'
    send(store, file(MD5, summary), file(SHA1, summary), chosen(5))
    working.begin('j1')
    working.end()
    withdraw(orphans, unchosen(orphans))
    assert working.counts().read == 2
    assert working.progress().open == 2
    working.settle(working.sent())

    assert working.counts() == Counts(
        read=2, converted=2, outcomes={Outcome.WITHDRAWN: 2}, objects=3, requests=1
    )


def test_indicator_whose_value_changed_counts_once_as_both_values_are_withdrawn(
    store: UpdateStore, working: Working, orphans: Orphans
) -> None:
    send(store, chosen(1, indicator_id=7))
    send(store, chosen(2, indicator_id=7), request_id='later')
    working.begin('j1')
    working.end()
    held = unchosen(orphans)
    for item in held:
        withdraw(orphans, [item])
    working.settle(working.sent())

    assert working.outcomes() == {Outcome.WITHDRAWN: 1}


@pytest.mark.parametrize('outcome', [Outcome.UNCHANGED, Outcome.WITHHELD, Outcome.REFUSED])
def test_indicator_counts_once_though_a_withdrawal_of_it_is_repeated(
    store: UpdateStore, working: Working, orphans: Orphans, outcome: Outcome
) -> None:
    without_answer(store, working, orphans)
    working.begin('j2', update_id='u2')
    working.convert(outcomes={1: outcome}, request_id='j2', query_id='q1')
    assert working.outcomes('j2') == {outcome: 1}
    assert store.readings.end('j2', at=NOON)
    withdraw(orphans, unconfirmed(orphans), 'j2')
    batch = working.claim(update_id='u2')
    assert batch is not None
    working.settle(batch)

    # What Sentinel refuses of it is told before all else.
    is_refused = outcome is Outcome.REFUSED
    assert working.outcomes('j2') == {Outcome.REFUSED if is_refused else Outcome.WITHDRAWN: 1}


@pytest.mark.parametrize('is_repeated', [False, True])
def test_indicator_that_is_recognized_and_displaced_is_a_duplicate_but_for_its_withdrawal(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger, is_repeated: bool
) -> None:
    without_answer(store, working, orphans)
    (row,) = rows(ledger, address(1))
    send(store, chosen(1, generation=1, object=row.id), request_id='back')
    working.begin('j2', update_id='u2')
    common = {'request_id': 'j2', 'query_id': 'q1'}
    working.convert(outcomes={1: Outcome.UNCHANGED}, seen=[Sighting(row.id, 5)], **common)
    assert working.outcomes('j2') == {Outcome.UNCHANGED: 1}
    working.convert(chosen(1, indicator_id=2, generation=1, replaces=True), **common)
    assert working.outcomes('j2') == {Outcome.DUPLICATE: 1}
    assert store.readings.end('j2', at=NOON)
    if is_repeated:
        withdraw(orphans, unconfirmed(orphans, 'u2'), 'j2')
    batch = working.claim(update_id='u2')
    assert batch is not None
    working.settle(batch)

    other = Outcome.WITHDRAWN if is_repeated else Outcome.DUPLICATE
    assert working.outcomes('j2') == {Outcome.SENT: 1, other: 1}


@pytest.mark.parametrize('is_stopped', [False, True])
def test_withdrawal_that_comes_after_the_stop_of_its_job_has_an_outcome(
    store: UpdateStore, working: Working, orphans: Orphans, is_stopped: bool
) -> None:
    send(store, chosen(1))
    working.begin('j1')
    working.end()
    held = unchosen(orphans)
    if is_stopped:
        store.stop_jobs(['j1'], UploadDeniedError('Give the role.'))
    withdraw(orphans, held)
    orphans.close('u1', held_back=0)

    assert working.progress().is_settled is is_stopped
    assert working.outcomes() == ({Outcome.FAILED: 1} if is_stopped else {})
    assert (working.claim() is None) is is_stopped


def test_withdrawal_of_an_update_that_has_ended_is_not_added(
    store: UpdateStore, working: Working, orphans: Orphans
) -> None:
    send(store, chosen(1))
    working.begin('j1')
    held = unchosen(orphans)
    store.ended_updates.remove('u1', at=NOON)

    withdraw(orphans, held)

    assert unchosen(orphans) == held
    assert store.counts('j1') is None


def refuse_withdrawals(
    working: Working, orphans: Orphans, count: int, *, only_orphans: bool
) -> None:
    """Let as many updates withdraw the one object in vain."""
    for number in range(1, count + 1):
        working.begin(f'j{number}', update_id=f'u{number}')
        working.store.readings.end(f'j{number}', at=NOON)
        held = unchosen(orphans, f'u{number}', only_orphans=only_orphans)
        assert len(held) == 1
        withdraw(orphans, held, f'j{number}')
        batch = working.claim(update_id=f'u{number}')
        assert batch is not None
        working.settle(batch, 0)
        assert working.outcomes(f'j{number}') == {Outcome.REFUSED: 1}
        working.store.ended_updates.remove(f'u{number}', at=NOON)


@pytest.mark.parametrize('is_orphaned', [False, True])
def test_withdrawal_that_is_refused_again_and_again_is_left_alone(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger, *, is_orphaned: bool
) -> None:
    send(store, chosen(1))
    if is_orphaned:
        orphans.orphan_indicators([1])
    refuse_withdrawals(working, orphans, 4, only_orphans=is_orphaned)
    working.begin('j9', update_id='u9')

    assert unchosen(orphans, 'u9') == ()
    assert orphaned(orphans, 'u9') == set()
    # A full update tries it all the same.
    everything = Unwanted(are_orphans_meant=True, are_all_meant=True)
    assert orphans.unchosen('u9', everything, now=NOON, most_attempts=2**31) == 1
    assert ledger.live(NOON) == 1


@pytest.mark.parametrize('is_orphaned', [False, True])
@pytest.mark.parametrize('fate', [Fate.SEND, Fate.UNCHANGED])
def test_refused_withdrawal_no_longer_counts_once_a_copy_was_chosen_again(
    store: UpdateStore,
    working: Working,
    orphans: Orphans,
    ledger: Ledger,
    fate: Fate,
    *,
    is_orphaned: bool,
) -> None:
    send(store, chosen(1))
    if is_orphaned:
        orphans.orphan_indicators([1])
    refuse_withdrawals(working, orphans, 4, only_orphans=is_orphaned)
    # Recognized on the way past, it would not be entered that it is wanted again.
    assert not ledger.held_of([1])[1][0].is_settled
    working.begin('j8', update_id='u8')
    working.convert(chosen(1, fate=fate), request_id='j8', query_id='q1')
    if fate is Fate.SEND:
        working.end('j8')
        batch = working.claim(update_id='u8')
        assert batch is not None
        working.settle(batch)
    store.ended_updates.remove('u8', at=NOON)
    working.begin('j9', update_id='u9')

    assert len(unchosen(orphans, 'u9')) == 1
    assert ledger.held_of([1])[1][0].is_settled


def test_withdrawals_that_wait_for_a_confirmation_are_reported(
    store: UpdateStore, working: Working, orphans: Orphans
) -> None:
    working.begin('j1', 'j2')
    orphans.close('u1', held_back=7, warning='Confirm them.')

    assert [(item.is_closed, item.held_back, item.warning) for item in store.progress('u1')] == [
        (True, 7, 'Confirm them.'),
        (True, 0, None),
    ]
    assert working.counts().held_back == 7


# -- withdrawals without an answer


def without_answer(
    store: UpdateStore, working: Working, orphans: Orphans, *, has_ended: bool = True
) -> Batch:
    """Give up the withdrawal of an object while it is under way, and let its request end."""
    send(store, chosen(1))
    working.begin('j1')
    working.end()
    withdraw(orphans, unchosen(orphans))
    batch = working.sent()
    store.stop_jobs(['j1'], UploadDeniedError('Give the role.'))
    store.batches.abandon(['j1'])
    store.ended_updates.remove('u1', at=NOON)
    if has_ended:
        store.batches.release(batch, is_unacknowledged=True)
    return batch


def test_id_whose_withdrawal_had_no_answer_is_not_live_and_must_be_withdrawn(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger
) -> None:
    without_answer(store, working, orphans)
    (row,) = rows(ledger, address(1))
    (held,) = unconfirmed(orphans)

    assert row.state == ObjectState.WITHDRAWN
    assert ledger.live(NOON) == 0
    assert (held.object, held.generation) == (row.id, 0)
    assert b'"revoked":true' in held.text


@pytest.mark.parametrize('answer', ['accepted', 'refused', 'none', 'late'])
def test_unconfirmed_withdrawal_is_repeated_until_it_is_confirmed(
    store: UpdateStore, working: Working, orphans: Orphans, answer: str
) -> None:
    first = without_answer(store, working, orphans, has_ended=answer != 'late')
    store.batches.forget_late()
    working.begin('j2', update_id='u2')
    assert store.readings.end('j2', at=NOON)
    withdraw(orphans, unconfirmed(orphans), 'j2')
    batch = working.claim(update_id='u2')
    assert batch is not None
    if answer == 'none':
        store.stop_jobs(['j2'], UploadDeniedError('Give the role.'))
        store.batches.abandon(['j2'])
    elif answer == 'late':
        working.settle(first)
        working.settle(batch)
    else:
        working.settle(batch, *([0] if answer == 'refused' else []))
    outcome = {'refused': Outcome.REFUSED, 'none': Outcome.FAILED}.get(answer, Outcome.WITHDRAWN)

    assert working.outcomes('j2') == {outcome: 1}
    left = unconfirmed(orphans)
    assert len(left) == (answer in {'refused', 'none'})
    assert len(unconfirmed(orphans, most_attempts=0)) == (answer == 'none')


@pytest.mark.parametrize('answer', [None, 'refused', 'none'])
def test_update_repeats_a_withdrawal_only_once(
    store: UpdateStore, working: Working, orphans: Orphans, answer: str | None
) -> None:
    without_answer(store, working, orphans)
    working.begin('j2', update_id='u2')
    assert store.readings.end('j2', at=NOON)
    withdraw(orphans, unconfirmed(orphans, 'u2'), 'j2')
    # The process may be killed here, before the update is closed.
    if answer is not None:
        batch = working.claim(update_id='u2')
        assert batch is not None
        if answer == 'refused':
            working.settle(batch, 0)
        else:
            store.batches.release(batch, is_unacknowledged=True)

    assert unconfirmed(orphans, 'u2') == ()
    store.ended_updates.remove('u2', at=NOON)
    working.begin('j3', update_id='u3')
    assert len(unconfirmed(orphans, 'u3')) == 1


@pytest.mark.parametrize('is_refused', [False, True])
def test_value_that_is_back_is_live_while_its_old_id_is_withdrawn_once_more(
    store: UpdateStore, working: Working, orphans: Orphans, ledger: Ledger, *, is_refused: bool
) -> None:
    without_answer(store, working, orphans)
    working.begin('j2', update_id='u2')
    working.convert(chosen(1, generation=1), request_id='j2', query_id='q1')
    assert store.readings.end('j2', at=NOON)
    withdraw(orphans, unconfirmed(orphans), 'j2')
    batch = working.claim(update_id='u2')
    assert batch is not None
    assert len(batch.objects) == 2
    working.settle(batch, *([1] if is_refused else []))
    (row,) = rows(ledger, address(1))

    assert working.counts('j2').read == 1
    assert working.outcomes('j2') == {Outcome.REFUSED if is_refused else Outcome.SENT: 1}
    assert (row.state, row.generation) == (ObjectState.LIVE, 1)
    assert len(unconfirmed(orphans)) == is_refused
    assert ledger.live(NOON) == 1
    # A refusal about the old id says nothing of the new one.
    assert ledger.held_of([1])[1][0].is_settled
