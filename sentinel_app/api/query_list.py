"""Saving a list of TQL queries in place of the one that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from sentinel_app.api.call import Request
from sentinel_app.api.query_check import (
    check_queries,
    check_withdrawal,
    described_change,
    queries_of,
)
from sentinel_app.api.refusal import Refusal
from sentinel_app.api.schemas import FieldError, ListBody, QueryBody, SaveBody
from sentinel_app.core.audit import AuditEntry, changed_queries, changes_of
from sentinel_app.core.job import Mode
from sentinel_app.core.query import QueryList
from sentinel_app.errors import ConflictError

Saving = TypeVar('Saving', bound=SaveBody)


def save_list(
    request: Request[Saving], bodies: Sequence[QueryBody], *, action: str, field_prefix: str = ''
) -> QueryList:
    """Save a list in place of the one that it was made from.

    Args:
        request: says how, and who saves.
        bodies: the whole list.
        action: for the audit.
        field_prefix: where in the request's body the list stands.

    Raises:
        Refusal: the list was changed meanwhile, or some fields are not valid.
        StorageError: the disk did not take it.
    """
    deps, body = request.deps, request.input
    owner_names = deps.options.owner_names()
    saved = deps.app_state.query_list()
    check_list(body, bodies, saved, owner_names, field_prefix=field_prefix)
    queries = queries_of(bodies, deps.new_id)
    changes, left_out = changes_of(saved.queries, queries)
    entry = AuditEntry(
        at=deps.clock.now(),
        user=request.user_name,
        action=action,
        detail=described_change(saved.queries, queries, body.run, body.withdraw),
        changes=changes,
        changes_left_out=left_out,
        query_ids=changed_queries(saved.queries, queries),
    )
    try:
        stored = deps.app_state.save_queries(
            queries,
            expected_version=body.version,
            next_mode=Mode(body.run) if body.run else None,
            audit=entry,
            withdraw=body.withdraw,
        )
    except ConflictError:
        # Somebody was quicker by a moment.
        raise _conflict(deps.app_state.query_list()) from None
    if body.withdraw:
        deps.updates.request_withdrawal()
    deps.tasks.trigger_schedule()
    return stored


def check_list(
    body: ListBody,
    bodies: Sequence[QueryBody],
    saved: QueryList,
    owner_names: frozenset[str] | None,
    *,
    field_prefix: str = '',
) -> None:
    """Check that a list may take the place of the saved one.

    Args:
        body: has the version that it was made from, and what of it is withdrawn.
        bodies: the whole list.
        saved: the list as it is.
        owner_names: the owners that the API user can read; None where that is not known.
        field_prefix: where in the request's body the list stands.

    Raises:
        Refusal: the list was changed meanwhile, or some fields are not valid.
    """
    if body.version != saved.version:
        raise _conflict(saved)
    errors = check_queries(bodies, saved, owner_names)
    is_empty_meant = not isinstance(body, SaveBody) or body.confirm_empty
    if not bodies and saved.queries and not is_empty_meant:
        errors.append(FieldError(field='queries', message=_none_left(len(saved.queries))))
    in_list = [
        FieldError(field=f'{field_prefix}{each.field}', message=each.message) for each in errors
    ]
    if errors := in_list + check_withdrawal(body.withdraw, bodies, saved):
        raise Refusal(422, errors=errors)


def _conflict(saved: QueryList) -> Refusal:
    error = saved.conflict()
    return Refusal(409, error.message, saved_at=saved.saved_at, saved_by=saved.saved_by)


def _none_left(number: int) -> str:
    which = 'the only TQL query' if number == 1 else f'all {number} TQL queries'
    return f'would delete {which}, and nothing more would be sent; confirm this to save it'
