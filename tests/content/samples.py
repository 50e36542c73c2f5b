"""For each rule, events that it must find and events that it must not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sentinel_app.core.indicator import HashKind, Indicator, IndicatorType
from tests.harness.builders.indicator import MD5, NOW, SHA1, SHA256, make_indicator

Event = Mapping[str, Any]

INDICATORS: Mapping[str, Indicator] = {
    'ipv4': make_indicator(IndicatorType.ADDRESS),
    'ipv6': make_indicator(IndicatorType.ADDRESS, value='2001:db8:0:0:0:0:0:5'),
    'asn': make_indicator(IndicatorType.ASN),
    'block4': make_indicator(IndicatorType.CIDR),
    'block6': make_indicator(IndicatorType.CIDR, value='2001:db8:7:0:0:0:0:0/48'),
    'email': make_indicator(IndicatorType.EMAIL_ADDRESS),
    'subject': make_indicator(IndicatorType.EMAIL_SUBJECT, value="Your boss's \\ invoice"),
    'file': make_indicator(
        IndicatorType.FILE,
        hashes=((HashKind.MD5, MD5), (HashKind.SHA1, SHA1), (HashKind.SHA256, SHA256)),
    ),
    'host': make_indicator(IndicatorType.HOST),
    'registry': make_indicator(IndicatorType.REGISTRY_KEY),
    'registry-key-only': make_indicator(
        IndicatorType.REGISTRY_KEY,
        value='HKEY_CURRENT_USER\\Software\\Only',
        summary='HKEY_CURRENT_USER\\Software\\Only :   : REG_NONE',
        registry_value_name='',
        registry_value_type='REG_NONE',
    ),
    'url': make_indicator(IndicatorType.URL),
}
"""One at least of each type, and one for each case that a rule treats in its own way."""

LONG_AGO = (NOW - dt.timedelta(hours=2)).isoformat()


def make_alert(
    alert_id: str, indicator_id: str, *, minutes_ago: int = 30, **values: Any
) -> dict[str, Any]:
    """A row of `SecurityAlert`, as a rule of the content writes it."""
    at = (NOW - dt.timedelta(minutes=minutes_ago)).isoformat()
    details = json.dumps({'IndicatorId': [indicator_id], 'Owner': ['Example Org']})
    return {
        'TimeGenerated': at,
        'StartTime': at,
        'EndTime': at,
        'SystemAlertId': alert_id,
        'AlertName': 'A rule',
        'AlertSeverity': 'High',
        'ExtendedProperties': json.dumps({'Custom Details': details}),
        **values,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Events of one rule's table."""

    type: IndicatorType
    table: str
    hits: tuple[tuple[str, Event], ...]
    """Each with the Indicator that it must be found by; no two end in one row of the answer."""
    misses: tuple[Event, ...]


def _device(**values: Any) -> Event:
    account = {'InitiatingProcessAccountUpn': 'jdoe@example.com'}
    return {'DeviceName': 'pc-7.corp.example.com', **account, **values}


def _sign_in(address: str, **values: Any) -> Event:
    return {'UserPrincipalName': 'jdoe@example.com', 'IPAddress': address, **values}


def _mail(**values: Any) -> Event:
    return {
        'NetworkMessageId': '0f0e0d0c',
        'SenderFromAddress': 'friend@example.net',
        'SenderMailFromAddress': 'bounce@example.net',
        'RecipientEmailAddress': 'jdoe@example.com',
        'Subject': 'Lunch',
        **values,
    }


def _lookup(**values: Any) -> Event:
    return {'Computer': 'dns-1.corp.example.com', 'ClientIP': '10.1.2.3', **values}


_KEY = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Ex\\Run'

