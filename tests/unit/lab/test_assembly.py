"""Parts start in order and stop in reverse, whatever one of them does."""

import asyncio

import pytest

from lab.assembly import Assembly
from lab.errors import Refused
from tests.support.virtual_loop import run_virtually


class Recorded:
    """A part that writes down what happens to it."""

    def __init__(self, name: str, diary: list[str], fault: str = "") -> None:
        self.name = name
        self._diary, self._fault = diary, fault

    async def start(self) -> None:
        if self._fault == "start":
            raise Refused("no")
        self._diary.append(f"+{self.name}")

    async def stop(self, grace_s: float) -> None:
        self._diary.append(f"-{self.name}")
        if self._fault == "stop":
            raise OSError("broken")
        if self._fault == "hang":
            await asyncio.sleep(1000)


async def lived(*parts: Recorded) -> float:
    """Start and stop the parts; how long the stop took in seconds."""
    assembly = Assembly(stop_within_s=9.0)
    loop = asyncio.get_running_loop()
    try:
        for part in parts:
            await assembly.start(part)
    finally:
        before = loop.time()
        await assembly.stop()
    return loop.time() - before


def test_the_last_started_stops_first() -> None:
    diary: list[str] = []
    run_virtually(lived(*(Recorded(name, diary) for name in "abc")))
    assert diary == ["+a", "+b", "+c", "-c", "-b", "-a"]


def test_a_part_that_cannot_start_leaves_the_others_to_be_stopped() -> None:
    diary: list[str] = []
    with pytest.raises(Refused):
        run_virtually(lived(Recorded("a", diary), Recorded("b", diary, "start")))
    assert diary == ["+a", "-a"]


def test_a_part_that_fails_or_hangs_keeps_nobody() -> None:
    diary: list[str] = []
    parts = [Recorded("a", diary), Recorded("b", diary, "hang"), Recorded("c", diary, "stop")]
    took = run_virtually(lived(*parts))
    assert diary == ["+a", "+b", "+c", "-c", "-b", "-a"]
    assert took < 10
