"""Reader of pages by id, as long as ThreatConnect sorts by id."""

from __future__ import annotations

from sentinel_app.core.clock import Stop
from sentinel_app.core.job import Update
from sentinel_app.core.question import Question
from sentinel_app.core.source import Source, SourcePage
from sentinel_app.errors import ReadOrderError
from sentinel_app.pipeline.probe import Probe
from sentinel_app.pipeline.retrier import Retrier


class IdReader:
    """Reads pages in ascending order of id; a page out of order is never accepted."""

    def __init__(self, source: Source, probe: Probe) -> None:
        self._source = source
        self._probe = probe

    def read(
        self,
        question: Question,
        *,
        size: int,
        retrier: Retrier,
        update: Update,
        stop: Stop,
    ) -> tuple[SourcePage | None, int]:
        """Return the next page of the question, and the size for the page after it.

        Returns:
            None in place of the page if this instance cannot be read by id. A page without rows is
            the end.

        Raises:
            RetryableError, FatalError: as raised by the source, after the last attempt.
            Cancelled: the reading was interrupted.
        """

        def page(limit: int) -> SourcePage | None:
            try:
                return self._source.read_page(question, limit=limit)
            except ReadOrderError:
                if self._probe.is_refuted(update, stop):
                    return None
                raise

        return retrier.call_sized(page, size)
