"""The functions of ARM expressions that the template uses, so that a test can deploy it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

LONGEST_EXPRESSION = 24_576
"""Characters. Source: "Limits and troubleshooting of templates", Azure Resource Manager."""

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z]\w*)|(\d+)|([().,]))")


class Deployment:
    """A template with its parameters filled in.

    Args:
        template: the template.
        parameters: what is given; the others have their defaults.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        self._template = template
        declared = template['parameters']
        assert parameters.keys() <= declared.keys()
        self._parameters = {
            name: parameters.get(name, one.get('defaultValue')) for name, one in declared.items()
        }
        assert None not in self._parameters.values(), 'a parameter without a value'

    def resources(self) -> list[dict[str, Any]]:
        """What is deployed, with every expression replaced by its value."""
        found = [self.value(resource) for resource in self._template['resources']]
        return [resource for resource in found if resource.pop('condition', True)]

    def value(self, stored: Any) -> Any:
        """The value of whatever stands in a template."""
        if isinstance(stored, Mapping):
            return {name: self.value(member) for name, member in stored.items()}
        if isinstance(stored, list):
            return [self.value(member) for member in stored]
        if not isinstance(stored, str) or not stored.startswith('['):
            return stored
        if stored.startswith('[['):
            return stored[1:]
        assert stored.endswith(']'), stored
        assert len(stored) <= LONGEST_EXPRESSION
        tokens = _tokens(stored[1:-1])
        value = self._expression(tokens)
        assert not tokens, f'more than one expression: {stored}'
        return value

    def _expression(self, tokens: list[tuple[str, str]]) -> Any:
        kind, text = tokens.pop(0)
        if kind == 'text':
            return text
        if kind == 'number':
            return int(text)
        assert kind == 'name', text
        assert tokens.pop(0) == ('mark', '(')
        arguments = []
        while tokens[0] != ('mark', ')'):
            arguments.append(self._expression(tokens))
            if tokens[0] == ('mark', ','):
                tokens.pop(0)
        tokens.pop(0)
        value = self._call(text, arguments)
        while tokens and tokens[0] == ('mark', '.'):
            tokens.pop(0)
            value = value[tokens.pop(0)[1]]
        return value

    def _call(self, function: str, arguments: list[Any]) -> Any:
        match function, arguments:
            case 'parameters', [name]:
                return self.value(self._parameters[name])
            case 'variables', [name]:
                return self.value(self._template['variables'][name])
            case 'concat', parts:
                return ''.join(parts)
            case 'replace', [text, old, new]:
                return text.replace(old, new)
            case 'take', [text, count]:
                return text[:count]
            case 'contains', [items, item]:
                return item in items
            case 'guid', seeds:
                return str(uuid.uuid5(uuid.NAMESPACE_OID, '\n'.join(seeds)))
            case 'resourceId', [kind, name]:
                return f'/subscriptions/s/resourceGroups/g/providers/{kind}/{name}'
            case 'resourceGroup', []:
                return {'location': 'westeurope'}
            case _:
                raise AssertionError(f'no such function: {function} of {len(arguments)}')


def _tokens(expression: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        assert match, f'unreadable: {expression[position : position + 30]}'
        text, name, number, mark = match.groups()
        if text is not None:
            found.append(('text', text.replace("''", "'")))
        else:
            found.append(
                ('name', name) if name else ('number', number) if number else ('mark', mark)
            )
        position = match.end()
    return found
