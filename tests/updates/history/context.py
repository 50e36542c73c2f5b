"""A history of context: Groups that come, go, are renamed, merged and labeled, under Indicators."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sentinel_app.config.settings import MaxTlp
from sentinel_app.core.audit import AuditEntry
from sentinel_app.core.context_choice import ContextChoice
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.job import Mode
from sentinel_app.core.query import Query, WithdrawPolicy
from sentinel_app.errors import (
    BatchRefusedError,
    BatchTooLargeError,
    BatchUnclearError,
    ReadTimeoutError,
    ThrottledError,
    UploadServerError,
)
from tests.harness import related
from tests.harness.clocks import StandingClock
from tests.harness.fakes.sentinel import SOURCE_SYSTEM, TableSink
from tests.harness.fakes.threatconnect import StoreGroups, StoreSource, TimedStore
from tests.updates.history.rig import SETTINGS, KilledError, Rig

OWNERS = ('Demo Organization', 'Demo Research', 'OSINT Community')
NAMES = ('Quiet Bear', 'QUIET  bear', 'Loud Fox', 'loud fox', 'Old Crane', 'Crane', 'Heron')
TYPES = ('Adversary', 'Intrusion Set', 'Threat', 'Threat', 'Report', 'Campaign')
LABELS = ((), (), ('TLP:GREEN',), ('TLP:AMBER',), ('TLP:RED',), ('TLP:CLEAR', 'TLP:RED'))
HIGHEST = 'TLP:AMBER'
_BEFORE = (ThrottledError, BatchTooLargeError, BatchRefusedError, UploadServerError)
_AFTER = (UploadServerError, BatchUnclearError)


class ContextHistory:
    """One world over one folder; implements what `related` asks of a world."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.clock = StandingClock()
        self.store = TimedStore(self.clock, retention_days=3650)
        self.source = StoreSource(self.store, page_cap=3)
        self.groups = StoreGroups(self.store, before=self._reading)
        self.sink = TableSink(
            self.clock, before=self._sending, after=self._sent, answered=self._answer
        )
        self.trouble = 0.0
        self.kills = 0
        self.accepted: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.rig = self._open()

    def _open(self) -> Rig:
        rig = Rig(
            self.folder,
            clock=self.clock,
            source=self.source,
            sink=self.sink,
            chance=self.chance,
            settings=replace(
                SETTINGS,
                withdraw_indicators=WithdrawPolicy.DELETED_OR_NO_LONGER_MATCHING,
                context_objects=ContextChoice.ACTORS,
                max_tlp=MaxTlp(HIGHEST),
            ),
            groups=self.groups,
        )
        rig.recover()
        return rig

    # -- what `related` asks

    @property
    def sentinel(self) -> ContextHistory:
        return self

    def held_objects(self, _source: str | None, *types: str) -> dict[str, dict[str, Any]]:
        return self.sink.table.held_objects(SOURCE_SYSTEM, *types)

    def live(self) -> dict[str, dict[str, Any]]:
        return self.sink.live()

    # -- what happens

    def play(self, steps: int) -> None:
        """Let it all happen, and end with two updates in which nothing goes wrong."""
        for _ in range(self.chance.randint(5, 12)):
            self._add_indicator()
        for _ in range(self.chance.randint(4, 8)):
            self._add_group()
        for _ in range(12):
            self._associate()
        self._save_queries()
        for _ in range(steps):
            self.clock.advance(self.chance.uniform(1, 900))
            self.chance.choice(self._actions)()
        self.sink.refused_copies = frozenset()
        for mode in (Mode.FULL, Mode.RECONCILE, Mode.RECONCILE):
            self.clock.advance(700)
            self._update(mode)

    @property
    def _actions(self) -> Sequence[Callable[[], None]]:
        return (
            *(self._add_indicator, self._change_indicator, self._delete_indicator),
            *(self._deactivate, self._activate),
            *(self._add_group, self._rename, self._label, self._delete_group),
            *[self._associate] * 4,
            *[self._dissociate] * 3,
            *(self._unite, self._part, self._refuse),
            *[self._update] * 6,
            *[self._troubled_update] * 4,
        )

    def _add_indicator(self) -> None:
        number = len(self.store.rows()) + self.chance.randint(0, 10_000)
        owner = self.chance.choice(OWNERS)
        if self.store.named(owner, f'h{number}.example.com') is None:
            self.store.add(
                {'type': 'Host', 'ownerName': owner, 'hostName': f'h{number}.example.com'}
            )

    def _change_indicator(self) -> None:
        if rows := self.store.rows():
            row = self.chance.choice(rows)
            self.store.modify(row['id'], confidence=self.chance.randint(0, 100))

    def _delete_indicator(self) -> None:
        rows = self.store.rows()
        if len(rows) > 3:
            self.store.delete(self.chance.choice(rows)['id'])

    def _deactivate(self) -> None:
        if rows := self.store.rows('indicatorActive = true'):
            self.store.deactivate(self.chance.choice(rows)['id'])

    def _activate(self) -> None:
        for row in self.store.rows('indicatorActive = false'):
            self.store.activate(row['id'])

    def _add_group(self) -> None:
        made = self.store.groups.add(
            {
                'type': self.chance.choice(TYPES),
                'name': self.chance.choice(NAMES),
                'ownerName': self.chance.choice(OWNERS),
            }
        )
        self.store.groups.label(made['id'], *self.chance.choice(LABELS))

    def _rename(self) -> None:
        if group := self._group():
            name = self.chance.choice(NAMES)
            self.store.groups.modify(group['id'], name=name, touch=self.chance.random() < 0.7)

    def _label(self) -> None:
        if group := self._group():
            labels = self.chance.choice(LABELS)
            self.store.groups.label(group['id'], *labels, touch=self.chance.random() < 0.7)

    def _delete_group(self) -> None:
        if (group := self._group()) and self.chance.random() < 0.5:
            self.store.groups.delete(group['id'])

    def _associate(self) -> None:
        rows, group = self.store.rows(), self._group()
        if rows and group:
            row = self.chance.choice(rows)
            touch = self.chance.random() < 0.7
            self.store.groups.associate(group['id'], row['id'], touch=touch)

    def _dissociate(self) -> None:
        pairs = [
            (group_id, row['id'])
            for row in self.store.rows()
            for group_id in self.store.groups.of(row['id'])
        ]
        if pairs:
            touch = self.chance.random() < 0.7
            self.store.groups.dissociate(*self.chance.choice(pairs), touch=touch)

    def _unite(self) -> None:
        groups = [
            each for each in self.store.groups.groups() if each['type'] in related.ACTOR_TYPES
        ]
        if len(groups) > 1:
            chosen = self.chance.sample(groups, 2)
            number = self.chance.randint(9000, 9003)
            # One MITRE id has one name.
            self.store.groups.set_profile(
                [each['id'] for each in chosen], name=f'Actor {number}', mitreId=f'G{number}'
            )

    def _part(self) -> None:
        if profiles := self.store.groups.profiles:
            self.store.groups.drop_profile(self.chance.choice(profiles).id)

    def _group(self) -> dict[str, Any] | None:
        groups = self.store.groups.groups()
        return self.chance.choice(groups) if groups else None

    def _refuse(self) -> None:
        """Sentinel refuses some actors from now on, or no longer."""
        count = self.chance.choice((0, 0, 1, 2))
        self.sink.refused_copies = frozenset(
            ('', each) for each in self.chance.sample(NAMES, count)
        )

    # -- updates

    def _save_queries(self) -> None:
        query = Query(id='q1', owners=OWNERS, indicator_types=(IndicatorType.HOST,), tql='')
        self.rig.app_state.save_queries(
            [query],
            expected_version=0,
            next_mode=None,
            audit=AuditEntry(at=self.clock.now(), user='jdoe', action='save', detail=''),
        )

    def _update(self, mode: Mode | None = None) -> None:
        """Run an update and all context that follows from it; the process may die on the way."""
        if mode is None:
            mode = self.chance.choice(tuple(Mode))
        else:
            self.trouble = 0.0
        self.rig.queue.request_update(mode=mode)
        if self.trouble:
            self.rig.life.ends_at = self.rig.life.calls + self.chance.randint(1, 400)
        while True:
            try:
                self.rig.run()
            except KilledError:
                self.kills += 1
                self.rig.close()
                self.rig = self._open()
            else:
                self.rig.life.ends_at = None
                break
        self.check()

    def rest(self) -> None:
        """Run an update after which nothing has changed."""
        self.clock.advance(60)
        self._update(Mode.RECONCILE)

    def _troubled_update(self) -> None:
        self.trouble = 0.15
        self._update()
        self.trouble = 0.0

    def _reading(self, _name: str) -> None:
        if self.chance.random() < self.trouble:
            raise ReadTimeoutError('No answer.')

    def _sending(self, objects: Sequence[dict[str, Any]]) -> None:
        if objects[0]['type'] != 'indicator' and self.chance.random() < self.trouble:
            raise self.chance.choice(_BEFORE)('Not now.')

    def _sent(self, objects: Sequence[dict[str, Any]]) -> None:
        if objects[0]['type'] != 'indicator' and self.chance.random() < self.trouble:
            raise self.chance.choice(_AFTER)('Nobody knows.')

    def _answer(self, stix: dict[str, Any], is_taken: bool) -> None:
        if not is_taken:
            return
        held = self.held_objects(None)
        if stix['type'] == 'relationship' and not stix.get('revoked'):
            assert stix['target_ref'] in held, 'a relationship before its actor'
            assert stix['source_ref'] in held, 'a relationship before its Indicator'
        self.accepted[stix['id']].append(stix)

    # -- the check

    def check(self) -> None:
        """Hold what must be so at any quiet moment."""
        for versions in self.accepted.values():
            if versions[0]['type'] == 'indicator':
                continue
            times = [stix['modified'] for stix in versions]
            assert times == sorted(times), versions
            revoked = [bool(stix.get('revoked')) for stix in versions]
            assert revoked == sorted(revoked), ('a revoked id came back', versions)
            assert len({stix['created'] for stix in versions}) == 1, versions
        counts = self.rig.stores.context.counts()
        # A relationship waits for its actor while Sentinel refuses that.
        assert counts.waiting == 0 or counts.refused, counts
        live = Counter(
            stix['type']
            for stix in self.held_objects(None).values()
            if stix['type'] != 'indicator' and not stix.get('revoked')
        )
        known = Counter({kind.stix_type: count for kind, count in counts.live.items()})
        # What Sentinel refuses now, and got before without an answer, may be there or not.
        assert live <= known, (known, live)
        assert counts.refused or live == +known, (known, live)

    def related(self) -> tuple[related.Related, related.Related]:
        """Return who is behind each Indicator: as it should be, and as Sentinel has it."""
        return self.expected(), related.held(self)  # type: ignore[arg-type]

    def expected(self, owners: Collection[str] = OWNERS) -> related.Related:
        return related.expected(self, owners=owners, highest=HIGHEST)  # type: ignore[arg-type]
