"""Has ThreatConnect look at the TQL of a query before it is saved."""

from __future__ import annotations

from functools import partial

from sentinel_app.core.query import Query
from sentinel_app.core.question import Question, effective_question, free_question
from sentinel_app.core.source import Source
from sentinel_app.diagnostics.parallel import gathered
from sentinel_app.errors import QueryError, SentinelAppError

CHECK_WITHIN_S = 10.0
WORDS_WITHIN_S = 5.0
"""Together with the check of the owners (5 s), an answer comes within 20 s."""


class TqlChecks:
    """Asks whether TQL is valid; nothing is sent and nothing is stored.

    Args:
        source: ThreatConnect, with time-outs that a person can wait for.
    """

    def __init__(self, *, source: Source) -> None:
        self._source = source

    def count(self, query: Query) -> int:
        """Give how many Indicators the query matches.

        Raises:
            QueryError: the TQL is refused, by us or by ThreatConnect.
            ReadTimeoutError, ReadError, ReadAuthError: ThreatConnect does not answer.
        """
        question = effective_question(query)
        count, _ = gathered(
            [partial(self._count, question), partial(self._verify, question)],
            within_s=CHECK_WITHIN_S,
        )
        return count

    def reason(self, query: Query, refusal: QueryError) -> str:
        """Give why the TQL is refused, in ThreatConnect's own words.

        Places in them are counted from the beginning of what was asked, where owners, types and a
        parenthesis stand as well. So the TQL is asked once more by itself, as it was written.

        Args:
            query: what was asked.
            refusal: the answer to that.
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
