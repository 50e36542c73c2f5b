"""What goes for every request: who may call, what a write must look like, headers of replies."""

from __future__ import annotations

import falcon

from sentinel_app.api.bridge import API_TOKEN_KEY
from sentinel_app.api.ports import Identity, UserInfo
from sentinel_app.api.problem import Refusal
from sentinel_app.api.reply_header import PROTECTION
from sentinel_app.errors import SentinelAppError

_READING = frozenset({'GET', 'HEAD', 'OPTIONS'})
_OF_A_FILE = frozenset({'Content-Security-Policy', 'Cache-Control'})


def is_api(req: falcon.Request) -> bool:
    """Whether the request is for the API and not for the page."""
    return req.path == '/api' or req.path.startswith('/api/')


def user_of(req: falcon.Request, identity: Identity) -> UserInfo | None:
    """Who makes the request; None where ThreatConnect does not say."""
    try:
        return identity.user_of(req.env.get(API_TOKEN_KEY))
    except SentinelAppError:
        return None


class HeadAsGet:
    """HEAD is answered as GET is; Falcon leaves out the body."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Route HEAD to what answers GET."""
        if req.method == 'HEAD':
            req.method = 'GET'

    def process_response(
        self, req: falcon.Request, _resp: falcon.Response, _resource: object, _success: bool
    ) -> None:
        """Let the framework see that no body is wanted."""
        req.method = req.env['REQUEST_METHOD']


class AccessRule:
    """Refuses calls of the API that the Service's `ui_access` does not allow.

    Args:
        identity: says who makes a request.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Let administrators alone pass."""
        if not is_api(req):
            return
        user = user_of(req, self._identity)
        if user is None:
            raise Refusal(
                403,
                'This Service is for administrators only, and ThreatConnect did not say who you '
                'are. Sign in to ThreatConnect again and open the page from there.',
            )
        if 'administrator' not in user.role.lower():
            raise Refusal(
                403,
                f'This Service is for administrators only; your role is "{user.role}". Ask for an '
                'administrator role, or have UI Access changed in the configuration of the '
                'Service.',
            )


class WriteRule:
    """Refuses writes that another site's page could have made."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Refuse what a browser says comes from another site."""
        if req.method in _READING:
            return
        if (req.get_header('Sec-Fetch-Site') or '').strip().lower() == 'cross-site':
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
