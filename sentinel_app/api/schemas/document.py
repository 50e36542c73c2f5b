"""The models as JSON schemas, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from sentinel_app.api.schemas.base import Shape


def component_schemas(
    replies: Iterable[type[Shape]], bodies: Iterable[type[Shape]], template: str
) -> dict[str, Any]:
    """Return the JSON schemas of models by name, as OpenAPI 3.1 wants them under `components`."""
    wanted = [(model, 'serialization') for model in replies]
    wanted += [(model, 'validation') for model in bodies]
    _, schema = models_json_schema(wanted, ref_template=template)  # type: ignore[arg-type]
    return dict(schema['$defs'])


def parameter_schemas(model: type[Shape]) -> dict[str, Any]:
    """Return the JSON schema of each parameter by name, with what it refers to put in place."""
    schema = model.model_json_schema()
    return {
        name: _inlined(part, schema.get('$defs', {})) for name, part in schema['properties'].items()
    }


def _inlined(part: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_inlined(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if '$ref' in part:
        return _inlined(definitions[part['$ref'].rsplit('/', 1)[1]], definitions)
    return {name: _inlined(value, definitions) for name, value in part.items()}
