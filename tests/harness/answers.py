"""Answers of other systems, as the network adapters read them."""

from __future__ import annotations

from collections.abc import Mapping

from sentinel_app.network.exchange import Answer, SizeLimit
from sentinel_app.redactor import Redactor

LIMIT = SizeLimit(body_bytes=1 << 20, values=100_000)


def answer(
    status: int = 200,
    body: bytes = b'',
    headers: Mapping[str, str] | None = None,
    *,
    redactor: Redactor | None = None,
) -> Answer:
    return Answer(
        status=status,
        headers=headers or {},
        body=body,
        limit=LIMIT,
        redactor=redactor or Redactor(),
    )
