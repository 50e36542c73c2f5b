"""Whether patterns find what logs hold, in the judgment of OASIS's own matcher."""

from __future__ import annotations

import pytest

from sentinel_app.core.indicator import IndicatorType
from sentinel_app.core.pattern import PatternStyle
from tests.harness.sighting import SIGHTINGS, Sighting


@pytest.mark.parametrize('style', list(PatternStyle))
@pytest.mark.parametrize('sighting', SIGHTINGS, ids=lambda each: f'{each.kind}-{each.logged}')
def test_pattern_finds_what_the_table_says(sighting: Sighting, style: PatternStyle) -> None:
    assert sighting.is_found(style) is sighting.is_expected(style)


def test_table_covers_every_type_in_the_log_style() -> None:
    found = {each.kind for each in SIGHTINGS if each.is_found_as_logs_write_it}
    assert found == set(IndicatorType)
