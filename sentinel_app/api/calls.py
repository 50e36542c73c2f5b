"""The table of calls: every path and method of the API, with its handler, models and summary.

Routes, checks of what comes in, replies and the OpenAPI document follow from it.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from sentinel_app.api import (
    configure,
    health,
    indicator,
    job,
    match,
    metric,
    report,
    task,
    verification,
)
from sentinel_app.api.call import CSV, JSON, TEXT, Call, Document, Request
from sentinel_app.api.openapi import document
from sentinel_app.api.schemas import (
    AuditPage,
    AuditParameters,
    CheckReport,
    Configure,
    ConfigureBody,
    DetailBody,
    Effect,
    EffectBody,
    EmptyBody,
    ErrorEntryParameters,
    ErrorParameters,
    ExportFile,
    FindingPage,
    FindingParameters,
    Findings,
    Health,
    HistoryBody,
    HistoryParameters,
    ImportBody,
    Job,
    JobPage,
    JobParameters,
    LookupBody,
    LookupReply,
    MatchedAlertPage,
    MatchedAlertParameters,
    MatchedIndicatorPage,
    MatchedIndicatorParameters,
    MetricHistory,
    MetricSummary,
    ObjectHistory,
    Options,
    PageParameters,
    Parameters,
    PauseBody,
    Preview,
    PreviewBody,
    QueryBody,
    ReportedEntryPage,
    ReportedErrorPage,
    RetryRefusedBody,
    SendBody,
    SendFindingsBody,
    SummaryParameters,
    Task,
    TaskPage,
    TqlChecked,
    UpdateAccepted,
    UpdateBody,
    UpdatePage,
    UpdateParameters,
    Verification,
    VerifyBody,
    WithdrawableObjectPage,
    WithdrawalParameters,
    WithdrawBody,
    WithdrawUnknownBody,
)


def _openapi(_request: Request[Parameters]) -> Document:
    """Return the description of this API."""
    return Document(content=_openapi_json(), media_type=JSON)


@functools.cache
def _openapi_json() -> bytes:
    # Made when it is first wanted: few ever want it, and every start would wait for it.
    return json.dumps(document(CALLS)).encode()


# Method, path, handler, models of the input and of the reply; on the next line what the call does.
# Nothing declares the type of the whole, so that each row's models are checked against its handler.
# fmt: off
_TABLE = (
    # CONFIGURE
    Call('GET', '/api/configure', configure.read, Parameters, Configure,
         'The saved TQL queries'),
    Call('PUT', '/api/configure', configure.save, ConfigureBody, Configure,
         'Save the whole list of TQL queries', may_conflict=True),
    Call('GET', '/api/configure/options', configure.options, Parameters, Options,
         'What the fields of a TQL query may hold'),
    Call('POST', '/api/configure/check', configure.check, QueryBody, TqlChecked,
         'Whether ThreatConnect accepts the TQL of a query; nothing is stored'),
    Call('POST', '/api/configure/preview', configure.preview, PreviewBody, Preview,
         'What a TQL query would return; nothing is sent and nothing is stored'),
    Call('POST', '/api/configure/effect', configure.effect, EffectBody, Effect,
         'What saving a list of TQL queries would change; nothing is sent or stored',
         may_conflict=True),
    Call('GET', '/api/configure/export', configure.export_file, Parameters, ExportFile,
         'The saved TQL queries as a file'),
    Call('PUT', '/api/configure/import', configure.import_file, ImportBody, Configure,
         'Save a file in place of the whole list of TQL queries', may_conflict=True),
    # JOBS
    Call('GET', '/api/job/request', job.list_jobs, JobParameters, JobPage,
         'A page of Jobs'),
    Call('GET', '/api/job/update', job.list_updates, UpdateParameters, UpdatePage,
         'A page of updates, newest first, each with the sums over its Jobs'),
    Call('POST', '/api/job/request', job.request_update, UpdateBody, UpdateAccepted,
         'Queue an ad-hoc update', status=202, may_conflict=True),
    Call('GET', '/api/job/request/{request_id}', job.read, Parameters, Job,
         'One Job'),
    Call('POST', '/api/job/request/{request_id}/cancel', job.cancel, EmptyBody, Job,
         'Cancel a Job that is still Pending', may_conflict=True),
    Call('POST', '/api/job/request/{request_id}/retry', job.retry, EmptyBody, UpdateAccepted,
         'Try a Job that failed again, as an ad-hoc update', status=202, may_conflict=True),
    Call('GET', '/api/job/request/{request_id}/withdrawal', job.list_withdrawal,
         WithdrawalParameters, WithdrawableObjectPage,
         'The objects that confirming the withdrawal of a Job would withdraw now',
         may_conflict=True, media_types=(JSON, CSV)),
    Call('POST', '/api/job/request/{request_id}/withdraw', job.withdraw, EmptyBody, UpdateAccepted,
         'Confirm the withdrawal that a Job held back, as an ad-hoc update',
         status=202, may_conflict=True),
    # TASKS
    Call('GET', '/api/task', task.list_tasks, PageParameters, TaskPage,
         'The Tasks and their state'),
    Call('POST', '/api/task/pause', task.pause_pipeline, PauseBody, TaskPage,
         'Pause Download, Convert, Upload and Schedule Updates at once', may_conflict=True),
    Call('POST', '/api/task/resume', task.resume_pipeline, EmptyBody, TaskPage,
         'Resume all of these that are paused', may_conflict=True),
    Call('POST', '/api/task/{slug}/run', task.run, EmptyBody, Task,
         'Run a Task now, outside its schedule', may_conflict=True),
    Call('POST', '/api/task/{slug}/pause', task.pause, PauseBody, Task,
         'Pause a Task, until a time or until somebody resumes it', may_conflict=True),
    Call('POST', '/api/task/{slug}/resume', task.resume, EmptyBody, Task,
         'Resume a paused Task', may_conflict=True),
    Call('POST', '/api/task/{slug}/kill', task.kill, EmptyBody, Task,
         'End what a Task does; the Jobs that it works on fail', may_conflict=True),
    Call('POST', '/api/task/{slug}/send-now', task.send_now, EmptyBody, Task,
         'End the wait that Sentinel requested of Upload', may_conflict=True),
    # REPORTS
    Call('GET', '/api/report/error', report.list_errors, ErrorParameters, ReportedErrorPage,
         'Errors of Jobs by code and reason; as CSV, every single one', media_types=(JSON, CSV)),
    Call('GET', '/api/report/error/entry', report.list_entries, ErrorEntryParameters,
         ReportedEntryPage,
         'Single errors of Jobs, newest first'),
    Call('POST', '/api/report/error/retry', report.retry_refused, RetryRefusedBody, UpdateAccepted,
         'Read again from ThreatConnect what Sentinel refused, and send it once more',
         status=202, may_conflict=True),
    Call('GET', '/api/report/audit', report.list_audit, AuditParameters, AuditPage,
         'Who changed what, when'),
    Call('GET', '/api/verification', verification.read, Parameters, Verification,
         'How Verify stands: whether Sentinel holds what was sent'),
    Call('GET', '/api/verification/finding', verification.list_findings, FindingParameters,
         FindingPage,
         'What the last completed run of Verify found, object by object', media_types=(JSON, CSV)),
    Call('POST', '/api/verification/run', verification.run, VerifyBody, Verification,
         'Run Verify now', may_conflict=True),
    Call('POST', '/api/verification/send', verification.send, SendFindingsBody, UpdateAccepted,
         'Send again what Sentinel does not hold as it was sent, as an ad-hoc update',
         status=202, may_conflict=True),
    Call('POST', '/api/verification/withdraw', verification.withdraw, WithdrawUnknownBody,
         UpdateAccepted,
         'Withdraw what Sentinel holds under the source system and this Service does not know',
         status=202, may_conflict=True),
    Call('GET', '/api/match', match.list_matches, MatchedIndicatorParameters, MatchedIndicatorPage,
         'Indicators in the alerts of Sentinel, and how the Task Match stands',
         media_types=(JSON, CSV)),
    Call('GET', '/api/match/{indicator_id}/alert', match.list_alerts, MatchedAlertParameters,
         MatchedAlertPage,
         'The alerts in which one Indicator was matched, newest first'),
    Call('POST', '/api/indicator', indicator.look_up, LookupBody, LookupReply,
         'Whether values are in Sentinel, and why not: one line for each'),
    Call('POST', '/api/indicator/detail', indicator.detail, DetailBody, Findings,
         'Everything that is known of one value, in Sentinel and in ThreatConnect'),
    Call('POST', '/api/indicator/history', verification.history, HistoryBody, ObjectHistory,
         'The rows of an object in Sentinel, of the last 30 days'),
    Call('POST', '/api/indicator/send', indicator.send, SendBody, UpdateAccepted,
         'Read values through every enabled TQL query, and send what is chosen, changed or not',
         status=202, may_conflict=True),
    Call('POST', '/api/indicator/withdraw', indicator.withdraw, WithdrawBody, UpdateAccepted,
         'Withdraw what Sentinel has of values, whichever query holds it',
         status=202, may_conflict=True),
    # DASHBOARD and the state of the App
    Call('GET', '/api/metric/summary', metric.summary, SummaryParameters, MetricSummary,
         'The App in figures: what Sentinel holds, what runs, what waits'),
    Call('GET', '/api/metric/history', metric.history, HistoryParameters, MetricHistory,
         'Figures of the Jobs that ended, by the hour'),
    Call('GET', '/api/metrics', metric.exposition, Parameters, Document,
         'The figures in the format of Prometheus', media_types=(TEXT,)),
    Call('GET', '/api/health', health.read, Parameters, Health,
         'The state of the App'),
    Call('POST', '/api/health/check', health.check, EmptyBody, CheckReport,
         'Check ThreatConnect, the token, the workspace and the disk, one by one',
         may_conflict=True),
    Call('GET', '/api/openapi.json', _openapi, Parameters, Document,
         'This document'),
)
# fmt: on
CALLS: tuple[Call[Any, Any], ...] = _TABLE
"""Every call that the API answers."""
