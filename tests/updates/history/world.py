"""A history: what people, networks and machines do, and the check after each quiet point."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Mapping,
    MutableSequence,
    Sequence,
)
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.error_entry import ALL_ERRORS
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Job, JobStatus, Mode, Outcome
from sentinel_app.core.query import Query, SortDirection, WithdrawPolicy
from sentinel_app.core.scope import ChosenValue, Scope
from sentinel_app.core.value import keys_of_value
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    BatchUnclearError,
    ReadAuthError,
    ReadError,
    ReadTimeoutError,
    ThrottledError,
    UnauthorizedError,
    UploadDeniedError,
    UploadServerError,
)
from tests.harness.clocks import StandingClock
from tests.harness.expectation import Expected, patterns
from tests.harness.fakes.sentinel import TableSink
from tests.harness.fakes.threatconnect import StoreSource, TimedStore
from tests.simulators.threatconnect import DuplicateError
from tests.simulators.threatconnect.store import text_of
from tests.updates.history.model import Model, may_be_sent
from tests.updates.history.ranking import Copy, Ranking, row_id_of
from tests.updates.history.rig import SETTINGS, TTL_HOURS, KilledError, Rig

OWNERS = ('Demo Organization', 'Demo Research', 'OSINT Community')
HOSTS = tuple(f'h{number}.example.com' for number in range(4))
HASHES = ('A' * 32, 'B' * 32, 'D' * 40, 'E' * 40, 'C' * 64, 'F' * 64)
HASH_KINDS = ('md5', 'md5', 'sha1', 'sha1', 'sha256', 'sha256')
PAGE_SIZES = (2, 3, 3, 4, 7)
TRIES = 4
"""How often an object that Sentinel refuses is sent before it waits for a change."""
TTL = dt.timedelta(hours=TTL_HOURS)

_CHANGES = (*('confidence', 'time') * 3, 'tlp', 'expiry')
_LATE_S = (0, 0, 40, 120)
"""How late a change comes into the API; a delta looks back for longer than that."""
_VALUE_MEMBERS = ('type', 'hostName', 'md5', 'sha1', 'sha256')
_TQL = (
    '',
    '',
    '',
    '',
    'confidence >= 50',
    'confidence < 50',
    'summary contains "h1" or confidence > 80',
)
_SORTS = (None, None, 'confidence', 'summary', 'lastModified')
_TYPES = (IndicatorType.HOST, IndicatorType.FILE)
_READ_ERRORS = (ReadTimeoutError, ReadError)
_UPLOAD_ERRORS = (
    UploadServerError,
    ThrottledError,
    UnauthorizedError,
    BatchTooLargeError,
    BatchRefusedError,
)
_UNCLEAR = (UploadServerError, BatchUnclearError)

Action = tuple[str, int]
"""Name of an action and the seed of what it leaves to chance."""


class Backwards(random.Random):
    """An order of rows that no page of several has by chance as it was asked for."""

    def shuffle(self, x: MutableSequence[Any]) -> None:
        x.reverse()


class History:
    """One world over one folder, and what has happened in it so far."""

    def __init__(self, folder: Path, policy: WithdrawPolicy) -> None:
        self.folder = folder
        self.policy = policy
        self.clock = StandingClock()
        self.store = TimedStore(self.clock, retention_days=3650)
        self.source = StoreSource(self.store, page_cap=3)
        self.sink = TableSink(self.clock, watch=self._tell, answered=self._answer)
        self.ranking = Ranking(self.store, self._queries, may_be_sent, self.sink.refuses)
        self.log: list[str] = []
        """The pattern of each object that Sentinel was sent, in order."""
        self.refusals: Counter[tuple[str, int, bool]] = Counter()
        """How often Sentinel has refused a copy, by pattern and Indicator, since it took it last:
        sent, and withdrawn. Two Files of one owner may give a hash the same name."""
        self.chance = random.Random(0)
        self.is_list_edited = False
        """Whether the list has changed since everything was read."""
        self.touched: set[int] = set()
        """Rows changed since the last update of all queries that went well."""
        self.touched_lately: set[int] = set()
        """Rows changed since the last update of all queries, however it went."""
        self.ended: dict[int, frozenset[str]] = {}
        """The patterns that the deleted list names of Indicators that are gone."""
        self.merged_into: dict[int, int] = {}
        """Files that are gone without an entry in the deleted list, and where they went."""
        self.notes: list[str] = []
        self.updates = 0
        self.edits = 0
        self.kills = 0
        self.checks = 0
        self.update_id = ''
        """The update that was asked for last."""
        self.held_before: Mapping[str, Copy] = {}
        """What Sentinel held when it was asked for, by pattern."""
        self.is_right_by_choice = False
        """Whether all that somebody chose last has been dealt with."""
        self.is_right = False
        """Whether the last update was one of all queries, and left everything as it should be."""
        self.rig = self._open()

    def _open(self) -> Rig:
        rig = Rig(
            self.folder,
            clock=self.clock,
            source=self.source,
            sink=self.sink,
            chance=self.chance,
            settings=replace(SETTINGS, withdraw_indicators=self.policy),
        )
        rig.recover()
        return rig

    def close(self) -> None:
        self.rig.close()

    # -- telling it

    def play(self, actions: Sequence[Action]) -> None:
        """Let it all happen, with a whole check at the end."""
        last = [('full', 1), ('delta', 2), ('again', 3), ('insist', 4)]
        for number, (name, seed) in enumerate([*actions, *last]):
            self.chance.seed(seed)
            self.notes.append(f'-- {number} {name} {seed}')
            self.clock.advance(self.chance.uniform(1, 5))
            ACTIONS[name](self)

    def note(self, text: str) -> None:
        self.notes.append(f'   {self.clock.now():%d %H:%M:%S} {text}')

    def _tell(self, objects: Sequence[Any]) -> None:
        for stix in objects:
            revoked = ' revoked' if stix.get('revoked') else ''
            self.note(
                f'> {stix["id"][-4:]} {stix["name"]}{revoked} confidence {stix.get("confidence")}'
                f' modified {stix["modified"]} until {stix["valid_until"]}'
            )

    def _answer(self, stix: Mapping[str, Any], is_taken: bool) -> None:
        pattern, row_id, is_revoked = stix['pattern'], row_id_of(stix), stix.get('revoked', False)
        self.log.append(pattern)
        if is_taken:
            for refused in [key for key in self.refusals if key[0] == pattern]:
                # A withdrawal that was refused counts no more once any copy is sent.
                if is_revoked or refused[2] or refused[1] == row_id:
                    del self.refusals[refused]
            self.ranking.take(stix)
        else:
            self.refusals[pattern, row_id, is_revoked] += 1

    # -- ThreatConnect

    def begin(self) -> None:
        """Some queries and some Indicators, and most of the time a first update."""
        self.store.shows_gaps = self.chance.random() < 0.3
        self.source.page_cap = self.chance.choice(PAGE_SIZES)
        if self.chance.random() < 0.15:
            # An instance that does not sort by id is read by time.
            self.source.order = Backwards()
        for _ in range(self.chance.randint(8, 20)):
            self.clock.advance(self.chance.choice((0, 0, 1, 60)))
            self.add()
        self.save_list([self._query(None) for _ in range(self.chance.choice((1, 2, 2, 3)))])
        if self.chance.random() < 0.7:
            self._update(Mode.FULL)

    def more(self) -> None:
        for _ in range(self.chance.randint(2, 8)):
            self.add()

    def add(self) -> None:
        """Add an Indicator, of a value that another owner has perhaps."""
        owner = self.chance.choice(OWNERS)
        row: dict[str, Any] = {'ownerName': owner, 'confidence': self.chance.choice((10, 60, 90))}
        known = self.store.rows()
        if known and self.chance.random() < 0.6:
            other = self.chance.choice(known)
            row |= {name: other[name] for name in _VALUE_MEMBERS if name in other}
        elif self.chance.random() < 0.6:
            row |= {'type': 'Host', 'hostName': self.chance.choice(HOSTS)}
        else:
            row |= {'type': 'File'}
            for place in self.chance.sample(range(len(HASHES)), self.chance.choice((1, 2, 2, 4))):
                row[HASH_KINDS[place]] = HASHES[place]
        with suppress(DuplicateError):
            self._touch(self.store.add(row)['id'], f'add {row["confidence"]}')

    def change_hash(self) -> None:
        """Add a hash to a File, of another File perhaps, or remove one; then maybe more."""
        files = [row for row in self.store.rows() if row['type'] == 'File']
        for row in self.chance.sample(files, min(len(files), self.chance.choice((1, 1, 2)))):
            row_id = row['id']
            for _ in range(self.chance.choice((1, 1, 2))):
                self._change_hash(row_id)
            if self.chance.random() < 0.3 and self.store.get(row_id):
                self._delete(row_id)

    def _change_hash(self, row_id: int) -> None:
        digest = self.chance.choice(HASHES)
        merge, listed = self.chance.random() < 0.7, self.chance.random() < 0.7
        before = {row['id']: row for row in self.store.rows()}
        if row_id not in before:
            return
        try:
            if digest in {value for _, value in patterns(before[row_id])}:
                self.store.remove_hash(row_id, digest)
            else:
                self.store.add_hash(row_id, digest, merge=merge, listed=listed)
        except ValueError:
            # The platform does not do everything that somebody may ask for.
            return
        for gone in before.keys() - {row['id'] for row in self.store.rows()}:
            if listed:
                self._end(before[gone])
            else:
                self.merged_into[gone] = row_id
            self._touch(gone, 'merged')
        self._touch(row_id, f'hash {digest[:1]}')

    def modify(self) -> None:
        """Change one row, or several in one second."""
        for row_id in self._some_rows((1, 2, 4)):
            self._modify(row_id)

    def _modify(
        self, row_id: int, kinds: Sequence[str] = _CHANGES, late_s: Sequence[int] = _LATE_S
    ) -> None:
        changes: dict[str, Any] = {}
        kind = self.chance.choice(kinds)
        if kind == 'time':
            # Nothing but the time of its last change is another.
            pass
        elif kind == 'confidence':
            changes['confidence'] = self.chance.choice((10, 60, 90))
        elif kind == 'tlp':
            name = self.chance.choice((None, None, 'TLP:GREEN', 'TLP:AMBER', 'TLP:RED'))
            changes['securityLabels'] = {'data': [{'name': name}]} if name else None
        else:
            hours = self.chance.choice((None, None, None, -1, 5, 30, 100))
            changes['externalDateExpires'] = (
                None
                if hours is None
                else f'{self.store.now() + dt.timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}'
            )
        at = self.store.now() - dt.timedelta(seconds=self.chance.choice(late_s))
        before = self.store.get(row_id)
        assert before is not None
        latest = max(before['lastModified'], text_of(at))
        self.store.modify(row_id, at=latest, **changes)
        self._touch(row_id, f'modify {changes} {latest}')

    def contend(self) -> None:
        """Let a query's copies of one value overtake each other, with an update now and then."""
        copies: dict[tuple[str, int], list[int]] = {}
        model = self.model()
        for row in self.store.rows():
            position = model.matched(row['id'])
            if position is not None:
                for pattern, _ in patterns(row):
                    copies.setdefault((pattern, position), []).append(row['id'])
        shared = [ids for ids in copies.values() if len(ids) > 1]
        if not shared:
            self.more()
            return
        ids = self.chance.choice(shared)
        if self.chance.random() < 0.5:
            # The one that is held most likely, of which only the time changes.
            self.clock.advance(150)
            self._modify(max(ids, key=self._rank), ('time',), late_s=(0,))
            self.clock.advance(2)
            self._update(self.chance.choice((Mode.DELTA, Mode.RECONCILE)))
        for row_id in self.chance.choices(ids, k=self.chance.randint(1, 4)):
            self._modify(row_id, ('time', 'time', 'confidence'))
            # What changed in the present second would belong to the next delta.
            self.clock.advance(self.chance.choice((1, 2, 30)))
            if self.chance.random() < 0.5:
                self._update(self.chance.choice((Mode.DELTA, Mode.DELTA, Mode.RECONCILE)))

    def _rank(self, row_id: int) -> tuple[str, int]:
        row = self.store.get(row_id)
        assert row is not None
        return row['lastModified'], -row_id

    def deactivate(self) -> None:
        for row_id in self._some_rows():
            self.store.deactivate(row_id)
            self._touch(row_id, 'deactivate')

    def activate(self) -> None:
        for row in self.store.rows():
            if not row['active'] and self.chance.random() < 0.7:
                self.store.activate(row['id'])
                self._touch(row['id'], 'activate')

    def delete(self) -> None:
        for row_id in self._some_rows():
            row = self._delete(row_id)
            if self.chance.random() < 0.3:
                # The same value again, as a new Indicator.
                again = {name: row[name] for name in row if name not in ('id', 'dateAdded')}
                again |= {'active': True, 'lastModified': self.store.now_text()}
                self._touch(self.store.add(again)['id'], 'again')

    def _delete(self, row_id: int) -> Mapping[str, Any]:
        self._touch(row_id, 'delete')
        row = self.store.delete(row_id)
        self._end(row)
        return row

    def _end(self, row: Mapping[str, Any]) -> None:
        self.ended[row['id']] = frozenset(pattern for pattern, _ in patterns(row))

    def _some_rows(self, counts: Sequence[int] = (1, 1, 2)) -> list[int]:
        ids = [row['id'] for row in self.store.rows()]
        return self.chance.sample(ids, min(len(ids), self.chance.choice(counts)))

    def _touch(self, row_id: int, what: str) -> None:
        self.ranking.touch(row_id)
        row = self.store.get(row_id)
        self.touched.add(row_id)
        self.touched_lately.add(row_id)
        if row:
            self.note(f'{what}: #{row_id % 1000} {row["summary"][:16]} of {row["ownerName"]}')

    # -- CONFIGURE

    def save(self) -> None:
        """Save another list: one query added, edited, moved, removed, disabled or enabled."""
        queries = list(self.rig.app_state.query_list().queries)
        kind = self.chance.choice(
            ('add', 'edit', 'edit', 'move', 'move', 'remove', 'narrow', 'switch', 'switch')
        )
        withdraw: list[str] = []
        place = self.chance.randrange(len(queries)) if queries else 0
        if not queries or (kind == 'add' and len(queries) < 4):
            kind = 'add'
            queries.insert(self.chance.randint(0, len(queries)), self._query(None))
        elif kind == 'remove' and len(queries) > 1:
            gone = queries.pop(place)
            withdraw = [gone.id] if self.chance.random() < 0.5 else []
        elif kind == 'switch':
            queries[place] = replace(queries[place], is_enabled=not queries[place].is_enabled)
        elif kind == 'move':
            queries.insert(self.chance.randrange(len(queries)), queries.pop(place))
        elif kind == 'narrow':
            queries[place] = replace(queries[place], tql='confidence >= 80')
        else:
            queries[place] = self._query(queries[place].id)
        if not any(query.is_enabled for query in queries):
            queries[0] = replace(queries[0], is_enabled=True)
        self.save_list(queries, withdraw)
        self.note(
            f'{kind}, withdraw {withdraw}: '
            + '; '.join(f'{q.id} {q.owners} {q.tql!r} {q.is_enabled}' for q in queries)
        )

    def save_list(self, queries: Sequence[Query], withdraw: Collection[str] = ()) -> None:
        self.is_list_edited = True
        self.edits += 1
        app_state = self.rig.app_state
        app_state.save_queries(
            queries,
            expected_version=app_state.query_list().version,
            next_mode=None,
            audit=AuditEntry(at=self.clock.now(), user=None, action='configure', detail=''),
            withdraw=withdraw,
        )
        self.ranking.edit()

    def _queries(self) -> Sequence[Query]:
        """Return the queries that take part in updates."""
        return self.rig.app_state.query_list().enabled

    def _query(self, query_id: str | None) -> Query:
        count = self.chance.choice((1, 2, 3, 3, 3))
        return Query(
            id=query_id or f'q{self.chance.randrange(10**6)}',
            owners=tuple(self.chance.sample(OWNERS, count)),
            indicator_types=self.chance.choice((_TYPES, _TYPES, _TYPES, _TYPES[:1])),
            tql=self.chance.choice(_TQL),
            sort_field=self.chance.choice(_SORTS),
            sort_direction=self.chance.choice(tuple(SortDirection)),
        )

    # -- the machines

    def wait(self) -> None:
        self.clock.advance(self.chance.choice((60, 3600, 20 * 3600)))

    def restart(self) -> None:
        self.rig.close()
        self.rig = self._open()

    def refuse(self) -> None:
        """Let Sentinel refuse some values or copies from now on, or none any more."""
        copies = sorted({copy for row in self.store.rows() for copy in _copies(row)})
        found = sorted({pattern for pattern, _ in copies})
        count = self.chance.choice((0, 0, 1, 2))
        self.sink.refused = frozenset(self.chance.sample(found, min(count, len(found))))
        count = self.chance.choice((0, 1, 2, 3))
        self.sink.refused_copies = frozenset(self.chance.sample(copies, min(count, len(copies))))
        self.note(f'refused: {sorted(self.sink.refused)} {sorted(self.sink.refused_copies)}')

    def insist(self) -> None:
        """Reconcile until what Sentinel refuses has been tried in vain: then the rest is there."""
        refused = {pattern for pattern, _ in self.sink.refused_copies} - self.sink.refused
        copies = Counter(pattern for row in self.store.rows() for pattern, _ in patterns(row))
        for _ in range(TRIES * max((copies[pattern] for pattern in refused), default=0)):
            self.clock.advance(600)
            self._update(Mode.RECONCILE)
        if refused and self.is_right:
            live = self.sink.live()
            wrong = [fault for each in refused if (fault := self._next_best_fault(each, live))]
            assert not wrong, '; '.join(wrong)

    def _next_best_fault(self, pattern: str, live: Mapping[str, Any]) -> str | None:
        """Say what is wrong with a value of which Sentinel refuses some copies for good."""
        refused = self.sink.refused_copies
        model = replace(
            self.model(),
            may_be_sent=lambda row: (
                may_be_sent(row) and not any(copy in refused for copy in _copies(row, pattern))
            ),
        )
        want, stix = model.expected().get(pattern), live.get(pattern)
        if want is None or (stix is not None and (pattern, stix['name']) in refused):
            # Sentinel has taken an earlier version of that copy, which is still valid.
            return None
        if stix is None:
            return f'{pattern} is missing, as {want.name} was not tried'
        return None if stix['name'] == want.name else f'{pattern} is of {stix["name"]}'

    # -- updates

    def delta(self) -> None:
        self._update(Mode.DELTA)

    def full(self) -> None:
        self._update(Mode.FULL)

    def reconcile(self) -> None:
        self._update(Mode.RECONCILE)

    def some(self) -> None:
        """Ask for an update of some queries only, or from a time of one's own."""
        queries = self._queries()
        mode = self.chance.choice(tuple(Mode))
        chosen = self.chance.sample(queries, self.chance.randint(1, len(queries)))
        after = None
        if mode is Mode.DELTA and self.chance.random() < 0.5:
            after = self.clock.now() - dt.timedelta(hours=self.chance.choice((0, 1, 30)))
        ids = [query.id for query in chosen]
        self.note(f'{mode} of {ids} after {after}')
        self._request(mode, ids, after)
        self._run(mode if len(ids) == len(queries) and after is None else None)

    def send_now(self) -> None:
        """Send values that somebody chooses, in the middle of which the process may die."""
        known = {value: pattern for row in self.store.rows() for pattern, value in patterns(row)}
        known.setdefault(HOSTS[0], f"[domain-name:value = '{HOSTS[0]}']")
        chosen = self.chance.sample(sorted(known), min(len(known), self.chance.randint(1, 3)))
        self.note(f'send now: {chosen}')
        self._choose(Scope.SEND, chosen)
        if not self.is_right_by_choice:
            return
        model, live, now = self.model(), self.sink.live(), self.clock.now()
        expected, left = model.expected(), self._left_alone()
        for pattern in {known[value] for value in chosen} & expected.keys() - left:
            want, stix = expected[pattern], live.get(pattern)
            faults = ['missing'] if stix is None else list(model.faults(want, stix, now))
            is_short = stix is not None and model.is_short(want, stix, now)
            assert not faults, f'sent now, {pattern}: {faults}'
            assert not is_short, f'sent now, {pattern}: valid for a short time only'

    def withdraw_now(self) -> None:
        """Withdraw values that somebody chooses, in the middle of which the process may die."""
        live = {pattern.split("'")[-2]: pattern for pattern in self.sink.live()}
        if not live:
            return
        chosen = self.chance.sample(sorted(live), min(len(live), self.chance.randint(1, 3)))
        self.note(f'withdraw now: {chosen}')
        refused = self._refused()
        self._choose(Scope.WITHDRAW, chosen)
        if self.is_right_by_choice:
            kept = {live[value] for value in chosen} & self.sink.live().keys() - refused
            assert not kept, f'withdrawn now, and live: {kept}'

    def send_refused(self) -> None:
        """Send what was refused once more."""
        refused = self.rig.errors.refused(ALL_ERRORS, most=100)
        enabled = {query.id for query in self._queries()}
        ids = tuple(sorted({number for query_id, number in refused if query_id in enabled}))
        if ids:
            self.note(f'send refused again: {[number % 1000 for number in ids]}')
            self._choose(Scope.REFUSED, (), ids)

    def _choose(self, scope: Scope, chosen: Sequence[str], ids: Sequence[int] = ()) -> None:
        """Have values sent or withdrawn at once, and tell whether all of it came to its end."""
        queries = self._queries()
        self.ranking.begin([query.id for query in queries])
        self.held_before = self._held()
        update = self.rig.queue.request_chosen(
            [(place, query, len(chosen or ids)) for place, query in enumerate(queries)],
            scope=scope,
            values=[
                ChosenValue(
                    text=value,
                    keys=tuple(key.text for key in keys_of_value(value) if key.type in _TYPES),
                )
                for value in chosen
            ],
            indicator_ids=ids,
        )
        self.update_id = update.id
        before = {query.id: self.rig.app_state.cursor(query.id) for query in queries}
        if self.chance.random() < 0.3:
            self._die(0, 30, 100)
        edits = self.edits
        self._run()
        jobs = self.rig.app_state.jobs_of(self.update_id)
        self.is_right_by_choice = edits == self.edits and all(
            job.status is JobStatus.UPLOAD_COMPLETE for job in jobs
        )
        after = {query.id: self.rig.app_state.cursor(query.id) for query in queries}
        assert after == before, 'a cursor has moved'

    def killed(self) -> None:
        """Begin an update, and let the process die at any call, perhaps several times."""
        mode = self.chance.choice(tuple(Mode))
        self.note(f'{mode}, killed')
        self._request(mode)
        self._die(30, 100, 300, 600, 1_000)
        self._run(mode)

    def _die(self, *most_calls: int) -> None:
        """Run, and let the process die after some calls, perhaps several times."""
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            self.rig.life.ends_at = self.chance.choice(most_calls) + self.chance.randrange(100)
            try:
                self.rig.run()
            except KilledError:
                self.kills += 1
                self.note(f'killed at call {self.rig.life.calls}')
                self.restart()
                self.clock.advance(self.chance.choice((1, 600)))
            else:
                break
        self.rig.life.ends_at = None

    def churned(self) -> None:
        """Let people go on with their work while an update runs."""
        acts = (self.add, self.modify, self.deactivate, self.activate, self.delete, self.save)
        acts += (self.change_hash,)
        with self.rig.disturbed(lambda: self._now_and_then(acts)):
            self._update(self.chance.choice(tuple(Mode)))

    def troubled(self) -> None:
        """Let the network and the services fail while an update runs."""
        trouble = self.chance.choice((0.05, 0.2, 0.5))
        denied = self.chance.choice((0.0, 0.0, 0.1))

        def before_read(name: str) -> None:
            if self.chance.random() < trouble:
                raise self.chance.choice(_READ_ERRORS)('Trouble.')
            if self.chance.random() < denied / 5:
                raise ReadAuthError('Denied.')

        def before_send(objects: Sequence[Any]) -> None:
            if self.chance.random() < trouble:
                # One object alone is not refused as a whole: that would be for its own sake.
                errors = _UPLOAD_ERRORS if len(objects) > 1 else _UPLOAD_ERRORS[:3]
                raise self.chance.choice(errors)('Trouble.')
            if self.chance.random() < denied:
                raise UploadDeniedError('Denied.')

        def after_send(objects: Sequence[Any]) -> None:
            if self.chance.random() < trouble:
                errors = _UNCLEAR if len(objects) > 1 else _UNCLEAR[:1]
                raise self.chance.choice(errors)('What became of them is not known.')

        self.source.before, self.sink.before, self.sink.after = before_read, before_send, after_send
        try:
            self._update(self.chance.choice(tuple(Mode)))
        finally:
            self.source.before = lambda name: None
            self.sink.before = self.sink.after = lambda objects: None

    def stopped(self) -> None:
        """Let somebody end a Job in the middle of its work."""

        def end_one() -> None:
            running = self.rig.follower.running
            if running is not None and self.chance.random() < 0.1:
                request_id = self.chance.choice(running.request_ids)
                self.note(f'{request_id[:4]} ended by somebody')
                self.rig.end_job(request_id)

        with self.rig.disturbed(end_one):
            self._update(self.chance.choice(tuple(Mode)))

    def hidden(self) -> None:
        """Let the API user lose an owner for the time of an update."""
        self.source.hidden = frozenset({self.chance.choice(OWNERS)})
        self.note(f'hidden: {self.source.hidden}')
        before = self.sink.live()
        try:
            self._update(self.chance.choice(tuple(Mode)))
        finally:
            owner = min(self.source.hidden)
            self.source.hidden = frozenset()
        if not any(owner in query.owners for query in self._queries()):
            return
        held = self.sink.held()
        for stix in before.values():
            if stix['name'].endswith(owner) and held[stix['id']].get('revoked'):
                assert self.policy is not WithdrawPolicy.NEVER
                raise AssertionError(f'{stix["name"]} went because its owner cannot be read')

    def _now_and_then(self, acts: Sequence[Callable[[], None]]) -> None:
        if self.chance.random() < 0.5:
            self.chance.choice(acts)()

    def again(self) -> None:
        """Make an update of everything twice: what has not changed is not sent again."""
        self.full() if self.chance.random() < 0.3 else self.reconcile()
        if self.is_right:
            mode = self.chance.choice((Mode.FULL, Mode.RECONCILE, Mode.RECONCILE))
            before = len(self.log)
            short = self._short()
            self._update(mode)
            self._check_again(mode, Counter(self.log[before:]), short | self._short())

    def update(self, mode: Mode) -> None:
        """Make an update of all queries a moment later; only what must always be is checked."""
        self.clock.advance(2)
        self._request(mode)
        self.rig.run()
        self._check_always(self.rig.app_state.jobs_of(self.update_id))
        self.ranking.end(is_whole=False, is_everything_read=False)

    def _update(self, mode: Mode) -> None:
        self.note(f'{mode}')
        self._request(mode)
        self._run(mode)

    def _request(
        self, mode: Mode, ids: Sequence[str] | None = None, after: dt.datetime | None = None
    ) -> None:
        self.ranking.begin([query.id for query in self._queries()] if ids is None else ids)
        self.held_before = self._held()
        update = self.rig.queue.request_update(mode=mode, query_ids=ids, modified_after=after)
        self.update_id = update.id

    def _run(self, mode: Mode | None = None) -> None:
        """Run to the end and check; `mode` is that of an update of all queries, else None."""
        before, lately, edits = self.touched, self.touched_lately, self.edits
        self.touched, self.touched_lately = set(), set()
        self.rig.run()
        self.updates += 1
        jobs = self.rig.app_state.jobs_of(self.update_id)
        self._tell_jobs(jobs)
        self._check_always(jobs)
        is_quiet = not self.touched and edits == self.edits
        self.is_right = (
            mode is not None
            and is_quiet
            and all(job.status is JobStatus.UPLOAD_COMPLETE for job in jobs)
        )
        if mode is not None and self.is_right:
            self._check(mode, lately if self.is_list_edited else before, jobs)
            if mode is not Mode.DELTA:
                self.is_list_edited = False
            self.touched |= self._refused_rows()
        else:
            # What changed meanwhile may have been read or not; the next update makes it right.
            self.touched |= before
            if mode is None:
                self.touched_lately |= lately
        self.ranking.end(
            is_whole=self.is_right and not (mode is Mode.DELTA and self.is_list_edited),
            is_everything_read=mode is not Mode.DELTA,
            in_doubt={*self._refused(), *(pattern for pattern, _, _ in self.refusals)},
        )

    def _tell_jobs(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            counts = ', '.join(f'{name} {count}' for name, count in job.counts.outcomes.items())
            since = job.window and job.window.start_at
            self.note(
                f'= {job.query.id}: {job.status}, since {since}: {counts}'
                f' {job.failure_reason or ""} {job.warnings or ""}'
            )

    def _refused_rows(self) -> set[int]:
        return {
            row['id']
            for row in self.store.rows()
            if any(pattern in self._refused() for pattern, _ in patterns(row))
        }

    def _refused(self) -> set[str]:
        """Return the values of which Sentinel refuses any copy."""
        return {*self.sink.refused, *(pattern for pattern, _ in self.sink.refused_copies)}

    # -- what must be true

    def model(self) -> Model:
        policy = self.policy
        if policy is WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING and self._has_disabled():
            # What a disabled query has sent stays as long as its copy is there.
            policy = WithdrawPolicy.DELETED
        return Model(store=self.store, queries=self._queries(), policy=policy, ttl=TTL)

    def _has_disabled(self) -> bool:
        return bool(self.rig.app_state.query_list().disabled_ids)

    def _check_always(self, jobs: Sequence[Job]) -> None:
        self.sink.live()
        assert self.sink.anomalies() == [], self.sink.anomalies()
        assert self.ranking.faults == [], self.ranking.faults
        for job in jobs:
            assert job.status.is_final
            assert job.counts.read == sum(job.counts.outcomes.values()), job.counts
            if job.status is JobStatus.UPLOAD_COMPLETE:
                assert job.counts.outcomes.get(Outcome.FAILED, 0) == 0

    def _check(self, mode: Mode, touched: set[int], jobs: Sequence[Job]) -> None:
        self.checks += 1
        model, live, now = self.model(), self.sink.live(), self.clock.now()
        expected = model.expected()
        wrong: list[str] = []
        left = self._left_alone()
        for pattern, want in expected.items():
            if pattern in left:
                continue
            stix = live.get(pattern)
            if mode is Mode.DELTA and not self._is_promised(pattern, want, touched):
                continue
            if stix is None:
                wrong.append(f'{pattern} is missing')
                continue
            wrong += [f'{pattern}: {fault}' for fault in model.faults(want, stix, now)]
            if mode is not Mode.DELTA and model.is_short(want, stix, now):
                wrong.append(f'{pattern} is valid until {stix["valid_until"]} only')
        # A search that failed is said in a warning, and made up for by the next update.
        is_searched = not any(
            'Nothing was withdrawn' in text for job in jobs for text in job.warnings
        )
        if mode is not Mode.FULL:
            left |= self._refused_withdrawals(live)
        untraceable = {
            pattern for pattern, stix in live.items() if self._is_untraceable(pattern, stix)
        }
        for pattern, stix in live.items():
            owner = stix['name'].rpartition(' | ')[2]
            if pattern in left or not is_searched or owner in self.source.hidden:
                continue
            if pattern not in untraceable and self._is_lost(pattern, row_id_of(stix)):
                wrong.append(f'{pattern} of {stix["name"]} is of an Indicator without it')
            is_lenient = mode is Mode.DELTA or self.policy is WithdrawPolicy.DELETED
            if is_lenient and pattern in untraceable:
                continue
            if mode is Mode.DELTA:
                is_wrong = self.policy is not WithdrawPolicy.NEVER and model.is_gone(pattern, stix)
            else:
                is_wrong = pattern not in expected and not model.may_stay(pattern, stix)
            if is_wrong:
                wrong.append(f'{pattern} of {stix["name"]} is live')
        if wrong:
            raise AssertionError('; '.join(wrong))

    def _check_again(self, mode: Mode, sent: Counter[str], short: Collection[str]) -> None:
        """Nothing changed, nothing sent; a full update sends each value once."""
        left = {*self._left_alone(), *(pattern for pattern, _, _ in self.refusals), *short}
        wanted = Counter(list(self.model().expected()) if mode is Mode.FULL else [])
        wrong = {
            pattern: (sent[pattern], wanted[pattern])
            for pattern in sent.keys() | wanted.keys()
            if sent[pattern] != wanted[pattern] and pattern not in left
        }
        assert not wrong, f'nothing had changed, and yet (sent, wanted): {wrong}'

    def _short(self) -> set[str]:
        """Return the values that are about to be sent again as half of their time has gone."""
        latest = self.clock.now() + TTL / 2 + dt.timedelta(minutes=10)
        return {
            pattern
            for pattern, stix in self.sink.live().items()
            if dt.datetime.fromisoformat(stix['valid_until']) < latest
        }

    def _is_promised(self, pattern: str, want: Expected, touched: set[int]) -> bool:
        """Whether a delta that went well makes this value right: its copy has changed."""
        if want.row_id not in touched:
            return False
        held = self.held_before.get(pattern)
        # What a higher query holds stays with it until everything is read, unless the very copy
        # that it holds has left it; then the other copies may have been turned away already.
        is_left = held is not None and held.row_id == want.row_id
        # And a copy that is there and that its query no longer returns stays until then, too.
        row = None if held is None or is_left else self.store.get(held.row_id)
        holder = self._queries()[want.position].id
        if held is not None and holder in held.all_holders and not is_left:
            if row is None or not row['active']:
                # Where nothing is withdrawn, nobody looks for what has been deleted.
                is_better = (held.modified_at, -held.row_id) > self._rank(want.row_id)
                if self.policy is WithdrawPolicy.NEVER and is_better:
                    return False
            elif holder not in self.ranking.matching(held.row_id):
                return False
        return not self._is_higher(self.ranking.held(pattern), want) and (
            is_left or not self._is_higher(held, want)
        )

    def _is_higher(self, held: Copy | None, want: Expected) -> bool:
        if held is None or held.valid_until_at <= self.clock.now():
            return False
        holder = self.ranking.best_position(held)
        return holder is not None and holder < want.position

    def _held(self) -> Mapping[str, Copy]:
        """Return what Sentinel holds of the values that there are, by pattern."""
        found = {pattern for row in self.store.rows() for pattern, _ in patterns(row)}
        held = {pattern: self.ranking.held(pattern) for pattern in found}
        return {pattern: replace(copy) for pattern, copy in held.items() if copy is not None}

    def _is_untraceable(self, pattern: str, stix: Mapping[str, Any]) -> bool:
        """Whether nothing tells that an Indicator is gone, as it had become quite another value."""
        row_id = row_id_of(stix)
        if row_id in self.merged_into:
            target = self.store.get(self.merged_into[row_id])
            return not (target and target['active'] and pattern in dict(patterns(target)))
        had = {pattern, *_file_patterns(json.loads(stix['description'])['summary'])}
        return row_id in self.ended and self.ended[row_id].isdisjoint(had)

    def _is_lost(self, pattern: str, row_id: int) -> bool:
        """Whether an object should be gone because its Indicator is, or has another value now."""
        row = self.store.get(row_id)
        is_there = row is not None and row['active'] and pattern in dict(patterns(row))
        return self.policy is not WithdrawPolicy.NEVER and not is_there

    def _refused_withdrawals(self, patterns: Iterable[str]) -> set[str]:
        """Return the values whose withdrawal was refused too often to be tried by a delta."""
        counts = Counter[str]()
        for (pattern, _, is_revoked), count in self.refusals.items():
            counts[pattern] += count if is_revoked else 0
        return {pattern for pattern in patterns if counts[pattern] >= TRIES}

    def _left_alone(self) -> set[str]:
        """Values that Sentinel refuses, or has refused so often that they wait for a change."""
        tried = {
            pattern
            for (pattern, _, is_revoked), count in self.refusals.items()
            if count >= TRIES and not is_revoked
        }
        return {*self._refused(), *tried}


def _copies(row: Mapping[str, Any], pattern: str | None = None) -> list[tuple[str, str]]:
    """Return pattern and name of a row's objects, or of the one with a pattern."""
    return [
        (each, f'{value} | {row["ownerName"]}')
        for each, value in patterns(row)
        if pattern in (None, each)
    ]


def _file_patterns(summary: str) -> set[str]:
    """The patterns of the hashes in a File's summary."""
    kinds = {32: 'MD5', 40: 'SHA-1', 64: 'SHA-256'}
    words = [word for word in summary.split() if len(word) in kinds]
    return {f"[file:hashes.'{kinds[len(word)]}' = '{word}']" for word in words}


ACTIONS: dict[str, Callable[[History], None]] = {
    name: getattr(History, name)
    for name in (
        *('begin', 'more', 'modify', 'deactivate', 'activate', 'delete', 'save', 'wait', 'restart'),
        *('refuse', 'delta', 'full', 'reconcile', 'some', 'killed', 'churned', 'troubled'),
        *('hidden', 'stopped', 'change_hash', 'again', 'contend', 'insist'),
        *('send_now', 'withdraw_now', 'send_refused'),
    )
}
_WEIGHTS = {
    'more': 5, 'modify': 4, 'deactivate': 1, 'activate': 3, 'delete': 2, 'save': 3, 'wait': 2,
    'restart': 1, 'refuse': 1, 'delta': 4, 'full': 1, 'reconcile': 2, 'some': 3, 'killed': 3,
    'churned': 2, 'troubled': 2, 'hidden': 1, 'stopped': 1, 'change_hash': 4,
    'again': 1, 'contend': 8, 'send_now': 4, 'withdraw_now': 2, 'send_refused': 2,
}  # fmt: skip


def make_actions(seed: int, count: int) -> list[Action]:
    """Return a random history: some Indicators first, then anything."""
    chance = random.Random(seed)
    names = ['begin', *chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=count - 1)]
    return [(name, chance.getrandbits(30)) for name in names]


def policy_of(seed: int) -> WithdrawPolicy:
    return tuple(WithdrawPolicy)[seed % 3]
