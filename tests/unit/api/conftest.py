from pathlib import Path

import pytest

from tests.unit.api.stand import Stand


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)
