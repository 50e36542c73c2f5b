"""What the inputs of the Service may hold, and what is said when they hold something else."""

from __future__ import annotations

import pickle
import re
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel_app.config.secret import Secret
from sentinel_app.config.settings import (
    LABELS,
    SECRET_INPUTS,
    TTL_INPUTS,
    AzureCloud,
    MaxTlp,
    PatternStyle,
    Settings,
    UiAccess,
    WithdrawPolicy,
    read_settings,
)
from sentinel_app.core.access import ADMIN_ROLES
from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.indicator import IndicatorType
from sentinel_app.errors import ConfigError
from tests.harness.builders.indicator import MD5
from tests.harness.pem import certificate_pem, key_pem, rsa_key

GUID = '9c2d7d5e-4d8a-4a53-8e0f-1b6f6f5e2a11'
MARKER = 'Zx8Q~marker-secret-value.that-is-never-shown'
GOOD: dict[str, object] = {
    'client_id': GUID,
    'client_secret': MARKER,
    'tenant_id': 'b1946ac9-2492-4d23-9c44-95b4d5a6c111',
    'workspace_id': '0f8fad5b-d9cb-469f-a165-70867728950e',
    'sentinel_source_name': 'Demo Organization',
    'threatconnect_access_id': '88391746291837462918',
    'threatconnect_secret_key': MARKER + '-of-threatconnect',
    'schedule_interval_hours': '1',
    **dict.fromkeys(TTL_INPUTS.values(), '720'),
}
OPTIONAL = [name for name in LABELS if name not in GOOD]


def read(**changes: object) -> Settings:
    return read_settings({**GOOD, **changes})


def problems(**changes: object) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(**changes)
    found = caught.value.context['problems']
    assert isinstance(found, tuple)
    assert caught.value.message == '\n'.join(found)
    return found


def problem(**changes: object) -> str:
    found = problems(**changes)
    assert len(found) == 1, found
    (name,) = changes
    assert found[0].startswith(f'{LABELS[name]} ({name}): ')
    assert '\n' not in found[0]
    assert len(found[0]) <= 254, 'the platform would cut it'
    return found[0]


def test_required_inputs_suffice_and_the_rest_have_defaults() -> None:
    settings = read()
    assert settings.client_id == GUID
    assert settings.source_system == 'ThreatConnect-Demo Organization'
    assert settings.schedule_interval_hours == 1.0
    assert settings.reconcile_interval_hours == 168
    assert settings.verify_interval_hours == 24
    assert settings.match_interval_hours == 1
    assert settings.reads_back
    assert settings.withdraw_indicators is WithdrawPolicy.DELETED
    assert settings.withdraw_limit_percent == 20
    assert settings.requests_per_minute == 100
    assert settings.pattern_style is PatternStyle.AS_IN_THE_GUIDE
    assert settings.max_tlp is MaxTlp.ALL
    assert settings.never_send.networks == ()
    assert settings.context_objects is ContextChoice.NONE
    assert settings.actor_group_types == set(ActorGroupType)
    assert settings.ui_access is UiAccess.ANY_SIGNED_IN_USER
    assert settings.admin_roles == ADMIN_ROLES
    assert settings.retention_days == 30
    assert settings.login_url == 'https://login.microsoftonline.com'
    assert settings.sentinel_url == 'https://api.ti.sentinel.azure.com'
    assert settings.scope == 'https://management.azure.com/.default'
    assert settings.logs_url == 'https://api.loganalytics.azure.com'
    assert settings.logs_scope == 'https://api.loganalytics.io/.default'
    assert not settings.signs_in_by_certificate


@pytest.mark.parametrize('absent', ['', None, '   ', [], [''], '\n'])
@pytest.mark.parametrize('name', OPTIONAL)
def test_optional_input_left_empty_has_its_default(name: str, absent: object) -> None:
    assert read(**{name: absent}) == read()


@pytest.mark.parametrize('absent', ['', None, '  '])
@pytest.mark.parametrize('name', sorted(GOOD))
def test_required_input_left_empty_is_named(name: str, absent: object) -> None:
    assert 'is missing' in problem(**{name: absent})


def test_required_input_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({})
    named = [text.partition(' (')[2].partition(')')[0] for text in caught.value.message.split('\n')]
    assert named == list(GOOD), 'one message each, in the order of the form'


