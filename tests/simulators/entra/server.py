"""The Entra ID stand-in itself."""

from __future__ import annotations

import dataclasses
import re
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qs

from tests.simulators.certificates import Certificates
from tests.simulators.entra.error import RefusedError, error_reply
from tests.simulators.entra.fault import (
    FAULTS,
    TRANSIENT_FAULTS,
    WIRE_FAULTS,
    strikes_endpoint,
    wire_reply,
)
from tests.simulators.entra.issuer import Cloud, TokenIssuer
from tests.simulators.entra.registration import ASSERTION_TYPE, Registration
from tests.simulators.faults import ControlPanel, Fault, FaultBook
from tests.simulators.https import Reply, Request, Server, json_reply

TENANT_ID = '11111111-2222-4333-8444-555555555555'
TENANT_DOMAIN = 'standin.onmicrosoft.com'
CLIENT_ID = '6f0e5b52-0d7c-4d5f-9f57-2b8f3b0c9a41'
CLIENT_SECRET = 'Tst8Q~stand-in.client_secret-of-40-chars'

RESOURCES = {
    Cloud.COMMERCIAL: (
        'https://management.azure.com',
        'https://management.core.windows.net',
        'https://graph.microsoft.com',
        'https://api.loganalytics.io',
    ),
    Cloud.GOVERNMENT: (
        'https://management.usgovcloudapi.net',
        'https://management.core.usgovcloudapi.net',
        'https://graph.microsoft.us',
        'https://api.loganalytics.us',
    ),
}
"""What the tenant knows; not the newer host of queries, whose tokens are those of the older.

Graph is there to get a token that Sentinel must not take.
"""

GUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', re.IGNORECASE)
DOMAIN = re.compile(r'([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}', re.IGNORECASE)
SHARED_TENANTS = ('common', 'organizations', 'consumers')
TENANT_PATH = re.compile(
    r'/(?P<tenant>[^/]+)'
    r'/(?P<rest>v2\.0/\.well-known/openid-configuration|discovery/v2\.0/keys|oauth2/v2\.0/token)'
)
FORM = 'application/x-www-form-urlencoded'


