from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.core.access import ADMIN_ROLES, is_administrator
from tests.harness.strategies import any_text, law


@pytest.mark.parametrize('role', ADMIN_ROLES)
def test_platforms_own_administrators_count(role: str) -> None:
    assert is_administrator(role, ADMIN_ROLES)


@pytest.mark.parametrize(
    'role',
    [
        'organization administrator',
        ' ORGANIZATION \t Administrator\n',
        'Organization\u00a0Administrator',
        '\uff2frganization Administrator',
    ],
)
def test_roles_match_regardless_of_case_blanks_and_width(role: str) -> None:
    assert is_administrator(role, ADMIN_ROLES)
    assert is_administrator('Organization Administrator', (role,))


@pytest.mark.parametrize(
    'role',
    [
        '',
        ' ',
        'User',
        'Read Only User',
        'Api User',
        'Non-administrator (read only)',
        'Administrators',
        'Administrator of nothing',
        'Administ rator',
        'OrganizationAdministrator',
        'Organization Administrator|User',
        'Organization Administrator\u200b',
        'Administrator\x00',
        '\u0410dministrator',  # Cyrillic
        '\ud800',
    ],
)
def test_roles_that_are_not_listed_are_refused(role: str) -> None:
    assert not is_administrator(role, ADMIN_ROLES)


def test_roles_of_the_input_replace_the_platforms_own() -> None:
    assert is_administrator('tip  lead', ('TIP Lead', 'Duty Officer'))
    assert not is_administrator('Administrator', ('TIP Lead', 'Duty Officer'))


@law
@given(any_text)
def test_no_user_counts_where_no_role_does(role: str) -> None:
    assert not is_administrator(role, ())
    assert not is_administrator(role, ('', ' '))


@law
@given(any_text, st.lists(any_text))
def test_role_counts_by_its_whole_name_alone(role: str, others: list[str]) -> None:
    assert is_administrator(role, (*others, role)) is (role.strip() != '')
    assert not is_administrator(f'{role} x', (role, 'y'))


def test_long_role_is_refused_at_once() -> None:
    began = time.process_time()
    assert not is_administrator('\u0301\u0316' * 50_000, ('\u0301\u0316' * 50_000,))
    assert time.process_time() - began < 1