def test_ttl_can_be_set_for_every_indicator_type() -> None:
    hours = {name: str(100 + at) for at, name in enumerate(TTL_INPUTS.values())}
    settings = read(**hours)
    assert set(settings.ttl_hours) == {kind.value for kind in IndicatorType}
    for at, kind in enumerate(TTL_INPUTS):
        assert settings.ttl_hours[kind] == 100 + at


@pytest.mark.parametrize('value', ['24', ' 24 ', '24.0', '+24', '24.', 24, 24.0, ['24'], b'24'])
def test_whole_number_is_read_however_it_is_written(value: object) -> None:
    assert read(ttl_hours_file=value).ttl_hours['File'] == 24


@pytest.mark.parametrize(
    ('value', 'fault'),
    [
        ('0', '"0" is out of range. Give a whole number from 1 to 876000.'),
        ('-5', 'out of range'),
        ('24.5', 'is not a whole number'),
        ('abc', '"abc" is not a number'),
        ('1,5', 'Write fractions with a point'),
        ('1e3', 'is not a number'),
        ('nan', 'is not a number'),
        ('inf', 'is not a number'),
        ('0x10', 'is not a number'),
        ('٣', 'is not a number'),
        ('1_000', 'is not a number'),
        ('9' * 400, 'is not a number'),
        ('876001', 'is out of range'),
        (True, '"true" is not a number'),
        (False, '"false" is not a number'),
        (['1', '2'], 'holds 2 values'),
    ],
)
def test_positive_integer_input_refuses_anything_else(value: object, fault: str) -> None:
    assert fault in problem(ttl_hours_url=value)


@pytest.mark.parametrize(('value', 'hours'), [('0.5', 0.5), ('.25', 0.25), ('1', 1.0), (2, 2.0)])
def test_schedule_takes_fractions(value: object, hours: float) -> None:
    assert read(schedule_interval_hours=value).schedule_interval_hours == hours


@pytest.mark.parametrize('value', ['0', '-1', '0.0', '8785'])
def test_schedule_refuses_intervals_that_never_or_always_run(value: str) -> None:
    fault = 'is out of range. Give a number above 0 and up to 8784.'
    assert fault in problem(schedule_interval_hours=value)


@pytest.mark.parametrize(
    ('name', 'low', 'high'),
    [
        ('reconcile_interval_hours', 0, 8784),
        ('withdraw_limit_percent', 0, 100),
        ('requests_per_minute', 1, 100),
        ('retention_days', 1, 36500),
    ],
)
def test_limits_of_each_number(name: str, low: int, high: int) -> None:
    for value in (low, high):
        assert getattr(read(**{name: str(value)}), name) == value
    for value in (low - 1, high + 1):
        assert f'from {low} to {high}' in problem(**{name: str(value)})


@pytest.mark.parametrize('name', ['client_id', 'workspace_id', 'tenant_id'])
@pytest.mark.parametrize('value', [GUID.upper(), f'{{{GUID}}}', f'  {GUID}\n'])
def test_guid_is_accepted_with_braces_blanks_and_capitals(name: str, value: str) -> None:
    assert getattr(read(**{name: value}), name) == GUID


@pytest.mark.parametrize('name', ['client_id', 'workspace_id'])
@pytest.mark.parametrize('value', [GUID[:-1], GUID + '0', 'my-workspace', f'{{{GUID}', True, 7])
def test_guid_that_is_invalid_is_refused_without_being_shown(name: str, value: object) -> None:
    text = problem(**{name: value})
    assert 'is not a GUID. Copy it from' in text
    assert str(value) not in text.partition(': ')[2]


def test_tenant_may_be_a_domain() -> None:
    assert read(tenant_id='Contoso.OnMicrosoft.com').tenant_id == 'contoso.onmicrosoft.com'


@pytest.mark.parametrize('value', ['common', 'organizations', 'Consumers'])
def test_tenant_for_all_is_refused(value: str) -> None:
    assert 'names no single tenant' in problem(tenant_id=value)


@pytest.mark.parametrize('value', ['contoso', 'https://contoso.com', 'a b.com', 'x/../y.com'])
def test_tenant_that_is_invalid_is_refused(value: str) -> None:
    assert 'is neither a GUID nor a domain' in problem(tenant_id=value)


