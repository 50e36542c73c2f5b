"""Inquiries are made at a pace at which time-outs of seconds make sense."""

from __future__ import annotations

import pytest


@pytest.fixture(scope='module')
def speed() -> float:
    return 4.0
