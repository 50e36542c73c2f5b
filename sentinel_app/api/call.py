"""Every call that the API answers, and what it takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

from sentinel_app.api import schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One method of one address."""

    path: str
    method: str
    summary: str
    reply: type[schemas.Shape] | None
    body: type[schemas.Body] | None = None
    parameters: type[schemas.Parameters] = schemas.Parameters
    status: int = 200
    refusals: tuple[int, ...] = ()
    is_csv_too: bool = False
    media: str | None = None
    """What the reply is, where it is no JSON."""


CALLS = (
    Call(
        path='/api/configure',
        method='get',
        summary='The saved TQL queries',
        reply=schemas.Configure,
    ),
    Call(
        path='/api/configure',
        method='put',
        summary='Save the whole list of TQL queries',
        reply=schemas.Configure,
        body=schemas.ConfigureBody,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/configure/options',
        method='get',
        summary='What the fields of a TQL query may hold',
        reply=schemas.Options,
    ),
    Call(
        path='/api/configure/check',
        method='post',
        summary='Whether ThreatConnect takes the TQL of a query; nothing is stored',
        reply=schemas.TqlChecked,
        body=schemas.QueryBody,
        refusals=(413, 415, 422),
    ),
    Call(
        path='/api/configure/preview',
        method='post',
        summary='What a TQL query would give; nothing is sent and nothing is stored',
        reply=schemas.Preview,
        body=schemas.PreviewBody,
        refusals=(413, 415, 422),
    ),
    Call(
        path='/api/configure/effect',
        method='post',
        summary='What saving a list of TQL queries would change; nothing is sent or stored',
        reply=schemas.Effect,
        body=schemas.EffectBody,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/configure/export',
        method='get',
        summary='The saved TQL queries as a file',
        reply=schemas.ExportFile,
    ),
    Call(
        path='/api/configure/import',
        method='put',
        summary='Save a file in place of the whole list of TQL queries',
        reply=schemas.Configure,
        body=schemas.ImportBody,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/job/request',
        method='get',
        summary='A page of Jobs',
        reply=schemas.JobPage,
        parameters=schemas.JobParameters,
    ),
    Call(
        path='/api/job/update',
        method='get',
        summary='A page of updates, newest first, each with the sums over its Jobs',
        reply=schemas.UpdatePage,
        parameters=schemas.UpdateParameters,
    ),
    Call(
        path='/api/job/request',
        method='post',
        summary='Queue an ad-hoc update',
        reply=schemas.UpdateAccepted,
        body=schemas.UpdateBody,
        status=202,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/job/request/{request_id}',
        method='get',
        summary='One Job',
        reply=schemas.Job,
        refusals=(404,),
    ),
    Call(
        path='/api/job/request/{request_id}/cancel',
        method='post',
        summary='Cancel a Job that is still Pending',
        reply=schemas.Job,
        body=schemas.EmptyBody,
        refusals=(404, 409, 413, 415, 422),
    ),
    Call(
        path='/api/job/request/{request_id}/retry',
        method='post',
        summary='Try a Job that failed again, as an ad-hoc update',
        reply=schemas.UpdateAccepted,
        body=schemas.EmptyBody,
        status=202,
        refusals=(404, 409, 413, 415, 422),
    ),
    Call(
        path='/api/job/request/{request_id}/withdrawal',
        method='get',
        summary='The objects that confirming the withdrawal of a Job would withdraw now',
        reply=schemas.WithdrawableObjectPage,
        parameters=schemas.WithdrawalParameters,
        refusals=(404, 409),
        is_csv_too=True,
    ),
    Call(
        path='/api/job/request/{request_id}/withdraw',
        method='post',
        summary='Confirm the withdrawal that a Job held back, as an ad-hoc update',
        reply=schemas.UpdateAccepted,
        body=schemas.EmptyBody,
        status=202,
        refusals=(404, 409, 413, 415, 422),
    ),
    Call(
        path='/api/task',
        method='get',
        summary='The Tasks, and how each stands',
        reply=schemas.TaskPage,
        parameters=schemas.PageParameters,
    ),
    Call(
        path='/api/task/pause',
        method='post',
        summary='Pause Download, Convert, Upload and Schedule Updates at once',
        reply=schemas.TaskPage,
        body=schemas.PauseBody,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/task/resume',
        method='post',
        summary='Resume all of these that are paused',
        reply=schemas.TaskPage,
        body=schemas.EmptyBody,
        refusals=(409, 413, 415, 422),
    ),
    *(
        Call(
            path=f'/api/task/{{slug}}/{action}',
            method='post',
            summary=summary,
            reply=schemas.Task,
            body=schemas.PauseBody if action == 'pause' else schemas.EmptyBody,
            refusals=(404, 409, 413, 415, 422),
        )
        for action, summary in (
            ('run', 'Run a Task now, outside its schedule'),
            ('pause', 'Pause a Task, until a time or until somebody resumes it'),
            ('resume', 'Resume a paused Task'),
            ('kill', 'End what a Task does; the Jobs that it works on fail'),
            ('send-now', 'End the wait that Sentinel asked Upload for'),
        )
    ),
    Call(
        path='/api/report/error',
        method='get',
        summary='Errors of Jobs by code and reason; as CSV, every single one',
        reply=schemas.ReportedErrorPage,
        parameters=schemas.ErrorParameters,
        is_csv_too=True,
    ),
    Call(
        path='/api/report/error/entry',
        method='get',
        summary='Single errors of Jobs, newest first',
        reply=schemas.ReportedEntryPage,
        parameters=schemas.ErrorEntryParameters,
    ),
    Call(
        path='/api/report/error/retry',
        method='post',
        summary='Ask ThreatConnect for what Sentinel refused, and send it once more',
        reply=schemas.UpdateAccepted,
        body=schemas.RetryRefusedBody,
        status=202,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/indicator/send',
        method='post',
        summary='Ask every enabled TQL query for values, and send what is chosen, changed or not',
        reply=schemas.UpdateAccepted,
        body=schemas.SendBody,
        status=202,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/indicator/withdraw',
        method='post',
        summary='Withdraw what Sentinel has of values, whichever query holds it',
        reply=schemas.UpdateAccepted,
        body=schemas.WithdrawBody,
        status=202,
        refusals=(409, 413, 415, 422),
    ),
    Call(
        path='/api/report/audit',
        method='get',
        summary='Who changed what, when',
        reply=schemas.AuditPage,
        parameters=schemas.AuditParameters,
    ),
    Call(
        path='/api/indicator',
        method='post',
        summary='Whether values are in Sentinel, and why not: one line for each',
        reply=schemas.LookupReply,
        body=schemas.LookupBody,
        refusals=(413, 415, 422),
    ),
    Call(
        path='/api/indicator/detail',
        method='post',
        summary='Everything that is known of one value, in Sentinel and in ThreatConnect',
        reply=schemas.Findings,
        body=schemas.DetailBody,
        refusals=(413, 415, 422),
    ),
    Call(
        path='/api/metric/summary',
        method='get',
        summary='The App in figures: what Sentinel holds, what runs, what waits',
        reply=schemas.MetricSummary,
        parameters=schemas.SummaryParameters,
    ),
    Call(
        path='/api/metric/history',
        method='get',
        summary='Figures of the Jobs that ended, by the hour',
        reply=schemas.MetricHistory,
        parameters=schemas.HistoryParameters,
    ),
    Call(
        path='/api/metrics',
        method='get',
        summary='The figures as Prometheus reads them',
        reply=None,
        media='text/plain',
    ),
    Call(path='/api/health', method='get', summary='How the App is', reply=schemas.Health),
    Call(
        path='/api/health/check',
        method='post',
        summary='Try ThreatConnect, the token, the workspace and the disk, one by one',
        reply=schemas.CheckReport,
        body=schemas.EmptyBody,
        refusals=(409, 413, 415, 422),
    ),
    Call(path='/api/openapi.json', method='get', summary='This document', reply=None),
)
"""Every call that the API answers."""
