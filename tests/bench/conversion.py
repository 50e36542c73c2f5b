"""How fast rows become objects, without reading or storing them."""

from __future__ import annotations

import time

from sentinel_app.core.mapping import stix_object, valid_until
from sentinel_app.core.object_id import object_id, object_keys
from sentinel_app.core.object_text import content_hash, object_text
from sentinel_app.threatconnect.parse import parse_indicator
from tests.bench.subject import Figures, Say
from tests.harness.builders.indicator import NOW, make_options
from tests.simulators.demo import generate_indicators

CONVERTED = 20_000


def measure(say: Say) -> Figures:
    """Make objects in one thread, with their content hash and JSON text."""
    rows = list(generate_indicators(CONVERTED))
    options = make_options()
    count = 0
    began = time.process_time()
    for row in rows:
        indicator = parse_indicator(row)
        for key in object_keys(indicator):
            stix = stix_object(
                indicator,
                key,
                object_id=object_id(key),
                created_at=indicator.added_at,
                modified_at=NOW,
                valid_until_at=valid_until(indicator, NOW, options),
                options=options,
            )
            content_hash(object_text(stix))
            count += 1
    took_s = time.process_time() - began
    say(f'conversion: {len(rows) / took_s:,.0f} Indicators/s')
    return {'indicators': len(rows), 'objects': count, 'took_s': took_s}
