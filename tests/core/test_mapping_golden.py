"""The golden examples, and the judgment of `stix2` and `stix2-patterns` over every object."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
import stix2
from hypothesis import given
from hypothesis import strategies as st
from stix2patterns.v21.pattern import Pattern

from sentinel_app.core.indicator import Indicator, IndicatorType
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.threatconnect.parse import parse_indicator
from tests.harness.builders.indicator import make_objects, make_options, make_row
from tests.harness.golden import (
    PAGE,
    Example,
    context_example,
    examples,
    made_context,
    page,
    rows,
)
from tests.harness.soak import IS_SOAK
from tests.harness.strategies import indicators, law


def judge(stix: dict[str, object]) -> None:
    """Raise where an object is not valid STIX 2.1 or says something that the libraries change."""
    # It has `stix2-patterns` validate the pattern, too.
    parsed = stix2.parse(json.dumps(stix), allow_custom=False, version='2.1')
    kept = json.loads(parsed.serialize())
    assert kept.keys() == stix.keys()
    # The library writes these with as many digits as they need, the others with three.
    shorter = {'first_seen', 'last_seen', 'valid_from', 'valid_until'}
    assert {name for name in stix if kept[name] != stix[name]} <= shorter


@pytest.mark.parametrize('example', examples(), ids=lambda example: example.name)
def test_golden_row_becomes_its_objects(example: Example) -> None:
    made = example.made(PatternStyle.AS_IN_THE_GUIDE)
    assert made == example.objects
    assert [list(stix) for stix in made] == [list(stix) for stix in example.objects]


@pytest.mark.parametrize('example', examples(), ids=lambda example: example.name)
def test_log_style_changes_only_name_and_pattern(example: Example) -> None:
    made = example.made(PatternStyle.AS_LOGS_WRITE_IT)
    changes = zip(example.objects, example.as_logs_write_it, strict=True)
    assert made == [stix | change for stix, change in changes]
    assert {name for change in example.as_logs_write_it for name in change} <= {'name', 'pattern'}


def test_golden_groups_become_their_objects() -> None:
    content = context_example()
    made = made_context(content)
    assert made == content['objects']
    assert [list(stix) for stix in made] == [list(stix) for stix in content['objects']]
    for stix in made:
        judge(stix)


def test_golden_examples_cover_every_type() -> None:
    assert {example.row['type'] for example in examples()} == set(IndicatorType)


def test_mapping_page_is_current() -> None:
    assert PAGE.read_text(encoding='utf-8') == page(), 'run: python -m tests.harness.golden'


@pytest.mark.parametrize('pattern', ['[]', "[url:value = 'x'", "[url = 'x']", 'url'])
def test_judge_refuses_a_malformed_pattern(pattern: str) -> None:
    (stix,) = make_objects(parse_indicator(make_row()))
    judge(stix)
    with pytest.raises(stix2.exceptions.InvalidValueError):
        judge({**stix, 'pattern': pattern})


@pytest.mark.slow
@pytest.mark.parametrize('style', list(PatternStyle))
def test_objects_are_valid_stix_and_have_a_pattern(style: PatternStyle) -> None:
    options = make_options(style)
    share = itertools.islice(rows(), 0, None, 1 if IS_SOAK else 5)
    given_rows = [*share, *(example.row for example in examples())]
    objects = [
        stix for row in given_rows for stix in make_objects(parse_indicator(row), options=options)
    ]
    assert len(objects) > len(given_rows)
    for stix in objects:
        judge(stix)
        assert Pattern(stix['pattern']).inspect().comparisons


@pytest.mark.slow
@law
@given(indicators(), st.sampled_from(PatternStyle), st.booleans())
def test_indicators_of_any_content_become_valid_stix(
    indicator: Indicator, style: PatternStyle, has_author: bool
) -> None:
    for stix in make_objects(
        indicator, options=replace(make_options(style), has_author=has_author)
    ):
        judge(stix)
        assert_no_emptiness(stix)


def assert_no_emptiness(value: object) -> None:
    assert value not in (None, '', [], {})
    if isinstance(value, dict):
        for member in value.values():
            assert_no_emptiness(member)
    if isinstance(value, list):
        for member in value:
            assert_no_emptiness(member)


def test_object_of_a_row_with_nothing_optional_has_no_nulls() -> None:
    row = make_row(
        confidence=None, rating=None, threatAssessScore=None, webLink=None, attributes=None,
        tags=None, securityLabels=None, associatedGroups=None,
    )  # fmt: skip
    for stix in make_objects(parse_indicator(row)):
        assert_no_emptiness(stix)
        assert json.loads(stix['description']) == {
            'type': 'Address',
            'summary': '198.51.100.23',
            'ownerName': 'Example Org',
            'associatedGroups': [],
            'attributes': [],
        }
