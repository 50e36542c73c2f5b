"""What goes for every request: who may call, what a write must look like, headers of replies."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import falcon

from sentinel_app.api.ports import Identity
from sentinel_app.api.refusal import Refusal
from sentinel_app.api.user import known_user
from sentinel_app.core.access import is_administrator
from sentinel_app.platform.reply_header import PROTECTION
from sentinel_app.platform.request_limits import shown
from sentinel_app.platform.wsgi_bridge import API_TOKEN_KEY

_READING = frozenset({'GET', 'HEAD', 'OPTIONS'})
# What a browser calls the page's own requests, and those of no page at all.
_OWN_SITES = frozenset({'same-origin', 'none'})
_OF_A_FILE = frozenset({'Content-Security-Policy', 'Cache-Control'})


def is_api(req: falcon.Request) -> bool:
    """Whether the request is for the API and not for the page."""
    return req.path == '/api' or req.path.startswith('/api/')


class HeadAsGet:
    """HEAD is answered as GET is; Falcon leaves out the body."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Route HEAD to what answers GET."""
        if req.method == 'HEAD':
            req.method = 'GET'

    def process_response(
        self, req: falcon.Request, _resp: falcon.Response, _resource: object, _success: bool
    ) -> None:
        """Restore the method, so that the framework leaves the body out."""
        req.method = req.env['REQUEST_METHOD']


class AccessRule:
    """Refuses calls of the API that the Service's `ui_access` does not allow.

    Args:
        identity: knows who makes a request.
        admin_roles: the roles that count as an administrator's, by their whole names.
    """

    def __init__(self, identity: Identity, admin_roles: Sequence[str]) -> None:
        self._identity = identity
        self._admin_roles = admin_roles

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Refuse everybody but administrators."""
        if not is_api(req):
            return
        user = known_user(self._identity, req.env.get(API_TOKEN_KEY))
        if user is None:
            raise Refusal(
                403,
                'This Service is for administrators only (UI Access), and ThreatConnect did not '
                'say who you are. Sign in to ThreatConnect again and open the page from there.',
            )
        if not is_administrator(user.role, self._admin_roles):
            raise Refusal(
                403,
                'This Service is for administrators only (UI Access), and your role '
                f'"{shown(user.role)}" is none of its Administrator Roles. Ask for one of those, '
                'or have one of these two inputs changed in the configuration of the Service.',
            )


class WriteRule:
    """Refuses writes that another site's page could have made."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Refuse what comes from another site by what the browser says."""
        if req.method in _READING:
            return
        site = (req.get_header('Sec-Fetch-Site') or '').strip().lower()
        if site in _OWN_SITES:
            return
        if site == 'cross-site' or not _is_own_origin(req):
            raise Refusal(403, 'A page of another site may not change anything here.')

    def process_resource(
        self,
        req: falcon.Request,
        _resp: falcon.Response,
        resource: object,
        _params: object,
    ) -> None:
        """Demand JSON, which a form of another site cannot send."""
        if req.method in _READING or not hasattr(resource, f'on_{req.method.lower()}'):
            return
        media_type = (req.content_type or '').partition(';')[0].strip().lower()
        if media_type != falcon.MEDIA_JSON:
            raise Refusal(415)


def _is_own_origin(req: falcon.Request) -> bool:
    """Whether the page that writes came from where the request went, as far as both are known.

    ThreatConnect stands between the browser and the App, so another header may name the host, or
    the message alone; ports are left out, which something on the way may have left out too.
    """
    origin = req.get_header('Origin')
    if not origin:
        return True
    named = [req.get_header('Host') or '', *(req.get_header('X-Forwarded-Host') or '').split(',')]
    hosts = {_host_of(f'//{host.strip()}') for host in named}
    hosts.add(_host_of(str(req.env.get('request_url') or '')))
    hosts.discard('')
    return not hosts or _host_of(origin.strip()) in hosts


def _host_of(address: str) -> str:
    """Return the host of an address in lower case, without its port; empty if there is none."""
    try:
        return urlsplit(address).hostname or ''
    except ValueError:
        return ''


class ReplyHeaders:
    """Sets the headers that keep replies private and the page its own."""

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, _resource: object, _success: bool
    ) -> None:
        """Add the headers; those stay that a file of the page has of its own."""
        for name, value in PROTECTION.items():
            may_differ = name in _OF_A_FILE and not is_api(req)
            if not may_differ or resp.get_header(name) is None:
                resp.set_header(name, value)
