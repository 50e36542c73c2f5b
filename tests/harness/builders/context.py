"""Context objects in a real store: sent Indicators with their Groups and threat actors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sentinel_app.core.actor_group import ActorGroup
from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_outbox import AssociatedCopy, OutgoingObject, RefusedObject
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.threat_actor import actor_key, is_actor
from sentinel_app.storage.actor_groups import ActorGroups
from sentinel_app.storage.associations import store_associations
from sentinel_app.storage.context_batches import ContextBatches
from sentinel_app.storage.context_derivation import ContextDerivation
from sentinel_app.storage.context_store import ContextStore
from sentinel_app.storage.holdings import Holdings
from sentinel_app.storage.sqlite import Database
from sentinel_app.storage.update_store import UpdateStore
from tests.harness.builders.match import sendable
from tests.harness.builders.update import address, make_store, send
from tests.harness.clocks import NOON

JOB = 'earlier'
"""The Job that sends the Indicators and calls for their context."""


class ContextWorld:
    """What Context leaves in the stores, made by the App's own parts; nothing runs by itself.

    Args:
        db: the database.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        self.updates: UpdateStore = make_store(db)
        self.store = ContextStore(db)
        self.groups = ActorGroups(db)
        self.batches = ContextBatches(db)
        self._derivation = ContextDerivation(db)

    def send(self, *numbers: int, **fields: Any) -> None:
        """Let Sentinel have the Addresses of these numbers."""
        send(self.updates, *(sendable(number, **fields) for number in numbers), request_id=JOB)

    def object_of(self, key: ObjectKey) -> int:
        """Return the ledger row of a key."""
        (held,) = Holdings(self.db).of_keys([key]).values()
        return held.object

    def associate(self, groups: Mapping[int | ObjectKey, tuple[int, ...]]) -> None:
        """Give Addresses, by their numbers, or other keys these Groups, by their ids."""
        with self.db.read() as connection:
            owner = connection.execute('SELECT min(id) FROM owner').fetchone()[0]
        copies = [
            AssociatedCopy(
                object=self.object_of(address(key) if isinstance(key, int) else key),
                owner=owner,
                generation=0,
                tlp=None,
                groups=frozenset(ids),
            )
            for key, ids in groups.items()
        ]
        with self.db.write() as transaction:
            store_associations(transaction, self.updates.jobs.number(JOB), copies)

    def read(self, *groups: ActorGroup) -> None:
        """Have ThreatConnect know these Groups."""
        self.groups.store(
            sorted(group.id for group in groups),
            groups,
            actor_of=lambda group: actor_key(group).digest if is_actor(group) else None,
            at=NOON,
        )

    def derive(self) -> None:
        """Make all objects that are wanted."""
        self.store.record_end(JOB, is_full=True, is_whole=True)
        round_ = self.store.round()
        self._derivation.identities(round_.account, NOON)
        self.store.begin_round()
        actor: bytes | None = b''
        while actor is not None:
            actor = self._derivation.actors(after=actor, limit=50, now=NOON)
        last: int | None = 0
        while last is not None:
            last = self._derivation.relationships(after=last, limit=50, now=NOON)

    def settle(self, **refused: str) -> list[OutgoingObject]:
        """Let Sentinel answer all that waits.

        Args:
            refused: reasons by kind, for all objects of that kind: `actor`, `relationship`.
        """
        sent: list[OutgoingObject] = []
        while batch := self.batches.claim(size=100, now=lambda: NOON):
            refusals = {
                place: RefusedObject(code='AZ-ITEM', reasons=(refused[item.kind.name.lower()],))
                for place, item in enumerate(batch)
                if item.kind.name.lower() in refused
            }
            self.batches.settle(batch, refusals, at=NOON)
            sent += batch
        return sent

    def withdraw(self) -> None:
        """Queue the withdrawal of what is not wanted, and let Sentinel answer."""
        self.store.count_unwanted()
        after: int | None = 0
        while after is not None:
            after = self.store.queue_withdrawals(
                self.store.round().account, after=after, limit=50, now=NOON
            )
        self.settle()

    def hold_back(self, count: int) -> None:
        """Have so many withdrawals held back."""
        self.store.end_withdrawal(held_back=count)

    def want_nothing(self) -> None:
        """Turn the threat actors off, as the inputs may."""
        self.store.restrict({ContextKind.IDENTITY})
