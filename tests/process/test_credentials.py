"""How the real App proves who it is, and which way its calls go."""

from __future__ import annotations

import re

import pytest

from tests.harness.pem import certificate_pem, key_pem, rsa_key
from tests.harness.running import MakeStand, check_log, run_to_its_end
from tests.simulators.entra import CLIENT_SECRET, Cloud
from tests.simulators.platform.service import AppEndedError
from tests.simulators.proxy import ProxySimulator
from tests.simulators.stand import Stand

pytestmark = pytest.mark.integration

USER = 'dom\\bob@example.com'
PASSWORD = 'p@ss:w/rd %20#?&=+"ü'


def sends(stand: Stand) -> None:
    job = run_to_its_end(stand, stand.threatconnect.store.rows())
    assert (job['status'], job['failure_reason']) == ('Upload Complete', None)
    assert len(stand.sentinel.held_objects()) > 0


class TestCertificate:
    def test_signs_in_without_a_secret(self, make_stand: MakeStand) -> None:
        key = rsa_key()
        # A one-line input field makes blanks of the line breaks.
        pem = (key_pem(key) + certificate_pem(key)).replace('\n', ' ')
        with make_stand(inputs={'client_secret': pem}) as stand:
            stand.entra.app.secrets.clear()
            stand.entra.app.register_certificate(certificate_pem(key).encode())
            stand.app.start()
            sends(stand)
            content = stand.app.log + stand.app.console
            assert not [line for line in key_pem(key).splitlines()[1:-1] if line in content]

    def test_expired_certificate_is_named_with_its_day(self, make_stand: MakeStand) -> None:
        key = rsa_key()
        pem = key_pem(key) + certificate_pem(key, -2)
        with make_stand(inputs={'client_secret': pem}) as stand:
            stand.entra.app.register_certificate(certificate_pem(key, -2).encode())
            stand.app.start()
            token = check_log(stand)['token']
            assert token['status'] == 'failed'
            assert 'The key used is expired.' in token['reason']
            assert re.search(r'expired on \d{4}-\d\d-\d\d\. Make a new one', token['remedy'])

    def test_certificate_unknown_to_the_application_is_reported(
        self, make_stand: MakeStand
    ) -> None:
        key = rsa_key()
        with make_stand(inputs={'client_secret': key_pem(key) + certificate_pem(key)}) as stand:
            stand.app.start()
            token = check_log(stand)['token']
            assert (token['status'], token['code']) == ('failed', 'AZ-TOKEN')
            assert token['remedy'].startswith('Upload the certificate of the PEM')

    def test_unusable_certificate_ends_the_start(self, make_stand: MakeStand) -> None:
        pem = key_pem(rsa_key()) + certificate_pem(rsa_key(1))
        with make_stand(inputs={'client_secret': pem}) as stand:
            with pytest.raises(AppEndedError):
                stand.app.start()
            assert stand.app.exit_code == 1
            assert stand.app.message_tc.startswith('Client Secret (client_secret): is a PEM that ')
            assert 'holds no certificate of its private key' in stand.app.message_tc
            content = stand.app.log + stand.app.console + stand.app.message_tc
            assert not [line for line in pem.splitlines()[1:-1] if line and line in content]


class TestCloud:
    def test_us_government_is_one_choice(self, make_stand: MakeStand) -> None:
        """The stand-ins of that cloud refuse every other scope and audience."""
        with make_stand(cloud=Cloud.GOVERNMENT, inputs={'azure_cloud': 'US Government'}) as stand:
            stand.app.start()
            sends(stand)

    def test_wrong_cloud_is_reported(self, make_stand: MakeStand) -> None:
        with make_stand(cloud=Cloud.GOVERNMENT) as stand:
            stand.app.start()
            token = check_log(stand)['token']
            assert token['status'] == 'failed'
            assert 'Azure Cloud' in token['remedy']


