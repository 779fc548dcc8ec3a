"""Wait for a condition of the real world: poll until a generous deadline, then say what it was."""

import time
from collections.abc import Callable
from typing import TypeVar

from lab.scenarios.phones.errors import TooLate

T = TypeVar("T")

_POLL_S = 0.02


def until(
    probe: Callable[[], T | None], what: str, timeout_s: float = 30.0, *, poll_s: float = _POLL_S
) -> T:
    """Return the first truthy answer of `probe`, asked every `poll_s` seconds.

    Raises:
        TooLate: none came within `timeout_s` seconds; the message names `what`.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise TooLate(f"{what}: not within {timeout_s:g} s")
        time.sleep(poll_s)
