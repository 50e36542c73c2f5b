"""The WSGI application: routes, middleware and error handlers."""

from __future__ import annotations

import falcon

from sentinel_app.api.calls import CALLS
from sentinel_app.api.deps import ApiDeps
from sentinel_app.api.middleware import AccessRule, HeadAsGet, ReplyHeaders, WriteRule
from sentinel_app.api.problem import handle_errors
from sentinel_app.api.resource import Resource
from sentinel_app.api.static import StaticFiles


def create_app(deps: ApiDeps) -> falcon.App[falcon.Request, falcon.Response]:
    """Build the application that answers every request to the Service.

    Args:
        deps: what the handlers work with.
    """
    app = falcon.App()
    # Replies pass them in reverse order, so `HeadAsGet` sees each reply last.
    app.add_middleware([HeadAsGet(), ReplyHeaders(), WriteRule()])
    if deps.is_ui_access_admin_only:
        app.add_middleware(AccessRule(deps.identity, deps.admin_roles))
    app.req_options.strip_url_path_trailing_slash = True
    handle_errors(app)
    for path in dict.fromkeys(call.path for call in CALLS):
        app.add_route(path, Resource((call for call in CALLS if call.path == path), deps))
    app.add_sink(StaticFiles(deps.ui_dir), prefix='/')
    return app
