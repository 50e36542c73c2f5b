"""Convert stage: decides about each Indicator and builds the objects to send."""

from __future__ import annotations

from collections.abc import Sequence

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.job import Job, Update
from sentinel_app.core.outbox import Fate, Page
from sentinel_app.core.page_draft import PageDraft
from sentinel_app.core.precedence import PrecedenceContext
from sentinel_app.core.progress import Progress
from sentinel_app.core.scope import Scope, keys_of_values
from sentinel_app.core.upload_limits import MAX_OBJECTS
from sentinel_app.errors import FatalError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.page_context import PageContexts
from sentinel_app.pipeline.page_decision import PageDecision
from sentinel_app.pipeline.rate_limiter import RateLimiter
from sentinel_app.pipeline.revoke import Revoke
from sentinel_app.pipeline.wakeup import Wakeups
from sentinel_app.storage.app_state.store import AppState
from sentinel_app.storage.page_queue import EndOfReading
from sentinel_app.storage.update_store import UpdateStore

OBJECTS_AHEAD = 2_000
"""Waiting objects from which sending has priority while the rate limiter is open: requests in the
first moments decide when a long update at the limit ends."""

MOST_OBJECTS_WAITING = 20_000
"""Waiting objects at which conversion pauses: two minutes of the limit."""

_log = EventLog(__name__)


class Convert:
    """Converts the pages of an update in the order of reading; each step is one page.

    Args:
        decision: decides about the rows of a page.
        limiter: the rate limiter of uploads.
    """

    def __init__(
        self,
        *,
        app_state: AppState,
        store: UpdateStore,
        decision: PageDecision,
        revoke: Revoke,
        limiter: RateLimiter,
        clock: Clock,
        wakeups: Wakeups,
    ) -> None:
        self._app_state = app_state
        self._store = store
        self._contexts = PageContexts(app_state=app_state, store=store, clock=clock)
        self._decision = decision
        self._revoke = revoke
        self._limiter = limiter
        self._clock = clock
        self._wakeups = wakeups

    def step(self, update: Update, stop: Stop) -> bool:
        """Convert the next page.

        Returns:
            False if there is none, or if enough objects wait to be sent.

        Raises:
            StorageError: the result could not be stored; the same page is converted again.
        """
        if stop.is_set():
            return False
        progress = self._store.progress(update.id)
        waiting = sum(item.waiting for item in progress if not item.is_sorted)
        if waiting >= (OBJECTS_AHEAD if self._limiter.is_open() else MOST_OBJECTS_WAITING):
            return False
        item = self._store.pages.head()
        if item is None:
            return self._revoke.close(update, progress)
        mine = [each for each in progress if each.request_id == item.request_id]
        if isinstance(item, EndOfReading):
            self._end_reading(item)
        elif mine:
            self._convert_page(update, item, mine[0], progress)
        elif item.request_id in update.request_ids:
            self._store.pages.take_off(item)
        else:
            # Another update has begun meanwhile, and the page is one of its.
            return False
        self._wakeups.download.notify()
        return True

    def _end_reading(self, item: EndOfReading) -> None:
        if self._store.end_reading(item, at=self._clock.now()):
            # The last batch of a Job need not be full.
            self._wakeups.upload.notify_all()
            self._wakeups.schedule.notify()

    def _convert_page(
        self, update: Update, page: Page, mine: Progress, everybody: Sequence[Progress]
    ) -> None:
        job = self._app_state.job(page.request_id)
        if job is None:
            raise FatalError(f'The Job {page.request_id} is no longer stored.')
        draft = self._draft(update, job, self._contexts.of(update, job, page, mine, everybody))
        self._decision.decide(page, mine, draft)
        conversion = draft.conversion(page)
        self._store.commit_page(conversion, at=draft.now)
        sent = sum(item.fate is Fate.SEND for item in conversion.objects)
        self._wakeups.upload.notify(-(-sent // MAX_OBJECTS))
        _log.debug(
            'page-converted',
            request_id=job.request_id,
            rows=len(page.rows),
            unchanged=len(conversion.seen),
            objects=len(conversion.objects),
        )

    def _draft(self, update: Update, job: Job, context: PrecedenceContext) -> PageDraft:
        draft = PageDraft(
            job=job,
            context=context,
            now=self._clock.now(),
            sends_refused=job.scope is Scope.REFUSED,
            sends_again=job.scope is Scope.VERIFY,
        )
        if job.scope is Scope.SEND:
            draft.chosen_keys = frozenset(keys_of_values(update.values))
            draft.beside = self._contexts.beside(context, job)
        return draft
