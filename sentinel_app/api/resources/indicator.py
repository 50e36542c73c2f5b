"""REPORTS: whether values are in Sentinel, and why not."""

from __future__ import annotations

import falcon

from sentinel_app.api.inquiry_reply import findings_reply, lookup_reply
from sentinel_app.api.middleware import user_of
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import Refusal
from sentinel_app.api.reading import body_of, parameters_of
from sentinel_app.api.resources.accepted import accept
from sentinel_app.api.schemas import (
    MAX_VALUE_CHARS,
    MAX_VALUES,
    DetailBody,
    LookupBody,
    Parameters,
    SendBody,
    WithdrawBody,
)
from sentinel_app.core.pasted import split_pasted


class IndicatorResource:
    """`api/indicator`: whether values are in Sentinel, in a line for each.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return how each value stands in Sentinel."""
        parameters_of(req, Parameters)
        found = self._deps.inquiries.lookups.answers(_values(body_of(req, LookupBody)))
        resp.text = lookup_reply(found, self._deps.app_state.query_list()).model_dump_json()


class IndicatorDetailResource:
    """`api/indicator/detail`: everything that is known of one value.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Return what Sentinel has of a value, and what ThreatConnect has now."""
        parameters_of(req, Parameters)
        found = self._deps.inquiries.lookups.findings(body_of(req, DetailBody).value)
        resp.text = findings_reply(found, self._deps.app_state.query_list()).model_dump_json()


class IndicatorSendResource:
    """`api/indicator/send`: send values at once.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Queue the update and return its Request IDs."""
        parameters_of(req, Parameters)
        body = body_of(req, SendBody)
        user = user_of(req, self._deps.identity)
        accept(resp, self._deps.chosen.send(body.values, by=user.name if user else None))


class IndicatorWithdrawResource:
    """`api/indicator/withdraw`: withdraw what Sentinel has of values at once.

    Args:
        deps: the API's ports.
    """

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Queue the update and return its Request IDs."""
        parameters_of(req, Parameters)
        body = body_of(req, WithdrawBody)
        user = user_of(req, self._deps.identity)
        update = self._deps.chosen.withdraw(
            body.values, reason=body.reason.strip(), by=user.name if user else None
        )
        accept(resp, update)


def _values(body: LookupBody) -> list[str]:
    """Return the values that are to be looked up.

    Raises:
        Refusal: there are too many in a text, or one is too long.
    """
    if body.values is not None:
        return body.values
    values = split_pasted(body.text or '')
    if len(values) > MAX_VALUES:
        raise Refusal(
            422,
            f'The text has {len(values):,} values. Look up {MAX_VALUES} at a time at most.',
        )
    longest = max(map(len, values), default=0)
    if longest > MAX_VALUE_CHARS:
        raise Refusal(
            422,
            f'A line of the text has {longest:,} characters. A value has {MAX_VALUE_CHARS:,} at '
            'most.',
        )
    return list(values)
