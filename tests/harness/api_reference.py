"""The reference of the HTTP API, from the App's own OpenAPI document.

python -m tests.harness.api_reference     write docs/api.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sentinel_app.api.calls import CALLS
from sentinel_app.api.openapi import document
from tests.harness.project import PROJECT

PAGE = PROJECT / 'docs' / 'api.md'

Schema = Mapping[str, Any]

_FIRST_REFUSAL = 400

_HEAD = """\
# HTTP API

<!-- Made by `make gen` from the App's OpenAPI document; edit tests/harness/api_reference.py
     instead. -->

The page of the Service uses this API and nothing else, so whatever the page does, a script can do.
`GET api/openapi.json` gives the same as an OpenAPI 3.1 document, from the models that check the
requests.

## Rules for all calls

* **Addresses** are relative to the Service: `https://<instance>/api/services/<API path>/`. The API
  path is the one of the Service, `ms_sentinel` unless somebody changed it.
* **Who may call**: ThreatConnect signs people in before a request reaches the App. With *UI Access*
  set to *Administrators only*, everybody whose role is none of *Administrator Roles* gets 403
  (`APP-FORBIDDEN`).
* **Bodies** are JSON with names in snake_case, at most 1 MB. A call that changes something needs
  `Content-Type: application/json` (else 415), and is refused with 403 where a browser says that a
  page of another site makes it, or names another host in `Origin`. Members that the App does not
  know are refused, not passed over.
* **Query strings** need only letters, digits and `_.:~,-`; anything freer goes in a body. An
  unknown name, or a value of another kind, is a 400. A blank value counts as none. A list is
  repeated or separated by commas.
* **Size**: paths and query strings up to 8,000 characters and 200 parameters (else 414), 200
  headers of 64 KB in all (else 431). What is no text, such as a line break in a header, is a 400.
* **Times** are RFC 3339; replies are in UTC and end in `Z`.
* **Lists** come in pages: `{"count", "data", "next", "previous", "total_count"}`. `next` and
  `previous` are query strings to put after the same path. Replies stay under 1 MB, so a page may
  end before its `limit`; `next` goes on where it ended.
* **Errors** have one shape, whatever went wrong: `{"title", "description", "code"}`, and `errors`
  with one entry for each bad field where fields are at fault. The `code` stands in the log as well;
  [troubleshooting.md](troubleshooting.md) explains each.
* At most 16 requests are worked on at a time; further ones get 503 (`APP-BUSY`) at once.
* `HEAD` is answered as `GET` is, without the body.

An example, with the session of somebody who is signed in:

```text
GET https://<instance>/api/services/ms_sentinel/api/job/request?status=failed&limit=5
```

## Calls

