"""What people call a TQL query that has neither a name nor TQL."""

from __future__ import annotations

from sentinel_app.core.indicator import IndicatorType
from tests.harness.builders.app_state import make_query


def test_types_have_the_names_of_the_screens() -> None:
    types = (IndicatorType.EMAIL_ADDRESS, IndicatorType.HOST)
    query = make_query(tql='', owners=('A', 'B'), indicator_types=types)
    assert query.label == 'All Email Address, Host Indicators in A, B'
    every = make_query(tql='', owners=('A',), indicator_types=tuple(IndicatorType))
    assert every.label == 'All Indicators in A'
