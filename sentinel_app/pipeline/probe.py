"""Probe of ThreatConnect: the preconditions of reading.

It checks whether ThreatConnect sorts by id and honors `id >`, and whether questions arrive as sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from sentinel_app.core.clock import Clock, Stop
from sentinel_app.core.job import Update
from sentinel_app.core.job_state import BY_TIME_WARNING
from sentinel_app.core.question import Question, selection_question
from sentinel_app.core.row import row_id
from sentinel_app.core.source import Source
from sentinel_app.errors import FatalError, QueryError, ReadOrderError, RetryableError
from sentinel_app.log import EventLog
from sentinel_app.pipeline.retrier import Retrier
from sentinel_app.pipeline.trouble import Troubles
from sentinel_app.storage.app_state.store import AppState

FIRST_ROWS = 2
SECOND_ROWS = 10

VALID_FOR_S = 24 * 3600.0

PROBE_ATTEMPTS = 3
"""Maximum attempts of a probe; the reading itself has more."""

MOST_VIOLATIONS = 3
"""Number of pages out of order that outweighs a probe without findings."""

_log = EventLog(__name__)


class Probe:
    """Checks from time to time whether the instance can be read by id.

    A positive verdict is valid for a day, a negative one until the next update, so that a repaired
    instance is read by id again.
    """

    def __init__(
        self, *, source: Source, app_state: AppState, clock: Clock, troubles: Troubles
    ) -> None:
        self._source = source
        self._app_state = app_state
        self._clock = clock
        self._troubles = troubles
        self._is_honored = True
        # By the monotonic clock, so that setting the clock back does not extend a verdict.
        self._good_until: float | None = None
        self._update_id: str | None = None
        self._violations = 0
        self._verified: tuple[str, set[str]] = ('', set())
        """Readings of an update whose questions were verified to arrive."""

    @property
    def warning(self) -> str | None:
        """Warning for people, if reading is by time."""
        return None if self._is_honored else BY_TIME_WARNING

    def is_by_id(self, update: Update, stop: Stop) -> bool:
        """Return whether the update can be read by id.

        Raises:
            Cancelled: `stop` was set.
        """
        if update.id != self._update_id:
            now = self._clock.monotonic()
            if self._good_until is None or now >= self._good_until:
                self._ask(update, stop)
            self._update_id = update.id
            self._violations = 0
        return self._is_honored

    def is_refuted(self, update: Update, stop: Stop) -> bool:
        """Return whether a page out of order shows that the update cannot be read by id.

        Raises:
            Cancelled: `stop` was set.
        """
        self._violations += 1
        if self._is_honored:
            self._ask(update, stop)
        if self._violations >= MOST_VIOLATIONS:
            self._decide(is_honored=False)
        return not self._is_honored

    def verify(self, update: Update, key: str, question: Question, stop: Stop) -> None:
        """Verify, once for each reading of an update, that its question arrives as sent.

        Args:
            update: the update that reads.
            key: the name of the reading.
            question: its question.
            stop: interrupts the waits.

        Raises:
            AnswerError, GatewayError: it does not arrive.
            RetryableError, FatalError: as raised by the source, after the last attempt.
            Cancelled: `stop` was set.
        """
        if self._verified[0] != update.id:
            self._verified = (update.id, set())
        if key in self._verified[1]:
            return
        try:
            Retrier(self._clock, stop, self._troubles).call(partial(self._source.verify, question))
        except QueryError as error:
            # The reading gets the same response, with a message about the original query.
            _log.info('question-not-verified', code=error.code, reason=error.reason)
        self._verified[1].add(key)

    def _ask(self, update: Update, stop: Stop) -> None:
        jobs = self._app_state.jobs_of(update.id)
        owners = sorted({owner for job in jobs for owner in job.query.owners})
        types = sorted({str(kind) for job in jobs for kind in job.query.indicator_types})
        try:
            is_honored = self._check_ids(owners, types, stop)
        except (RetryableError, FatalError) as error:
            # Without a response there is no verdict: the reading itself will show the error.
            _log.warning('probe-unanswered', code=error.code, reason=error.reason or error.message)
            return
        self._decide(is_honored=is_honored)

    def _decide(self, *, is_honored: bool) -> None:
        if self._is_honored and not is_honored:
            _log.warning('id-paging-failed', remedy=BY_TIME_WARNING)
        elif is_honored and not self._is_honored:
            _log.info('id-paging-restored')
        self._is_honored = is_honored
        self._good_until = self._clock.monotonic() + VALID_FOR_S if is_honored else None

    def _check_ids(self, owners: Sequence[str], types: Sequence[str], stop: Stop) -> bool:
        """Read two small pages, and check that no row is missing before or between them."""
        first, count = self._ids(selection_question(owners, types), FIRST_ROWS, stop)
        if count <= FIRST_ROWS:
            # There is nothing to page through.
            return True
        if not first:
            return False
        last = first[-1]
        try:
            second, _ = self._ids(
                selection_question(owners, types, after_id=last), SECOND_ROWS, stop
            )
            if not second or not _is_ascending(first) or not _is_ascending(second):
                return False
            gaps = (f'id < {first[0]:d}', f'id > {last:d} AND id < {second[0]:d}')
            return not any(
                self._count(selection_question(owners, types, clause=gap), stop) for gap in gaps
            )
        except QueryError:
            # The request without the clause was accepted.
            return False

    def _ids(self, question: Question, rows: int, stop: Stop) -> tuple[list[int], int]:
        """Return the ids of a first page and the total; no ids if they do not fit the question."""

        def page() -> tuple[list[int], int]:
            try:
                found = self._source.read_window(question, limit=rows, offset=0)
            except ReadOrderError:
                return [], 0
            return [row_id(row) for row in found.rows], found.count or 0

        return Retrier(self._clock, stop, self._troubles).call(page, attempts=PROBE_ATTEMPTS)

    def _count(self, question: Question, stop: Stop) -> int:
        count, _ = Retrier(self._clock, stop, self._troubles).call(
            partial(self._source.count, question), attempts=PROBE_ATTEMPTS
        )
        return count


def _is_ascending(ids: Sequence[int]) -> bool:
    return all(before < after for before, after in pairwise(ids))
