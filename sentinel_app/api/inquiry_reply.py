"""What was found out, as the replies of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sentinel_app.api import schemas
from sentinel_app.api.result_reply import query_marks
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.object_id import ObjectKey
from sentinel_app.core.query import QueryList
from sentinel_app.core.text import shortened
from sentinel_app.diagnostics.answer import Answer, Answers
from sentinel_app.diagnostics.check_result import CheckResult
from sentinel_app.diagnostics.lookup import Findings, Refused, SentObject
from sentinel_app.diagnostics.preview import Preview, ShownIndicator
from sentinel_app.diagnostics.row_facts import RowFacts
from sentinel_app.diagnostics.value_copy import ValueCopy
from sentinel_app.diagnostics.verdict import Near

VALID = 'valid STIX 2.1'
LONGEST_WHY = 500
LONGEST_NEAR_VALUE = 300
"""Characters, so that the answers to many values stay below 1 MB."""


def check_reply(results: Sequence[CheckResult]) -> schemas.CheckReport:
    """How everything was found."""
    return schemas.CheckReport(
        checks=[
            schemas.Check(
                name=each.name,
                status=each.status,
                message=each.message,
                remedy=each.remedy,
                reason=each.reason,
                code=each.code,
                elapsed_s=each.elapsed_s,
            )
            for each in results
        ]
    )


def _id_text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _row_members(facts: RowFacts) -> dict[str, str | None]:
    return {
        'id': _id_text(facts.id),
        'type': facts.type,
        'summary': facts.summary,
        'owner': facts.owner_name,
        'web_link': facts.web_link,
    }


def _object_reply(stix: Mapping[str, object], fault: str | None) -> schemas.StixObject:
    return schemas.StixObject(object=dict(stix), is_valid=fault is None, verdict=fault or VALID)


def _shown_reply(shown: ShownIndicator) -> schemas.PreviewIndicator:
    return schemas.PreviewIndicator(
        **_row_members(shown.facts),
        outcome=shown.outcome,
        reason=shown.reason,
        taken_by=shown.taken_by,
        objects=[_object_reply(each.stix, each.fault) for each in shown.objects],
    )


def preview_reply(preview: Preview, higher_ids: Sequence[str]) -> schemas.Preview:
    """What a query would give, below the queries with these ids."""
    return schemas.Preview(
        position=preview.position,
        total_count=preview.total,
        counts=[
            schemas.TypeCount(indicator_type=kind, count=count)
            for kind, count in preview.counts.items()
        ],
        sample_count=preview.sample,
        is_exact=preview.sample >= preview.total,
        indicators=[_shown_reply(each) for each in preview.indicators],
        held_back=[
            schemas.HeldBack(
                outcome=each.outcome,
                count=each.count,
                examples=[
                    schemas.HeldBackExample(summary=summary, reason=reason)
                    for summary, reason in each.examples
                ],
            )
            for each in preview.held_back
        ],
        higher=schemas.HigherQueries(
            count=sum(preview.higher.values()),
            basis='threatconnect' if preview.is_higher_asked else 'ledger',
            queries=[
                schemas.HigherQuery(position=position, query_id=higher_ids[position], count=count)
                for position, count in sorted(preview.higher.items())
            ],
        ),
        estimated_objects=preview.objects,
        estimated_requests=preview.requests,
        estimated_seconds=preview.seconds,
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
        stix=_object_reply(sent.stix, sent.fault),
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
        **_row_members(copy.facts),
        fate=copy.fate,
        reason=copy.reason,
        positions=list(copy.positions),
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


def lookup_reply(found: Answers, saved: QueryList) -> schemas.LookupReply:
    """Return the answers to some values."""
    return schemas.LookupReply(
        rows=[_row_reply(each, saved) for each in found.answers],
        queries=list(query_marks(saved.queries).values()),
        source_error=found.error.message if found.error else None,
    )


def findings_reply(found: Findings, saved: QueryList) -> schemas.Findings:
    """Return everything that is known of a value."""
    # The ledger keeps no links; a copy that is still there has one.
    links = {each.facts.id: each.facts.web_link for each in found.copies}
    return schemas.Findings(
        row=_row_reply(found.answer, saved),
        near=[_near_reply(each, saved) for each in found.answer.near],
        sent=[_sent_reply(each, links) for each in found.sent],
        refused=[_refused_reply(each, saved) for each in found.refused],
        copies=[_copy_reply(each) for each in found.copies],
        queries=list(query_marks(saved.queries).values()),
        source_error=found.error.message if found.error else None,
    )


def type_counts(counts: Mapping[str, int]) -> list[schemas.TypeCount]:
    """Counts by type, in the order in which people know the types."""
    return [
        schemas.TypeCount(indicator_type=kind, count=counts[kind])
        for kind in IndicatorType
        if counts.get(kind)
    ]
