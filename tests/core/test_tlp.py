from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.tlp import Tlp, are_above, read_tlp, strictest
from tests.harness.strategies import any_text, law

LONG = 100_000


def test_levels_are_in_order_of_strictness() -> None:
    assert [level.strictness for level in Tlp] == [0, 1, 2, 3, 4]
    assert list(Tlp) == ['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED']


@pytest.mark.parametrize(
    ('label', 'level'),
    [
        ('TLP:WHITE', Tlp.CLEAR),
        ('TLP:CLEAR', Tlp.CLEAR),
        ('tlp : green ', Tlp.GREEN),
        ('TLP: RED', Tlp.RED),
        ('TLP RED', Tlp.RED),
        ('tlp-red', Tlp.RED),
        ('TLP_RED', Tlp.RED),
        ('TLPRED', Tlp.RED),
        ('TLP = GREEN', Tlp.GREEN),
        ('TLP\uff1aRED', Tlp.RED),
        ('TLP\u2236GREEN', Tlp.GREEN),
        ('TLP\u2013GREEN', Tlp.GREEN),
        ('\uff34\uff2c\uff30\uff1a\uff27\uff32\uff25\uff25\uff2e', Tlp.GREEN),
        ('T L P : AMBER', Tlp.AMBER),
        ('T.L.P. AMBER', Tlp.AMBER),
        ('TLP:AMBER+STRICT', Tlp.AMBER_STRICT),
        ('TLP:AMBER STRICT', Tlp.AMBER_STRICT),
        ('TLP:AMBER-STRICT', Tlp.AMBER_STRICT),
        ('TLP:AMBER + STRICT', Tlp.AMBER_STRICT),
        ('TLPAMBERSTRICT', Tlp.AMBER_STRICT),
        ('\u200bTLP:GREEN', Tlp.GREEN),
        ('\ufeff\u202e TLP:GREEN\u200b', Tlp.GREEN),
        ('\u3164TLP:GREEN', Tlp.GREEN),
        ('TLP:\u00a0GREEN', Tlp.GREEN),
        ('TLP\tGREEN\r\n', Tlp.GREEN),
        ('(TLP:GREEN)', Tlp.GREEN),
        ('"TLP:GREEN".', Tlp.GREEN),
        ('\U0001f7e2 TLP:GREEN', Tlp.GREEN),
        ('T\u0336L\u0336P\u0336:GREEN', Tlp.GREEN),
        ('\u0422L\u0420:RED', Tlp.RED),  # Cyrillic
        ('\u03a4L\u03a1:GREEN', Tlp.GREEN),  # Greek
    ],
)
def test_level_is_read_in_every_spelling_of_it(label: str, level: Tlp) -> None:
    reading = read_tlp(label)
    assert reading is not None
    assert (reading.level, reading.is_understood) == (level, True)


@pytest.mark.parametrize(
    'label',
    [
        'TLP',
        'TLP:',
        'T-L-P',
        'TLP:PURPLE',
        'TLP:REDDISH',
        'TLP:RED ORGANIZATION ONLY',
        'TLP:RED STRICT',
        'TLP:GREEN+STRICT',
        'TLP:CLEAR STRICT',
        'TLP:AMBER+',
        'TLP:AMBER+STRICT+',
        'TLP:GREEN/AMBER',
        'TLP:GREEN, TLP:RED',
        'TLP:>GREEN',
        'TLP:!GREEN',
        '!TLP:GREEN',
        'TLP2:GREEN',
        'TLP 2.0 GREEN',
        'TLPX',
        'TLP:G\u0420EEN',
        'TLP:GREEN' + ' ' * 200 + 'ONLY',
        'TLP' + 'x' * LONG,
    ],
)
def test_unknown_label_beginning_with_tlp_counts_as_the_strictest(label: str) -> None:
    reading = read_tlp(label)
    assert reading is not None
    assert (reading.level, reading.is_understood) == (Tlp.RED, False)


@pytest.mark.parametrize(
    'label', ['', ' ', 'Internal', 'not TLP:RED', 'T. L. Peterson', 'TIP:RED', 'TL:RED', 'Red']
)
def test_label_that_does_not_begin_with_tlp_is_no_tlp_label(label: str) -> None:
    assert read_tlp(label) is None


@pytest.mark.parametrize(
    ('labels', 'level'),
    [
        ((), None),
        (('Internal', 'not TLP:RED'), None),
        (('Internal', 'TLP:GREEN'), Tlp.GREEN),
        (('TLP:GREEN', 'TLP:AMBER', 'TLP:CLEAR'), Tlp.AMBER),
        (('TLP:AMBER', 'TLP:AMBER+STRICT'), Tlp.AMBER_STRICT),
        (('TLP:RED', 'TLP:AMBER+STRICT'), Tlp.RED),
        (('TLP:CLEAR', 'TLP:PURPLE', 'TLP:AMBER'), Tlp.RED),
    ],
)
def test_strictest_of_several_labels_counts(labels: tuple[str, ...], level: Tlp | None) -> None:
    assert strictest(labels) is level


@law
@given(any_text, st.sampled_from(['TLP', 'tlp', ' Tlp', '\u200btlp', '\uff34\uff2c\uff30']))
def test_tlp_without_a_level_is_no_tlp_label(rest: str, beginning: str) -> None:
    assert read_tlp(beginning + rest) is not None


@law
@given(st.lists(any_text | st.sampled_from(list(Tlp))))
def test_further_label_never_makes_a_level_less_strict(labels: list[str]) -> None:
    levels = [strictest(labels[:many]) for many in range(len(labels) + 1)]
    strictness = [-1 if level is None else level.strictness for level in levels]
    assert strictness == sorted(strictness)


@law
@given(st.lists(any_text | st.sampled_from(list(Tlp))), st.sampled_from(Tlp))
def test_labels_are_above_a_level_where_one_of_them_is(labels: list[str], highest: Tlp) -> None:
    each = [strictest([label]) for label in labels]
    above = [level for level in each if level and level.strictness > highest.strictness]
    assert are_above(labels, highest) == bool(above)


@pytest.mark.parametrize('piece', ['\u0301\u0316', ' ', '\u200b', 'TLP', ':', '\ufdfa', '(', 'T L'])
def test_time_to_read_a_label_grows_with_its_length(piece: str) -> None:
    began = time.process_time()
    for text in (piece * (LONG // len(piece)), 'TLP' + piece * LONG):
        read_tlp(text)
    assert time.process_time() - began < 1
