import base64
import hashlib
import os
import re
from pathlib import Path

import pytest

from sentinel_app.api.static import SCREENS, script_hashes
from tests.harness.api_stand import Stand
from tests.harness.project import PROJECT

SCRIPT = "\n  document.title = 'ü < &amp;';\n"
INDEX = (
    '<!doctype html><html><head>'
    f'<script>{SCRIPT}</script>'
    '<script type="module" crossorigin src="./assets/index-D6smKxgV.js"></script>'
    '</head><body><div id="root"></div></body></html>'
)


def sha256(text: str) -> str:
    return 'sha256-' + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@pytest.fixture
def page(stand: Stand) -> Stand:
    assets = stand.ui_dir / 'assets'
    assets.mkdir(parents=True)
    (stand.ui_dir / 'index.html').write_text(INDEX)
    (assets / 'index-D6smKxgV.js').write_bytes(b'const a = 1;')
    (assets / 'style-3a7tvvGJ.css').write_bytes(b'a{}')
    (assets / 'empty.txt').write_bytes(b'')
    (stand.ui_dir / 'logo.svg').write_text('<svg/>')
    (stand.ui_dir / 'help' / 'images').mkdir(parents=True)
    (stand.ui_dir / 'help' / 'images' / 'jobs.png').write_bytes(b'\x89PNG\r\n\x1a\n\0\xff')
    (stand.ui_dir / 'data.unknown').write_text('?')
    (stand.ui_dir / '.hidden').write_text('hidden')
    (stand.ui_dir.parent / 'secret.txt').write_text('secret')
    return stand


@pytest.mark.parametrize('path', ['', '/', '//', '/index.html'])
def test_root_address_is_the_page(page: Stand, path: str) -> None:
    reply = page.get(path or '/')
    assert reply.status_code == 200
    assert reply.text == INDEX
    assert reply.headers['content-type'] == 'text/html; charset=utf-8'
    assert reply.headers['cache-control'] == 'no-cache'
    assert 'location' not in reply.headers


def test_inline_scripts_of_the_page_are_the_only_ones_allowed(page: Stand) -> None:
    policy = page.get('/').headers['content-security-policy']
    assert f"script-src 'self' '{sha256(SCRIPT)}';" in policy
    assert "frame-ancestors 'self'" in policy
    assert 'unsafe-inline' not in policy.split('script-src')[1].split(';')[0]
    other = page.get('/assets/index-D6smKxgV.js').headers['content-security-policy']
    assert 'sha256' not in other


def test_hashes_are_of_inline_scripts_as_a_browser_reads_them() -> None:
    html = '<script>\r\na\r\n</script><SCRIPT type="module">b</SCRIPT ><script src="x"></script>'
    assert script_hashes(html) == (sha256('\na\n'), sha256('b'))
    assert script_hashes('<script data-src="x">c</script>') == (sha256('c'),)
    assert script_hashes('<p>none</p><script> </script>') == ()


def test_unchanged_page_is_not_sent_again(page: Stand) -> None:
    etag = page.get('/').headers['etag']
    assert etag.startswith('"'), 'a strong one'
    for known in (etag, f'W/{etag}', f'"other", {etag}', '*'):
        reply = page.get('/', headers={'If-None-Match': known})
        assert (reply.status_code, reply.content) == (304, b'')
        assert reply.headers['etag'] == etag
        assert reply.headers['cache-control'] == 'no-cache'
    assert page.get('/', headers={'If-None-Match': '"other"'}).status_code == 200


def test_new_build_is_served_at_once(page: Stand) -> None:
    before = page.get('/')
    index = page.ui_dir / 'index.html'
    index.write_text(INDEX.replace('title', 'Title'))
    os.utime(index, ns=(1, 1))
    after = page.get('/', headers={'If-None-Match': before.headers['etag']})
    assert after.status_code == 200
    assert 'Title' in after.text
    assert sha256(SCRIPT.replace('title', 'Title')) in after.headers['content-security-policy']


