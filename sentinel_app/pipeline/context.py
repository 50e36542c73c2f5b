"""Context: sends who is behind the Indicators, in what they leave of the API limit."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Collection, Sequence
from typing import Final

from sentinel_app.core.actor_group import ActorGroup
from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.group_source import GroupSource
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.threat_actor import actor_key, is_actor
from sentinel_app.core.tlp import Tlp, are_above
from sentinel_app.errors import Cancelled, FatalError, RetryableError, SentinelAppError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.context_upload import ContextUpload
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.pipeline.withdraw_guard import WithdrawGuard
from sentinel_app.storage.actor_groups import ActorGroups
from sentinel_app.storage.context_batches import ContextBatches
from sentinel_app.storage.context_derivation import ContextDerivation
from sentinel_app.storage.context_store import ContextRound, ContextStore

MOST_WAITING: Final = 2_000
"""Versions on their way from which no others are made: what is made last is newest."""

GROUPS_AT_ONCE: Final = 500
"""Groups that ThreatConnect is asked for at once."""

CHANGED_AGAIN: Final = dt.timedelta(hours=1)
"""How much longer ago than the last reading Groups may have been modified: ThreatConnect's clock is
another one, and what it lists may be late."""

_INDICATORS_AHEAD: Final = 10_000
"""Indicators whose Groups are read before their relationships are made."""
_INDICATORS_AT_ONCE: Final = 250
_ACTORS_AT_ONCE: Final = 100
_JUDGED_AT_ONCE: Final = 1_000
_WITHDRAWN_AT_ONCE: Final = 500

_KINDS: Final = {
    ContextChoice.NONE: frozenset[ContextKind](),
    ContextChoice.IDENTITIES: frozenset({ContextKind.IDENTITY}),
    ContextChoice.ACTORS: frozenset(ContextKind),
}

_log = EventLog(__name__)


class Context:
    """Brings the context objects in Sentinel in line with the Indicators there, step by step.

    Args:
        choice: which context objects are sent.
        actor_types: types of the Groups that are threat actors.
        max_tlp: the highest level of a Group to send; None for all.
        policy: whether anything is withdrawn.
        source: reads Groups.
        store: what is to do, and what it has come to.
        groups: the Groups as they were read last.
        derivation: makes the objects.
        batches: the objects on their way.
        upload: sends them.
        guard: holds back withdrawals that are too many at once.
        clock: the clock.
        troubles: records which system does not respond.
    """

    def __init__(
        self,
        *,
        choice: ContextChoice,
        actor_types: Collection[ActorGroupType],
        max_tlp: Tlp | None,
        policy: WithdrawPolicy,
        source: GroupSource,
        store: ContextStore,
        groups: ActorGroups,
        derivation: ContextDerivation,
        batches: ContextBatches,
        upload: ContextUpload,
        guard: WithdrawGuard,
        clock: Clock,
        troubles: Troubles,
    ) -> None:
        self._choice = choice
        self._actor_types = frozenset(actor_types)
        self._max_tlp = max_tlp
        self._policy = policy
        self._source = source
        self._store = store
        self._groups = groups
        self._derivation = derivation
        self._batches = batches
        self._upload = upload
        self._guard = guard
        self._clock = clock
        self._troubles = troubles
        self._preparing = threading.Lock()
        self._is_restricted = False
        self._error: SentinelAppError | None = None
        self._is_round_open = True
        self._is_all_made = False
        self._are_changed_read = False
        self._after_actor = b''
        self._after_object = 0

    @property
    def error(self) -> SentinelAppError | None:
        """What keeps Groups from being read or context from being sent; None where nothing does."""
        return self._error or self._upload.error

    def outcome(self) -> str:
        """Return what the last run came to, in words."""
        return self._upload.outcome()

    def request(self) -> None:
        """Have everything that may have changed gone through with the next steps."""
        self._store.request_round()
        self._upload.rest_no_longer()

    def step(self, stop: Stop) -> bool:
        """Send a batch, or else do the next piece of what is to be prepared.

        Returns:
            False if there is nothing to do now.

        Raises:
            Cancelled: it was interrupted; nothing is lost.
            SentinelAppError: ThreatConnect did not respond, or the disk failed; it is repeated.
        """
        with self._troubles.step():
            # First what the inputs no longer allow is removed from what waits.
            if self._is_restricted and self._upload.step(stop, may_be_short=self._is_all_made):
                return True
            if not self._preparing.acquire(blocking=False):
                return False
            try:
                return self._prepare(stop)
            finally:
                self._preparing.release()

    # -- what is to be sent

    def _prepare(self, stop: Stop) -> bool:
        try:
            is_more = self._prepare_next(stop)
        except (RetryableError, FatalError) as error:
            self._error = error
            raise
        self._error = None
        return is_more

    def _prepare_next(self, stop: Stop) -> bool:
        if stop.is_set():
            raise Cancelled('Context was interrupted.')
        if not self._is_restricted:
            self._restrict(stop)
        if self._upload.is_held_up:
            # Indicators come first, in what is made as well as in what is sent.
            return False
        round_ = self._store.round()
        if round_.is_due:
            self._begin_round(round_)
            return True
        self._is_all_made = not (self._choice.has_actors and (self._read(stop) or self._derive()))
        if not self._is_all_made:
            return True
        if not self._is_settled():
            return False
        if round_.is_whole:
            self._withdraw(round_, stop)
            return True
        if self._is_round_open:
            self._is_round_open = not self._store.end_round(self._clock.now())
        return False

    def _restrict(self, stop: Stop) -> None:
        """Bring what is stored in line with the inputs of this start."""
        after: int | None = 0
        while after is not None:
            if stop.is_set():
                raise Cancelled('Context was interrupted.')
            after = self._groups.judge_again(self._actor_of, after=after, limit=_JUDGED_AT_ONCE)
        self._store.restrict(_KINDS[self._choice])
        self._is_restricted = True

    def _begin_round(self, round_: ContextRound) -> None:
        if self._choice.has_identities:
            self._derivation.identities(round_.account, self._clock.now())
        self._store.begin_round()
        self._is_round_open, self._are_changed_read = True, False
        self._begin_pass()

    def _begin_pass(self) -> None:
        self._after_actor, self._after_object = b'', 0

    def _derive(self) -> bool:
        """Make the next objects; each pass ends, and another one follows once some are settled."""
        if self._batches.count() >= MOST_WAITING:
            return False
        now = self._clock.now()
        actor = self._derivation.actors(after=self._after_actor, limit=_ACTORS_AT_ONCE, now=now)
        if actor is not None:
            self._after_actor = actor
            return True
        last = self._derivation.relationships(
            after=self._after_object, limit=_INDICATORS_AT_ONCE, now=now
        )
        if last is not None:
            self._after_object = last
            return True
        if self._upload.has_settled():
            # What waited for an answer may go on.
            self._begin_pass()
            return self._store.is_anything_due()
        return False

    def _is_settled(self) -> bool:
        """Return whether everything is made and sent that can be."""
        return self._batches.is_idle() and not (
            self._choice.has_actors
            and (
                self._groups.next_to_read_again(limit=1) is not None
                or self._store.is_anything_due()
            )
        )

    # -- Groups

    def _read(self, stop: Stop) -> bool:
        """Read the next Groups that are new, were changed, or are all read again."""
        if not self._are_changed_read:
            self._read_changed(stop)
            self._are_changed_read = True
            return True
        again = self._groups.next_to_read_again(limit=GROUPS_AT_ONCE)
        if again:
            self._read_groups(again, stop, is_reading_again=True)
            return True
        if again is not None:
            self._groups.end_reading_again()
        unread = self._groups.unread(after=self._after_object, objects=_INDICATORS_AHEAD)
        if unread:
            self._read_groups(unread[:GROUPS_AT_ONCE], stop)
        return bool(unread)

    def _read_changed(self, stop: Stop) -> None:
        since, now = self._groups.changed_since(), self._clock.now()
        if since is not None:
            changed = Retrier(self._clock, stop, self._troubles).call(
                lambda: self._source.changed_groups(self._actor_types, since - CHANGED_AGAIN)
            )
            known = sorted(self._groups.known(changed))
            for start in range(0, len(known), GROUPS_AT_ONCE):
                self._read_groups(known[start : start + GROUPS_AT_ONCE], stop)
        self._groups.read_changed(now)

    def _read_groups(
        self, ids: Sequence[int], stop: Stop, *, is_reading_again: bool = False
    ) -> None:
        found = Retrier(self._clock, stop, self._troubles).call(lambda: self._source.groups(ids))
        self._groups.store(
            ids,
            found,
            actor_of=self._actor_of,
            at=self._clock.now(),
            is_reading_again=is_reading_again,
        )
        _log.debug('groups-read', asked=len(ids), found=len(found))

    def _actor_of(self, group: ActorGroup) -> bytes | None:
        if group.type not in self._actor_types or not is_actor(group):
            return None
        if self._max_tlp is not None and (
            not group.are_labels_known or are_above(group.security_labels, self._max_tlp)
        ):
            return None
        return actor_key(group).digest

    # -- withdrawals

    def _withdraw(self, round_: ContextRound, stop: Stop) -> None:
        """Withdraw what is not wanted, after everything has been read."""
        if self._policy is WithdrawPolicy.NEVER:
            self._store.end_withdrawal()
            return
        count = self._store.count_unwanted()
        is_allowed = round_.allowed is not None and count <= round_.allowed
        if not is_allowed and self._guard.exceeds(count, lambda: sum(self._store.live().values())):
            _log.warning('context-held-back', objects=count)
            self._store.end_withdrawal(held_back=count)
            return
        after: int | None = 0
        while after is not None:
            if stop.is_set():
                raise Cancelled('Context was interrupted.')
            after = self._store.queue_withdrawals(
                round_.account, after=after, limit=_WITHDRAWN_AT_ONCE, now=self._clock.now()
            )
        self._store.end_withdrawal()
        if count:
            _log.info('context-withdrawal', objects=count)
