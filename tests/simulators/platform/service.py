"""The App's process: started with its inputs, watched by heartbeats, and stopped."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.simulators.platform.channel import Answer, Channel, Message
from tests.simulators.platform.folders import Folders, read
from tests.simulators.platform.parameters import (
    client_topic,
    new_key,
    platform_parameters,
    process_environment,
    server_topic,
    write_parameters,
)
from tests.simulators.platform.process import Child, Children, signal_name

PATIENCE_S = 60.0
"""Real seconds within which what was asked of the App has to happen, or the test has failed."""
HEARTBEAT_INTERVAL_S = 5.0
HEARTBEAT_TIMEOUT_S = 20
"""What the platform tells the App: after so many seconds without a heartbeat it ends itself."""
_FIRST_HEARTBEAT_REPEAT_S = 0.25
_LAST_ANSWERS_S = 10.0


class AppEndedError(Exception):
    """The App's process ended, or said nothing, where it should have become ready."""


class AppProcess:
    """One App, `python run.py` in its folder, as the platform runs it.

    `start`, then `request`, `heartbeat`, `logging_change`; end it with `shutdown`, `terminate`
    or `kill`, and `start` it again: the folders stay.
    """

    def __init__(
        self,
        children: Children,
        *,
        broker_port: int,
        kvstore_port: int,
        state_folder: Path,
        app_folder: Path,
        tc_api_path: str,
        inputs: Mapping[str, str | None],
        ca_file: Path | None = None,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
        heartbeat_interval_s: float = HEARTBEAT_INTERVAL_S,
        on_end: Callable[[int], None] | None = None,
    ) -> None:
        """Describe the App; nothing runs yet.

        Args:
            state_folder: where the folders `in`, `out`, `log` and `tmp` go.
            app_folder: holds `run.py` and `install.json`; the process's working directory.
            tc_api_path: base address of the ThreatConnect API, ending in `/api`.
            inputs: the App's own parameters; names of the platform's override those.
            ca_file: the one authority the App is told to trust, in place of the public ones.
            environment: variables added to the process's.
            on_end: called with the exit code when the process ends, asked to or not.
        """
        self.folders = Folders(state_folder)
        self.inputs = dict(inputs)
        self.environment = dict(environment or {})
        self.metrics: list[dict[str, Any]] = []
        """The metrics of every heartbeat answer so far, oldest first."""
        self.messages: deque[tuple[datetime, Message]] = deque(maxlen=1_000)
        """Everything the App published but answers to requests, with the time of arrival."""
        self.ready_message: Message | None = None
        self.started_s: float | None = None
        """Seconds from the start of the process to the answer to its first heartbeat."""
        self._children = children
        self._app_folder = app_folder
        self._tc_api_path = tc_api_path
        self._ca_file = ca_file
        self._python = python
        self._heartbeat_interval_s = heartbeat_interval_s
        self._on_end = on_end
        self._broker_port = broker_port
        self._kvstore_port = kvstore_port
        self._topic = f'stand-in-{uuid.uuid4().hex[:12]}'
        self._heard = threading.Condition()
        self._ready = False
        self._heartbeats = 0
        self._shutdown_acknowledged = False
        self._process: Child | None = None
        self._watcher: threading.Thread | None = None
        self._exit_code: int | None = None
        self._serving = threading.Event()
        self.channel = Channel(
            broker_port=broker_port,
            kvstore_port=kvstore_port,
            server_topic=server_topic(self._topic),
            client_topic=client_topic(self._topic),
            on_message=self._hear,
        )

    # -- state ------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """Number of the running process, or of the last one."""
        if self._process is None:
            raise RuntimeError('the App was not started')
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code of the last process, negative for a signal; `None` while it runs."""
        return self._exit_code

    @property
    def is_serving(self) -> bool:
        """Whether the App is ready for requests."""
        return self._serving.is_set()

    @property
    def message_tc(self) -> str:
        """The text the App left for the platform at its end; empty if there is none."""
        return read(self.folders.message)

    @property
    def log(self) -> str:
        """The log of TcEx and the App so far."""
        return read(self.folders.app_log)

    @property
    def console(self) -> str:
        """What the process wrote to its standard output and error, over all starts."""
        return read(self.folders.console)

    # -- start ------------------------------------------------------------------------------

    def start(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Start the App and return when it answers heartbeats, so that no request gets lost.

        Raises:
            AppEndedError: it ended first, or was not ready in time (it is killed then).
        """
        started_at = time.monotonic()
        self.launch()
        deadline = started_at + timeout_s
        try:
            self._wait_until_ready(deadline)
        except AppEndedError:
            self.kill()
            raise
        self.started_s = time.monotonic() - started_at
        self._serving.set()

    def launch(self) -> None:
        """Start the process without waiting for anything."""
        if self._process is not None and self._exit_code is None:
            raise RuntimeError('the App runs already')
        self.folders.make()
        self.folders.message.unlink(missing_ok=True)
        if not self.channel.is_connected:
            self.channel.connect()
        with self._heard:
            self._ready = self._shutdown_acknowledged = False
            self._heartbeats = 0
            self.ready_message = None
            self._exit_code = None
        parameter_file = self.folders.in_ / f'.params-{uuid.uuid4().hex}'
        key = new_key()
        write_parameters(parameter_file, self.parameters(), key)
        process = self._children.start(
            [self._python, 'run.py'],
            cwd=self._app_folder,
            environment=process_environment(
                parameter_file, key, ca_file=self._ca_file, added=self.environment
            ),
            log=self.folders.console,
        )
        self._process = process
        self._watcher = threading.Thread(
            target=self._watch, args=(process,), name='app-watcher', daemon=True
        )
        self._watcher.start()
        threading.Thread(
            target=self._beat, args=(process,), name='app-heartbeat', daemon=True
        ).start()

    def parameters(self) -> dict[str, str | None]:
        """Return all inputs of the App as the platform sends them: as text."""
        return {
            **platform_parameters(
                self.folders,
                tc_api_path=self._tc_api_path,
                topic=self._topic,
                broker_port=self._broker_port,
                kvstore_port=self._kvstore_port,
                heartbeat_timeout_s=HEARTBEAT_TIMEOUT_S,
            ),
            **self.inputs,
        }

    # -- while it runs ----------------------------------------------------------------------

    def request(
        self, message: Message, body: bytes = b'', *, timeout_s: float = PATIENCE_S
    ) -> Answer:
        """Pass one `RunService` message through the channel; see `Channel.request`."""
        return self.channel.request(message, body, timeout_s=timeout_s)

    def heartbeat(self, *, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """Send a heartbeat and return the metrics of the answer."""
        with self._heard:
            before = self._heartbeats
            self.channel.publish({'command': 'Heartbeat'})
            if not self._heard.wait_for(lambda: self._heartbeats > before, timeout_s):
                raise AppEndedError(f'no answer to a heartbeat within {timeout_s:g} s')
            return self.metrics[-1]

    def logging_change(self, level: str) -> None:
        """Tell the App to log at another level; there is no answer."""
        self.channel.publish({'command': 'LoggingChange', 'level': level})

    # -- end --------------------------------------------------------------------------------

    def shutdown(self, *, reason: str | None = None, timeout_s: float = PATIENCE_S) -> int:
        """Tell the App to stop and return its exit code.

        Raises:
            AppEndedError: it did not acknowledge, or did not end in time (it is killed then).
        """
        self._serving.clear()
        message = {'command': 'Shutdown'} | ({'reason': reason} if reason else {})
        deadline = time.monotonic() + timeout_s
        self.channel.publish(message)
        with self._heard:
            self._heard.wait_for(
                lambda: self._shutdown_acknowledged or self._exit_code is not None, timeout_s
            )
            acknowledged = self._shutdown_acknowledged
        try:
            code = self.wait(max(0.1, deadline - time.monotonic()))
        except TimeoutError:
            self.kill()
            raise AppEndedError(f'the App did not end within {timeout_s:g} s of Shutdown') from None
        if not acknowledged:
            raise AppEndedError(self.folders.story(f'the App ended ({code}) without acknowledging'))
        return code

    def terminate(self, *, timeout_s: float = PATIENCE_S) -> int:
        """End the process with SIGTERM and return its exit code."""
        return self._signal(lambda process: process.terminate(), timeout_s)

    def kill(self) -> int:
        """End the process with SIGKILL and return its exit code."""
        return self._signal(lambda process: process.kill(), PATIENCE_S)

    def wait(self, timeout_s: float) -> int:
        """Wait for the end of the process and return its exit code.

        Raises:
            TimeoutError: it still runs.
        """
        with self._heard:
            if not self._heard.wait_for(lambda: self._exit_code is not None, timeout_s):
                raise TimeoutError(f'the App still runs after {timeout_s:g} s')
            return self._exit_code if self._exit_code is not None else 0

    def restart(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Shut the App down if it runs, then start it with the same folders and inputs."""
        if self._process is not None and self._exit_code is None:
            self.shutdown()
        self.start(timeout_s=timeout_s)

    def close(self) -> None:
        """End the process if it runs, by whatever means, and leave the broker."""
        if self._process is not None and self._exit_code is None:
            try:
                # Before it is ready nothing can be said to it.
                if self.is_serving:
                    self.shutdown()
                else:
                    self.terminate()
            except (AppEndedError, TimeoutError):
                self.kill()
        self.channel.close()

    # -- inside -----------------------------------------------------------------------------

    def _wait_until_ready(self, deadline: float) -> None:
        with self._heard:
            while not (self._ready and self._heartbeats):
                if self._exit_code is not None:
                    code = signal_name(self._exit_code)
                    raise AppEndedError(self.folders.story(f'the App ended at its start ({code})'))
                if time.monotonic() > deadline:
                    raise AppEndedError(self.folders.story('the App did not become ready in time'))
                if self._ready:
                    # Ready may come before the App's own subscription is in force, and what is
                    # published before that is lost: so ask until it answers.
                    self.channel.publish({'command': 'Heartbeat'})
                self._heard.wait(_FIRST_HEARTBEAT_REPEAT_S)

    def _hear(self, message: Message) -> None:
        with self._heard:
            self.messages.append((datetime.now(UTC), message))
            match message:
                case {'command': 'Ready'}:
                    self._ready = True
                    self.ready_message = message
                case {'command': 'Heartbeat'}:
                    self._heartbeats += 1
                    self.metrics.append(message.get('metric') or {})
                case {'command': 'Acknowledged', 'type': 'Shutdown'}:
                    self._shutdown_acknowledged = True
            self._heard.notify_all()

    def _watch(self, process: Child) -> None:
        code = process.wait()
        self._serving.clear()
        self._children.forget(process)
        with self._heard:
            self._exit_code = code
            self._heard.notify_all()
        reason = f'the App ended ({signal_name(code)})'
        self.channel.fail_pending(reason, grace_s=_LAST_ANSWERS_S)
        if self._on_end is not None:
            self._on_end(code)

    def _beat(self, process: Child) -> None:
        while True:
            with self._heard:
                if self._heard.wait_for(
                    lambda: process is not self._process or self._exit_code is not None,
                    self._heartbeat_interval_s,
                ):
                    return
            self.channel.publish({'command': 'Heartbeat'})

    def _signal(self, send: Callable[[Child], None], timeout_s: float) -> int:
        if self._process is None:
            raise RuntimeError('the App was not started')
        self._serving.clear()
        send(self._process)
        return self.wait(timeout_s)
