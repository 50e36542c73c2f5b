"""Serves the built page with headers that let a browser keep what never changes."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

import falcon

from sentinel_app.api.middleware import is_api
from sentinel_app.platform.reply_header import content_security_policy

_CONTENT_TYPES = {
    '.css': 'text/css; charset=utf-8',
    '.html': 'text/html; charset=utf-8',
    '.ico': 'image/x-icon',
    '.js': 'text/javascript; charset=utf-8',
    '.json': 'application/json',
    '.map': 'application/json',
    '.png': 'image/png',
    '.svg': 'image/svg+xml',
    '.txt': 'text/plain; charset=utf-8',
    '.woff2': 'font/woff2',
}
_HTML = _CONTENT_TYPES['.html']
_INDEX = 'index.html'
# Names in `assets` hold a hash of their content, so what they name never changes.
_FOREVER = 'public, max-age=31536000, immutable'
_EACH_TIME = 'no-cache'
_SHORT = 'public, max-age=300'
_INLINE_SCRIPT = re.compile(
    r'<script(?![^>]*\ssrc\s*=)[^>]*>(.*?)</script\s*>', re.DOTALL | re.IGNORECASE
)
SCREENS: Final[Mapping[str, str]] = {
    **dict.fromkeys(('', 'dashboard'), 'dashboard'),
    'configure': 'configure',
    'jobs': 'jobs',
    'tasks': 'tasks',
    **dict.fromkeys(('reports', 'errors', 'reports/errors'), 'reports/errors'),
    **dict.fromkeys(('verify', 'reports/verify'), 'reports/verify'),
    **dict.fromkeys(('matches', 'reports/matches'), 'reports/matches'),
    **dict.fromkeys(('context', 'reports/context'), 'reports/context'),
    **dict.fromkeys(('lookup', 'reports/lookup'), 'reports/lookup'),
    **dict.fromkeys(('audit', 'reports/audit'), 'reports/audit'),
}
"""Where people look for the screens, and where they are within the page, after `#/`."""
_PLAIN_PAGE: Final = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<title>{heading} | Microsoft Sentinel</title><style>'
    ':root{{color-scheme:light dark}}'
    'body{{margin:0;padding:15vh 24px;text-align:center;background:#f5f7f9;color:#1b2430;'
    'font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}}'
    'h1{{margin:0 0 8px;font-size:24px}}p{{margin:0}}a{{color:#1263b8}}'
    '@media(prefers-color-scheme:dark){{body{{background:#0e1217;color:#dfe5ec}}'
    'a{{color:#79b4f5}}}}'
    '</style></head><body><main><h1>{heading}</h1><p>{text}</p></main></body></html>'
)
_NOT_BUILT: Final = _PLAIN_PAGE.format(
    heading='The page has not been built',
    text='Run <code>make ui</code> in the folder of the App and load this address again. '
    'The Service itself works, and so does its API.',
)
_MAX_QUERY_CHARS: Final = 2_000


def script_hashes(html: str) -> tuple[str, ...]:
    """Return the hashes by which a Content-Security-Policy lets the page's inline scripts run."""
    # A browser's parser turns every line end into one line feed before it hashes.
    scripts = _INLINE_SCRIPT.findall(html.replace('\r\n', '\n').replace('\r', '\n'))
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts if script.strip())
    return tuple(f'sha256-{base64.b64encode(digest).decode()}' for digest in digests)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    stamp: tuple[int, int]
    content: bytes
    etag: str
    policy: str | None


class StaticFiles:
    """The files of the built page; a sink for everything that is no call of the API.

    Args:
        folder: the built page; it may be missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, _File] = {}
        self._lock = threading.Lock()

    def __call__(self, req: falcon.Request, resp: falcon.Response, **_parts: str) -> None:
        """Answer with a file, or with a page that names the way to one."""
        if is_api(req):
            raise falcon.HTTPNotFound
        if req.method != 'GET':
            raise falcon.HTTPMethodNotAllowed(['GET', 'HEAD'])
        name = req.path.lstrip('/') or _INDEX
        path = self._path_of(name)
        if path is not None:
            self._answer(req, resp, name, path)
        elif name == _INDEX:
            _write(resp, falcon.HTTP_503, _NOT_BUILT)
        else:
            _answer_elsewhere(req, resp)

    def _path_of(self, name: str) -> Path | None:
        """Return the file of that name within the folder, wherever links lead; None without one."""
        parts = name.split('/')
        if any(part in {'', '.', '..'} or part[0] == '.' for part in parts):
            return None
        if any(char in name for char in '\0\\'):
            return None
        try:
            path = self._folder.joinpath(*parts).resolve()
            is_there = path.is_file() and path.is_relative_to(self._folder.resolve())
        except OSError:
            return None
        return path if is_there else None

    def _answer(self, req: falcon.Request, resp: falcon.Response, name: str, path: Path) -> None:
        file = self._file(path)
        resp.etag = file.etag
        resp.set_header('Cache-Control', _cache_rule(name))
        if file.policy is not None:
            resp.set_header('Content-Security-Policy', file.policy)
        known = req.if_none_match or []
        if any(tag in {'*', file.etag} for tag in known):
            resp.status = falcon.HTTP_304
            return
        resp.content_type = _CONTENT_TYPES.get(path.suffix.lower(), 'application/octet-stream')
        resp.data = file.content

    def _file(self, path: Path) -> _File:
        """Return the file's content, read anew only when the file has changed."""
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size)
        with self._lock:
            known = self._files.get(path)
        if known is not None and known.stamp == stamp:
            return known
        content = path.read_bytes()
        policy = None
        if path.suffix == '.html':
            policy = content_security_policy(script_hashes(content.decode(errors='replace')))
        file = _File(
            stamp=stamp,
            content=content,
            etag=hashlib.sha256(content).hexdigest()[:32],
            policy=policy,
        )
        with self._lock:
            self._files[path] = file
        return file


def _cache_rule(name: str) -> str:
    if name.startswith('assets/'):
        return _FOREVER
    return _EACH_TIME if name.endswith('.html') else _SHORT


def _answer_elsewhere(req: falcon.Request, resp: falcon.Response) -> None:
    """Redirect to the screen that an address seems to mean, else link to the dashboard.

    The platform puts a prefix before the address that the App does not know, so every link is
    relative to the address that the browser requested.
    """
    path = str(req.env.get('PATH_INFO') or '/')
    root = '../' * path.count('/', 1) or './'
    name = path.strip('/').removeprefix('ui').lstrip('/')
    screen = SCREENS.get(name)
    if screen is None:
        text = f'<a href="{root}">Go to the dashboard</a>'
        page = _PLAIN_PAGE.format(heading='Page not found', text=text)
        _write(resp, falcon.HTTP_404, page)
        return
    # What is no part of an address in order is left out; the page has its own default for it.
    query = req.query_string[:_MAX_QUERY_CHARS]
    query = f'?{quote(query, safe="=&%:+,-._~")}' if query else ''
    link = f'{root}#/{screen}{query}'
    resp.set_header('Location', link)
    page = _PLAIN_PAGE.format(
        heading='This screen has moved', text=f'<a href="{escape(link)}">Go to the screen</a>'
    )
    _write(resp, falcon.HTTP_302, page)


def _write(resp: falcon.Response, status: str, page: str) -> None:
    resp.status = status
    resp.content_type = _HTML
    resp.text = page
