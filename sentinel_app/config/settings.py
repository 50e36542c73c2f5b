"""Typed settings from the inputs of the Service."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sentinel_app.config.inputs import Inputs, domain, guid, show
from sentinel_app.config.pem import PemError, is_pem, read_pem
from sentinel_app.config.secret import Secret
from sentinel_app.core.access import ADMIN_ROLES
from sentinel_app.core.context_choice import ActorGroupType, ContextChoice
from sentinel_app.core.never_send import (
    EMPTY_WORD,
    PRIVATE_WORD,
    NeverSend,
    is_hash,
    merged,
    parse_never_send,
)
from sentinel_app.core.pattern import PatternStyle
from sentinel_app.core.query import WithdrawPolicy
from sentinel_app.core.recipient import Recipients, read_recipients
from sentinel_app.core.tlp import Tlp
from sentinel_app.errors import ConfigError

SOURCE_SYSTEM_PREFIX: Final = 'ThreatConnect-'
# Source: STIX objects upload API, request body.
SOURCE_SYSTEM_LENGTH: Final = 256
# Source: STIX objects upload API, throttling limits.
REQUESTS_PER_MINUTE_LIMIT: Final = 100
# The App's own limits, so that every date is within the calendar: a hundred years, and a year.
_TTL_HOURS_LIMIT: Final = 876_000
_INTERVAL_HOURS_LIMIT: Final = 8_784
_RETENTION_DAYS_LIMIT: Final = 36_500
_PERCENT: Final = 100
_MOST_FAULTS: Final = 20
_TOO_LONG_ENTRY: Final = (
    'holds a long entry that is not an address block, a domain or an MD5, SHA-1 or SHA-256 hash. '
    'Write entries like 192.0.2.0/24|example.com|private.'
)

# Indicator types as spelled by ThreatConnect v3, and the input with the TTL of each.
TTL_INPUTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        'Address': 'ttl_hours_address',
        'ASN': 'ttl_hours_asn',
        'CIDR': 'ttl_hours_cidr',
        'EmailAddress': 'ttl_hours_email_address',
        'Email Subject': 'ttl_hours_email_subject',
        'File': 'ttl_hours_file',
        'Host': 'ttl_hours_host',
        'Registry Key': 'ttl_hours_registry_key',
        'URL': 'ttl_hours_url',
    }
)

# All inputs of the Service and their labels, in the order of the form.
LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        'client_id': 'Client ID',
        'client_secret': 'Client Secret',  # pragma: allowlist secret
        'tenant_id': 'Tenant ID',
        'workspace_id': 'Sentinel Workspace ID',
        'sentinel_source_name': 'Sentinel Source Name',
        'threatconnect_access_id': 'ThreatConnect Access ID',
        'threatconnect_secret_key': 'ThreatConnect Secret Key',  # pragma: allowlist secret
        'schedule_interval_hours': 'Schedule Interval Hours',
        'ttl_hours_address': 'TTL Hours - Address',
        'ttl_hours_asn': 'TTL Hours - ASN',
        'ttl_hours_cidr': 'TTL Hours - CIDR',
        'ttl_hours_email_address': 'TTL Hours - Email Address',
        'ttl_hours_email_subject': 'TTL Hours - Email Subject',
        'ttl_hours_file': 'TTL Hours - File',
        'ttl_hours_host': 'TTL Hours - Host',
        'ttl_hours_registry_key': 'TTL Hours - Registry Key',
        'ttl_hours_url': 'TTL Hours - URL',
        'azure_cloud': 'Azure Cloud',
        'reconcile_interval_hours': 'Reconcile Interval Hours',
        'verify_interval_hours': 'Verify Interval Hours',
        'match_interval_hours': 'Match Interval Hours',
        'withdraw_indicators': 'Withdraw Indicators',
        'withdraw_limit_percent': 'Withdraw Limit Percent',
        'requests_per_minute': 'Requests per Minute',
        'pattern_style': 'Pattern Style',
        'max_tlp': 'Highest TLP to Send',
        'never_send': 'Never Send',
        'context_objects': 'Context Objects',
        'actor_group_types': 'Actor Group Types',
        'ui_access': 'UI Access',
        'admin_roles': 'Administrator Roles',
        'notify': 'Notify',
        'retention_days': 'Retention Days',
        'login_url': 'Microsoft Login URL',
        'sentinel_url': 'Sentinel Upload URL',
        'logs_url': 'Log Analytics Query URL',
    }
)

SECRET_INPUTS: Final = frozenset({'client_secret', 'threatconnect_secret_key'})


class AzureCloud(StrEnum):
    """Microsoft cloud of the workspace, which determines authority, scope and host.

    Source: STIX objects upload API; Microsoft's connector templates for Azure Government.
    """

    PUBLIC = 'Public'
    US_GOVERNMENT = 'US Government'

    @property
    def login_url(self) -> str:
        """Origin of the sign-in service."""
        is_public = self is AzureCloud.PUBLIC
        return f'https://login.microsoftonline.{"com" if is_public else "us"}'

    @property
    def scope(self) -> str:
        """Scope of the access token."""
        host = 'azure.com' if self is AzureCloud.PUBLIC else 'usgovcloudapi.net'
        return f'https://management.{host}/.default'

    @property
    def portal_host(self) -> str:
        """Host of the portal for manual queries."""
        return f'security.microsoft.{"com" if self is AzureCloud.PUBLIC else "us"}'

    @property
    def sentinel_url(self) -> str:
        """Origin of the upload API."""
        return f'https://api.ti.sentinel.azure.{"com" if self is AzureCloud.PUBLIC else "us"}'

    @property
    def logs_scope(self) -> str:
        """Scope of the access token for the query API, which is that of its older host.

        Source: learn.microsoft.com/azure/azure-monitor/logs/api/access-api; Azure CLI's clouds.
        """
        return f'https://api.loganalytics.{"io" if self is AzureCloud.PUBLIC else "us"}/.default'

    @property
    def logs_url(self) -> str:
        """Origin of the Log Analytics query API."""
        return f'https://api.loganalytics.{"azure.com" if self is AzureCloud.PUBLIC else "us"}'


class MaxTlp(StrEnum):
    """Choices of the strictest TLP level that is sent."""

    ALL = 'All'
    CLEAR = 'TLP:CLEAR'
    GREEN = 'TLP:GREEN'
    AMBER = 'TLP:AMBER'
    AMBER_STRICT = 'TLP:AMBER+STRICT'

    @property
    def level(self) -> Tlp | None:
        """TLP level; None for no limit."""
        return None if self is MaxTlp.ALL else Tlp(self.value)


class UiAccess(StrEnum):
    """Choices of who may use the page and its API."""

    ANY_SIGNED_IN_USER = 'Any signed-in user'
    ADMINISTRATORS_ONLY = 'Administrators only'


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Validated and typed inputs of the Service.

    Attributes:
        client_secret: the secret of the Entra application, or a PEM with its private key and
            certificate; see `signs_in_by_certificate`.
        tenant_id: a GUID or a domain.
        actor_group_types: the types of Groups that are threat actors for `context_objects`; never
            empty.
        admin_roles: the whole names of the roles that count as administrators for `ui_access`.
        notify: the recipients of ThreatConnect notifications about problems.
        ttl_hours: the TTL by Indicator type as spelled by ThreatConnect v3.
        reconcile_interval_hours: the interval of reconcile updates; 0 for never.
        verify_interval_hours: the interval of comparing the ledger with Sentinel; 0 for never.
        match_interval_hours: the interval of reading Sentinel's alerts; 0 for never.
        withdraw_limit_percent: the share of the ledger, from 0 to 100.
        login_url: an https origin without a trailing slash, as are `sentinel_url` and
            `logs_url`.
    """

    client_id: str
    client_secret: Secret
    tenant_id: str
    workspace_id: str
    sentinel_source_name: str
    threatconnect_access_id: str
    threatconnect_secret_key: Secret
    schedule_interval_hours: float
    ttl_hours: Mapping[str, int]
    azure_cloud: AzureCloud = AzureCloud.PUBLIC
    reconcile_interval_hours: int = 168
    verify_interval_hours: int = 24
    match_interval_hours: int = 1
    withdraw_indicators: WithdrawPolicy = WithdrawPolicy.DELETED
    withdraw_limit_percent: int = 20
    requests_per_minute: int = REQUESTS_PER_MINUTE_LIMIT
    pattern_style: PatternStyle = PatternStyle.AS_IN_THE_GUIDE
    max_tlp: MaxTlp = MaxTlp.ALL
    never_send: NeverSend = field(default_factory=NeverSend)
    context_objects: ContextChoice = ContextChoice.NONE
    actor_group_types: frozenset[ActorGroupType] = frozenset(ActorGroupType)
    ui_access: UiAccess = UiAccess.ANY_SIGNED_IN_USER
    admin_roles: tuple[str, ...] = ADMIN_ROLES
    notify: Recipients = field(default_factory=Recipients)
    retention_days: int = 30
    login_url: str = AzureCloud.PUBLIC.login_url
    sentinel_url: str = AzureCloud.PUBLIC.sentinel_url
    logs_url: str = AzureCloud.PUBLIC.logs_url

    @property
    def source_system(self) -> str:
        """Source system of the Indicators in Sentinel."""
        return f'{SOURCE_SYSTEM_PREFIX}{self.sentinel_source_name}'

    @property
    def scope(self) -> str:
        """Scope of the access token."""
        return self.azure_cloud.scope

    @property
    def logs_scope(self) -> str:
        """Scope of the access token for the query API."""
        return self.azure_cloud.logs_scope

    @property
    def reads_back(self) -> bool:
        """Whether the workspace is read by schedule."""
        return bool(self.verify_interval_hours or self.match_interval_hours)

    @property
    def signs_in_by_certificate(self) -> bool:
        """Whether `client_secret` is a PEM with a private key and its certificate."""
        return is_pem(self.client_secret.value)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must not appear in any log line."""
        return (self.client_secret.value, self.threatconnect_secret_key.value)


def read_settings(inputs: Mapping[str, object]) -> Settings:
    """Return the settings from the inputs of the Service.

    Args:
        inputs: the inputs by name; values are text, bool, number or list. Unknown inputs are
            ignored.

    Raises:
        ConfigError: an input is missing or invalid. `context['problems']` has one message for each
            problem, in the order of the form; the error's own message has one on each line.
    """
    reader = Inputs(inputs, LABELS)
    settings = _read(reader)
    if reader.problems:
        order = list(LABELS)
        problems = sorted(reader.problems, key=lambda text: order.index(_name_in(text)))
        raise ConfigError('\n'.join(problems), context={'problems': tuple(problems)})
    return settings


def _name_in(problem: str) -> str:
    """Return the name of a problem's input."""
    return problem.partition(' (')[2].partition(')')[0]


