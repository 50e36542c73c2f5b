"""Started by the platform stand-in: the few calls of the API that the driver makes.

Each look at the Jobs brings them one step further. The environment variable PRETEND holds what
shall go wrong.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tcex import TcEx

STATUSES = ('Pending', 'Download In Progress', 'Upload In Progress', 'Upload Complete')
OUTCOMES = (
    *('sent', 'unchanged', 'duplicate', 'withheld', 'expired'),
    *('unsupported', 'invalid', 'refused', 'withdrawn', 'failed'),
)
PRETEND = os.environ.get('PRETEND', '')


class State:
    """What is kept in the folder of the platform: queries, and how far the update is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.queries: list[dict[str, Any]] = []
        self.step = -1
        if path.exists():
            kept = json.loads(path.read_text())
            self.queries, self.step = kept['queries'], kept['step']

    def save(self) -> None:
        self.path.write_text(json.dumps({'queries': self.queries, 'step': self.step}))

    def jobs(self) -> list[dict[str, Any]]:
        if self.step < 0:
            return []
        status = STATUSES[min(self.step, len(STATUSES) - 1)]
        is_over = status == STATUSES[-1]
        if is_over and PRETEND == 'fail':
            status = 'Failed'
        counts = dict.fromkeys((f'count_{name}' for name in OUTCOMES), 0)
        counts |= {'count_sent': 7 * is_over, 'count_duplicate': 3 * is_over}
        return [
            {
                'update_id': 'u1',
                'request_id': f'r{position}',
                'status': status,
                'query': {'position': position},
                'count_read': 10 * is_over,
                **counts,
                'count_object': 9 * is_over,
                'count_request': int(is_over),
                'count_throttled': 0,
                'waiting_seconds': 4.0 if status == STATUSES[2] else None,
                'warnings': [],
                'failure_reason': 'it was asked for' if status == 'Failed' else None,
            }
            for position in range(len(self.queries))
        ]


def respond(state: State, method: str, path: str, body: Any) -> tuple[str, Any]:
    if (method, path) == ('GET', 'api/configure'):
        return '200 OK', {'version': 4, 'queries': state.queries}
    if (method, path) == ('PUT', 'api/configure'):
        if PRETEND == 'refuse' or body['version'] != 4:
            return '422 Unprocessable Content', {'title': 'refused'}
        state.queries = body['queries']
        state.step = -1 if PRETEND == 'wait' else 0
        return '200 OK', {'version': 5, 'queries': state.queries}
    if (method, path) == ('GET', 'api/job/request'):
        if state.step == 1 and PRETEND == 'die once':
            state.step = 2
            state.save()
            os._exit(9)
        if state.step == 1 and PRETEND == 'die':
            os._exit(9)
        jobs = state.jobs()
        state.step += state.step >= 0
        return '200 OK', {'data': jobs}
    if (method, path) == ('POST', 'api/job/request'):
        state.step = 0
        return '202 Accepted', {'update_id': 'u1', 'request_ids': []}
    return '404 Not Found', {'title': 'no such address'}


def main() -> None:
    tcex = TcEx()
    service = tcex.app.service
    state = State(Path(tcex.inputs.model.tc_out_path) / 'state.json')

    def answer(environ: dict[str, Any], start_response: Callable[..., None]) -> list[bytes]:
        stream = environ['wsgi.input']
        body = json.loads(stream.read()) if stream is not None else None
        path = environ['PATH_INFO'].strip('/')
        status, payload = respond(state, environ['REQUEST_METHOD'], path, body)
        state.save()
        start_response(status, [('Content-Type', 'application/json')])
        return [json.dumps(payload).encode()]

    service.api_event_callback = answer
    service.listen()
    service.heartbeat()
    service.ready = True
    while service.loop_forever(sleep=1):
        pass
    tcex.exit.exit(0, 'done')


if __name__ == '__main__':
    main()