@pytest.mark.parametrize(
    ('path', 'content_type', 'cache'),
    [
        ('/assets/index-D6smKxgV.js', 'text/javascript; charset=utf-8', 'immutable'),
        ('/assets/style-3a7tvvGJ.css', 'text/css; charset=utf-8', 'immutable'),
        ('/assets/empty.txt', 'text/plain; charset=utf-8', 'immutable'),
        ('/logo.svg', 'image/svg+xml', 'max-age=300'),
        ('/help/images/jobs.png', 'image/png', 'max-age=300'),
        ('/data.unknown', 'application/octet-stream', 'max-age=300'),
    ],
)
def test_files_have_their_type_and_caching_rule(
    page: Stand, path: str, content_type: str, cache: str
) -> None:
    reply = page.get(path)
    assert reply.status_code == 200
    assert reply.content == page.ui_dir.joinpath(path[1:]).read_bytes()
    assert reply.headers['content-type'] == content_type
    assert cache in reply.headers['cache-control']
    assert reply.headers['x-content-type-options'] == 'nosniff'
    head = page.call('HEAD', path)
    assert (head.status_code, head.content) == (200, b'')
    assert head.headers['content-length'] == str(len(reply.content))


@pytest.mark.parametrize(
    'path',
    [
        '/../secret.txt',
        '/assets/../../secret.txt',
        '/assets/..%2F..%2Fsecret.txt',
        '/%2e%2e/secret.txt',
        '/..\\secret.txt',
        '/assets//index-D6smKxgV.js',
        '/./index.html',
        '/.hidden',
        '/assets',
        '/assets/',
        '/link.txt',
        '/outside/secret.txt',
        '/index.html%00.js',
        '/etc/passwd',
        '/' + 'x' * 5_000,
        '/ui/elsewhere',
        '/uijobs/x',
    ],
)
def test_files_outside_the_build_are_not_served(page: Stand, path: str) -> None:
    (page.ui_dir / 'link.txt').symlink_to(page.ui_dir.parent / 'secret.txt')
    (page.ui_dir / 'outside').symlink_to(page.ui_dir.parent)
    reply = page.get(path)
    assert reply.status_code == 404
    assert reply.headers['content-type'] == 'text/html; charset=utf-8'
    assert reply.headers['cache-control'] == 'no-store'
    assert 'Page not found' in reply.text
    assert 'secret' not in reply.text


@pytest.mark.parametrize(
    ('path', 'location'),
    [
        ('/jobs', './#/jobs'),
        ('/jobs/', '../#/jobs'),
        ('/ui/jobs', '../#/jobs'),
        ('/ui/jobs/', '../../#/jobs'),
        ('/ui', './#/dashboard'),
        ('/ui/', '../#/dashboard'),
        ('/ui/reports/errors', '../../#/reports/errors'),
        ('/ui/errors', '../#/reports/errors'),
        ('/ui/jobs?status=failed,pending&open=a-b', '../#/jobs?status=failed,pending&open=a-b'),
        ('/jobs?q="><script>', './#/jobs?q=%22%3E%3Cscript%3E'),
    ],
)
def test_address_of_a_screen_redirects_to_it(page: Stand, path: str, location: str) -> None:
    reply = page.get(path)
    assert reply.status_code == 302
    assert reply.headers['location'] == location
    assert '<script' not in reply.text


@pytest.mark.parametrize(
    ('path', 'link'),
    [('/no', './'), ('/no/', '../'), ('/a/b/c', '../../'), ('/a/<script>/c', '../../')],
)
def test_unknown_address_redirects_to_the_dashboard(page: Stand, path: str, link: str) -> None:
    reply = page.get(path)
    assert reply.status_code == 404
    assert f'<a href="{link}">Go to the dashboard</a>' in reply.text
    assert '<script' not in reply.text


def test_every_screen_of_the_page_is_known() -> None:
    source = (PROJECT / 'ui' / 'src' / 'screens.tsx').read_text()
    paths = set(re.findall(r"path: '([a-z/]+)'", source))
    assert paths == set(SCREENS.values())
    assert paths <= set(SCREENS)


def test_page_refuses_writes(page: Stand) -> None:
    reply = page.post('/', {})
    assert reply.status_code == 405
    assert set(reply.json) == {'title', 'description', 'code'}
    assert reply.headers['allow'] == 'GET, HEAD'


def test_page_without_a_build_says_how_to_make_one(stand: Stand) -> None:
    reply = stand.get('/')
    assert reply.status_code == 503
    assert 'make ui' in reply.text
    assert reply.headers['content-type'] == 'text/html; charset=utf-8'
    assert stand.get('/assets/x.js').status_code == 404
    assert stand.get('/api/health').status_code == 200


def test_file_that_vanishes_is_not_served_from_memory(page: Stand) -> None:
    assert page.get('/logo.svg').status_code == 200
    Path(page.ui_dir / 'logo.svg').unlink()
    assert page.get('/logo.svg').status_code == 404