def _read(reader: Inputs) -> Settings:
    cloud = reader.choice('azure_cloud', AzureCloud, AzureCloud.PUBLIC)
    application = 'Copy it from the overview page of the application in Entra ID.'
    workspace = 'Copy it from the overview page of the Log Analytics workspace.'
    return Settings(
        client_id=reader.identifier('client_id', application),
        client_secret=_client_secret(reader),
        tenant_id=_tenant_id(reader),
        workspace_id=reader.identifier('workspace_id', workspace),
        sentinel_source_name=_source_name(reader),
        threatconnect_access_id=_access_id(reader),
        threatconnect_secret_key=Secret(reader.line('threatconnect_secret_key')),
        schedule_interval_hours=reader.positive_number(
            'schedule_interval_hours', high=_INTERVAL_HOURS_LIMIT
        ),
        ttl_hours=MappingProxyType(
            {
                kind: reader.integer(name, low=1, high=_TTL_HOURS_LIMIT)
                for kind, name in TTL_INPUTS.items()
            }
        ),
        azure_cloud=cloud,
        reconcile_interval_hours=reader.integer(
            'reconcile_interval_hours', low=0, high=_INTERVAL_HOURS_LIMIT, default=168
        ),
        verify_interval_hours=reader.integer(
            'verify_interval_hours', low=0, high=_INTERVAL_HOURS_LIMIT, default=24
        ),
        match_interval_hours=reader.integer(
            'match_interval_hours', low=0, high=_INTERVAL_HOURS_LIMIT, default=1
        ),
        withdraw_indicators=reader.choice(
            'withdraw_indicators', WithdrawPolicy, WithdrawPolicy.DELETED
        ),
        withdraw_limit_percent=reader.integer(
            'withdraw_limit_percent', low=0, high=_PERCENT, default=20
        ),
        requests_per_minute=reader.integer(
            'requests_per_minute',
            low=1,
            high=REQUESTS_PER_MINUTE_LIMIT,
            default=REQUESTS_PER_MINUTE_LIMIT,
        ),
        pattern_style=reader.choice('pattern_style', PatternStyle, PatternStyle.AS_IN_THE_GUIDE),
        max_tlp=reader.choice('max_tlp', MaxTlp, MaxTlp.ALL),
        never_send=_never_send(reader),
        context_objects=reader.choice('context_objects', ContextChoice, ContextChoice.NONE),
        actor_group_types=reader.choices('actor_group_types', ActorGroupType),
        ui_access=reader.choice('ui_access', UiAccess, UiAccess.ANY_SIGNED_IN_USER),
        admin_roles=tuple(reader.entries('admin_roles')) or ADMIN_ROLES,
        notify=read_recipients(reader.entries('notify')),
        retention_days=reader.integer(
            'retention_days', low=1, high=_RETENTION_DAYS_LIMIT, default=30
        ),
        login_url=reader.https_origin('login_url', cloud.login_url),
        sentinel_url=reader.https_origin('sentinel_url', cloud.sentinel_url),
        logs_url=reader.https_origin('logs_url', cloud.logs_url),
    )


