"""One carrier for all softphone tests; the tests that break theirs bring their own."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from prompts.catalogue import Voice
from prompts.voice import VoiceBank
from tests.interop import lines
from tests.interop.room import Room
from tests.interop.secure_carrier import SecureCarrier
from tests.support.carrier import Carrier

SETTINGS = """
[ivr]
first_digit_s = 30  # whoever listens on a busy machine keys late
talkie_times = 1
busy_tone_s = 2

[sip]
calls_per_user = 1000
contacts_per_user = 20
"""
"""The table of `[sip]` comes last, so that a test may add to it."""


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lines.write_seed(tmp_path_factory.mktemp("seed") / "seed.yaml")


@pytest.fixture(scope="session")
def carrier(tmp_path_factory: pytest.TempPathFactory, seed: Path) -> Iterator[Carrier]:
    folder = tmp_path_factory.mktemp("carrier")
    with Carrier(folder, settings=SETTINGS, seed=seed, rtp_count=4000) as carrier:
        yield carrier


@pytest.fixture(scope="module")
def md5_carrier(tmp_path_factory: pytest.TempPathFactory, seed: Path) -> Iterator[Carrier]:
    """A carrier for clients that look at the first digest challenge alone, as SIPp 3.6 does."""
    folder = tmp_path_factory.mktemp("md5")
    settings = SETTINGS + 'digest = "md5"\n'
    with Carrier(folder, settings=settings, seed=seed, rtp_count=4000) as carrier:
        yield carrier


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory, seed: Path) -> Iterator[SecureCarrier]:
    """A carrier for phones over TLS and WebSocket."""
    with SecureCarrier(tmp_path_factory.mktemp("secure"), seed, SETTINGS) as carrier:
        yield carrier


@pytest.fixture
def room(carrier: Carrier, tmp_path: Path) -> Iterator[Room]:
    with ExitStack() as stack:
        yield Room(carrier, tmp_path, stack)


@pytest.fixture(scope="session")
def voice() -> Voice:
    return VoiceBank().of("ja")
