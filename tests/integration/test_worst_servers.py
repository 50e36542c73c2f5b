"""Whatever answers, and however badly: the App asks seldom, says why it waits, and comes to an end."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.integration
