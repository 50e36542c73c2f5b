"""The OpenAPI 3.1 document, from the models that check the requests.

`python -m sentinel_app.api.openapi` prints it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sentinel_app import __version__
from sentinel_app.api import schemas

_REFERENCE = '#/components/schemas/{model}'
_JSON = 'application/json'


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
        refusals=(409, 413, 415, 422, 503),
    ),
    Call(
        path='/api/configure/options',
        method='get',
        summary='What the fields of a TQL query may hold',
        reply=schemas.Options,
        refusals=(503,),
    ),
    Call(
        path='/api/job/request',
        method='get',
        summary='A page of Jobs',
        reply=schemas.JobPage,
        parameters=schemas.JobParameters,
    ),
    Call(
        path='/api/job/request',
        method='post',
        summary='Queue an ad-hoc update',
        reply=schemas.UpdateAccepted,
        body=schemas.UpdateBody,
        status=202,
        refusals=(409, 413, 415, 422, 503),
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
        refusals=(404, 409, 413, 415, 422, 503),
    ),
    Call(
        path='/api/job/request/{request_id}/retry',
        method='post',
        summary='Try a Job that failed again, as an ad-hoc update',
        reply=schemas.UpdateAccepted,
        body=schemas.EmptyBody,
        status=202,
        refusals=(404, 409, 413, 415, 422, 503),
    ),
    Call(
        path='/api/job/request/{request_id}/withdraw',
        method='post',
        summary='Confirm the withdrawal that a Job held back, as an ad-hoc update',
        reply=schemas.UpdateAccepted,
        body=schemas.EmptyBody,
        status=202,
        refusals=(404, 409, 413, 415, 422, 503),
    ),
    Call(
        path='/api/task',
        method='get',
        summary='The Tasks, and how each stands',
        reply=schemas.TaskPage,
        parameters=schemas.PageParameters,
    ),
    *(
        Call(
            path=f'/api/task/{{slug}}/{action}',
            method='post',
            summary=summary,
            reply=schemas.Task,
            body=schemas.EmptyBody,
            refusals=(404, 409, 413, 415, 422, 503),
        )
        for action, summary in (
            ('run', 'Run a Task now, outside its schedule'),
            ('pause', 'Let a Task take up nothing further; a restart does not change that'),
            ('resume', 'Let a paused Task go on'),
            ('kill', 'End what a Task does; the Jobs that it works on fail'),
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
        path='/api/report/audit',
        method='get',
        summary='Who changed what, when',
        reply=schemas.AuditPage,
        parameters=schemas.PageParameters,
    ),
    Call(path='/api/health', method='get', summary='How the App is', reply=schemas.Health),
    Call(path='/api/openapi.json', method='get', summary='This document', reply=None),
)
"""Every call that the API answers."""

_REFUSALS: Mapping[int, str] = {
    400: 'The request cannot be understood',
    403: 'Not allowed',
    404: 'No such thing',
    409: 'Changed meanwhile, or not possible in this state',
    413: 'The body is too large',
    415: 'The body is not said to be JSON',
    422: 'Some fields are not valid',
    500: 'A fault of the App; the log has it under the code',
    503: 'The disk or ThreatConnect does not let it be done now',
}


def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method] = _operation(call)
    components = schemas.component_schemas(
        [schemas.Error, *(call.reply for call in CALLS if call.reply)],
        [call.body for call in CALLS if call.body],
        _REFERENCE,
    )
    return {
        'openapi': '3.1.0',
        'info': {
            'title': 'Microsoft Sentinel for ThreatConnect',
            'version': __version__,
            'description': 'Times are RFC 3339 in UTC. Addresses are relative to the Service.',
        },
        'servers': [{'url': '..'}],
        'paths': paths,
        'components': {'schemas': {name: components[name] for name in sorted(components)}},
    }


def _operation(call: Call) -> dict[str, Any]:
    operation: dict[str, Any] = {
        'summary': call.summary,
        'operationId': '-'.join([call.method, *_words(call.path)]),
        'parameters': [*_path_parameters(call.path), *_query_parameters(call.parameters)],
        'responses': {str(call.status): _reply(call)},
    }
    if call.body:
        operation['requestBody'] = {'required': True, 'content': _content(call.body)}
    for status in sorted({400, 403, 500, *call.refusals}):
        operation['responses'][str(status)] = {
            'description': _REFUSALS[status],
            'content': _content(schemas.Error),
        }
    return operation


def _words(path: str) -> list[str]:
    return [part.strip('{}').partition('.')[0] for part in path.split('/')[2:]]


def _content(model: type[schemas.Shape] | None) -> dict[str, Any]:
    schema = {'$ref': _REFERENCE.format(model=model.__name__)} if model else {'type': 'object'}
    return {_JSON: {'schema': schema}}


def _reply(call: Call) -> dict[str, Any]:
    content = _content(call.reply)
    if call.is_csv_too:
        content['text/csv'] = {'schema': {'type': 'string'}}
    return {'description': call.summary, 'content': content}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split('/') if part.startswith('{')]
    return [
        {'name': name, 'in': 'path', 'required': True, 'schema': {'type': 'string'}}
        for name in names
    ]


def _query_parameters(model: type[schemas.Parameters]) -> list[dict[str, Any]]:
    return [
        {'name': name, 'in': 'query', 'required': False, 'schema': schema}
        for name, schema in schemas.parameter_schemas(model).items()
    ]


def document_text() -> str:
    """The document as it is kept in files: stable, one member a line."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + '\n'


if __name__ == '__main__':
    sys.stdout.write(document_text())