SAMPLES: Mapping[str, Sample] = {
    'address-dns': Sample(
        type=IndicatorType.ADDRESS,
        table='DnsEvents',
        hits=(
            ('ipv4', _lookup(Name='a.example', IPAddresses='192.0.2.1, 198.51.100.23')),
            ('ipv6', _lookup(Name='b.example', IPAddresses='2001:db8::5')),
        ),
        misses=(
            _lookup(Name='a.example', IPAddresses='198.51.100.2,98.51.100.23'),
            _lookup(Name='a.example', IPAddresses=''),
            _lookup(Name='a.example', IPAddresses='198.51.100.23', TimeGenerated=LONG_AGO),
        ),
    ),
    'address-firewall': Sample(
        type=IndicatorType.ADDRESS,
        table='CommonSecurityLog',
        hits=(
            ('ipv4', {'SourceIP': '10.1.2.3', 'DestinationIP': '198.51.100.23'}),
            ('ipv6', {'SourceIP': '2001:DB8::0005', 'DestinationIP': '10.1.2.3'}),
        ),
        misses=(
            {'SourceIP': '10.1.2.3', 'DestinationIP': '198.51.100.24'},
            {'SourceIP': '', 'DestinationIP': 'unknown'},
        ),
    ),
    'address-network': Sample(
        type=IndicatorType.ADDRESS,
        table='DeviceNetworkEvents',
        hits=(
            ('ipv4', _device(RemoteIP='198.51.100.23')),
            ('ipv4', _device(RemoteIP='::ffff:198.51.100.23')),
            ('ipv6', _device(RemoteIP='2001:db8::5')),
        ),
        misses=(
            _device(RemoteIP='198.51.100.24'),
            # The first address of a block that is a CIDR, not an Address.
            _device(RemoteIP='203.0.113.0'),
            _device(RemoteIP='198.51.100.23', TimeGenerated=LONG_AGO),
            _device(RemoteIP=''),
        ),
    ),
    'address-sign-in': Sample(
        type=IndicatorType.ADDRESS,
        table='SigninLogs',
        hits=(
            ('ipv4', _sign_in('198.51.100.23')),
            ('ipv6', _sign_in('2001:0db8:0000::0005')),
        ),
        misses=(_sign_in('198.51.100.230'), _sign_in('198.51.100.23', TimeGenerated=LONG_AGO)),
    ),
    'asn-sign-in': Sample(
        type=IndicatorType.ASN,
        table='SigninLogs',
        hits=(('asn', _sign_in('192.0.2.1', AutonomousSystemNumber='64500')),),
        misses=(
            _sign_in('192.0.2.1', AutonomousSystemNumber='6450'),
            _sign_in('192.0.2.1', AutonomousSystemNumber='164500'),
            _sign_in('192.0.2.1'),
        ),
    ),
    'cidr-firewall': Sample(
        type=IndicatorType.CIDR,
        table='CommonSecurityLog',
        hits=(
            ('block4', {'SourceIP': '203.0.113.200', 'DestinationIP': '10.1.2.3'}),
            ('block6', {'SourceIP': '10.1.2.3', 'DestinationIP': '2001:db8:7::1'}),
        ),
        misses=(
            {'SourceIP': '203.0.112.255', 'DestinationIP': '203.0.114.1'},
            {'SourceIP': '2001:db8:8::1', 'DestinationIP': ''},
        ),
    ),
    'cidr-network': Sample(
        type=IndicatorType.CIDR,
        table='DeviceNetworkEvents',
        hits=(
            ('block4', _device(RemoteIP='203.0.113.9')),
            ('block4', _device(RemoteIP='::FFFF:203.0.113.255')),
            ('block6', _device(RemoteIP='2001:db8:7:ffff::1')),
        ),
        misses=(
            _device(RemoteIP='203.0.114.0'),
            _device(RemoteIP='2001:db8:8::'),
            _device(RemoteIP='198.51.100.23'),
            _device(RemoteIP='203.0.113.9', TimeGenerated=LONG_AGO),
        ),
    ),
    'cidr-sign-in': Sample(
        type=IndicatorType.CIDR,
        table='SigninLogs',
        hits=(('block4', _sign_in('203.0.113.0')), ('block6', _sign_in('2001:DB8:7::5'))),
        misses=(_sign_in('203.0.12.9'), _sign_in('2001:db7:7::5')),
    ),
    'email-address': Sample(
        type=IndicatorType.EMAIL_ADDRESS,
        table='EmailEvents',
        hits=(
            ('email', _mail(SenderFromAddress='Phish@Example.COM')),
            (
                'email',
                _mail(
                    SenderMailFromAddress='phish@example.com', RecipientEmailAddress='b@x.example'
                ),
            ),
            ('email', _mail(RecipientEmailAddress='phish@example.com')),
        ),
        misses=(
            _mail(SenderFromAddress='not.phish@example.com'),
            _mail(SenderFromAddress='phish@sub.example.com'),
            _mail(SenderFromAddress='phish@example.com', TimeGenerated=LONG_AGO),
        ),
    ),
    'email-subject': Sample(
        type=IndicatorType.EMAIL_SUBJECT,
        table='EmailEvents',
        hits=(('subject', _mail(Subject=" YOUR boss's \\ Invoice ")),),
        misses=(_mail(Subject="Re: Your boss's \\ invoice"), _mail(Subject='')),
    ),
    'file': Sample(
        type=IndicatorType.FILE,
        table='DeviceFileEvents',
        hits=(
            ('file', _device(FileName='a.exe', FolderPath='C:\\a.exe', MD5=MD5.lower())),
            ('file', _device(FileName='b.exe', FolderPath='C:\\b.exe', SHA1=SHA1)),
            ('file', _device(FileName='c.exe', FolderPath='C:\\c.exe', SHA256=SHA256.lower())),
        ),
        misses=(
            _device(FileName='a.exe', MD5=MD5[::-1]),
            # The digits of one hash in the column of another.
            _device(FileName='a.exe', SHA256=MD5),
            _device(FileName='a.exe'),
        ),
    ),
    'host-dns': Sample(
        type=IndicatorType.HOST,
        table='DnsEvents',
        hits=(('host', _lookup(Name='C2.Example.net.')),),
        misses=(
            _lookup(Name='a.c2.example.net'),
            _lookup(Name='example.net'),
            _lookup(Name='c2.example.net', TimeGenerated=LONG_AGO),
        ),
    ),
    'host-network': Sample(
        type=IndicatorType.HOST,
        table='DeviceNetworkEvents',
        hits=(
            ('host', _device(RemoteUrl='https://C2.example.net:8443/a?b')),
            ('host', _device(RemoteUrl='c2.example.net', DeviceName='pc-8')),
        ),
        misses=(
            _device(RemoteUrl='https://a.c2.example.net/'),
            _device(RemoteUrl='https://other.example/c2.example.net'),
            _device(RemoteUrl=''),
        ),
    ),
    'registry-key': Sample(
        type=IndicatorType.REGISTRY_KEY,
        table='DeviceRegistryEvents',
        hits=(
            ('registry', _device(RegistryKey=_KEY, RegistryValueName='Loader')),
            (
                'registry',
                _device(
                    PreviousRegistryKey='HKLM\\Software\\Ex\\Run\\',
                    PreviousRegistryValueName='loader',
                ),
            ),
            (
                'registry-key-only',
                _device(
                    RegistryKey='HKEY_CURRENT_USER\\S-1-5-21-1-2-3-1001\\Software\\Only',
                    RegistryValueName='anything',
                ),
            ),
        ),
        misses=(
            _device(RegistryKey=_KEY, RegistryValueName='other'),
            _device(RegistryKey=_KEY + 'Once', RegistryValueName='loader'),
            _device(RegistryKey='HKEY_LOCAL_MACHINE\\Software\\Only'),
            _device(RegistryKey=_KEY, RegistryValueName='loader', TimeGenerated=LONG_AGO),
        ),
    ),
    'url-click': Sample(
        type=IndicatorType.URL,
        table='UrlClickEvents',
        hits=(
            (
                'url',
                {
                    'Url': 'http://BAD.example.org/a?b=1&c=%20',
                    'AccountUpn': 'jdoe@example.com',
                    'ReportId': '1',
                },
            ),
            (
                'url',
                {
                    'Url': 'https://short.example/x',
                    'UrlChain': '["https://short.example/x","http://bad.example.org/a?b=1&c=%20"]',
                    'AccountUpn': 'sam@example.com',
                    'ReportId': '2',
                },
            ),
        ),
        misses=(
            {'Url': 'http://bad.example.org/a?b=1', 'AccountUpn': 'jdoe@example.com'},
            {'Url': 'https://bad.example.org/a?b=1&c=%20', 'AccountUpn': 'jdoe@example.com'},
            {
                'Url': 'http://bad.example.org/a?b=1&c=%20',
                'AccountUpn': 'jdoe@example.com',
                'TimeGenerated': LONG_AGO,
            },
        ),
    ),
}
"""By the name of the rule."""
