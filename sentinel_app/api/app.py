"""The WSGI application: routes, middleware and error handlers."""

from __future__ import annotations

import falcon

from sentinel_app.api.middleware import AccessRule, HeadAsGet, ReplyHeaders, WriteRule
from sentinel_app.api.options import OptionCatalog
from sentinel_app.api.ports import ApiDeps
from sentinel_app.api.problem import handle_errors
from sentinel_app.api.resources.check import CheckResource
from sentinel_app.api.resources.configure import ConfigureResource, OptionsResource
from sentinel_app.api.resources.effect import EffectResource
from sentinel_app.api.resources.health import HealthResource, OpenApiResource
from sentinel_app.api.resources.indicator import (
    IndicatorDetailResource,
    IndicatorResource,
    IndicatorSendResource,
    IndicatorWithdrawResource,
)
from sentinel_app.api.resources.job import (
    JobCancelResource,
    JobListResource,
    JobResource,
    JobRetryResource,
    JobWithdrawResource,
    UpdateListResource,
    WithdrawalResource,
)
from sentinel_app.api.resources.metric import (
    ExpositionResource,
    HistoryResource,
    SummaryResource,
)
from sentinel_app.api.resources.preview import PreviewResource, TqlCheckResource
from sentinel_app.api.resources.report import (
    AuditResource,
    ErrorEntryResource,
    ErrorResource,
    ErrorRetryResource,
)
from sentinel_app.api.resources.task import (
    PipelinePauseResource,
    PipelineResumeResource,
    TaskActionResource,
    TaskListResource,
    TaskPauseResource,
    task_actions,
)
from sentinel_app.api.resources.transfer import ExportResource, ImportResource
from sentinel_app.api.static import StaticFiles


def create_app(deps: ApiDeps) -> falcon.App[falcon.Request, falcon.Response]:
    """Build the application that answers every request to the Service.

    Args:
        deps: the ports that it works through.
    """
    app = falcon.App()
    # Replies pass them in reverse order, so `HeadAsGet` sees each reply last.
    app.add_middleware([HeadAsGet(), ReplyHeaders(), WriteRule()])
    if deps.is_ui_access_admin_only:
        app.add_middleware(AccessRule(deps.identity, deps.admin_roles))
    app.req_options.strip_url_path_trailing_slash = True
    handle_errors(app)
    catalog = OptionCatalog(deps.source, deps.clock)
    app.add_route('/api/configure', ConfigureResource(deps, catalog))
    app.add_route('/api/configure/options', OptionsResource(catalog))
    app.add_route('/api/configure/check', TqlCheckResource(deps, catalog))
    app.add_route('/api/configure/preview', PreviewResource(deps, catalog))
    app.add_route('/api/configure/effect', EffectResource(deps, catalog))
    app.add_route('/api/configure/export', ExportResource(deps))
    app.add_route('/api/configure/import', ImportResource(deps, catalog))
    app.add_route('/api/job/request', JobListResource(deps))
    app.add_route('/api/job/update', UpdateListResource(deps))
    app.add_route('/api/job/request/{request_id}', JobResource(deps))
    app.add_route('/api/job/request/{request_id}/cancel', JobCancelResource(deps))
    app.add_route('/api/job/request/{request_id}/retry', JobRetryResource(deps))
    app.add_route('/api/job/request/{request_id}/withdrawal', WithdrawalResource(deps))
    app.add_route('/api/job/request/{request_id}/withdraw', JobWithdrawResource(deps))
    app.add_route('/api/task', TaskListResource(deps))
    app.add_route('/api/task/pause', PipelinePauseResource(deps))
    app.add_route('/api/task/resume', PipelineResumeResource(deps))
    app.add_route('/api/task/{slug}/pause', TaskPauseResource(deps))
    for name, action in task_actions(deps.tasks).items():
        app.add_route(f'/api/task/{{slug}}/{name}', TaskActionResource(deps, action))
    app.add_route('/api/report/error', ErrorResource(deps))
    app.add_route('/api/report/error/retry', ErrorRetryResource(deps))
    app.add_route('/api/report/error/entry', ErrorEntryResource(deps))
    app.add_route('/api/report/audit', AuditResource(deps))
    app.add_route('/api/health', HealthResource(deps))
    app.add_route('/api/health/check', CheckResource(deps))
    app.add_route('/api/indicator', IndicatorResource(deps))
    app.add_route('/api/indicator/detail', IndicatorDetailResource(deps))
    app.add_route('/api/indicator/send', IndicatorSendResource(deps))
    app.add_route('/api/indicator/withdraw', IndicatorWithdrawResource(deps))
    app.add_route('/api/metric/summary', SummaryResource(deps))
    app.add_route('/api/metric/history', HistoryResource(deps))
    app.add_route('/api/metrics', ExpositionResource(deps))
    app.add_route('/api/openapi.json', OpenApiResource())
    app.add_sink(StaticFiles(deps.ui_dir), prefix='/')
    return app
