"""Context objects as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable

from sentinel_app.api import schemas
from sentinel_app.api.wait_reply import pause_reply
from sentinel_app.core.context_key import ContextKind
from sentinel_app.core.context_outbox import ContextAccount
from sentinel_app.core.context_report import (
    ContextRefusal,
    RefusedContext,
    RelatedObject,
    ShownActor,
    ShownGroup,
)
from sentinel_app.diagnostics.context_report import ContextStatus

_NAMES: dict[ContextKind, schemas.ContextKindName] = {
    ContextKind.IDENTITY: 'identity',
    ContextKind.ACTOR: 'actor',
    ContextKind.RELATIONSHIP: 'relationship',
}


def context_reply(status: ContextStatus) -> schemas.Context:
    """Return how Context stands."""
    counts, error = status.counts, status.error
    return schemas.Context(
        choice=status.choice,
        actor_types=list(status.actor_types),
        live=[
            schemas.ContextCount(kind=name, count=counts.live.get(kind, 0))
            for kind, name in _NAMES.items()
        ],
        count_waiting=counts.waiting,
        count_due=counts.due,
        count_refused=counts.refused,
        count_unwanted=counts.unwanted,
        count_held_back=counts.held_back,
        seconds_left=status.left_s,
        requests_per_minute=status.requests_per_minute,
        date_ended=counts.ended,
        error=None
        if error is None
        else schemas.ContextError(
            code=error.code, message=error.message, reason=error.reason or ''
        ),
        pause=None if status.pause is None else pause_reply(status.pause),
    )


def actor_reply(actor: ShownActor) -> schemas.Actor:
    """Return one threat actor."""
    refusal = actor.refusal
    return schemas.Actor(
        id=str(actor.id),
        stix_id=actor.stix_id,
        name=actor.name,
        state=actor.state,
        groups=_group_replies(actor.groups),
        aliases=list(actor.aliases),
        count_objects=actor.objects,
        tlp=actor.tlp,
        refusal=None if refusal is None else _refusal_reply(refusal),
    )


def actor_name_reply(actor: ShownActor) -> schemas.ActorName:
    """Return a threat actor of a value."""
    return schemas.ActorName(
        id=str(actor.id),
        stix_id=actor.stix_id,
        name=actor.name,
        state=actor.state,
        groups=_group_replies(actor.groups),
    )


def related_reply(related: RelatedObject) -> schemas.RelatedIndicator:
    """Return an object of an Indicator of a threat actor."""
    return schemas.RelatedIndicator(
        id=str(related.indicator_id),
        type=related.type,
        summary=related.summary,
        owner=related.owner_name,
        web_link=related.web_link,
        value=related.value,
        hash_kind=related.hash_kind,
        state=related.state,
    )


def refused_reply(refused: RefusedContext) -> schemas.RefusedContextObject:
    """Return a context object that Sentinel refuses."""
    return schemas.RefusedContextObject(
        id=str(refused.id),
        kind=_NAMES[refused.kind],
        stix_id=refused.stix_id,
        name=refused.name,
        summary=refused.summary,
        is_live=refused.is_live,
        refusal=_refusal_reply(refused.refusal),
    )


def account_members(account: ContextAccount | None) -> dict[str, object]:
    """Return what became of the context objects that a Job has called for, if it has for any."""
    if account is None:
        return {'count_context': None, 'context': None}
    return {
        'count_context': account.accepted,
        'context': schemas.JobContext(
            waiting=account.waiting,
            sent=account.sent,
            withdrawn=account.withdrawn,
            refused=account.refused,
            left_out=account.left_out,
        ),
    }


def _group_replies(groups: Iterable[ShownGroup]) -> list[schemas.ActorGroup]:
    return [
        schemas.ActorGroup(
            id=str(group.id),
            type=group.type,
            name=group.name,
            owner=group.owner_name,
            web_link=group.web_link,
        )
        for group in groups
    ]


def _refusal_reply(refusal: ContextRefusal) -> schemas.ContextRefusal:
    return schemas.ContextRefusal(
        code=refusal.code,
        reason=refusal.reason,
        date_refused=refusal.at,
        attempts=refusal.attempts,
    )
