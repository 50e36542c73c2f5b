"""The way of a request through the gateway and the service, up to the objects themselves."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.simulators.entra import Claims, Cloud, TokenIssuer, TokenRefusedError
from tests.simulators.https import Reply, Request
from tests.simulators.sentinel import reply as replies
from tests.simulators.sentinel.limit import ANONYMOUS
from tests.simulators.sentinel.reply import ErrorListName, RefusedError, RetryAfter

API_VERSION = '2024-02-01-preview'
RESERVED_SOURCE = 'Microsoft Sentinel'
MAX_SOURCE_LENGTH = 256

AUDIENCES = {
    Cloud.COMMERCIAL: ('https://management.core.windows.net', 'https://management.azure.com'),
    Cloud.GOVERNMENT: (
        'https://management.core.usgovcloudapi.net',
        'https://management.usgovcloudapi.net',
    ),
}
"""With or without a last slash."""

_PATH = re.compile(r'/workspaces/(?P<id>[^/]+)/threat-intelligence-stix-objects:upload')
_BEARER = re.compile(r'bearer +(?P<token>[A-Za-z0-9._~+/=-]+)', re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class SentinelSettings:
    """What can be set while it runs."""

    latency_s: float = 0.0
    """Time before every answer."""
    visibility_delay_s: float = 0.0
    """How long a row stays unseen by `rows()` and `held()`."""
    retry_after: RetryAfter = RetryAfter.SECONDS
    error_list_name: ErrorListName = ErrorListName.DOCS_PAGE
    all_refused_status: int = 400
    empty_list_status: int = 400
    role_status: int = 403
    has_role: bool = True
    is_revoked_final: bool = True
    is_any_type_taken: bool = False
    """Whether an object of a type that is not supported is taken without a word."""
    are_dangling_refused: bool = False
    """Whether an object is refused that refers to one that its source does not hold."""
    max_objects: int = 100
    """Objects in one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A request whose envelope was found sound."""

    source_system: str
    objects: list[Any]


def upload_path(workspace_id: str) -> str:
    """Get the path and query of the upload."""
    return (
        f'/workspaces/{workspace_id}/threat-intelligence-stix-objects:upload'
        f'?api-version={API_VERSION}'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who calls: the claims of a token of ours, and what speaks against it."""

    claims: Claims | None
    problem: Reply | None

    @property
    def identity(self) -> str:
        """Whose share of the limit this request uses, even with a token that has expired."""
        return self.claims.object_id if self.claims else ANONYMOUS


class Gateway:
    """Checks in the order of the service: path, token, workspace, role, form, content."""

    def __init__(
        self,
        issuer: TokenIssuer,
        settings: SentinelSettings,
        *,
        workspace_id: str,
        tenant_id: str,
        cloud: Cloud,
    ) -> None:
        self._issuer = issuer
        self._settings = settings
        self._workspace_id = workspace_id
        self._tenant_id = tenant_id
        self._audiences = AUDIENCES[cloud]

    def read_bearer(self, request: Request) -> Bearer:
        """Find out who calls."""
        match = _BEARER.fullmatch(request.headers.get('authorization', '').strip())
        if not match:
            return Bearer(claims=None, problem=replies.unauthorized())
        try:
            claims = self._issuer.check(match['token'])
        except TokenRefusedError as refused:
            return Bearer(claims=refused.claims, problem=replies.unauthorized())
        is_ours = claims.audience.removesuffix('/') in self._audiences
        return Bearer(claims=claims, problem=None if is_ours else Reply(401))

    def read_upload(self, request: Request, bearer: Bearer) -> Upload:
        """Get the envelope of a request.

        Raises:
            RefusedError: with the reply that ends the request.
        """
        workspace_id = self._check_target(request)
        if bearer.problem or not bearer.claims:
            raise RefusedError(bearer.problem or replies.unauthorized())
        self._check_workspace(workspace_id, bearer.claims)
        media_type, _, parameter = request.headers.get('content-type', '').partition(';')
        if media_type.strip().lower() != 'application/json' or (
            parameter.strip().lower() not in ('', 'charset=utf-8')
        ):
            raise RefusedError(replies.gateway_error(415, 'Unsupported media type'))
        return self._read_body(_parse(request.body))

    def _check_target(self, request: Request) -> str:
        """Get the workspace id out of a path that is spelled exactly as documented."""
        match = _PATH.fullmatch(request.path)
        if not match or request.method != 'POST':
            raise RefusedError(replies.not_found())
        versions = [value for name, value in request.query if name.lower() == 'api-version']
        if versions != [API_VERSION]:
            code = 'UnsupportedApiVersion' if versions else 'MissingApiVersionParameter'
            text = f"The query must have api-version '{API_VERSION}' exactly once."
            raise RefusedError(replies.service_error(400, code, text))
        return unquote(match['id'])

    def _check_workspace(self, workspace_id: str, claims: Claims) -> None:
        # The documented pattern tolerates braces around the id.
        bare = re.sub(r'^\{(.*)\}$', r'\1', workspace_id)
        if bare.lower() != self._workspace_id.lower():
            raise RefusedError(replies.no_workspace(workspace_id))
        if not self._settings.has_role or claims.tenant_id != self._tenant_id:
            raise RefusedError(
                replies.no_role(self._settings.role_status, claims.object_id, workspace_id)
            )

    def _read_body(self, body: Any) -> Upload:
        if not isinstance(body, dict):
            raise RefusedError(replies.not_json())
        source_system = body.get('sourcesystem')
        if not isinstance(source_system, str) or not source_system.strip():
            raise RefusedError(replies.bad_body('sourcesystem', 'sourcesystem is required.'))
        if source_system == RESERVED_SOURCE:
            raise RefusedError(replies.bad_body('sourcesystem', 'sourcesystem is reserved.'))
        if len(source_system) > MAX_SOURCE_LENGTH:
            text = f'sourcesystem is longer than {MAX_SOURCE_LENGTH} characters.'
            raise RefusedError(replies.bad_body('sourcesystem', text))
        objects = body.get('stixobjects')
        if not isinstance(objects, list):
            raise RefusedError(replies.bad_body('stixobjects', 'stixobjects must be a list.'))
        if len(objects) > self._settings.max_objects:
            text = f'stixobjects has more than {self._settings.max_objects} objects.'
            raise RefusedError(replies.bad_body('stixobjects', text))
        if not objects and self._settings.empty_list_status != 200:
            raise RefusedError(replies.bad_body('stixobjects', 'stixobjects is empty.'))
        return Upload(source_system=source_system, objects=objects)


def _parse(body: bytes) -> Any:
    """Read JSON as the service does: UTF-8 without a mark, no NaN, no half surrogates."""
    try:
        text = body.decode('utf-8')
        payload = json.loads(text, parse_constant=_refuse_constant)
        if '\\ud' in text or '\\uD' in text:
            json.dumps(payload, ensure_ascii=False).encode('utf-8')
    except (ValueError, RecursionError) as error:
        raise RefusedError(replies.not_json()) from error
    return payload


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is not JSON')
