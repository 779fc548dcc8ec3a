"""One laboratory for all tests: the carrier and a phone in containers, a phone on this host."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.scenarios.phones.handset import Handset
from lab.scenarios.phones.handsets import HANDSETS
from lab.scenarios.phones.waiting import until
from tests.docker import engine

HOST_HERTZ = 1300
"""What the phone on the host speaks."""


@pytest.fixture(scope="session")
def laboratory() -> Iterator[None]:
    """The carrier and linphone in containers, empty but for the demo; linphone is registered."""
    engine.compose("up", "-d", "carrier", "linphone")
    try:
        engine.wait_ready()
        registrations = "/v1/lines/09000000002/registrations"
        until(lambda: engine.get(registrations), "linphone's registration", 60)
        yield
    finally:
        engine.compose("down", "--volumes", "--timeout", "2")


@pytest.fixture
def host_phone(laboratory: None, tmp_path: Path) -> Iterator[Handset]:
    """baresip on this host, registered through the published port as 0300000003."""
    phone = HANDSETS["baresip"](tmp_path, HOST_HERTZ)
    try:
        phone.register("0300000003", "demo0003", engine.SIP)
        yield phone
    finally:
        phone.close()
