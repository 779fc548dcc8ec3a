"""What a caller does and hears, whatever the telephone; `press` is how this one sends keys."""

from collections.abc import Callable
from typing import Any

from prompts.catalogue import Prompt
from provisioning.contract import E164
from tests.interop.lines import TestLine
from tests.support.carrier import Carrier
from tests.support.ear import Ear

TARGET_KEYS, TARGET = "0312345678", E164("+81312345678")
DEFAULT_RING_TIME_S = 15


def set_forwarding_up(ear: Ear, press: Callable[[str], None]) -> None:
    """1429: menu, 3, the number, `#`, read back, `#`, 1, 4 (FWD-01)."""
    ear.hears(Prompt.FORWARDING_MENU)
    press("3")
    ear.hears(Prompt.FORWARDING_ENTER_TARGET)
    press(f"{TARGET_KEYS}#")
    ear.hears_number(Prompt.FORWARDING_CONFIRM_TARGET, TARGET)
    press("#")
    ear.hears(Prompt.FORWARDING_TARGET_SET, TARGET)
    press("1")
    ear.hears(Prompt.FORWARDING_STARTED, TARGET)
    press("4")
    ear.hears(Prompt.FORWARDING_ON, TARGET, DEFAULT_RING_TIME_S)


def forwarding(carrier: Carrier, line: TestLine) -> dict[str, Any]:
    """The conditions of a line that have a destination."""
    shape = carrier.get(f"/v1/lines/{line.number}/forwarding")
    del shape["ring_time_s"]
    return {name: each for name, each in shape.items() if each and each["target"]}


def assert_forwarding(carrier: Carrier, line: TestLine, *, active: bool) -> None:
    """The store has the destination keyed above."""
    assert forwarding(carrier, line) == {"no_answer": {"active": active, "target": TARGET}}


def shows_freephone(carrier: Carrier, line: TestLine) -> bool:
    """Whether calls of the line show its freephone number (SHOW-02)."""
    active: bool = carrier.get(f"/v1/lines/{line.number}/presentation")["active"]
    return active


def registrations(carrier: Carrier, line: TestLine) -> list[Any]:
    """The phones of a line that are registered now."""
    bindings: list[Any] = carrier.get(f"/v1/lines/{line.number}/registrations")
    return bindings