@dataclass(slots=True, kw_only=True)
class EntraSettings:
    """What can be set while it runs."""

    expires_in: int = 3599
    refresh_in: int = 0
    """Seconds after which a client should renew early; 0 leaves the member out."""
    latency_s: float = 0.0
    has_older_text: bool = False
    """CR LF between the sentences of `error_description`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraRequest:
    """One request seen; never what was secret in it."""

    at: float
    path: str
    status: int
    proof: str
    client_id: str
    is_fault: bool


class EntraSimulator:
    """Entra ID for one tenant; use as a context manager or `start()` / `stop()`."""

    def __init__(
        self,
        certificates: Certificates,
        *,
        port: int = 0,
        tenant_id: str = TENANT_ID,
        client_id: str = CLIENT_ID,
        client_secret: str = CLIENT_SECRET,
        cloud: Cloud = Cloud.COMMERCIAL,
        issuer: TokenIssuer | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer = issuer or TokenIssuer(clock=clock)
        self.tenant_id = tenant_id
        self.cloud = cloud
        self.settings = EntraSettings()
        self.faults = FaultBook(FAULTS, TRANSIENT_FAULTS)
        self.app = Registration(client_id=client_id, secrets={client_secret})
        self.apps = {client_id.lower(): self.app}
        self._certificates = certificates
        self._port = port
        self._clock = clock
        self._server: Server | None = None
        self._requests: deque[EntraRequest] = deque(maxlen=10_000)
        self._control = ControlPanel(
            self.faults,
            self.settings,
            {
                ('GET', '/requests'): lambda _request: [
                    dataclasses.asdict(seen) for seen in self.requests
                ],
                ('POST', '/tokens/invalidate'): lambda _request: {
                    'invalidated': self.issuer.invalidate_all()
                },
            },
        )

    @property
    def url(self) -> str:
        """Origin, once started; kept over a stop and a start."""
        if not self._port:
            raise RuntimeError('not started yet')
        return f'https://localhost:{self._port}'

    @property
    def authority(self) -> str:
        return f'{self.url}/{self.tenant_id}'

    @property
    def requests(self) -> tuple[EntraRequest, ...]:
        return tuple(self._requests)

    @property
    def token_requests(self) -> tuple[EntraRequest, ...]:
        return tuple(seen for seen in self._requests if seen.path.endswith('/oauth2/v2.0/token'))

    def add_app(self, client_id: str, *client_secrets: str) -> Registration:
        """Register a further app in the tenant."""
        app = self.apps[client_id.lower()] = Registration(
            client_id=client_id, secrets=set(client_secrets)
        )
        return app

    def alter(self, change: Callable[[Request, Reply], Reply]) -> None:
        """Have each answer changed before it goes out, from now until it stops."""
        assert self._server is not None
        self._server.alter = change

    def start(self) -> Self:
        self._server = Server(self._handle, self._certificates, self._port)
        self._server.start()
        self._port = self._server.port
        return self

    def stop(self) -> None:
        if self._server:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _handle(self, request: Request) -> Reply:
        if ControlPanel.covers(request):
            return self._control.reply(request)
        form = _form(request)
        endpoint = 'token' if request.path.endswith('/token') else 'metadata'
        fault = self.faults.take(FAULTS, lambda fault: strikes_endpoint(fault, endpoint))
        if fault and fault.name != 'slow':
            reply = self._fault_reply(fault, request, form)
        else:
            try:
                reply = self._reply(request, form)
            except RefusedError as refused:
                reply = self._error(refused.name, request, form, refused.detail)
        self._requests.append(
            EntraRequest(
                at=self._clock(),
                path=request.path,
                status=reply.status,
                proof=_proof(form),
                client_id=form.get('client_id', ''),
                is_fault=fault is not None,
            )
        )
        wait_s = self.settings.latency_s
        if fault and fault.name == 'slow':
            wait_s += float(fault.params.get('wait_s', 5))
        return dataclasses.replace(reply, wait_s=wait_s)

    def _reply(self, request: Request, form: dict[str, str]) -> Reply:
        if request.path == '/common/discovery/instance':
            return self._instance_discovery(request)
        match = TENANT_PATH.fullmatch(request.path)
        if not match:
            return Reply(404)
        is_token = match['rest'].endswith('token')
        if request.method != ('POST' if is_token else 'GET'):
            return Reply(405, headers={'Allow': 'POST' if is_token else 'GET'})
        self._check_tenant(match['tenant'], is_token=is_token)
        if is_token:
            return self._token(form)
        if match['rest'].endswith('keys'):
            # Only Sentinel checks the tokens, and it asks the issuer itself.
            return json_reply({'keys': []})
        return json_reply(self._metadata())

    def _check_tenant(self, tenant: str, *, is_token: bool) -> None:
        if tenant in SHARED_TENANTS:
            if is_token:
                raise RefusedError('no-tenant')
        elif not (GUID.fullmatch(tenant) or DOMAIN.fullmatch(tenant)):
            raise RefusedError('malformed-tenant')
        elif tenant.lower() not in (self.tenant_id.lower(), TENANT_DOMAIN):
            raise RefusedError('unknown-tenant' if is_token else 'unknown-tenant-metadata')

    def _metadata(self) -> dict[str, Any]:
        return {
            'issuer': f'{self.authority}/v2.0',
            'authorization_endpoint': f'{self.authority}/oauth2/v2.0/authorize',
            'token_endpoint': f'{self.authority}/oauth2/v2.0/token',
            'jwks_uri': f'{self.authority}/discovery/v2.0/keys',
            'token_endpoint_auth_methods_supported': ['client_secret_post', 'private_key_jwt'],
            'response_types_supported': ['code'],
            'subject_types_supported': ['pairwise'],
            'id_token_signing_alg_values_supported': ['RS256'],
        }

    def _instance_discovery(self, request: Request) -> Reply:
        query = dict(request.query)
        for name in ('api-version', 'authorization_endpoint'):
            if not query.get(name):
                raise RefusedError('missing-parameter', name)
        return json_reply(
            {
                'tenant_discovery_endpoint': (
                    f'{self.authority}/v2.0/.well-known/openid-configuration'
                ),
                'api-version': query['api-version'],
                'metadata': [],
            }
        )

    def _token(self, form: dict[str, str]) -> Reply:
        for name in ('grant_type', 'client_id', 'scope'):
            if not form.get(name):
                raise RefusedError('missing-parameter', name)
        if form['grant_type'] != 'client_credentials':
            raise RefusedError('bad-grant', form['grant_type'])
        app = self.apps.get(form['client_id'].lower())
        if app is None:
            raise RefusedError('unknown-app')
        app.check_state()
        audience = self._audience(form['scope'])
        self._check_proof(app, form)
        token = self.issuer.issue(
            audience=audience,
            tenant_id=self.tenant_id,
            client_id=app.client_id,
            object_id=app.object_id,
            expires_in=self.settings.expires_in,
        )
        body = {
            'token_type': 'Bearer',
            'expires_in': self.settings.expires_in,
            'ext_expires_in': self.settings.expires_in,
            'access_token': token,
        }
        if self.settings.refresh_in:
            body['refresh_in'] = self.settings.refresh_in
        return json_reply(body, headers={'Cache-Control': 'no-store, no-cache'})

    def _audience(self, scope: str) -> str:
        """Get the resource of the scope: the part before `/.default`, its own last slash kept."""
        if not scope.endswith('/.default') or ' ' in scope:
            raise RefusedError('bad-scope')
        audience = scope.removesuffix('/.default')
        if audience.removesuffix('/') not in RESOURCES[self.cloud]:
            raise RefusedError('unknown-resource')
        return audience

    def _check_proof(self, app: Registration, form: dict[str, str]) -> None:
        proof = _proof(form)
        if proof == 'assertion':
            if form.get('client_assertion_type') != ASSERTION_TYPE:
                raise RefusedError('bad-assertion-type')
            audiences = (f'{self.authority}/oauth2/v2.0/token', f'{self.authority}/v2.0')
            app.check_assertion(form['client_assertion'], audiences, self._clock())
        elif proof == 'secret':
            app.check_secret(form['client_secret'])
        else:
            raise RefusedError('no-secret')

    def _fault_reply(self, fault: Fault, request: Request, form: dict[str, str]) -> Reply:
        if fault.name in WIRE_FAULTS:
            return wire_reply(fault)
        return self._error(fault.name, request, form, 'switched on')

    def _error(self, name: str, request: Request, form: dict[str, str], detail: str = '') -> Reply:
        return error_reply(
            name,
            now=self._clock(),
            correlation_id=request.headers.get('client-request-id') or str(uuid.uuid4()),
            tenant=request.path.split('/')[1],
            app=form.get('client_id', ''),
            scope=form.get('scope', ''),
            detail=detail,
            has_older_text=self.settings.has_older_text,
        )


def _form(request: Request) -> dict[str, str]:
    """Get the form's fields; none at all when it is not sent as a form."""
    if request.headers.get('content-type', '').split(';')[0].strip().lower() != FORM:
        return {}
    try:
        fields = parse_qs(request.body.decode('ascii'), keep_blank_values=True)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in fields.items()}


def _proof(form: dict[str, str]) -> str:
    if form.get('client_assertion'):
        return 'assertion'
    return 'secret' if form.get('client_secret') else 'none'
