"""Known weaknesses of what the package brings along, as the registries' advisories have them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from release.command import Finished, Run, run

_NOT_ASKED = (
    'The advisory service could not be asked, so nothing is known. '
    'Run this where the network allows it.'
)


class Verdict(IntEnum):
    """What an audit ends with; also the exit code."""

    CLEAN = 0
    WEAK = 1
    UNKNOWN = 2
    """Nobody could be asked, so nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What is known of the packages of one lock file."""

    name: str
    verdict: Verdict
    lines: tuple[str, ...]


def audit(project: Path, run: Run = run) -> tuple[Audit, ...]:
    """Ask about the Python packages and about those that the page is built from."""
    return (_python(project, run), _page(project, run))


def worst(audits: tuple[Audit, ...]) -> Verdict:
    """The exit code: what is weak counts more than what is not known."""
    verdicts = {each.verdict for each in audits}
    return next(each for each in (Verdict.WEAK, Verdict.UNKNOWN, Verdict.CLEAN) if each in verdicts)


def _python(project: Path, run: Run) -> Audit:
    arguments = ('--requirement', 'requirements.lock', '--require-hashes', '--disable-pip')
    shown = ('--format', 'json', '--progress-spinner', 'off')
    ended = run([sys.executable, '-m', 'pip_audit', *arguments, *shown], project)
    found = _json(ended)
    if 'dependencies' not in found:
        return _unknown('requirements.lock', _last_words(ended))
    lines = tuple(
        f'{each["name"]} {each["version"]}: {weak["id"]}, mended in '
        f'{", ".join(weak["fix_versions"]) or "no version yet"}'
        for each in found['dependencies']
        for weak in each.get('vulns', ())
    )
    skipped = tuple(
        f'{each["name"]}: {each["skip_reason"]}'
        for each in found['dependencies']
        if 'skip_reason' in each
    )
    if skipped and len(skipped) == len(found['dependencies']):
        # The tool takes a service that knows none of them for one that knows nothing bad.
        return _unknown('requirements.lock', skipped[0])
    return _known('requirements.lock', len(found['dependencies']), lines, skipped)


def _page(project: Path, run: Run) -> Audit:
    ended = run(['npm', 'audit', '--json', '--omit=dev'], project / 'ui')
    found = _json(ended)
    if 'vulnerabilities' not in found:
        return _unknown('ui/package-lock.json', _last_words(ended))
    lines = tuple(
        f'{name}: {each["severity"]}, versions {each["range"]}'
        for name, each in sorted(found['vulnerabilities'].items())
    )
    count = found.get('metadata', {}).get('dependencies', {}).get('prod', 0)
    return _known('ui/package-lock.json', count, lines, ())


def _known(name: str, count: int, lines: tuple[str, ...], skipped: tuple[str, ...]) -> Audit:
    if lines:
        return Audit(name=name, verdict=Verdict.WEAK, lines=(*lines, *skipped))
    if skipped or not count:
        said = skipped or ('no package was looked at',)
        return Audit(name=name, verdict=Verdict.UNKNOWN, lines=said)
    return Audit(
        name=name, verdict=Verdict.CLEAN, lines=(f'no known weakness in {count} packages',)
    )


def _unknown(name: str, said: str) -> Audit:
    return Audit(name=name, verdict=Verdict.UNKNOWN, lines=(_NOT_ASKED, f'It said: {said[:300]}'))


def _last_words(ended: Finished) -> str:
    """Why a tool has no answer; its exit code is that of a weakness found."""
    found = _json(ended)
    error = found.get('error')
    told = error.get('summary') or error.get('detail') if isinstance(error, dict) else error
    lines = [line.strip() for line in ended.errors.splitlines() if 'error' in line.lower()]
    said = told or found.get('message') or next(iter(lines), '') or ended.said
    return str(said).strip() or f'nothing, exit code {ended.code}'


def _json(ended: Finished) -> dict[str, Any]:
    try:
        found = json.loads(ended.output)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
