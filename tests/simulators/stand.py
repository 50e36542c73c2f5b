"""Everything the App needs around it, composed: the services, the platform, and the App itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Self

import requests

from tests.simulators.certificates import Certificates, make_certificates
from tests.simulators.entra import CLIENT_SECRET, Cloud, EntraSimulator
from tests.simulators.log_analytics import LogAnalyticsSimulator
from tests.simulators.platform.front import Front, FrontOptions
from tests.simulators.platform.instance import PROJECT, Platform, Services
from tests.simulators.platform.process import Spawn, spawn
from tests.simulators.platform.service import HEARTBEAT_INTERVAL_S, AppProcess
from tests.simulators.ports import Ports
from tests.simulators.sentinel import SentinelSimulator
from tests.simulators.threatconnect import (
    ACCESS_ID,
    SECRET_KEY,
    Store,
    ThreatConnectSimulator,
    User,
)

PERSON = User(
    access_id='00000000000000000777', user_name='demo.analyst', secret_key='not for signing'
)
"""Who sits at the page: the platform gives each request a token of this user."""
_REQUEST_TIMEOUT_S = 90


class Stand:
    """The App among its stand-ins; a context manager that leaves nothing behind but files.

    The same folder again gives the same state: what the App stored, what Sentinel holds, and
    the authority of the certificates.
    """

    def __init__(
        self,
        state_folder: Path,
        *,
        rows: Iterable[Mapping[str, Any]] | Store = (),
        inputs: Mapping[str, str | None] | None = None,
        services: Services | str | None = None,
        ports: Ports | None = None,
        certificates: Certificates | None = None,
        app_folder: Path = PROJECT,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
        limit_count: int = 100,
        limit_window_s: float = 60.0,
        cloud: Cloud = Cloud.COMMERCIAL,
        front_options: FrontOptions | None = None,
        heartbeat_interval_s: float = HEARTBEAT_INTERVAL_S,
        start_app: bool = True,
        on_end: Callable[[int], None] | None = None,
        spawn: Spawn = spawn,
    ) -> None:
        """Describe the stand; entering it starts everything.

        Args:
            state_folder: holds all files; made if missing.
            rows: the Indicators ThreatConnect holds; see its stand-in.
            inputs: the App's inputs that differ from `app_inputs`.
            services: embedded or real broker and store; see `Services`.
            ports: where to listen; any free ports by default.
            certificates: of the private authority; made in the state folder by default.
            app_folder: holds `run.py`.
            environment: variables added to the App's process.
            python: the interpreter of the App's process.
            limit_count: upload requests that Sentinel takes ...
            limit_window_s: ... in this time.
            cloud: which Microsoft cloud Entra ID and Sentinel belong to.
            start_app: whether entering starts the App, too, and waits until it is ready.
            on_end: called with the exit code whenever the App's process ends.
            spawn: starts the processes.
        """
        self.state_folder = state_folder
        self.person = PERSON
        """Whose tokens the requests carry; may be replaced at any time."""
        self.threatconnect: ThreatConnectSimulator
        self.entra: EntraSimulator
        self.sentinel: SentinelSimulator
        self.logs: LogAnalyticsSimulator
        self.platform: Platform
        self._rows = rows
        self._inputs = dict(inputs or {})
        self._ports = (ports or Ports()).where_free()
        self._certificates = certificates
        self._make_sentinel = partial(
            SentinelSimulator, limit_count=limit_count, limit_window_s=limit_window_s, cloud=cloud
        )
        self._cloud = cloud
        self._start_app = start_app
        self._stack = ExitStack()
        self._session = requests.Session()
        # The proxies and authorities of the user's shell are not for loopback.
        self._session.trust_env = False
        self._make_platform = partial(
            Platform,
            state_folder / 'app',
            app_folder=app_folder,
            environment=environment,
            python=python,
            services=services,
            front_port=self._ports.front,
            front_options=front_options,
            make_token=self._issue_token,
            heartbeat_interval_s=heartbeat_interval_s,
            on_end=on_end,
            spawn=spawn,
        )

    def __enter__(self) -> Self:
        self.state_folder.mkdir(parents=True, exist_ok=True)
        certificates = self._certificates or make_certificates(self.state_folder / 'certificates')
        ports = self._ports
        with ExitStack() as stack:
            stack.callback(self._session.close)
            self.threatconnect = stack.enter_context(
                ThreatConnectSimulator(certificates, self._rows, port=ports.threatconnect)
            )
            self.entra = stack.enter_context(
                EntraSimulator(certificates, port=ports.entra, cloud=self._cloud)
            )
            self.sentinel = stack.enter_context(
                self._make_sentinel(certificates, self.entra.issuer, port=ports.sentinel)
            )
            self.sentinel.load(self._sentinel_file)
            self.logs = stack.enter_context(
                LogAnalyticsSimulator(
                    certificates,
                    self.entra.issuer,
                    self.sentinel,
                    port=ports.logs,
                    cloud=self._cloud,
                )
            )
            self.logs.load(self._alerts_file)
            stack.callback(self.save_sentinel)
            self.platform = stack.enter_context(
                self._make_platform(
                    tc_api_path=self.threatconnect.api_url,
                    ca_file=certificates.ca,
                    inputs=app_inputs(entra=self.entra, sentinel=self.sentinel, logs=self.logs)
                    | self._inputs,
                )
            )
            if self._start_app:
                self.app.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def app(self) -> AppProcess:
        """The App's process."""
        return self.platform.app

    @property
    def front(self) -> Front:
        """Where requests come in."""
        return self.platform.front

    @property
    def front_url(self) -> str:
        """Address of the App's page, with the slash at its end."""
        return self.front.url

    @property
    def ports(self) -> Ports:
        """Where everything listens now."""
        return Ports(
            front=self.front.port,
            threatconnect=_port(self.threatconnect.url),
            entra=_port(self.entra.url),
            sentinel=_port(self.sentinel.url),
            logs=_port(self.logs.url),
        )

    def api(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Make one request through the front.

        Args:
            path: below the App's address, for example `api/configure`.
            json: the body; none for `None`.
        """
        return self._session.request(
            method,
            f'{self.front_url}{path}',
            json=json,
            headers=dict(headers or {}),
            timeout=_REQUEST_TIMEOUT_S,
        )

    def save_sentinel(self) -> None:
        """Write down what Sentinel holds, each file in one step, for the next run."""
        for save, path in (
            (self.sentinel.save, self._sentinel_file),
            (self.logs.save, self._alerts_file),
        ):
            fresh = path.with_suffix('.new')
            save(fresh)
            os.replace(fresh, path)  # noqa: PTH105 - said as in the App

    @property
    def _sentinel_file(self) -> Path:
        return self.state_folder / 'sentinel.jsonl'

    @property
    def _alerts_file(self) -> Path:
        return self.state_folder / 'alerts.jsonl'

    def _issue_token(self) -> tuple[str, int]:
        return self.threatconnect.issue_token(self.person)


def app_inputs(
    *, entra: EntraSimulator, sentinel: SentinelSimulator, logs: LogAnalyticsSimulator
) -> dict[str, str | None]:
    """Return every input of the App, for these stand-ins, with the defaults it offers."""
    types = (
        *('address', 'asn', 'cidr', 'email_address', 'email_subject'),
        *('file', 'host', 'registry_key', 'url'),
    )
    return {
        'client_id': entra.app.client_id,
        'client_secret': CLIENT_SECRET,
        'tenant_id': entra.tenant_id,
        'workspace_id': sentinel.workspace_id,
        'sentinel_source_name': 'StandIn',
        'threatconnect_access_id': ACCESS_ID,
        'threatconnect_secret_key': SECRET_KEY,
        'schedule_interval_hours': '1',
        **{f'ttl_hours_{name}': '720' for name in types},
        'azure_cloud': 'Public',
        'reconcile_interval_hours': '168',
        'verify_interval_hours': '24',
        'match_interval_hours': '1',
        'withdraw_indicators': 'Deleted in ThreatConnect',
        'withdraw_limit_percent': '20',
        'requests_per_minute': '100',
        'pattern_style': 'As in the guide',
        'max_tlp': 'All',
        'never_send': '',
        'context_objects': 'None',
        'actor_group_types': '',
        'ui_access': 'Any signed-in user',
        'admin_roles': '',
        'notify': '',
        'retention_days': '30',
        'login_url': entra.url,
        'sentinel_url': sentinel.url,
        'logs_url': logs.url,
    }


def _port(url: str) -> int:
    return int(url.rpartition(':')[2])
