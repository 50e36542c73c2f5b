"""Whatever another system says, no secret comes out of the App again: kept, shown, or sent on."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.harness.running import MakeStand, check_log, query_for, updates_have_ended
from tests.harness.waiting import until
from tests.simulators.demo import load_indicators
from tests.simulators.echo import Echo, carried, json_error, page, plain, spellings
from tests.simulators.entra import CLIENT_SECRET
from tests.simulators.https import Reply, Request
from tests.simulators.proxy import ProxySimulator
from tests.simulators.stand import Stand
from tests.simulators.threatconnect import SECRET_KEY

pytestmark = pytest.mark.integration

OWN = {
    'client secret': CLIENT_SECRET,
    'secret key': SECRET_KEY,
    'platform token': 'SVC:11:ofthePlatform/itself+0123456789abcdef',
    'platform secret': 'platform-secret-key/+%&0123456789',
    'broker token': 'broker-token-0123456789"quoted"',
    'proxy password': 'pr@xy/pass word+%41&x',
}
"""What the App is given."""
BROUGHT = {
    'Cookie': 'JSESSIONID=crumbs-of-a-session-9876543210',
    'Authorization': 'Bearer bearer-of-the-page-5647382910',
    'X-Api-Key': 'api-key-of-the-page-1029384756',
    'Api-Key': 'short-named-key-of-the-page-5544',
    'Ocp-Apim-Subscription-Key': 'words-of-a-subscriber-7788990011',
}
ASKED = {'token': 'token-in-an-address-11223344', 'sig': 'sig/in+an=address-55667788'}
KEPT_OF_ROWS = {'status', 'type', 'dateAdded', 'lastModified', 'createdDate', 'publishedDate'}
VALUES_OF_ROWS = {
    *('ownerName', 'summary', 'hostName', 'ip', 'text', 'address', 'md5', 'sha1', 'sha256'),
    *('name', 'Key Name', 'Value Name', 'Value Type', 'AS Number', 'block', 'subject'),
}
KEPT_OF_TOKENS = {
    *('access_token', 'token_type', 'issuer', 'token_endpoint', 'authorization_endpoint'),
    *('jwks_uri', 'device_authorization_endpoint'),
}
ERROR = {'error': {'code': 'BadThing', 'message': ...}, 'message': ...}
THREATCONNECT: Mapping[str, Callable[[str], Reply]] = {
    **{
        str(status): json_error(status, status='Error', message=...)
        for status in (200, 400, 401, 403, 404, 429, 500)
    },
    'no text': json_error(500, status='Error', message={'deep': [...]}),
    'page 200': page(200),
    'page 502': page(502),
    'text 400': plain(400),
}
ENTRA: Mapping[str, Callable[[str], Reply]] = {
    'refusal': json_error(400, error='invalid_client', error_description=..., error_uri=...),
    'code': json_error(401, error=..., error_description=None),
    'later': json_error(400, error='temporarily_unavailable', error_description=...),
    'page 200': page(200),
    'page 503': page(503),
    'text 429': plain(429),
    'no token': json_error(200, token_type=..., expires_in=...),
}
SENTINEL: Mapping[str, Callable[[str], Reply]] = {
    **{str(status): json_error(status, **ERROR) for status in (400, 401, 403, 404, 413, 500)},
    'refusals': json_error(200, errors=[{'recordIndex': 0, 'errorMessages': [..., {'a': ...}]}]),
    'all refused': json_error(400, errors=[{'recordIndex': 0, 'validationErrorMessages': ...}]),
    'success with an error': json_error(200, **ERROR),
    'page 403': page(403),
    'page 200': page(200),
    'text 500': plain(500),
    # The last one: no other request goes to Sentinel for a while.
    '429': json_error(429, **ERROR),
}
CALLS: tuple[tuple[str, str], ...] = tuple(
    ('GET', f'api/{path}')
    for path in (
        *('configure', 'configure/options', 'configure/export', 'job/request', 'task'),
        *('report/error', 'report/error/entry', 'report/audit'),
        *('metric/summary', 'metric/history', 'metrics'),
        *('health', 'openapi.json'),
    )
)


@dataclass(kw_only=True)
class Search:
    """The secrets, the sides that tell them, and what came out of the App."""

    stand: Stand
    own: Mapping[str, str]
    echoes: dict[str, Echo] = field(default_factory=dict)
    heard: dict[str, list[bytes]] = field(default_factory=dict)
    """Replies, messages and requests by where they went."""
    seen: dict[str, None] = field(default_factory=dict)
    """Tokens, signatures and assertions that went over the wire."""
    tokens: list[str] = field(default_factory=list)
    """What requests carried; a signature is echoed in the answer to its own request alone."""

    def begin(self) -> None:
        stand = self.stand
        issue = stand.threatconnect.issue_token

        issued: list[str] = []

        def issue_token(*args: Any, **options: Any) -> tuple[str, int]:
            # The App cannot know a token before the request with it has arrived, so nobody else
            # does: as the next one is issued, the request with the last one has been answered.
            self.seen.update(dict.fromkeys(issued))
            token, expires = issue(*args, **options)
            issued[:] = [token]
            return token, expires

        stand.threatconnect.issue_token = issue_token  # type: ignore[method-assign]
        sides = (
            ('ThreatConnect', stand.threatconnect, KEPT_OF_ROWS, VALUES_OF_ROWS),
            ('Entra ID', stand.entra, KEPT_OF_TOKENS, ()),
            ('Sentinel', stand.sentinel, (), ()),
        )
        for name, side, kept, spared in sides:
            echo = self.echoes[name] = Echo(planted=self.planted, kept=kept, spared=spared)
            side.alter(self._listening(name, echo))

    def _listening(self, name: str, echo: Echo) -> Callable[[Request, Reply], Reply]:
        def alter(request: Request, reply: Reply) -> Reply:
            if name == 'Sentinel':
                self.seen.update(dict.fromkeys(carried(request)))
            self.tokens += carried(request)
            sent = f'{request.method} {request.target}\n'.encode()
            self.heard.setdefault(f'sent to {name}', []).append(
                sent if name == 'Entra ID' else sent + request.body
            )
            return echo(request, reply)

        return alter

    def planted(self) -> list[str]:
        """Every secret that another system can have got hold of by now."""
        return [*self.own.values(), *self.brought(), *[*self.seen][-4:]]

    @staticmethod
    def brought() -> list[str]:
        return [*(value.split('=')[-1].split()[-1] for value in BROUGHT.values()), *ASKED.values()]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Make one request with secrets of the caller's, and keep the answer."""
        query = f'?{urlencode(ASKED)}' if path == 'api/health' else ''
        reply = self.stand.api(method, f'{path}{query}', body, headers=BROUGHT)
        text = f'{reply.status_code} {dict(reply.headers)}\n'.encode() + reply.content
        self.heard.setdefault(f'{method} {path.partition("?")[0]}', []).append(text)
        return reply

    def look(self) -> None:
        """Ask for everything that the App shows."""
        for method, path in CALLS:
            self.ask(method, path)
        for job in self.ask('GET', 'api/job/request?limit=100').json()['data'][:3]:
            self.ask('GET', f'api/job/request/{job["request_id"]}')

    # -- the search

    def places(self) -> dict[str, bytes]:
        """Return everything that left the App or was kept by it, by where that is."""
        app = self.stand.app
        found = {name: b'\n'.join(texts) for name, texts in self.heard.items()}
        for path in sorted((self.stand.state_folder / 'app').rglob('*')):
            if path.is_file() and 'services' not in path.parts:
                found[path.name] = path.read_bytes()
                if path.name == 'state.db':
                    found['state.db, unpacked'] = b'\n'.join(cells(path))
        found['broker'] = repr([*app.messages, *app.metrics]).encode()
        found['in Sentinel'] = json.dumps(self.stand.sentinel.held_objects()).encode()
        for name in ('cmdline', 'environ'):
            file = Path(f'/proc/{app.pid}/{name}')
            found[name] = file.read_bytes() if file.exists() else b''
        return found

    def hits(self) -> tuple[str, list[tuple[str, str, str]]]:
        """Search for each secret in each spelling everywhere; return a summary and the hits."""
        secrets = dict(self.own)
        secrets |= {f'brought {number}': value for number, value in enumerate(self.brought())}
        secrets |= {
            f'wire {number}': value
            for number, value in enumerate(dict.fromkeys((*self.seen, *self.tokens)))
            if len(value) >= 12
        }
        lowered = {place: content.lower() for place, content in self.places().items()}
        hits = [
            (name, spelling, place)
            for name, secret in secrets.items()
            for spelling, text in spellings(secret).items()
            for place, content in lowered.items()
            if any(part in content for part in parts(spelling, text))
        ]
        altered = {name: echo.count for name, echo in self.echoes.items()}
        size = sum(map(len, lowered.values()))
        return (
            f'{len(secrets)} secrets x 7 spellings, echoed in {altered} answers, looked for in '
            f'{len(lowered)} places of {size:,} bytes: {len(hits)} hits'
        ), hits


