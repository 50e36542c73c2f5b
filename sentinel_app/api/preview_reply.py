"""What a TQL query would return, as the API shows it."""

from __future__ import annotations

from collections.abc import Sequence

from sentinel_app.api import schemas
from sentinel_app.api.stix_reply import row_members, stix_reply
from sentinel_app.diagnostics.preview import Preview, PreviewContext, ShownIndicator


def preview_reply(preview: Preview, higher_ids: Sequence[str]) -> schemas.Preview:
    """Return what a query would return, below the queries with these ids."""
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
        context=None if preview.context is None else _context_reply(preview.context),
    )


def _context_reply(context: PreviewContext) -> schemas.PreviewContext:
    estimate = context.estimate
    return schemas.PreviewContext(
        estimated_identities=estimate.identities,
        estimated_actors=estimate.actors,
        estimated_relationships=estimate.relationships,
        estimated_left_out=estimate.left_out,
        estimated_requests=context.requests,
        estimated_seconds=context.seconds,
    )


def _shown_reply(shown: ShownIndicator) -> schemas.PreviewIndicator:
    return schemas.PreviewIndicator(
        **row_members(shown.facts),
        outcome=shown.outcome,
        reason=shown.reason,
        taken_by=shown.taken_by,
        objects=[stix_reply(each.stix, each.fault) for each in shown.objects],
    )