def test_secret_id_is_refused_as_a_secret_value() -> None:
    text = problem(client_secret=GUID)
    assert "that is the secret's ID, not its value" in text
    assert GUID not in text


@pytest.mark.parametrize('name', sorted(GOOD))
def test_variable_that_was_not_filled_in_is_named(name: str) -> None:
    text = problem(**{name: '&{TC:KEYCHAIN:4dc9202e-6945-4364-aa40-4b47655046d2}'})
    assert 'holds a variable that ThreatConnect did not fill in' in text


def test_secrets_are_stripped_of_pasted_blanks() -> None:
    settings = read(client_secret=f' {MARKER}\n', threatconnect_secret_key=f'\t{MARKER} ')
    assert settings.client_secret.value == MARKER
    assert settings.threatconnect_secret_key.value == MARKER


@pytest.mark.parametrize('name', sorted(SECRET_INPUTS))
def test_secret_over_two_lines_is_refused_without_being_shown(name: str) -> None:
    text = problem(**{name: f'{MARKER}\n{MARKER}'})
    assert MARKER not in text


@pytest.mark.parametrize('newline', ['\n', '\r\n', ' ', '\\n', '\\r\\n'])
def test_certificate_is_accepted_however_its_lines_arrive(newline: str) -> None:
    key = rsa_key()
    text = key_pem(key) + certificate_pem(key)
    settings = read(client_secret=text.replace('\n', newline))
    assert settings.signs_in_by_certificate
    assert settings.client_secret.value == text


def test_certificate_that_cannot_work_is_refused_without_being_shown() -> None:
    """What is refused and why: `test_pem.py`."""
    key = rsa_key()
    found = problem(client_secret=key_pem(key, b'words') + certificate_pem(key))
    assert found.startswith('Client Secret (client_secret): is a PEM that holds a private key with')
    assert key_pem(key).splitlines()[1] not in found


def test_source_name_may_have_only_what_sentinel_accepts() -> None:
    assert len(read(sentinel_source_name='x' * 242).source_system) == 256
    assert 'has 243 characters. Sentinel takes 242' in problem(sentinel_source_name='x' * 243)
    assert 'line break' in problem(sentinel_source_name='a\nb')


@pytest.mark.parametrize('value', ['a:b', 'a b'])
def test_access_id_cannot_break_the_signature(value: str) -> None:
    assert 'blank or a colon' in problem(threatconnect_access_id=value)


@pytest.mark.parametrize(
    ('name', 'choices'),
    [
        ('azure_cloud', AzureCloud),
        ('withdraw_indicators', WithdrawPolicy),
        ('pattern_style', PatternStyle),
        ('max_tlp', MaxTlp),
        ('context_objects', ContextChoice),
        ('ui_access', UiAccess),
    ],
)
def test_choice_is_one_of_its_choices(name: str, choices: type[AzureCloud]) -> None:
    for choice in choices:
        for written in (choice.value, choice.value.upper(), f' {choice.value.lower()} '):
            assert getattr(read(**{name: written}), name) is choice
    text = problem(**{name: 'Nonesuch'})
    assert '"Nonesuch" is not one of the choices' in text
    for choice in choices:
        assert f'"{choice.value}"' in text


def test_government_cloud_brings_its_own_addresses() -> None:
    settings = read(azure_cloud='US Government')
    assert settings.login_url == 'https://login.microsoftonline.us'
    assert settings.sentinel_url == 'https://api.ti.sentinel.azure.us'
    assert settings.scope == 'https://management.usgovcloudapi.net/.default'
    assert settings.logs_url == 'https://api.loganalytics.us'
    assert settings.logs_scope == 'https://api.loganalytics.us/.default'


@pytest.mark.parametrize(
    ('value', 'origin'),
    [
        ('https://Login.Example.com/', 'https://login.example.com'),
        ('https://127.0.0.1:8443', 'https://127.0.0.1:8443'),
        ('HTTPS://localhost:1/', 'https://localhost:1'),
        ('https://[::1]:8443/', 'https://[::1]:8443'),
    ],
)
@pytest.mark.parametrize('name', ['login_url', 'sentinel_url', 'logs_url'])
def test_address_replaces_that_of_the_cloud(name: str, value: str, origin: str) -> None:
    assert getattr(read(**{name: value}), name) == origin