def parts(spelling: str, text: str) -> Iterable[bytes]:
    """Both halves of what gives a secret away: to mask one of them would not do."""
    core = text[8:-4] if spelling == 'credentials' else text[3:-4]
    middle = len(core) // 2
    halves = (core[:middle], core[middle:]) if middle >= 10 else (core,)
    return [half.lower().encode() for half in halves]


def cells(path: Path) -> Iterable[bytes]:
    """Every cell of a database, unpacked where it is packed."""
    with closing(sqlite3.connect(f'file:{path}?mode=ro', uri=True)) as base:
        tables = [
            name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        for table in tables:
            for row in base.execute(f'SELECT * FROM "{table}"'):
                for cell in row:
                    if isinstance(cell, bytes):
                        try:
                            yield zlib.decompress(cell)
                        except zlib.error:
                            yield cell
                    elif cell is not None:
                        yield str(cell).encode()


@pytest.mark.timeout(300)
def test_secrets_never_come_back_from_anywhere(make_stand: MakeStand, record_property: Any) -> None:
    rows = load_indicators(40, own=True)
    user = 'proxy-user'
    with (
        ProxySimulator(user, OWN['proxy password']) as proxy,
        make_stand(rows=rows, services='embedded') as stand,
    ):
        stand.app.inputs |= {
            'tc_log_level': 'trace',
            'tc_token': OWN['platform token'],
            'tc_token_expires': '9999999999',
            'tc_api_secret_key': OWN['platform secret'],
            'tc_svc_broker_token': OWN['broker token'],
            'tc_proxy_host': '127.0.0.1',
            'tc_proxy_port': str(proxy.port),
            'tc_proxy_username': user,
            'tc_proxy_password': OWN['proxy password'],
            'tc_proxy_tc': 'true',
            'tc_proxy_external': 'true',
        }
        stand.entra.settings.expires_in = 1
        stand.app.start()
        check_log(stand)
        search = Search(stand=stand, own=OWN)
        search.ask('GET', 'api/health')
        woven(search, rows)
        lied_to(search)
        proxy.refusal = ' '.join(
            text
            for secret in search.planted()
            for text in spellings(secret).values()
            if text.isascii()
        )[:30_000]
        search.ask('POST', 'api/health/check', {})
        search.look()
        stand.app.heartbeat()
        assert stand.app.shutdown(timeout_s=60) == 0
        summary, hits = search.hits()
        record_property('secrets', summary)
        assert hits == [], summary


def woven(search: Search, rows: list[dict[str, Any]]) -> None:
    """Let an update read, send and be refused, with secrets in everything that it is told."""
    stand = search.stand
    version = search.ask('GET', 'api/configure').json()['version']
    body = {'version': version, 'queries': [query_for(rows)], 'run': 'full'}
    assert search.ask('PUT', 'api/configure', body).status_code == 200
    until(lambda: updates_have_ended(stand))
    search.begin()
    stand.sentinel.faults.add('refuse-all', count=1)
    search.ask('POST', 'api/job/request', {'mode': 'full'})
    until(lambda: updates_have_ended(stand))
    ask_all(search, rows)
    search.look()


def lied_to(search: Search) -> None:
    """Let each side answer each call in each wrong way."""
    rows = search.stand.threatconnect.store.rows()
    for name, lies in (
        ('ThreatConnect', THREATCONNECT),
        ('Entra ID', ENTRA),
        ('Sentinel', SENTINEL),
    ):
        echo = search.echoes[name]
        for kind, lie in lies.items():
            echo.lie = lie
            if name == 'ThreatConnect':
                ask_all(search, rows)
            else:
                search.ask('POST', 'api/health/check', {})
            if (name, kind) in {
                ('ThreatConnect', '401'),
                ('Entra ID', 'refusal'),
                ('Sentinel', '403'),
            }:
                search.ask('POST', 'api/job/request', {'mode': 'full'})
                until(lambda: updates_have_ended(search.stand))
        echo.lie = None


def ask_all(search: Search, rows: Any) -> None:
    """Make every call that asks another system."""
    query = {name: value for name, value in query_for(list(rows)).items() if 'sort' not in name}
    search.ask('GET', 'api/configure/options')
    search.ask('POST', 'api/configure/check', query)
    search.ask('POST', 'api/configure/preview', query)
    search.ask('POST', 'api/indicator/detail', {'value': 'example.com'})
    search.ask('POST', 'api/health/check', {})
    search.ask('POST', 'api/task/cleaner/run', {})
