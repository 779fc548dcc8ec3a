"""Business time moves; calls and registrations, which live by real time, do not notice."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ivr.ua.outbound import Answered, Phone, PhoneSettings
from lab import seeds
from lab.bootstrap import Carrier
from lab.client import Carrier as Client
from lab.settings import HttpSettings, MediaSettings, Settings, StorageSettings
from lab.sip_settings import SipSettings
from tests.support.ports import LOOPBACK, free_range
from tests.support.wire import WirePhone

USER, PASSWORD = "09000000001", "demo0001"
PATIENCE_S = 30.0
HALF_A_SECOND = 25
"""Frames of 20 ms."""


@pytest.fixture
async def carrier(tmp_path: Path) -> AsyncIterator[Carrier]:
    low, high = free_range(40)
    settings = Settings(
        sip=SipSettings(port=0),
        http=HttpSettings(port=0),
        media=MediaSettings(rtp_ports=f"{low}-{high}"),
        storage=StorageSettings(folder=tmp_path / "data"),
    )
    carrier = Carrier(settings, seeds.demo())
    await carrier.start()
    yield carrier
    await carrier.stop()


async def advance(carrier: Carrier, seconds: int) -> Any:
    client = Client(carrier.standing.http)
    return await asyncio.to_thread(client.put, "/lab/clock", {"advance_s": seconds})


@pytest.mark.rule("LAB-02")
async def test_a_call_goes_on_while_business_time_advances(carrier: Carrier) -> None:
    server = (LOOPBACK, carrier.sip_port)
    phone = await Phone.open(PhoneSettings(server, USER, PASSWORD, rtp_ports=free_range(40)))
    call = phone.dial("000002")
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    call.listen(lambda _, frame: heard.put_nowait(frame))
    async with asyncio.timeout(PATIENCE_S):
        assert await call.outcome == Answered()
        await heard.get()
        moved = await advance(carrier, 72 * 3600)
        assert moved["offset_s"] == pytest.approx(72 * 3600, abs=60)
        ahead = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(moved["wall"])
        assert ahead.total_seconds() == pytest.approx(moved["offset_s"], abs=60)
        for _ in range(heard.qsize() + HALF_A_SECOND):
            await heard.get()
        assert not call.over.is_set()
        call.hang_up()
        await call.over.wait()
    await phone.close()
    assert phone.failures == []


@pytest.mark.rule("LAB-02")
async def test_a_registration_stays_while_business_time_passes_its_end(carrier: Carrier) -> None:
    def register() -> int | None:
        with WirePhone((LOOPBACK, carrier.sip_port), USER, PASSWORD) as phone:
            return phone.register(expires_s=300).status

    def registrations() -> Any:
        address = f"{carrier.standing.http}/v1/lines/{USER}/registrations"
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    assert await asyncio.to_thread(register) == 200
    before = await asyncio.to_thread(registrations)
    assert [registration["user"] for registration in before] == [USER]
    await advance(carrier, 72 * 3600)
    assert await asyncio.to_thread(registrations) == before
