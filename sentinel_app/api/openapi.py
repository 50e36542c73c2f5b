"""The OpenAPI 3.1 document, from the models that check the requests.

`python -m sentinel_app.api.openapi` prints it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from sentinel_app import __version__
from sentinel_app.api import schemas
from sentinel_app.api.call import JSON, Call, Document

_REFERENCE = '#/components/schemas/{model}'

# Refusals that every call may have.
_ALWAYS = (400, 403, 414, 431, 500, 503)
_REFUSALS: Mapping[int, str] = {
    400: 'The request cannot be understood',
    403: 'Not allowed',
    404: 'No such thing',
    409: 'Changed meanwhile, or not possible in this state',
    413: 'The body is too large',
    414: 'The address is too long',
    415: 'The body is not said to be JSON',
    422: 'Some fields are not valid',
    431: 'The headers are too many or too long',
    500: 'A fault of the App; the log has it under the code',
    503: 'Not now: the disk or ThreatConnect does not allow it, or the App is busy or ends',
}


def document(calls: Sequence[Call[Any, Any]]) -> dict[str, Any]:
    """Return the whole document.

    Args:
        calls: those that the API answers.
    """
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    components = schemas.component_schemas(
        [schemas.Error, *(call.reply for call in calls if call.reply is not Document)],
        [call.input for call in calls if call.has_body],
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


def _operation(call: Call[Any, Any]) -> dict[str, Any]:
    parameters = [] if call.has_body else _query_parameters(call.input)
    operation: dict[str, Any] = {
        'summary': call.summary,
        'operationId': '-'.join([call.method.lower(), *_words(call.path)]),
        'parameters': [*_path_parameters(call.path), *parameters],
        'responses': {str(call.status): _reply(call)},
    }
    if call.has_body:
        operation['requestBody'] = {'required': True, 'content': _content(call.input)}
    for status in sorted({*_ALWAYS, *call.refusals}):
        operation['responses'][str(status)] = {
            'description': _REFUSALS[status],
            'content': _content(schemas.Error),
        }
    return operation


def _words(path: str) -> list[str]:
    return [part.strip('{}').partition('.')[0] for part in path.split('/')[2:]]


def _content(model: type[schemas.Shape | Document]) -> dict[str, Any]:
    is_model = model is not Document
    schema = {'$ref': _REFERENCE.format(model=model.__name__)} if is_model else {'type': 'object'}
    return {JSON: {'schema': schema}}


def _reply(call: Call[Any, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for media_type in call.media_types:
        is_json = media_type == JSON
        content |= _content(call.reply) if is_json else {media_type: {'schema': {'type': 'string'}}}
    return {'description': call.summary, 'content': content}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split('/') if part.startswith('{')]
    return [
        {'name': name, 'in': 'path', 'required': True, 'schema': {'type': 'string'}}
        for name in names
    ]


def _query_parameters(model: type[schemas.Shape]) -> list[dict[str, Any]]:
    return [
        {'name': name, 'in': 'query', 'required': False, 'schema': schema}
        for name, schema in schemas.parameter_schemas(model).items()
    ]


def document_text(calls: Sequence[Call[Any, Any]]) -> str:
    """Return the document as it is kept in files: stable, one member a line."""
    return json.dumps(document(calls), indent=2, ensure_ascii=False) + '\n'


if __name__ == '__main__':
    # The table has the call that serves this document.
    from sentinel_app.api.calls import CALLS

    sys.stdout.write(document_text(CALLS))
