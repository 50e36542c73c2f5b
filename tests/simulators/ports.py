"""Where the stand-ins listen, kept from one run to the next so that addresses stay good."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tests.simulators.platform.process import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """One port for each; 0 for any free one."""

    front: int = 0
    threatconnect: int = 0
    entra: int = 0
    sentinel: int = 0
    logs: int = 0

    @classmethod
    def load(cls, path: Path) -> Ports:
        """Return what was saved; all 0 where that is missing or unreadable."""
        with suppress(OSError, ValueError, AttributeError, TypeError):
            saved = json.loads(path.read_text(encoding='utf-8'))
            return cls(**{entry.name: int(saved.get(entry.name, 0)) for entry in fields(cls)})
        return cls()

    def save(self, path: Path) -> None:
        """Write them as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding='utf-8')

    def where_free(self) -> Ports:
        """Return them with 0 in place of the stand-ins' ports that are taken by now."""

        def kept(port: int) -> int:
            return port if port and free_port(port) == port else 0

        # The front looks for the next free one by itself.
        return Ports(
            front=self.front,
            threatconnect=kept(self.threatconnect),
            entra=kept(self.entra),
            sentinel=kept(self.sentinel),
            logs=kept(self.logs),
        )
