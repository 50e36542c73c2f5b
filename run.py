"""Entry point for the platform: `python run.py` in the folder of the App."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, NoReturn

from app_lib import add_bundled_dependencies

if TYPE_CHECKING:
    from app import App

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Run:
    """Life cycle of the Service, in the three steps that the platform's tools call as well."""

    app: App

    def setup(self) -> None:
        """Make the dependencies importable."""
        add_bundled_dependencies()

    def launch(self) -> None:
        """Start the App and serve until the platform ends it."""
        # Imported here, as the dependencies are importable only now.
        from tcex import TcEx  # noqa: PLC0415

        from app import App, prepare_logging  # noqa: PLC0415

        prepare_logging()
        # The framework handles these itself, but fails to before it is complete.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        try:
            framework = TcEx()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        self.app = App(framework)
        try:
            self.app.setup()
            self.app.serve()
        finally:
            # Also on SIGTERM, on which the framework ends the main thread.
            self.app.settle()

    def teardown(self) -> NoReturn:
        """Exit with the code and the message for how the service ended."""
        self.app.leave()


def main() -> None:
    """Run the App as a process that always ends."""
    run = Run()
    try:
        run.setup()
        run.launch()
        run.teardown()
    except SystemExit as end:
        _end_now_if_held_up(end.code if isinstance(end.code, int) else 1)
        raise
    except BaseException:  # noqa: BLE001 - shown, and the process must end in any case
        traceback.print_exc()
        _end_now_if_held_up(1)
        sys.exit(1)


def _end_now_if_held_up(code: int) -> None:
    """End the process if a thread would block its end; stored data survive that at any point."""
    here = threading.current_thread()
    if any(thread is not here and not thread.daemon for thread in threading.enumerate()):
        logging.shutdown()
        os._exit(code)


if __name__ == '__main__':
    main()
