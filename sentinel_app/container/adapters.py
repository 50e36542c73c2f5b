"""Builds the adapters: what reads from ThreatConnect, sends to Sentinel and notifies people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import requests

from sentinel_app.config.settings import Settings
from sentinel_app.core.clock import Clock
from sentinel_app.core.retry import QUICK_QUERY_POLICY
from sentinel_app.core.source import LabeledSource, Source
from sentinel_app.network.contact import Contact, Contacts
from sentinel_app.network.exchange import Timeouts, leave_environment
from sentinel_app.pipeline.group_screen import GroupScreen, KnownGroups
from sentinel_app.pipeline.log_reader import LogReader, QueryPermits
from sentinel_app.redactor import Redactor
from sentinel_app.sentinel.auth import TokenSource
from sentinel_app.sentinel.client import UPLOAD_TIMEOUTS, SentinelSink
from sentinel_app.sentinel.log_analytics import (
    QUERY_TIMEOUTS,
    QUICK_QUERY_TIMEOUTS,
    QUICK_WAIT_MARGIN_S,
    WAIT_MARGIN_S,
    LogAnalytics,
)
from sentinel_app.sentinel.transport import TOKEN_TIMEOUTS
from sentinel_app.threatconnect.client import ThreatConnectSource
from sentinel_app.threatconnect.groups import ThreatConnectGroups
from sentinel_app.threatconnect.notification import FrameworkNotification, Notifications
from sentinel_app.threatconnect.pace import RequestPace
from sentinel_app.threatconnect.parse import FIELDS
from sentinel_app.threatconnect.whoami import WhoAmIClient

QUICK_TIMEOUTS: Final = Timeouts(connect_s=5.0, read_s=10.0, total_s=20.0)
"""For each call that a person waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What the platform gives the App.

    Args:
        threatconnect_session: takes relative addresses such as `/v3/indicators`; signs requests.
        microsoft_proxies: proxies for Entra ID and Sentinel, as `requests` takes them.
        data_dir: a folder of our own that survives restarts and upgrades.
        redactor: masks secrets in whatever another system says.
        token_session: makes a session as the first, signed with a token; None where there is no
            way to ask ThreatConnect who makes a request.
        notification: makes one of the framework's notifications; None where there are none.
    """

    threatconnect_session: requests.Session
    microsoft_proxies: Mapping[str, str]
    data_dir: Path
    redactor: Redactor = field(default_factory=Redactor)
    token_session: Callable[[str], requests.Session] | None = None
    notification: Callable[[], FrameworkNotification] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The clients of the other systems."""

    source: ThreatConnectSource
    """For updates."""
    quick_source: ThreatConnectSource
    """For calls that a person waits for: shorter time-outs, and the same pace."""
    rows: Source
    """As `source`, but Indicators have only the Groups that may be named."""
    quick_rows: Source
    """As `quick_source`, but Indicators have only the Groups that may be named."""
    groups: ThreatConnectGroups
    """Groups that are threat actors."""
    sink: SentinelSink
    new_quick_sink: Callable[[], SentinelSink]
    """Makes one with tokens of its own, for a check that a person waits for."""
    logs: LogReader
    """Reads the workspace's tables."""
    quick_logs: LogReader
    """For queries that a person waits for: shorter time-outs, no retries, and the same permits."""
    contacts: Contacts
    """How the calls to each system end."""
    whoami: WhoAmIClient | None
    notifications: Notifications | None