class TestProxy:
    @pytest.mark.parametrize('is_for_threatconnect', ['true', 'false'])
    @pytest.mark.parametrize('is_for_microsoft', ['true', 'false'])
    def test_platforms_inputs_decide_what_goes_through_it(
        self, make_stand: MakeStand, is_for_threatconnect: str, is_for_microsoft: str
    ) -> None:
        with (
            ProxySimulator(USER, PASSWORD) as proxy,
            make_stand(
                # Whatever the environment says: nothing listens there.
                environment={'HTTPS_PROXY': 'http://127.0.0.1:9', 'NO_PROXY': '', 'no_proxy': ''},
                inputs=proxy_inputs(proxy)
                | {'tc_proxy_tc': is_for_threatconnect, 'tc_proxy_external': is_for_microsoft},
            ) as stand,
        ):
            stand.app.start()
            assert {check['status'] for check in check_log(stand).values()} == {'ok'}
            sends(stand)
            ports = stand.ports
            expected = {ports.threatconnect} if is_for_threatconnect == 'true' else set()
            if is_for_microsoft == 'true':
                expected |= {ports.entra, ports.sentinel, ports.logs}
            assert proxy.ports() == expected
            assert {tunnel.status for tunnel in proxy.tunnels} <= {200}
            content = stand.app.log + stand.app.console
            assert PASSWORD not in content
            assert 'p%40ss' not in content

    @pytest.mark.parametrize('password', ['wrong', None])
    def test_proxy_that_refuses_is_reported_as_such(
        self, make_stand: MakeStand, password: str | None
    ) -> None:
        with (
            ProxySimulator(USER, PASSWORD) as proxy,
            make_stand(
                inputs=proxy_inputs(proxy)
                | {'tc_proxy_tc': 'true', 'tc_proxy_external': 'true'}
                | {'tc_proxy_password': password}
            ) as stand,
        ):
            stand.app.start()
            found = check_log(stand)
            for name in ('threatconnect', 'token'):
                assert found[name]['status'] == 'failed'
                assert '407' in found[name]['message'] + found[name]['remedy']
                assert 'proxy inputs' in found[name]['message'] + found[name]['remedy']
            assert proxy.ports() == set()
            assert proxy.ports(407) == {stand.ports.threatconnect, stand.ports.entra}

    def test_unreachable_proxy_is_reported_as_such(self, make_stand: MakeStand) -> None:
        with make_stand(
            inputs={
                'tc_proxy_host': '127.0.0.1',
                'tc_proxy_port': '9',
                'tc_proxy_tc': 'true',
                'tc_proxy_external': 'true',
            }
        ) as stand:
            stand.app.start()
            found = check_log(stand)
            for name in ('threatconnect', 'token'):
                assert found[name]['status'] == 'failed'
                assert 'proxy' in found[name]['message'] + found[name]['remedy']


def proxy_inputs(proxy: ProxySimulator) -> dict[str, str | None]:
    return {
        'tc_proxy_host': '127.0.0.1',
        'tc_proxy_port': str(proxy.port),
        'tc_proxy_username': USER,
        'tc_proxy_password': PASSWORD,
    }


class TestPrivateAuthority:
    def test_calls_are_refused_and_the_remedy_named_without_its_certificate(
        self, make_stand: MakeStand
    ) -> None:
        """With it, by REQUESTS_CA_BUNDLE: every other test here."""
        bundle = '/etc/ssl/certs/ca-certificates.crt'
        with make_stand(environment={'REQUESTS_CA_BUNDLE': bundle}) as stand:
            stand.app.start()
            found = check_log(stand)
            for name in ('threatconnect', 'token'):
                assert found[name]['status'] == 'failed'
                assert 'REQUESTS_CA_BUNDLE' in found[name]['message'] + found[name]['remedy']

    def test_missing_file_is_reported(self, make_stand: MakeStand) -> None:
        with make_stand(environment={'REQUESTS_CA_BUNDLE': '/nowhere/ca.pem'}) as stand:
            stand.app.start()
            found = check_log(stand)
            for name in ('threatconnect', 'token'):
                assert 'REQUESTS_CA_BUNDLE' in found[name]['message'] + found[name]['remedy']


class TestSecret:
    def test_wrong_secret_is_reported_with_a_remedy(self, make_stand: MakeStand) -> None:
        wrong = f'{CLIENT_SECRET[:-4]}wrong'
        with make_stand(inputs={'client_secret': wrong}) as stand:
            stand.app.start()
            token = check_log(stand)['token']
            assert (token['status'], token['code']) == ('failed', 'AZ-TOKEN')
            assert token['remedy'].startswith('The Client Secret input is wrong.')
            assert wrong not in stand.app.log
