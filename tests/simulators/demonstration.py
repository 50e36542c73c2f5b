"""The first steps of a new user, made through the App's own API, and told in plain lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

OUTCOMES = (
    *('sent', 'unchanged', 'duplicate', 'withheld', 'expired'),
    *('unsupported', 'invalid', 'refused', 'withdrawn', 'failed'),
)
_FINAL = frozenset({'Upload Complete', 'Failed', 'Cancelled'})
_FIRST_JOB_TIMEOUT_S = 5.0
_SILENCE_TIMEOUT_S = 90.0
_POLL_S = 0.5
_SAY_EVERY_S = 2.0

Job = dict[str, Any]


class Reply(Protocol):
    """What is used of an HTTP reply."""

    status_code: int

    @property
    def text(self) -> str: ...

    def json(self) -> Any: ...


class Api(Protocol):
    """Makes one request of the App."""

    def __call__(self, method: str, path: str, json: Any = None, /) -> Reply: ...


class DemonstrationError(Exception):
    """The App answered otherwise than a new user expects."""


class Demonstration:
    """Saves queries, follows the update of them and tells how it went."""

    def __init__(
        self,
        api: Api,
        say: Callable[[str], None],
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._say = say
        self._sleep = sleep
        self._clock = clock

    def run(self, queries: Sequence[dict[str, Any]]) -> list[Job]:
        """Save the queries unless there are some, and follow the update that is under way.

        Returns:
            The Jobs of the last update, ended; none where there never was one.

        Raises:
            DemonstrationError: the App refused something, or fell silent.
        """
        saved = self._get('api/configure')
        if saved['queries']:
            jobs = self._newest_jobs()
            count = len(saved['queries'])
            self._say(f'{count} TQL {_plural(count, "query", "queries")} from the earlier run.')
            if not jobs or _have_ended(jobs):
                return jobs
            self._say('An update that was under way goes on.')
            return self.follow(jobs[0]['update_id'])
        self._ask(
            'PUT',
            'api/configure',
            {'version': saved['version'], 'queries': list(queries), 'run': 'full'},
        )
        count = len(queries)
        self._say(f'Saved {count} TQL {_plural(count, "query", "queries")}; a full update begins.')
        return self.follow(self._first_update())

    def follow(self, update_id: str) -> list[Job]:
        """Tell how an update goes until it has ended, and return its Jobs."""
        began = said_at = self._clock()
        said = ''
        while True:
            jobs = [job for job in self._newest_jobs() if job['update_id'] == update_id]
            now = self._clock()
            line = progress(jobs)
            has_ended = bool(jobs) and _have_ended(jobs)
            if line != said and (has_ended or not said or now - said_at >= _SAY_EVERY_S):
                self._say(f'{now - began:6.0f} s  {line}')
                said, said_at = line, now
            if has_ended:
                return jobs
            self._sleep(_POLL_S)

    def _first_update(self) -> str:
        """Return the id of the update that saving made due; ask for one where none comes."""
        deadline = self._clock() + _FIRST_JOB_TIMEOUT_S
        while self._clock() < deadline:
            if jobs := self._newest_jobs():
                return str(jobs[0]['update_id'])
            self._sleep(_POLL_S)
        return str(self._ask('POST', 'api/job/request', {'mode': 'full'})['update_id'])

    def _newest_jobs(self) -> list[Job]:
        """Return the Jobs of the newest update, the highest query's first."""
        page = self._get('api/job/request?limit=100&sort=date_queued&sort_order=desc')
        jobs: list[Job] = page['data']
        if not jobs:
            return []
        newest = jobs[0]['update_id']
        return sorted(
            (job for job in jobs if job['update_id'] == newest),
            key=lambda job: job['query']['position'],
        )

    def _get(self, path: str) -> Any:
        """Read something, patiently: the App may be starting again."""
        deadline = self._clock() + _SILENCE_TIMEOUT_S
        while True:
            reply = self._api('GET', path)
            if reply.status_code < 500 or self._clock() > deadline:
                return _content('GET', path, reply)
            self._sleep(_POLL_S)

    def _ask(self, method: str, path: str, body: Any) -> Any:
        return _content(method, path, self._api(method, path, body))


def _content(method: str, path: str, reply: Reply) -> Any:
    if reply.status_code >= 400:
        raise DemonstrationError(f'{method} {path}: {reply.status_code} {reply.text}')
    return reply.json()


def progress(jobs: Sequence[Job]) -> str:
    """Tell in one line where each Job of an update stands."""
    parts = []
    for job in jobs:
        part = f'{job["query"]["position"] + 1}: {job["status"]}'
        if job['count_read']:
            part += f' ({job["count_read"]:,} read, {job["count_sent"]:,} sent)'
        parts.append(part)
    line = '  '.join(parts) or 'waiting for the first Job'
    waiting_s = max((job.get('waiting_seconds') or 0 for job in jobs), default=0)
    return f'{line}  waiting {waiting_s:.0f} s for the API limit' if waiting_s else line


def totals(jobs: Sequence[Job]) -> list[str]:
    """Tell in a few lines what became of everything an update read."""
    read = sum(job['count_read'] for job in jobs)
    counts = {name: sum(job[f'count_{name}'] for job in jobs) for name in OUTCOMES}
    shown = ' + '.join(f'{count:,} {name}' for name, count in counts.items() if count)
    lines = [f'{read:,} Indicators read = {shown or "nothing to do"}']
    if sum(counts.values()) != read:
        lines.append(f'But that is {sum(counts.values()):,}: the sums differ!')
    objects, requests, throttled = (
        sum(job[f'count_{name}'] for job in jobs) for name in ('object', 'request', 'throttled')
    )
    lines.append(
        f'{objects:,} {_plural(objects, "object", "objects")} in '
        f'{requests:,} {_plural(requests, "request", "requests")}, '
        f'{throttled:,} of them answered with 429'
    )
    lines += [
        f'Query {job["query"]["position"] + 1} has failed: {job["failure_reason"]}'
        for job in jobs
        if job['status'] == 'Failed'
    ]
    lines += [
        f'Query {job["query"]["position"] + 1}: {warning}'
        for job in jobs
        for warning in job['warnings']
    ]
    return lines


def has_succeeded(jobs: Sequence[Job]) -> bool:
    """Say whether every Job of an update came to its good end, with every Indicator counted."""
    return all(
        job['status'] == 'Upload Complete'
        and job['count_read'] == sum(job[f'count_{name}'] for name in OUTCOMES)
        for job in jobs
    )


def _have_ended(jobs: Sequence[Job]) -> bool:
    return all(job['status'] in _FINAL for job in jobs)


def _plural(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
