"""What is looked at before a query runs: path, token, workspace, access and form."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulators.entra import Claims, Cloud, TokenIssuer, TokenRefusedError
from tests.simulators.https import Reply, Request
from tests.simulators.log_analytics import reply as replies
from tests.simulators.log_analytics.preference import Preference, read_preference
from tests.simulators.log_analytics.reply import RefusedError
from tests.simulators.log_analytics.settings import LogAnalyticsSettings
from tests.simulators.log_analytics.time_range import TimeRange, read_time_range
from tests.simulators.sentinel.limit import ANONYMOUS

AUDIENCES = {
    Cloud.COMMERCIAL: 'https://api.loganalytics.io',
    Cloud.GOVERNMENT: 'https://api.loganalytics.us',
}
"""With or without a last slash; also for the newer host of the commercial cloud."""

_PATH = re.compile(r'/v1/workspaces/(?P<id>[^/]+)/query')
_BEARER = re.compile(r'bearer +(?P<token>\S+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who calls: the claims of a token of ours, and what speaks against it."""

    claims: Claims | None
    problem: Reply | None

    @property
    def identity(self) -> str:
        """Whose share of the limits this request uses."""
        return self.claims.object_id if self.claims else ANONYMOUS


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A request that was found sound."""

    text: str
    timespan: str
    time_range: TimeRange
    preference: Preference
    is_fresh: bool
    """Whether an answer from the cache will not do."""


def query_path(workspace_id: str) -> str:
    """Return the path of the queries of a workspace, the same at every host."""
    return f'/v1/workspaces/{workspace_id}/query'


class Gateway:
    """Checks in the order of the service."""

    def __init__(
        self,
        issuer: TokenIssuer,
        settings: LogAnalyticsSettings,
        *,
        workspace_id: str,
        tenant_id: str,
        cloud: Cloud,
        clock: Callable[[], float],
    ) -> None:
        self._issuer = issuer
        self._settings = settings
        self._workspace_id = workspace_id
        self._tenant_id = tenant_id
        self._audience = AUDIENCES[cloud]
        self._clock = clock
        self.granted_at = 0.0
        """Time from which the role acts, in seconds."""

    def read_bearer(self, request: Request) -> Bearer:
        """Find out who calls."""
        match = _BEARER.fullmatch(request.headers.get('authorization', '').strip())
        if not match:
            return Bearer(claims=None, problem=replies.no_token())
        try:
            claims = self._issuer.check(match['token'])
        except TokenRefusedError as refused:
            problem = replies.bad_token(self._settings.bad_token_status)
            return Bearer(claims=refused.claims, problem=problem)
        if claims.audience.removesuffix('/') != self._audience:
            problem = replies.wrong_audience(claims.audience, self._audience)
            return Bearer(claims=claims, problem=problem)
        return Bearer(claims=claims, problem=None)

    def read_query(self, request: Request, bearer: Bearer) -> Query | None:
        """Return what is asked; `None` where the service answers 200 with nothing.

        Raises:
            RefusedError: with the reply that ends the request.
        """
        match = _PATH.fullmatch(request.path)
        if not match or request.method not in ('GET', 'POST'):
            raise RefusedError(replies.no_path())
        if bearer.problem or not bearer.claims:
            raise RefusedError(bearer.problem or replies.no_token())
        if match['id'].lower() != self._workspace_id.lower():
            raise RefusedError(replies.no_path())
        self._check_access(bearer.claims)
        if request.method == 'GET':
            values: Any = dict(request.query)
        elif not request.body or not _is_json(request.headers.get('content-type', '')):
            return None
        else:
            values = _parse(request.body)
        return self._read(values, request.headers)

    def _check_access(self, claims: Claims) -> None:
        has_access = self._settings.has_access and claims.tenant_id == self._tenant_id
        if not has_access or self._clock() < self.granted_at:
            raise RefusedError(
                replies.no_access(is_unauthorized_client=self._settings.is_unauthorized_client)
            )

    def _read(self, values: Any, headers: dict[str, str]) -> Query:
        if not isinstance(values, dict):
            raise RefusedError(replies.bad_property('body', 'is no JSON object'))
        text, timespan = values.get('query'), values.get('timespan') or ''
        if not isinstance(text, str) or not text.strip():
            raise RefusedError(replies.bad_property('query', 'is required'))
        if not isinstance(timespan, str):
            raise RefusedError(replies.bad_property('timespan', 'is no text'))
        time_range = TimeRange()
        if timespan:
            try:
                now = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
                time_range = read_time_range(timespan, now)
            except (ValueError, OverflowError) as error:
                raise RefusedError(replies.bad_property('timespan', str(error))) from error
        return Query(
            text=text,
            timespan=timespan,
            time_range=time_range,
            preference=read_preference(
                headers.get('prefer', ''),
                default_s=self._settings.default_wait_s,
                max_s=self._settings.max_wait_s,
            ),
            is_fresh='no-cache' in headers.get('cache-control', '').lower(),
        )


def _is_json(content_type: str) -> bool:
    return content_type.partition(';')[0].strip().lower() == 'application/json'


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode('utf-8'))
    except (ValueError, RecursionError) as error:
        raise RefusedError(replies.bad_property('body', 'is no JSON')) from error
