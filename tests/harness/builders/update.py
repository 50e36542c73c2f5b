"""Builders for what the stages of a running update pass to the stores."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sentinel_app.core.clock import Clock
from sentinel_app.core.error_entry import ErrorEntry
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Counts, Mode, Outcome
from sentinel_app.core.ledger_row import LedgerRow, ObjectState, millis
from sentinel_app.core.object_id import ObjectKey, object_keys
from sentinel_app.core.object_text import TIMES, content_hash, object_text
from sentinel_app.core.outbox import (
    Batch,
    ChosenObject,
    Conversion,
    Fate,
    OutboxObject,
    Page,
    Settlement,
)
from sentinel_app.core.progress import Position, Progress, Reading
from sentinel_app.core.revocation import LiveObject
from sentinel_app.core.timestamp import to_millis
from sentinel_app.errors import UploadDeniedError
from sentinel_app.pipeline.fault_limit import FaultLimit
from sentinel_app.storage import outbox
from sentinel_app.storage.error_log import ErrorLog
from sentinel_app.storage.ledger import Ledger
from sentinel_app.storage.orphans import Orphans
from sentinel_app.storage.page_queue import PageQueue
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.app_state import make_job, make_query, minutes
from tests.harness.builders.indicator import NOW, make_indicator, make_objects
from tests.harness.clocks import NOON

_names = itertools.count()

KEY = object_keys(make_indicator())[0]
"""What an object is of where a test does not say."""


def make_store(db: Database) -> UpdateStore:
    """The running update, without a page that waits."""
    return UpdateStore(db, PageQueue())


def make_faults(db: Database, clock: Clock, store: UpdateStore | None = None) -> FaultLimit:
    """What ends the work that meets unforeseen exceptions, over the real stores."""
    store = store or make_store(db)
    return FaultLimit(store=store, errors=ErrorLog(db), orphans=Orphans(db, store), clock=clock)


def add_request(db: Database, at: dt.datetime) -> None:
    """Store that an upload request began."""
    with db.write() as transaction:
        outbox.add_request(transaction, at)


def make_progress(**fields: Any) -> Progress:
    """A Job that has just been begun."""
    defaults: dict[str, Any] = {
        'job': 1,
        'request_id': 'j1',
        'update_id': 'u1',
        'position': 0,
        'query_id': 'q1',
        'is_delta': False,
        'reading': Reading.WAITING,
        'place': Position(),
        'expected': None,
        'download_started_at': None,
        'download_completed_at': None,
        'convert_started_at': None,
        'upload_started_at': None,
        'upload_answered_at': None,
        'failure_code': None,
        'failure_reason': None,
        'is_stopped': False,
        'pages_waiting': 0,
        'rows_waiting': 0,
        'open': 0,
        'is_downloaded': False,
        'waiting': 0,
        'is_sorted': False,
        'is_closed': True,
        'warning': None,
        'held_back': 0,
    }
    return Progress(**(defaults | fields))


def make_live_object(kind: IndicatorType = IndicatorType.ADDRESS, **fields: Any) -> LiveObject:
    """An object that was sent at `NOW`."""
    indicator = make_indicator(kind)
    (stix,) = make_objects(indicator)
    item = LiveObject(
        object=1,
        unconfirmed=None,
        generation=0,
        query=1,
        query_id='q1',
        owner=1,
        indicator_id=indicator.id,
        siblings=1,
        created=millis(indicator.added_at),
        modified=millis(NOW),
        source_modified=millis(indicator.modified_at),
        content_hash=b'a hash',
        fingerprint=b'a print',
        confidence=None,
        summary_digest=None,
        summary=indicator.summary,
        value=None,
        text=object_text(stix),
    )
    return dataclasses.replace(item, **fields)


def make_ledger_row(**fields: Any) -> LedgerRow:
    """A live object that Sentinel holds until far in the future, chosen by an earlier update.

    `created`, `modified`, `valid_until` and `source_modified` may be given as times.
    """
    defaults: dict[str, Any] = {
        'id': 1,
        'digest': KEY.digest,
        'kind': 0,
        'state': ObjectState.LIVE,
        'generation': 0,
        'query': 1,
        'job': 1,
        'owner': 1,
        'indicator_id': 1,
        'siblings': 1,
        'created': NOON,
        'modified': NOON,
        'valid_until': NOON + dt.timedelta(days=30),
        'source_modified': NOON,
        'content_hash': b'a hash',
        'fingerprint': b'a print',
        'mark': 1,
        'is_orphaned': 0,
        'late_for': None,
    }
    optional = [name for name in LedgerRow._fields if name not in defaults]
    values = defaults | dict.fromkeys(optional) | fields
    return LedgerRow(**_with_numbers(values))


def make_chosen(key: ObjectKey = KEY, **fields: Any) -> ChosenObject:
    """An object that the ledger does not know yet, and that is to be sent."""
    defaults: dict[str, Any] = {
        'object': None,
        'fate': Fate.SEND,
        'replaces': False,
        'is_orphaned': False,
        'generation': 0,
        'indicator_id': 1,
        'siblings': 1,
        'owner_name': 'Example Org',
        'summary': key.value,
        'created': NOON,
        'modified': NOON,
        'valid_until': NOON + dt.timedelta(days=30),
        'source_modified': NOON,
        'content_hash': b'a hash',
        'fingerprint': b'a print',
        'confidence': 80,
        'summary_digest': None,
        'sort_value': None,
    }
    values = defaults | fields
    if 'text' not in values:
        values['text'] = b'{}' if values['fate'] is Fate.SEND else None
    return ChosenObject(key=key, **_with_numbers(values))


def _with_numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write times as the stores do, in milliseconds."""
    return {
        name: millis(value) if isinstance(value, dt.datetime) else value
        for name, value in values.items()
    }