| call | does |
| --- | --- |
"""


def page() -> str:
    """The text of docs/api.md."""
    described = document(CALLS)
    operations = [
        (method, path, operation)
        for path, methods in described['paths'].items()
        for method, operation in methods.items()
    ]
    lines = [
        f'| [`{method.upper()} {path[1:]}`](#{operation["operationId"]}) | '
        f'{_one_line(operation["summary"])} |'
        for method, path, operation in operations
    ]
    parts = [_HEAD + '\n'.join(lines) + '\n', _refusals(operations)]
    parts += [_operation(method, path, operation) for method, path, operation in operations]
    parts.append('## Shapes\n')
    parts += [
        _model(name, schema)
        for name, schema in described['components']['schemas'].items()
        if not name.endswith('Page')
    ]
    return '\n'.join(parts)


def _operation(method: str, path: str, operation: Schema) -> str:
    parts = [
        f'<a id="{operation["operationId"]}"></a>\n\n### `{method.upper()} {path[1:]}`\n',
        f'{operation["summary"]}.\n',
    ]
    if operation['parameters']:
        rows = [_parameter(each) for each in operation['parameters']]
        parts.append(_table(('parameter', 'value', 'meaning'), rows))
    if 'requestBody' in operation:
        parts.append(f'Body: {_contents(operation["requestBody"])}\n')
    good = [
        f'Answer: {status}, {_contents(answer)}.'
        for status, answer in operation['responses'].items()
        if int(status) < _FIRST_REFUSAL
    ]
    refusals = ', '.join(each for each in operation['responses'] if int(each) >= _FIRST_REFUSAL)
    parts.append(f'{" ".join(good)} Refusals: {refusals}.\n')
    return '\n'.join(parts)


def _refusals(operations: list[tuple[str, str, Schema]]) -> str:
    """What each status means that is no success."""
    found = {
        int(status): _one_line(answer['description'])
        for _, _, operation in operations
        for status, answer in operation['responses'].items()
    }
    rows = [(str(each), found[each]) for each in sorted(found) if each >= _FIRST_REFUSAL]
    return 'Refusals have the shape [Error](#error):\n\n' + _table(('status', 'meaning'), rows)


def _parameter(parameter: Schema) -> tuple[str, str, str]:
    schema = parameter['schema']
    # The description of a list of words is that of their class, not of the parameter.
    words = ['' if 'enum' in schema else _one_line(str(schema.get('description', '')))]
    if parameter['required']:
        words.append('in the path')
    if schema.get('default') not in (None, '', []):
        words.append(f'`{schema["default"]}` where left out')
    kind = _kind(schema).removesuffix(' or null')
    return f'`{parameter["name"]}`', kind, '; '.join(word for word in words if word)


def _model(name: str, schema: Schema) -> str:
    parts = [f'<a id="{name.lower()}"></a>\n\n### {name}\n']
    if schema.get('description'):
        parts.append(f'{" ".join(schema["description"].split())}\n')
    if 'enum' in schema:
        parts.append(f'One of {_values(schema["enum"])}.\n')
    required = set(schema.get('required', ()))
    rows = [
        (f'`{field}`' + ('' if field in required else ' (optional)'), _kind(of), _meaning(of))
        for field, of in schema.get('properties', {}).items()
    ]
    if rows:
        parts.append(_table(('member', 'value', 'meaning'), rows))
    return '\n'.join(parts)


def _meaning(schema: Schema) -> str:
    return _one_line(str(schema.get('description', '')))


def _contents(holder: Schema) -> str:
    texts = []
    for kind, content in holder.get('content', {}).items():
        shown = _kind(content['schema'])
        texts.append(shown if kind == 'application/json' else f'`{kind}`')
    return ' or '.join(texts) or 'none'


def _kind(schema: Schema) -> str:
    """The kind of a value in a few words, models as links."""
    if '$ref' in schema:
        name = schema['$ref'].rpartition('/')[2]
        if name.endswith('Page'):
            return f'a page of {_link(name.removesuffix("Page"))}'
        return _link(name)
    options = schema.get('anyOf') or schema.get('oneOf')
    if options:
        return ' or '.join(dict.fromkeys(_kind(option) for option in options))
    if 'enum' in schema:
        return _values(schema['enum'])
    if 'const' in schema:
        return f'`{schema["const"]}`'
    kind = schema.get('type', 'any value')
    if kind == 'array':
        return f'list of {_kind(schema["items"])}'
    if schema.get('format') == 'date-time':
        return 'time'
    words = {'string': 'text', 'integer': 'whole number', 'boolean': 'true or false'}
    text = words.get(kind, str(kind))
    return text + ''.join(_limits(schema))


def _limits(schema: Schema) -> Iterator[str]:
    low, high = schema.get('minimum'), schema.get('maximum')
    if low is not None and high is not None:
        yield f', {low:,} to {high:,}'
    if schema.get('maxLength'):
        yield f', at most {schema["maxLength"]:,} characters'


# Models whose name in the document differs from what a page of them is called.
_ITEMS = {'Audit': 'AuditRecord'}


def _link(name: str) -> str:
    name = _ITEMS.get(name, name)
    return f'[{name}](#{name.lower()})'


def _values(values: list[Any]) -> str:
    return ', '.join(f'`{value}`' for value in values)


def _one_line(text: str) -> str:
    return ' '.join(text.split()).replace('|', '\\|')


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [' | '.join(heads), ' | '.join('---' for _ in heads), *(' | '.join(r) for r in rows)]
    return '\n'.join(f'| {line} |' for line in lines) + '\n'


if __name__ == '__main__':
    PAGE.write_text(page(), encoding='utf-8')