@pytest.mark.parametrize(
    'value',
    [
        'http://login.example.com',
        'login.example.com',
        'https://',
        'https://a.com/path',
        'https://a.com?x=1',
        'https://a.com/?',
        'https://a.com/#',
        f'https://user:{MARKER}@a.com',
        'https://a b.com',
        'https://a.com:port',
        'https://a.com:99999',
        'https://[::1',
    ],
)
@pytest.mark.parametrize('name', ['login_url', 'sentinel_url', 'logs_url'])
def test_origin_that_is_not_https_is_refused(name: str, value: str) -> None:
    text = problem(**{name: value})
    assert 'is not the https address of a host. Write it like https://' in text
    assert MARKER not in text


@pytest.mark.parametrize(
    'value',
    [
        f'10.0.0.0/8|2001:db8::/32|192.0.2.7|example.com|*.Evil.example.|PRIVATE|.corp|{MD5}|EMPTY',
        (
            ' 10.0.0.0/8 | 2001:db8::/32||192.0.2.7|example.com|evil.example|private|.corp'
            f'|example.com|{MD5.lower()} |empty'
        ),
        [
            '10.0.0.0/8',
            '2001:db8::/32',
            '192.0.2.7',
            'example.com|evil.example',
            'private',
            '.corp',
            f'{MD5}|empty',
        ],
        (
            '10.0.0.0/8\n2001:db8::/32\r\n192.0.2.7\nexample.com\nevil.example\nprivate\n.corp\n'
            f'{MD5}\nempty'
        ),
    ],
)
def test_never_send_accepts_blocks_addresses_domains_hashes_and_words(value: object) -> None:
    never_send = read(never_send=value).never_send
    assert set(never_send.networks) == {
        ip_network('10.0.0.0/8'),
        ip_network('2001:db8::/32'),
        ip_network('192.0.2.7/32'),
    }
    assert set(never_send.domains) == {'example.com', 'evil.example', 'corp'}
    assert never_send.hashes == {MD5}
    assert never_send.is_private
    assert never_send.is_empty_file


@pytest.mark.parametrize(
    ('value', 'fault'),
    [
        ('privat', '"privat" is not an address block, a domain, a hash or one of the words'),
        (MD5[:31], 'a hash or one of the words private and empty'),
        (MD5 * 4, 'a domain, a hash'),
        ('10.0.0.1/8', "'10.0.0.1/8' is an address inside a block; write '10.0.0.0/8'"),
        ('https://example.com', 'a domain without scheme'),
        ('user@example.com', 'is not a domain'),
        ('10.0.0.0/33', 'is not an address or a CIDR block'),
        ('1.2.3', 'is not an address or a CIDR block'),
        ('ex ample.com', 'is not a domain'),
        (MARKER, 'holds a long entry'),
    ],
)
def test_never_send_refuses_entries_that_would_hold_nothing_back(value: str, fault: str) -> None:
    text = problem(never_send=f'example.com|{value}')
    assert fault in text
    assert MARKER not in text


@pytest.mark.parametrize(
    ('value', 'roles'),
    [
        ('TIP Lead', ('TIP Lead',)),
        (' TIP Lead | Duty Officer|', ('TIP Lead', 'Duty Officer')),
        (['TIP Lead', 'Duty Officer|Owner'], ('TIP Lead', 'Duty Officer', 'Owner')),
        ('', ADMIN_ROLES),
        ('|', ADMIN_ROLES),
        ([], ADMIN_ROLES),
        (None, ADMIN_ROLES),
    ],
)
def test_administrator_roles_are_read_as_they_are_written(
    value: object, roles: tuple[str, ...]
) -> None:
    assert read(admin_roles=value).admin_roles == roles


@pytest.mark.parametrize(
    ('value', 'types'),
    [
        ('Threat', {ActorGroupType.THREAT}),
        (' intrusion set | ADVERSARY |', {ActorGroupType.ADVERSARY, ActorGroupType.INTRUSION_SET}),
        (['Threat', 'Threat', ''], {ActorGroupType.THREAT}),
        ('Adversary|Intrusion Set|Threat', set(ActorGroupType)),
    ],
)
def test_only_the_actor_group_types_that_are_named_count(
    value: object, types: set[ActorGroupType]
) -> None:
    assert read(actor_group_types=value).actor_group_types == types