def make_outbox_object(**fields: Any) -> OutboxObject:
    """An object on its way to Sentinel."""
    defaults: dict[str, Any] = {
        'id': 1,
        'object': 1,
        'modified': millis(NOON),
        'request_id': 'j1',
        'indicator_id': 1,
        'kind': 0,
        'summary': '198.51.100.23',
        'owner_name': 'Example Org',
        'text': b'{}',
    }
    return OutboxObject(**(defaults | fields))


def make_page(*ids: int, request_id: str = 'j1', **place: Any) -> Page:
    """A page of rows that have nothing but their ids; the reading goes on behind the last."""
    rows = [{'id': number} for number in ids]
    last_id = max(ids, default=None)
    return Page(request_id=request_id, rows=rows, place=Position(**({'last_id': last_id} | place)))


def make_conversion(
    page: Page,
    outcomes: Mapping[int, Outcome | None],
    objects: Sequence[ChosenObject] = (),
    **fields: Any,
) -> Conversion:
    """What conversion made of a page of the first Job."""
    values: dict[str, Any] = {'job': 1, 'query_id': 'q1'} | fields
    return Conversion(page=page, outcomes=outcomes, objects=objects, **values)


def make_error(**fields: Any) -> ErrorEntry:
    """One error about one Indicator."""
    defaults: dict[str, Any] = {
        'request_id': 'j1',
        'at': NOON,
        'code': 'AZ-ITEM',
        'message': 'Microsoft Sentinel refused this object.',
        'reason': 'Validation failed.',
        'indicator_id': 1,
        'indicator_type': 'Address',
        'summary': '198.51.100.23',
        'owner_name': 'Example Org',
        'web_link': 'https://tc.example.test/1',
    }
    return ErrorEntry(**(defaults | fields))


def send(
    store: UpdateStore,
    *objects: ChosenObject,
    request_id: str = 'earlier',
    query_id: str = 'q1',
    refusals: Mapping[int, tuple[str, ...]] | None = None,
) -> None:
    """Let a Job of an earlier update send objects, so that the ledger has them.

    Args:
        store: the running update.
        objects: each of a key of its own.
        request_id: of the Job.
        query_id: of its query.
        refusals: by position; everything else is accepted.
    """
    update_id = f'of-{request_id}'
    store.begin([make_job(request_id, update_id=update_id, query=make_query(query_id))])
    store.readings.start(request_id, at=NOON, expected=None)
    fates: dict[int, list[Fate]] = {}
    for item in objects:
        fates.setdefault(item.indicator_id, []).append(item.fate)
    conversion = make_conversion(
        make_page(*fates, request_id=request_id),
        dict.fromkeys(fates),
        objects,
        job=store.jobs.number(request_id),
        query_id=query_id,
        kept=fates,
    )
    store.commit_page(conversion, at=NOON)
    store.readings.end(request_id, at=NOON)
    batch = store.batches.claim(update_id, size=100, now=lambda: NOON)
    assert batch is not None
    assert len(batch.objects) == len(objects)
    store.batches.settle(Settlement(batch=batch, refusals=refusals or {}), at=NOON)
    store.ended_updates.remove(update_id, at=NOON)


