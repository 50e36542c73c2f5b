"""REPORTS: whether values are in Sentinel, and why not."""

from __future__ import annotations

from collections.abc import Sequence

from sentinel_app.api.call import Request
from sentinel_app.api.indicator_reply import findings_reply, lookup_reply
from sentinel_app.api.job_reply import accepted_reply
from sentinel_app.api.refusal import Refusal
from sentinel_app.api.schemas import (
    MAX_VALUE_CHARS,
    MAX_VALUES,
    DetailBody,
    Findings,
    LookupBody,
    LookupReply,
    SendBody,
    UpdateAccepted,
    WithdrawBody,
)
from sentinel_app.core.pasted import split_pasted


def look_up(request: Request[LookupBody]) -> LookupReply:
    """Return whether each value is in Sentinel."""
    found = request.deps.diagnostics.lookups.answers(_values(request.input))
    return lookup_reply(found, request.deps.app_state.query_list())


def detail(request: Request[DetailBody]) -> Findings:
    """Return what Sentinel has of a value, and what ThreatConnect has now."""
    diagnostics = request.deps.diagnostics
    found = diagnostics.lookups.findings(request.input.value)
    saved = request.deps.app_state.query_list()
    return findings_reply(found, saved, diagnostics.matches, diagnostics.context)


def send(request: Request[SendBody]) -> UpdateAccepted:
    """Send values at once."""
    update = request.deps.chosen.send(request.input.values, by=request.user_name)
    return accepted_reply(update)


def withdraw(request: Request[WithdrawBody]) -> UpdateAccepted:
    """Withdraw what Sentinel has of values at once."""
    update = request.deps.chosen.withdraw(
        request.input.values, reason=request.input.reason.strip(), by=request.user_name
    )
    return accepted_reply(update)


def _values(body: LookupBody) -> Sequence[str]:
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
    return values
