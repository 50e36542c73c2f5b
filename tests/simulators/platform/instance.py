"""One platform around one App: broker, key-value store, process and front, composed."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Self

from tests.simulators.platform.broker import Broker, EmbeddedBroker, Mosquitto
from tests.simulators.platform.front import API_PATH, Front, FrontOptions, MakeToken
from tests.simulators.platform.kvstore import EmbeddedRedis, KeyValueStore, RedisServer
from tests.simulators.platform.process import Children, Spawn, spawn
from tests.simulators.platform.service import HEARTBEAT_INTERVAL_S, AppProcess

SERVICES_VARIABLE = 'STAND_IN_SERVICES'
PROJECT = Path(__file__).resolve().parents[3]


class Services(StrEnum):
    """Which broker and which key-value store."""

    EMBEDDED = 'embedded'
    """Both from the Python package index, in threads of this process."""
    REAL = 'real'
    """Mosquitto and redis-server, as installed on the machine."""

    @classmethod
    def chosen(cls) -> Services:
        """Return what the environment asks for; embedded by default.

        Raises:
            ValueError: the variable holds something else than a member's value.
        """
        return cls(os.environ.get(SERVICES_VARIABLE) or cls.EMBEDDED)

    @classmethod
    def missing_programs(cls) -> list[str]:
        """Name the programs that `REAL` needs and this machine lacks."""
        programs = {'mosquitto': Mosquitto.program(), 'redis-server': RedisServer.program()}
        return [name for name, path in programs.items() if path is None]


class Platform:
    """Broker, key-value store, front and App; a context manager that leaves nothing behind.

    Entering starts everything but the App, which `app.start()` starts.
    """

    def __init__(
        self,
        state_folder: Path,
        *,
        tc_api_path: str,
        inputs: Mapping[str, str | None],
        app_folder: Path = PROJECT,
        ca_file: Path | None = None,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
        services: Services | str | None = None,
        front_port: int = 0,
        front_options: FrontOptions | None = None,
        api_path: str = API_PATH,
        make_token: MakeToken | None = None,
        heartbeat_interval_s: float = HEARTBEAT_INTERVAL_S,
        on_end: Callable[[int], None] | None = None,
        spawn: Spawn = spawn,
    ) -> None:
        """Describe the platform; see `AppProcess` and `Front` for what is handed on to them.

        Args:
            state_folder: holds the App's folders `in`, `out`, `log`, `tmp`; made if missing.
            services: which broker and store; by default what the environment asks for.
            make_token: see `Front`; by default the tokens are known to nobody.
            spawn: starts the processes.
        """
        self.services = Services(services) if services else Services.chosen()
        self._state_folder = state_folder
        self._front_port = front_port
        self._front_options = front_options
        self._api_path = api_path
        self._make_token = make_token or _made_up_token
        self._make_app = partial(
            AppProcess,
            state_folder=state_folder,
            app_folder=app_folder,
            tc_api_path=tc_api_path,
            inputs=inputs,
            ca_file=ca_file,
            environment=environment,
            python=python,
            heartbeat_interval_s=heartbeat_interval_s,
            on_end=on_end,
        )
        self._stack = ExitStack()
        self.children = Children(spawn)
        self.broker: Broker
        self.kvstore: KeyValueStore
        self.app: AppProcess
        self.front: Front

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._state_folder.mkdir(parents=True, exist_ok=True)
            stack.callback(self.children.close)
            self.broker, self.kvstore = self._make_services()
            stack.callback(self.broker.stop)
            self.broker.start()
            stack.callback(self.kvstore.stop)
            self.kvstore.start()
            self.app = self._make_app(
                self.children, broker_port=self.broker.port, kvstore_port=self.kvstore.port
            )
            stack.callback(self.app.close)
            self.front = Front(
                self.app,
                port=self._front_port,
                api_path=self._api_path,
                options=self._front_options,
                make_token=self._make_token,
            )
            stack.callback(self.front.stop)
            self.front.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def _make_services(self) -> tuple[Broker, KeyValueStore]:
        if self.services is Services.EMBEDDED:
            return EmbeddedBroker(), EmbeddedRedis()
        folder = self._state_folder / 'services'
        folder.mkdir(exist_ok=True)
        return Mosquitto(self.children, folder), RedisServer(self.children, folder)


def _made_up_token() -> tuple[str, int]:
    return f'SVC:{secrets.token_hex(16)}', int(time.time()) + 3_600