def begin_unread(store: UpdateStore, *request_ids: str, update_id: str = 'u1') -> None:
    """Begin an update whose Jobs have not been read as yet."""
    store.begin(
        [
            make_job(
                request_id, update_id=update_id, position=place, query=make_query(f'q{place + 1}')
            )
            for place, request_id in enumerate(request_ids)
        ]
    )


def put_page(store: UpdateStore, request_id: str, *ids: int) -> None:
    """Add a page of a Job to those that wait."""
    place = store.pages.place(request_id, Position)
    assert place is not None
    assert store.pages.put(make_page(*ids, request_id=request_id), read_from=place)


def count_rows(db: Database, *tables: str) -> list[int]:
    """How many rows tables have."""
    with db.read() as connection:
        return [
            connection.execute(f'SELECT count(*) FROM {table}').fetchone()[0] for table in tables
        ]


def address(number: int) -> ObjectKey:
    """The key of an Address."""
    return ObjectKey(IndicatorType.ADDRESS, f'198.51.{number // 256}.{number % 256}')


def stix_text(name: str, at: dt.datetime = NOON) -> bytes:
    """The text of an object, as far as the stores look into it."""
    return object_text({'name': name} | dict.fromkeys(TIMES, to_millis(at)))


def chosen(number: int, **fields: Any) -> ChosenObject:
    """The object of an Address whose Indicator has the same number."""
    text = stix_text(f'object {number}')
    is_sent = fields.get('fate', Fate.SEND) is Fate.SEND
    defaults = {
        'indicator_id': number,
        'text': text if is_sent else None,
        'content_hash': content_hash(text),
    }
    return make_chosen(address(number), **(defaults | fields))


def numbers(batch: Batch | None) -> list[int] | None:
    """The numbers of the Addresses in a batch, in order; None where there is no batch."""
    if batch is None:
        return None
    parts = [item.summary.split('.') for item in batch.objects]
    return [int(part[2]) * 256 + int(part[3]) for part in parts]


