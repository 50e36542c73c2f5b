"""Validation of a query's TQL by ThreatConnect before it is saved."""

from __future__ import annotations

from functools import partial

from sentinel_app.core.query import Query
from sentinel_app.core.question import Question, effective_question, free_question
from sentinel_app.core.source import Source
from sentinel_app.diagnostics.parallel import gathered
from sentinel_app.errors import QueryError, SentinelAppError

CHECK_WITHIN_S = 10.0
WORDS_WITHIN_S = 5.0
"""Time limit for the reason, in seconds. With the check of the owners (5 s), a reply takes at most
20 s."""


class TqlChecks:
    """Validates TQL; read-only.

    Args:
        source: ThreatConnect, with time-outs for interactive use.
    """

    def __init__(self, *, source: Source) -> None:
        self._source = source

    def count(self, query: Query) -> int:
        """Return the number of Indicators that the query matches.

        Raises:
            QueryError: the TQL was refused, by the App or by ThreatConnect.
            ReadTimeoutError, ReadError, ReadAuthError: ThreatConnect does not respond.
        """
        question = effective_question(query)
        count, _ = gathered(
            [partial(self._count, question), partial(self._verify, question)],
            within_s=CHECK_WITHIN_S,
        )
        return count

    def reason(self, query: Query, refusal: QueryError) -> str:
        """Return why the TQL was refused, in ThreatConnect's own words.

        Positions in them count from the beginning of the effective TQL, which also has owners,
        types and a parenthesis. So the TQL is sent once more on its own, as the user wrote it.

        Args:
            query: the query.
            refusal: its refusal.
        """
        first = refusal.reason or refusal.message
        if not refusal.reason:
            return first
        try:
            gathered([partial(self._count, free_question(query.tql))], within_s=WORDS_WITHIN_S)
        except QueryError as error:
            return error.reason or first
        except SentinelAppError:
            return first
        return first

    def _count(self, question: Question) -> int:
        return self._source.count(question)[0]

    def _verify(self, question: Question) -> int:
        self._source.verify(question)
        return 0
