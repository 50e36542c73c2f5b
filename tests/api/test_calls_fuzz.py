"""The App keeps what its OpenAPI document promises, whatever is sent."""

from __future__ import annotations

import pytest

from sentinel_app.api.calls import CALLS
from tests.harness.soak import amount

pytestmark = pytest.mark.integration

EXAMPLES = amount('FUZZ', daily=1, soak=50)
LEAST_CASES = 1_500


# Most of the time is Hypothesis's; a machine with other work to do takes several times as long.
@pytest.mark.timeout(300)
def test_answer_to_any_call_is_one_that_the_document_names() -> None:
    # Schemathesis takes long to import; every process collects this test, and one runs it.
    from tests.harness.fuzz import fuzz_the_app

    outcome = fuzz_the_app(EXAMPLES)
    print(outcome)  # noqa: T201 - a figure that is looked at
    assert outcome.failures == []
    assert outcome.server_errors == 0
    assert outcome.calls == {f'{call.method} {call.path}' for call in CALLS}
    assert outcome.cases >= LEAST_CASES
