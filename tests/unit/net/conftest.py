"""An engine and telephones that are gone after the test."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from ivr.media import pacer
from ivr.net.media_engine import MediaEngine, RtpPorts
from tests.support.ports import free_range
from tests.unit.net.media_phone import Phone


@pytest.fixture
async def engine(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MediaEngine]:
    """An engine that makes up for any stall: a busy machine leaves no frame of a test out."""
    monkeypatch.setattr(pacer, "CATCH_UP_TICKS", 2000)
    made = MediaEngine(RtpPorts("127.0.0.1", *free_range(16)))
    yield made
    made.close()


@pytest.fixture
def phones() -> Iterator[Callable[..., Phone]]:
    made: list[Phone] = []

    def make(**how: Any) -> Phone:
        made.append(Phone(**how))
        return made[-1]

    yield make
    for phone in made:
        phone.close()