@pytest.mark.parametrize('value', ['Campaign', 'Threat|Campaign', 'Threat|Campaign|Malware'])
def test_group_type_that_is_no_actor_is_refused(value: str) -> None:
    assert problem(actor_group_types=value).endswith(
        '"Campaign" is not one of the choices. Choose one of "Adversary", "Intrusion Set", '
        '"Threat".'
    )


def test_each_bad_entry_of_never_send_is_named() -> None:
    assert len(problems(never_send='one|two|example.com')) == 2


def test_first_bad_entries_are_named_and_the_rest_counted() -> None:
    found = problems(never_send='|'.join(f'entry{number}' for number in range(1_000)))
    assert len(found) == 21
    assert '980 more entries are wrong' in found[-1]


def test_problems_are_reported_together_in_the_order_of_the_form() -> None:
    found = problems(retention_days='0', client_id='x', max_tlp='y', client_secret='')
    named = [text.partition(' (')[2].partition(')')[0] for text in found]
    assert named == ['client_id', 'client_secret', 'max_tlp', 'retention_days']


def test_inputs_of_the_platform_are_ignored() -> None:
    assert read(tc_api_path='https://x', tc_token=object()) == read()


@pytest.mark.parametrize('name', [name for name in LABELS if name not in SECRET_INPUTS])
def test_secret_in_the_wrong_input_is_not_shown(name: str) -> None:
    if name in {'sentinel_source_name', 'threatconnect_access_id', 'admin_roles', 'notify'}:
        read(**{name: MARKER})  # any text may be one of these
    else:
        assert MARKER[:12] not in problem(**{name: MARKER})


ANY_TEXT = st.text() | st.sampled_from(['\ud800', 'a\0b', '\ud83d\ude00'])
ONE = ANY_TEXT | st.integers() | st.floats() | st.booleans() | st.none() | st.binary(max_size=8)
ANY_VALUE = ONE | st.lists(ONE, max_size=2) | st.just({'a': ['b']}) | st.just([['b']])


@given(st.dictionaries(st.sampled_from(sorted(LABELS)), ANY_VALUE))
def test_inputs_of_any_kind_yield_settings_or_messages(changes: dict[str, object]) -> None:
    try:
        settings = read(**changes)
    except ConfigError as error:
        error.message.encode()
        for line in error.message.split('\n'):
            assert re.match(r'.+ \([a-z_]+\): .+', line)
    else:
        texts = (*settings.secrets, settings.sentinel_source_name, *settings.admin_roles)
        assert '\0' not in ''.join(texts)
        ''.join((*texts, settings.threatconnect_access_id)).encode()


@pytest.mark.parametrize('name', LABELS)
@pytest.mark.parametrize(
    'value', ['ab\ud800', '\ud83d\ude00', 'a\0b', ['\udfff'], {'a': 1}, [['x']]]
)
def test_unencodable_text_is_refused_by_every_input(name: str, value: object) -> None:
    fault = problem(**{name: value})
    assert 'half of a character' in fault or 'is not text' in fault


def test_number_of_thousands_of_digits_is_refused() -> None:
    assert 'is not text' in problem(retention_days=10**5000)


def test_settings_and_secrets_never_show_a_secret() -> None:
    settings = read()
    for shown in (repr(settings), str(settings), f'{settings.client_secret}'):
        assert MARKER not in shown
    secret = Secret(MARKER)
    assert MARKER not in f'{secret!r} {secret!s} {secret:>20} {secret}'
    assert settings.secrets == (MARKER, f'{MARKER}-of-threatconnect')
    with pytest.raises(TypeError, match='cannot be pickled'):
        pickle.dumps(secret)
    with pytest.raises(AttributeError):
        _ = secret.__dict__


def test_secrets_equal_only_secrets_of_the_same_value() -> None:
    assert Secret('a') == Secret('a')
    assert Secret('a') != Secret('b')
    assert Secret('a') != 'a'
    assert len({Secret('a'), Secret('a')}) == 1
    assert not Secret('')
    assert Secret('x')


def test_international_tenant_domain_is_converted_to_ascii() -> None:
    assert read(tenant_id='bücher.example').tenant_id == 'xn--bcher-kva.example'
    assert 'is neither' in problem(tenant_id='bü..cher.example')


def test_file_that_is_not_text_is_refused() -> None:
    assert 'is not text' in problems(client_secret=b'\xff\xfe\x00')[0]
