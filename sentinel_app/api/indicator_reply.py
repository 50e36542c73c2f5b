"""What is known of values, as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_app.api import schemas
from sentinel_app.api.context_reply import actor_name_reply
from sentinel_app.api.match_reply import value_matches_reply
from sentinel_app.api.query_reply import query_marks
from sentinel_app.api.stix_reply import row_members, stix_reply
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.query import QueryList
from sentinel_app.core.text import shortened
from sentinel_app.diagnostics.answer import Answer, Answers
from sentinel_app.diagnostics.context_report import ContextReports
from sentinel_app.diagnostics.lookup import Findings, Refused, SentObject
from sentinel_app.diagnostics.match_report import MatchReport
from sentinel_app.diagnostics.value_copy import ValueCopy
from sentinel_app.diagnostics.verdict import Near

LONGEST_WHY = 500
LONGEST_NEAR_VALUE = 300
"""Characters, so that the answers to many values stay below 1 MB."""


def lookup_reply(found: Answers, saved: QueryList) -> schemas.LookupReply:
    """Return the answers to some values."""
    return schemas.LookupReply(
        rows=[_row_reply(each, saved) for each in found.answers],
        queries=list(query_marks(saved.queries).values()),
        source_error=found.error.message if found.error else None,
    )


def findings_reply(
    found: Findings, saved: QueryList, report: MatchReport, context: ContextReports
) -> schemas.Findings:
    """Return everything that is known of a value."""
    objects = [each.object for each in found.held]
    matches = report.of_objects(objects)
    # The ledger keeps no links; a copy that is still there has one.
    links = {each.facts.id: each.facts.web_link for each in found.copies}
    return schemas.Findings(
        row=_row_reply(found.answer, saved),
        near=[_near_reply(each, saved) for each in found.answer.near],
        sent=[_sent_reply(each, links) for each in found.sent],
        refused=[_refused_reply(each, saved) for each in found.refused],
        copies=[_copy_reply(each) for each in found.copies],
        matches=value_matches_reply(matches, report),
        actors=[actor_name_reply(each) for each in context.actors_of(objects)],
        queries=list(query_marks(saved.queries).values()),
        source_error=found.error.message if found.error else None,
    )


def _row_reply(answer: Answer, saved: QueryList) -> schemas.LookupRow:
    judgment = answer.judgment
    return schemas.LookupRow(
        given=answer.given,
        times=answer.times,
        value=answer.value,
        shown=answer.shown,
        types=list(answer.types),
        verdict=judgment.verdict,
        why=shortened(judgment.why, LONGEST_WHY),
        objects=judgment.objects,
        owner=answer.owner_name,
        query_id=answer.query_id,
        position=answer.position,
        first_sent=answer.first_sent_at,
        last_sent=answer.last_sent_at,
        valid_until=answer.valid_until_at,
        near=_near_reply(answer.near[0], saved) if answer.near else None,
    )


def _near_reply(near: Near, saved: QueryList) -> schemas.NearObject:
    held = near.holding
    return schemas.NearObject(
        relation=near.relation,
        type=held.type,
        value=shortened(near.value, LONGEST_NEAR_VALUE),
        owner=held.owner_name,
        query_id=held.query_id,
        position=saved.position(held.query_id),
        first_sent=held.first_sent_at,
        last_sent=held.modified_at,
        valid_until=held.valid_until_at,
    )


def _sent_reply(sent: SentObject, links: Mapping[int | None, str | None]) -> schemas.SentObject:
    record = sent.record
    return schemas.SentObject(
        id=str(record.indicator_id),
        type=record.indicator_type,
        summary=record.summary,
        owner=record.owner_name,
        web_link=links.get(record.indicator_id),
        hash_kind=ObjectKey.from_text(record.object_key).hash_kind,
        state=sent.state,
        query_id=record.query_id,
        position=sent.position,
        request_id=record.request_id,
        first_sent=record.first_sent_at,
        date_sent=record.modified_at,
        valid_until=record.valid_until_at,
        generation=record.generation,
        stix_id=record.object_id,
        sentinel_id=sent.sentinel_id,
        kql=sent.kql,
        portal_link=sent.portal_link,
        stix=stix_reply(sent.stix, sent.fault),
    )


def _refused_reply(refused: Refused, saved: QueryList) -> schemas.RefusedObject:
    known, error = refused.object, refused.error
    return schemas.RefusedObject(
        object_key=known.object_key,
        indicator_id=str(known.indicator_id),
        query_id=known.query_id,
        position=saved.position(known.query_id),
        attempts=known.attempts,
        error=schemas.ObjectError(
            request_id=error.request_id,
            date_added=error.at,
            code=error.code,
            reason=error.reason,
        )
        if error
        else None,
    )


def _copy_reply(copy: ValueCopy) -> schemas.IndicatorCopy:
    return schemas.IndicatorCopy(
        **row_members(copy.facts),
        fate=copy.fate,
        reason=copy.reason,
        positions=list(copy.positions),
    )
