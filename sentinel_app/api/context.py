"""REPORTS: the context objects behind the Indicators, and what people do about them."""

from __future__ import annotations

from typing import TypeVar

from sentinel_app.api.call import Request
from sentinel_app.api.context_reply import (
    actor_reply,
    context_reply,
    refused_reply,
    related_reply,
)
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.page import page_of
from sentinel_app.api.schemas import (
    ActorPage,
    ActorParameters,
    ActorSearchBody,
    Context,
    EmptyBody,
    PageParameters,
    Parameters,
    RefusedContextObjectPage,
    RelatedIndicatorPage,
    WithdrawContextBody,
)
from sentinel_app.core.context_report import ActorFilter
from sentinel_app.core.query import SortDirection

Wanted = TypeVar('Wanted', ActorParameters, ActorSearchBody)


def read(request: Request[Parameters]) -> Context:
    """Return how Context stands."""
    return _state(request.deps)


def list_actors(request: Request[ActorParameters]) -> ActorPage:
    """Return a page of threat actors."""
    return _page(request)


def search_actors(request: Request[ActorSearchBody]) -> ActorPage:
    """Return a page of threat actors."""
    return _page(request)


def _page(request: Request[Wanted]) -> ActorPage:
    wanted = request.input
    found, total = request.deps.diagnostics.context.actors(
        ActorFilter(state=wanted.state, text=wanted.text.strip()),
        sort=wanted.sort,
        is_descending=wanted.sort_order is SortDirection.DESCENDING,
        limit=wanted.limit,
        offset=wanted.offset,
    )
    return page_of(request, ActorPage, map(actor_reply, found), total=total)


def list_related(request: Request[PageParameters]) -> RelatedIndicatorPage:
    """Return a page of the Indicators of a threat actor."""
    wanted = request.input
    found, total = request.deps.diagnostics.context.related(
        request.number_in_path('actor_id', of='threat actor'),
        limit=wanted.limit,
        offset=wanted.offset,
    )
    return page_of(request, RelatedIndicatorPage, map(related_reply, found), total=total)


def list_refused(request: Request[PageParameters]) -> RefusedContextObjectPage:
    """Return a page of the context objects that Sentinel refuses."""
    wanted = request.input
    found, total = request.deps.diagnostics.context.refused(
        limit=wanted.limit, offset=wanted.offset
    )
    return page_of(request, RefusedContextObjectPage, map(refused_reply, found), total=total)


def send(request: Request[EmptyBody]) -> Context:
    """Have everything sent again that Sentinel refuses."""
    request.deps.context.send_refused(by=request.user_name)
    return _changed(request.deps)


def withdraw(request: Request[WithdrawContextBody]) -> Context:
    """Allow the withdrawals that are held back."""
    request.deps.context.withdraw(request.input.count, by=request.user_name)
    return _changed(request.deps)


def _changed(deps: ApiDeps) -> Context:
    deps.diagnostics.context.forget()
    return _state(deps)


def _state(deps: ApiDeps) -> Context:
    return context_reply(deps.diagnostics.context.status())
