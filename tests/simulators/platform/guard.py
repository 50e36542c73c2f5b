"""Kills what a parent left behind when it went away without cleaning up.

Run as a script by `process.Children`. The parent writes `+pid` and `-pid` lines to its standard
input; when that input ends, every process still noted is killed with its group. A parent that
is itself killed with SIGKILL can do nothing, but its end of the pipe is closed all the same.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    alive: set[int] = set()
    for line in sys.stdin:
        pid = int(line[1:])
        if line[0] == '+':
            alive.add(pid)
        else:
            alive.discard(pid)
    for pid in alive:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == '__main__':
    main()