def _client_secret(reader: Inputs) -> Secret:
    name = 'client_secret'
    text = reader.text(name)
    fault = ''
    if is_pem(text):
        try:
            text = read_pem(text).text
        except PemError as error:
            fault = error.fault
    elif guid(text):
        fault = (
            "is a GUID: that is the secret's ID, not its value. Copy the column Value of the "
            'secret; Entra ID shows it only once, so make a new secret if it is lost.'
        )
    elif not text.isprintable() or ' ' in text:
        fault = 'holds a blank or a control character. Copy the value of the secret again.'
    if fault:
        reader.add_fault(name, fault)
    return Secret(text)


def _tenant_id(reader: Inputs) -> str:
    name = 'tenant_id'
    text = reader.line(name)
    found = guid(text) or domain(text)
    if text and not found:
        shared = text.casefold() in {'common', 'organizations', 'consumers'}
        fault = 'names no single tenant.' if shared else 'is neither a GUID nor a domain.'
        reader.add_fault(
            name, f'{fault} Copy the Directory (tenant) ID from the application in Entra ID.'
        )
    return found or ''


def _source_name(reader: Inputs) -> str:
    name = 'sentinel_source_name'
    text = reader.line(name)
    longest = SOURCE_SYSTEM_LENGTH - len(SOURCE_SYSTEM_PREFIX)
    if len(text) > longest:
        reader.add_fault(
            name, f'has {len(text)} characters. Sentinel takes {longest} at most; shorten it.'
        )
    return text


