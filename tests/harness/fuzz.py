"""Every call of the OpenAPI document with right and wrong data, through the bridge.

`python -m tests.harness.fuzz <examples>` prints how many cases there were, and the answers.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import engine
from schemathesis.config import (
    ChecksConfig,
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    PositiveDataAcceptanceConfig,
    SchemathesisConfig,
    StatefulPhaseConfig,
)
from schemathesis.engine import events

from sentinel_app.platform.wsgi_bridge import Bridge
from tests.harness.engine import Engine, World, hosts, query
from tests.simulators.certificates import make_certificates

SEED = 20_260_304
DOCUMENT = '/api/openapi.json'
_SERVER_ERROR = 500
_TOO_LARGE = 413

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(slots=True)
class Outcome:
    """What came of all cases."""

    statuses: Counter[int] = field(default_factory=Counter)
    calls: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    """Broken promises of the document, each with the request that shows it."""

    @property
    def cases(self) -> int:
        """Number of requests."""
        return self.statuses.total()

    @property
    def server_errors(self) -> int:
        """Number of requests that were answered 5xx."""
        return sum(count for status, count in self.statuses.items() if status >= _SERVER_ERROR)

    def __str__(self) -> str:
        statuses = ', '.join(
            f'{status}: {count}' for status, count in sorted(self.statuses.items())
        )
        return (
            f'{self.cases} cases of {len(self.calls)} calls, {self.server_errors} answered 5xx, '
            f'{len(self.failures)} promises broken ({statuses})'
        )


def as_the_platform_asks(bridge: Bridge) -> Wsgi:
    """Return a WSGI application that asks the bridge as ThreatConnect's framework does.

    It decodes the path to text, and writes the names of headers with hyphens.
    """

    def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        given = {
            f'HTTP_{key[5:].replace("_", "-")}' if key.startswith('HTTP_') else key: value
            for key, value in environ.items()
        }
        given['PATH_INFO'] = environ['PATH_INFO'].encode('latin-1').decode(errors='replace')
        given['SCRIPT_NAME'], given['SERVER_NAME'], given['SERVER_PORT'] = '/', '', ''
        given['api_token'] = 'token-of-the-request'
        return bridge(given, start_response)

    return wsgi


def fuzz(wsgi: Wsgi, *, examples: int) -> Outcome:
    """Make the requests, the same ones each time.

    Args:
        wsgi: what answers them, under the addresses of the document.
        examples: random cases for each call and kind of data, beside those that the document itself
            asks for.
    """
    config = SchemathesisConfig(seed=SEED)
    project = config.projects.default
    project.phases = PhasesConfig(
        coverage=CoveragePhaseConfig(generate_duplicate_query_parameters=True),
        stateful=StatefulPhaseConfig(enabled=False),
    )
    project.generation = GenerationConfig(
        max_examples=examples, deterministic=True, no_shrink=True, database='none'
    )
    # Whether an owner, a TQL or a version is right, the document cannot say.
    project.checks = ChecksConfig(
        positive_data_acceptance=PositiveDataAcceptanceConfig(enabled=False)
    )
    project.continue_on_failure = True
    schema = schemathesis.openapi.from_wsgi(DOCUMENT, wsgi, config=config)
    outcome = Outcome()
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _take(outcome, event)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            outcome.failures.append(str(getattr(event, 'value', None) or event))
    return outcome


def _take(outcome: Outcome, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    if recorder.interactions:
        outcome.calls.add(recorder.label)
    too_large = set[str]()
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            outcome.statuses[interaction.response.status_code] += 1
            if interaction.response.status_code == _TOO_LARGE:
                too_large.add(case_id)
    for case_id, checks in recorder.checks.items():
        # By rule a blank value of a query string counts as none, which no schema can say.
        is_blank = '' in (recorder.cases[case_id].value.query or {}).values()
        # A list longer than any that is taken may make a body larger than any that is read.
        is_rejected = is_blank or case_id in too_large
        for check in checks:
            failure = check.failure_info
            if failure is None or (is_rejected and check.name == 'negative_data_rejection'):
                continue
            words = f'{recorder.label} ({check.name}): {failure.failure}\n{failure.code_sample}'
            outcome.failures.append(words)


def fuzz_the_app(examples: int) -> Outcome:
    """Start the App among its stand-ins, with something to show, and make the requests."""
    with tempfile.TemporaryDirectory() as folder:
        certificates = make_certificates(Path(folder))
        with World(certificates) as world, Engine(world, Path(folder) / 'app') as app:
            world.store.load(hosts(30))
            app.save_queries([query()])
            return fuzz(as_the_platform_asks(Bridge(app.container.wsgi)), examples=examples)


if __name__ == '__main__':
    print(fuzz_the_app(int(sys.argv[1])))  # noqa: T201