def build_adapters(settings: Settings, platform: Platform, clock: Clock) -> Adapters:
    """Build the clients of ThreatConnect, Entra ID and Sentinel."""
    pace, contacts = RequestPace(clock), Contacts(clock)
    source = partial(
        ThreatConnectSource,
        platform.threatconnect_session,
        fields=FIELDS,
        clock=clock,
        redactor=platform.redactor,
        pace=pace,
        contact=contacts.threatconnect,
    )
    sink = partial(_sink, settings, platform, clock, contacts)
    logs = partial(_logs, settings, platform, clock, contacts)
    permits = QueryPermits(clock)
    patient, quick = source(), source(timeouts=QUICK_TIMEOUTS)
    screened = _group_screen(settings, clock)
    return Adapters(
        source=patient,
        quick_source=quick,
        rows=screened(patient),
        quick_rows=screened(quick),
        groups=ThreatConnectGroups(patient.instance),
        sink=sink(token_timeouts=TOKEN_TIMEOUTS, upload_timeouts=UPLOAD_TIMEOUTS),
        new_quick_sink=partial(sink, token_timeouts=QUICK_TIMEOUTS, upload_timeouts=QUICK_TIMEOUTS),
        logs=LogReader(
            logs(
                token_timeouts=TOKEN_TIMEOUTS,
                query_timeouts=QUERY_TIMEOUTS,
                margin_s=WAIT_MARGIN_S,
            ),
            clock,
            permits=permits,
        ),
        quick_logs=LogReader(
            logs(
                token_timeouts=QUICK_TIMEOUTS,
                query_timeouts=QUICK_QUERY_TIMEOUTS,
                margin_s=QUICK_WAIT_MARGIN_S,
            ),
            clock,
            permits=permits,
            policy=QUICK_QUERY_POLICY,
        ),
        contacts=contacts,
        whoami=None
        if platform.token_session is None
        else WhoAmIClient(platform.token_session, clock=clock, redactor=platform.redactor),
        notifications=None
        if platform.notification is None
        else Notifications(platform.notification),
    )


def _group_screen(settings: Settings, clock: Clock) -> Callable[[LabeledSource], Source]:
    """Return what removes Groups above the highest level to send from the rows of a source."""
    highest = settings.max_tlp.level
    if highest is None:
        return lambda source: source
    return partial(GroupScreen, highest=highest, known=KnownGroups(clock))


def _sink(
    settings: Settings,
    platform: Platform,
    clock: Clock,
    contacts: Contacts,
    *,
    token_timeouts: Timeouts,
    upload_timeouts: Timeouts,
) -> SentinelSink:
    """Return a client of Sentinel with tokens of its own."""
    tokens = _tokens(
        settings,
        platform,
        clock,
        scope=settings.scope,
        timeouts=token_timeouts,
        contact=contacts.entra,
    )
    return SentinelSink(
        upload_url=settings.sentinel_url,
        workspace_id=settings.workspace_id,
        source_system=settings.source_system,
        tokens=tokens,
        session=_microsoft_session(platform),
        clock=clock,
        redactor=platform.redactor,
        timeouts=upload_timeouts,
        contact=contacts.sentinel,
    )


def _logs(
    settings: Settings,
    platform: Platform,
    clock: Clock,
    contacts: Contacts,
    *,
    token_timeouts: Timeouts,
    query_timeouts: Timeouts,
    margin_s: float,
) -> LogAnalytics:
    """Return a client of the query API with tokens of its own.

    The contact of Entra ID, which says whether uploads get a token, is not that of these tokens.
    """
    return LogAnalytics(
        logs_url=settings.logs_url,
        workspace_id=settings.workspace_id,
        tokens=_tokens(
            settings, platform, clock, scope=settings.logs_scope, timeouts=token_timeouts
        ),
        session=_microsoft_session(platform),
        clock=clock,
        redactor=platform.redactor,
        timeouts=query_timeouts,
        margin_s=margin_s,
        contact=contacts.log_analytics,
    )


def _tokens(
    settings: Settings,
    platform: Platform,
    clock: Clock,
    *,
    scope: str,
    timeouts: Timeouts,
    contact: Contact | None = None,
) -> TokenSource:
    return TokenSource(
        authority=f'{settings.login_url}/{settings.tenant_id}',
        client_id=settings.client_id,
        credential=settings.client_secret.value,
        scope=scope,
        session=_microsoft_session(platform),
        clock=clock,
        redactor=platform.redactor,
        timeouts=timeouts,
        contact=contact,
    )


def _microsoft_session(platform: Platform) -> requests.Session:
    session = requests.Session()
    leave_environment(session)
    session.proxies = dict(platform.microsoft_proxies)
    return session
