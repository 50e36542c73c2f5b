"""What the App depends on, each thing failing in turn: the check at the start writes it to the log
and `api/health/check` answers with it, both with the same remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from sentinel_app.diagnostics.check_result import CheckName
from tests.harness.running import MakeStand, begin_update, check_log, updates_have_ended
from tests.harness.waiting import until
from tests.simulators.stand import Stand

pytestmark = pytest.mark.integration


def nothing(_stand: Stand) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that goes wrong.

    Args:
        failing: the check that finds it.
        code: the failing check's; none where it is not an error of a call.
        message: what its message begins with.
        reason: what the other side's own words begin with.
        remedy: what is to be done, word for word.
        skipped: the checks that cannot be made then.
        warning: whether it only warns, as nothing that is sent depends on it.
        also: the checks that warn beside it.
        prepare: makes it go wrong, before the App is started.
        mend: makes it right again.
        inputs: those that differ.
    """

    failing: CheckName
    message: str
    remedy: str
    reason: str = ''
    code: str | None = None
    skipped: tuple[CheckName, ...] = ()
    warning: bool = False
    also: tuple[CheckName, ...] = ()
    prepare: Callable[[Stand], object] = nothing
    mend: Callable[[Stand], object] = nothing
    inputs: dict[str, str] = field(default_factory=dict)


NETWORK = (
    "Check that firewalls and proxies let the App's host through, and that the inputs name the "
    'right address.'
)
OF_THREATCONNECT = (CheckName.OWNERS, CheckName.PAGING, CheckName.CLOCK)


def make_disk_refuse(stand: Stand) -> None:
    # A folder where a file is to be written: that stops root, too.
    (stand.app.folders.out / 'ms_sentinel' / '.write-test').mkdir(parents=True)


def make_disk_take(stand: Stand) -> None:
    shutil.rmtree(stand.app.folders.out / 'ms_sentinel' / '.write-test')


def take_owners_away(stand: Stand) -> None:
    users = stand.threatconnect.gate.users
    for access_id, user in users.items():
        users[access_id] = replace(user, owners=frozenset())


def give_owners_back(stand: Stand) -> None:
    users = stand.threatconnect.gate.users
    for access_id, user in users.items():
        users[access_id] = replace(user, owners=None)


