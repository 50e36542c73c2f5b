"""What `make run` starts: the App among its stand-ins, in the foreground, until Ctrl-C.

    python -m tests.simulators [--fresh] [--once] [--port 8080] [--services embedded|real]
    python -m tests.simulators --without-app        what `make stand-ins` starts, for `tcex run`

The environment variables FRESH, PORT and STAND_IN_SERVICES do the same as the options.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, NoReturn

from tests.simulators import tcex_run
from tests.simulators.demo import demo_queries, load_indicators
from tests.simulators.demo_alerts import alerts_about
from tests.simulators.demo_groups import demo_store
from tests.simulators.demonstration import (
    Demonstration,
    DemonstrationError,
    Job,
    has_succeeded,
    totals,
)
from tests.simulators.platform.front import DEFAULT_PORT
from tests.simulators.platform.instance import PROJECT, SERVICES_VARIABLE, Services
from tests.simulators.platform.service import AppEndedError
from tests.simulators.ports import Ports
from tests.simulators.stand import Stand
from tests.simulators.supervisor import Supervisor

STATE_FOLDER = PROJECT / '.run'
SOURCE_SYSTEM = 'ThreatConnect-StandIn'
CONTEXT = {'context_objects': 'Owner identities and threat actors'}
"""So that there is something to see of it."""
_SAVE_EVERY_S = 10.0
_YES = frozenset({'1', 'true', 'yes', 'on'})


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the person asked for."""

    state_folder: Path = STATE_FOLDER
    app_folder: Path = PROJECT
    port: int | None = None
    """`None`: as in the run before, else the usual one."""
    services: Services = Services.EMBEDDED
    is_fresh: bool = False
    is_once: bool = False
    is_without_app: bool = False
    indicators: int | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; returns the exit code, 0 for a clean stop."""
    choices = _read(arguments)
    _interrupt_once()
    try:
        with _only_one(choices.state_folder) as lock:
            return _run(choices, lock)
    except KeyboardInterrupt:
        say('Stopped.')
        return 0
    except (AppEndedError, DemonstrationError, RuntimeError) as error:
        print(error, file=sys.stderr, flush=True)
        return 1


def say(line: str) -> None:
    """Print one line at once, also where the output is a pipe."""
    print(line, flush=True)


def _read(arguments: Sequence[str] | None) -> Choices:
    parser = argparse.ArgumentParser(
        prog='python -m tests.simulators',
        description='Runs the App among stand-ins for ThreatConnect, Entra ID and Sentinel.',
    )
    parser.add_argument('--fresh', action='store_true', help='forget the state of earlier runs')
    parser.add_argument('--once', action='store_true', help='stop after the first update')
    parser.add_argument(
        '--without-app', action='store_true', help='the stand-ins alone, for an App by tcex run'
    )
    parser.add_argument('--port', type=int, help=f'{DEFAULT_PORT} or the next free one')
    parser.add_argument(
        '--services', choices=list(Services), help='message broker and key-value store'
    )
    parser.add_argument('--state', type=Path, help='folder of the state; .run by default')
    parser.add_argument('--app', type=Path, help='folder of the App; the project by default')
    parser.add_argument('--indicators', type=int, help='load at most so many')
    given = parser.parse_args(arguments)
    environment = os.environ
    try:
        port = given.port or int(environment.get('PORT') or 0) or None
        services = Services(given.services) if given.services else Services.chosen()
    except ValueError as error:
        parser.error(f'PORT or {SERVICES_VARIABLE} is wrong: {error}')
    return Choices(
        state_folder=(given.state or STATE_FOLDER).resolve(),
        app_folder=(given.app or PROJECT).resolve(),
        port=port,
        services=services,
        is_fresh=given.fresh or environment.get('FRESH', '').lower() in _YES,
        is_once=given.once,
        is_without_app=given.without_app,
        indicators=given.indicators,
    )


def _interrupt_once() -> None:
    """Let the first Ctrl-C or SIGTERM begin a clean stop, which further ones do not disturb."""

    def stop(*_arguments: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        say('Stopping ...')
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


@contextmanager
def _only_one(state_folder: Path) -> Iterator[IO[str]]:
    """Keep a second run out of the state."""
    state_folder.mkdir(parents=True, exist_ok=True)
    with (state_folder / 'lock').open('a+', encoding='utf-8') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(
                f'Another run uses {state_folder}. Stop that one first (Ctrl-C in its terminal).'
            ) from None
        yield lock


def _run(choices: Choices, lock: IO[str]) -> int:
    if choices.is_fresh:
        _forget(choices.state_folder, keep=Path(lock.name))
    ports_file = choices.state_folder / 'ports.json'
    ports = Ports.load(ports_file)
    ports = replace(ports, front=choices.port or ports.front or DEFAULT_PORT)
    rows = load_indicators(choices.indicators)
    say(f'Starting the stand-ins; ThreatConnect holds {len(rows):,} Indicators ...')
    stand = Stand(
        choices.state_folder,
        rows=demo_store(rows),
        inputs=CONTEXT,
        ports=ports,
        services=choices.services,
        app_folder=choices.app_folder,
        start_app=False,
    )
    with stand:
        stand.ports.save(ports_file)
        if choices.is_without_app:
            _lend(stand)
        say('Starting the App ...')
        stand.app.start()
        _introduce(stand)
        with Supervisor(stand.app, say) as supervisor:
            jobs = Demonstration(stand.api, say).run(demo_queries(rows))
            _conclude(stand, jobs)
            if choices.is_once:
                return 0 if has_succeeded(jobs) else 1
            say('Everything runs. Press Ctrl-C to stop.')
            _stay(stand, supervisor.wait)
    return 1


def _lend(stand: Stand) -> NoReturn:
    """Serve an App that somebody else starts, until a signal comes."""
    say('')
    say('Everything but the App runs. Start it in another terminal:')
    say(f'  set -a; . {_shown(tcex_run.write(stand))}; set +a')
    say('  .venv/bin/tcex run --config tcex.d/profiles/offline.json')
    say('Press Ctrl-C to stop.')
    while True:
        _stay(stand, threading.Event().wait)


def _forget(state_folder: Path, *, keep: Path) -> None:
    for path in state_folder.iterdir():
        if path == keep:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _introduce(stand: Stand) -> None:
    certificate = stand.state_folder / 'certificates' / 'ca.pem'
    say('')
    say(f'  The page           {stand.front_url}')
    say(f"  The App's log      {_shown(stand.app.folders.app_log)}")
    say(f'  The state          {_shown(stand.state_folder)} (make run FRESH=1 starts anew)')
    say('  Faults to switch on, and what each stand-in holds:')
    for name, origin in (
        ('ThreatConnect', stand.threatconnect.url),
        ('Entra ID', stand.entra.url),
        ('Sentinel', stand.sentinel.url),
        ('Log Analytics', stand.logs.url),
    ):
        say(f'    {name:<16} curl --cacert {_shown(certificate)} {origin}/_control')
    say('')


def _conclude(stand: Stand, jobs: list[Job]) -> None:
    stand.save_sentinel()
    if _raise_alerts(stand):
        say('Alerts of Sentinel about some of these Indicators: see MATCHES.')
    if jobs:
        say('The last update:')
        for line in totals(jobs):
            say(f'  {line}')
    say(f'  Sentinel holds {len(stand.sentinel.held()):,} objects.')


def _raise_alerts(stand: Stand) -> bool:
    """Let Sentinel raise its first alerts about what it holds, and Match read them."""
    if stand.logs.alerts:
        return False
    alerts = alerts_about(stand.sentinel.held_objects(SOURCE_SYSTEM, 'indicator'), SOURCE_SYSTEM)
    if not alerts:
        return False
    stand.logs.add_alerts(*alerts)
    return stand.api('POST', 'api/task/match/run', {}).ok


def _stay(stand: Stand, has_ended: Callable[[float], bool]) -> None:
    """Stay until a signal comes or the App cannot be kept running."""
    seen = _held(stand)
    while not has_ended(_SAVE_EVERY_S):
        # A run that is itself killed shall not lose what Sentinel took since.
        held = _held(stand)
        if held != seen:
            stand.save_sentinel()
            seen = held


def _held(stand: Stand) -> Any:
    """Tell what changes whenever there is something new to save."""
    sentinel = stand.sentinel
    requests = sum(sentinel.status_counts.values())
    return requests, sentinel.table.generation, sentinel.table.row_count, len(stand.logs.alerts)


def _shown(path: Path) -> Path:
    """Shorten a path inside the folder one works in."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == '__main__':
    sys.exit(main())
