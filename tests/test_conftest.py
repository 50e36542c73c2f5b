"""Nothing that only chance decides fails a test."""

from __future__ import annotations

import gc


class WithoutRoom:
    """Its finalizer fails as one does at the depth that Python allows."""

    def __del__(self) -> None:
        self.__del__()


def test_finalizer_without_room_fails_no_test() -> None:
    WithoutRoom()
    gc.collect()
