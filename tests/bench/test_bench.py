"""What the benchmarks measure with, and what they say of the figures."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.object_id import object_keys
from sentinel_app.threatconnect.parse import parse_indicator
from tests.bench import __main__ as bench
from tests.bench import stores
from tests.bench import yardstick as yardstick_module
from tests.bench.context import relate
from tests.bench.goals import GOALS, NOT_MEASURED, Goal
from tests.bench.pace import least_s
from tests.bench.page import page
from tests.bench.rows import BETTER, copied_rows, object_count, rows_of_objects, rows_of_owner
from tests.bench.yardstick import Yardstick
from tests.harness.engine import OWNERS
from tests.harness.waiting import until
from tests.simulators.demo import generate_indicators
from tests.simulators.threatconnect import Store

ROWS = list(generate_indicators(60))


def test_indicator_counts_as_the_objects_that_it_becomes():
    found = [object_count(row) for row in ROWS]

    assert found == [len(object_keys(parse_indicator(row))) for row in ROWS]
    assert set(found) == {1, 3}


@pytest.mark.parametrize('count', [1, 2, 3, 7, 1_000, 12_000])
def test_rows_become_the_requested_number_of_objects(count: int):
    assert sum(map(object_count, rows_of_objects(count))) == count


@pytest.mark.parametrize(('each', 'better'), [(2, 50), (100, 1)])
def test_each_value_lies_in_two_owners_far_apart(each: int, better: int):
    rows = copied_rows(100, first_is_better_each=each)

    assert [row['ownerName'] for row in rows] == [OWNERS[0]] * 100 + [OWNERS[1]] * 100
    assert set(Counter(row['hostName'] for row in rows).values()) == {2}
    assert sum(row['lastModified'] == BETTER for row in rows[:100]) == better
    assert sum(row['lastModified'] == BETTER for row in rows[100:]) == 100 - better
    assert all(
        first['confidence'] != second['confidence']
        for first, second in zip(rows[:100], rows[100:], strict=True)
    )


def test_rows_of_another_owner_fit_beside_the_others():
    store = Store([*ROWS, *rows_of_owner(60, 'Demo Feed', 104)])

    assert Counter(row['ownerName'] == 'Demo Feed' for row in store.rows()) == {True: 60, False: 60}


def test_indicators_have_one_and_a_half_threat_actors_on_average():
    rows = [{**row, 'associatedGroups': {}} for row in ROWS]
    store = Store(rows)
    relate(store, rows, actors=7)
    counts = [len(store.groups.of(row['id'])) for row in rows]

    assert sum(counts) / len(rows) == 1.5
    assert set(counts) == {0, 1, 2}
    assert {group['type'] for group in store.groups.groups()} == set(ActorGroupType)


@pytest.mark.parametrize(('requests', 'least'), [(1, 0), (100, 0), (101, 60), (250, 120)])
def test_last_request_goes_in_the_window_of_its_number(requests: int, least: float):
    assert least_s(requests) == least


def test_sizes_are_those_of_the_files(tmp_path: Path):
    (tmp_path / 'other.json').write_bytes(b'x' * 1_000)
    connection = sqlite3.connect(tmp_path / stores.DATABASE)
    with contextlib.closing(connection):
        connection.execute('PRAGMA journal_mode = WAL')
        connection.execute('CREATE TABLE ledger (key TEXT, value TEXT)')
        connection.execute('CREATE INDEX by_key ON ledger (key)')
        connection.execute('CREATE TABLE other (value TEXT)')
        connection.executemany(
            'INSERT INTO ledger VALUES (?, ?)', ((f'k{n:050}', 'x' * 100) for n in range(2_000))
        )
        connection.executemany('INSERT INTO other VALUES (?)', [('y' * 1_000,)] * 100)
        connection.commit()
        connection.execute('DROP TABLE other')
        connection.commit()

        found = stores.sizes(tmp_path)

    assert found['file_bytes'] == (tmp_path / stores.DATABASE).stat().st_size
    assert found['left_bytes'] > found['file_bytes'] > found['used_bytes']
    assert found['used_bytes'] > found['tables']['ledger'] > 2_000 * (50 * 2 + 100)
    assert found['others_bytes'] == 1_000
    assert 'other' not in found['tables']


def test_yardstick_reports_the_median_over_the_given_time():
    yardstick = Yardstick()
    yardstick._times += [(1.0, 0.009), (2.0, 0.001), (3.0, 0.002), (4.0, 0.004), (5.0, 0.009)]

    assert yardstick.work_ms(2.0, 4.0) == 2.0
    assert yardstick.work_ms(5.1, 5.2) == 4.0


def test_yardstick_is_measured_repeatedly(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(yardstick_module, 'PERIOD_S', 0.01)
    with Yardstick() as yardstick:
        until(lambda: len(yardstick._times) > 2)

    assert yardstick.work_ms(0.0, time.time()) > 0


def goal(most: float, value: float | None) -> Goal:
    figures = {} if value is None else {'it': value}
    return Goal(measure='', most=most, unit='s', pick=lambda _: figures['it'], digits=1)


@pytest.mark.parametrize(
    ('most', 'value', 'said'),
    [
        (60.0, 60.0, 'met'),
        (60.0, 61.5, 'missed by 1.5 s (2%)'),
        (0.0, 2_500.0, 'missed by 2,500.0 s'),
        (60.0, None, NOT_MEASURED),
    ],
)
def test_goal_is_met_or_missed_by_a_stated_margin(most: float, value: float | None, said: str):
    assert goal(most, value).verdict({}) == said


def measured() -> tuple[dict[str, Any], dict[str, Any]]:
    return json.loads(bench.FIGURES.read_text()), json.loads(bench.BEFORE.read_text())


def test_page_shows_the_figures():
    assert page(*measured()) == bench.PAGE.read_text()


def test_each_goal_stands_beside_its_figure_and_the_one_before():
    figures, before = measured()

    lines = page(figures, before).splitlines()

    for each in GOALS:
        (line,) = [line for line in lines if line.startswith(f'| {each.measure} |')]
        assert line.split(' | ')[1:4] == [
            each.shown(each.figure(before)),
            f'<= {each.shown(each.most)}',
            each.shown(each.figure(figures)),
        ]