def _access_id(reader: Inputs) -> str:
    name = 'threatconnect_access_id'
    text = reader.line(name)
    if re.search(r'[\s:]', text):
        reader.add_fault(
            name,
            'holds a blank or a colon. Copy the Access ID of the API user from ThreatConnect.',
        )
    return text


def _never_send(reader: Inputs) -> NeverSend:
    name = 'never_send'
    kept, faults = [], []
    for entry in reader.entries(name):
        if _is_single_label(entry):
            faults.append(
                f'{show(entry)} is not an address block, a domain, a hash or one of the words '
                'private and empty. Write them like 192.0.2.0/24|example.com|private, and a top '
                'label with a dot: .corp'
            )
            continue
        try:
            kept.append(parse_never_send(entry))
        except ValueError as error:
            faults.append(f'{error}.' if show(entry).startswith('"') else _TOO_LONG_ENTRY)
    for fault in faults[:_MOST_FAULTS]:
        reader.add_fault(name, fault)
    if len(faults) > _MOST_FAULTS:
        more = len(faults) - _MOST_FAULTS
        reader.add_fault(name, f'{more:,} more entries are wrong. Correct them too.')
    return merged(kept)


def _is_single_label(entry: str) -> bool:
    """Return whether an entry is an unknown word: more likely a slip than a top-level domain."""
    is_known = entry.casefold() in {PRIVATE_WORD, EMPTY_WORD} or is_hash(entry)
    return not is_known and not re.search(r'[.:/]', entry.rstrip('.'))
