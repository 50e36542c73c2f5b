"""Client that identifies the user of a request's token; one attempt for each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

import requests

from sentinel_app.core.clock import Clock
from sentinel_app.errors import FatalError, RetryableError
from sentinel_app.network.exchange import HttpClient, NetworkFault, SizeLimit, Timeouts, whole_json
from sentinel_app.redactor import Redactor

WHOAMI_TIMEOUTS: Final = Timeouts(connect_s=5.0, read_s=10.0, total_s=15.0)
WHOAMI_LIMIT: Final = SizeLimit(body_bytes=1 << 20, values=20_000)

_DENIED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class WhoAmIClient:
    """Reads `/v2/whoami`.

    Args:
        token_session: creates a session that signs with a token and has the base address.
        clock: the clock for the time limits.
        redactor: masks secrets in responses.
    """

    def __init__(
        self,
        token_session: Callable[[str], requests.Session],
        *,
        clock: Clock,
        redactor: Redactor,
    ) -> None:
        self._token_session = token_session
        self._clock = clock
        self._redactor = redactor

    def __call__(self, token: str) -> Mapping[str, object]:
        """Return the response about a token.

        Raises:
            RetryableError: ThreatConnect did not respond, or not with a success.
            FatalError: it refused the token.

        Source: ThreatConnect REST API v2, whoami.
        """
        with self._token_session(token) as session:
            client = HttpClient(
                session, clock=self._clock, timeouts=WHOAMI_TIMEOUTS, redactor=self._redactor
            )
            try:
                answer = client.exchange('GET', '/v2/whoami', limit=WHOAMI_LIMIT)
            except NetworkFault as fault:
                raise RetryableError(
                    f'ThreatConnect did not say who asks. {fault.words}', code='TC-READ'
                ) from None
        if answer.status in _DENIED:
            raise FatalError('ThreatConnect does not know this token.', code='TC-AUTH')
        payload = whole_json(answer)
        if answer.status != HTTPStatus.OK or not isinstance(payload, dict):
            raise RetryableError(
                'ThreatConnect did not say who asks.',
                code='TC-READ',
                context={'status': answer.status},
            )
        return payload
