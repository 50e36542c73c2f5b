"""Secrets are known by their names, and masked at a cost that grows with the text alone."""

from __future__ import annotations

import json
import time
from urllib.parse import quote, quote_plus

import pytest

from sentinel_app.core.masking import MASK, mask_named

MARKER = 'mArKeR-s3cret/with+odd=chars&"quotes"'


RUN_SERVICE = {
    'command': 'RunService',
    'apiToken': MARKER,
    'headers': [
        {'name': 'Accept', 'value': 'innocent'},
        {'name': 'Cookie', 'value': f'JSESSIONID={MARKER}; theme="dark"'},
        {'name': 'authorization', 'value': f'TC 123:{MARKER}'},
        {'value': MARKER, 'name': 'Proxy-Authorization'},
        {'name': 'X-Api-Key', 'value': MARKER},
        {'name': 'X-CSRF-Token', 'value': MARKER},
        {'name': 'Cookie', 'value': None},
    ],
    'path': '/innocent',
}


@pytest.mark.parametrize(
    'text',
    [
        f'feature=api-service, event=runservice-command, message="{RUN_SERVICE}"',
        f'message-payload={json.dumps(RUN_SERVICE)}',
        f'message-payload={json.dumps(RUN_SERVICE, separators=(",", ":"))}',
        f'message="""{json.dumps(RUN_SERVICE).encode()!r}"""',
        json.dumps(json.dumps(RUN_SERVICE)),
        f'environ={ {"HTTP_COOKIE": MARKER, "HTTP_PROXY-AUTHORIZATION": MARKER} }',
        f'environ={ {"api_token": MARKER, "accept": "innocent"} }',
        f'environ={ {"HTTP_X-API-KEY": MARKER, "HTTP_X_AUTH_TOKEN": MARKER, "a": "innocent"} }',
        f"args=('200 OK', [('Set-Cookie', '{'x' * 40}{MARKER}'), ('x-innocent', 'innocent')])",
        f"curl -X GET -H 'Authorization: TC 1:{MARKER}' -H 'Accept: innocent'",
        f'Authorization: Bearer {quote(MARKER)}',
        f'token is Bearer {quote(MARKER)}, innocent',
        f'TC-Token {quote(MARKER)}',
        f'grant_type=x&client_secret={quote_plus(MARKER)}&innocent=1',
        f'GET https://x/api/appAuth?expiredToken={quote(MARKER)}',
        f'{{"access_token": {json.dumps(MARKER)}, "expires_in": 3599}}',
        f'{{"client_secret":{json.dumps(MARKER)}}}',
        f'proxy=http://user:{quote(MARKER, safe="")}@proxy:3128',
    ],
)
def test_secret_is_masked_by_the_name_before_it(text: str) -> None:
    redacted = mask_named(text)
    for piece in ('mArKeR', 's3cret', 'odd', 'quotes'):
        assert piece not in redacted
    assert MASK in redacted
    assert redacted.count('innocent') == text.count('innocent')


@pytest.mark.parametrize(
    'piece',
    [
        'x',
        '\\',
        '"',
        '"value": "',
        "{'value': [",
        '"name": "cookie", "value": "x',
        '"cookie": "',
        '\\"cookie\\": \\"',
        "'cookie: ",
        'cookie: ',
        'tc_',
        'TC ',
        '://a:b',
        '-----BEGIN PRIVATE KEY-----',
    ],
)
def test_cost_of_hostile_text_grows_only_with_its_length(piece: str) -> None:
    text = (piece * (200_000 // len(piece)))[:200_000]
    started = time.process_time()
    mask_named(text)
    assert time.process_time() - started < 3