CASES = {
    'threatconnect': Case(
        failing=CheckName.THREATCONNECT,
        code='TC-READ',
        message='ThreatConnect did not answer. The connection failed: ',
        remedy=NETWORK,
        skipped=(CheckName.SIGN_IN, *OF_THREATCONNECT),
        prepare=lambda stand: stand.threatconnect.faults.on('drop'),
        mend=lambda stand: stand.threatconnect.faults.off(),
    ),
    'sign-in': Case(
        failing=CheckName.SIGN_IN,
        code='TC-AUTH',
        message='ThreatConnect refused the credentials',
        remedy='Check the ThreatConnect Secret Key input;',
        skipped=OF_THREATCONNECT,
        inputs={'threatconnect_secret_key': 'of another user'},
    ),
    'owners': Case(
        failing=CheckName.OWNERS,
        message='The API user cannot read the Indicators of any owner.',
        remedy='Give the API user a role that can read Indicators in these owners.',
        skipped=(CheckName.PAGING,),
        prepare=take_owners_away,
        mend=give_owners_back,
    ),
    'paging': Case(
        failing=CheckName.PAGING,
        message='ThreatConnect does not sort by id',
        remedy='Nothing is left out',
        prepare=lambda stand: stand.threatconnect.faults.on('ignores_id_filter'),
        mend=lambda stand: stand.threatconnect.faults.off(),
    ),
    'clock': Case(
        failing=CheckName.CLOCK,
        message='The clocks differ by ',
        remedy='Synchronize both clocks by NTP, at least the one of the App server.',
        prepare=lambda stand: stand.threatconnect.faults.on('clock_skew', seconds=150),
        mend=lambda stand: stand.threatconnect.faults.off(),
    ),
    'token': Case(
        failing=CheckName.TOKEN,
        code='AZ-TOKEN',
        message='Microsoft Entra ID refused an access token.',
        reason='AADSTS7000215',
        remedy="The Client Secret input is wrong. Give the secret's value",
        skipped=(CheckName.WORKSPACE, CheckName.READ_BACK),
        inputs={'client_secret': 'Abc8Q~of-another-application'},
    ),
    'role': Case(
        failing=CheckName.WORKSPACE,
        code='AZ-403',
        message='The application may not ',
        remedy='',
        prepare=lambda stand: setattr(stand.sentinel.settings, 'has_role', False),
        mend=lambda stand: setattr(stand.sentinel.settings, 'has_role', True),
    ),
    'workspace': Case(
        failing=CheckName.WORKSPACE,
        code='AZ-404',
        message='',
        remedy='',
        also=(CheckName.READ_BACK,),
        inputs={'workspace_id': '99999999-2222-4333-8444-555555555555'},
    ),
    'sentinel': Case(
        failing=CheckName.WORKSPACE,
        code='AZ-5XX',
        message='Sentinel did not answer. The connection failed: ',
        remedy=NETWORK,
        prepare=lambda stand: stand.sentinel.faults.add('drop-before'),
        mend=lambda stand: stand.sentinel.faults.clear(),
    ),
    'read-back': Case(
        failing=CheckName.READ_BACK,
        code='AZ-QUERY-403',
        message='The application may not query the workspace.',
        reason='InsufficientAccessError: ',
        remedy='Data.Read',
        warning=True,
        prepare=lambda stand: setattr(stand.logs.settings, 'has_access', False),
        mend=lambda stand: setattr(stand.logs.settings, 'has_access', True),
    ),
    'query-host': Case(
        failing=CheckName.READ_BACK,
        code='AZ-QUERY-5XX',
        message='Log Analytics did not answer. The connection failed: ',
        remedy=NETWORK,
        warning=True,
        prepare=lambda stand: stand.logs.faults.add('drop'),
        mend=lambda stand: stand.logs.faults.clear(),
    ),
    'disk': Case(
        failing=CheckName.DISK,
        code='RUN-DISK',
        message='The data folder ',
        remedy='Check its permissions.',
        prepare=make_disk_refuse,
        mend=make_disk_take,
    ),
}


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_failing_dependency_is_detected_with_its_remedy(make_stand: MakeStand, case: Case) -> None:
    with make_stand(inputs=case.inputs) as stand:
        case.prepare(stand)
        stand.app.start()
        at_start = check_log(stand)
        reply = stand.api('POST', 'api/health/check', {})
        assert reply.status_code == 200
        asked = {check['name']: check for check in reply.json()['checks']}
        assert [*at_start] == [*asked] == [*CheckName]
        for found in (at_start, asked):
            failed = [name for name in found if found[name]['status'] == 'failed']
            assert failed == ([] if case.warning else [case.failing]), found
            warned = [name for name in found if found[name]['status'] == 'warning']
            assert warned == ([case.failing] if case.warning else [*case.also]), found
            skipped = [name for name in found if found[name]['status'] == 'skipped']
            assert skipped == [*case.skipped]
            check = found[case.failing]
            assert check.get('code') == case.code
            assert check['message'].startswith(case.message)
            assert check.get('reason', '').startswith(case.reason)
            assert case.remedy in check['remedy']
            assert check['remedy']
        state = stand.api('GET', 'api/health').json()['status']
        assert state == ('healthy' if case.warning else 'degraded')
        assert at_start[case.failing]['remedy'] == asked[case.failing]['remedy']
        case.mend(stand)
        if not case.inputs:
            again = stand.api('POST', 'api/health/check', {}).json()['checks']
            assert {check['status'] for check in again} == {'ok'}


def test_owner_of_a_query_that_the_user_lost_is_named(make_stand: MakeStand) -> None:
    with make_stand() as stand:
        stand.app.start()
        begin_update(stand, stand.threatconnect.store.rows())
        until(lambda: updates_have_ended(stand))
        users = stand.threatconnect.gate.users
        for access_id, user in users.items():
            users[access_id] = replace(user, owners=frozenset({'Demo Organization'}))
        (check,) = (
            check
            for check in stand.api('POST', 'api/health/check', {}).json()['checks']
            if check['name'] == 'owners'
        )
        assert check['status'] == 'failed'
        assert check['message'].startswith('The API user cannot read the Indicators of ')
        assert 'Demo Organization' not in check['message']
        assert check['remedy'].startswith('Give the API user a role there, or remove the owner')


def test_success_is_reported_and_the_organization_becomes_known(make_stand: MakeStand) -> None:
    with make_stand() as stand:
        stand.app.start()
        found = check_log(stand)
        assert {check['status'] for check in found.values()} == {'ok'}
        # The request without an object, and nothing else.
        assert [request.stored_count for request in stand.sentinel.requests] == [0]
        assert stand.sentinel.status_counts[429] == 0
        service = stand.api('GET', 'api/health').json()['service']
        assert service['organization'] == 'Demo Organization'