class Working:
    """The steps that the stages of one update take with its store.

    Args:
        db: the database.
        store: the running update.
    """

    def __init__(self, db: Database, store: UpdateStore) -> None:
        self.db = db
        self.store = store
        self._ledger = Ledger(db)

    def begin(self, *request_ids: str, update_id: str = 'u1', **query: Any) -> None:
        """Begin an update with a Job for each of the queries `q1`, `q2` and so on."""
        self.store.begin(
            [
                make_job(
                    request_id,
                    update_id=update_id,
                    mode=Mode.RECONCILE,
                    position=place,
                    query=make_query(f'q{place + 1}', **query),
                )
                for place, request_id in enumerate(request_ids)
            ]
        )
        for request_id in request_ids:
            self.store.readings.start(request_id, at=NOON, expected=None)

    def convert(
        self,
        *objects: ChosenObject,
        outcomes: Mapping[int, Outcome | None] | None = None,
        request_id: str = 'j1',
        query_id: str | None = None,
        kept: Sequence[int] = (),
        last_id: int | None = None,
        **fields: Any,
    ) -> None:
        """Convert a page of these objects' Indicators; others have the outcomes that are named.

        Args:
            objects: what was chosen; what the ledger knows of their keys is looked up.
            outcomes: of Indicators that are on the page; those of the objects follow from these.
            request_id: of the Job.
            query_id: of its query, where that does not have the Job's number.
            kept: Indicators that keep an outcome row, beside those with several objects.
            last_id: the highest on the page.
            fields: of the conversion.
        """
        known = self._ledger.rows_of_keys([item.key.digest for item in objects])
        fates: defaultdict[int, list[Fate]] = defaultdict(list)
        for item in objects:
            row = known.get(item.key.digest)
            item.object = None if row is None else row.id
            item.is_orphaned = row is not None and bool(row.is_orphaned)
            fates[item.indicator_id].append(item.fate)
        ids: dict[int, Outcome | None] = {
            number: None if Fate.SEND in found else _outcome_of(found)
            for number, found in fates.items()
        }
        ids |= outcomes or {}
        rows = {number for number, found in fates.items() if len(found) > 1} | set(kept)
        page = make_page(*ids, request_id=request_id, last_id=last_id or max(ids, default=1))
        self.store.commit_page(
            make_conversion(
                page,
                ids,
                objects,
                job=self.store.jobs.number(request_id),
                query_id=query_id or f'q{request_id[1:]}',
                kept={number: fates[number] for number in rows},
                **fields,
            ),
            at=NOON,
        )

    def end(self, *request_ids: str) -> None:
        """Let the reading of Jobs be complete."""
        for request_id in request_ids or ('j1',):
            assert self.store.readings.end(request_id, at=NOON)

    def claim(self, size: int = 100, update_id: str = 'u1') -> Batch | None:
        """Claim a batch."""
        return self.store.batches.claim(update_id, size=size, now=lambda: NOON)

    def sent(self, size: int = 100) -> Batch:
        """Claim a batch that must be there."""
        batch = self.claim(size)
        assert batch is not None
        return batch

    def settle(self, batch: Batch, *refused: int, errors: Sequence[ErrorEntry] = ()) -> None:
        """Store the answer to a batch, with the positions of what was refused."""
        refusals = dict.fromkeys(refused, ('no',))
        settlement = Settlement(batch=batch, refusals=refusals, errors=errors)
        self.store.batches.settle(settlement, at=minutes(300))

    def progress(self, request_id: str = 'j1', update_id: str = 'u1') -> Progress:
        """The progress of one Job."""
        found = {item.request_id: item for item in self.store.progress(update_id)}
        return found[request_id]

    def counts(self, request_id: str = 'j1') -> Counts:
        """The counts of one Job, in which nothing may be lost."""
        counts = self.store.counts(request_id)
        assert counts is not None
        return counts

    def outcomes(self, request_id: str = 'j1') -> dict[Outcome, int]:
        """The outcomes of one Job."""
        return dict(self.counts(request_id).outcomes)

    def is_dealt_with(self, request_id: str = 'j1') -> bool:
        """Whether everything that was read of a Job has its outcome, and no more will be read."""
        item = self.progress(request_id)
        return item.is_converted and not item.open


def _outcome_of(fates: Sequence[Fate]) -> Outcome:
    return Outcome.REFUSED if Fate.REFUSED in fates else Outcome.UNCHANGED


def row(ledger: Ledger, number: int) -> LedgerRow | None:
    """What is known of an Address."""
    return ledger.rows_of_keys([address(number).digest]).get(address(number).digest)


def held(ledger: Ledger, number: int) -> LedgerRow:
    """What is known of an Address that Sentinel holds."""
    found = row(ledger, number)
    assert found is not None
    assert found.is_live
    return found


def begin_sending(working: Working, **fields: object) -> Batch:
    """Begin a Job and have its first object under way."""
    working.begin('j1')
    working.convert(chosen(1, **fields))
    return working.sent(size=1)


def replace(working: Working, new: int, value: int = 1, **fields: object) -> None:
    """A better copy, that of the Indicator `new`, takes the object from the one before."""
    better = chosen(value, **({'indicator_id': new, 'content_hash': b'better'} | fields))
    better.replaces = True
    working.convert(better)


def refuse(working: Working, *items: ChosenObject, query_id: str = 'q1') -> None:
    """Let Sentinel refuse objects of an update whose reading fails, so that it settles nothing."""
    store = working.store
    name = f'before-{next(_names)}'
    job = make_job(name, update_id=name, query=make_query(query_id))
    store.begin([job])
    store.readings.start(name, at=NOON, expected=None)
    working.convert(*items, request_id=name, query_id=query_id)
    store.readings.end(name, at=NOON, error=UploadDeniedError('Give the role.'))
    batch = store.batches.claim(name, size=len(items), now=lambda: NOON)
    assert batch is not None
    working.settle(batch, *range(len(items)))
    store.ended_updates.remove(name, at=NOON)


def attempts(ledger: Ledger, *values: int) -> dict[int, int]:
    """How often just the same was refused, by the number of the Address, of one copy each."""
    found = {number: ledger.refused([address(number)]) for number in values}
    return {number: item[0].attempts for number, item in found.items() if len(item) == 1}
