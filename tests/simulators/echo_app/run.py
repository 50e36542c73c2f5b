"""Started by the platform stand-in: answers each request with what arrived in the environ."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any

from tcex import TcEx

StartResponse = Callable[[str, list[tuple[str, str]]], None]


def answer(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    stream = environ['wsgi.input']
    body = b'' if stream is None else stream.read()
    path = environ['PATH_INFO'].strip('/')
    if path == 'raise':
        raise RuntimeError('never answered')
    if path == 'exit':
        os._exit(7)
    if path == 'sleep':
        time.sleep(1.5)
    if path == 'empty':
        start_response('204 No Content', [])
        return []
    if path == 'cookies':
        start_response('200 OK', [('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2')])
        return [b'two']
    if path == 'echo':
        start_response('200 OK', [('Content-Type', 'application/octet-stream')])
        return [body]
    shown = {
        name: value
        for name, value in environ.items()
        if isinstance(value, str | int | bool | list) and not name.startswith('wsgi.')
    }
    text = json.dumps({**shown, 'body': body.decode('latin-1'), 'pid': os.getpid()}).encode()
    start_response('200 OK', [('Content-Type', 'application/json'), ('X-Length', str(len(text)))])
    return [text]


def main() -> None:
    tcex = TcEx()
    service = tcex.app.service
    if tcex.inputs.model.fail_at_start == 'yes':
        tcex.exit.exit(1, 'the input fail_at_start is set')
    service.api_event_callback = answer
    service.add_metric('Echoes', 3)
    service.listen()
    service.heartbeat()
    service.ready = True
    while service.loop_forever(sleep=1):
        pass
    tcex.exit.exit(0, 'echo is done')


if __name__ == '__main__':
    main()
